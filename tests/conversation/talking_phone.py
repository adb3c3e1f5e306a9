"""A phone for conversations: says what a test tells it to, and keeps what it gets.

    phone.sends(phone.inform("2 PERIODIC"))
    phone.gets("InformResponse")
    phone.sends_nothing()
    phone.gets_nothing()

Its HTTP habits are attributes (`keeps_connection`, `returns_cookies`, …). It is independent of the
server: raw sockets, its own Digest, XML by hand, answers read with plain lxml and held against the
official schemas."""

from __future__ import annotations

from collections.abc import Callable

import official_schemas
import phone_texts as texts
from lxml import etree
from phone_wire import Answer, Wire, digest_login

#: A model small enough to be learnt in a few requests.
SMALL_TREE = {
    "Device.DeviceInfo.SoftwareVersion": "1.0",
    "Device.DeviceInfo.UpTime": "77",
    "Device.ManagementServer.URL": "http://acs.test/",
    "Device.ManagementServer.PeriodicInformInterval": "3600",
    "Device.ManagementServer.ConnectionRequestURL": "http://127.0.0.1:1/",
    "Device.Line.1.Enable": "1",
    "Device.Line.1.Label": "one",
    "Device.Line.2.Enable": "0",
    "Device.Line.2.Label": "two",
}
METHODS = (
    "GetRPCMethods",
    "SetParameterValues",
    "GetParameterValues",
    "GetParameterNames",
    "SetParameterAttributes",
    "GetParameterAttributes",
    "AddObject",
    "DeleteObject",
    "Download",
    "Upload",
    "Reboot",
    "FactoryReset",
    "GetQueuedTransfers",
    "ScheduleInform",
)
READ_ONLY = ("DeviceInfo.", "UpTime")


class Got:
    """One message of the server."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.xml = etree.fromstring(answer.body)
        body = self.xml.find("{*}Body")
        assert body is not None
        self.element = body[0]
        self.method = etree.QName(self.element).localname
        self.namespace = etree.QName(self.element).namespace
        self.cwmp_id = self.xml.findtext("{*}Header/{*}ID")

    def text(self, name: str) -> str | None:
        return self.element.findtext(f".//{name}")

    def texts(self, name: str) -> list[str]:
        return [element.text or "" for element in self.element.iter(name)]

    def header(self, name: str) -> str | None:
        return self.xml.findtext(f"{{*}}Header/{{*}}{name}")

    @property
    def fault_code(self) -> int | None:
        code = self.element.findtext(".//FaultCode")
        return int(code) if code else None


class TalkingPhone:
    def __init__(self, port: int, serial: str, *, product_class: str = "T1", version: str = "1.0") -> None:
        self.port = port
        self.serial = serial
        self.product_class = product_class
        self.namespace = texts.NS
        self.tree = {**SMALL_TREE, "Device.DeviceInfo.SoftwareVersion": version}
        self.path = "/acs"
        self.keeps_connection = True
        self.returns_cookies = True
        #: how the cookies it was given go back
        self.spells_cookies: Callable[[list[str]], str] = "; ".join
        self.http = "1.1"
        self.source = "127.0.0.1"
        self.content_type = "text/xml; charset=utf-8"
        self.headers: dict[str, str] = {}
        self.encode: Callable[[bytes], bytes] = lambda body: body
        self.username = "fleet"
        self.password = "secret"
        self.logs_in = True
        self.cookies: list[str] = []
        self.challenge = ""
        self.last: Answer | None = None
        self.heard: list[bytes] = []
        self._wire: Wire | None = None

    # --- what it is ------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return f"00155D-{self.product_class}-{self.serial}"

    def inform(self, *codes: str | tuple[str, str], **parameters: str) -> str:
        told = {
            name: self.tree[name]
            for name in (
                "Device.DeviceInfo.SoftwareVersion",
                "Device.ManagementServer.ConnectionRequestURL",
            )
            if name in self.tree
        }
        return texts.inform(self.serial, codes, told, product_class=self.product_class, **parameters)

    # --- what it does ----------------------------------------------------------------------------------

    def sends(self, body: str, *, cwmp_id: str | None = "1", **envelope: str) -> None:
        """POST a message and wait for the answer; logs in when it is asked to."""
        text = texts.envelope(body, cwmp_id=cwmp_id, **{"namespace": self.namespace, **envelope})
        self.sends_bytes(text.encode())

    def sends_nothing(self) -> None:
        """The empty POST."""
        self.sends_bytes(b"")

    def sends_bytes(self, body: bytes) -> None:
        answer = self._exchange(body)
        if answer.status == 401 and self.logs_in:
            self.challenge = answer.headers["www-authenticate"]
            answer = self._exchange(body)
        if answer.cookies:
            # Each cookie that is set anew replaces the old one of its name.
            self.cookies = [cookie.split(";")[0] for cookie in answer.cookies]
        self.last = answer
        if answer.status == 200 and answer.body:
            self.heard.append(answer.body)
            assert official_schemas.problems(answer.body) == []

    def begins(self, body: str, *, cwmp_id: str | None = "1") -> None:
        """Send a message without waiting for its answer."""
        self._send(texts.envelope(body, cwmp_id=cwmp_id, namespace=self.namespace).encode())

    def hangs_up(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def answers(self, got: Got, body: str) -> None:
        """Answer a request with its own ID."""
        self.sends(body, cwmp_id=got.cwmp_id)

    # --- what it gets ----------------------------------------------------------------------------------

    def gets(self, method: str | None = None) -> Got:
        """The message in the last answer, which must be of this method."""
        answer = self.last
        assert answer is not None
        assert answer.status == 200, (answer.status, answer.body)
        got = Got(answer)
        assert method is None or got.method == method, (got.method, answer.body)
        return got

    def gets_nothing(self) -> None:
        assert self.last is not None
        assert (self.last.status, self.last.body) == (204, b""), (self.last.status, self.last.body)

    def gets_status(self, status: int) -> Answer:
        assert self.last is not None
        assert self.last.status == status, (self.last.status, self.last.body)
        return self.last

    # --- whole sessions --------------------------------------------------------------------------------

    def opens(self, *codes: str | tuple[str, str], **parameters: str) -> Got:
        """Inform and its answer."""
        self.sends(self.inform(*codes, **parameters))
        return self.gets("InformResponse")

    def goes_on_until(self, method: str = "", *, most: int = 200) -> Got | None:
        """Answer what the server asks, like a well-behaved phone, until it asks for `method` or ends."""
        for _ in range(most):
            assert self.last is not None
            if self.last.status == 204:
                assert not method, f"the session ended without {method}"
                return None
            got = self.gets()
            if got.method == method:
                return got
            self.answers(got, self.obeys(got))
        raise AssertionError("the session does not end")

    def holds_session(self, *codes: str | tuple[str, str]) -> list[str]:
        """A whole session; gives the methods that the server used."""
        first = len(self.heard)
        self.opens(*codes)
        self.sends_nothing()
        self.goes_on_until()
        return [
            etree.QName(etree.fromstring(body).find("{*}Body")[0]).localname for body in self.heard[first:]
        ]

    def obeys(self, got: Got) -> str:
        """What a well-behaved phone answers to this request."""
        if got.method == "GetRPCMethods":
            return texts.get_rpc_methods_response(METHODS)
        if got.method == "GetParameterNames":
            path = got.text("ParameterPath") or ""
            names = self._names(path, next_level=got.text("NextLevel") in ("1", "true"))
            return texts.get_parameter_names_response(names) if names else texts.fault(9005)
        if got.method == "GetParameterValues":
            found: dict[str, str] = {}
            for name in got.texts("string"):
                below = {
                    n: v
                    for n, v in self.tree.items()
                    if n == name or (name.endswith(".") and n.startswith(name))
                }
                if not below:
                    return texts.fault(9005, "Invalid parameter name")
                found.update(below)
            return texts.get_parameter_values_response(found)
        if got.method == "SetParameterValues":
            names, values = got.texts("Name"), got.texts("Value")
            self.tree.update(zip(names, values, strict=True))
            return texts.status_response("SetParameterValues")
        if got.method in ("Download", "Upload"):
            return texts.transfer_response(got.method)
        if got.method == "AddObject":
            return texts.status_response("AddObject", InstanceNumber="3")
        if got.method == "DeleteObject":
            return texts.status_response("DeleteObject")
        return texts.plain_response(got.method)

    def _names(self, path: str, *, next_level: bool) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for name in self.tree:
            if not name.startswith(path):
                continue
            parts = name[len(path) :].split(".")
            depth = 1 if next_level else len(parts)
            for level in range(1, depth + 1):
                leaf = level == len(parts)
                listed = path + ".".join(parts[:level]) + ("" if leaf else ".")
                found[listed] = leaf and not any(word in listed for word in READ_ONLY)
        return found

    # --- HTTP ------------------------------------------------------------------------------------------

    def _exchange(self, body: bytes) -> Answer:
        self._send(body)
        return self.hears()

    def hears(self) -> Answer:
        """Wait for the answer to what was sent."""
        assert self._wire is not None
        answer = self._wire.answer()
        while answer.status == 100:
            answer = self._wire.answer()
        if not self.keeps_connection or answer.headers.get("connection") == "close":
            self.hangs_up()
        return answer

    def _send(self, body: bytes) -> None:
        if self._wire is None:
            self._wire = Wire(self.port, self.source)
        body = self.encode(body)
        lines = [
            f"POST {self.path} HTTP/{self.http}",
            f"Host: 127.0.0.1:{self.port}",
            "User-Agent: test-phone/1",
        ]
        if body:
            lines += [f"Content-Type: {self.content_type}"] if self.content_type else []
            lines += ['SOAPAction: ""']
        if self.returns_cookies and self.cookies:
            lines.append(f"Cookie: {self.spells_cookies(self.cookies)}")
        if self.challenge and self.logs_in:
            login = digest_login(
                self.challenge, username=self.username, password=self.password, path=self.path
            )
            lines.append(f"Authorization: {login}")
        if not self.keeps_connection and self.http == "1.1":
            lines.append("Connection: close")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"Content-Length: {len(body)}")
        self._wire.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
