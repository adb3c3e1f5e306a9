"""The kinds of phone that can be played: the CP860 as it should be, and one persona for each habit seen on
real CPEs.

A persona is a value; every other file asks it what to do, none asks for its name.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

from acs.cwmp.versions import CWMP_1_0, CWMP_1_2


class Persona(Struct, frozen=True, kw_only=True):
    """One kind of phone; everything not said is as on the CP860."""

    name: str
    #: one line for `--list-personas`
    line: str

    # --- who it is
    manufacturer: str = "Yealink"
    oui: str = "001565"
    product_class: str = "CP860"
    #: the persona's own MAC addresses begin with these digits instead; empty to keep the swarm's
    mac_prefix: str = ""
    hardware_version: str = "37.0.0.0"
    software_version: str = "37.72.0.5"
    root: str = "Device."
    namespace: str = CWMP_1_0
    #: parameter (below the root) to another factory value
    defaults: dict[str, str] = {}
    #: parameters with this text in their name do not exist
    lacks: str = ""
    instance_gaps: bool = False

    # --- how it speaks HTTP
    user_agent: str = ""
    http_version: str = "1.1"
    cookies: Literal["echoed", "none", "attributes", "quoted", "stale"] = "echoed"
    new_connection: bool = False
    chunked: bool = False
    gzip: bool = False
    expect_continue: bool = False
    #: seconds over which a body trickles out
    trickle: float = 0
    content_type: str = 'text/xml; charset="utf-8"'
    digest: Literal["full", "no-qop", "no-count", "no-opaque"] = "full"

    # --- how it writes XML: names of `acs.simulator.xml_quirks`
    xml_quirks: tuple[str, ...] = ()

    # --- how it holds a session
    three_step_ending: bool = False
    #: in every other session
    skips_empty_post: bool = False
    second_inform: bool = False
    #: every other session is left hanging, its connection half open
    hangs: bool = False

    # --- how it answers
    #: the most names of one GetParameterValues, and the fault for more
    most_names: int = 0
    too_many_names: int = 9004
    refuses_empty_path: bool = False
    secretive_names: bool = False
    #: parameters, by their last components, that are listed and read, but unknown (9005) when they are set
    forgets: tuple[str, ...] = ()
    final_dot: bool = True
    reboots_on_set: bool = False
    #: takes values of any xsi:type
    type_blind: bool = False
    lacks_methods: tuple[str, ...] = ()

    # --- transfers
    transfer_complete: Literal["next session", "same session", "never"] = "next session"
    status_zero_downloads: bool = False
    basic_transfers_only: bool = False
    head_first: bool = False

    # --- connection requests
    connection_requests: Literal["digest", "no-qop", "busy"] = "digest"
    #: nothing reaches its own address; it keeps a STUN binding and takes connection requests by UDP
    behind_nat: bool = False


_CP860 = Persona(name="cp860", line="a Yealink CP860 that keeps to the standard (the default)")


def _like(name: str, line: str, **differences: object) -> Persona:
    return structs.replace(_CP860, name=name, line=line, **differences)


_ALL = (
    _CP860,
    # HTTP
    _like("no-cookies", "gives no cookie back", cookies="none"),
    _like("cookie-attributes", "gives cookies back with their attributes", cookies="attributes"),
    _like("cookie-quoted", "gives cookies back in quotes, with commas between", cookies="quoted"),
    _like("stale-cookie", "sends the last session's cookie with the next Inform", cookies="stale"),
    _like("new-connection", "opens a new TCP connection for every message", new_connection=True),
    _like("http10", "speaks HTTP/1.0", http_version="1.0"),
    _like("chunked", "sends bodies in chunks", chunked=True),
    _like("gzip", "compresses its bodies", gzip=True),
    _like("expect-continue", "sends Expect: 100-continue with each body", expect_continue=True),
    _like("trickle", "sends each body drop by drop over three seconds", trickle=3),
    _like("no-content-type", "sends no Content-Type", content_type=""),
    _like("digest-no-qop", "answers Digest without qop and cnonce (RFC 2069)", digest="no-qop"),
    _like("digest-no-count", "answers Digest with nc=00000001 each time", digest="no-count"),
    _like("digest-no-opaque", "leaves opaque out of its Digest answer", digest="no-opaque"),
    # XML and SOAP
    _like("prefixes", "odd prefixes, the wrong SOAP namespace", xml_quirks=("prefixes",)),
    _like("no-id", "an empty SOAP header, no cwmp:ID", xml_quirks=("no-id",)),
    _like(
        "missing-fields",
        "Inform without MaxEnvelopes, CurrentTime, RetryCount",
        xml_quirks=("missing-fields",),
    ),
    _like("no-events", "periodic Informs without any event", xml_quirks=("no-events",)),
    _like("clock-1970", "a clock that was never set, and no time zone", xml_quirks=("clock-1970",)),
    _like("whitespace", "blanks and newlines around names, codes and ids", xml_quirks=("whitespace",)),
    _like("no-value", "leaves out the Value element where it is empty", xml_quirks=("no-value",)),
    _like(
        "bad-types",
        "xsi:type missing, empty, invented or unprefixed, and not looked at",
        xml_quirks=("bad-types",),
        type_blind=True,
    ),
    _like("array-types", "arrayType zero-padded and wrong, xsi:type on lists", xml_quirks=("array-types",)),
    _like(
        "control-characters", "control characters, NUL and broken UTF-8", xml_quirks=("control-characters",)
    ),
    _like(
        "latin1",
        "writes ISO-8859-1 and says UTF-8",
        xml_quirks=("latin1",),
        defaults={"DeviceInfo.ProvisioningCode": "Besprechung Süd"},
    ),
    _like(
        "unescaped",
        "writes & and < in values without escaping them",
        xml_quirks=("unescaped",),
        defaults={"DeviceInfo.ProvisioningCode": "R&D < 4th floor"},
    ),
    _like("cdata", "CDATA sections, comments, processing instructions", xml_quirks=("cdata",)),
    _like("no-detail-fault", "SOAP faults without detail", xml_quirks=("no-detail-fault",)),
    # session
    _like("no-transfer-complete", "never sends TransferComplete", transfer_complete="never"),
    _like(
        "early-transfer-complete",
        "sends TransferComplete in the session of the Download itself",
        transfer_complete="same session",
    ),
    _like("three-step-ending", "one more empty POST after the empty answer", three_step_ending=True),
    _like("skips-empty-post", "closes after InformResponse in every other session", skips_empty_post=True),
    _like("second-inform", "sends its Inform twice in one session", second_inform=True),
    _like("hangs-mid-session", "leaves every other session hanging half open", hangs=True),
    # answers
    _like("small-batches", "fault 9004 for more than 16 names at once", most_names=16),
    _like(
        "refuses-empty-path", "fault 9005 for GetParameterNames of the empty path", refuses_empty_path=True
    ),
    _like("secretive-names", "fault 9005 without saying which name", secretive_names=True),
    _like(
        "forgets-names",
        "lists NTPServer1 and the label of lines, and answers 9005 when they are set",
        forgets=("NTPServer1", "X_001565_Label"),
    ),
    _like("no-final-dot", "lists objects without their final dot", final_dot=False),
    _like(
        "igd",
        "a tree below InternetGatewayDevice.",
        root="InternetGatewayDevice.",
        defaults={
            "DeviceSummary": "InternetGatewayDevice:1.1[](Baseline:1), VoiceService:1.0[1](SIPEndpoint:1)",
        },
    ),
    _like("instance-gaps", "instance numbers 2, 5, 8 instead of 1, 2, 3", instance_gaps=True),
    _like("reboots-on-set", "reboots when a value is changed and never answers", reboots_on_set=True),
    # transfers
    _like(
        "status-zero-downloads", "answers Download with Status 0, then fetches", status_zero_downloads=True
    ),
    # connection requests
    _like(
        "503-to-connection-requests", "answers 503 to every connection request", connection_requests="busy"
    ),
    _like(
        "no-qop-connection-requests",
        "asks for Digest without qop on connection requests",
        connection_requests="no-qop",
    ),
    _like("behind-nat", "behind NAT: a private address, STUN and UDP requests", behind_nat=True),
    # other makers
    _like(
        "grandstream-like",
        "another maker: DirectoryNumber, fault 9002 on 32 names, HEAD before GET",
        manufacturer="Grandstream",
        oui="000B82",
        product_class="GXP2135",
        mac_prefix="000b82",
        hardware_version="V1.0A",
        software_version="1.0.11.35",
        lacks="X_001565_",
        most_names=31,
        too_many_names=9002,
        head_first=True,
        cookies="attributes",
        user_agent="Grandstream Model HW GXP2135 SW 1.0.11.35",
    ),
    _like(
        "snom-like",
        "another maker: no Upload, only Basic for files, CWMP 1.2",
        manufacturer="snom",
        oui="000413",
        product_class="snom/D385",
        mac_prefix="000413",
        hardware_version="1",
        software_version="10.1.64.14",
        namespace=CWMP_1_2,
        lacks="X_001565_",
        lacks_methods=("Upload",),
        basic_transfers_only=True,
        user_agent="snomD385-SIP",
    ),
)

#: every persona by its name
PERSONAS = {persona.name: persona for persona in _ALL}
DEFAULT = _CP860.name
