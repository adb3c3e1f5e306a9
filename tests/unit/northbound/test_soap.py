"""SOAP by a client that zeep makes from the WSDL: every operation, typed faults, hostile requests, limits."""

from __future__ import annotations

import base64
import gzip
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
import requests
import zeep
import zeep.exceptions
from lxml import etree

from acs.northbound.soap import export
from cwmp_schemas.loader import NORTHBOUND, northbound_text

NS = "urn:acs:northbound:1"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


class Fault(Exception):
    """A fault as its typed detail: the name of its type, and the fields."""

    def __init__(self, error: zeep.exceptions.Fault, client: zeep.Client) -> None:
        super().__init__(error.message)
        [detail] = error.detail
        self.name = etree.QName(detail).localname
        self.code = error.code
        self.said = client.get_element(f"{{{NS}}}{self.name}").parse(detail, client.wsdl.types)


class Soap:
    """`soap.GetDevice(device=…)`: one actor's client, made from the WSDL of the server itself."""

    def __init__(self, url: str, token: str) -> None:
        session = requests.Session()
        session.trust_env = False
        session.auth = ("anybody", token) if token else None
        self.client = zeep.Client(f"{url}/soap?wsdl", transport=zeep.Transport(session=session))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**asked: Any) -> Any:
            try:
                return self.client.service[name](**asked)
            except zeep.exceptions.Fault as error:
                raise Fault(error, self.client) from None

        return call


@pytest.fixture
def soap_as(base_url, as_role) -> Callable[..., Soap]:
    return lambda role, **how: Soap(base_url, as_role(role, **how).token)


@pytest.fixture
def soap(base_url, api) -> Soap:
    """As an admin called Alice."""
    return Soap(base_url, api.token)


def refused(call: Callable[..., Any], **asked: Any) -> Fault:
    with pytest.raises(Fault) as caught:
        call(**asked)
    return caught.value


def post(url: str, token: str, body: bytes, **headers: str) -> httpx.Response:
    sent = {"Content-Type": "text/xml", "Authorization": f"Bearer {token}", **headers}
    return httpx.post(f"{url}/soap", content=body, headers=sent, timeout=60, trust_env=False)


def envelope(inside: str) -> bytes:
    return f'<e:Envelope xmlns:e="{ENVELOPE}"><e:Body>{inside}</e:Body></e:Envelope>'.encode()


def detail(answer: httpx.Response) -> tuple[str, str]:
    """Status and type of a fault, which must be as the schema says."""
    [found] = etree.fromstring(answer.content).iter("detail")
    schema = etree.XMLSchema(etree.fromstring(northbound_text("acs.xsd").encode()))
    schema.assertValid(etree.ElementTree(etree.fromstring(etree.tostring(found[0]))))
    return str(answer.status_code), etree.QName(found[0]).localname


# --- the WSDL -------------------------------------------------------------------------------------------


def test_the_shipped_wsdl_is_that_of_the_service():
    """Written anew by: python -m acs.northbound.soap.export"""
    for name, content in export.documents().items():
        assert (NORTHBOUND / name).read_bytes() == content, name


def test_the_wsdl_is_for_everybody_and_names_this_server(base_url, store):
    answer = httpx.get(f"{base_url}/soap?wsdl", trust_env=False)
    assert answer.headers["content-type"].startswith("text/xml")
    root = etree.fromstring(answer.content)
    [place] = root.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")
    assert place.get("location") == f"{base_url}/soap"
    assert httpx.get(f"{base_url}/soap?xsd", trust_env=False).text == northbound_text("acs.xsd")
    assert httpx.get(f"{base_url}/soap", trust_env=False).status_code == 404
    assert httpx.get(f"{base_url}/soap/other?wsdl", trust_env=False).status_code == 404
    assert httpx.put(f"{base_url}/soap", trust_env=False).headers["allow"] == "GET, HEAD, POST"


def test_every_operation_declares_every_fault(soap):
    [binding] = soap.client.wsdl.bindings.values()
    for operation in binding.port_type.operations.values():
        assert {"InvalidFault", "NotFoundFault", "BusyFault"} <= set(operation.fault_messages), operation.name


# --- phones ---------------------------------------------------------------------------------------------


def test_phones_are_listed_by_selector_and_page(soap, phone):
    ids = [phone(serial_number=f"001565000{number}") for number in range(5)]
    first = soap.ListDevices(select="001565000", limit=3)
    assert first.total == 5
    assert first.items[0].software_version == "37.72.0.5"
    rest = soap.ListDevices(select="001565000", limit=3, cursor=first.next)
    assert [one.id for one in [*first.items, *rest.items]] == sorted(ids)
    assert rest.next is None
    assert soap.ListDevices(select="model = T46").items == []


def test_one_phone_as_rest_shows_it(soap, api, phone):
    device = phone(serial_number="0015651A2B3C")
    shown, rest = soap.GetDevice(device=device), api("GET", f"/devices/{device}").json()
    assert shown.presence.state == rest["presence"]["state"]
    for name in ("id", "root", "ip", "informs", "inform_interval", "online", "first_seen"):
        said = shown[name]
        assert (said.isoformat().replace("+00:00", "Z") if name == "first_seen" else said) == rest[name]


def test_what_is_not_there_is_a_typed_fault(soap):
    fault = refused(soap.GetDevice, device="001565-CP860-none")
    assert (fault.name, fault.said.kind, fault.said.name) == ("NotFoundFault", "device", "001565-CP860-none")
    assert fault.code.endswith(":Client")


def test_what_happened_to_a_phone(soap, phone):
    device = phone()
    soap.CreateRebootTask(device=device)
    [entry] = soap.GetTimeline(device=device).items
    assert "put down by Alice" in entry.text
    assert {fact.name: fact.value for fact in entry.data}["type"] == "reboot"


def test_a_phone_is_woken(soap, phone):
    assert soap.WakeDevice(device=phone()).outcome == "accepted"


# --- tasks ----------------------------------------------------------------------------------------------

TASKS = {
    "GetParameterValues": {"names": ["Device.DeviceInfo.", "Device.X"]},
    "SetParameterValues": {"values": [{"key": "Device.X", "value": "1", "type": "xsd:int"}]},
    "GetParameterNames": {"path": "Device.", "next_level": False},
    "GetParameterAttributes": {"names": ["Device.X"]},
    "SetParameterAttributes": {"attributes": [{"key": "Device.X", "notification": 2}]},
    "AddObject": {"object": "Device.T.", "values": [{"key": "Name", "value": "x"}]},
    "DeleteObject": {"object": "Device.T.1."},
    "Download": {"url": "http://192.0.2.1/fw.rom", "file_type": "1 Firmware Upgrade Image"},
    "Upload": {"file_type": "2 Vendor Log File"},
    "Reboot": {},
    "FactoryReset": {},
    "ScheduleInform": {"delay": 60},
    "GetRPCMethods": {},
}


@pytest.mark.parametrize("kind", TASKS)
def test_every_type_of_task_can_be_put_down(soap, api, phone, kind):
    task = soap.__getattr__(f"Create{kind}Task")(device=phone(), priority=7, **TASKS[kind])
    assert (task.state, task.priority, task.created_by) == ("pending", 7, "Alice")
    rest = api("GET", f"/tasks/{task.id}").json()
    assert rest["type"] == task.type
    for name, wanted in TASKS[kind].items():
        if name == "values":
            wanted = {one["key"]: {"value": one["value"], "type": one.get("type", "")} for one in wanted}
        if name == "attributes":
            wanted = {"Device.X": {"notification": 2, "access_list": None}}
        assert rest["request"][name] == wanted


def test_every_task_type_of_rest_has_an_operation(soap):
    from acs.operations.task_requests import REQUESTS

    assert {name.lower() for name in TASKS} == {tag.replace("_", "") for tag in REQUESTS}


def test_a_task_is_looked_at_listed_awaited_and_cancelled(soap, phone):
    device = phone()
    task = soap.CreateRebootTask(device=device, wake=True, expires_in=600)
    assert task.wake.outcome == "accepted"
    assert soap.GetTask(task=task.id).expires_at == task.expires_at
    began = time.monotonic()
    assert soap.WaitTask(task=task.id, seconds=0.3).state == "pending"
    assert time.monotonic() - began >= 0.3
    assert soap.CancelTask(task=task.id).state == "cancelled"
    assert refused(soap.CancelTask, task=task.id).name == "ConflictFault"
    other = soap.CreateFactoryResetTask(device=device)
    assert [one.id for one in soap.ListTasks(device=device)] == [other.id, task.id]
    assert [one.id for one in soap.ListTasks(device=device, states=["cancelled"])] == [task.id]


def test_a_time_without_a_zone_is_one_of_utc(soap, phone):
    device = phone()
    task = soap.CreateRebootTask(device=device, not_before=datetime(2090, 1, 31, 12))
    assert task.not_before == datetime(2090, 1, 31, 12, tzinfo=UTC)
    berlin = datetime(2090, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))
    assert soap.CreateRebootTask(device=device, not_before=berlin).not_before == task.not_before


# --- configuration --------------------------------------------------------------------------------------


def test_a_layer_is_written_changed_and_what_it_makes_of_a_phone_shown(soap, phone):
    device = phone()
    key, other = "local_time.time_format", "local_time.date_format"
    first = soap.SetConfiguration(
        layer="fleet", values=[{"key": key, "value": "1"}, {"key": other, "value": "2"}], reason="all alike"
    )
    assert (first.version, first.by, first.reason) == (1, "Alice", "all alike")
    changed = soap.PatchConfiguration(layer="fleet", values=[{"key": other}], expected_version=1)
    assert [(one.key, one.value) for one in changed["values"]] == [(key, "1")]
    stale = refused(
        soap.PatchConfiguration, layer="fleet", values=[{"key": key, "value": "0"}], expected_version=1
    )
    assert (stale.name, stale.said.present) == ("StaleFault", 2)
    soap.SetConfiguration(layer=f"phone:{device}", values=[{"key": other, "value": "3"}])
    effective = soap.GetEffectiveConfiguration(device=device).effective
    assert {one.key: (one.value, one.layer.partition(":")[0]) for one in effective} == {
        key: ("1", "fleet"),
        other: ("3", "phone"),
    }
    assert soap.GetConfiguration(layer=f"phone:{device}").version == 1
    assert soap.GetDrift(device=device).desired == 2
    assert soap.ApplyConfiguration(device=device, now=True).now is True
    assert soap.VerifyConfiguration(device=device).type == "upload"


def test_a_plan_touches_nothing(soap, phone):
    phone()
    plan = soap.PlanConfiguration(fleet=True, values=[{"key": "local_time.time_format", "value": "1"}])
    assert (plan.accepted, plan.phones) == (True, 1)
    assert soap.GetConfiguration(layer="fleet").version == 0


def test_a_wrong_value_is_told_with_what_is_allowed(soap):
    fault = refused(
        soap.SetConfiguration, layer="fleet", values=[{"key": "local_time.time_format", "value": "7"}]
    )
    [error] = fault.said.errors
    assert (fault.name, error.field, error.value) == ("InvalidFault", "values.local_time.time_format", "7")
    assert [one[:2] for one in error.allowed] == ["0 ", "1 "]
    assert error.section


def test_a_key_stands_once(soap):
    twice = [{"key": "local_time.time_format", "value": value} for value in "01"]
    [error] = refused(soap.SetConfiguration, layer="fleet", values=twice).said.errors
    assert (error.field, error.value) == ("key", "local_time.time_format")


@pytest.mark.parametrize("layer", ["model:", "planet", "phones:x"])
def test_a_layer_that_is_none(soap, layer):
    [error] = refused(soap.GetConfiguration, layer=layer).said.errors
    assert (error.field, error.value) == ("layer", layer)
    assert "group:NAME" in error.allowed[0]


# --- notes and files ------------------------------------------------------------------------------------


def test_what_operators_say_of_a_phone(soap, api, phone):
    device = phone()
    assert soap.TagDevice(device=device, tag="red").tags == ["red"]
    assert soap.TagDevice(device=device, tag="big").tags == ["red", "big"]
    assert soap.TagDevice(device=device, tag="red").tags == ["red", "big"]
    assert soap.UntagDevice(device=device, tag="red").tags == ["big"]
    attributes = [{"key": "room", "value": "12"}, {"key": "floor", "value": "3"}]
    changed = soap.ChangeDevice(device=device, label="Lobby", attributes=attributes)
    assert changed.label == "Lobby"
    changed = soap.ChangeDevice(device=device, attributes=[{"key": "floor"}])
    assert (changed.label, [(one.key, one.value) for one in changed.attributes]) == (
        "Lobby",
        [("room", "12")],
    )
    assert refused(soap.TagDevice, device=device, tag="a b").name == "InvalidFault"
    assert soap.ForgetDevice(device=device).id == device
    assert refused(soap.ForgetDevice, device=device).said.kind == "device"
    what = [(one["operation"], one["object"]) for one in api("GET", "/audit").json()["items"]]
    assert what[-1] == ("devices.tags", f"devices/{device}")
    assert what[0] == ("devices.delete", f"devices/{device}")


def test_files_from_beginning_to_end(soap, api, phone):
    content = bytes(range(256)) * 40
    about = {"file_type": "1 Firmware Upgrade Image", "version": "9", "model": "CP860"}
    stored = soap.PutFile(name="new.rom", content=content, **about)
    assert (stored.size, stored.version, stored.created_by) == (len(content), "9", "Alice")
    assert api("GET", "/files/new.rom").content == content
    assert [one.name for one in soap.ListFiles()["items"]] == ["new.rom"]
    assert soap.GetFile(name="new.rom").content is None
    assert soap.GetFile(name="new.rom", with_content=True).content == content
    task = soap.CreateDownloadTask(device=phone(), file="new.rom")
    assert {fact.name: fact.value for fact in task.request}["version"] == "9"
    assert soap.DeleteFile(name="new.rom").sha256 == stored.sha256
    assert refused(soap.GetFile, name="new.rom").said.kind == "file"
    assert refused(soap.PutFile, name=".hidden", content=b"x").said.errors[0].field == "name"
    assert refused(soap.PutFile, name="what", content=b"x").said.errors[0].field == "file_type"
    assert refused(soap.PutFile, name="big.rom", content=b"x" * (4 << 20)).name == "TooLargeFault"
    entry = api("GET", "/audit").json()["items"][-1]
    assert (entry["operation"], entry["new"]) == ("files.put", {"name": "new.rom", **about})


def test_an_empty_file_and_one_that_is_no_base64(soap, base_url, api):
    assert refused(soap.PutFile, name="empty.cfg", content=b"").said.errors[0].field == "content"
    for content in ("*", "!!!", "AAA", "QUJD!"):
        inside = f"<name>x.cfg</name><content>{content}</content>"
        answer = post(base_url, api.token, envelope(f'<PutFile xmlns="{NS}">{inside}</PutFile>'))
        assert detail(answer) == ("500", "InvalidFault")
        assert "field>content<" in answer.text


def test_an_operation_stands_in_the_namespace_of_the_service(base_url, api):
    answer = post(base_url, api.token, envelope("<ListGroups/>"))
    assert detail(answer) == ("500", "InvalidFault")
    assert f"allowed>{NS}<" in answer.text


# --- groups and events ----------------------------------------------------------------------------------


def test_groups_from_beginning_to_end(soap, phone):
    device = phone()
    assert soap.CreateGroup(name="site7", order=5).order == 5
    assert refused(soap.CreateGroup, name="site7").name == "ConflictFault"
    assert soap.ChangeGroup(group="site7", description="seventh").description == "seventh"
    assert soap.GetGroup(group="site7").order == 5
    assert soap.AddGroupMember(group="site7", device=device).members == 1
    assert [one.id for one in soap.ListGroupMembers(group="site7").items] == [device]
    assert soap.RemoveGroupMember(group="site7", device=device).members == 0
    assert [one.name for one in soap.ListGroups()] == ["site7"]
    assert soap.DeleteGroup(group="site7").name == "site7"
    assert refused(soap.GetGroup, group="site7").said.kind == "group"


def test_events_are_read_on_from_a_cursor(soap, api):
    page = soap.GetEvents()
    assert page["items"] == []
    assert soap.GetEvents(since=page.next, kinds=["device_*"], limit=5).more is False
    [error] = refused(soap.GetEvents, kinds=["nonsense"]).said.errors
    assert (error.field, error.value) == ("kind", "nonsense")
    assert "device_*" in error.allowed


def test_a_rollout_from_its_making_to_its_end(soap, api, phone):
    phone()
    asked = {
        "name": "Restart",
        "kind": "reboot",
        "select": "all",
        "waves": ["1%", "5", "rest"],
        "window": [{"from": "01:00", "to": "05:00", "days": ["mon", "tue"], "zone": "Europe/Berlin"}],
        "stop": {"failures": "2%", "in_a_row": 3},
        "pace": {"at_once": 5},
    }
    plan = soap.PlanRollout(**asked)
    assert (plan.kind, plan.total) == ("reboot", 1)
    assert api("GET", "/rollouts").json()["items"] == []
    made = soap.CreateRollout(**asked)
    assert soap.GetRolloutPlan(rollout=made.id).total == 1
    assert (made.state, made.kind, made.created_by) == ("draft", "reboot", "Alice")
    rest = api("GET", f"/rollouts/{made.id}").json()["definition"]
    assert rest["waves"] == ["1%", 5, "rest"]
    assert rest["window"][0]["from"] == "01:00"
    assert rest["stop"] == {"failures": "2%", "in_a_row": 3, "unconfirmed": None}
    assert [one.id for one in soap.ListRollouts()["items"]] == [made.id]
    assert soap.StartRollout(rollout=made.id).state == "running"
    assert refused(soap.GetRolloutPlan, rollout=made.id).name == "ConflictFault"
    assert soap.PauseRollout(rollout=made.id).state == "paused"
    assert refused(soap.PauseRollout, rollout=made.id).name == "ConflictFault"
    assert soap.ResumeRollout(rollout=made.id).state == "running"
    assert soap.ListRolloutDevices(rollout=made.id)["items"] == []
    assert soap.AbortRollout(rollout=made.id).state == "aborted"
    assert soap.GetRollout(rollout=made.id).state_by == "Alice"
    assert refused(soap.RollbackRollout, rollout=made.id).name == "ConflictFault"
    assert refused(soap.RetryRollout, rollout="none").said.kind == "rollout"


def test_rollouts_of_tasks_and_values(soap, api):
    task = {"set_parameter_values": {"values": [{"key": "Device.X", "value": "1", "type": "xsd:int"}]}}
    made = soap.CreateRollout(name="Set X", kind="task", select="online", task=task)
    assert api("GET", f"/rollouts/{made.id}").json()["definition"]["task"] == {
        "type": "set_parameter_values",
        "values": {"Device.X": {"value": "1", "type": "xsd:int"}},
    }
    values = [{"key": "local_time.time_format", "value": "1"}]
    made = soap.CreateRollout(name="24 hours", kind="config", select="online", values=values)
    assert api("GET", f"/rollouts/{made.id}").json()["definition"]["values"] == {
        "local_time.time_format": "1"
    }
    [error] = refused(soap.CreateRollout, name="x", kind="firmware", select="online").said.errors
    assert (error.field, error.allowed) == ("file", ["the name of a stored firmware file"])
    both = {"reboot": {}, "factory_reset": {}}
    [error] = refused(soap.CreateRollout, name="x", kind="task", select="online", task=both).said.errors
    assert error.field == "task"


# --- wrong requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "field", "value", "allowed"),
    [
        ("<limit>0</limit>", "limit", "0", "an integer from 1 to 1000"),
        ("<limit>many</limit>", "limit", "many", "an integer from 1 to 1000"),
        ("<colour>red</colour>", "colour", "red", "select"),
    ],
)
def test_the_schema_says_what_is_wrong_with_a_list(base_url, api, inside, field, value, allowed):
    answer = post(base_url, api.token, envelope(f'<ListDevices xmlns="{NS}">{inside}</ListDevices>'))
    assert detail(answer) == ("500", "InvalidFault")
    root = etree.fromstring(answer.content)
    assert (root.findtext(f".//{{{NS}}}field"), root.findtext(f".//{{{NS}}}value")) == (field, value)
    assert allowed in answer.text


def test_the_schema_says_which_field_is_missing(base_url, api):
    answer = post(base_url, api.token, envelope(f'<GetDevice xmlns="{NS}"/>'))
    assert detail(answer) == ("500", "InvalidFault")
    assert "field>device<" in answer.text
    assert "is required" in answer.text


def test_one_of_several_is_named_by_its_place(base_url, api, phone):
    entries = "<values><key>Device.X</key><value>1</value></values><values><value>1</value></values>"
    asked = f"<device>{phone()}</device>{entries}"
    body = envelope(f'<CreateSetParameterValuesTask xmlns="{NS}">{asked}</CreateSetParameterValuesTask>')
    answer = post(base_url, api.token, body)
    assert detail(answer) == ("500", "InvalidFault")
    assert "field>values[1]" in answer.text


def test_an_unknown_operation_is_told_those_there_are(base_url, api):
    answer = post(base_url, api.token, envelope(f'<Explode xmlns="{NS}"/>'))
    assert detail(answer) == ("500", "InvalidFault")
    assert "allowed>GetDevice<" in answer.text


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
FETCHES = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<a/>",
        envelope(""),
        envelope("<a/><b/>").replace(b"e:Body", b"e:Nothing"),
        LAUGHS.encode() + envelope(f'<GetDevice xmlns="{NS}"><device>&b;</device></GetDevice>'),
        FETCHES.encode() + envelope(f'<GetDevice xmlns="{NS}"><device>&a;</device></GetDevice>'),
        FETCHES.encode("utf-16"),
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        envelope("<a>" * 400 + "</a>" * 400).replace(b"<a>", b"<a>", 1),
        envelope(f'<ListGroups xmlns="{NS}"/>').replace(
            b"<e:Body>", b'<e:Header><x e:mustUnderstand="1"/></e:Header><e:Body>'
        ),
    ],
)
def test_what_is_no_request_is_refused_by_a_typed_fault(base_url, api, body):
    status, name = detail(post(base_url, api.token, body))
    assert status == "500"
    assert name in ("MalformedFault", "InvalidFault")
    assert "root:" not in post(base_url, api.token, body).text


XSI = "http://www.w3.org/2001/XMLSchema-instance"


def asked(operation: str, inside: str = "", attributes: str = "") -> bytes:
    return envelope(f'<{operation} xmlns="{NS}" {attributes}>{inside}</{operation}>')


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (asked("GetDevice", "<device>001565-X-1</device>"), "NotFoundFault"),
        (asked("GetTask", "<task>../../{x}</task>"), "NotFoundFault"),
        (asked("GetRollout", "<rollout>none</rollout>"), "NotFoundFault"),
        (asked("GetFile", "<name>none.rom</name>"), "NotFoundFault"),
        (asked("GetDevice", "<device/>"), "InvalidFault"),
        (asked("GetDevice", f'<device i:nil="true" xmlns:i="{XSI}"/>'), "InvalidFault"),
        (asked("GetDevice", "<device>x</device>", 'colour="red"'), "InvalidFault"),
        (asked("GetDevice", f'<device xmlns:i="{XSI}" i:type="x:y">a</device>'), "InvalidFault"),
        (asked("GetDeviceResponse"), "InvalidFault"),
        (asked("ListDevices", "<cursor/><select>online</select>"), "InvalidFault"),
        (asked("ListDevices", "<select>model =</select>"), "InvalidFault"),
        (asked("ListDevices", "<select>online</select><cursor>?</cursor>"), "InvalidFault"),
        (asked("ListDevices", "<select>parameter Device.X.Password = a</select>"), "InvalidFault"),
        (asked("GetEvents", "<since>yesterday</since>"), "InvalidFault"),
        (asked("GetConfiguration", "<layer>moon</layer>"), "InvalidFault"),
        (asked("CreateRebootTask", "<device>x</device><wake>maybe</wake>"), "InvalidFault"),
        (asked("CreateRebootTask", "<device>x</device><not_before>soon</not_before>"), "InvalidFault"),
        (asked("CreateRebootTask", "<device>x</device><expires_in>NaN</expires_in>"), "InvalidFault"),
        (asked("CreateRebootTask", f"<device>x</device><priority>{'9' * 30}</priority>"), "InvalidFault"),
        (asked("GetDevice", "<device>&nothing;</device>"), "MalformedFault"),
        (asked("GetDevice", "<device>&#0;</device>"), "MalformedFault"),
        (asked("GetDevice", "<device>?</device>").replace(b"?", b"\xff"), "MalformedFault"),
        (asked("ListGroups")[:-9], "MalformedFault"),
        (
            asked("ListGroups").replace(b"schemas.xmlsoap.org/soap/envelope/", b"www.w3.org/x"),
            "MalformedFault",
        ),
        (b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">' + asked("ListGroups"), "MalformedFault"),
        (b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///x"> %p;]>' + asked("ListGroups"), "MalformedFault"),
        (envelope("hello"), "MalformedFault"),
        (gzip.compress(asked("ListGroups")), "MalformedFault"),
    ],
)
def test_wrong_requests_and_their_faults(base_url, api, body, fault):
    answer = post(base_url, api.token, body)
    assert detail(answer) == ("500", fault)
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    [sentence] = etree.fromstring(answer.content).iter("faultstring")
    assert len(sentence.text) > 10


def test_an_unknown_encoding_in_the_header_is_refused(base_url, api):
    answer = post(base_url, api.token, envelope("<a/>"), **{"Content-Type": "text/xml; charset=klingon"})
    assert detail(answer) == ("500", "MalformedFault")


def test_a_request_has_a_largest_size(base_url, api):
    answer = post(base_url, api.token, envelope(f"<a>{'x' * (5 << 20)}</a>"))
    assert detail(answer) == ("500", "TooLargeFault")


# --- who may --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "Bearer acs_0_wrong", "Basic !!!", "Digest x"])
def test_without_a_token_there_is_a_fault_and_a_challenge(base_url, store, header):
    headers = {"Authorization": header} if header else {}
    body = envelope(f'<ListGroups xmlns="{NS}"/>')
    answer = httpx.post(f"{base_url}/soap", content=body, headers=headers, trust_env=False)
    assert detail(answer) == ("401", "UnauthenticatedFault")
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_token_counts_as_bearer_and_as_password(base_url, api):
    body = envelope(f'<ListGroups xmlns="{NS}"/>')
    pair = base64.b64encode(f":{api.token}".encode()).decode()
    for header in (f"Bearer {api.token}", f"Basic {pair}"):
        assert post(base_url, "", body, Authorization=header).status_code == 200


def test_a_browser_session_is_no_login_here(base_url, store):
    body = envelope(f'<ListGroups xmlns="{NS}"/>')
    answer = httpx.post(
        f"{base_url}/soap", content=body, headers={"Cookie": "acs_session=x"}, trust_env=False
    )
    assert detail(answer) == ("401", "UnauthenticatedFault")


def test_roles_are_those_of_rest(soap_as, api, phone):
    device = phone()
    viewer, operator = soap_as("viewer"), soap_as("operator")
    assert viewer.GetDevice(device=device).id == device
    assert refused(viewer.CreateRebootTask, device=device).name == "ForbiddenFault"
    assert operator.CreateRebootTask(device=device).state == "pending"
    assert refused(operator.CreateGroup, name="x").name == "ForbiddenFault"
    values = [{"key": "local_time.time_format", "value": "1"}]
    assert refused(operator.SetConfiguration, layer="fleet", values=values).name == "ForbiddenFault"
    assert operator.SetConfiguration(layer=f"phone:{device}", values=values).version == 1


def test_a_limited_caller_plans_for_its_own_phones_as_by_rest(soap_as, api, phone):
    mine, theirs = phone(serial_number="001565000001"), phone(serial_number="001565000002")
    reseller = soap_as("viewer", name="Rita", select=f'id = "{mine}"')
    values = [{"key": "local_time.time_format", "value": "1"}]
    assert reseller.PlanConfiguration(fleet=True, values=values).phones == 1
    assert refused(reseller.GetDevice, device=theirs).name == "NotFoundFault"


def test_changes_and_refusals_stand_in_the_audit(soap, soap_as, api, phone):
    device = phone()
    secret = [{"key": "account.1.password", "value": "verysecret"}]
    soap.SetConfiguration(layer=f"phone:{device}", values=secret)
    task = soap.CreateRebootTask(device=device)
    refused(soap_as("viewer", name="Victor").CreateRebootTask, device=device)
    refusal, created, written = api("GET", "/audit").json()["items"][:3]
    assert (refusal["actor"], created["actor"], written["actor"]) == ("Victor", "Alice", "Alice")
    assert "role" in refusal["outcome"]
    assert (created["operation"], created["object"]) == ("devices.tasks.create", f"tasks/{task.id}")
    assert written["object"] == f"devices/{device}/config"
    assert created["address"] == "127.0.0.1"
    assert "verysecret" not in api("GET", "/audit").text


# --- many at once ---------------------------------------------------------------------------------------


def test_those_who_wait_leave_room_for_others(base_url, soap, soap_as, phone):
    """More waits than one caller may have: the rest is told to come again, and everybody else is served."""
    task = soap.CreateRebootTask(device=phone())
    waiter = soap_as("viewer", name="Walter")

    def wait(_: int) -> str:
        try:
            return str(waiter.WaitTask(task=task.id, seconds=3).state)
        except Fault as fault:
            return f"{fault.name} {fault.said.retry_after}"

    with ThreadPoolExecutor(20) as pool:
        waits = pool.map(wait, range(20))
        for _ in range(10):
            assert soap.GetTask(task=task.id).state == "pending"
        assert sorted(set(waits)) == ["BusyFault 5", "pending"]
    assert waiter.WaitTask(task=task.id, seconds=0).state == "pending"
