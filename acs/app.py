"""The start of everything: settings in, listeners out.

`run` is the supervisor's life: it binds the ports, sees to Redis and the secrets that all servers share,
forks the server processes (`acs.serving` puts their parts together), starts the workers and keeps all of them
alive.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import structlog
import uvloop
from twisted.internet import asyncioreactor

from acs import key_directory, logs, setup_link
from acs.data_directory import DataDirectory
from acs.datamodel import model_files
from acs.datamodel.keys import Catalogue
from acs.datamodel.model_files import ModelFiles, ModelNumberError
from acs.fleet import daily_window
from acs.key_directory import KeyDirectoryError
from acs.northbound import proxies
from acs.operations.role_mapping import read_roles
from acs.processes import (
    StartError,
    Supervisor,
    bind_udp,
    fork_server,
    listen,
    start_program,
    wait_ready,
)
from acs.settings import Settings
from acs.southbound.tls import ServerContext, TlsError, server_context
from acs.store import metrics, secrets
from acs.store.embedded import EmbeddedRedis
from acs.store.errors import StoreError
from acs.store.runner_blocking import BlockingRunner

log = structlog.get_logger("acs")

#: The secrets that all servers on one Redis share, and how a first server makes them. Whoever has the fleet
#: password can speak as any phone; the keys sign nonces and links and derive each phone's own password.
_SECRETS: dict[str, Callable[[], bytes]] = {
    "fleet_username": lambda: b"fleet",
    "fleet_password": lambda: os.urandom(12).hex().encode(),
    "nonce_key": partial(os.urandom, 32),
    "link_key": partial(os.urandom, 32),
    "wake_key": partial(os.urandom, 32),
    "action_token": lambda: os.urandom(16).hex().encode(),
}


#: What the names of server processes begin with.
_SERVER = "server"

#: The port that the RFCs name for STUN.
STUN_PORT = 3478


class _Listener(NamedTuple):
    name: str
    socket: socket.socket
    url: str


def run(settings: Settings) -> int:
    """Start the server, keep it going until SIGTERM or SIGINT; returns the exit status."""
    logs.start(settings.log_level, sys.stderr, settings.log_format)
    try:
        return _supervise(settings)
    except StartError as error:
        print(f"acs: {error}", file=sys.stderr)
        return 1


def _supervise(settings: Settings) -> int:
    catalogue = _catalogue(settings)
    models = _models(settings)
    _check(settings)
    directory = DataDirectory(settings.data_dir)
    directory.lock()
    directory.check_whole()
    listeners = _listeners(settings)
    redis = None if settings.redis_url else EmbeddedRedis(directory.path)
    try:
        redis_url = settings.redis_url or _start_redis(redis)
        shared = _shared_secrets(redis_url)
        secret = (shared["fleet_password"].decode(), shared["action_token"].decode())
        logs.hide((*secret, settings.metrics_token, settings.oidc_client_secret))
        tls = _tls(settings)
        _warn(settings)
        supervisor = Supervisor(log.warning, partial(_note_death, redis_url), partial(_look_after, redis))
        serve = partial(_serve, settings, directory, listeners, redis_url, shared, tls, catalogue, models)
        _keep_servers(supervisor, serve, settings)
        for number in range(settings.workers):
            arguments = [sys.executable, "-m", "workers", "--redis-url", redis_url]
            arguments += ["--data-dir", str(directory.path), "--log-level", settings.log_level]
            arguments += ["--log-format", settings.log_format]
            arguments += ["--provisioning-models", settings.provisioning_models]
            arguments += ["--uploads-keep", str(settings.uploads_keep)]
            supervisor.keep(f"worker {number}", partial(start_program, arguments))
        _announce(settings, directory, listeners, redis_url, shared)
        supervisor.run()
    finally:
        directory.remove_run()
        if redis is not None:
            redis.stop()
    return 0


def _listeners(settings: Settings) -> list[_Listener]:
    shown = settings.public_host or (_own_address() if settings.bind in ("0.0.0.0", "::") else settings.bind)
    host = f"[{shown}]" if ":" in shown else shown
    found = []
    for name in ("cwmp", "files", "web"):
        listener = listen(settings.bind, getattr(settings, f"{name}_port"), name)
        found.append(_Listener(name, listener, f"{settings.scheme}://{host}:{listener.getsockname()[1]}"))
    stun = _stun_socket(settings, found[0].socket.getsockname()[1])
    if stun is not None:
        found.append(_Listener("stun", stun, f"udp://{host}:{stun.getsockname()[1]}"))
    return found


def _stun_socket(settings: Settings, cwmp_port: int) -> socket.socket | None:
    """The UDP port, where there is to be one. Phones are told its number, so that it need not be 3478: a
    second server on one machine, or beside a STUN server, starts all the same."""
    if settings.stun_port == "none":
        return None
    if settings.stun_port != "auto":
        return bind_udp(settings.bind, int(settings.stun_port), "stun")
    try:
        return bind_udp(settings.bind, STUN_PORT, "stun", patience=0)
    except StartError:
        return bind_udp(settings.bind, cwmp_port, "stun")


def _own_address() -> str:
    """The address other machines most likely reach this one by; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _start_redis(redis: EmbeddedRedis | None) -> str:
    assert redis is not None
    try:
        return redis.start()
    except StoreError as error:
        raise StartError(str(error)) from None


def _look_after(redis: EmbeddedRedis | None) -> None:
    """Start the private Redis again when it died; what it acknowledged is in its append-only file."""
    try:
        if redis is not None and redis.look_after():
            log.warning("redis died and was started again")
    except StoreError as error:
        log.error("redis died and does not start", reason=str(error))


def _note_death(redis_url: str, name: str) -> None:
    """So that phones whose downloads a server process took with it can be asked again at once. Where Redis is
    away, too, the beginning of the next process tells of it."""
    if not name.startswith(_SERVER):
        return
    runner = BlockingRunner(redis_url)
    try:
        runner.run(metrics.died(time.time()))
    except StoreError as error:
        log.warning("the end of a server process is not noted", reason=str(error))
    finally:
        runner.close()


#: Settings that are more than a text or a number, and what reads them. Raises ValueError.
_READERS: dict[str, Callable[[str], object]] = {
    "config_window": daily_window.read,
    "oidc_roles": read_roles,
    "trusted_proxies": proxies.read,
}


def _check(settings: Settings) -> None:
    """Before any process is forked: what is wrong is told in one line."""
    if settings.oidc_issuer and not (settings.oidc_client_id and settings.oidc_roles):
        raise StartError("--oidc-issuer: --oidc-client-id and --oidc-roles have to be given too")
    for name, read in _READERS.items():
        try:
            read(getattr(settings, name))
        except ValueError as error:
            raise StartError(f"--{name.replace('_', '-')}: {error}") from None


def _shared_secrets(redis_url: str) -> dict[str, bytes]:
    try:
        runner = BlockingRunner(redis_url)
        try:
            return runner.run(secrets.ensure({name: make() for name, make in _SECRETS.items()}))
        finally:
            runner.close()
    except (StoreError, ValueError) as error:
        raise StartError(f"cannot use Redis at {redis_url}: {error}") from None


def _tls(settings: Settings) -> dict[str, ServerContext]:
    """Each listener's TLS by its name; nothing where there is none."""
    if not settings.tls:
        return {}
    certificate, key = Path(settings.tls_cert), Path(settings.tls_key)
    authorities = Path(settings.provisioning_ca) if settings.provisioning_ca else None
    try:
        context = server_context(certificate, key, settings.tls_profile)
        files = context
        if authorities is not None:
            files = server_context(certificate, key, settings.tls_profile, authorities=authorities)
    except TlsError as error:
        raise StartError(str(error)) from None
    return {"cwmp": context, "files": files, "web": context}


def _catalogue(settings: Settings) -> Catalogue:
    """The keys that every server process knows, read once before any is forked."""
    try:
        return key_directory.load(settings.keys_dir)
    except KeyDirectoryError as error:
        raise StartError(str(error)) from None


def _models(settings: Settings) -> ModelFiles:
    try:
        return model_files.with_own(settings.provisioning_models)
    except ModelNumberError as error:
        raise StartError(f"--provisioning-models: {error}") from None


def _warn(settings: Settings) -> None:
    if settings.cpe_auth == "none":
        log.warning("--cpe-auth none: whoever reaches the CWMP port can speak as any phone")
    if settings.cpe_auth == "basic" and not settings.tls:
        log.warning("--cpe-auth basic without TLS: phones send their password in the clear")
    if settings.provisioning_policy in ("user-agent", "source", "none"):
        log.warning("whoever reaches the files port can fetch provisioning files and the passwords in them")
    if settings.tls and settings.tls_profile == "legacy":
        log.warning("--tls-profile legacy: TLS 1.0 and its weak ciphers are accepted on every port")


def _keep_servers(
    supervisor: Supervisor, serve: Callable[[Callable[[], None]], int], settings: Settings
) -> None:
    """Fork the server processes and wait until all of them serve. Raises StartError when one cannot."""
    waiting: list[int] | None = []

    def start() -> int:
        pid, descriptor = fork_server(serve)
        if waiting is None:
            os.close(descriptor)  # started again: nobody waits for it
        else:
            waiting.append(descriptor)
        return pid

    for number in range(settings.processes):
        supervisor.keep(f"{_SERVER} {number}", start)
    first, waiting = waiting or [], None
    if not wait_ready(first):
        supervisor.stop()
        raise StartError("a server process could not start; its reason stands above")


def _announce(
    settings: Settings,
    directory: DataDirectory,
    listeners: list[_Listener],
    redis_url: str,
    shared: dict[str, bytes],
) -> None:
    urls = {f"{listener.name}_url": listener.url for listener in listeners}
    username, password = shared["fleet_username"].decode(), shared["fleet_password"].decode()
    directory.write_credential(
        {"username": username, "password": password, "auth": settings.cpe_auth, **urls}
    )
    directory.write_run({"pid": os.getpid(), "redis_url": redis_url, **urls})
    login = f"   {settings.cpe_auth} login: {username} / {password}" if settings.cpe_auth != "none" else ""
    for listener in listeners:
        extra = login if listener.name == "cwmp" else ""
        slash = "/" if listener.url.startswith("http") else ""
        print(f"{listener.name:<6} {listener.url}{slash}{extra}")
    link = setup_link.make(redis_url, settings.web_url or urls["web_url"])
    if link:
        print(f"setup  {link}   to make the first user, within a day")
    print("ready", flush=True)


def _serve(
    settings: Settings,
    directory: DataDirectory,
    listeners: list[_Listener],
    redis_url: str,
    shared: dict[str, bytes],
    tls: dict[str, ServerContext],
    catalogue: Catalogue,
    models: ModelFiles,
    ready: Callable[[], None],
) -> int:
    """One server process, from its fork to its end. Each has an event loop and a reactor of its own."""
    directory.drop_lock()
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]  # Twisted types it as untyped
    logs.take_over_twisted()
    from acs.serving import serve  # imports the reactor, which must be installed by then

    sockets = {listener.name: listener.socket for listener in listeners}
    return serve(settings, directory, sockets, redis_url, shared, tls, catalogue, models, ready)
