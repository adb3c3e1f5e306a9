"""What goes to a phone, to the character."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.cwmp import structures as s
from acs.cwmp.versions import CWMP_1_0
from acs.cwmp.writing import write

OPENING = (
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:cwmp="{namespace}">'
)


def body(message: m.Message, **headers) -> str:
    text = write(message, cwmp_id="1", namespace=CWMP_1_0, **headers).decode()
    return text.partition("<SOAP-ENV:Body>")[2].removesuffix("</SOAP-ENV:Body></SOAP-ENV:Envelope>")


def header(**headers) -> str:
    text = write(m.InformResponse(), namespace=CWMP_1_0, **{"cwmp_id": "1"} | headers).decode()
    return text.partition("<SOAP-ENV:Header>")[2].partition("</SOAP-ENV:Header>")[0]


def test_an_inform_response_is_exactly_this():
    assert write(m.InformResponse(), cwmp_id="x1", namespace=CWMP_1_0).decode() == (
        OPENING.format(namespace="urn:dslforum-org:cwmp-1-0")
        + '<SOAP-ENV:Header><cwmp:ID SOAP-ENV:mustUnderstand="1">x1</cwmp:ID></SOAP-ENV:Header>'
        "<SOAP-ENV:Body><cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse></SOAP-ENV:Body>"
        "</SOAP-ENV:Envelope>"
    )


def test_quirk_64_there_is_no_xml_declaration():
    assert write(m.Reboot(), cwmp_id="1", namespace="").startswith(b"<SOAP-ENV:Envelope")


@pytest.mark.parametrize("namespace", ["urn:dslforum-org:cwmp-1-2", "urn:dslforum-org:cwmp-1-4"])
def test_the_phone_is_answered_in_its_own_namespace_official_or_not(namespace):
    assert f'xmlns:cwmp="{namespace}"' in write(m.Reboot(), cwmp_id="1", namespace=namespace).decode()


def test_without_a_namespace_it_is_cwmp_1_0():
    assert f'xmlns:cwmp="{CWMP_1_0}"' in write(m.Reboot(), cwmp_id="1", namespace="").decode()


def test_a_phone_that_sent_no_id_gets_none_back():
    assert b"Header" not in write(m.InformResponse(), cwmp_id="", namespace=CWMP_1_0)


def test_the_headers_say_who_must_understand_them():
    assert header(hold_requests=True).endswith(
        '<cwmp:HoldRequests SOAP-ENV:mustUnderstand="1">1</cwmp:HoldRequests>'
    )
    assert header(session_timeout=60).endswith(
        '<cwmp:SessionTimeout SOAP-ENV:mustUnderstand="0">60</cwmp:SessionTimeout>'
    )
    assert header(supported_versions="1.0,1.4").endswith(
        '<cwmp:SupportedCWMPVersions SOAP-ENV:mustUnderstand="0">1.0,1.4</cwmp:SupportedCWMPVersions>'
    )
    assert header(use_cwmp_version="1.4").endswith(
        '<cwmp:UseCWMPVersion SOAP-ENV:mustUnderstand="1">1.4</cwmp:UseCWMPVersion>'
    )


def test_values_carry_their_types_and_lists_their_counts():
    values = (
        s.ParameterValue("Device.A", "1", "xsd:boolean"),
        s.ParameterValue("Device.B", "a < b & c", "xsd:string"),
    )
    assert body(m.SetParameterValues(values, "key")) == (
        '<cwmp:SetParameterValues><ParameterList SOAP-ENC:arrayType="cwmp:ParameterValueStruct[2]">'
        '<ParameterValueStruct><Name>Device.A</Name><Value xsi:type="xsd:boolean">1</Value>'
        "</ParameterValueStruct>"
        '<ParameterValueStruct><Name>Device.B</Name><Value xsi:type="xsd:string">a &lt; b &amp; c</Value>'
        "</ParameterValueStruct></ParameterList><ParameterKey>key</ParameterKey></cwmp:SetParameterValues>"
    )


def test_lists_of_names_are_arrays_of_strings():
    assert body(m.GetParameterValues(("Device.", "Device.A"))) == (
        '<cwmp:GetParameterValues><ParameterNames SOAP-ENC:arrayType="xsd:string[2]"><string>Device.</string>'
        "<string>Device.A</string></ParameterNames></cwmp:GetParameterValues>"
    )


def test_only_types_that_xml_schema_knows_are_sent():
    for given, sent in (
        ("xsd:Boolean", "xsd:boolean"),
        ("xsd:base64", "xsd:base64Binary"),
        ("", "xsd:string"),
    ):
        assert f'xsi:type="{sent}"' in body(m.SetParameterValues((s.ParameterValue("A", "", given),)))


def test_an_attribute_that_is_not_changed_says_so():
    assert body(m.SetParameterAttributes((s.AttributeChange("Device.A", notification=2),))) == (
        "<cwmp:SetParameterAttributes>"
        '<ParameterList SOAP-ENC:arrayType="cwmp:SetParameterAttributesStruct[1]">'
        "<SetParameterAttributesStruct><Name>Device.A</Name><NotificationChange>1</NotificationChange>"
        "<Notification>2</Notification><AccessListChange>0</AccessListChange>"
        '<AccessList SOAP-ENC:arrayType="xsd:string[0]"></AccessList></SetParameterAttributesStruct>'
        "</ParameterList></cwmp:SetParameterAttributes>"
    )


def test_a_fault_is_soaps_with_cwmps_inside():
    fault = m.Fault(9003, "Invalid arguments", (s.ParameterFault("Device.A", 9007, "no"),))
    assert body(fault) == (
        "<SOAP-ENV:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring>"
        "<detail><cwmp:Fault><FaultCode>9003</FaultCode><FaultString>Invalid arguments</FaultString>"
        "<SetParameterValuesFault>"
        "<ParameterName>Device.A</ParameterName><FaultCode>9007</FaultCode><FaultString>no</FaultString>"
        "</SetParameterValuesFault></cwmp:Fault></detail></SOAP-ENV:Fault>"
    )


def test_operations_on_modules_say_their_kind():
    operations = (s.InstallOperation("http://h/m"), s.UninstallOperation("u"))
    text = body(m.ChangeDUState(operations, "k"))
    assert '<Operations xsi:type="cwmp:InstallOpStruct"><URL>http://h/m</URL></Operations>' in text
    assert '<Operations xsi:type="cwmp:UninstallOpStruct"><UUID>u</UUID></Operations>' in text


def test_what_xml_cannot_hold_is_left_out():
    assert "<CommandKey>ab</CommandKey>" in body(m.Reboot("a\x00\x1f\ud800\uffffb"))


def test_a_carriage_return_survives_the_phones_parser():
    assert "a&#13;" in body(m.SetParameterValues((s.ParameterValue("A", "a\r"),)))


def test_a_namespace_cannot_break_out_of_its_attribute():
    assert b'"><evil/>' not in write(m.Reboot(), cwmp_id="1", namespace='urn:cwmp"><evil/>')
