"""`acs wsdl`: the WSDL for programs that are made from it, without a server."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from lxml import etree

from acs.cli.main import main
from cwmp_schemas.loader import northbound_text

ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap/}address"


@pytest.fixture
def wsdl(tmp_path, monkeypatch):
    monkeypatch.delenv("ACS_URL", raising=False)
    monkeypatch.setenv("ACS_DATA_DIR", str(tmp_path / "none"))
    return lambda *words: CliRunner().invoke(main, ["wsdl", *words])


def address(text: str) -> str:
    [place] = etree.fromstring(text.encode()).iter(ADDRESS)
    return place.get("location")


def test_it_is_the_shipped_one(wsdl):
    done = wsdl()
    assert (done.exit_code, done.stdout) == (0, northbound_text("acs.wsdl"))


@pytest.mark.parametrize("url", ["https://acs.example.net", "https://acs.example.net/"])
def test_it_names_the_server_that_is_asked_for(wsdl, url):
    assert address(wsdl("--url", url).stdout) == "https://acs.example.net/soap"
    assert address(wsdl("--url", "http://x/?a=1&b").stdout) == "http://x/?a=1&b/soap"


def test_it_names_the_server_of_this_machine(wsdl, tmp_path):
    (tmp_path / "run.json").write_text('{"web_url": "http://127.0.0.1:9999"}')
    assert address(wsdl("--data-dir", str(tmp_path)).stdout) == "http://127.0.0.1:9999/soap"


def test_the_types_alone_go_into_a_file(wsdl, tmp_path):
    target = tmp_path / "acs.xsd"
    assert wsdl("--xsd", "-o", str(target)).stdout == ""
    assert target.read_text() == northbound_text("acs.xsd")
    assert etree.XMLSchema(etree.parse(target))


def test_what_cannot_be_is_refused(wsdl, tmp_path):
    done = wsdl("--url", "acs.example.net")
    assert done.exit_code == 2
    assert "acs.example.net" in done.stderr
    done = wsdl("-o", str(tmp_path / "no" / "acs.wsdl"))
    assert done.exit_code == 2
    assert "cannot write" in done.stderr
