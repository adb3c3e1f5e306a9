"""A Redis of this server's own: started on a UNIX socket in the data directory, kept alive, stopped.

Nobody else reaches it: no TCP port, a socket of mode 0700 in a directory of mode 0700.

What it keeps. Every write goes to the append-only file before it is acknowledged, so that `kill -9` of the
server, of Redis, or of both loses nothing that was acknowledged. That is why `appendfsync` is `no` and not
`everysec`: with `everysec` Redis puts a write off, for up to two seconds, while the fsync before it is
still under way, and acknowledges it nevertheless. What `everysec` is for, bringing the file to the disk
each second so that a power cut costs no more than that, `look_after` does instead. With `durable=True` each
write is on the disk before it is acknowledged (`appendfsync always`), at the price of one fsync for each
batch of commands.

If Redis outlived a server that was killed, `start` adopts it. It belongs to a session of processes of its
own, so that Ctrl-C stops the server first.

A socket's path has at most 107 bytes. Where the data directory's is longer, the socket lies in a directory
of mode 0700 below the system's temporary one, with a name drawn from the data directory's;
`redis/redis.sock` is then a link that shows where.

Blocking code, for the process that starts the others.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from acs.store.errors import StoreError
from acs.store.redis_server import NoRedisServer, find_redis_server

__all__ = ["EmbeddedRedis", "EmbeddedRedisError", "NoRedisServer"]

#: Seconds in which a new Redis must answer at all; while it loads its data it may take longer.
START_PATIENCE = 30.0

#: Seconds in which Redis must be gone after SHUTDOWN: it writes and syncs its file.
STOP_PATIENCE = 30.0

#: Seconds to wait for one answer.
ANSWER_PATIENCE = 5.0

#: The longest path of a UNIX socket (sun_path has 108 bytes, one is the end).
LONGEST_SOCKET_PATH = 107

# The names of settings are those which 6.2 and 7 both know.
_CONFIG = """\
# Written by acs at each start; changes here are lost.
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
logfile {log}
pidfile {pid}
daemonize no
save ""
appendonly yes
appendfsync {fsync}
aof-use-rdb-preamble yes
aof-load-truncated yes
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
maxmemory-policy noeviction
# a backup takes a snapshot as a replica does: at once, and not by way of a file here
repl-diskless-sync yes
repl-diskless-sync-delay 0
# long timelines: all but the ends of the list compressed
list-compress-depth 1
"""


class EmbeddedRedisError(StoreError):
    """The private Redis cannot be started or stopped. The message is one line, with the way out."""


class EmbeddedRedis:
    """The private Redis of a data directory. Everything it has lies in `DIRECTORY/redis`."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        self._folder = Path(directory).resolve() / "redis"
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}"

    def start(self) -> str:
        """Start Redis, or adopt the one that runs, and wait until it serves; gives its URL.

        Raises `EmbeddedRedisError`, or `NoRedisServer` where there is no program to start.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        with self._locked():
            if not self._adopt():
                self._launch()
        return self.url

    def running(self) -> bool:
        """Whether Redis answers."""
        with self._client() as client:
            try:
                return bool(client.ping())
            except (RedisError, OSError):
                return False

    def look_after(self) -> bool:
        """To be called about once a second: bring what was written to the disk; start Redis again if it died.

        True if it had to be started.
        """
        if not self._alive():
            self.start()
            return True
        if not self._durable:
            self._sync()
        return False

    def stop(self) -> None:
        """Have Redis write what it has and end; does nothing if it does not run."""
        with self._client() as client:
            try:
                client.execute_command("SHUTDOWN")
            except RedisConnectionError:
                pass  # that is its answer
            except RedisError as error:
                raise EmbeddedRedisError(f"the private redis-server refuses to stop: {error}") from error
        give_up = time.monotonic() + STOP_PATIENCE
        while self._alive():
            if time.monotonic() > give_up:
                raise EmbeddedRedisError(
                    f"the private redis-server (pid {self._pid}) does not stop; see {self._log}"
                )
            time.sleep(0.02)
        self._process = None
        self._pid = 0
        if self._socket.parent != self._folder:
            with contextlib.suppress(OSError):  # gone, or not empty and so not ours to remove
                self._socket.parent.rmdir()

    # --- starting ---------------------------------------------------------------------------------------

    def _adopt(self) -> bool:
        """Take over a Redis that a killed server left behind."""
        with self._client() as client:
            try:
                self._wait_until_loaded(client)
                pid = int(client.info("server")["process_id"])
                folder = client.config_get("dir")["dir"]
            except (RedisConnectionError, OSError):
                self._check_nobody_else()
                return False
        if os.path.realpath(folder) != str(self._folder):
            raise EmbeddedRedisError(
                f"the Redis that answers at {self._socket} works in {folder}: stop it first (pid {pid})"
            )
        if self._process is not None and self._process.pid != pid:
            self._process = None
        self._pid = pid
        return True

    def _check_nobody_else(self) -> None:
        """Two redis-servers on one append-only file would ruin it."""
        try:
            pid = int((self._folder / "redis.pid").read_text())
        except (OSError, ValueError):
            return
        if self._works_here(pid):
            raise EmbeddedRedisError(
                f"a redis-server (pid {pid}) works in {self._folder} but does not answer: stop it first"
            )

    def _launch(self) -> None:
        program = find_redis_server()
        if program.version < (7, 0) and (self._folder / "appendonlydir").exists():
            raise EmbeddedRedisError(
                f"{self._folder} was written by Redis 7 or later, which {program.path} cannot read: "
                "install redis-server 7"
            )
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        if self._socket.parent != self._folder:
            self._link_to_socket()
        config = self._folder / "redis.conf"
        config.write_text(self._config(), encoding="utf-8", errors="surrogateescape")
        with open(self._folder / "redis.out", "wb") as output:
            self._process = subprocess.Popen(
                [program.path, config],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._pid = self._process.pid
        give_up = time.monotonic() + START_PATIENCE
        with self._client() as client:
            while True:
                if self._process.poll() is not None:
                    raise EmbeddedRedisError(f"redis-server did not start: {self._last_words()}")
                with contextlib.suppress(RedisConnectionError, OSError):
                    self._wait_until_loaded(client)
                    return
                if time.monotonic() > give_up:
                    raise EmbeddedRedisError(
                        f"redis-server does not answer; see {self._log} and {self._folder / 'redis.out'}"
                    )
                time.sleep(0.02)

    def _wait_until_loaded(self, client: Any) -> None:
        while True:
            try:
                client.ping()
                return
            except BusyLoadingError:  # it reads its file: as long as that takes
                time.sleep(0.1)

    def _config(self) -> str:
        return _CONFIG.format(
            socket=_quoted(self._socket),
            folder=_quoted(self._folder),
            log=_quoted(self._log),
            pid=_quoted(self._folder / "redis.pid"),
            fsync="always" if self._durable else "no",
        )

    def _last_words(self) -> str:
        """The last line that Redis wrote of why it ended."""
        for source in (self._folder / "redis.out", self._log):
            if source.exists():
                lines = source.read_text(errors="replace").strip().splitlines()
                if lines:
                    return f"{lines[-1].strip()} (more in {source})"
        return f"it ended without a word; see {self._folder}"

    # --- where things are -------------------------------------------------------------------------------

    @property
    def _log(self) -> Path:
        return self._folder / "redis.log"

    @property
    def _socket(self) -> Path:
        path = self._folder / "redis.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        name = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"acs-{os.getuid()}-{name}" / "redis.sock"

    def _link_to_socket(self) -> None:
        place = self._socket.parent
        status = place.lstat()
        if status.st_uid != os.getuid() or status.st_mode & 0o77 or place.is_symlink():
            raise EmbeddedRedisError(
                f"{place} is not this user's alone: remove it, or use a shorter --data-dir"
            )
        link = self._folder / "redis.sock"
        link.unlink(missing_ok=True)
        link.symlink_to(self._socket)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One starter at a time."""
        with open(self._folder / "lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        client: Any = Redis(
            unix_socket_path=str(self._socket),
            protocol=2,
            decode_responses=True,
            socket_timeout=ANSWER_PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            yield client
        finally:
            client.close()

    # --- the running process ----------------------------------------------------------------------------

    def _alive(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return bool(self._pid) and self._works_here(self._pid)

    def _works_here(self, pid: int) -> bool:
        """Whether that process lives and has this folder as its directory (where that can be seen)."""
        try:
            os.kill(pid, 0)
            return os.readlink(f"/proc/{pid}/cwd") == str(self._folder)
        except ProcessLookupError:
            return False
        except OSError:
            return not Path("/proc/self/cwd").exists()

    def _sync(self) -> None:
        """Bring the append-only file to the disk, as Redis would with `everysec`."""
        for path in (*self._folder.glob("appendonlydir/*"), *self._folder.glob("appendonly.aof")):
            with contextlib.suppress(FileNotFoundError):  # a rewrite replaced it just now
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)


def _quoted(path: Path) -> str:
    """The path as Redis reads it in a configuration file."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
