"""Sessions per second, CPU per session in all server processes, and memory per phone; the machine named.

    make bench ARGS="--seconds 5 --phones 100"

A smallest session is an Inform (2 PERIODIC), an empty POST and a 204 on a new connection; with digest the
Inform is first refused with 401, as phones do it. The load generator is a process of its own and not counted.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from private_server import PrivateServer, private_server
from process_cpu import cpu_seconds, difference

HERE = Path(__file__).parent

#: The aim of the project: CPU of all server processes for one smallest session, in milliseconds.
AIM_MS = 0.7


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cores = sum(line.startswith("processor") for line in Path("/proc/cpuinfo").read_text().splitlines())
    redis = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=False).stdout
    version = next((word[2:] for word in redis.split() if word.startswith("v=")), "unknown")
    return {
        "cpu": model,
        "cores": str(cores),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "redis": version,
    }


def measure(parameters: int, auth: str, options: argparse.Namespace) -> dict[str, Any]:
    """One server, one load generator: smallest sessions of phones that know so many parameters."""
    with private_server("--cpe-auth", auth, "--processes", str(options.processes)) as server:
        load = _start_load(server, parameters, auth, options)
        try:
            _say(load, "1")  # warms up: connections, caches, the interpreter's adaptive code
            before = cpu_seconds(server.pid, server.other_pids)
            result = _say(load, str(options.seconds))
            used = difference(before, cpu_seconds(server.pid, server.other_pids))
        finally:
            load.kill()
            load.wait()
    sessions = int(result["sessions"])
    by_process = {name: seconds / sessions * 1000 for name, seconds in sorted(used.items())}
    return {
        "parameters": parameters,
        "auth": auth,
        "sessions": sessions,
        "sessions_per_second": sessions / result["seconds"],
        "cpu_ms": sum(by_process.values()),
        "cpu_ms_by_process": by_process,
        "median_ms": result["median_ms"],
        "p99_ms": result["p99_ms"],
    }


def _start_load(
    server: PrivateServer, parameters: int, auth: str, options: argparse.Namespace
) -> subprocess.Popen[str]:
    words = [sys.executable, str(HERE / "load_generator.py"), "--url", server.run["cwmp_url"]]
    words += [
        "--phones",
        str(options.phones),
        "--parameters",
        str(parameters),
        "--at-once",
        str(options.at_once),
    ]
    if auth != "none":
        words += ["--username", server.credential["username"], "--password", server.credential["password"]]
    load = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert load.stdout is not None
    if load.stdout.readline().strip() != "ready":
        log = (server.data_dir / "stderr").read_text()[-2000:]
        sys.exit(f"the phones could not be introduced (exit {load.wait()}); the server's last words:\n{log}")
    return load


def _say(load: subprocess.Popen[str], seconds: str) -> dict[str, float]:
    assert load.stdin is not None
    assert load.stdout is not None
    load.stdin.write(seconds + "\n")
    load.stdin.flush()
    line = load.stdout.readline()
    if not line:
        sys.exit(f"the load generator died (exit {load.wait()})")
    answer: dict[str, float] = json.loads(line)
    return answer


def memory(options: argparse.Namespace) -> str:
    """What memory_per_phone.py prints."""
    words = [sys.executable, str(HERE / "memory_per_phone.py"), *options.memory_args.split()]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return (done.stdout if done.returncode == 0 else done.stdout + done.stderr).strip()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--phones", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=32, help="sessions at the same time")
    parser.add_argument("--processes", type=int, default=1, help="server processes")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--no-memory", action="store_true", help="leave memory per phone out")
    parser.add_argument("--memory-args", default="", help="passed on to memory_per_phone.py")
    options = parser.parse_args()

    here = machine()
    if not options.json:
        print(", ".join(f"{name} {value}" for name, value in here.items()))
        print(
            f"{options.processes} server process(es), {options.phones} phones, {options.at_once} sessions "
            "at once\n"
        )
        print(
            f"{'login':8}{'parameters':>11}{'sessions/s':>12}{'median':>10}{'p99':>10}{'CPU/session':>14}"
            "   by process"
        )
    results = []
    for auth, parameters in (("none", 10), ("none", 500), ("digest", 10), ("digest", 500)):
        result = measure(parameters, auth, options)
        results.append(result)
        if not options.json:
            parts = ", ".join(
                f"{name} {ms:.3f}" for name, ms in result["cpu_ms_by_process"].items() if ms >= 0.0005
            )
            columns = f"{auth:8}{parameters:>11}{result['sessions_per_second']:>12.0f}"
            waits = f"{result['median_ms']:>7.1f} ms{result['p99_ms']:>7.1f} ms"
            print(f"{columns}{waits}{result['cpu_ms']:>11.3f} ms   {parts}", flush=True)
    remembered = "" if options.no_memory else memory(options)
    if options.json:
        print(json.dumps({"machine": here, "sessions": results, "memory": remembered}, indent=2))
        return
    print(
        f"\nThe aim is at most {AIM_MS} ms of CPU per session without login, with 10 and with 500 parameters."
    )
    if remembered:
        print(f"\n{remembered}")


if __name__ == "__main__":
    main()
