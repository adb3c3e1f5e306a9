"""A phone that owes nothing to this project: raw sockets, XML by hand, and a ledger of all it ever did.

It is the witness of the tests that kill servers. A server may say what it likes of a task; the ledger says
how often the phone was really rebooted, reset, given a file or an object. The phone keeps the protocol's
delivery rules: an event is told until it is delivered, a TransferComplete until it is answered, and a session
that breaks is tried again, with its RetryCount, only sooner than a real phone would.

What a command does is done when the session is over, however it ended: a phone that has taken a Reboot
reboots, whether or not its answer arrived.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from html import escape, unescape

NS = "urn:dslforum-org:cwmp-1-0"
ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="{NS}">'
    '<soap:Header><cwmp:ID soap:mustUnderstand="1">%s</cwmp:ID></soap:Header>'
    "<soap:Body>%s</soap:Body></soap:Envelope>"
)
METHODS = [
    "GetRPCMethods",
    "GetParameterNames",
    "GetParameterValues",
    "SetParameterValues",
    "GetParameterAttributes",
    "SetParameterAttributes",
    "AddObject",
    "DeleteObject",
    "Download",
    "Upload",
    "Reboot",
    "FactoryReset",
    "ScheduleInform",
]
QUEUE_METHODS = ("GetQueuedTransfers", "GetAllQueuedTransfers")
FACTORY = {
    "Device.DeviceInfo.SoftwareVersion": "1.0",
    "Device.DeviceInfo.UpTime": "0",
    "Device.ManagementServer.ParameterKey": "",
    "Device.ManagementServer.ConnectionRequestURL": "http://127.0.0.1:9/",
    "Device.ManagementServer.ConnectionRequestUsername": "",
    "Device.ManagementServer.ConnectionRequestPassword": "",
    "Device.ManagementServer.PeriodicInformInterval": "3600",
    "Device.Line.1.Label": "first",
}
READ_ONLY = ("Device.DeviceInfo.", "Device.ManagementServer.ParameterKey")
TABLE = "Device.Line."

#: Points at which a phone can be told to die, once: see `Phone.dies`.
NOT_REACHED, NOT_ANSWERED, NOT_HEARD = "the request is lost", "the answer is lost", "the reply is lost"


class SessionBroken(Exception):
    """The session ended otherwise than with the server's empty answer."""


class Ledger:
    """What the phone did, by CommandKey or ParameterKey. Never reset, not even by a factory reset."""

    def __init__(self) -> None:
        self.reboots: Counter[str] = Counter()
        self.resets = 0
        self.downloads: Counter[str] = Counter()
        self.uploads: Counter[str] = Counter()
        self.scheduled: Counter[str] = Counter()
        self.sets: Counter[str] = Counter()
        self.added: dict[str, list[str]] = defaultdict(list)
        self.deleted: Counter[str] = Counter()
        #: CommandKey to the SHA-256 of what was fetched in the end, and to what was sent
        self.fetched: dict[str, str] = {}
        self.sent: dict[str, str] = {}
        self.methods: Counter[str] = Counter()


class Connection:
    """One HTTP/1.1 connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 10))

    async def ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name, body. Raises OSError or EOFError where it breaks."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self.writer.drain()
        return await asyncio.wait_for(self._answer(), 30)

    async def _answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])
        }
        body = b""
        if fields.get("transfer-encoding") == "chunked":
            while size := int(await self.reader.readline(), 16):
                body += await self.reader.readexactly(size)
                await self.reader.readline()
            await self.reader.readline()
        else:
            body = await self.reader.readexactly(int(fields.get("content-length", "0")))
        return int(head[0].split()[1]), fields, body

    def close(self) -> None:
        self.writer.transport.abort()


async def put_away(*lives: asyncio.Task) -> None:
    """End what phones are doing. `wait_for` of Python 3.11 forgets a cancellation that comes together with
    what it waits for, so that one may have to be told again."""
    while alive := [life for life in lives if not life.done()]:
        for life in alive:
            life.cancel()
        await asyncio.wait(alive, timeout=1)


async def exchange(
    method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """One request on a connection of its own. Raises OSError or EOFError."""
    port, path = re.fullmatch(r"http://[^:/]+:(\d+)(/.*)", url).groups()
    connection = await Connection.open(int(port))
    try:
        status, _, answer = await connection.ask(method, path, body, headers or {})
    finally:
        connection.close()
    return status, answer


class Transfer:
    def __init__(self, kind: str, key: str, file_type: str, url: str) -> None:
        self.kind, self.key, self.file_type, self.url = kind, key, file_type, url
        #: None until it is over, then (FaultCode, FaultString)
        self.outcome: tuple[int, str] | None = None


class Phone:
    """:param port: of the server's CWMP listener.
    :param draw: where all its choices come from, so that they can be made again.
    """

    def __init__(
        self,
        port: int,
        serial: str,
        draw: random.Random,
        login: tuple[str, str] | None = None,
        product_class: str = "K1",
    ) -> None:
        self.port, self.serial, self.draw, self.login = port, serial, draw, login
        self.product_class = product_class
        self.ledger = Ledger()
        self.tree = dict(FACTORY)
        self.events: list[tuple[str, str]] = [("0 BOOTSTRAP", ""), ("1 BOOT", "")]
        self.transfers: list[Transfer] = []
        self.notifications: Counter[str] = Counter()
        self.next_instance = 2
        self.retries = 0
        self.sessions = 0
        self.broken = 0
        #: seconds between two sessions without a reason
        self.interval = 2.5
        #: the pause before a broken session is tried again, in seconds
        self.pause = (0.2, 1.0)
        # Habits, all of which are seen in the field:
        self.connection_each_message = False
        #: a message whose answer did not come is sent again on a new connection
        self.repeats_lost_message = False
        #: events count as delivered when the Inform is answered, not when the session ends well
        self.delivered_by_response = False
        self.knows_queue = True
        self.knows_m_events = True
        self.boot_seconds = 0.0
        #: methods and points at which it hangs up, once each and in this order; its own Inform and
        #: TransferComplete count as methods, too
        self.dies: list[tuple[str, str]] = []
        self._reboot: str | None = None
        self._reset = False
        self._booting = False
        #: when it started, by the loop's clock; 0 for long ago
        self._since = 0.0
        self._connection: Connection | None = None
        self._cookie = ""
        self._challenge: dict[str, str] = {}
        self._nonce_uses = 0
        self._poked = asyncio.Event()

    @property
    def id(self) -> str:
        return f"00155D-{self.product_class}-{self.serial}"

    def poke(self) -> None:
        """Have it hold a session soon, as a connection request would."""
        self.events.append(("6 CONNECTION REQUEST", ""))
        self._poked.set()

    # --- its life ---------------------------------------------------------------------------------------

    async def live(self) -> None:
        while True:
            told = list(self.events)
            try:
                await self._session(told)
                self.retries = 0
                self.sessions += 1
            except (SessionBroken, OSError, EOFError, TimeoutError, ValueError):
                self.broken += 1
                self.retries += 1
            finally:
                self._hang_up()
            await self._do_what_was_taken()
            if self.retries:
                await asyncio.sleep(self.draw.uniform(*self.pause))
            elif not self.events:
                self._poked.clear()
                try:
                    await asyncio.wait_for(self._poked.wait(), self.interval * self.draw.uniform(0.5, 1.5))
                except TimeoutError:
                    self.events.append(("2 PERIODIC", ""))

    async def _do_what_was_taken(self) -> None:
        for transfer in self.transfers:
            if transfer.outcome is None:
                await self._transfer(transfer)
        if self._reset:
            self._reset = False
            self._reboot = None
            self.tree = {**FACTORY, "Device.DeviceInfo.SoftwareVersion": self._version}
            kept = [event for event in self.events if event[0][0] in "7M"]
            self.events = [("0 BOOTSTRAP", ""), ("1 BOOT", ""), *kept]
            self._booted()
        if self._reboot is not None:
            key, self._reboot = self._reboot, None
            self._boot(("M Reboot", key))
        if self._booting:
            self._booting = False
            await asyncio.sleep(self.boot_seconds)
            self._since = asyncio.get_running_loop().time()

    def _boot(self, *why: tuple[str, str]) -> None:
        reasons = why if self.knows_m_events else ()
        self.events = [
            event for event in self.events if event[0] not in ("1 BOOT", "6 CONNECTION REQUEST", "2 PERIODIC")
        ] + [("1 BOOT", ""), *reasons]
        self._booted()

    def _booted(self) -> None:
        # A session after a boot is a new one, not a retry: its RetryCount begins at zero.
        self.retries = 0
        self._booting = True

    @property
    def _version(self) -> str:
        return self.tree["Device.DeviceInfo.SoftwareVersion"]

    async def _transfer(self, transfer: Transfer) -> None:
        """Fetch or send for real; a server that is away is tried for a while."""
        for _ in range(100):
            try:
                if transfer.kind == "Download":
                    status, body = await exchange("GET", transfer.url)
                else:
                    body = f"config of {self.serial} {transfer.key}".encode()
                    status, _ = await exchange("PUT", transfer.url, body)
            except (OSError, EOFError, TimeoutError):
                status = 0
            if status in (200, 201):
                break
            if status in (403, 404):
                transfer.outcome = (9010 if transfer.kind == "Download" else 9011, f"HTTP {status}")
                break
            await asyncio.sleep(self.draw.uniform(*self.pause))
        else:
            transfer.outcome = (9015, "file server not reached")
        if transfer.outcome is None:
            transfer.outcome = (0, "")
            digest = hashlib.sha256(body).hexdigest()
            record = self.ledger.fetched if transfer.kind == "Download" else self.ledger.sent
            record[transfer.key] = digest
            if transfer.file_type.startswith("1 ") and transfer.kind == "Download":
                found = re.search(rb"version=(\S+)", body)
                self.tree["Device.DeviceInfo.SoftwareVersion"] = found[1].decode() if found else "?"
                self._boot()
        if ("7 TRANSFER COMPLETE", "") not in self.events:
            self.events.append(("7 TRANSFER COMPLETE", ""))
        if self.knows_m_events:
            self.events.append((f"M {transfer.kind}", transfer.key))

    # --- a session --------------------------------------------------------------------------------------

    async def _session(self, told: list[tuple[str, str]]) -> None:
        self._cookie = ""
        self._maybe_die("Inform", NOT_REACHED)
        answer = await self._post("Inform", self._inform(told))
        if b"InformResponse" not in answer:
            raise SessionBroken(answer)
        if self.delivered_by_response:
            self._delivered(told)
        for transfer in [transfer for transfer in self.transfers if transfer.outcome is not None]:
            answer = await self._post("TransferComplete", self._transfer_complete(transfer))
            if b"TransferCompleteResponse" not in answer:
                raise SessionBroken(answer)
            self.transfers.remove(transfer)
            for event in (f"M {transfer.kind}", transfer.key), ("7 TRANSFER COMPLETE", ""):
                if event in self.events:
                    self.events.remove(event)
        answer = await self._post("", b"")
        while answer:
            text = answer.decode()
            method = re.search(r"<(?:[\w-]+:)?Body[^>]*>\s*<(?:[\w-]+:)?(\w+)", text)[1]
            self._maybe_die(method, NOT_REACHED)
            reply = self._execute(method, text)
            self._maybe_die(method, NOT_ANSWERED)
            cwmp_id = re.search(r"ID\b[^>]*>([^<]*)<", text)[1]
            answer = await self._post(method, (ENVELOPE % (cwmp_id, reply)).encode())
        if not self.delivered_by_response:
            self._delivered(told)

    def _delivered(self, told: list[tuple[str, str]]) -> None:
        for event in told:
            if event in self.events and event[0] not in ("7 TRANSFER COMPLETE", "M Download", "M Upload"):
                self.events.remove(event)

    def _maybe_die(self, method: str, point: str) -> None:
        if self.dies[:1] == [(method, point)]:
            del self.dies[0]
            raise SessionBroken(f"it died: {method}, {point}")

    async def _post(self, what: str, body: bytes) -> bytes:
        """The server's answer to a message, "" for an empty one."""
        tries = 3 if self.repeats_lost_message and what != "Inform" else 1
        while True:
            try:
                return await self._post_once(what, body)
            except (OSError, EOFError):
                tries -= 1
                self._hang_up()
                if not tries:
                    raise
                await asyncio.sleep(self.draw.uniform(*self.pause))

    async def _post_once(self, what: str, body: bytes) -> bytes:
        for _ in range(3):
            if self._connection is None or self.connection_each_message:
                self._hang_up()
                self._connection = await Connection.open(self.port)
            headers = {"Content-Type": 'text/xml; charset="utf-8"', "SOAPAction": '""'}
            if self._cookie:
                headers["Cookie"] = self._cookie
            if self._challenge:
                headers["Authorization"] = self._digest()
            status, fields, answer = await self._connection.ask("POST", "/", body, headers)
            if status != 401:
                self._maybe_die(what, NOT_HEARD)
            if "set-cookie" in fields:
                self._cookie = fields["set-cookie"].partition(";")[0]
            if status == 401 and self.login:
                self._challenge = dict(re.findall(r'(\w+)="?([^",]*)"?', fields["www-authenticate"]))
                self._nonce_uses = 0
                continue
            if status not in (200, 204):
                raise SessionBroken(f"status {status}")
            return answer
        raise SessionBroken("never let in")

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _digest(self) -> str:
        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        user, password = self.login
        realm, nonce = self._challenge["realm"], self._challenge["nonce"]
        self._nonce_uses += 1
        count, cnonce = f"{self._nonce_uses:08x}", f"{self.draw.getrandbits(64):016x}"
        response = md5(f"{md5(f'{user}:{realm}:{password}')}:{nonce}:{count}:{cnonce}:auth:{md5('POST:/')}")
        return (
            f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="/", response="{response}",'
            f' algorithm=MD5, qop=auth, nc={count}, cnonce="{cnonce}"'
        )

    # --- its own messages -------------------------------------------------------------------------------

    def _inform(self, told: list[tuple[str, str]]) -> bytes:
        events = "".join(
            f"<EventStruct><EventCode>{code}</EventCode><CommandKey>{escape(key)}</CommandKey></EventStruct>"
            for code, key in told
        )
        names = (
            "Device.DeviceInfo.SoftwareVersion",
            "Device.ManagementServer.ParameterKey",
            "Device.ManagementServer.ConnectionRequestURL",
        )
        return (
            ENVELOPE
            % (
                f"i{self.draw.getrandbits(32)}",
                "<cwmp:Inform><DeviceId><Manufacturer>Independent</Manufacturer><OUI>00155D</OUI>"
                f"<ProductClass>{self.product_class}</ProductClass><SerialNumber>{self.serial}</SerialNumber></DeviceId>"
                f'<Event enc:arrayType="cwmp:EventStruct[{len(told)}]">{events}</Event>'
                "<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-01-01T00:00:00Z</CurrentTime>"
                f"<RetryCount>{self.retries}</RetryCount>"
                + self._values("ParameterList", list(names))
                + "</cwmp:Inform>",
            )
        ).encode()

    def _transfer_complete(self, transfer: Transfer) -> bytes:
        code, text = transfer.outcome
        return (
            ENVELOPE
            % (
                "t1",
                f"<cwmp:TransferComplete><CommandKey>{transfer.key}</CommandKey><FaultStruct><FaultCode>{code}"
                f"</FaultCode><FaultString>{text}</FaultString></FaultStruct><StartTime>2026-01-01T00:00:00Z"
                "</StartTime><CompleteTime>2026-01-01T00:00:01Z</CompleteTime></cwmp:TransferComplete>",
            )
        ).encode()

    # --- what it is asked -------------------------------------------------------------------------------

    def _execute(self, method: str, text: str) -> str:
        """Do it, and say the body of the answer."""
        self.ledger.methods[method] += 1
        act: Callable[[str], str] | None = getattr(self, f"_do_{method}", None)
        if act is None or (method in QUEUE_METHODS and not self.knows_queue):
            return _fault(9000, "Method not supported")
        return act(text)

    def _do_GetRPCMethods(self, text: str) -> str:
        methods = [*METHODS, *(QUEUE_METHODS if self.knows_queue else ())]
        listed = "".join(f"<string>{method}</string>" for method in methods)
        return _response(
            "GetRPCMethods", f'<MethodList enc:arrayType="xsd:string[{len(methods)}]">{listed}</MethodList>'
        )

    def _do_GetParameterNames(self, text: str) -> str:
        path = _one(text, "ParameterPath")
        next_level = _one(text, "NextLevel") in ("1", "true")
        if path and not any(name.startswith(path) for name in (*self.tree, "Device.", TABLE)):
            return _fault(9005, "Invalid parameter name")
        every = set(self.tree) | {TABLE}
        for name in self.tree:
            parts = name.split(".")
            every |= {".".join(parts[:depth]) + "." for depth in range(1, len(parts))}
        found = sorted(name for name in every if name.startswith(path) and name != path)
        if next_level:
            found = [name for name in found if "." not in name[len(path) :].rstrip(".")]
        listed = "".join(
            f"<ParameterInfoStruct><Name>{name}</Name><Writable>{int(not name.startswith(READ_ONLY))}"
            "</Writable></ParameterInfoStruct>"
            for name in found
        )
        return _response(
            "GetParameterNames",
            f'<ParameterList enc:arrayType="cwmp:ParameterInfoStruct[{len(found)}]">{listed}</ParameterList>',
        )

    def _do_GetParameterValues(self, text: str) -> str:
        names = self._expanded(_all(text, "string"))
        if names is None:
            return _fault(9005, "Invalid parameter name")
        return _response("GetParameterValues", self._values("ParameterList", names))

    def _values(self, element: str, names: list[str]) -> str:
        uptime = asyncio.get_running_loop().time() - self._since if self._since else 1_000_000
        self.tree["Device.DeviceInfo.UpTime"] = str(int(uptime))
        listed = "".join(
            f"<ParameterValueStruct><Name>{name}</Name>"
            f'<Value xsi:type="xsd:string">{escape(self.tree[name])}</Value></ParameterValueStruct>'
            for name in names
        )
        return f'<{element} enc:arrayType="cwmp:ParameterValueStruct[{len(names)}]">{listed}</{element}>'

    def _expanded(self, asked: list[str]) -> list[str] | None:
        names: list[str] = []
        for one in asked:
            found = [
                name for name in self.tree if name == one or (one.endswith(".") and name.startswith(one))
            ]
            if not found and one not in ("Device.", TABLE):
                return None
            names += found
        return names

    def _do_SetParameterValues(self, text: str) -> str:
        pairs = re.findall(r"<Name>([^<]*)</Name>\s*<Value[^>]*?(?:/>|>([^<]*)</Value>)", text)
        if any(name not in self.tree or name.startswith(READ_ONLY) for name, _ in pairs):
            return _fault(9003, "Invalid arguments")
        key = _one(text, "ParameterKey")
        self.tree.update({name: unescape(value) for name, value in pairs})
        self.tree["Device.ManagementServer.ParameterKey"] = key
        self.ledger.sets[key] += 1
        return _response("SetParameterValues", "<Status>0</Status>")

    def _do_GetParameterAttributes(self, text: str) -> str:
        names = self._expanded(_all(text, "string"))
        if names is None:
            return _fault(9005, "Invalid parameter name")
        listed = "".join(
            f"<ParameterAttributeStruct><Name>{name}</Name><Notification>{self.notifications[name]}"
            '</Notification><AccessList enc:arrayType="xsd:string[0]"/></ParameterAttributeStruct>'
            for name in names
        )
        return _response(
            "GetParameterAttributes",
            f'<ParameterList enc:arrayType="cwmp:ParameterAttributeStruct[{len(names)}]">{listed}'
            "</ParameterList>",
        )

    def _do_SetParameterAttributes(self, text: str) -> str:
        for name, level in zip(_all(text, "Name"), _all(text, "Notification"), strict=True):
            self.notifications[name] = int(level)
        return _response("SetParameterAttributes", "")

    def _do_AddObject(self, text: str) -> str:
        path, key = _one(text, "ObjectName"), _one(text, "ParameterKey")
        if path != TABLE:
            return _fault(9005, "Invalid parameter name")
        instance = f"{path}{self.next_instance}."
        self.next_instance += 1
        self.tree[instance + "Label"] = ""
        self.tree["Device.ManagementServer.ParameterKey"] = key
        self.ledger.added[key].append(instance)
        number = instance.removeprefix(TABLE).rstrip(".")
        return _response("AddObject", f"<InstanceNumber>{number}</InstanceNumber><Status>0</Status>")

    def _do_DeleteObject(self, text: str) -> str:
        path, key = _one(text, "ObjectName"), _one(text, "ParameterKey")
        gone = [name for name in self.tree if name.startswith(path)]
        if not gone:
            return _fault(9005, "Invalid parameter name")
        for name in gone:
            del self.tree[name]
        self.tree["Device.ManagementServer.ParameterKey"] = key
        self.ledger.deleted[key] += 1
        return _response("DeleteObject", "<Status>0</Status>")

    def _do_Download(self, text: str) -> str:
        key = _one(text, "CommandKey")
        self.ledger.downloads[key] += 1
        self.transfers.append(Transfer("Download", key, _one(text, "FileType"), _one(text, "URL")))
        return _response("Download", _TRANSFER_BEGUN)

    def _do_Upload(self, text: str) -> str:
        key = _one(text, "CommandKey")
        self.ledger.uploads[key] += 1
        self.transfers.append(Transfer("Upload", key, _one(text, "FileType"), _one(text, "URL")))
        return _response("Upload", _TRANSFER_BEGUN)

    def _do_Reboot(self, text: str) -> str:
        key = _one(text, "CommandKey")
        self.ledger.reboots[key] += 1
        self._reboot = key
        return _response("Reboot", "")

    def _do_FactoryReset(self, text: str) -> str:
        self.ledger.resets += 1
        self._reset = True
        return _response("FactoryReset", "")

    def _do_ScheduleInform(self, text: str) -> str:
        key = _one(text, "CommandKey")
        self.ledger.scheduled[key] += 1
        asyncio.get_running_loop().call_later(int(_one(text, "DelaySeconds")), self._scheduled, key)
        return _response("ScheduleInform", "")

    def _scheduled(self, key: str) -> None:
        self.events += [("3 SCHEDULED", "")]
        if self.knows_m_events:
            self.events += [("M ScheduleInform", key)]
        self._poked.set()

    def _do_GetQueuedTransfers(self, text: str) -> str:
        queued = "".join(
            f"<QueuedTransferStruct><CommandKey>{transfer.key}</CommandKey><State>1</State>"
            "</QueuedTransferStruct>"
            for transfer in self.transfers
        )
        return _response(
            "GetQueuedTransfers",
            f'<TransferList enc:arrayType="cwmp:QueuedTransferStruct[{len(self.transfers)}]">{queued}'
            "</TransferList>",
        )

    def _do_GetAllQueuedTransfers(self, text: str) -> str:
        queued = "".join(
            f"<AllQueuedTransferStruct><CommandKey>{transfer.key}</CommandKey><State>1</State><IsDownload>"
            f"{int(transfer.kind == 'Download')}</IsDownload><FileType>{transfer.file_type}</FileType>"
            "<FileSize>0</FileSize><TargetFileName></TargetFileName></AllQueuedTransferStruct>"
            for transfer in self.transfers
        )
        return _response(
            "GetAllQueuedTransfers",
            f'<TransferList enc:arrayType="cwmp:AllQueuedTransferStruct[{len(self.transfers)}]">{queued}'
            "</TransferList>",
        )


_TRANSFER_BEGUN = (
    "<Status>1</Status><StartTime>0001-01-01T00:00:00Z</StartTime>"
    "<CompleteTime>0001-01-01T00:00:00Z</CompleteTime>"
)


def _one(text: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return unescape(found[1]) if found else ""


def _all(text: str, name: str) -> list[str]:
    return [unescape(one) for one in re.findall(rf"<{name}>([^<]*)</{name}>", text)]


def _response(method: str, inside: str) -> str:
    return f"<cwmp:{method}Response>{inside}</cwmp:{method}Response>"


def _fault(code: int, text: str) -> str:
    return (
        "<soap:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault>"
        f"<FaultCode>{code}</FaultCode><FaultString>{text}</FaultString></cwmp:Fault></detail></soap:Fault>"
    )
