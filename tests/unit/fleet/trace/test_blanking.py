"""No secret gets into a trace, however odd the message is that holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from acs.cwmp import messages as cwmp
from acs.cwmp.captured import split_request
from acs.cwmp.reading import MalformedMessage, NotSoap, read
from acs.cwmp.structures import ParameterValue
from acs.cwmp.versions import CWMP_1_0
from acs.cwmp.writing import write
from acs.datamodel import key_loading
from acs.fleet.log_secrets import BLANK
from acs.fleet.trace.blanking import WITHHELD, Blanking, secret_parameter

CAPTURES = Path(__file__).parents[5] / "shared" / "captures"
FILES = sorted(CAPTURES.glob("*.xml")) + sorted(CAPTURES.glob("*.http")) if CAPTURES.is_dir() else []

SECRET = "s3cr&t<value"
PASSWORD = "Device.ManagementServer.ConnectionRequestPassword"
LABEL = "Device.Services.VoiceService.1.VoiceProfile.1.Line.1.DirectoryNumber"

secret = secret_parameter(key_loading.shipped())


@pytest.fixture
def blanking() -> Blanking:
    return Blanking(secret)


def blanked(blanking: Blanking, body: bytes | str) -> str:
    kept, why = blanking.body(body if isinstance(body, bytes) else body.encode())
    assert why == ""
    return kept.decode()


def envelope(inner: str) -> str:
    return f"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>{inner}</s:Body></s:Envelope>"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        (PASSWORD, True),
        ("InternetGatewayDevice.ManagementServer.STUNPassword", True),
        ("Device.Services.VoiceService.1.VoiceProfile.1.Line.2.SIP.AuthPassword", True),
        ("Device.WiFi.AccessPoint.1.Security.PreSharedKey", True),
        (LABEL, False),
        ("Device.ManagementServer.Username", False),
    ],
)
def test_which_parameters_are_secrets(name, is_one):
    assert secret(name) is is_one


def test_only_the_values_of_secrets_go(blanking):
    values = (ParameterValue(PASSWORD, SECRET), ParameterValue(LABEL, "401"))
    kept = blanked(blanking, write(cwmp.SetParameterValues(values, "key"), cwmp_id="1", namespace=CWMP_1_0))
    assert [one.value for one in read(kept.encode()).message.parameter_list] == [BLANK, "401"]


def test_a_message_without_secrets_stays_as_it_came_to_the_byte(blanking):
    raw = b"\r\n<Envelope ><Body><Inform><!-- odd --><X>a&b\xff</X></Inform></Body></Envelope>"
    assert blanking.body(raw) == (raw, "")


def test_an_empty_secret_stays_empty(blanking):
    raw = write(
        cwmp.GetParameterValuesResponse((ParameterValue(PASSWORD, ""),)), cwmp_id="1", namespace=CWMP_1_0
    )
    assert blanking.body(raw) == (raw, "")


STRUCT = "ParameterValueStruct"


@pytest.mark.parametrize(
    "inner",
    [
        f"<{STRUCT}><Name>{PASSWORD}</Name><Value>geheim</Value></{STRUCT}>",
        f"<{STRUCT}><Value>geheim</Value><Name>{PASSWORD}</Name></{STRUCT}>",
        f"<x:{STRUCT}><x:Name> {PASSWORD}\n</x:Name><x:Value a='b'>\ngeheim</x:Value></x:{STRUCT}>",
        f"<{STRUCT}><Name><![CDATA[{PASSWORD}]]></Name><Value><![CDATA[geheim]]></Value></{STRUCT}>",
        f"<{STRUCT}><NAME>{PASSWORD}</NAME><VALUE>geheim</VALUE></{STRUCT}>",
        f"<{STRUCT}><Name>{PASSWORD}</Name><Value>a<b geheim & more</Value></{STRUCT}>",
        f"<{STRUCT}><Name>{PASSWORD}</Name><Value>geheim</{STRUCT}>",
        f"<{STRUCT}><Name>{PASSWORD}</Name><Value>geheim",
        f"<item><Name>{PASSWORD}</Name><Value>geheim</Value></item>",
        f"<{STRUCT}><Name>{PASSWORD[:-8]}&#80;assword</Name><Value>geheim</Value></{STRUCT}>",
    ],
)
def test_odd_spellings_hide_nothing(blanking, inner):
    for wrapped in (
        f"<GetParameterValuesResponse><ParameterList>{inner}</ParameterList></GetParameterValuesResponse>",
        inner,
    ):
        kept, _ = blanking.body(envelope(wrapped).encode())
        assert b"geheim" not in kept


def test_a_body_in_which_the_reader_still_finds_a_secret_is_withheld():
    class Blind(Blanking):
        def _marked_up(self, text: str) -> str:
            return text

    raw = write(cwmp.SetParameterValues((ParameterValue(PASSWORD, "x1"),)), cwmp_id="1", namespace=CWMP_1_0)
    assert Blind(secret).body(raw) == (b"", WITHHELD)


def test_utf_16_hides_nothing(blanking):
    inner = f"<{STRUCT}><Name>{PASSWORD}</Name><Value>geheim</Value></{STRUCT}>"
    kept, _ = blanking.body(envelope(inner).encode("utf-16"))
    assert "geheim" not in kept.decode()
    assert PASSWORD in kept.decode()


def test_logins_and_queries_of_transfers_go(blanking):
    order = cwmp.Download(
        "k1",
        "1 Firmware Upgrade Image",
        "http://me:pw123456@files.test/d/0123456789abcdef0123456789/f.rom?a=hidden1&token=hidden2",
        username="hidden3",
        password="hidden4",
    )
    kept = blanked(blanking, write(order, cwmp_id="1", namespace=CWMP_1_0))
    message = read(kept.encode()).message
    assert "hidden" not in kept
    assert "pw123456" not in kept
    assert "0123456789abcdef0123456789" not in kept
    assert (message.username, message.password) == (BLANK, BLANK)
    assert message.url.startswith("http://")
    assert message.url.split("?")[0].endswith("/f.rom")


def test_known_secrets_go_wherever_they_stand():
    blanking = Blanking(secret, ["grün&gold"])
    kept = blanked(blanking, envelope("<X>the grün&amp;gold one</X><Y>grün&gold</Y>"))
    assert "gold" not in kept


def test_headers_keep_what_matters(blanking):
    kept = dict(
        blanking.headers(
            [
                ("Authorization", 'Digest username="fleet", response="abcdef"'),
                ("Cookie", "session=0123; other=4567"),
                ("Set-Cookie", "session=0123; Path=/"),
                ("X-Api-Key", "abc"),
                ("User-Agent", "Yealink CP860 37.80.0.5"),
                ("X-Auth-Token", "hidden"),
            ]
        )
    )
    assert kept == {
        "Authorization": f"Digest {BLANK}",
        "Cookie": f"session={BLANK}; other={BLANK}",
        "Set-Cookie": f"session={BLANK}; Path=/",
        "X-Api-Key": BLANK,
        "User-Agent": "Yealink CP860 37.80.0.5",
        "X-Auth-Token": BLANK,
    }


def test_the_query_of_a_target_goes(blanking):
    assert blanking.target("/cwmp?user=a&pw=b") == f"/cwmp?user={BLANK}&pw={BLANK}"


@pytest.mark.skipif(not FILES, reason="there are no captures beside this checkout")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_captured_messages_still_read_the_same(blanking, path):
    body = split_request(path.read_bytes()).body
    kept, why = blanking.body(body)
    assert why == ""
    assert len(kept.splitlines()) == len(body.splitlines())
    assert outcome(kept) == outcome(body)


def outcome(body: bytes) -> str:
    """The name of the message, or of what is wrong with it."""
    try:
        return read(body).message.name
    except (NotSoap, MalformedMessage) as refusal:
        return type(refusal).__name__


LONG = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "a" * LONG,
        "://" + "a:" * (LONG // 2),
        "password" * (LONG // 8),
        "password " + " " * LONG,
        "<Name><![CDATA[" * (LONG // 15),
        "<Name" * (LONG // 5),
        "<Value " * (LONG // 7),
        "<x:Value>" * (LONG // 9),
        f"<{STRUCT}><Name>{PASSWORD}</Name>" + "<Value>" * (LONG // 7),
        "<Username>" * (LONG // 10),
        "<URL>?" + "token" * (LONG // 5),
        ";" + "session" * (LONG // 7),
        "<" + "a." * (LONG // 2) + ":Name>",
        "<" * LONG,
    ],
    ids=lambda text: text[:20],
)
def test_long_and_odd_messages_are_looked_through_once(blanking, text):
    """Where a pattern tried the same stretch again and again, these would take hours."""
    body = f"http://x secret {text}".encode()
    kept, why = blanking.body(body)
    assert why == ""
    assert kept
