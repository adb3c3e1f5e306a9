"""Health, metrics, refusals, and what happens while Redis is away."""

from __future__ import annotations

import signal

from acs.store import refusals
from acs.store.refusals import Refusal


def test_alive_and_ready_need_no_token(anonymous):
    alive = anonymous("GET", "/healthz")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive", "version": "1.2.3"})
    ready = anonymous("GET", "/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_metrics_are_true(api, phone):
    phone(serial_number="1")
    phone(serial_number="2")
    answer = api("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'acs_build_info{version="1.2.3"} 1.0' in answer.text.splitlines()
    assert "acs_devices 2.0" in answer.text.splitlines()


def test_refusals_are_newest_first(api, store):
    store.run(refusals.push(Refusal(100.0, "192.0.2.1", "no SOAP", b"GET \xff", "cwmp")))
    store.run(refusals.push(Refusal(200.0, "192.0.2.2", "forged link", b"", "files")))
    items = api("GET", "/refusals").json()["items"]
    assert [item["kind"] for item in items] == ["files", "cwmp"]
    assert items[1] == {
        "at": "1970-01-01T00:01:40Z",
        "kind": "cwmp",
        "ip": "192.0.2.1",
        "text": "no SOAP",
        "excerpt": "GET \ufffd",
    }
    assert len(api("GET", "/refusals", params={"limit": 1}).json()["items"]) == 1


def test_while_redis_hangs_the_answer_does_not(own_server):
    redis, api = own_server
    redis.signal(signal.SIGSTOP)
    try:
        unready = api("GET", "/readyz")
    finally:
        redis.signal(signal.SIGCONT)
    assert unready.status_code == 503
    assert "has not answered for 3 seconds" in unready.json()["detail"]


def test_while_redis_is_away_the_server_lives_says_so_and_comes_back(own_server):
    redis, api = own_server
    assert api("GET", "/devices").status_code == 200
    redis.stop()
    alive = api("GET", "/healthz")
    assert alive.status_code == 200
    unready = api("GET", "/readyz")
    assert unready.status_code == 503
    assert "Redis" in unready.json()["detail"]
    for method, path in (("GET", "/devices"), ("POST", "/devices/x/tasks"), ("PUT", "/files/a.cfg")):
        answer = api(method, path, json={"type": "reboot"})
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Content-Type"] == "application/problem+json"
    redis.start()
    while api("GET", "/readyz").status_code != 200:
        pass
    assert api("GET", "/readyz").json()["status"] == "ready"
