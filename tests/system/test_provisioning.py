"""Provisioning files over HTTP: phones that are nothing but `http.client`, and `openssl` to decrypt."""

from __future__ import annotations

import base64
import datetime
import hashlib
import http.client
import json
import re
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

MAC = "0015658a3786"
OTHER = "0015658a3787"
COMMON = "y000000000037.cfg"
KEY = "0123456789abcdef"
OTHER_KEY = "FEDCBA9876543210"


def agent(mac: str = MAC, *, model: str = "CP860", version: str = "37.72.0.5") -> str:
    return f"Yealink {model} {version} " + ":".join(mac[at : at + 2] for at in range(0, 12, 2))


class Fetched:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def lines(self) -> list[str]:
        assert self.status == 200, (self.status, self.body)
        return self.body.decode().splitlines()

    def decrypted(self, key: str) -> list[str]:
        assert self.status == 200, (self.status, self.body)
        arguments = ["openssl", "enc", "-d", "-aes-128-ecb", "-K", key.encode().hex()]
        done = subprocess.run(arguments, input=self.body, capture_output=True, check=True)
        return done.stdout.decode().rstrip("\n").splitlines()


class Site:
    """One server and its login; `get` fetches from the files port."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.api = server.api

    def get(
        self,
        path: str,
        *,
        user_agent: str | None = agent(),
        login: str | None = "basic",
        method: str = "GET",
        headers: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        password: str = "",
    ) -> Fetched:
        url = urlsplit(self.server.urls["files"])
        if tls is not None:
            connection: Any = http.client.HTTPSConnection(url.hostname, url.port, timeout=20, context=tls)
        else:
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
        sent = dict(headers or {})
        if user_agent is not None:
            sent["User-Agent"] = user_agent
        if login == "basic":
            known = self.server.login
            pair = f"{known['username']}:{password or known['password']}"
            sent["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        try:
            connection.request(method, path if path.startswith("/") else f"/{path}", headers=sent)
            return Fetched(connection.getresponse())
        finally:
            connection.close()

    def digest(self, path: str) -> Fetched:
        """As a phone that answers the challenge."""
        refused = self.get(path, login=None)
        challenges = refused.headers.get_all("WWW-Authenticate")
        offered = next(one for one in challenges if one.startswith("Digest"))
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', offered))
        known = self.server.login

        def hashed(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        secret = hashed(f"{known['username']}:{fields['realm']}:{known['password']}")
        what = hashed(f"GET:/{path}")
        response = hashed(f"{secret}:{fields['nonce']}:00000001:c0ffee:auth:{what}")
        field = (
            f'Digest username="{known["username"]}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", '
            f'uri="/{path}", qop=auth, nc=00000001, cnonce="c0ffee", response="{response}"'
        )
        return self.get(path, login=None, headers={"Authorization": field})

    def configure(self, values: dict[str, str | None], where: str = "config") -> None:
        answer = self.api.patch(f"/api/v1/{where}", json={"values": values})
        assert answer.status_code == 200, answer.text

    def awaits(self, mac: str, values: dict[str, str]) -> None:
        """A phone on the operator's list, with keys of its own."""
        added = self.api.post(
            "/api/v1/devices/import", content=f"mac,desk\n{mac},7\n", headers={"Content-Type": "text/csv"}
        )
        assert added.status_code in (200, 201), added.text
        self.configure(values, f"devices/{mac}/config")

    def refusals(self) -> list[dict[str, Any]]:
        return list(self.api.get("/api/v1/refusals").json()["items"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from .conftest import Server

    server = Server(tmp_path_factory.mktemp("provisioning") / "data", "--workers", "0")
    yield Site(server)
    assert server.stop() == 0
    assert not server.tracebacks()


@pytest.fixture(autouse=True)
def empty_fleet_layer(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "site" in request.fixturenames:
        site: Site = request.getfixturevalue("site")
        for where in ("config", "models/CP860/config"):
            assert site.api.put(f"/api/v1/{where}", json={"values": {}}).status_code == 200


def test_a_phone_that_knows_nothing_gets_the_way_to_this_server(site: Site) -> None:
    lines = site.get(COMMON).lines
    assert lines[0] == "#!version:1.0.0.1"
    cwmp = urlsplit(site.server.urls["cwmp"])
    assert f"managementserver.url = http://127.0.0.1:{cwmp.port}/" in lines
    assert "managementserver.enable = 1" in lines
    assert f"managementserver.username = {site.server.login['username']}" in lines
    assert f"managementserver.password = {site.server.login['password']}" in lines


def test_what_all_have_is_in_the_common_file_and_what_one_has_in_its_own(site: Site) -> None:
    site.configure({"voice.jib.max": "300", "account.1.label": "Desk {{ desk }}"})
    site.configure({"voice.jib.min": "60"}, "models/CP860/config")
    site.awaits(MAC, {"voice.jib.max": "240", "account.1.display_name": "Reception"})
    common = site.get(COMMON).lines
    assert "voice.jib.max = 300" in common
    assert "voice.jib.min = 60" in common
    assert not any(line.startswith("account.1") for line in common)
    own = site.get(f"{MAC}.cfg").lines
    assert set(own[1:]) == {
        "voice.jib.max = 240",
        "account.1.display_name = Reception",
        "account.1.label = Desk 7",
    }
    assert site.get(f"{OTHER}.cfg", user_agent=agent(OTHER)).lines == ["#!version:1.0.0.1"]


def test_another_model_does_not_get_the_keys_of_this_one(site: Site) -> None:
    site.configure({"voice.jib.min": "60"}, "models/CP860/config")
    found = site.get(
        "y000000000028.cfg", user_agent=agent(OTHER, model="SIP-T46G", version="28.80.0.95")
    ).lines
    assert "voice.jib.min = 60" not in found


@pytest.mark.parametrize(
    "path",
    [
        f"/{MAC.upper()}.cfg",
        f"/{MAC}.CFG",
        f"/config/site7//{MAC}.cfg",
        f"/{MAC}.cfg?x=1",
        f"/cfg%20files/{MAC}%2Ecfg",
        f"/d/{MAC}.cfg",
        f"/u/site7/{MAC}.cfg",
        f"/r/{MAC}.cfg",
    ],
)
def test_the_name_counts_in_any_case_and_below_any_directory(site: Site, path: str) -> None:
    assert site.get(path).lines[0] == "#!version:1.0.0.1"


@pytest.mark.parametrize(
    "path",
    [
        f"/{MAC}.boot",
        "/y000000000000.boot",
        "/y000000000999.cfg",
        "/y37.cfg",
        "/index.html",
        "/",
        "/../../etc/passwd",
        f"/../{MAC}.cfg",
        f"/%2e%2e/{MAC}.cfg",
        f"/..%2f{MAC}.cfg",
        f"/{MAC}.cfg%00",
        f"/{MAC}.cfg/",
        "/zzzzzzzzzzzz.cfg",
        f"/{MAC}_Security.enc",
    ],
)
def test_everything_else_is_not_there_and_never_a_page(site: Site, path: str) -> None:
    found = site.get(path, user_agent="curl/8")
    assert found.status == 404
    assert found.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert b"<" not in found.body


@pytest.mark.parametrize(
    "user_agent",
    [
        "yealink CP860 37.72.0.5 00:15:65:8a:37:86",
        "Yealink  CP860  37.72.0.5  00:15:65:8A:37:86",
        "Yealink CP860 37.72.0.5 0015658a3786",
        "Yealink CP860 37.72.0.5",
        "Yealink",
        "",
        None,
        "Mozilla/5.0 " + "x" * 5000,
        "Yealink CP860 37.72.0.5 00:15:65",
    ],
)
def test_a_user_agent_may_be_odd_or_missing(site: Site, user_agent: str | None) -> None:
    assert site.get(COMMON, user_agent=user_agent).status == 200
    assert site.get(f"{MAC}.cfg", user_agent=user_agent).status == 200


def test_only_reading_is_offered(site: Site) -> None:
    assert site.get(f"{MAC}.cfg", method="PUT").status == 405
    assert site.get(f"{MAC}.cfg", method="DELETE").headers["Allow"] == "GET, HEAD"


def test_head_tells_the_length_and_sends_nothing(site: Site) -> None:
    whole, head = site.get(COMMON), site.get(COMMON, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))
    assert head.headers["ETag"] == whole.headers["ETag"]


def test_who_has_the_file_already_is_told_so(site: Site) -> None:
    site.configure({"voice.jib.max": "299"})
    etag = site.get(COMMON).headers["ETag"]
    unchanged = site.get(COMMON, headers={"If-None-Match": etag})
    assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", etag)
    site.configure({"voice.jib.max": "298"})
    assert "voice.jib.max = 298" in site.get(COMMON, headers={"If-None-Match": etag}).lines


class TestLogin:
    def test_basic_and_digest_are_both_offered_and_taken(self, site: Site) -> None:
        refused = site.get(COMMON, login=None)
        assert refused.status == 401
        offered = refused.headers.get_all("WWW-Authenticate")
        assert [one.partition(" ")[0] for one in offered] == ["Digest", "Basic"]
        assert site.get(COMMON).status == 200
        assert site.digest(COMMON).lines == site.get(COMMON).lines
        assert site.digest(f"{MAC}.cfg").status == 200

    def test_a_wrong_password_is_refused_and_recorded(self, site: Site) -> None:
        assert site.get(f"{MAC}.cfg", password="guess").status == 401
        newest = site.refusals()[0]
        assert newest["kind"] == "provisioning"
        assert "wrong password" in newest["text"]
        assert f"/{MAC}.cfg" in newest["excerpt"]

    def test_a_phone_does_not_get_the_file_of_another(self, site: Site) -> None:
        assert site.get(f"{OTHER}.cfg", user_agent=agent(MAC)).status == 403
        assert MAC in site.refusals()[0]["text"]


class TestEncryption:
    def test_openssl_reads_both_files_with_their_keys(self, site: Site) -> None:
        site.configure(
            {
                "auto_provision.aes_key_16.com": KEY,
                "auto_provision.aes_key_16.mac": OTHER_KEY,
                "voice.jib.max": "300",
                "account.1.label": "{{ mac }}",
            }
        )
        common = site.get(COMMON)
        assert len(common.body) % 16 == 0
        assert common.headers["Content-Type"] == "application/octet-stream"
        assert "voice.jib.max = 300" in common.decrypted(KEY)
        own = site.get(f"{OTHER}.cfg", user_agent=agent(OTHER)).decrypted(OTHER_KEY)
        assert own == ["#!version:1.0.0.1", f"account.1.label = {OTHER}"]

    def test_a_phone_with_a_key_of_its_own_gets_its_files_by_that(self, site: Site) -> None:
        site.configure({"auto_provision.aes_key_16.com": KEY})
        own = {"auto_provision.aes_key_16.com": OTHER_KEY, "auto_provision.aes_key_16.mac": OTHER_KEY}
        site.awaits("001565000077", own)
        mine = site.get(COMMON, user_agent=agent("001565000077"))
        assert "managementserver.enable = 1" in mine.decrypted(OTHER_KEY)
        assert "managementserver.enable = 1" in site.get(COMMON).decrypted(KEY)
        assert site.get("001565000077.cfg", user_agent=agent("001565000077")).decrypted(OTHER_KEY)

    def test_a_plain_common_file_does_not_give_away_the_key_of_the_others(self, site: Site) -> None:
        site.configure({"auto_provision.aes_key_16.mac": KEY})
        assert KEY not in site.get(COMMON).body.decode()
        assert f"auto_provision.aes_key_16.mac = {KEY}" in site.get(f"{MAC}.cfg").decrypted(KEY)

    def test_a_common_key_that_differs_by_phone_needs_to_know_the_phone(self, site: Site) -> None:
        site.configure({"auto_provision.aes_key_16.com": "abcd{{ mac }}"})
        assert site.get(COMMON, user_agent="Yealink CP860 37.72.0.5").status == 403
        assert "managementserver.enable = 1" in site.get(COMMON).decrypted(f"abcd{MAC}")


def test_our_login_is_never_sent_to_another_server(site: Site) -> None:
    password = site.server.login["password"]
    site.configure({"managementserver.url": "http://other.example/acs"})
    assert password not in site.get(COMMON).body.decode()
    site.configure({"managementserver.url": None})
    site.awaits("001565000078", {"managementserver.url": "http://other.example/acs"})
    own = site.get("001565000078.cfg", user_agent=agent("001565000078")).lines
    assert "managementserver.username =" in own
    assert "managementserver.password =" in own


def test_a_restart_changes_no_byte(start_server: Callable[..., Any]) -> None:
    site = Site(start_server("--workers", "0", "--processes", "2"))
    site.configure(
        {"auto_provision.aes_key_16.com": KEY, "voice.jib.max": "300", "account.1.label": "{{ mac }}"}
    )
    before = [site.get(name) for name in (COMMON, f"{MAC}.cfg") for _ in range(4)]
    site.server.stop()
    site.server.start()
    after = [site.get(name) for name in (COMMON, f"{MAC}.cfg") for _ in range(4)]
    seen = [(one.body, one.headers["ETag"]) for one in before]
    assert seen == [(one.body, one.headers["ETag"]) for one in after]
    assert len(set(seen)) == 2


def inform(mac: str) -> bytes:
    """A first Inform, as bare as a phone may be."""
    return f"""<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:cwmp="urn:dslforum-org:cwmp-1-0">
<soap:Header><cwmp:ID soap:mustUnderstand="1">1</cwmp:ID></soap:Header>
<soap:Body><cwmp:Inform><DeviceId><Manufacturer>Yealink</Manufacturer><OUI>001565</OUI>
<ProductClass>CP860</ProductClass><SerialNumber>{mac}</SerialNumber></DeviceId><Event><EventStruct>
<EventCode>0 BOOTSTRAP</EventCode><CommandKey></CommandKey></EventStruct></Event>
<MaxEnvelopes>1</MaxEnvelopes>
<CurrentTime>2030-01-01T00:00:00Z</CurrentTime><RetryCount>0</RetryCount><ParameterList/></cwmp:Inform>
</soap:Body></soap:Envelope>""".encode()


def call(server: Any, mac: str) -> None:
    url = urlsplit(server.urls["cwmp"])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
    connection.request("POST", "/", body=inform(mac), headers={"Content-Type": "text/xml"})
    assert connection.getresponse().status == 200
    connection.close()


def timeline(site: Site, mac: str) -> list[dict[str, Any]]:
    """Of the newest first."""
    return list(site.api.get(f"/api/v1/devices/001565-CP860-{mac}/timeline").json()["items"])


@pytest.fixture(scope="module")
def open_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """No login: a phone shows its MAC address and no more."""
    from .conftest import Server

    server = Server(tmp_path_factory.mktemp("open") / "data", "--workers", "0", "--cpe-auth", "none")
    yield Site(server)
    assert server.stop() == 0
    assert not server.tracebacks()


class TestTimeline:
    def test_a_stranger_brings_its_fetches_along_when_it_calls(self, open_site: Site) -> None:
        etag = open_site.get(f"{MAC}.cfg", login=None).headers["ETag"]
        open_site.get(COMMON, login=None)
        open_site.get(f"{MAC}.cfg", login=None, headers={"If-None-Match": etag})
        call(open_site.server, MAC)
        told = [(one["kind"], one["text"]) for one in reversed(timeline(open_site, MAC))]
        kinds = [kind for kind, _ in told]
        assert kinds[:3] == ["file"] * 3
        assert "file" not in kinds[3:]
        assert told[0][1].startswith(f"Fetched {MAC}.cfg (")
        assert told[1][1].startswith(f"Fetched {COMMON} (")
        assert told[2][1] == f"Asked for {MAC}.cfg: unchanged"

    def test_a_known_phone_gets_its_line_at_once(self, open_site: Site) -> None:
        call(open_site.server, OTHER)
        before = len(timeline(open_site, OTHER))
        open_site.get(f"{OTHER}.cfg", login=None, user_agent=agent(OTHER))
        newest = timeline(open_site, OTHER)[0]
        assert len(timeline(open_site, OTHER)) == before + 1
        assert newest["data"]["file"] == f"{OTHER}.cfg"
        assert newest["data"]["ip"] == "127.0.0.1"

    def test_a_refused_request_is_on_no_timeline(self, open_site: Site) -> None:
        call(open_site.server, OTHER)
        before = timeline(open_site, OTHER)
        assert open_site.get(f"{OTHER}.cfg", login=None, user_agent=agent(MAC)).status == 403
        assert open_site.get(f"{OTHER}.cfg", login=None, user_agent="Yealink CP860 37.72.0.5").status == 403
        assert timeline(open_site, OTHER) == before
        assert {one["kind"] for one in open_site.refusals()[:2]} == {"provisioning"}

    def test_without_login_the_files_have_none(self, open_site: Site) -> None:
        lines = open_site.get(COMMON, login=None).lines
        assert "managementserver.enable = 1" in lines
        assert not any("password" in line for line in lines)


class Authority:
    """Signs certificates; its own and theirs lie in `directory`."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory, self.name = directory, name
        self.key = rsa.generate_private_key(65537, 2048)
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = directory / f"{name}.crt"
        made = self._built(self.subject, self.key, authority=True)
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def sign(self, common_name: str) -> tuple[Path, Path]:
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        certificate, key_file = (
            self.directory / f"{self.name}-{common_name}.{end}" for end in ("crt", "key")
        )
        certificate.write_bytes(self._built(subject, key).public_bytes(serialization.Encoding.PEM))
        pem = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, *pem))
        return certificate, key_file

    def _built(self, subject: x509.Name, key: Any, *, authority: bool = False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder(self.subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )


def client(certificate: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context


def test_a_certificate_opens_the_file_of_its_phone_alone(
    tmp_path: Path, start_server: Callable[..., Any]
) -> None:
    makers, strangers = Authority(tmp_path, "makers"), Authority(tmp_path, "strangers")
    certificate, key = makers.sign("acs.example")
    flags = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    flags += ["--provisioning-ca", str(makers.certificate), "--provisioning-auth", "certificate"]
    site = Site(start_server("--workers", "0", *flags))
    phone = client(makers.sign("00:15:65:8A:37:86"))

    assert site.get(f"{MAC}.cfg", login=None, tls=phone, user_agent="Yealink").status == 200
    lines = site.get(COMMON, login=None, tls=phone).lines
    assert any(line.startswith("managementserver.url = https://") for line in lines)
    assert site.get(f"{OTHER}.cfg", login=None, tls=phone, user_agent=agent(OTHER)).status == 403
    assert site.get(f"{MAC}.cfg", tls=client()).status == 403
    assert site.get(f"{MAC}.cfg", tls=client(makers.sign("no-phone"))).status == 403
    with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
        site.get(f"{MAC}.cfg", tls=client(strangers.sign(MAC)))


def test_by_source_a_phone_gets_its_file_where_it_is_known(start_server: Callable[..., Any]) -> None:
    site = Site(start_server("--workers", "0", "--provisioning-auth", "source", "--cpe-auth", "none"))
    assert site.get(f"{MAC}.cfg", login=None).status == 200
    call(site.server, MAC)
    assert site.get(f"{MAC}.cfg", login=None).status == 200
    elsewhere = http.client.HTTPConnection(
        "127.0.0.1", urlsplit(site.server.urls["files"]).port, source_address=("127.0.0.9", 0), timeout=20
    )
    elsewhere.request("GET", f"/{MAC}.cfg", headers={"User-Agent": agent()})
    assert elsewhere.getresponse().status == 403
    elsewhere.close()
    assert "127.0.0.1" in site.refusals()[0]["text"]


def test_what_leads_here_can_be_turned_off(start_server: Callable[..., Any]) -> None:
    site = Site(start_server("--workers", "0", "--provisioning-acs", "off"))
    assert site.get(COMMON).lines == ["#!version:1.0.0.1"]


def test_numbers_of_models_can_be_added(start_server: Callable[..., Any]) -> None:
    site = Site(start_server("--workers", "0", "--provisioning-models", "SIP-T99Z=999"))
    site.configure({"voice.jib.max": "250"}, "models/SIP-T99Z/config")
    assert "voice.jib.max = 250" in site.get("y000000000999.cfg", user_agent="curl").lines


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--provisioning-models", "CP860"), ["--provisioning-models", "'CP860'", "MODEL=NUMBER"]),
        (("--provisioning-auth", "certificate"), ["--provisioning-ca"]),
        (("--provisioning-ca", "nowhere.pem"), ["--provisioning-ca", "HTTPS"]),
        (("--provisioning-auth", "password"), ["--provisioning-auth", "user-agent"]),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    refused_start: Callable[..., Any], tmp_path: Path, flags: tuple[str, ...], words: list[str]
) -> None:
    done = refused_start("--data-dir", str(tmp_path / "data"), *flags)
    assert done.returncode != 0
    assert all(word in done.stderr for word in words), done.stderr


def test_the_command_line_shows_what_is_served(site: Site, tmp_path: Path) -> None:
    site.configure({"auto_provision.aes_key_16.mac": KEY, "account.1.label": "{{ mac }}"})
    site.awaits("001565000079", {"voice.jib.max": "222"})
    render = ("config", "render", "001565000079")
    assert "voice.jib.max = 222" in site.server.acs(*render).stdout.splitlines()
    out = tmp_path / "own.cfg"
    site.server.acs(*render, "--encrypt", "-o", str(out))
    assert out.read_bytes() == site.get("001565000079.cfg", user_agent=agent("001565000079")).body
    model = json.loads(site.server.acs("config", "render", "--model", "CP860", "--json").stdout)
    assert model["file"] == COMMON
    assert model["text"].encode() == site.get(COMMON).body
    wrong = site.server.acs("config", "render", check=False)
    assert wrong.returncode != 0
    assert "--model" in wrong.stderr


class TestZeroTouch:
    def test_phones_with_tr069_off_come_in_by_their_files(self, start_server: Callable[..., Any]) -> None:
        site = Site(start_server("--workers", "0"))
        site.configure(
            {
                "auto_provision.aes_key_16.com": KEY,
                "auto_provision.aes_key_16.mac": KEY,
                "account.1.label": "{{ mac }}",
            }
        )
        arguments = ["simulate", "--phones", "5", "--zero-touch", "--aes-key", KEY, "--sessions", "1"]
        done = site.server.acs(*arguments, "--quiet", "--json", "--ramp", "0")
        summary = json.loads(done.stdout)
        assert (summary["completed_phones"], summary["files_fetched"], summary["files_applied"]) == (
            5,
            10,
            10,
        )
        deadline = time.monotonic() + 30
        while site.api.get("/api/v1/devices").json()["total"] != 5:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert [one["kind"] for one in timeline(site, "001565000003")][-2:] == ["file", "file"]

    def test_a_phone_without_the_key_stays_out(self, start_server: Callable[..., Any]) -> None:
        site = Site(start_server("--workers", "0"))
        site.configure({"auto_provision.aes_key_16.com": KEY})
        arguments = ["simulate", "--zero-touch", "--aes-key", OTHER_KEY, "--retry-scale", "0"]
        done = site.server.acs(*arguments, "--duration", "3", "--quiet", "--json", check=False)
        assert done.returncode == 1
        assert json.loads(done.stdout)["completed_phones"] == 0
        assert site.api.get("/api/v1/devices").json()["total"] == 0
