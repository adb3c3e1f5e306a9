"""Where a setting comes from, and what is said about one that cannot be used."""

from pathlib import Path

import pytest

from acs.settings import Settings, SettingsError, load


def test_defaults_are_the_contracts_ports():
    settings = load({}, {})
    assert (settings.cwmp_port, settings.files_port, settings.web_port) == (7547, 7567, 8080)
    assert settings.cpe_auth == "digest"
    assert settings == Settings()


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path):
    file = tmp_path / "acs.toml"
    file.write_text('cwmp_port = 1001\nfiles_port = 1002\nweb_port = 1003\ncpe_auth = "basic"\n')
    environ = {"ACS_CONFIG": str(file), "ACS_FILES_PORT": "2002", "ACS_WEB_PORT": "2003"}
    settings = load({"web_port": 3003, "bind": None}, environ)
    assert (settings.cwmp_port, settings.files_port, settings.web_port) == (1001, 2002, 3003)
    assert settings.cpe_auth == "basic"


@pytest.mark.parametrize(
    ("flags", "environ", "words"),
    [
        ({"cwmp_port": "70000"}, {}, ["--cwmp-port", "70000", "0 to 65535"]),
        ({}, {"ACS_PROCESSES": "many"}, ["ACS_PROCESSES", "many", "whole number"]),
        ({"cpe_auth": "kerberos"}, {}, ["--cpe-auth", "kerberos", "none, basic, digest"]),
        ({"tls_cert": "cert.pem"}, {}, ["--tls-cert", "--tls-key"]),
        ({"files_bandwidth": "100"}, {}, ["--files-bandwidth", "100", "1024 at least"]),
        ({"config": "/nowhere/acs.toml"}, {}, ["/nowhere/acs.toml", "cannot be read"]),
    ],
)
def test_an_unusable_setting_is_named_with_its_value_and_what_is_allowed(flags, environ, words):
    with pytest.raises(SettingsError) as refusal:
        load(flags, environ)
    assert all(word in str(refusal.value) for word in words)


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path):
    file = tmp_path / "acs.toml"
    file.write_text("cwmp_prt = 1\n")
    with pytest.raises(SettingsError, match="cwmp_prt"):
        load({"config": str(file)}, {})
