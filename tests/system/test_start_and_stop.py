"""`acs up` as an operator meets it: what it prints, how it stops, and what it says when it cannot start."""

from __future__ import annotations

import os
import signal
import socket
import stat
import time
from pathlib import Path

import httpx
import pytest


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def test_it_prints_one_line_per_listener_and_then_ready(shared_server):
    listeners = ["cwmp", "files", "web", "stun"]
    assert [line.split()[0] for line in shared_server.lines] == [*listeners, "setup", "ready"]


def test_the_link_for_the_first_user_is_new_at_each_start_until_there_is_one(start_server):
    server = start_server("--workers", "0")
    first = server.lines[-2].split()[1]
    assert first.startswith(server.urls["web"] + "/setup?token=")
    server.stop()
    server.start()
    second = server.lines[-2].split()[1]
    assert second != first
    body = {"link": second.partition("=")[2], "name": "boss", "password": "a long night shift"}
    assert httpx.post(server.urls["web"] + "/api/v1/setup", json=body).status_code == 201
    server.stop()
    server.start()
    assert not any(line.startswith("setup") for line in server.lines)


def test_what_is_set_for_the_provider_is_checked_at_the_start(refused_start, tmp_path):
    issuer = ("--data-dir", str(tmp_path), "--oidc-issuer", "https://id.example")
    assert "--oidc-client-id" in refused_start(*issuer).stderr
    done = refused_start(*issuer, "--oidc-client-id", "acs", "--oidc-roles", "boss=king")
    assert "'boss=king'" in done.stderr
    assert "viewer, operator" in done.stderr


def test_sigterm_and_sigint_stop_it_cleanly(start_server):
    for number in (signal.SIGTERM, signal.SIGINT):
        server = start_server(name=f"data{number}")
        family = server.family()
        assert len(family) >= 3  # supervisor, server process, Redis or worker
        server.process.send_signal(number)
        assert server.process.wait(timeout=30) == 0
        assert not any(os.path.exists(f"/proc/{pid}") for pid in family)
        assert not (server.data_dir / "run.json").exists()


def test_health_needs_no_token(shared_server):
    for path in ("/healthz", "/readyz"):
        assert httpx.get(shared_server.urls["web"] + path).status_code == 200


def test_the_fleet_credential_is_made_once_and_only_its_owner_may_read_it(start_server):
    server = start_server()
    first = server.login
    mode = stat.S_IMODE((server.data_dir / "fleet-credential.json").stat().st_mode)
    assert mode == 0o600
    assert first["password"] in server.lines[0]
    server.stop()
    server.start()
    assert server.login["password"] == first["password"]


def test_without_phone_authentication_it_warns(start_server):
    server = start_server("--cpe-auth", "none")
    assert "warning" in server.log()
    assert "--cpe-auth none" in server.log()


def test_a_taken_port_is_one_clear_line(refused_start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = refused_start("--data-dir", str(tmp_path), "--files-port", port)
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert port in done.stderr
    assert "--files-port" in done.stderr


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1/0", "redis://no.such.host.invalid/0", "unix:///nowhere/redis"]
)
def test_an_unreachable_redis_is_one_clear_line(refused_start, tmp_path, url):
    done = refused_start("--data-dir", str(tmp_path), "--redis-url", url)
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert "Redis" in done.stderr
    assert url in done.stderr


def test_a_second_server_in_the_same_data_directory_is_refused(start_server, refused_start):
    server = start_server()
    done = refused_start("--data-dir", str(server.data_dir))
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert str(server.data_dir) in done.stderr
    assert httpx.get(server.urls["web"] + "/readyz").status_code == 200


def test_a_killed_server_process_is_replaced_and_the_ports_answer_again(start_server):
    server = start_server("--processes", "2")
    _, *children = server.family()
    servers = [pid for pid in children if "redis" not in command_of(pid)]
    os.kill(servers[0], signal.SIGKILL)
    for _ in range(20):
        assert httpx.get(server.urls["web"] + "/healthz").status_code == 200
    for _ in range(200):
        if len(server.family()) >= 1 + len(children):
            break
        time.sleep(0.05)
    assert len(server.family()) >= 1 + len(children)


def test_a_killed_redis_comes_back_and_so_does_the_server(start_server):
    server = start_server()
    redis = [pid for pid in server.family() if "redis-server" in command_of(pid)]
    assert redis, "the private Redis is one of the server's processes"
    token = server.acs("token", "create", "--role", "viewer").stdout.strip()
    os.kill(redis[0], signal.SIGKILL)
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(200):
        answer = httpx.get(server.urls["web"] + "/api/v1/devices", headers=headers)
        assert answer.status_code in (200, 503)
        if answer.status_code == 200:
            break
        time.sleep(0.05)
    assert answer.status_code == 200


def test_after_kill_nine_of_everything_it_starts_again_on_the_same_ports(start_server):
    server = start_server()
    token = server.acs("token", "create", "--role", "viewer").stdout.strip()
    server.kill_all()
    server.start()
    answer = httpx.get(server.urls["web"] + "/api/v1/devices", headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == {"items": [], "next": None, "total": 0}


def test_after_kill_nine_of_the_supervisor_alone_nothing_of_it_is_left_to_hinder_a_start(start_server):
    server = start_server()
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    server.start()
    assert httpx.get(server.urls["web"] + "/readyz").status_code == 200
