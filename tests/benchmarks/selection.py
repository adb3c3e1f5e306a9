"""How long it takes to select phones in a large fleet, by model, firmware and tag and in other ways.

    acs bench select --phones 100000

A redis-server of its own on a UNIX socket holds the fleet, whose records and index are written by the store's
own calls. Each selector is prepared and answered anew `--times` times, each time with what was parsed of the
text; the figure is from the text to the list of ids, in one process that waits for Redis.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions import machine

from acs.fleet.device import Device, OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.selector.parsing import parse
from acs.store import codec, devices, indexes, keyspace, selection
from acs.store.calls import Call, nothing
from acs.store.embedded import EmbeddedRedis
from acs.store.runner_blocking import BlockingRunner
from acs.store.shapes import Shapes

#: The aim of the project for the first selector, in milliseconds.
AIM_MS = 100

#: Phones written in one round trip.
BATCH = 1000

NOW = 1_700_000_000.0

#: Models with their first number of firmware, and how many of a hundred phones each is.
MODELS = (("CP860", 37, 40), ("CP960", 73, 20), ("T46S", 66, 20), ("T48S", 66, 15), ("W60B", 77, 5))
VERSIONS = ("72.0.5", "72.0.12", "80.0.1", "81.0.10", "83.0.35")

SELECTORS = (
    ("model, firmware and tag", "model = CP860 and firmware < 37.80.0.1 and tag = wave1"),
    ("the same, and address", "model = CP860 and firmware < 37.80.0.1 and tag = wave1 and ip in 10.0.0.0/9"),
    ("the same, and online", "model = CP860 and firmware < 37.80.0.1 and tag = wave1 and online"),
    ("a tag that every fifth has", "model = CP860 and firmware = 37.83.0.35 and tag = fifth"),
    ("site", "ip in 10.1.7.0/24"),
    ("tag or model", "tag = wave1 or model = W60B"),
    ("model", "model = CP860"),
    ("not tag", "not tag = wave1"),
)


def fleet(count: int, chance: random.Random, *, now: float = NOW) -> Iterator[tuple[Device, OperatorNotes]]:
    """So many phones. One in 100 has the model, firmware and tag of the first selector."""
    models = [entry for entry in MODELS for _ in range(entry[2])]
    meant = set(chance.sample(range(count), max(1, count // 100)))
    for number in range(count):
        model, major, _ = models[chance.randrange(100)]
        version = chance.choice(VERSIONS)
        tags = ["wave1"] if chance.random() < 0.02 else []
        if number in meant:
            model, major, version, tags = "CP860", 37, VERSIONS[number % 2], ["wave1"]
        elif tags and model == "CP860" and version in VERSIONS[:2]:
            version = VERSIONS[2]
        serial = f"001565{number:06x}".upper()
        device = Device(
            id=f"001565-{model}-{serial}",
            manufacturer="Yealink",
            oui="001565",
            product_class=model,
            serial_number=serial,
            software_version=f"{major}.{version}",
            hardware_version=f"{major}.0.0.0",
            ip=f"10.{number // 50000 % 250}.{number // 200 % 250}.{number % 200 + 1}",
            first_seen=now - 1e6,
            last_inform=now - chance.randrange(5000),
            events=("2 PERIODIC",),
            inform_interval=3600,
        )
        yield (
            device,
            OperatorNotes(
                tags=(*tags, f"building{number % 97}", *(["fifth"] if number % 5 == 0 else [])),
                label=f"Room {number}" if number % 3 else "",
                attributes={"extension": str(200_000 + number)},
            ),
        )


def fill(runner: BlockingRunner, count: int, *, now: float = NOW) -> None:
    batch: list[Call[Any]] = []
    for device, notes in fleet(count, random.Random(1), now=now):
        prefix = keyspace.device_prefix(device_key(device.id))
        batch += [
            devices.register(device.id),
            Call(("SET", prefix + keyspace.DEVICE, codec.encode(device)), nothing),
            Call(("SET", prefix + keyspace.NOTES, codec.encode(notes)), nothing),
            indexes.put(device),
            indexes.put_notes(device.id, notes),
        ]
        if len(batch) >= 5 * BATCH:
            runner.run_all(batch)
            batch.clear()
    runner.run_all(batch)


def ask(runner: BlockingRunner, text: str) -> list[str]:
    chosen = runner.drive(selection.prepare(parse(text), Shapes(), now=NOW))
    return runner.drive(chosen.every())


def first_page(runner: BlockingRunner, text: str) -> None:
    chosen = runner.drive(selection.prepare(parse(text), Shapes(), now=NOW))
    runner.drive(chosen.page(limit=50))


def timed(act: Any, times: int) -> list[float]:
    """Milliseconds of each time, in ascending order."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        taken.append((time.perf_counter() - start) * 1000)
    return sorted(taken)


def measure(runner: BlockingRunner, options: argparse.Namespace) -> dict[str, Any]:
    before = used_memory(runner)
    fill(runner, options.phones)
    sets = runner.run(Call(("KEYS", keyspace.INDEX_SETS + b"*"), list))
    keys = (*sets, keyspace.INDEXED_DEVICES, keyspace.INDEXED_NOTES, keyspace.INDEX_TEXTS)
    index = sum(runner.run_all([Call(("MEMORY", "USAGE", key, "SAMPLES", "0"), int) for key in keys]))
    figures = []
    for name, text in SELECTORS:
        found = ask(runner, text)  # once, so that nothing is measured for the first time
        taken = timed(lambda text=text: ask(runner, text), options.times)
        page = timed(lambda text=text: first_page(runner, text), options.times)
        figures.append(
            {
                "name": name,
                "selector": text,
                "phones": len(found),
                "median_ms": statistics.median(taken),
                "worst_ms": taken[-1],
                "first_page_ms": statistics.median(page),
            }
        )
    return {
        "phones": options.phones,
        "index_bytes_per_phone": index / options.phones,
        "bytes_per_phone": (used_memory(runner) - before) / options.phones,
        "selectors": figures,
    }


def used_memory(runner: BlockingRunner) -> int:
    told = runner.run(Call(("INFO", "memory"), bytes)).decode()
    return int(next(line[12:] for line in told.splitlines() if line.startswith("used_memory:")))


def main() -> None:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="acs-bench-") as directory:
        redis = EmbeddedRedis(Path(directory))
        runner = BlockingRunner(redis.start())
        try:
            result = {"machine": machine(), "times": options.times, **measure(runner, options)}
        finally:
            runner.close()
            redis.stop()
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        report(result)
    if options.check and result["selectors"][0]["median_ms"] > AIM_MS:
        sys.exit(f"more than {AIM_MS} ms")


def report(result: dict[str, Any]) -> None:
    here = result["machine"]
    print(f"{here['cpu']}, {here['cores']} cores, Python {here['python']}, Redis {here['redis']}")
    print(f"{result['phones']} phones, a private Redis, one process; from the text to all ids;")
    print(f"median and worst of {result['times']} times, and the median of a first page of 50\n")
    width = max(len(one["name"]) for one in result["selectors"])
    print(f"{'':{width}}  {'phones':>7}  {'median':>8}  {'worst':>8}  {'page':>8}")
    for one in result["selectors"]:
        figures = (one[name] for name in ("median_ms", "worst_ms", "first_page_ms"))
        shown = "  ".join(f"{figure:>5.1f} ms" for figure in figures)
        print(f"{one['name']:{width}}  {one['phones']:>7}  {shown}   {one['selector']}")
    print(f"\nthe index takes {result['index_bytes_per_phone']:.0f} bytes a phone; the aim of the first line")
    print(f"is less than {AIM_MS} ms")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--phones", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=20, help="how often each is measured (default 20)")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--check", action="store_true", help="fail where the aim is missed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
