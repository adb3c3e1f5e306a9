"""`GET /api/v1/events` as server-sent events, read by a plain client."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from acs.fleet.fleet_event import event
from acs.operations import event_feed
from acs.store import events, tokens
from acs.store.runner_blocking import BlockingRunner

STREAM = {"Accept": "text/event-stream"}


class Reader:
    """Blocks of one stream as they come: fields by name, comments left out."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def blocks(self) -> Iterator[dict[str, str]]:
        block: dict[str, str] = {}
        for line in self._lines:
            if not line and block:
                yield block
                block = {}
            name, colon, value = line.partition(":")
            if name and colon:
                block[name] = value.removeprefix(" ")

    def events(self) -> Iterator[tuple[str, dict[str, object]]]:
        return ((one["id"], json.loads(one["data"])) for one in self.blocks() if "data" in one)

    def texts(self, count: int) -> list[object]:
        found = self.events()
        return [next(found)[1]["text"] for _ in range(count)]


@contextmanager
def follow(api, path="/events", **headers):
    url = f"/api/v1{path}"
    with api.client.stream("GET", url, headers={**STREAM, **headers}, timeout=30) as answer:
        yield Reader(answer)


@contextmanager
def following(api, path="/events", **headers):
    """A stream that has begun: what happens from now on is in it."""
    with follow(api, path, **headers) as reader:
        assert reader.answer.status_code == 200, reader.answer.read()
        assert next(reader.blocks()) == {"retry": "3000"}
        yield reader


def happen(store, *texts, kind="device_late", device="A-B-1"):
    store.run(events.push([event(kind, time.time(), text, device=device) for text in texts]))


def test_what_happens_is_told_as_it_happens(api, store):
    happen(store, "before")
    with following(api) as reader:
        assert reader.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert reader.answer.headers["Cache-Control"] == "no-store"
        happen(store, "one", "two")
        found = reader.events()
        (place, first), (_, second) = next(found), next(found)
    assert [first["text"], second["text"]] == ["one", "two"]
    [listed] = api("GET", "/events", params={"limit": 1}).json()["items"]
    assert second == listed
    assert [one["text"] for one in api("GET", "/events", params={"since": place}).json()["items"]] == ["two"]


def test_everybody_gets_everything_once_and_in_order(api, as_role, store):
    with following(api) as one, following(as_role("viewer")) as other:
        texts = [str(number) for number in range(50)]
        for start in range(0, 50, 10):
            happen(store, *texts[start : start + 10])
        assert one.texts(50) == texts
        assert other.texts(50) == texts


def test_who_comes_back_goes_on_behind_its_last_event(api, store):
    happen(store, "one", "two", "three")
    with following(api, "/events?since=2020-01-01T00:00:00Z") as reader:
        place, told = next(reader.events())
    assert told["text"] == "one"
    with following(api, "/events?since=2020-01-01T00:00:00Z", **{"Last-Event-ID": place}) as reader:
        assert reader.texts(2) == ["two", "three"]
        happen(store, "four")
        assert reader.texts(1) == ["four"]


def test_an_events_own_id_is_a_place_too(api, store):
    happen(store, "one", "two")
    first = api("GET", "/events").json()["items"][0]["id"]
    assert [one["text"] for one in api("GET", f"/events?since={first}").json()["items"]] == ["two"]
    with following(api, f"/events?since={first}") as reader:
        assert reader.texts(1) == ["two"]


def test_more_than_is_kept_in_memory_is_read_from_the_store(api, store):
    texts = [str(number) for number in range(event_feed.KEPT + 700)]
    with following(api, "/events?since=0") as reader:
        for start in range(0, len(texts), 500):
            happen(store, *texts[start : start + 500])
        assert reader.texts(len(texts)) == texts


def test_a_stream_is_narrowed_as_the_list_is(api, store, phone):
    lobby, office = phone(serial_number="1"), phone(serial_number="2")
    api("PATCH", f"/devices/{lobby}", json={"tags": ["lobby"]})
    happen(store, "a", device=lobby)
    happen(store, "b", device=office)
    happen(store, "c", kind="device_back", device=lobby)
    happen(store, "d", kind="rollout_halted", device="")
    for query, texts in (
        ("kind=device_*", ["a", "b", "c"]),
        ("kind=device_back,rollout_halted", ["c", "d"]),
        (f"device={office}", ["b"]),
        ("q=tag%20%3D%20lobby", ["a", "c"]),
        ("q=tag%20%3D%20lobby&kind=device_back", ["c"]),
    ):
        listed = api("GET", f"/events?since=0&{query}").json()["items"]
        assert [one["text"] for one in listed] == texts
        with following(api, f"/events?since=0&{query}") as reader:
            assert reader.texts(len(texts)) == texts


@pytest.mark.parametrize(
    ("accept", "is_stream"),
    [
        ("text/event-stream", True),
        ("text/event-stream, application/json;q=0.5", True),
        ("text/event-stream;q=0.5, application/json", False),
        ("text/event-stream;q=0, */*", False),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
    ],
)
def test_the_list_is_what_others_get(api, accept, is_stream):
    with api.client.stream("GET", "/api/v1/events", headers={"Accept": accept}) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream") == is_stream


@pytest.mark.parametrize(
    ("query", "headers", "field"),
    [
        ("kind=devise", {}, "kind"),
        ("since=yesterday", {}, "since"),
        ("since=99999999999999999999-0", {}, "since"),
        ("q=tag%20%3D", {}, "q"),
        ("", {"Last-Event-ID": "none"}, "Last-Event-ID"),
    ],
)
def test_what_cannot_be_followed_is_a_problem_and_no_stream(api, query, headers, field):
    answer = api("GET", f"/events?{query}", headers={**STREAM, **headers})
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == field


def test_nobody_follows_without_a_token(anonymous):
    assert anonymous("GET", "/events", headers=STREAM).status_code == 401


def test_head_says_what_a_stream_would_be(api):
    answer = api("HEAD", "/events", headers=STREAM)
    assert answer.headers["Content-Type"].startswith("text/event-stream")


def test_a_limited_caller_follows_its_own_phones_only(api, as_role, store, phone):
    mine, other = phone(serial_number="1"), phone(serial_number="2")
    api("PATCH", f"/devices/{mine}", json={"tags": ["mine"]})
    reseller = as_role("viewer", select="tag = mine")
    with following(reseller) as reader:
        happen(store, "theirs", device=other)
        happen(store, "the site", kind="site_offline", device="")
        happen(store, "a rollout", kind="rollout_halted", device="")
        happen(store, "mine", device=mine)
        assert reader.texts(1) == ["mine"]
        api("PATCH", f"/devices/{other}", json={"tags": ["mine"]})
        happen(store, "theirs that is mine now", device=other)
        assert reader.texts(1) == ["theirs that is mine now"]
    assert [one["text"] for one in reseller("GET", "/events?since=0").json()["items"]] == [
        "theirs",
        "mine",
        "theirs that is mine now",
    ]


def test_one_caller_has_so_many_streams_and_no_more(api, as_role):
    crowd = as_role("viewer")
    with ExitStack() as open_ones:
        for _ in range(event_feed.MOST_STREAMS):
            open_ones.enter_context(following(crowd))
        refused = crowd("GET", "/events", headers=STREAM)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "15")
        with following(api):
            pass  # another caller's are counted apart
    for _ in range(200):  # the server learns of their end a little later
        with follow(crowd) as reader:
            if reader.answer.status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail("streams that were closed are still counted")


def test_a_token_that_is_revoked_ends_its_streams(as_role, store):
    api = as_role("viewer")
    with following(api) as reader:
        happen(store, "before")
        assert reader.texts(1) == ["before"]
        assert store.run(tokens.revoke(api.token.split("_")[1]))
        happen(store, "after")
        assert list(reader.events()) == []  # the end comes, within the time of a sign of life
    assert api("GET", "/events", headers=STREAM).status_code == 401


def test_nothing_is_told_to_a_token_that_was_revoked(as_role, store, data_dir):
    api = as_role("viewer")
    with following(api) as reader:
        assert store.run(tokens.revoke(api.token.split("_")[1]))
        happen(store, "a secret")
        assert list(reader.events()) == []
    assert "a stream of events failed" not in (data_dir / "server.log").read_text()


def test_a_store_that_restarts_costs_nobody_an_event(own_server):
    redis, api = own_server
    store = BlockingRunner(redis.url)
    with following(api) as reader:
        happen(store, "before")
        assert reader.texts(1) == ["before"]
        redis.stop()
        time.sleep(1.5)
        redis.start()
        happen(BlockingRunner(redis.url), "after", "and later")
        assert reader.texts(2) == ["after", "and later"]


def test_who_does_not_read_costs_no_memory_and_loses_nothing(api, base_url, store):
    url = urlsplit(base_url)
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.sendall(
            b"GET /api/v1/events?since=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
            b"Authorization: Bearer " + api.token.encode() + b"\r\n\r\n"
        )
        data = "x" * 2000
        for number in range(30):
            happen(store, *(f"{number * 100 + one} {data}" for one in range(100)))
        with following(api, "/events?since=0") as other:
            assert len(other.texts(3000)) == 3000  # who reads is not kept up
        received = b""
        while received.count(b"\ndata: ") < 3000:
            received += connection.recv(1 << 16)
    found = [line for line in received.split(b"\n") if b'"text":"' in line]
    numbers = [int(line.partition(b'"text":"')[2].split(b" ")[0]) for line in found]
    assert numbers == list(range(3000))
