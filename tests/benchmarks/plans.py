"""How long a plan of a change to many phones' configuration takes.

    acs bench plan --phones 10000

A redis-server of its own on a UNIX socket holds phones with all the parameters of a simulated CP860, a fleet
layer and for each tenth a layer of its own. The plan is that of `POST /api/v1/config/plan`: every phone's
layers, parameters and known keys are read and compared, in one process that waits for Redis.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sessions import machine

from acs.datamodel import key_loading
from acs.datamodel.tree import Parameter, ParameterTree
from acs.fleet.device import Device, Learning
from acs.fleet.identity import device_key
from acs.fleet.layers import EMPTY, Layer, written
from acs.fleet.profile import ModelProfile
from acs.operations import configuration_plan
from acs.operations.configuration_plan_views import PlanRequest, PlanView
from acs.operations.planned_changes import Server
from acs.simulator import factory, model
from acs.store import codec, devices, indexes, keyspace, layers, profiles, trees
from acs.store.calls import Call, Steps, nothing
from acs.store.embedded import EmbeddedRedis
from acs.store.runner_blocking import BlockingRunner
from acs.store.shapes import Shapes

NOW = 1_760_000_000.0
VERSION = "37.72.0.5"

#: Phones written in one round trip.
BATCH = 200

#: What is changed: by parameter, by file, and a key that a phone's own layer overrides.
CHANGE = {
    "local_time.ntp_server1": "pool.example.net",
    "voice.jib.max": "250",
    "account.1.label": "Desk {{ serial }}",
}

#: What the fleet has already.
PRESENT = {
    "local_time.ntp_server2": "time.example.net",
    "account.1.sip_server.1.address": "sip.example.net",
    "account.1.sip_server.1.port": "5060",
    "voice.jib.min": "60",
}


class Waiting:
    """A blocking runner for those who await."""

    def __init__(self, runner: BlockingRunner) -> None:
        self._runner = runner

    async def run(self, call: Call[Any]) -> Any:
        return self._runner.run(call)

    async def run_all(self, calls: Sequence[Call[Any]]) -> list[Any]:
        return self._runner.run_all(calls)

    async def drive(self, steps: Steps[Any]) -> Any:
        return self._runner.drive(steps)


def common_tree() -> dict[str, Parameter]:
    """All parameters of a simulated CP860 that nobody has touched."""
    factory_made = factory.factory_of("cp860")
    return {
        name: Parameter(
            "" if leaf.default.startswith(("$", "@")) else leaf.default, leaf.xsd_type, leaf.writable, NOW
        )
        for name, leaf in factory_made.image.items()
        if isinstance(leaf, model.Leaf)
    }


def phone(number: int) -> Device:
    serial = f"001565{number:06x}".upper()
    return Device(
        id=f"001565-CP860-{serial}",
        oui="001565",
        product_class="CP860",
        serial_number=serial,
        root="Device.",
        software_version=VERSION,
        hardware_version="37.0.0.0",
        ip=f"10.0.{number // 200 % 250}.{number % 200 + 1}",
        last_inform=NOW,
        inform_interval=3600,
        learning=Learning.COMPLETE,
        learnt_at=NOW,
    )


def fill(runner: BlockingRunner, count: int) -> None:
    shapes, common = Shapes(), common_tree()
    profile = ModelProfile(phone(0).model_key, 1, root="Device.", methods=("Download", "Upload"))
    runner.run(profiles.save(profile, over=0))
    made = written(EMPTY, PRESENT, touched=PRESENT, now=False, at=NOW, by="bench", reason="")
    assert made is not None, "the layer was empty"
    runner.run(layers.write(layers.of_fleet(), *made))
    batch: list[Call[Any]] = []
    for number in range(count):
        device = phone(number)
        prefix = keyspace.device_prefix(device_key(device.id))
        own = {"Device.DeviceInfo.SerialNumber": Parameter(device.serial_number, "xsd:string", False, NOW)}
        tree = ParameterTree({**common, **own})
        blob = runner.drive(trees.pack(tree, device.model_key, shapes, complete=True))
        batch += [
            devices.register(device.id),
            Call(("SET", prefix + keyspace.DEVICE, codec.encode(device)), nothing),
            Call(("SET", prefix + keyspace.TREE, blob), nothing),
            indexes.put(device),
        ]
        if number % 10 == 0:
            values = {"account.1.auth_name": str(number), "local_time.ntp_server1": "own.example.net"}
            layer = Layer(1, NOW, "bench", "", values)
            batch.append(Call(("SET", prefix + keyspace.LAYER, layers.encode(layer)), nothing))
        if len(batch) >= 4 * BATCH:
            runner.run_all(batch)
            batch.clear()
    runner.run_all(batch)


def plan(runner: BlockingRunner) -> PlanView:
    server = Server(Shapes(), key_loading.shipped(), None)
    asked = PlanRequest(values=CHANGE, fleet=True)
    waiting: Any = Waiting(runner)
    return asyncio.run(configuration_plan.make(waiting, server, asked, now=NOW))


def main() -> None:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="acs-bench-") as directory:
        redis = EmbeddedRedis(Path(directory))
        runner = BlockingRunner(redis.start())
        try:
            fill(runner, options.phones)
            if options.profile:
                with cProfile.Profile() as profile:
                    plan(runner)
                pstats.Stats(profile).sort_stats(options.profile).print_stats(45)
            taken, used = [], []
            for _ in range(options.times):
                start, cpu = time.perf_counter(), time.process_time()
                made = plan(runner)
                taken.append(time.perf_counter() - start)
                used.append(time.process_time() - cpu)
        finally:
            runner.close()
            redis.stop()
    seconds = statistics.median(taken)
    result = {
        "machine": machine(),
        "phones": options.phones,
        "seconds": seconds,
        "cpu_ms_per_phone": 1000 * statistics.median(used) / options.phones,
        "phones_per_second": options.phones / seconds,
        "keys": {key: made.keys[key].sent for key in CHANGE},
    }
    if options.json:
        print(json.dumps(result, indent=2))
        return
    here = result["machine"]
    print(f"{here['cpu']}, {here['cores']} cores, Python {here['python']}, Redis {here['redis']}")
    cpu = f"{result['cpu_ms_per_phone']:.2f} ms of CPU a phone"
    print(f"a plan for {options.phones} phones: {seconds:.1f} s, {cpu}")
    print(f"would be sent: {', '.join(f'{key} to {sent}' for key, sent in result['keys'].items())}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--phones", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=3, help="how often it is measured (default 3)")
    parser.add_argument("--profile", metavar="ORDER", help="where the time goes, such as tottime")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
