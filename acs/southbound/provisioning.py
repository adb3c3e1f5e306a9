"""The provisioning files on the files port: what a phone fetches when it starts, before it knows this server.

    GET, HEAD  …/y000000000037.cfg     the common file of the model with this number
    GET, HEAD  …/<mac>.cfg             one phone's own file, in any case of letters

Any directories may stand before the name. `.boot` files, which newer firmware asks for first, are 404, as is
everything else: in plain text, because a phone would take any page that came with 200 for its file.

A file is made for each request, from layers that this process has at hand; a phone costs two round trips to
Redis to know it and one to record the fetch. See docs/provisioning.md.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import structlog
from msgspec import structs
from twisted.internet.defer import FirstError, gatherResults

from acs.datamodel import model_files
from acs.datamodel.cfg_encryption import EncryptionError
from acs.datamodel.keys import Catalogue
from acs.datamodel.model_files import ModelFiles
from acs.fleet import known_keys, transfer_link
from acs.fleet.attributes import attributes_of, awaited_attributes
from acs.fleet.changes import TimelineEntry
from acs.fleet.known_keys import KnownKey, Proof
from acs.fleet.provisioning import AcsAccount, Files, PhoneFile
from acs.southbound.byte_ranges import same_entity
from acs.southbound.http_messages import (
    TEXT,
    Request,
    RequestHead,
    Response,
    refused_unless_read,
    text_response,
)
from acs.southbound.provisioning_access import Caller, Denied, Doorkeeper
from acs.store import fetches, refusals
from acs.store.errors import StoreError
from acs.store.fetches import Asking, Fetch
from acs.store.layer_cache import LayerCache
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs.files")

#: Seconds after which a phone is asked to come back while the store is away.
RETRY_AFTER = 10

#: Common files kept ready: those of each model, under each name of this server, at the present epoch.
MOST_COMMON_FILES = 200

_NOT_FOUND = text_response(404, "there is no such file")
_BINARY = (b"Content-Type", b"application/octet-stream")
#: The files hold passwords: nobody in between may keep them.
_PRIVATE = (b"Cache-Control", b"private, no-cache")
_SALT_BYTES = 8

#: Makes, for the host by which a phone reaches this server, how it gets to its CWMP port; None: not told.
Account = Callable[[str], AcsAccount | None]


class Provisioning:
    """Its `claims`, `begin` and `handle` are used by the files port (`acs.southbound.files_port`).

    :param layers: the shared layers, kept fresh by whoever brings them.
    :param now: seconds since the epoch.
    """

    kind = "provisioning"

    def __init__(
        self,
        runner: ReactorRunner,
        doorkeeper: Doorkeeper,
        layers: LayerCache,
        catalogue: Catalogue,
        models: ModelFiles,
        account: Account,
        *,
        now: Callable[[], float] = time.time,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._runner = runner
        self._doorkeeper = doorkeeper
        self._layers = layers
        self._catalogue = catalogue
        self._secret = catalogue.secret
        self._models = models
        self._account = account
        self._now = now
        self._randomness = randomness
        self._common_files: dict[tuple[Any, ...], Files] = {}

    def claims(self, path: str) -> bool:
        """Whether this is for provisioning: a name that phones ask for by themselves, in any directory. The
        file of a task may have such a name, too."""
        if transfer_link.is_link(path):
            return False
        name = _name(path)
        return bool(
            model_files.is_boot_file(name)
            or model_files.mac_in(name)
            or model_files.common_number(name) is not None
        )

    def begin(self, head: RequestHead) -> Response | None:
        """Before the body: refuse what can be refused by then."""
        missing = _NOT_FOUND if model_files.is_boot_file(_name(head.path)) else None
        return refused_unless_read(head.method) or missing

    async def handle(self, request: Request) -> Response:
        """One of the two files."""
        admitted = self._doorkeeper.admit(request, self._now())
        if isinstance(admitted, Denied):
            return self._denied(request, admitted)
        name = _name(request.path)
        mac, number = model_files.mac_in(name), model_files.common_number(name)
        try:
            if mac:
                return await self._own(request, admitted, mac)
            assert number is not None
            return await self._common(request, admitted, number)
        except (StoreError, FirstError) as error:
            cause = error.subFailure.value if isinstance(error, FirstError) else error
            if not isinstance(cause, StoreError):
                raise
            log.warning("a phone was sent away", peer=request.peer, reason=str(cause))
            line = "The server's store is not available; come back later."
            return text_response(503, line, ((b"Retry-After", b"%d" % RETRY_AFTER),))
        except EncryptionError as error:
            return self._denied(request, Denied(str(error)))

    # --- the two files --------------------------------------------------------------------------------------

    async def _own(self, request: Request, caller: Caller, mac: str) -> Response:
        why = self._doorkeeper.own_file(caller, mac)
        if why:
            return self._denied(request, Denied(why))
        asking = await self._known(mac)
        why = self._doorkeeper.source(request.peer, _known_address(asking))
        if why:
            return self._denied(request, Denied(why))
        files = self._files_of(asking, caller, request)
        file = files.own()
        known = files.own_values
        return await self._answer(request, asking, model_files.mac_name(mac), file, known, own=True)

    async def _common(self, request: Request, caller: Caller, number: int) -> Response:
        model = self._models.asked_for(number, caller.agent.model, caller.agent.version)
        asking: Asking | None = None
        if caller.mac:
            asking = await self._known(caller.mac)
            of_device = asking.device.product_class if asking.device is not None else ""
            if of_device and self._models.number_of(of_device) in (None, number):
                model = of_device
        if not model:
            log.info("no model has this number", peer=request.peer, number=number)
            return _NOT_FOUND
        if asking is None:
            await self._runner.drive(self._layers.refresh())
            return self._served(request, self._for_any(model, request).common())
        files = self._files_of(asking, caller, request, model)
        known = {key: value for key, value in files.common_values.items() if key not in files.own_values}
        name = model_files.common_name(number)
        return await self._answer(request, asking, name, files.common(), known, own=False)

    async def _known(self, mac: str) -> Asking:
        """Who has this MAC address. In the same round trip the layers are made fresh: a phone that fetches
        its files right after an operator changed them has no second chance for a day."""
        found: list[Any] = await gatherResults(
            [self._runner.drive(fetches.who(mac)), self._runner.drive(self._layers.refresh())],
            consumeErrors=True,
        )
        asking: Asking = found[0]
        return asking

    def _for_any(self, model: str, request: Request) -> Files:
        """The files of no phone in particular: made once for each epoch."""
        account = self._account(request.host)
        place = (self._layers.epoch, model, account)
        files = self._common_files.get(place)
        if files is None:
            if len(self._common_files) >= MOST_COMMON_FILES:
                self._common_files.clear()
            layers = self._layers.layers_for("", model, (), None)
            files = self._common_files[place] = Files(self._catalogue, model, layers, None, account)
        return files

    def _files_of(self, asking: Asking, caller: Caller, request: Request, model: str = "") -> Files:
        device, phone = asking.device, asking.awaited
        if device is not None:
            model = model or device.product_class
            attributes = attributes_of(device, asking.notes)
            groups, owner = asking.notes.groups, device.id
        else:
            model = model or caller.agent.model
            told = {"model": model, "serial_number": asking.mac, "ip": request.peer}
            given = phone.attributes if phone is not None else {}
            attributes = {**told, **awaited_attributes(asking.mac, given)}
            groups, owner = (phone.groups if phone is not None else ()), asking.mac
        layers = self._layers.layers_for(owner, model, groups, asking.layer)
        shared = self._for_any(model, request)
        return Files(self._catalogue, model, layers, attributes, self._account(request.host), shared)

    # --- answers --------------------------------------------------------------------------------------------

    async def _answer(
        self,
        request: Request,
        asking: Asking,
        name: str,
        file: PhoneFile,
        known: dict[str, str],
        *,
        own: bool,
    ) -> Response:
        response = self._served(request, file)
        if request.method == "GET":
            await self._record(request, asking, name, file, known, own=own, unchanged=response.status == 304)
        return response

    def _served(self, request: Request, file: PhoneFile) -> Response:
        fields = ((b"ETag", file.etag), _PRIVATE)
        if same_entity(request.headers.get(b"if-none-match"), file.etag, weak=True):
            return Response(304, fields)
        return Response(200, (_BINARY if file.encrypted else TEXT, *fields), file.content)

    async def _record(
        self,
        request: Request,
        asking: Asking,
        name: str,
        file: PhoneFile,
        known: dict[str, str],
        *,
        own: bool,
        unchanged: bool,
    ) -> None:
        """The line for the phone's timeline, and its keys, unless it had this very file before."""
        now, size = self._now(), len(file.content)
        before = asking.fetches.own if own else asking.fetches.common
        fetch = Fetch(file.etag.decode(), now, request.peer)
        after = structs.replace(asking.fetches, **{"own" if own else "common": fetch})
        agent = request.headers.text(b"user-agent")[:200]
        text = f"Asked for {name}: unchanged" if unchanged else f"Fetched {name} ({size:,} bytes)"
        data = {"file": name, "bytes": 0 if unchanged else size, "encrypted": file.encrypted}
        data |= {"etag": fetch.etag.strip('"'), "ip": request.peer, "user_agent": agent}
        proved: dict[str, KnownKey] = {}
        if before.etag != fetch.etag:
            salt = self._randomness(_SALT_BYTES).hex()
            proved = known_keys.proved(known, self._secret, at=now, proof=Proof.FETCHED, salt=salt)
        entry = TimelineEntry(now, "file", text, data)
        await self._runner.drive(fetches.record(asking, after, entry, proved))

    def _denied(self, request: Request, denied: Denied) -> Response:
        if denied.reason:
            log.info("provisioning refused", peer=request.peer, path=request.path[:200], reason=denied.reason)
            excerpt = request.path.encode("latin-1", "replace")
            refusal = refusals.Refusal(self._now(), request.peer, denied.reason, excerpt, "provisioning")
            self._runner.run(refusals.push(refusal)).addErrback(_not_kept)
        if denied.headers:
            return text_response(401, "log in as this server's administrator has set up", denied.headers)
        return text_response(403, "this file is not for you")


def _name(path: str) -> str:
    """The name of the file, "" for a path that climbs."""
    segments = [unquote(segment, "latin-1") for segment in path.split("/")]
    return "" if {"..", "."}.intersection(segments) else segments[-1]


def _known_address(asking: Asking) -> str:
    """Where the phone is known to be: it called from there, or else fetched its file first."""
    return asking.device.ip if asking.device is not None else asking.fetches.own.ip


def _not_kept(failure: Any) -> None:
    failure.trap(StoreError)
    log.warning("a refusal could not be kept", reason=str(failure.value))
