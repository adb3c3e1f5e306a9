"""A phone of the benchmark: bytes built by hand, so that it costs little and owes the server nothing.

It answers what a server asks while it learns a phone (GetRPCMethods, GetParameterNames, GetParameterValues,
SetParameterValues and the like) for a flat model of as many parameters as the benchmark wants.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from lxml import etree

_NAMESPACE = "urn:dslforum-org:cwmp-1-0"
_HEAD = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    f'xmlns:cwmp="{_NAMESPACE}"><soap:Header><cwmp:ID soap:mustUnderstand="1">{{id}}</cwmp:ID></soap:Header>'
    "<soap:Body>{body}</soap:Body></soap:Envelope>"
)

METHODS = (
    "GetRPCMethods",
    "SetParameterValues",
    "GetParameterValues",
    "GetParameterNames",
    "SetParameterAttributes",
    "GetParameterAttributes",
    "AddObject",
    "DeleteObject",
    "Reboot",
    "Download",
    "Upload",
    "FactoryReset",
)

#: What an Inform carries: the parameters that TR-106 forces into it.
FORCED = (
    "Device.DeviceSummary",
    "Device.DeviceInfo.HardwareVersion",
    "Device.DeviceInfo.SoftwareVersion",
    "Device.ManagementServer.ConnectionRequestURL",
    "Device.ManagementServer.ParameterKey",
    "Device.LAN.IPAddress",
)


def model(size: int, serial: str) -> dict[str, str]:
    """`size` parameters, at least ten, of the phone with this serial number, by full name."""
    known = {
        "Device.DeviceSummary": "Device:1.4[](Baseline:1), VoiceService:1.0[1](Endpoint:1)",
        "Device.DeviceInfo.HardwareVersion": "37.0.0.0",
        "Device.DeviceInfo.SoftwareVersion": f"37.72.0.{size}",
        "Device.ManagementServer.ConnectionRequestURL": "http://192.0.2.1:7547/",
        "Device.ManagementServer.ParameterKey": "",
        "Device.LAN.IPAddress": "192.0.2.1",
        "Device.DeviceInfo.SerialNumber": serial,
        "Device.DeviceInfo.UpTime": "1000",
        "Device.ManagementServer.PeriodicInformEnable": "1",
        "Device.ManagementServer.PeriodicInformInterval": "3600",
    }
    for number in range(size - len(known)):
        line, leaf = divmod(number, 20)
        known[f"Device.Services.VoiceService.1.VoiceProfile.1.Line.{line + 1}.Setting{leaf}"] = (
            f"value {number}"
        )
    return known


def _envelope(identifier: str, body: str) -> bytes:
    return _HEAD.format(id=escape(identifier), body=body).encode()


def _values(values: dict[str, str]) -> str:
    structs = "".join(
        f'<ParameterValueStruct><Name>{name}</Name><Value xsi:type="xsd:string">{escape(value)}</Value>'
        "</ParameterValueStruct>"
        for name, value in values.items()
    )
    array = f'soap-enc:arrayType="cwmp:ParameterValueStruct[{len(values)}]"'
    return f"<ParameterList {array}>{structs}</ParameterList>"


class ScriptedPhone:
    """One phone: its Inform, and its answer to whatever it is asked."""

    def __init__(self, number: int, size: int) -> None:
        self.serial = f"00156599{number:04X}"
        self.size = size
        self.parameters = model(size, self.serial)

    def inform(self, *events: str) -> bytes:
        listed = "".join(
            f"<EventStruct><EventCode>{event}</EventCode><CommandKey></CommandKey></EventStruct>"
            for event in events
        )
        forced = {name: self.parameters[name] for name in FORCED}
        return _envelope(
            "1",
            "<cwmp:Inform><DeviceId><Manufacturer>Benchmark</Manufacturer><OUI>001565</OUI>"
            f"<ProductClass>BENCH{self.size}</ProductClass><SerialNumber>{self.serial}</SerialNumber></DeviceId>"
            f'<Event soap-enc:arrayType="cwmp:EventStruct[{len(events)}]">{listed}</Event>'
            "<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-01-01T00:00:00Z</CurrentTime>"
            f"<RetryCount>0</RetryCount>{_values(forced)}</cwmp:Inform>",
        )

    def answer(self, request: bytes) -> bytes:
        """The response to one request of the server; raises ValueError for one this phone does not know."""
        envelope = etree.fromstring(request)
        identifier = envelope.findtext(f".//{{{_NAMESPACE}}}ID") or ""
        call = envelope.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")[0]
        method = etree.QName(call).localname
        answers = {
            "GetRPCMethods": self._methods,
            "GetParameterNames": self._names,
            "GetParameterValues": self._get,
            "SetParameterValues": self._set,
            "GetParameterAttributes": lambda _: (
                '<ParameterList soap-enc:arrayType="cwmp:ParameterAttributeStruct[0]"/>'
            ),
            "SetParameterAttributes": lambda _: "",
        }
        if method not in answers:
            raise ValueError(f"the benchmark's phone was asked for {method}")
        content = answers[method](call)
        if content is None:
            return _envelope(identifier, _fault(9005, "Invalid parameter name"))
        return _envelope(identifier, f"<cwmp:{method}Response>{content}</cwmp:{method}Response>")

    def _methods(self, _: etree._Element) -> str:
        listed = "".join(f"<string>{method}</string>" for method in METHODS)
        return f'<MethodList soap-enc:arrayType="xsd:string[{len(METHODS)}]">{listed}</MethodList>'

    def _names(self, call: etree._Element) -> str | None:
        path = call.findtext("ParameterPath") or ""
        one_level = (call.findtext("NextLevel") or "").strip() in ("1", "true")
        found: dict[str, bool] = {}
        for name in self.parameters:
            if name.startswith(path):
                parts = name[len(path) :].split(".")
                if not one_level:
                    for depth in range(1, len(parts)):
                        found[path + ".".join(parts[:depth]) + "."] = False
                found[path + parts[0] + ("." if one_level and len(parts) > 1 else "")] = len(parts) == 1
                if not one_level:
                    found[name] = True
        if not found:
            return None
        listed = "".join(
            f"<ParameterInfoStruct><Name>{name}</Name><Writable>{int(writable)}</Writable></ParameterInfoStruct>"
            for name, writable in found.items()
        )
        array = f'soap-enc:arrayType="cwmp:ParameterInfoStruct[{len(found)}]"'
        return f"<ParameterList {array}>{listed}</ParameterList>"

    def _get(self, call: etree._Element) -> str | None:
        found: dict[str, str] = {}
        for element in call.iter("string"):
            wanted = (element.text or "").strip()
            fitting = {
                name: value
                for name, value in self.parameters.items()
                if name == wanted or (wanted.endswith(".") and name.startswith(wanted)) or not wanted
            }
            if not fitting:
                return None
            found |= fitting
        return _values(found)

    def _set(self, call: etree._Element) -> str | None:
        pairs = {
            (struct.findtext("Name") or "").strip(): struct.findtext("Value") or ""
            for struct in call.iter("ParameterValueStruct")
        }
        if not pairs.keys() <= self.parameters.keys():
            return None
        self.parameters |= pairs
        return "<Status>0</Status>"


def _fault(code: int, text: str) -> str:
    return (
        "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>CWMP fault</faultstring><detail>"
        f"<cwmp:Fault><FaultCode>{code}</FaultCode><FaultString>{text}</FaultString></cwmp:Fault></detail></soap:Fault>"
    )
