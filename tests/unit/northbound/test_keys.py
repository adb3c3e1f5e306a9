"""/api/v1/keys: the documented keys as JSON."""

from __future__ import annotations

from acs.datamodel import key_loading


def test_all_documented_keys_are_there(as_role):
    answer = as_role("viewer")("GET", "/keys")
    assert answer.status_code == 200
    page = answer.json()
    assert page["total"] == len(page["items"]) == len(key_loading.shipped())
    port = next(key for key in page["items"] if key["name"] == "account.X.sip_server.Y.port")
    assert port["indexes"] == {"X": [1], "Y": [1, 2]}
    assert port["default"] == "5060"
    password = next(key for key in page["items"] if key["name"] == "security.user_password")
    assert password["secret"] is True
    assert password["default"] == {"user": "user", "admin": "admin"}
    mode = next(key for key in page["items"] if key["name"] == "account.X.transport")
    assert mode["values"]["0"] == "UDP"


def test_q_and_model_choose(api):
    found = api("GET", "/keys", params={"q": "voice.jib.*"}).json()
    assert found["total"] == 4
    assert api("GET", "/keys", params={"q": "account.1.transport"}).json()["total"] == 1
    assert api("GET", "/keys", params={"q": "voice.jib.*", "model": "cp860"}).json()["total"] == 4
    assert api("GET", "/keys", params={"model": "SIP-T99"}).json() == {"items": [], "total": 0}


def test_it_needs_a_token_and_knows_its_parameters(api, anonymous):
    assert anonymous("GET", "/keys").status_code == 401
    refused = api("GET", "/keys", params={"pattern": "x"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "pattern"
