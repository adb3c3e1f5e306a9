"""The supervisor with real processes: children are restarted, stopped, and never outlive it."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time

import pytest

from acs.processes import StartError, listen

SUPERVISOR = textwrap.dedent("""
    import sys, time
    from acs.processes import Supervisor, fork_server, start_program, wait_ready

    def serve(ready):
        ready()
        while True:
            time.sleep(60)

    def start_server():
        pid, descriptor = fork_server(serve)
        assert wait_ready([descriptor])
        print("server", pid, flush=True)
        return pid

    def start_sleeper():
        pid = start_program([sys.executable, "-c", "import time; time.sleep(60)"])
        print("program", pid, flush=True)
        return pid

    died = lambda name: print("died", name, flush=True)
    supervisor = Supervisor(log=lambda *_, **__: None, died=died, look_after=lambda: None)
    supervisor.keep("server", start_server)
    supervisor.keep("program", start_sleeper)
    supervisor.run()
    print("stopped", flush=True)
""")


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(*pids: int) -> bool:
    for _ in range(500):
        if not any(map(alive, pids)):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def supervisor():
    process = subprocess.Popen([sys.executable, "-c", SUPERVISOR], stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


def started(process) -> tuple[str, int]:
    name, pid = process.stdout.readline().split()
    return name, int(pid)


def test_a_killed_child_is_started_again(supervisor):
    _, first = started(supervisor)
    started(supervisor)
    os.kill(first, signal.SIGKILL)
    assert supervisor.stdout.readline() == "died server\n"
    name, second = started(supervisor)
    assert name == "server"
    assert second != first


def test_sigterm_stops_every_child_and_then_the_supervisor(supervisor):
    pids = [started(supervisor)[1], started(supervisor)[1]]
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.stdout.readline() == "stopped\n"
    assert supervisor.wait() == 0
    assert gone(*pids)


def test_children_die_with_a_killed_supervisor(supervisor):
    pids = [started(supervisor)[1], started(supervisor)[1]]
    supervisor.kill()
    assert gone(*pids)


def test_a_taken_port_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=rf"port {port} on 127.0.0.1 is taken .* --files-port"):
            listen("127.0.0.1", port, "files")


def test_an_address_that_is_not_ours_is_one_clear_line():
    with pytest.raises(StartError, match="--bind"):
        listen("192.0.2.1", 0, "cwmp")
