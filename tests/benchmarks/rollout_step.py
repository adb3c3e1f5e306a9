"""What one step of a rollout costs, in a small fleet and in a large one: it is bound by its batch.

    acs bench rollout-step --phones 100000

A redis-server of its own holds the fleet. For each size a rollout of reboots is stepped on as its job does:
phones are found page by page, turns are given, and phones whose task was done are looked at, first from the
beginning of the list and then from its middle. The figures are CPU of this process and of Redis together.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selection import MODELS, NOW, fill
from sessions import machine

from acs.fleet import outcome
from acs.fleet.rollout import rollout as rules
from acs.fleet.rollout.definition import Definition, Gate, Kind, Pace
from acs.fleet.rollout.rollout import Rollout
from acs.fleet.task import Task
from acs.store import rollouts, tasks
from acs.store.calls import Call
from acs.store.embedded import EmbeddedRedis
from acs.store.runner_blocking import BlockingRunner
from workers import rollouts as jobs
from workers import surroundings
from workers.rollout_desk import Desk
from workers.rollout_looks import look
from workers.rollout_members import PAGE, gather
from workers.rollout_turns import give

#: Phones that have their turn at once, and are looked at in one step: what a step may do at the most.
BATCH = jobs.BATCH

#: A step among all phones may take so many times what it takes among the fewest.
AIM = 2.0


class Course:
    """One rollout, stepped on by hand."""

    def __init__(self, runner: BlockingRunner) -> None:
        self.runner = runner
        self.now = NOW
        self.desk = Desk(runner, now=lambda: self.now)
        self.identifier = ""

    def begin(self, phones: int) -> list[float]:
        """Find the phones; milliseconds of each page."""
        self.identifier = f"bench{phones}"
        definition = Definition(
            name="bench",
            kind=Kind.REBOOT,
            select=f"model in ({', '.join(model for model, _, _ in MODELS)})",
            gate=Gate(0, 0),
            stop=None,
            pace=Pace(at_once=BATCH),
        )
        rollout = Rollout(id=self.identifier, definition=definition, created_at=self.now)
        self.runner.run(rollouts.create(rules.started(rollout, by="", now=self.now)))
        pages = []
        while not self.stored().rollout.gathered:
            pages.append(self.timed(lambda: gather(self.desk, self.stored())))
        return pages

    def stored(self) -> rollouts.Stored:
        found = self.runner.run(rollouts.get(self.identifier))
        assert found is not None, "it was created"
        return found

    def go_to(self, place: int) -> None:
        stored = self.stored()
        self.runner.run(rollouts.put(stored, stored.rollout.replace(place=place)))

    def batch(self) -> tuple[float, float, float]:
        """Give turns, have them done, look at the phones; milliseconds of giving, of looking, of counting."""
        giving = self.timed(lambda: give(self.desk, self.stored()))
        active = self.runner.run(rollouts.active(self.identifier, limit=BATCH))
        for one in self.desk.known(self.identifier, active):
            self.runner.drive(tasks.update(one.member.task, self._done, stamp=tasks.fresh_stamp()))
        self.now += 1.0
        due = self.runner.run(rollouts.to_look_at(self.identifier, now=time.time() + 60, limit=BATCH))
        looking = self.timed(lambda: look(self.desk, self.stored().rollout, due))
        counting = self.timed(lambda: self.runner.run(rollouts.counts(self.identifier)))
        left = self.runner.run(rollouts.count_active(self.identifier))
        assert (len(active), left) == (BATCH, 0), "as many had their turn as may, and all were looked at"
        return giving, looking, counting

    def _done(self, task: Task) -> Task:
        return outcome.done(outcome.claimed(task, self.now, "s"), self.now, {})

    def timed(self, act: Callable[[], Any]) -> float:
        """Milliseconds of CPU that this takes here and in Redis: what others do meanwhile does not count."""
        start = self._cpu()
        act()
        return (self._cpu() - start) * 1000

    def _cpu(self) -> float:
        told = self.runner.run(Call(("INFO", "cpu"), bytes)).decode()
        wanted = ("used_cpu_user:", "used_cpu_sys:")
        lines = [line for line in told.splitlines() if line.startswith(wanted)]
        return time.process_time() + sum(float(line.partition(":")[2]) for line in lines)


def measure(runner: BlockingRunner, phones: int, times: int) -> dict[str, Any]:
    fill(runner, phones)
    course = Course(runner)
    pages = course.begin(phones)
    found: dict[str, Any] = {"phones": phones, "page_ms": statistics.median(pages[:-1] or pages)}
    for name, place in (("first", 0), ("middle", phones // 2)):
        course.go_to(place)
        batches = [course.batch() for _ in range(times)]
        for what, taken in zip(("give", "look", "count"), zip(*batches, strict=True), strict=True):
            found[f"{name}_{what}_ms"] = statistics.median(taken)
    return found


def main() -> None:
    options = read_options()
    figures = []
    for phones in options.sizes:
        with tempfile.TemporaryDirectory(prefix="acs-bench-") as directory:
            redis = EmbeddedRedis(Path(directory))
            url = redis.start()
            surroundings.settle(surroundings.Surroundings(url, Path(directory)))
            runner = BlockingRunner(url)
            try:
                figures.append(measure(runner, phones, options.times))
            finally:
                runner.close()
                redis.stop()
    small, large = figures[0], figures[-1]
    ratio = max(large[name] / small[name] for name in small if name.endswith(("give_ms", "look_ms")))
    result = {"machine": machine(), "batch": BATCH, "page": PAGE, "figures": figures, "ratio": ratio}
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        report(result)
    if options.check and ratio > AIM:
        sys.exit(f"more than {AIM} times")


def report(result: dict[str, Any]) -> None:
    here = result["machine"]
    print(f"{here['cpu']}, {here['cores']} cores, Python {here['python']}, Redis {here['redis']}")
    batch = result["batch"]
    print(f"medians in ms of CPU, here and in Redis: a page of {result['page']} phones found, turns given to")
    print(f"{batch} phones, {batch} phones looked at, all counted; at the list's beginning, in its middle\n")
    columns = (
        "page",
        "first_give",
        "first_look",
        "first_count",
        "middle_give",
        "middle_look",
        "middle_count",
    )
    print(f"{'phones':>8}" + "".join(f"{name.replace('_', ' '):>14}" for name in columns))
    for one in result["figures"]:
        print(f"{one['phones']:>8}" + "".join(f"{one[name + '_ms']:>14.2f}" for name in columns))
    print(
        f"\namong all phones a step takes at most {result['ratio']:.2f} times what it takes among the fewest"
    )


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="acs bench rollout-step", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--phones", type=int, default=100_000)
    parser.add_argument("--fewest", type=int, default=1000, help="the fleet to compare with (default 1000)")
    parser.add_argument("--times", type=int, default=4, help="batches measured at each place (default 4)")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--check", action="store_true", help="fail where the aim is missed")
    options = parser.parse_args()
    options.sizes = (options.fewest, options.phones)
    if not 0 < 2 * options.times * BATCH <= options.fewest <= options.phones:
        parser.error(f"--fewest: at least {2 * options.times * BATCH} phones for that many times")
    return options


if __name__ == "__main__":
    main()
