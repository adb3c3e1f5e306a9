"""How long pages of the console take with a large fleet in the store, over HTTP, one after the other.

    acs bench console --phones 100000

A redis-server of its own on a UNIX socket holds the fleet, as `acs bench select` makes it; an `acs up` with
one process serves it. Each page is asked for `--times` times by a signed-in administrator, on one connection;
the figure is from the request to the last byte of the answer.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from private_server import private_server
from selection import fill
from sessions import machine

from acs.store.embedded import EmbeddedRedis
from acs.store.runner_blocking import BlockingRunner

#: The aim of the project for the list of phones, in milliseconds.
AIM_MS = 200

PASSWORD = "a long night shift"

#: Name, path and query. What stands in a search is made by `acs bench select`: see `fleet` there.
PAGES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("phone list", "/phones", {}),
    ("its next page", "/phones", {"cursor": "MDAxNTY1LUNQODYwLTAwMTU2NTAwMDEwMA"}),
    ("search: part of a MAC", "/phones", {"q": "0181ab", "part": "phones-list"}),
    ("search: serial number", "/phones", {"q": "00156500c350", "part": "phones-list"}),
    ("search: IP address", "/phones", {"q": "10.1.7.77", "part": "phones-list"}),
    ("search: tag", "/phones", {"q": "building42", "part": "phones-list"}),
    ("search: extension", "/phones", {"q": "277123", "part": "phones-list"}),
    ("search: label", "/phones", {"q": "Room 77123", "part": "phones-list"}),
    ("search: one letter", "/phones", {"q": "a", "part": "phones-list"}),
    ("search: nothing found", "/phones", {"q": "no such phone", "part": "phones-list"}),
    ("box on top", "/phones", {"q": "277123", "part": "found"}),
    (
        "filter: model, firmware, tag",
        "/phones",
        {"q": "model = CP860 and firmware < 37.80.0.1 and tag = wave1"},
    ),
    ("filter: offline", "/phones", {"q": "offline"}),
    ("filter: site", "/phones", {"q": "ip in 10.1.7.0/24"}),
    ("fleet page", "/", {}),
    ("fleet page, its numbers", "/", {"part": "fleet-numbers"}),
)


def sign_in(client: httpx.Client, data_dir: Path) -> None:
    acs = Path(sys.executable).with_name("acs")
    words = ["user", "create", "ada", "--role", "admin", "--password-stdin", "--data-dir", str(data_dir)]
    subprocess.run([acs, *words], input=PASSWORD, text=True, check=True, capture_output=True)
    answer = client.post("/login", data={"name": "ada", "password": PASSWORD})
    if answer.status_code != 303:
        sys.exit(f"signing in failed: {answer.status_code} {answer.text}")


def rows(text: str) -> int:
    return len(re.findall(r"<tr data-row|<a href=\"/phones/[^\"]+\"><b>[^<]+</b><span", text))


def measure(client: httpx.Client, times: int) -> list[dict[str, Any]]:
    figures = []
    for name, path, query in PAGES:
        client.get(path, params=query)  # once, so that nothing is measured for the first time
        taken = []
        for _ in range(times):
            start = time.perf_counter()
            answer = client.get(path, params=query)
            taken.append((time.perf_counter() - start) * 1000)
            answer.raise_for_status()
        taken.sort()
        figures.append(
            {
                "name": name,
                "query": query,
                "rows": rows(answer.text),
                "median_ms": statistics.median(taken),
                "p95_ms": taken[min(len(taken) - 1, int(len(taken) * 0.95))],
            }
        )
    return figures


def main() -> None:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="acs-bench-") as directory:
        redis = EmbeddedRedis(Path(directory))
        url = redis.start()
        runner = BlockingRunner(url)
        try:
            fill(runner, options.phones, now=time.time())
            with private_server("--redis-url", url) as server:
                base = server.run["web_url"]
                with httpx.Client(base_url=base, timeout=60) as client:
                    sign_in(client, server.data_dir)
                    figures = measure(client, options.times)
        finally:
            runner.close()
            redis.stop()
    result = {
        "machine": machine(),
        "phones": options.phones,
        "times": options.times,
        "pages": figures,
    }
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        report(result)
    slow = [one["name"] for one in figures if one["median_ms"] > AIM_MS]
    if options.check and slow:
        sys.exit(f"more than {AIM_MS} ms: {', '.join(slow)}")


def report(result: dict[str, Any]) -> None:
    here = result["machine"]
    print(f"{here['cpu']}, {here['cores']} cores, Python {here['python']}, Redis {here['redis']}")
    print(f"{result['phones']} phones, a private Redis, one server process, one browser;")
    print(f"median and 95 % of {result['times']} times\n")
    width = max(len(one["name"]) for one in result["pages"])
    print(f"{'':{width}}  {'rows':>5}  {'median':>9}  {'95 %':>9}")
    for one in result["pages"]:
        figures = f"{one['median_ms']:>6.0f} ms  {one['p95_ms']:>6.0f} ms"
        print(f"{one['name']:{width}}  {one['rows']:>5}  {figures}  {one['query'].get('q', '')}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--phones", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=20, help="how often each is measured (default 20)")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--check", action="store_true", help=f"fail where one takes more than {AIM_MS} ms")
    return parser.parse_args()


if __name__ == "__main__":
    main()
