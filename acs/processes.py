"""The processes of one server, and who watches whom.

`acs up` is a supervisor that serves nobody itself. It binds the ports, keeps the private Redis and forks the
server processes, which inherit the listening sockets and so share them; RQ workers are programs of their own.
A child that dies is started again, with a pause that grows while it keeps dying. Children are told by the
kernel when the supervisor dies (PR_SET_PDEATHSIG), so that even `kill -9` of it leaves no port taken.

Everything here is blocking and knows neither Twisted nor what the children do.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: Pause before a child that died is started again, in seconds: doubles from the first to the last.
FIRST_PAUSE, LAST_PAUSE = 0.2, 10.0
#: A child that lived this long has recovered: its next pause is the first again.
HEALTHY_AFTER = 30.0
#: What a child gets between SIGTERM and SIGKILL: the longest drain of a session being answered.
STOP_PATIENCE = 10.0
#: How long the listening sockets of a killed predecessor may take to vanish.
TAKEN_PATIENCE = 5.0
#: Connections waiting to be accepted; a site that comes back after a power cut connects all at once.
BACKLOG = 4096

_PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """The server cannot start; the message is one line that names the reason and the way out."""


def die_with_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent dies; elsewhere than on Linux do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def listen(address: str, port: int, name: str) -> socket.socket:
    """A listening TCP socket. Raises StartError when the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    give_up = time.monotonic() + TAKEN_PATIENCE
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                if time.monotonic() < give_up:
                    time.sleep(0.1)
                    continue
                raise StartError(
                    f"port {port} on {address} is taken by another program; choose one with --{name}-port"
                ) from None
            raise StartError(
                f"cannot listen on {address} port {port}: {error.strerror}; see --bind"
            ) from None
        listener.setblocking(False)
        return listener


def bind_udp(address: str, port: int, name: str, *, patience: float = TAKEN_PATIENCE) -> socket.socket:
    """A UDP socket that child processes may share. Raises StartError when the port is taken or not ours."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    give_up = time.monotonic() + patience
    while True:
        bound = socket.socket(family, socket.SOCK_DGRAM)
        try:
            bound.bind((address, port))
        except OSError as error:
            bound.close()
            if error.errno == errno.EADDRINUSE:
                if time.monotonic() < give_up:
                    time.sleep(0.1)
                    continue
                raise StartError(
                    f"UDP port {port} on {address} is taken by another program; "
                    f"choose one with --{name}-port, or none"
                ) from None
            raise StartError(
                f"cannot use UDP port {port} on {address}: {error.strerror}; see --{name}-port"
            ) from None
        bound.setblocking(False)
        return bound


@dataclass
class _Child:
    """One kind of process that must be alive, and the one that is now."""

    name: str
    start: Callable[[], int]
    pid: int = 0
    started_at: float = 0
    pause: float = FIRST_PAUSE
    due_at: float = 0


@dataclass
class Supervisor:
    """Starts children, restarts the dead ones, stops all. `log` takes a sentence and its facts."""

    log: Callable[..., None]
    #: told the name of a child as soon as it is found dead
    died: Callable[[str], None]
    #: called about once a second, to look after what is no child (the private Redis)
    look_after: Callable[[], None]
    _children: list[_Child] = field(default_factory=list)
    _stopping: bool = False
    #: readable after a signal
    _woken: int = -1

    def __post_init__(self) -> None:
        """Heed signals from now on: whoever is told that the server is ready may stop it at once."""
        self._woken, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def keep(self, name: str, start: Callable[[], int]) -> None:
        """Start a child now and whenever it died; `start` returns its process id."""
        child = _Child(name, start)
        self._children.append(child)
        self._start(child)

    def _start(self, child: _Child) -> None:
        child.pid = child.start()
        child.started_at = time.monotonic()

    def run(self) -> None:
        """Watch over the children until SIGTERM or SIGINT; then stop them and return."""
        while not self._stopping:
            self._reap()
            self.look_after()
            self._restart_due()
            if select.select([self._woken], [], [], 1.0)[0]:
                os.read(self._woken, 4096)
        self.stop()

    def _told_to_stop(self, *_: object) -> None:
        self._stopping = True

    def _reap(self) -> None:
        for child in self._children:
            if not child.pid:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if not pid:
                continue
            now = time.monotonic()
            if now - child.started_at > HEALTHY_AFTER:
                child.pause = FIRST_PAUSE
            child.pid, child.due_at = 0, now + child.pause
            self.log(
                "process died, starting it again",
                process=child.name,
                status=os.waitstatus_to_exitcode(status),
                pause=child.pause,
            )
            child.pause = min(child.pause * 2, LAST_PAUSE)
            self.died(child.name)

    def _restart_due(self) -> None:
        for child in self._children:
            if not child.pid and time.monotonic() >= child.due_at:
                self._start(child)

    def stop(self) -> None:
        """SIGTERM to every child, SIGKILL to those that outlive their patience."""
        alive = [child for child in self._children if child.pid]
        for child in alive:
            _signal(child.pid, signal.SIGTERM)
        give_up = time.monotonic() + STOP_PATIENCE
        while alive and time.monotonic() < give_up:
            alive = [child for child in alive if not os.waitpid(child.pid, os.WNOHANG)[0]]
            if alive:
                time.sleep(0.02)
        for child in alive:
            self.log("process did not stop, killing it", process=child.name)
            _signal(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it is gone already; waitpid collects it


def fork_server(serve: Callable[[Callable[[], None]], int]) -> tuple[int, int]:
    """Fork a server process that runs `serve(ready)`; returns its pid and a file descriptor to wait on.

    The descriptor gives one byte when the child has called `ready()`, and end of file when it died before.
    """
    ready_read, ready_write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(ready_write)
        return pid, ready_read
    os.close(ready_read)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent()
    status = 1
    try:

        def ready() -> None:
            with contextlib.suppress(BrokenPipeError):  # of a restarted child nobody waits for it
                os.write(ready_write, b"1")
            os.close(ready_write)

        status = serve(ready)
    except StartError as error:
        print(f"acs: {error}", file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())  # os._exit below leaves nobody else to show it
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def wait_ready(descriptors: Sequence[int]) -> bool:
    """Wait until every forked server is ready; False when one of them died first."""
    fine = True
    for descriptor in descriptors:
        fine = os.read(descriptor, 1) == b"1" and fine
        os.close(descriptor)
    return fine


def start_program(arguments: Sequence[str]) -> int:
    """Start another program that dies with this one; returns its pid."""
    process = subprocess.Popen(  # its end is collected by pid, with waitpid
        arguments, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent
    )
    # Popen would complain at garbage collection that nobody waited through it
    process.returncode = 0
    return process.pid
