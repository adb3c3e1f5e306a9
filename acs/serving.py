"""One server process: puts the parts together and runs the reactor on the inherited sockets.

With `acs.app` this is the only place that knows every part. Import it after a reactor was installed.
"""

from __future__ import annotations

import gc
import hmac
import os
import socket
import time
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import structlog
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.task import deferLater
from twisted.protocols.tls import TLSMemoryBIOFactory

from acs.data_directory import DataDirectory
from acs.datamodel.keys import Catalogue
from acs.datamodel.model_files import ModelFiles
from acs.fleet import daily_window, transfer_link
from acs.fleet.device import ConnectionRequestLogin, Device, OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.metrics import Tally
from acs.fleet.provisioning import AcsAccount
from acs.fleet.situation import TransferLink
from acs.fleet.task import DownloadWork, Task
from acs.northbound.console.rooms import rooms as console_rooms
from acs.northbound.nbi.room import rooms as nbi_rooms
from acs.northbound.rest.routing import Services
from acs.northbound.rest.site import make_site
from acs.northbound.soap.room import rooms as soap_rooms
from acs.operations import backups
from acs.operations.tokens import ensure_local_admin
from acs.reporting import Reporting
from acs.settings import Settings
from acs.southbound.action_urls import ActionUrls
from acs.southbound.bandwidth import Bandwidth
from acs.southbound.conversation import Conversations
from acs.southbound.credentials import Authenticator
from acs.southbound.cwmp_endpoint import CwmpEndpoint
from acs.southbound.files_endpoint import FilesEndpoint
from acs.southbound.files_port import FilesPort
from acs.southbound.http import HttpFactory
from acs.southbound.plain_tcp import PlainPort
from acs.southbound.provisioning import Provisioning
from acs.southbound.provisioning_access import Doorkeeper
from acs.southbound.replay import Replayer
from acs.southbound.resource_files import ResourceFiles
from acs.southbound.signs_of_life import SignsOfLife
from acs.southbound.tls import ServerContext
from acs.southbound.transfers import Transfers
from acs.store.bandwidth import take
from acs.store.layer_cache import LayerCache, LayerWatch
from acs.store.runner_reactor import ReactorRunner
from acs.store.trees import Shapes
from acs.wake_serving import WakeParts
from acs.web_serving import keep_audit_short, web_of

log = structlog.get_logger("acs")

#: Seconds for which a link to a file is good: a phone may put a transfer off to its night.
LINK_LIFE = 24 * 3600

#: Hex digits of the password by which a phone takes this server's connection requests.
_WAKE_PASSWORD_LENGTH = 24

# Twisted types its reactor as a module.
reactor: Any = installed_reactor


def serve(
    settings: Settings,
    directory: DataDirectory,
    sockets: Mapping[str, socket.socket],
    redis_url: str,
    shared: Mapping[str, bytes],
    tls: Mapping[str, ServerContext],
    catalogue: Catalogue,
    models: ModelFiles,
    ready: Callable[[], None],
) -> int:
    """Serve until SIGTERM or SIGINT. `ready` is called when every port is served; returns the exit status."""
    ports = {name: listener.getsockname()[1] for name, listener in sockets.items()}
    waker = partial(WakeParts, settings, shared["wake_key"], sockets.get("stun"))
    process = _Process(settings, directory, redis_url, shared, ports, catalogue, models, waker)
    outcome = [0]

    def failed(failure: Any) -> None:
        log.error("the server process cannot start", reason=failure.getErrorMessage())
        outcome[0] = 1
        reactor.stop()

    async def start() -> None:
        await process.start()
        for name, factory in process.factories.items():
            process.ports.append(_port(factory, sockets[name], tls.get(name)))
        _calm_collector()
        ready()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(start()).addErrback(failed))
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(process.stop()))
    reactor.run()
    return outcome[0]


class _Process:
    """The parts of one server process. `factories` serve the ports by name, `ports` listen with them."""

    def __init__(
        self,
        settings: Settings,
        directory: DataDirectory,
        redis_url: str,
        shared: Mapping[str, bytes],
        ports: Mapping[str, int],
        catalogue: Catalogue,
        models: ModelFiles,
        waker: Callable[[ReactorRunner, Tally], WakeParts],
    ) -> None:
        self.ports: list[Any] = []
        self._stopping = False
        self._directory = directory
        tally = Tally()
        self._reporting = reporting = Reporting(tally, clock=reactor)
        self._audit_days = settings.audit_days
        self._runner = runner = ReactorRunner(redis_url, timed=reporting.timed, on_lost=reporting.lost)
        self._waking = waker(runner, tally)
        layers = LayerCache()
        config_window = daily_window.read(settings.config_window)
        self._watch = LayerWatch(redis_url, runner, layers)
        self._signs = SignsOfLife(runner, clock=reactor)
        session_parts: dict[str, Any] = {
            "inform_interval": settings.inform_interval,
            "catalogue": catalogue,
            "config_window": config_window,
            "config_upload_every": settings.config_upload_every,
            "link": partial(_transfer_link, shared["link_key"], settings, ports["files"]),
            "connection_login": partial(_wake_login, shared["wake_key"]),
            "stun": self._waking.offer,
            "secrets": (shared["fleet_password"].decode(), shared["action_token"].decode()),
        }
        self._conversations = Conversations(
            runner,
            signs=self._signs,
            layers=layers,
            clock=reactor,
            tally=tally,
            log_all=settings.log_sessions == "all",
            **session_parts,
        )
        authenticator = Authenticator(
            settings.cpe_auth,
            shared["fleet_username"].decode(),
            shared["fleet_password"].decode(),
            shared["nonce_key"],
        )
        transfers = Transfers(runner, directory.files, now=time.time, catalogue=catalogue, tally=tally)
        self._bandwidth = Bandwidth(
            settings.files_bandwidth,
            lambda line, size, rate: runner.run(take(line, size, rate)),
            processes=settings.processes,
            clock=reactor,
        )
        files = FilesEndpoint(
            shared["link_key"],
            transfers,
            files=directory.files,
            incoming=directory.incoming,
            file_limit=settings.file_limit,
            reserve=settings.disk_reserve,
            bandwidth=self._bandwidth,
        )
        account = partial(_acs_account, settings, shared, ports["cwmp"])
        login = shared["fleet_username"].decode(), shared["fleet_password"].decode()
        doorkeeper = Doorkeeper(settings.provisioning_policy, *login, shared["nonce_key"])
        resources = ResourceFiles(runner, doorkeeper, directory.files)
        provisioning = Provisioning(runner, doorkeeper, layers, catalogue, models, account)
        token = shared["action_token"].decode()
        keeps_calls = settings.action_url_calls == "on"
        actions = ActionUrls(runner, token, self._signs, keep_calls=keeps_calls)
        # provisioning first: phones may have any directory before its names, those of the other doors as well
        doors = (provisioning, resources, files, actions)
        files_port = FilesPort(*doors, tally=tally, bandwidth=self._bandwidth)
        services = Services(
            runner=runner,
            shapes=Shapes(),
            wake=self._waking.service.wake,
            replay=Replayer(breathe=partial(deferLater, reactor, 0), **session_parts),
            files=directory.files,
            incoming=directory.incoming,
            reactor=reactor,
            now=time.time,
            randomness=os.urandom,
            catalogue=catalogue,
            models=models,
            account=account,
            config_window=config_window,
            file_limit=settings.file_limit,
            version=version("acs"),
            rollout_approval=settings.rollout_approval,
            web=web_of(settings),
            closed_ports=self._closed_ports,
            metrics_open=settings.metrics_access == "open",
            metrics_token=settings.metrics_token,
            tally=tally,
            files_url=directory.files_url,
            action_token=token,
            keeps_calls=keeps_calls,
            backup=backups.Source(
                redis_url,
                directory.path,
                Path(settings.keys_dir).expanduser() if settings.keys_dir else None,
                version("acs"),
            ),
            settings=settings.shown(),
        )
        self.factories: dict[str, Any] = {
            "cwmp": HttpFactory(
                CwmpEndpoint(self._conversations, authenticator).handle,
                body_limit=settings.body_limit,
                idle_timeout=settings.idle_timeout,
                refused=self._refused,
            ),
            "files": HttpFactory(
                files_port.handle, begin=files_port.begin, idle_timeout=settings.idle_timeout
            ),
            "web": make_site(
                services, rooms={**console_rooms(services), **soap_rooms(services), **nbi_rooms(services)}
            ),
        }

    async def start(self) -> None:
        await self._runner.start()
        await ensure_local_admin(self._runner, self._directory.admin_token, now=time.time())
        self._audit = keep_audit_short(self._runner, self._audit_days)
        await self._watch.start()
        self._signs.start()
        self._conversations.start()
        self._waking.start()
        await self._reporting.start(self._runner, lambda: self._conversations.open_sessions)

    async def stop(self) -> None:
        """Let answers that are under way go out, write what is unwritten, then part from Redis."""
        self._audit.stop()
        self._stopping = True
        await self._waking.stop()
        await gatherResults([maybeDeferred(port.stopListening) for port in self.ports])
        await gatherResults([self.factories[name].stop() for name in ("cwmp", "files")])
        self._bandwidth.stop()
        await self._conversations.stop()
        await self._signs.stop()
        await self._watch.stop()
        await self._reporting.stop()
        await self._runner.stop()

    def _closed_ports(self) -> tuple[str, ...]:
        return tuple(list(self.factories)[len(self.ports) :]) if not self._stopping else tuple(self.factories)

    def _refused(self, peer: str, status: int, reason: str) -> None:
        """A phone's request that was no HTTP, or too large."""
        self._conversations.refuse(peer, f"HTTP {status}: {reason}")


def _port(factory: Any, listener: socket.socket, tls: ServerContext | None) -> Any:
    """Serve the socket; it is closed, and the port free, when the port stops listening."""
    if tls is None and isinstance(factory, HttpFactory):
        return PlainPort(factory, listener)
    wrapped = TLSMemoryBIOFactory(cast(Any, tls), False, factory) if tls else factory
    port = reactor.adoptStreamPort(listener.fileno(), listener.family, wrapped)
    listener.close()  # the port has a descriptor of its own
    return port


def _calm_collector() -> None:
    """What is loaded by now stays: the cycle collector need not look at it again, nor look as often as its
    defaults have it, which suit programs that keep far less."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _transfer_link(
    key: bytes, settings: Settings, files_port: int, device: Device, now: float
) -> TransferLink:
    """Links for one phone, under the host by which the phone itself reaches this server."""
    host = settings.public_host or device.server_host or socket.gethostname()
    base = f"{settings.scheme}://{host}:{files_port}"

    def link(task: Task) -> str:
        download = isinstance(task.work, DownloadWork)
        return transfer_link.make(
            key,
            base_url=base,
            task_id=task.id,
            purpose="d" if download else "u",
            expires_at=now + LINK_LIFE,
            file_name=task.work.file
            if isinstance(task.work, DownloadWork)
            else f"{device.serial_number}.cfg",
        )

    return link


def _acs_account(
    settings: Settings, shared: Mapping[str, bytes], cwmp_port: int, host: str
) -> AcsAccount | None:
    """What leads a phone to the CWMP port, which reaches this server by `host` ("" where it did not say)."""
    if settings.provisioning_acs == "off":
        return None
    url = f"{settings.scheme}://{settings.public_host or host or socket.gethostname()}:{cwmp_port}/"
    if settings.cpe_auth == "none":
        return AcsAccount(url)
    return AcsAccount(url, shared["fleet_username"].decode(), shared["fleet_password"].decode())


def _wake_login(key: bytes, device: Device, notes: OperatorNotes) -> ConnectionRequestLogin | None:
    """What this server would have the phone ask for; nothing where an operator has chosen a login."""
    if notes.connection_request.username:
        return None
    return _own_login(key, device.id)


@lru_cache(maxsize=1 << 16)
def _own_login(key: bytes, device_id: str) -> ConnectionRequestLogin:
    """Kept, because a phone that has no place for a login is offered it in every session."""
    password = hmac.digest(key, device_id.encode(), "sha256").hex()[:_WAKE_PASSWORD_LENGTH]
    return ConnectionRequestLogin(device_key(device_id), password, "acs")
