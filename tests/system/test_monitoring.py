"""To be watched: the metrics of a busy server of two processes, its log, and what is made from the two.

One run is shared by all tests here. Phones of the simulator call, take tasks, fail at one, fetch and bring
files and are woken, with every secret that there is in use. Then they are stopped, so that what they say they
did can be held against what the server says.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

ACS = str(Path(sys.executable).with_name("acs"))
ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
PHONES = 4
PATIENCE = 90

METRICS_TOKEN = "prometheus-may-read-this"
SIP_PASSWORD = "sip-Pa55word-of-a-line"
LAYER_PASSWORD = "another-Pa55word-of-all-lines"
TRANSFER_PASSWORD = "transfer-Pa55word"
USER_PASSWORD = "Night-shift-Pa55word-3"

#: sample name and labels to value
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives once it is true."""
    give_up = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < give_up, "it does not come true"
        time.sleep(0.2)
    return found


def scrape(url: str, token: str = METRICS_TOKEN) -> Samples:
    """By a connection of its own, which any of the processes may take."""
    answer = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum of all samples of this name that have these labels."""
    wanted = set(labels.items())
    return sum(value for (one, given), value in samples.items() if one == name and wanted <= given)


class Run:
    """What happened, and what was said of it at the end."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.url = server.urls["web"]
        self.summary: dict[str, Any] = {}
        self.samples: Samples = {}
        self.secrets: dict[str, str] = {}
        self.tasks: dict[str, dict[str, Any]] = {}

    def drive(self) -> None:
        swarm = self._simulate()
        try:
            self._work()
        finally:
            swarm.send_signal(signal.SIGINT)
            output, _ = swarm.communicate(timeout=30)
        self.summary = json.loads(output)
        until(self._settled)
        self.samples = scrape(self.url)
        self._collect_secrets()

    def _simulate(self) -> subprocess.Popen[str]:
        arguments = [ACS, "simulate", "--data-dir", str(self.server.data_dir), "--phones", str(PHONES)]
        arguments += ["--interval", "2", "--boot-time", "0.5", "--ramp", "0.5", "--json", "--quiet"]
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)

    def _work(self) -> None:
        api = self.server.api
        self._put_secrets(api)
        ids = until(lambda: found if len(found := self._ids(api)) == PHONES else None)
        stored = api.put(
            "/api/v1/files/common.cfg",
            params={"file_type": "3 Vendor Configuration File"},
            content=b"x" * 30_000,
        )
        assert stored.status_code == 201, stored.text
        root = "InternetGatewayDevice." if self._is_igd(api, ids[0]) else "Device."
        line = f"{root}Services.VoiceService.1.VoiceProfile.1.Line.1."
        config = "3 Vendor Configuration File"
        login = {"username": "files", "password": TRANSFER_PASSWORD}
        bodies: tuple[tuple[str, dict[str, Any]], ...] = (
            (ids[0], {"type": "get_parameter_values", "names": [root + "DeviceInfo."]}),
            (ids[0], {"type": "get_parameter_values", "names": [root + "No.Such.Thing"]}),
            (ids[1], {"type": "upload", "file_type": "1 Vendor Configuration File"}),
            (ids[2], {"type": "set_parameter_values", "values": {line + "SIP.AuthPassword": SIP_PASSWORD}}),
            (ids[2], {"type": "download", "file": "common.cfg", "file_type": config, **login}),
            (ids[3], {"type": "reboot"}),
        )
        for device, body in bodies:
            answer = api.post(f"/api/v1/devices/{device}/tasks", params={"wake": 1}, json=body)
            assert answer.status_code == 201, answer.text
            self.tasks[answer.json()["id"]] = {}
        far = {"type": "reboot", "not_before": "2199-01-01T00:00:00Z"}
        waits = api.post(f"/api/v1/devices/{ids[0]}/tasks", json=far)
        assert waits.status_code == 201, waits.text
        until(lambda: all(self._ended(api, one) for one in self.tasks))
        until(lambda: total(scrape(self.url), "acs_informs_total", event="2 PERIODIC") > 0)
        until(lambda: self._woken(api, ids[0]))

    def _woken(self, api: httpx.Client, device: str) -> bool:
        """Whether a phone has come because it was woken; those that call all the time may be here already."""
        api.post(f"/api/v1/devices/{device}/wake")
        found = scrape(self.url)
        came = total(found, "acs_connection_requests_total", way="http", outcome="came")
        return came > 0 and total(found, "acs_informs_total", event="6 CONNECTION REQUEST") > 0

    def _put_secrets(self, api: httpx.Client) -> None:
        layer = {"values": {"account.1.password": LAYER_PASSWORD}}
        assert api.put("/api/v1/config", json=layer).status_code in (200, 201)
        user = {"name": "night", "password": USER_PASSWORD, "role": "operator"}
        made = api.post("/api/v1/users", json=user)
        assert made.status_code == 201, made.text
        self.secrets["a token"] = self.server.acs("token", "create", "--role", "viewer").stdout.strip()
        for wrong in ("acs_0123abcd_aTokenThatIsWrong", "nonsense-for-a-token"):
            self.secrets[f"the wrong token {wrong}"] = wrong
            headers = {"Authorization": f"Bearer {wrong}"}
            assert httpx.get(f"{self.url}/api/v1/devices", headers=headers).status_code == 401
            httpx.get(f"{self.server.urls['files']}/d/{wrong}{wrong}/file.cfg")

    def _ids(self, api: httpx.Client) -> list[str]:
        return [one["id"] for one in api.get("/api/v1/devices").json()["items"]]

    def _is_igd(self, api: httpx.Client, device: str) -> bool:
        found = until(lambda: api.get(f"/api/v1/devices/{device}/parameters").json())
        return next(iter(found)).startswith("InternetGatewayDevice.")

    def _ended(self, api: httpx.Client, task: str) -> bool:
        if not self.tasks[task]:
            found = api.get(f"/api/v1/tasks/{task}").json()
            if found["state"] in ("done", "failed", "expired", "cancelled"):
                self.tasks[task] = found
        return bool(self.tasks[task])

    def _settled(self) -> bool:
        """What the phones had is told of, by each process at its time; no session is open; and the task that
        waits for the next century was counted."""
        found = scrape(self.url)
        began, ended = (total(found, f"acs_sessions_{what}_total") for what in ("started", "ended"))
        waits = total(found, "acs_tasks_open", state="pending") == 1
        told = ended >= self.summary["sessions"]
        return waits and told and began == ended and total(found, "acs_sessions_active") == 0

    def _collect_secrets(self) -> None:
        server = self.server
        redis = Redis.from_url(json.loads((server.data_dir / "run.json").read_text())["redis_url"])
        shared = {name.decode(): value for name, value in redis.hgetall("acs:secrets").items()}
        self.secrets |= {
            "the fleet's password": server.login["password"],
            "the administrator's token": (server.data_dir / "local-admin.token").read_text().strip(),
            "the action URLs' token": shared["action_token"].decode(),
            "the metrics' token": METRICS_TOKEN,
            "a line's password": SIP_PASSWORD,
            "a layer's password": LAYER_PASSWORD,
            "a transfer's password": TRANSFER_PASSWORD,
            "a user's password": USER_PASSWORD,
            **{f"the key {name}": value.hex() for name, value in shared.items() if name.endswith("_key")},
        }


@pytest.fixture(scope="module")
def run(module_server: Callable[..., Any]) -> Run:
    flags = ["--processes", "2", "--metrics-token", METRICS_TOKEN]
    flags += ["--log-level", "debug", "--log-format", "json", "--log-sessions", "all"]
    happened = Run(module_server(*flags))
    happened.drive()
    return happened


# --- the figures --------------------------------------------------------------------------------------------


def test_sessions_are_those_that_the_phones_had(run):
    ended = total(run.samples, "acs_sessions_ended_total", outcome="done")
    assert run.summary["sessions"] > PHONES
    assert ended == run.summary["sessions"]
    assert total(run.samples, "acs_session_seconds_count", outcome="done") == ended
    assert total(run.samples, "acs_sessions_started_total", cause="0 BOOTSTRAP") == PHONES


def test_informs_are_counted_by_event(run):
    for event in ("0 BOOTSTRAP", "2 PERIODIC", "6 CONNECTION REQUEST", "7 TRANSFER COMPLETE", "M Reboot"):
        assert total(run.samples, "acs_informs_total", event=event) > 0, event


def test_rpcs_are_those_that_the_phones_were_asked_for_with_their_faults(run):
    asked = Counter(run.summary["requests"])
    for method, number in asked.items():
        assert total(run.samples, "acs_rpcs_total", caller="server", method=method) == number, method
    faults = total(run.samples, "acs_rpcs_total", caller="server", result="9005")
    assert faults >= 1
    assert total(run.samples, "acs_rpcs_total", caller="phone", method="TransferComplete") >= 2


def test_tasks_are_counted_by_what_became_of_them(run):
    ended = Counter((task["type"], task["state"]) for task in run.tasks.values())
    assert ended["get_parameter_values", "failed"] == 1
    for (kind, state), number in ended.items():
        assert total(run.samples, "acs_tasks_total", type=kind, state=state) == number, (kind, state)
    created = len(run.tasks) + 1
    assert total(run.samples, "acs_tasks_total", state="pending") == created


def test_connection_requests_are_counted_by_way_and_outcome(run):
    came = total(run.samples, "acs_connection_requests_total", way="http", outcome="came")
    assert 0 < came <= run.summary["connection_requests"]


def test_file_bytes_are_those_that_the_phones_moved(run):
    down = total(run.samples, "acs_file_bytes_total", direction="down", kind="task")
    up = total(run.samples, "acs_file_bytes_total", direction="up", kind="task")
    assert down == run.summary["bytes_downloaded"] >= 30_000
    assert up == run.summary["bytes_uploaded"] > 0


def test_the_fleet_redis_workers_and_queues_are_told(run):
    samples = run.samples
    assert total(samples, "acs_devices") == PHONES == total(samples, "acs_phones")
    assert total(samples, "acs_processes", kind="server") == 2
    assert total(samples, "acs_processes", kind="worker") == 1
    assert total(samples, "acs_redis_up") == total(samples, "acs_redis_persistence_ok") == 1
    assert total(samples, "acs_redis_seconds_count") > 0
    assert total(samples, "acs_redis_memory_bytes") > 0
    assert total(samples, "acs_jobs_total", outcome="done", job="presence.look") > 0
    assert total(samples, "acs_jobs_total", outcome="failed") == 0
    assert total(samples, "acs_process_cpu_seconds_total", kind="server") > 0
    assert total(samples, "acs_disk_free_bytes") > 0
    assert total(samples, "acs_tasks_open", state="running") == 0
    assert total(samples, "acs_refusals_total", door="files") >= 2


def test_buckets_of_a_histogram_grow_to_its_count(run):
    for name in ("acs_session_seconds", "acs_redis_seconds", "acs_web_seconds", "acs_job_seconds"):
        infinite = total(run.samples, f"{name}_bucket", le="+Inf")
        assert infinite == total(run.samples, f"{name}_count") > 0, name
        assert total(run.samples, f"{name}_sum") > 0, name


def test_whichever_process_answers_tells_the_same(run):
    """What a scrape itself moves is left out."""
    moving = ("acs_web", "acs_redis", "acs_process_", "acs_job", "acs_disk")

    def lasting() -> Samples:
        return {key: value for key, value in scrape(run.url).items() if not key[0].startswith(moving)}

    def same() -> bool:
        """Where phones that are gone become late and offline in between, it is looked at once more."""
        first = lasting()
        return all(lasting() == first for _ in range(20))

    until(same)


def test_counts_outlive_the_process_that_counted(run):
    before = scrape(run.url)
    victim = next(
        int(dict(labels)["process"].rpartition(":")[2])
        for name, labels in before
        if name == "acs_process_resident_bytes" and dict(labels)["kind"] == "server"
    )
    os.kill(victim, signal.SIGKILL)

    def replaced() -> bool:
        try:
            found = scrape(run.url)
        except httpx.TransportError:
            return False  # it was the dead one's connection
        pids = {dict(labels)["process"] for name, labels in found if name == "acs_process_resident_bytes"}
        return len(pids) >= 4 or total(found, "acs_processes", kind="server") == 2

    until(replaced)
    after = scrape(run.url)
    for name in ("acs_sessions_ended_total", "acs_informs_total", "acs_rpcs_total", "acs_tasks_total"):
        assert total(after, name) == total(before, name)


# --- who may read them --------------------------------------------------------------------------------------


def test_metrics_need_a_viewers_token_or_the_metrics_own(run):
    for token in (METRICS_TOKEN, run.secrets["a token"]):
        assert scrape(run.url, token)
    refused = httpx.get(f"{run.url}/metrics")
    assert refused.status_code == 401
    wrong = httpx.get(f"{run.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}x"})
    assert wrong.status_code == 401
    other = httpx.get(f"{run.url}/api/v1/devices", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert other.status_code == 401


def test_metrics_may_be_open_to_all(start_server):
    server = start_server("--metrics-access", "open")
    answer = httpx.get(f"{server.urls['web']}/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert httpx.get(f"{server.urls['web']}/api/v1/devices").status_code == 401


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[tuple[str, Callable[[], subprocess.Popen[bytes]]]]:
    """The URL of a Redis that the test starts and stops."""
    started: list[subprocess.Popen[bytes]] = []
    socket = tmp_path / "own.sock"

    def start() -> subprocess.Popen[bytes]:
        command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--dir", str(tmp_path)]
        process = subprocess.Popen([*command, "--appendonly", "yes"], stdout=subprocess.DEVNULL)
        started.append(process)
        until(socket.exists)
        return process

    yield f"unix://{socket}", start
    for process in started:
        process.terminate()
        process.wait(20)


def test_without_redis_the_metrics_and_readiness_say_so(own_redis, start_server):
    url, start = own_redis
    redis = start()
    server = start_server("--metrics-access", "open", "--workers", "0", "--redis-url", url)
    web = server.urls["web"]
    ready = httpx.get(f"{web}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert "worker" in ready.json()["missing"][0]
    redis.kill()
    redis.wait()
    until(lambda: total(scrape(web), "acs_redis_up") == 0)
    assert total(scrape(web), "acs_build_info") == 1
    lacking = httpx.get(f"{web}/readyz")
    assert lacking.status_code == 503
    assert "Redis" in lacking.json()["detail"]
    assert httpx.get(f"{web}/healthz").status_code == 200
    start()
    until(lambda: total(scrape(web), "acs_redis_losses_total") >= 1)
    assert httpx.get(f"{web}/readyz").status_code == 200


# --- what is made from them ---------------------------------------------------------------------------------


def alert_expressions() -> list[str]:
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def dashboard_expressions() -> list[str]:
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


def selectors(expression: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The metrics that an expression names, and the labels that it matches or sums by."""
    for name, braces in re.findall(r"\b(acs_[a-z_]+)(\{[^}]*\})?", expression):
        yield name, dict(re.findall(r'(\w+)[!=]~?"([^"]*)"', braces))


@pytest.mark.parametrize("expressions", [alert_expressions, dashboard_expressions])
def test_every_metric_that_alerts_and_dashboard_use_is_there(run, expressions):
    """Those of which nothing happened in this run are there by their declaration."""
    answer = httpx.get(f"{run.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).text
    families = {family.name: family for family in text_string_to_metric_families(answer)}
    declared = set()
    for family in families.values():
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        declared |= {family.name + ending for ending in endings}
    labels: dict[str, set[str]] = {}
    for name, given in run.samples:
        labels.setdefault(name, set()).update(label for label, _ in given)
    found = list(expressions())
    assert len(found) > 15
    for expression in found:
        for name, matched in selectors(expression):
            assert name in declared, f"{name} in {expression}"
            if name in labels:
                assert set(matched) <= labels[name], f"labels of {name} in {expression}"


def test_alert_rules_are_whole():
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    names = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    assert len(names) == len(set(names))
    told = (ROOT / "docs" / "monitoring.md").read_text()
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
            assert rule["labels"]["severity"] in ("critical", "warning")
            assert rule["annotations"]["summary"].endswith(".")
            assert rule["expr"].count("(") == rule["expr"].count(")")
            assert f"`{rule['alert']}`" in told, f"docs/monitoring.md says what to do about {rule['alert']}"


def test_nothing_is_wrong_with_a_server_that_is_well(run):
    """The plain alerts, as far as they can be decided without Prometheus."""
    samples = run.samples
    assert total(samples, "acs_processes", kind="worker") > 0
    assert total(samples, "acs_job_queue", state="waiting") < 200
    assert total(samples, "acs_job_queue", state="failed") == 0
    assert total(samples, "acs_sessions_ended_total", outcome="failed") == 0
    assert total(samples, "acs_redis_evicted_keys_total") == 0


def test_the_scrape_configuration_and_the_dashboard_load():
    config = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())
    assert (MONITORING / config["rule_files"][0]).exists()
    [job] = config["scrape_configs"]
    assert job["job_name"] == "acs"  # the alert on `up` names it
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["title"] for panel in dashboard["panels"])


# --- the log ------------------------------------------------------------------------------------------------


def lines(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.server.log().splitlines()]


def test_every_line_is_an_object_with_its_time_and_level(run):
    for line in lines(run):
        assert {"event", "level", "timestamp"} <= set(line), line


def test_every_session_has_one_line(run):
    told = [line for line in lines(run) if line["event"] == "session"]
    assert len({line["sid"] for line in told}) == len(told)
    assert len(told) == total(run.samples, "acs_sessions_ended_total")
    for line in told:
        assert line["device"]
        assert line["outcome"] == "done"
    of_tasks = {task for line in told for task in line["tasks"]}
    assert of_tasks >= set(run.tasks) - {one for one, task in run.tasks.items() if task["type"] == "upload"}
    assert all(line["rollouts"] == [] for line in told)


def test_no_line_holds_a_secret(run):
    """Debug level, and everything that a server does with secrets was done."""
    log = run.server.log()
    assert len(log.splitlines()) > 20
    for what, secret in run.secrets.items():
        assert len(secret) > 8, what
        assert secret not in log, what
    assert not re.search(r"/[du]/[A-Za-z0-9_=-]{20,}", log), "a link that opens a file"
