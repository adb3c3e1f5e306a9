"""What real phones send, row by row of the list of CPE quirks, and what the server makes of it."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.cwmp import structures as s
from acs.cwmp.reading import Envelope, MalformedMessage, NotSoap, UnknownMessage, read

DEVICE = (
    "<DeviceId><Manufacturer>Yealink</Manufacturer><OUI>001565</OUI><ProductClass>T46S</ProductClass>"
    "<SerialNumber>0015651A2B3C</SerialNumber></DeviceId>"
)
BOOT = (
    '<Event SOAP-ENC:arrayType="cwmp:EventStruct[1]"><EventStruct><EventCode>1 BOOT</EventCode>'
    "<CommandKey></CommandKey></EventStruct></Event>"
)
REST = (
    "<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2024-05-01T10:00:00Z</CurrentTime><RetryCount>0</RetryCount>"
)
ID = '<cwmp:ID SOAP-ENV:mustUnderstand="1">42</cwmp:ID>'


def values(content: str) -> str:
    return f'<ParameterList SOAP-ENC:arrayType="cwmp:ParameterValueStruct[1]">{content}</ParameterList>'


def value(content: str = '<Value xsi:type="xsd:string">x</Value>', name: str = "Device.A") -> str:
    return f"<ParameterValueStruct><Name>{name}</Name>{content}</ParameterValueStruct>"


def envelope(body: str, header: str = ID, namespace: str = "urn:dslforum-org:cwmp-1-0") -> str:
    return (
        '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="{namespace}">'
        f"<SOAP-ENV:Header>{header}</SOAP-ENV:Header><SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )


def inform(device: str = DEVICE, event: str = BOOT, rest: str = REST, parameters: str | None = None) -> str:
    parameters = values(value()) if parameters is None else parameters
    return envelope(f"<cwmp:Inform>{device}{event}{rest}{parameters}</cwmp:Inform>")


def taken(text: str | bytes, charset: str | None = None) -> Envelope:
    return read(text.encode() if isinstance(text, str) else text, charset)


def answer(parameter: str) -> s.ParameterValue:
    """The only parameter of a GetParameterValuesResponse that holds this XML."""
    message = taken(
        envelope(f"<cwmp:GetParameterValuesResponse>{values(parameter)}</cwmp:GetParameterValuesResponse>")
    ).message
    assert isinstance(message, m.GetParameterValuesResponse)
    (found,) = message.parameter_list
    return found


def test_the_plain_case():
    got = taken(inform())
    assert got == Envelope(
        m.Inform(
            s.DeviceId("Yealink", "001565", "T46S", "0015651A2B3C"),
            (s.Event("1 BOOT"),),
            1,
            "2024-05-01T10:00:00Z",
            0,
            (s.ParameterValue("Device.A", "x", "xsd:string"),),
        ),
        "42",
        "urn:dslforum-org:cwmp-1-0",
    )


# --- 27: the id ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "<cwmp:ID/>", '<cwmp:ID SOAP-ENV:mustUnderstand="1">  </cwmp:ID>'])
def test_quirk_27_an_id_that_is_missing_or_blank_is_empty(header):
    assert taken(envelope("<cwmp:RebootResponse/>", header)).cwmp_id == ""


def test_quirk_27_an_envelope_without_header():
    text = envelope("<cwmp:RebootResponse/>").replace(f"<SOAP-ENV:Header>{ID}</SOAP-ENV:Header>", "")
    assert taken(text).cwmp_id == ""


# --- 28, 29, 67, 68: an Inform with holes -------------------------------------------------------------------


def test_quirk_28_an_inform_needs_nothing_but_its_device():
    message = taken(envelope(f"<cwmp:Inform>{DEVICE}</cwmp:Inform>")).message
    assert message == m.Inform(s.DeviceId("Yealink", "001565", "T46S", "0015651A2B3C"))


def test_an_inform_without_a_serial_number_is_refused_and_keeps_its_id():
    with pytest.raises(MalformedMessage) as refused:
        taken(inform(device=DEVICE.replace("0015651A2B3C", " ")))
    assert (refused.value.name, refused.value.cwmp_id) == ("Inform", "42")
    assert refused.value.namespace == "urn:dslforum-org:cwmp-1-0"
    assert "SerialNumber" in refused.value.reason


def test_a_device_without_its_wrapper_is_understood():
    parts = DEVICE.replace("<DeviceId>", "").replace("</DeviceId>", "")
    assert taken(inform(device=parts)).message.device_id.serial_number == "0015651A2B3C"


@pytest.mark.parametrize("clock", ["1970-01-01T00:00:10", "0001-01-01T00:00:00Z", "11:54::14", ""])
def test_quirk_29_and_68_any_clock_is_taken_as_it_is(clock):
    text = inform(rest=f"<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>{clock}</CurrentTime>")
    assert taken(text).message.current_time == clock


@pytest.mark.parametrize(
    ("written", "meant"), [("00", 0), (" 1 ", 1), ("-1", -1), ("", 0), ("x", 0), ("9" * 5000, 10**18 - 1)]
)
def test_numbers_as_they_come(written, meant):
    message = taken(inform(rest=f"<RetryCount>{written}</RetryCount>")).message
    assert message.retry_count == meant


@pytest.mark.parametrize(
    "event", ["", "<Event/>", '<Event SOAP-ENC:arrayType="cwmp:EventStruct[0]"></Event>']
)
def test_quirk_67_an_inform_with_no_event_at_all(event):
    assert taken(inform(event=event)).message.event == ()


def test_quirk_68_two_codes_in_one_event_struct_both_count():
    both = "<EventCode>7 TRANSFER COMPLETE</EventCode><EventCode>M Download</EventCode>"
    both += "<CommandKey>k</CommandKey>"
    got = taken(inform(event=f"<Event><EventStruct>{both}</EventStruct></Event>"))
    assert got.message.event == (s.Event("7 TRANSFER COMPLETE", "k"), s.Event("M Download", "k"))
    assert got.repairs


def test_quirk_68_each_of_two_codes_with_its_own_key():
    both = (
        "<EventCode>1 BOOT</EventCode><CommandKey/><EventCode>M Reboot</EventCode><CommandKey>k</CommandKey>"
    )
    got = taken(inform(event=f"<Event><EventStruct>{both}</EventStruct></Event>"))
    assert got.message.event == (s.Event("1 BOOT", ""), s.Event("M Reboot", "k"))


def test_quirk_68_a_command_key_on_bootstrap():
    event = BOOT.replace("1 BOOT", "0 BOOTSTRAP").replace("<CommandKey></", "<CommandKey>odd</")
    assert taken(inform(event=event)).message.event == (s.Event("0 BOOTSTRAP", "odd"),)


def test_quirk_68_of_a_parameter_named_twice_the_last_value_counts():
    twice = value("<Value>old</Value>") + value("<Value>b</Value>", "Device.B") + value("<Value>new</Value>")
    got = taken(inform(parameters=values(twice)))
    assert [(p.name, p.value) for p in got.message.parameter_list] == [("Device.A", "new"), ("Device.B", "b")]
    assert got.repairs


def test_events_in_odd_spelling():
    for written in ("1 boot", "1BOOT", "BOOT", " 1  BOOT ", "1\n BOOT"):
        assert taken(inform(event=BOOT.replace("1 BOOT", written))).message.event[0].event_code == "1 BOOT"


# --- 35, 36, 37: namespaces ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "soap",
    ["http://www.w3.org/2003/05/soap-envelope", "urn:wrong", "http://schemas.xmlsoap.org/soap/envelope"],
)
def test_quirk_35_any_soap_namespace(soap):
    text = inform().replace("http://schemas.xmlsoap.org/soap/envelope/", soap)
    assert isinstance(taken(text).message, m.Inform)


def test_quirk_35_no_soap_namespace_and_odd_prefixes():
    text = (
        inform().replace("SOAP-ENV:", "").replace("cwmp:", "x_1.2-b:").replace("xmlns:cwmp", "xmlns:x_1.2-b")
    )
    got = taken(text.replace("xmlns:SOAP-ENV", "xmlns:unused"))
    assert isinstance(got.message, m.Inform)
    assert got.cwmp_id == "42"


@pytest.mark.parametrize("minor", range(5))
def test_quirk_36_every_version_of_the_namespace(minor):
    namespace = f"urn:dslforum-org:cwmp-1-{minor}"
    assert taken(envelope("<cwmp:RebootResponse/>", namespace=namespace)).namespace == namespace


def test_quirk_36_the_namespace_declared_on_body_or_method():
    for place in ("Body", "RebootResponse"):
        text = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body{}><{}RebootResponse{}/></e:Body></e:Envelope>'
        ).format(
            *(' xmlns:c="urn:dslforum-org:cwmp-1-1"', "c:", "")
            if place == "Body"
            else ("", "", ' xmlns="urn:dslforum-org:cwmp-1-1"')
        )
        got = taken(text)
        assert (got.message, got.namespace) == (m.RebootResponse(), "urn:dslforum-org:cwmp-1-1")


def test_quirk_36_children_in_a_default_namespace():
    text = (
        inform()
        .replace("<cwmp:Inform>", '<Inform xmlns="urn:dslforum-org:cwmp-1-0">')
        .replace("</cwmp:Inform>", "</Inform>")
    )
    assert taken(text).message == taken(inform()).message


def test_quirk_36_the_namespace_of_a_fault_is_that_of_its_detail():
    text = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><detail>'
        '<c:Fault xmlns:c="urn:dslforum-org:cwmp-1-2"><FaultCode>9001</FaultCode></c:Fault></detail>'
        "</e:Fault></e:Body></e:Envelope>"
    )
    got = taken(text)
    assert (got.message.fault_code, got.namespace) == (9001, "urn:dslforum-org:cwmp-1-2")


def test_quirk_37_the_id_in_the_wrong_namespace():
    for header in ("<ID>42</ID>", "<SOAP-ENV:ID>42</SOAP-ENV:ID>", '<i:ID xmlns:i="urn:x">42</i:ID>'):
        assert taken(envelope("<cwmp:RebootResponse/>", header)).cwmp_id == "42"


# --- 38 to 42: names, values, types, lists ------------------------------------------------------------------


def test_quirk_38_white_space_in_names_and_identities():
    device = (
        "<DeviceId>\n<Manufacturer> Yealink\n Network </Manufacturer><OUI>\n001565 </OUI>"
        "<ProductClass>\tT46S\n</ProductClass><SerialNumber>\n  0015\n651A2B3C\n</SerialNumber></DeviceId>"
    )
    got = taken(envelope(f"<cwmp:Inform>{device}</cwmp:Inform>", "<cwmp:ID>\n  42\n</cwmp:ID>"))
    assert got.message.device_id == s.DeviceId("Yealink Network", "001565", "T46S", "0015651A2B3C")
    assert got.cwmp_id == "42"
    assert answer(value(name="\n  Device.\n  A ")).name == "Device.A"


def test_quirk_39_identities_with_odd_characters_are_kept():
    device = (
        "<DeviceId><Manufacturer/><OUI>001565</OUI><ProductClass>SIP/T46.S: x</ProductClass>"
        "<SerialNumber>00:15:65:1a:2b:3c</SerialNumber></DeviceId>"
    )
    assert taken(inform(device=device)).message.device_id == s.DeviceId(
        "", "001565", "SIP/T46.S: x", "00:15:65:1a:2b:3c"
    )


def test_quirk_40_a_missing_value_is_empty():
    assert answer(value("")) == s.ParameterValue("Device.A", "", "xsd:string")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", "xsd:string"),
        ('xsi:type=""', "xsd:string"),
        ('xsi:type="xsd:"', "xsd:string"),
        ('xsi:type="xsd:json"', "xsd:string"),
        ('xsi:type="string"', "xsd:string"),
        ('xsi:type="xsd:Boolean"', "xsd:boolean"),
        ('xsi:type="xs:unsignedint"', "xsd:unsignedInt"),
        ('xsi:type="SOAP-ENC:base64"', "xsd:base64Binary"),
        ('xsi:type=" xsd:int "', "xsd:int"),
        ('type="xsd:dateTime"', "xsd:dateTime"),
    ],
)
def test_quirk_41_types_as_they_come(written, meant):
    assert answer(value(f"<Value {written}>1</Value>")).type == meant


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        'xsi:type="SOAP-ENC:Array"',
        'SOAP-ENC:arrayType="cwmp:ParameterValueStruct[0009]"',
        'SOAP-ENC:arrayType="cwmp:ParameterValueStruct[17]"',
        'arrayType="what[]"',
    ],
)
def test_quirk_42_a_list_is_a_list_whatever_its_attributes(attributes):
    message = taken(inform(parameters=f"<ParameterList {attributes}>{value()}</ParameterList>")).message
    assert [p.name for p in message.parameter_list] == ["Device.A"]


@pytest.mark.parametrize(
    "content",
    [
        value() + value(name="Device.B"),
        "<Struct>" + value() + value(name="Device.B") + "</Struct>",
        (value() + value(name="Device.B")).replace("ParameterValueStruct", "item"),
        (value() + value(name="Device.B"))
        .replace("<ParameterValueStruct>", "")
        .replace("</ParameterValueStruct>", ""),
        (value() + value(name="Device.B")).replace("Name>", "name>").replace("Value>", "VALUE>"),
    ],
)
def test_quirk_42_items_wrapped_named_or_spelt_unusually(content):
    content = content.replace('<Value xsi:type="xsd:string">', "<Value>").replace(
        "<Value>x</VALUE>", "<VALUE>x</VALUE>"
    )
    message = taken(inform(parameters=values(content))).message
    assert [(p.name, p.value) for p in message.parameter_list] == [("Device.A", "x"), ("Device.B", "x")]


def test_quirk_42_items_without_the_list_round_them():
    message = taken(
        envelope(
            f"<cwmp:GetParameterValuesResponse>{value()}{value(name='Device.B')}</cwmp:GetParameterValuesResponse>"
        )
    ).message
    assert [p.name for p in message.parameter_list] == ["Device.A", "Device.B"]


def test_an_access_list_as_plain_text():
    item = (
        "<ParameterAttributeStruct><Name>A</Name><Notification>2</Notification>"
        "<AccessList>Subscriber</AccessList></ParameterAttributeStruct>"
    )
    message = taken(
        envelope(
            "<cwmp:GetParameterAttributesResponse><ParameterList>"
            f"{item}</ParameterList></cwmp:GetParameterAttributesResponse>"
        )
    ).message
    assert message.parameter_list == (s.ParameterAttribute("A", 2, ("Subscriber",)),)


# --- 43, 44: characters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "junk", ["\x00", "\x01", "\x1f", "&#0;", "&#1;", "&#x1F;", "&#xD800;", "&#xFFFF;", "&#99999999;"]
)
def test_quirk_43_what_xml_cannot_hold_is_left_out(junk):
    got = taken(inform(parameters=values(value(f"<Value>a{junk}b</Value>"))))
    assert got.message.parameter_list[0].value == "ab"
    assert got.repairs


def test_quirk_43_invalid_utf_8_in_the_middle_of_good_utf_8():
    body = inform(parameters=values(value("<Value>Zoë @ Zürich</Value>"))).encode().replace(b"@", b"\xc3 ")
    assert taken(body).message.parameter_list[0].value == "Zoë \ufffd  Zürich"


def test_quirk_43_nuls_and_junk_after_the_document():
    for junk in ("\x00\x00", "\r\n0\r\n\r\n", "<junk", "</SOAP-ENV:Envelope>", "garbage"):
        assert taken(inform() + junk).message == taken(inform()).message


def test_white_space_and_marks_before_the_document():
    text = '<?xml version="1.0" encoding="utf-8"?>' + inform()
    for before in ("\n\n  ", "\ufeff", "\ufeff\n", "\r\n\r\n", "\x00"):
        assert taken(before + text).message == taken(inform()).message


ZURICH = inform(parameters=values(value("<Value>Zürich</Value>")))


@pytest.mark.parametrize(
    ("real", "declared", "content_type"),
    [
        ("utf-8", "", None),
        ("utf-8", "ISO-8859-1", "ISO-8859-1"),
        ("utf-8", "GBK", "gbk"),
        ("utf-8", "utf-16", None),
        ("utf-8", "nonsense", '"nonsense"'),
        ("iso-8859-1", "ISO-8859-1", None),
        ("iso-8859-1", "", "ISO-8859-1"),
        ("iso-8859-1", "", '"iso-8859-1"'),
        ("iso-8859-1", "UTF-8", '"utf-8"'),
        ("iso-8859-1", "", None),
        ("utf-16", "utf-16", None),
        ("utf-16", "", "utf-8"),
        ("utf-16-le", "utf-16", None),
        ("utf-8-sig", "UTF-8", "utf-8"),
    ],
)
def test_quirk_44_the_real_charset_counts(real, declared, content_type):
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    got = taken((declaration + ZURICH).encode(real), content_type)
    assert got.message.parameter_list[0].value == "Zürich"


@pytest.mark.parametrize("declared", ["GBK", "gb2312", "UTF-8", "ISO-8859-1", ""])
def test_quirk_44_chinese_text_in_gbk_whatever_is_declared(declared):
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = declaration + inform(parameters=values(value("<Value>会议室电话</Value>")))
    assert taken(text.encode("gbk")).message.parameter_list[0].value == "会议室电话"


def test_quirk_44_another_charset_is_believed_when_it_fits():
    text = '<?xml version="1.0" encoding="windows-1251"?>' + inform(
        parameters=values(value("<Value>Москва</Value>"))
    )
    assert taken(text.encode("cp1251")).message.parameter_list[0].value == "Москва"


# --- 45, 46: markup in values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a & b", "a & b"),
        ("http://h/?a=1&b=2", "http://h/?a=1&b=2"),
        ("AT&T &amp; co", "AT&T & co"),
        ("&nbsp;&foo;", "&nbsp;&foo;"),
        ("a < b", "a < b"),
        ("1<2 and 3>2", "1<2 and 3>2"),
        ("a <b c", "a <b c"),
        ("say <hello> now", "say <hello> now"),
        ("x <b>y</b> z", "x <b>y</b> z"),
        ("<unclosed attr='x'>", '<unclosed attr="x">'),
        ("</stray>", "</stray>"),
        ("&", "&"),
        ("<", "<"),
    ],
)
def test_quirk_45_bare_markup_in_values_is_text(written, meant):
    got = taken(inform(parameters=values(value(f"<Value>{written}</Value>"))))
    assert got.message.parameter_list[0].value == meant
    assert got.repairs


def test_quirk_45_attributes_without_quotes_or_given_twice():
    assert answer(value("<Value xsi:type=xsd:int xsi:type=xsd:int>1</Value>")).type == "xsd:int"


def test_quirk_45_an_end_tag_that_was_forgotten():
    text = inform().replace("</OUI>", "")
    assert taken(text).message.device_id.product_class == "T46S"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("<![CDATA[a & <b>]]>", "a & <b>"),
        ("1<![CDATA[2]]>3", "123"),
        ("a<!-- note -->b", "ab"),
        ("a<?pi note?>b", "ab"),
        ("a<!-- -->b<![CDATA[c]]>d<?x?>e", "abcde"),
        ("<![CDATA[<!DOCTYPE html>]]>", "<!DOCTYPE html>"),
    ],
)
def test_quirk_46_sections_comments_and_instructions_lose_no_text(written, meant):
    assert answer(value(f'<Value xsi:type="xsd:string">{written}</Value>')).value == meant


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  two  blanks ", "  two  blanks "),
        ("line one\nline two\n", "line one\nline two\n"),
        ("\n      pretty\n    ", "pretty"),
        ("\n   ", ""),
        ("   ", "   "),
        ("\n  one\n  two\n ", "one\n  two"),
    ],
)
def test_white_space_in_string_values_is_kept_but_for_pretty_printing(written, kept):
    assert answer(value(f'<Value xsi:type="xsd:string">{written}</Value>')).value == kept


def test_white_space_round_other_values_means_nothing():
    assert answer(value('<Value xsi:type="xsd:int"> 7 </Value>')).value == "7"


# --- 48: faults ---------------------------------------------------------------------------------------------


def fault(content: str) -> m.Fault:
    message = taken(envelope(f"<SOAP-ENV:Fault>{content}</SOAP-ENV:Fault>")).message
    assert isinstance(message, m.Fault)
    return message


def detail(content: str) -> str:
    return f"<faultcode>Client</faultcode><faultstring>CWMP fault</faultstring><detail>{content}</detail>"


def test_quirk_48_a_fault_without_detail_is_internal_and_keeps_its_text():
    assert fault("<faultcode>Client</faultcode><faultstring>out of memory</faultstring>") == m.Fault(
        9002, "out of memory"
    )


def test_quirk_48_a_fault_with_nothing_but_its_faultcode():
    assert fault("<faultcode>SOAP-ENV:Server</faultcode>") == m.Fault(9002, "", (), "Server")
    assert fault("") == m.Fault(9002)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("client", "Client"),
        ("CLIENT", "Client"),
        ("e:Client.x", "Client"),
        ("server", "Server"),
        ("env:Receiver", "Server"),
    ],
)
def test_quirk_48_the_faultcode_in_any_spelling(written, meant):
    assert fault(f"<faultcode>{written}</faultcode>").faultcode == meant


def test_quirk_48_a_fault_without_its_string():
    assert fault(detail("<cwmp:Fault><FaultCode>9005</FaultCode></cwmp:Fault>")) == m.Fault(9005)


def test_quirk_48_the_code_straight_in_the_detail():
    assert fault(detail("<FaultCode> 9005 </FaultCode><FaultString>no</FaultString>")) == m.Fault(9005, "no")


def test_quirk_48_cwmps_fault_straight_in_the_body():
    message = taken(
        envelope("<cwmp:Fault><FaultCode>9001</FaultCode><FaultString>no</FaultString></cwmp:Fault>")
    ).message
    assert message == m.Fault(9001, "no")


def test_quirk_48_a_code_in_the_text_only():
    assert fault("<faultcode>9004</faultcode>").fault_code == 9004
    assert fault("<faultstring>error 9003: bad</faultstring>") == m.Fault(9003, "error 9003: bad")


def test_quirk_48_a_parameter_fault_without_a_name():
    inner = "<SetParameterValuesFault><FaultCode>9007</FaultCode></SetParameterValuesFault>"
    got = fault(detail(f"<cwmp:Fault>{inner}<FaultCode>9003</FaultCode></cwmp:Fault>"))
    assert got == m.Fault(9003, "", (s.ParameterFault("", 9007, ""),))


def test_a_fault_as_soap_1_2_has_it():
    got = fault("<Code><Value>e:Sender</Value></Code><Reason><Text>bad</Text></Reason>")
    assert got == m.Fault(9002, "bad")


# --- 57: values in odd forms --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("1", True), ("true", True), ("True", True), ("enable", True), ("Enabled", True), (" 1\n", True)),
        *(("0", False), ("false", False), ("disable", False), ("", False), ("2", False)),
    ],
)
def test_quirk_57_booleans_as_they_come(written, meant):
    item = f"<ParameterInfoStruct><Name>A</Name><Writable>{written}</Writable></ParameterInfoStruct>"
    message = taken(
        envelope(
            f"<cwmp:GetParameterNamesResponse><ParameterList>{item}</ParameterList></cwmp:GetParameterNamesResponse>"
        )
    ).message
    assert message.parameter_list == (s.ParameterInfo("A", meant),)


@pytest.mark.parametrize("written", ["-1", "0000-00-00T00:00:00", "2024-05-01T10:00:00.123"])
def test_quirk_57_values_stay_as_the_phone_wrote_them(written):
    assert answer(value(f'<Value xsi:type="xsd:dateTime">{written}</Value>')).value == written


# --- everything else ----------------------------------------------------------------------------------------


def test_quirk_31_a_transfer_complete_with_nothing_in_it():
    assert taken(envelope("<cwmp:TransferComplete/>")).message == m.TransferComplete()


def test_an_added_object_without_its_number_is_refused():
    for number in ("", "0", "-3", "x"):
        with pytest.raises(MalformedMessage, match="InstanceNumber"):
            taken(
                envelope(
                    f"<cwmp:AddObjectResponse><InstanceNumber>{number}</InstanceNumber></cwmp:AddObjectResponse>"
                )
            )


def test_the_headers_of_later_versions():
    header = (
        "<cwmp:HoldRequests>true</cwmp:HoldRequests><cwmp:SessionTimeout>60</cwmp:SessionTimeout>"
        "<cwmp:SupportedCWMPVersions>1.0, 1.4</cwmp:SupportedCWMPVersions>"
        "<cwmp:NoMoreRequests>1</cwmp:NoMoreRequests>"
    )
    got = taken(envelope("<cwmp:GetRPCMethods/>", header))
    assert (got.hold_requests, got.session_timeout, got.supported_versions) == (True, 60, "1.0, 1.4")


def test_names_in_another_case_are_a_last_resort():
    text = envelope("<cwmp:rebootresponse/>").replace("Envelope", "envelope").replace("Body", "BODY")
    got = taken(text)
    assert got.message == m.RebootResponse()
    assert got.repairs


def test_a_message_without_envelope():
    assert isinstance(taken(f"<Inform>{DEVICE}</Inform>").message, m.Inform)
    assert isinstance(taken(f"<Body><Inform>{DEVICE}</Inform></Body>").message, m.Inform)
    undeclared = taken(f"<soap:Body><cwmp:Inform>{DEVICE}</cwmp:Inform></soap:Body>")
    assert isinstance(undeclared.message, m.Inform)
    assert any("soap" in repair for repair in undeclared.repairs)


def test_undeclared_prefixes_are_taken_for_what_they_look_like():
    text = inform().replace(' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', "")
    text = text.replace("xsd:string", "xsd:boolean")
    assert taken(text).message.parameter_list[0].type == "xsd:boolean"


def test_soap_with_no_message_we_know():
    assert taken(envelope("<cwmp:MakeCoffee><Cups>2</Cups></cwmp:MakeCoffee>")).message == UnknownMessage(
        "MakeCoffee"
    )
    assert taken(envelope("")).message == UnknownMessage("")
    assert taken("<Envelope/>").message == UnknownMessage("")


def test_a_message_that_breaks_off_keeps_its_whole_parameters():
    whole = inform(parameters=values(value() + value(name="Device.B")))
    cut = whole[: whole.index("Device.B") + 30]
    got = taken(cut)
    assert [p.name for p in got.message.parameter_list] == ["Device.A"]
    assert any("breaks off" in repair for repair in got.repairs)


def test_a_message_that_breaks_off_in_its_identity_is_refused():
    with pytest.raises(MalformedMessage):
        taken(inform()[: inform().index("1A2B3C")])


@pytest.mark.parametrize(
    "body", [b"", b" \r\n", b"\x00", b"hello", b'{"a": 1}', b"\xff\xfe", b"<", b"<html><body/></html>"]
)
def test_what_is_no_soap_is_refused_in_one_line(body):
    with pytest.raises(NotSoap) as refused:
        read(body)
    assert refused.value.reason
    assert "\n" not in refused.value.reason
