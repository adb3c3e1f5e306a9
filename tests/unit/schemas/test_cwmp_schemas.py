"""Our schemas and the Broadband Forum's come to the same verdict on the same messages."""

# A table of messages reads best with one message a line, however long.
# ruff: noqa: E501

from __future__ import annotations

import pytest
from lxml import etree

from cwmp_schemas.loader import UnknownSchema, open_schema, schema_names

HEADER = '<c:ID e:mustUnderstand="1">1</c:ID>'
DEVICE = (
    "<DeviceId><Manufacturer>Y</Manufacturer><OUI>{oui}</OUI><ProductClass>T</ProductClass>"
    "<SerialNumber>1</SerialNumber></DeviceId>"
)
EVENT = (
    '<Event n:arrayType="c:EventStruct[1]"><EventStruct><EventCode>{code}</EventCode>'
    "<CommandKey/></EventStruct></Event>"
)
REST = (
    "<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2024-05-01T00:00:00Z</CurrentTime><RetryCount>0</RetryCount>"
    '<ParameterList n:arrayType="c:ParameterValueStruct[1]"><ParameterValueStruct><Name>Device.A</Name>'
    "<Value {type}>1</Value></ParameterValueStruct></ParameterList>"
)
TIMES = "<StartTime>0001-01-01T00:00:00Z</StartTime><CompleteTime>0001-01-01T00:00:00Z</CompleteTime>"


def inform(oui="001565", code="1 BOOT", type='x:type="d:string"'):
    parts = DEVICE.format(oui=oui) + EVENT.format(code=code) + REST.format(type=type)
    return f"<c:Inform>{parts}</c:Inform>"


def transfer(code, text="<FaultString/>"):
    fault = f"<FaultStruct><FaultCode>{code}</FaultCode>{text}</FaultStruct>"
    return f"<c:TransferComplete><CommandKey>k</CommandKey>{fault}{TIMES}</c:TransferComplete>"


def fault(code, inner=9005):
    parameter = f"<SetParameterValuesFault><ParameterName>A</ParameterName><FaultCode>{inner}</FaultCode></SetParameterValuesFault>"
    detail = f"<detail><c:Fault><FaultCode>{code}</FaultCode>{parameter}</c:Fault></detail>"
    return f"<e:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring>{detail}</e:Fault>"


def download(file_type):
    return (
        f"<c:Download><CommandKey>k</CommandKey><FileType>{file_type}</FileType><URL>http://h/f</URL><Username/>"
        "<Password/><FileSize>0</FileSize><TargetFileName/><DelaySeconds>0</DelaySeconds><SuccessURL/>"
        "<FailureURL/></c:Download>"
    )


def upload(file_type):
    return (
        f"<c:Upload><CommandKey>k</CommandKey><FileType>{file_type}</FileType><URL>http://h/f</URL><Username/>"
        "<Password/><DelaySeconds>0</DelaySeconds></c:Upload>"
    )


def attributes(notification, entry="Subscriber"):
    return (
        '<c:SetParameterAttributes><ParameterList n:arrayType="x[1]"><SetParameterAttributesStruct><Name>A</Name>'
        f"<NotificationChange>1</NotificationChange><Notification>{notification}</Notification>"
        '<AccessListChange>1</AccessListChange><AccessList n:arrayType="d:string[1]">'
        f"<string>{entry}</string></AccessList></SetParameterAttributesStruct></ParameterList>"
        "</c:SetParameterAttributes>"
    )


def windows(count):
    window = (
        "<TimeWindowStruct><WindowStart>0</WindowStart><WindowEnd>60</WindowEnd><WindowMode>1 At Any Time</WindowMode>"
        "<UserMessage/><MaxRetries>-1</MaxRetries></TimeWindowStruct>"
    )
    return (
        "<c:ScheduleDownload><CommandKey>k</CommandKey><FileType>1 Firmware Upgrade Image</FileType><URL>http://h/f</URL>"
        f'<Username/><Password/><FileSize>0</FileSize><TargetFileName/><TimeWindowList n:arrayType="x[{count}]">'
        f"{window * count}</TimeWindowList></c:ScheduleDownload>"
    )


UUID = "00000000-0000-0000-0000-00000000000a"


def change(kind, content):
    return f'<c:ChangeDUState><Operations x:type="c:{kind}">{content}</Operations></c:ChangeDUState>'


def module_result(code, extra="", message="DUStateChangeComplete"):
    return (
        f"<c:{message}><Results><UUID>{UUID}</UUID><DeploymentUnitRef/><Version>1</Version>"
        "<CurrentState>Installed</CurrentState><Resolved>1</Resolved><ExecutionUnitRefList/>"
        f"{TIMES}<Fault><FaultCode>{code}</FaultCode></Fault>{extra}</Results></c:{message}>"
    )


BODIES = {
    "inform": inform(),
    "inform with a lower-case OUI": inform(oui="00156a"),
    "inform with a short OUI": inform(oui="0015"),
    "inform with a vendor event": inform(code="X 001565 Something odd"),
    "inform with a vendor event without OUI": inform(code="X Yealink odd"),
    "inform with a numbered event": inform(code="13 WAKEUP"),
    "inform with event 10": inform(code="10 AUTONOMOUS TRANSFER COMPLETE"),
    "inform with an event without name": inform(code="1"),
    "inform with a method's event": inform(code="M ScheduleDownload"),
    "inform with a vendor's method": inform(code="M X_001565_Ring"),
    "inform with a value of no type": inform(type=""),
    "inform with a boolean": inform(type='x:type="d:boolean"'),
    "inform with an invented type": inform(type='x:type="d:json"'),
    "inform with qualified children": inform().replace("<DeviceId>", "<c:DeviceId>").replace("</DeviceId>", "</c:DeviceId>"),
    "inform without arrayType": inform().replace(' n:arrayType="c:EventStruct[1]"', ""),
    "inform with SOAP-ENC:Array": inform().replace("<Event ", '<Event x:type="n:Array" '),
    "inform without events": inform().replace(EVENT.format(code="1 BOOT"), '<Event n:arrayType="c:EventStruct[0]"/>'),
    "inform out of order": f"<c:Inform>{EVENT.format(code='1 BOOT')}{DEVICE.format(oui='001565')}{REST.format(type='')}</c:Inform>",
    "inform without a device": f"<c:Inform>{EVENT.format(code='1 BOOT')}{REST.format(type='')}</c:Inform>",
    "inform without a clock": inform().replace("2024-05-01T00:00:00Z", "11:54::14"),
    **{f"transfer that ended with {code}": transfer(code) for code in (0, 1, 9001, 9003, 9013, 9014, 9020, 9021, 9033, 9800, 9900)},
    "transfer without a fault string": transfer(0, ""),
    **{f"fault {code}": fault(code) for code in (0, 7999, 8000, 8005, 8006, 8799, 8800, 8899, 8900, 9000, 9013, 9014, 9032, 9899, 9900)},
    "fault with an ACS code for a parameter": fault(9003, 8003),
    "fault without detail": "<e:Fault><faultcode>Client</faultcode><faultstring>x</faultstring></e:Fault>",
    "fault without a string": "<e:Fault><faultcode>Client</faultcode></e:Fault>",
    **{f"download of {kind}": download(kind) for kind in ("1 Firmware Upgrade Image", "4 Tone File", "Firmware", "X 001565 Ring", "X yealink ring")},
    **{f"upload of {kind}": upload(kind) for kind in ("1 Vendor Configuration File", "2 Vendor Log File", "3 Vendor Configuration File 1", "4 Vendor Log File 12", "X 001565 Ring")},
    **{f"notification {number}": attributes(number) for number in (-1, 0, 2, 3, 6, 7)},
    "access list with another entity": attributes(1, "X_001565_Admin"),
    "path that is nil": '<c:GetParameterNames><ParameterPath x:nil="true"/><NextLevel>1</NextLevel></c:GetParameterNames>',
    "path that is empty": "<c:GetParameterNames><ParameterPath/><NextLevel>true</NextLevel></c:GetParameterNames>",
    "path too long": f"<c:GetParameterNames><ParameterPath>{'a' * 257}</ParameterPath><NextLevel>1</NextLevel></c:GetParameterNames>",
    "next level in words": "<c:GetParameterNames><ParameterPath/><NextLevel>yes</NextLevel></c:GetParameterNames>",
    "names of nothing": '<c:GetParameterValues><ParameterNames n:arrayType="d:string[0]"/></c:GetParameterValues>',
    "object without its dot": "<c:AddObject><ObjectName>Device.A</ObjectName><ParameterKey/></c:AddObject>",
    "object with its dot": "<c:AddObject><ObjectName>Device.A.</ObjectName><ParameterKey/></c:AddObject>",
    "instance 0": "<c:AddObjectResponse><InstanceNumber>0</InstanceNumber><Status>0</Status></c:AddObjectResponse>",
    "status 2": "<c:DeleteObjectResponse><Status>2</Status></c:DeleteObjectResponse>",
    "key of 33 characters": f"<c:Reboot><CommandKey>{'k' * 33}</CommandKey></c:Reboot>",
    "reboot without a key": "<c:Reboot/>",
    "empty response with content": "<c:RebootResponse><Status>0</Status></c:RebootResponse>",
    "one queued transfer": '<c:GetQueuedTransfersResponse><TransferList n:arrayType="x[1]"><QueuedTransferStruct><CommandKey/>'
    "<State>2</State></QueuedTransferStruct></TransferList></c:GetQueuedTransfersResponse>",
    "all transfers asked for": "<c:GetAllQueuedTransfers/>",
    "vouchers": '<c:SetVouchers><VoucherList n:arrayType="n:base64[1]"><base64>AAEC</base64></VoucherList></c:SetVouchers>',
    "vouchers that are no base64": '<c:SetVouchers><VoucherList n:arrayType="x"><base64>?</base64></VoucherList></c:SetVouchers>',
    **{f"{count} windows": windows(count) for count in (0, 1, 2, 3)},
    "cancelling": "<c:CancelTransfer><CommandKey>k</CommandKey></c:CancelTransfer>",
    "installing": change("InstallOpStruct", "<URL>http://h/m</URL>"),
    "installing nothing": change("InstallOpStruct", ""),
    "updating everything": change("UpdateOpStruct", ""),
    "uninstalling": change("UninstallOpStruct", f"<UUID>{UUID}</UUID>"),
    "uninstalling a bad UUID": change("UninstallOpStruct", "<UUID>7</UUID>"),
    "an operation without type": "<c:ChangeDUState><Operations/></c:ChangeDUState>",
    **{f"module that ended with {code}": module_result(code) for code in (0, 9001, 9002, 9014, 9022, 9032, 9033, 9800)},
    "module changed by itself": module_result(0, "<OperationPerformed>Update</OperationPerformed>", "AutonomousDUStateChangeComplete"),
    "module changed by itself, untold": module_result(0, "", "AutonomousDUStateChangeComplete"),
    "a method of nobody": "<c:MakeCoffee/>",
    "nothing": "",
}  # fmt: skip

HEADERS = {
    "an ID": HEADER,
    "an ID that may be ignored": '<c:ID e:mustUnderstand="0">1</c:ID>',
    "an ID without the mark": "<c:ID>1</c:ID>",
    "HoldRequests": '<c:HoldRequests e:mustUnderstand="1">0</c:HoldRequests>',
    "HoldRequests in words": '<c:HoldRequests e:mustUnderstand="1">no</c:HoldRequests>',
    "NoMoreRequests": '<c:NoMoreRequests e:mustUnderstand="1">1</c:NoMoreRequests>',
    "SessionTimeout": '<c:SessionTimeout e:mustUnderstand="0">60</c:SessionTimeout>',
    "SessionTimeout to be understood": '<c:SessionTimeout e:mustUnderstand="1">60</c:SessionTimeout>',
    "SupportedCWMPVersions": '<c:SupportedCWMPVersions e:mustUnderstand="0">1.0,1.4</c:SupportedCWMPVersions>',
    "UseCWMPVersion": '<c:UseCWMPVersion e:mustUnderstand="1">1.4</c:UseCWMPVersion>',
    "UseCWMPVersion without the mark": "<c:UseCWMPVersion>1.4</c:UseCWMPVersion>",
}


def envelope(version: int, body: str, header: str = HEADER) -> etree._Element:
    return etree.fromstring(
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:d="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" xmlns:x="http://www.w3.org/2001/XMLSchema-instance"'
        f' xmlns:c="urn:dslforum-org:cwmp-1-{version}"><e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>'
    )


#: The protocols 1.3 and 1.4 live in the namespace of 1.2, so ours for 1.2 speaks for 1.4.
OFFICIAL_NAMES = {0: "cwmp-1-0", 1: "cwmp-1-1", 2: "cwmp-1-4"}


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("what", sorted(BODIES))
def test_the_same_verdict_on_a_body(what, version, official_schema):
    message = envelope(version, BODIES[what])
    official, ours = official_schema(OFFICIAL_NAMES[version]), open_schema(f"cwmp-1-{version}")
    assert ours.validate(message) == official.validate(message), (official.error_log, ours.error_log)


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("what", sorted(HEADERS))
def test_the_same_verdict_on_a_header(what, version, official_schema):
    message = envelope(version, "", HEADERS[what])
    official, ours = official_schema(OFFICIAL_NAMES[version]), open_schema(f"cwmp-1-{version}")
    assert ours.validate(message) == official.validate(message), (official.error_log, ours.error_log)


def test_the_table_holds_both_verdicts():
    verdicts = [open_schema("cwmp-1-2").validate(envelope(2, body)) for body in BODIES.values()]
    assert verdicts.count(True) > 30
    assert verdicts.count(False) > 20


def test_the_schemas_are_named_and_opened_once():
    assert set(schema_names()) >= {"cwmp-1-0", "cwmp-1-1", "cwmp-1-2"}
    assert open_schema("cwmp-1-0") is open_schema("cwmp-1-0")


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(UnknownSchema, match="cwmp-1-2"):
        open_schema("../cwmp-1-2")
