"""Every message class, with any legal content: what is written is valid by the official schema and by ours,
and reads back as the same message."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from acs.cwmp import messages as m
from acs.cwmp import scalars, versions
from acs.cwmp import structures as s
from acs.cwmp.events import normalise
from acs.cwmp.layout import LAYOUTS, OPERATIONS, PARAMETER_FAULT, PARAMETER_VALUE, Field, Kind, Layout
from acs.cwmp.reading import read
from acs.cwmp.writing import write
from cwmp_schemas.loader import open_schema

_PRINTABLE = st.characters(
    min_codepoint=33, max_codepoint=0x10FFFF, exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cn", "Cf")
)
_names = st.text(_PRINTABLE, max_size=32).filter(lambda text: text.strip() == text)
_texts = st.text(
    st.characters(
        exclude_categories=("Cs",),
        exclude_characters="".join(map(chr, (*range(9), 11, 12, *range(14, 32)))) + "\ufffe\uffff",
    ),
    max_size=32,
).filter(lambda text: scalars.value(text) == text)
_times = st.datetimes(timezones=st.none()).map(lambda time: time.replace(microsecond=0).isoformat() + "Z")
_numbers = st.integers(0, 2**31 - 1)
_uuids = st.uuids().map(str)

#: Elements that the schema narrows further than their kind.
_NARROWED = {
    "OUI": st.text("0123456789ABCDEF", min_size=6, max_size=6),
    "SerialNumber": _names.filter(bool),
    "EventCode": st.sampled_from(
        ["0 BOOTSTRAP", "1 BOOT", "6 CONNECTION REQUEST", "M Reboot", "X 001565 Odd Event", "M X_Foo"]
    ),
    "FileType": st.sampled_from(["1 Vendor Configuration File", "X 001565 Ring", "X 00E0FC a b"]),
    "WindowMode": st.sampled_from(["1 At Any Time", "4 Confirmation Needed", "X 001565 Moon"]),
    "ObjectName": _names.map(lambda name: name[:31] + "."),
    "InstanceNumber": st.integers(1, 2**32 - 1),
    "Status": st.sampled_from([0, 1]),
    "Notification": st.sampled_from([0, 1, 2]),
    "Mode": st.sampled_from([0, 1, 2]),
    "IsTransferable": st.sampled_from([0, 1]),
    "StartTime": _times,
    "CompleteTime": _times,
    "CurrentTime": _times,
    "StartDate": _times,
    "ExpirationDate": st.just("") | _times,
    "UUID": _uuids,
    "CurrentState": st.sampled_from(["Installed", "Uninstalled", "Failed"]),
    "URL": st.just("http://192.0.2.1:7567/f/abc?x=1&y=2"),
    "FaultCode": st.sampled_from([0, 9001, 9012]),
}
_DOWNLOADED = st.sampled_from(["1 Firmware Upgrade Image", "3 Vendor Configuration File", "X 001565 Ring"])
#: The same element name means different things here.
_IN_MESSAGE = {
    ("Download", "FileType"): _DOWNLOADED,
    ("RequestDownload", "FileType"): _DOWNLOADED,
    ("AutonomousTransferComplete", "FileType"): _DOWNLOADED,
    ("QueuedTransfer", "FileType"): _DOWNLOADED,
    ("QueuedTransfer", "State"): st.sampled_from([1, 2, 3]),
    ("Option", "State"): st.sampled_from([0, 1, 2, 3]),
}

_values = st.one_of(
    st.builds(s.ParameterValue, _names.filter(bool), _texts, st.just("xsd:string")),
    st.builds(
        s.ParameterValue, _names.filter(bool), st.sampled_from(["0", "1", "true"]), st.just("xsd:boolean")
    ),
    st.builds(
        s.ParameterValue, _names.filter(bool), st.integers(-(2**31), 2**31 - 1).map(str), st.just("xsd:int")
    ),
    st.builds(s.ParameterValue, _names.filter(bool), _numbers.map(str), st.just("xsd:unsignedInt")),
    st.builds(s.ParameterValue, _names.filter(bool), _times, st.just("xsd:dateTime")),
    st.builds(s.ParameterValue, _names.filter(bool), st.just("AAEC"), st.just("xsd:base64Binary")),
    st.builds(s.ParameterValue, _names.filter(bool), st.just("0aFF"), st.just("xsd:hexBinary")),
)


def _unique(parameters):
    return tuple({parameter.name: parameter for parameter in parameters}.values())


def _content(owner: Layout, field: Field) -> st.SearchStrategy:
    narrowed = _IN_MESSAGE.get((owner.made.__name__, field.element), _NARROWED.get(field.element))
    if narrowed is not None:
        return narrowed
    match field.kind:
        case Kind.NAME | Kind.LABEL:
            return _names
        case Kind.TEXT:
            return _texts
        case Kind.NUMBER:
            return _numbers
        case Kind.FLAG:
            return st.booleans()
        case Kind.NAMES if field.element == "AccessList":
            return st.sampled_from([(), ("Subscriber",)])
        case Kind.NAMES:
            return st.lists(_names.filter(bool), min_size=1, max_size=4).map(tuple)
        case Kind.BINARIES:
            return st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=3).map(tuple)
        case Kind.STRUCT:
            return _made(field.layout)
        case Kind.REPEATED if not field.layout.fields:
            return st.lists(st.one_of(*map(_made, OPERATIONS.values())), min_size=1, max_size=3).map(tuple)
        case Kind.ARRAY if field.layout is PARAMETER_VALUE:
            return st.lists(_values, max_size=5).map(_unique)
    most = 2 if field.element == "TimeWindowList" else 4
    return st.lists(_made(field.layout), min_size=1, max_size=most).map(tuple)


def _made(layout: Layout) -> st.SearchStrategy:
    if layout.made is s.AttributeChange:
        access_lists = st.sampled_from([None, (), ("Subscriber",)])
        return st.builds(s.AttributeChange, _names, st.sampled_from([None, 0, 1, 2]), access_lists)
    return st.builds(layout.made, **{field.attribute: _content(layout, field) for field in layout.fields})


_faults = st.builds(
    m.Fault,
    st.sampled_from([8000, 8005, 8800, 9000, 9013, 9899]),
    _texts.map(str.strip),
    st.lists(
        st.builds(s.ParameterFault, _names, st.sampled_from([9005, 9008, 9801]), _texts), max_size=3
    ).map(tuple),
    st.sampled_from(["Client", "Server"]),
)
_MESSAGES = {**{name: _made(layout) for name, layout in LAYOUTS.items()}, "Fault": _faults}


def test_there_are_strategies_for_every_message():
    assert set(_MESSAGES) == {made.__name__ for made in m.Message.__subclasses__()}
    assert PARAMETER_FAULT.made is s.ParameterFault


@pytest.mark.parametrize("namespace", versions.OFFICIAL)
@pytest.mark.parametrize("name", sorted(_MESSAGES))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_is_valid_and_reads_back(name, namespace, data, official_schema):
    message = data.draw(_MESSAGES[name])
    body = write(message, cwmp_id="17", namespace=namespace, hold_requests=False)
    if versions.exists(type(message), namespace):
        tree = etree.fromstring(body)
        schema = official_schema(namespace.rpartition(":")[2])
        assert schema.validate(tree), schema.error_log
        ours = open_schema(namespace.rpartition(":")[2])
        assert ours.validate(tree), ours.error_log
    envelope = read(body)
    assert envelope.message == message
    assert (envelope.cwmp_id, envelope.namespace, envelope.repairs) == ("17", namespace, ())


@given(st.text(max_size=60))
def test_any_text_at_all_can_be_sent(text):
    """What XML cannot hold is left out; the rest arrives."""
    body = write(
        m.SetParameterValues((s.ParameterValue("Device.X", text),), text),
        cwmp_id=text,
        namespace=versions.CWMP_1_0,
    )
    etree.fromstring(body)
    message = read(body).message
    assert message.parameter_list[0].name == "Device.X"
    legal = "".join(
        c
        for c in text
        if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
    assert message.parameter_list[0].value == scalars.value(legal)


def test_the_official_event_codes_are_already_normal():
    for code in ("0 BOOTSTRAP", "10 AUTONOMOUS TRANSFER COMPLETE", "M Download", "X 001565 Foo  Bar"):
        assert normalise(code) == " ".join(code.split())


def test_messages_can_be_kept_as_bytes_and_taken_up_again():
    message = m.Inform(s.DeviceId("A", "001565", "T", "1"), (s.Event("1 BOOT"),))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=m.Inform) == message
