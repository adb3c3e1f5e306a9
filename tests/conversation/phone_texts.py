"""What phones say, as XML text written by hand: nothing here knows the server's own reader or writer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

NS = "urn:dslforum-org:cwmp-1-0"


def envelope(
    body: str, *, cwmp_id: str | None = "1", namespace: str = NS, header: str = "", prefix: str = "cwmp"
) -> str:
    """`body` uses the prefix `cwmp:`; `cwmp_id` None leaves the ID out, `header` adds to the SOAP header."""
    identity = "" if cwmp_id is None else f'<cwmp:ID soap:mustUnderstand="1">{cwmp_id}</cwmp:ID>'
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:cwmp="{namespace}">'
        f"<soap:Header>{identity}{header}</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
    return text.replace("cwmp:", f"{prefix}:").replace("xmlns:cwmp=", f"xmlns:{prefix}=")


def events(codes: Iterable[str | tuple[str, str]]) -> str:
    """Event codes, each with its CommandKey where it has one."""
    pairs = [(code, "") if isinstance(code, str) else code for code in codes]
    structs = "".join(
        f"<EventStruct><EventCode>{code}</EventCode><CommandKey>{key}</CommandKey></EventStruct>"
        for code, key in pairs
    )
    return f'<Event enc:arrayType="cwmp:EventStruct[{len(pairs)}]">{structs}</Event>'


def values(parameters: Mapping[str, str]) -> str:
    structs = "".join(
        f"<ParameterValueStruct><Name>{name}</Name>"
        f'<Value xsi:type="xsd:string">{escape(value)}</Value></ParameterValueStruct>'
        for name, value in parameters.items()
    )
    kind = f"cwmp:ParameterValueStruct[{len(parameters)}]"
    return f'<ParameterList enc:arrayType="{kind}">{structs}</ParameterList>'


def device_id(serial: str, *, oui: str = "00155D", product_class: str = "T1", maker: str = "Maker") -> str:
    return (
        f"<DeviceId><Manufacturer>{maker}</Manufacturer><OUI>{oui}</OUI>"
        f"<ProductClass>{product_class}</ProductClass><SerialNumber>{serial}</SerialNumber></DeviceId>"
    )


def inform(
    serial: str,
    codes: Iterable[str | tuple[str, str]],
    parameters: Mapping[str, str],
    *,
    current_time: str = "2026-03-01T12:00:00Z",
    retry_count: int = 0,
    **identity: str,
) -> str:
    return (
        f"<cwmp:Inform>{device_id(serial, **identity)}{events(codes)}<MaxEnvelopes>1</MaxEnvelopes>"
        f"<CurrentTime>{current_time}</CurrentTime><RetryCount>{retry_count}</RetryCount>"
        f"{values(parameters)}</cwmp:Inform>"
    )


def get_parameter_values_response(parameters: Mapping[str, str]) -> str:
    return f"<cwmp:GetParameterValuesResponse>{values(parameters)}</cwmp:GetParameterValuesResponse>"


def get_parameter_names_response(names: Mapping[str, bool]) -> str:
    structs = "".join(
        f"<ParameterInfoStruct><Name>{name}</Name><Writable>{int(writable)}</Writable></ParameterInfoStruct>"
        for name, writable in names.items()
    )
    return (
        "<cwmp:GetParameterNamesResponse>"
        f'<ParameterList enc:arrayType="cwmp:ParameterInfoStruct[{len(names)}]">{structs}</ParameterList>'
        "</cwmp:GetParameterNamesResponse>"
    )


def get_rpc_methods_response(methods: Iterable[str]) -> str:
    methods = list(methods)
    items = "".join(f"<string>{method}</string>" for method in methods)
    return (
        "<cwmp:GetRPCMethodsResponse>"
        f'<MethodList enc:arrayType="xsd:string[{len(methods)}]">{items}</MethodList>'
        "</cwmp:GetRPCMethodsResponse>"
    )


def status_response(method: str, status: int = 0, **more: str) -> str:
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    return f"<cwmp:{method}Response>{fields}<Status>{status}</Status></cwmp:{method}Response>"


def transfer_response(method: str, status: int = 1) -> str:
    return (
        f"<cwmp:{method}Response><Status>{status}</Status><StartTime>0001-01-01T00:00:00Z</StartTime>"
        f"<CompleteTime>0001-01-01T00:00:00Z</CompleteTime></cwmp:{method}Response>"
    )


def plain_response(method: str) -> str:
    return f"<cwmp:{method}Response/>"


def fault(code: int, text: str = "", *, details: str = "") -> str:
    return (
        "<soap:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault>"
        f"<FaultCode>{code}</FaultCode><FaultString>{text}</FaultString>{details}</cwmp:Fault></detail></soap:Fault>"
    )


def transfer_complete(command_key: str, *, code: int = 0, text: str = "") -> str:
    return (
        f"<cwmp:TransferComplete><CommandKey>{command_key}</CommandKey>"
        f"<FaultStruct><FaultCode>{code}</FaultCode><FaultString>{text}</FaultString></FaultStruct>"
        "<StartTime>2026-03-01T12:00:00Z</StartTime><CompleteTime>2026-03-01T12:01:00Z</CompleteTime>"
        "</cwmp:TransferComplete>"
    )
