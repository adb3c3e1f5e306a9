"""Phones that fetch and send files, and what the server learns of it."""

from __future__ import annotations

import hashlib
import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec import structs
from twisted.internet.defer import Deferred, fail, succeed

from acs.fleet import transfer_link
from acs.southbound import http_sending
from acs.southbound.files_endpoint import FilesEndpoint, ServedFile, Transfer
from acs.southbound.http import HttpFactory
from acs.store.errors import StoreUnavailable

from .conftest import Client  # isort: skip

SECRET = b"s" * 32
TASK = "0123456789abcdef0123456789ab"
NOW = 1_750_000_000.0
FIRMWARE = bytes(range(256)) * 8192  # 2 MB
ETAG = b'"' + hashlib.sha256(FIRMWARE).hexdigest().encode() + b'"'


class Book:
    """A `TransferBook` that remembers."""

    def __init__(self) -> None:
        self.files: dict[str, ServedFile] = {}
        self.transfers: list[Transfer] = []
        self.begun: list[str] = []
        self.going: list[tuple[str, int]] = []
        self.refusals: list[tuple[str, str, str]] = []
        self.broken = False

    def lookup(self, task_id: str) -> Deferred[ServedFile | None]:
        return succeed(self.files.get(task_id))

    def begins(self, task_id: str) -> Deferred[None]:
        self.begun.append(task_id)
        return succeed(None)

    def goes_on(self, task_id: str, sent: int) -> Deferred[None]:
        self.going.append((task_id, sent))
        return succeed(None)

    def record(self, transfer: Transfer) -> Deferred[None]:
        if self.broken:
            return fail(StoreUnavailable("the store is away"))
        self.transfers.append(transfer)
        return succeed(None)

    def refused(self, peer: str, path: str, reason: str) -> None:
        self.refusals.append((peer, path, reason))

    def ended(self, count: int = 1) -> Transfer:
        """The transfer that came as so many, once it has ended."""
        for _ in range(1000):
            if len(self.transfers) >= count:
                return self.transfers[count - 1]
            time.sleep(0.01)
        raise AssertionError("no transfer was recorded")


class Directories:
    def __init__(self, root: Path) -> None:
        self.files, self.incoming = root / "files", root / "incoming"
        self.files.mkdir()
        self.incoming.mkdir()

    @property
    def contents(self) -> tuple[list[str], list[str]]:
        """Names of stored files, and of what is still coming in."""
        return sorted(path.name for path in self.files.iterdir()), [
            path.name for path in self.incoming.iterdir()
        ]


@pytest.fixture
def directories(tmp_path: Path) -> Directories:
    return Directories(tmp_path)


@pytest.fixture
def book(directories: Directories) -> Book:
    digest = hashlib.sha256(FIRMWARE).hexdigest()
    path = directories.files / digest
    path.write_bytes(FIRMWARE)
    book = Book()
    book.files[TASK] = ServedFile(path, len(FIRMWARE), digest, "T46.rom")
    return book


@pytest.fixture
def port(book: Book, directories: Directories, serve: Callable[..., int]) -> int:
    endpoint = FilesEndpoint(
        SECRET,
        book,
        files=directories.files,
        incoming=directories.incoming,
        file_limit=5_000_000,
        now=lambda: NOW,
    )
    return serve(HttpFactory(endpoint.handle, begin=endpoint.begin, drain_timeout=1))


@pytest.fixture
def phone(port: int, connect: Callable[..., Client]) -> Client:
    return connect(port)


def link(
    purpose: str = "d", *, task: str = TASK, name: str = "T46.rom", secret: bytes = SECRET, life: float = 60
) -> bytes:
    """The path of a link."""
    url = transfer_link.make(
        secret,
        base_url="http://acs",
        task_id=task,
        purpose="d" if purpose == "d" else "u",
        expires_at=NOW + life,
        file_name=name,
    )
    return urlsplit(url).path.encode()


def get(path: bytes = b"", fields: bytes = b"", *, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    return b"%b %b HTTP/%b\r\nUser-Agent: Yealink SIP-T46\r\n%b\r\n" % (
        method,
        path or link(),
        version,
        fields,
    )


# --- downloads ------------------------------------------------------------------------------------------


def test_a_phone_fetches_its_firmware(phone: Client, book: Book) -> None:
    answer = phone.ask(get())
    assert (answer.status, answer.body == FIRMWARE) == (200, True)
    assert answer[b"content-type"] == b"application/octet-stream"
    assert answer[b"content-length"] == b"%d" % len(FIRMWARE)
    assert answer[b"accept-ranges"] == b"bytes"
    assert answer[b"etag"] == ETAG
    transfer = book.ended()
    assert (transfer.task_id, transfer.purpose, transfer.file_name) == (TASK, "d", "T46.rom")
    assert (transfer.bytes, transfer.size, transfer.complete, transfer.whole) == (len(FIRMWARE),) * 2 + (
        True,
        True,
    )
    assert (transfer.peer, transfer.user_agent) == ("127.0.0.1", "Yealink SIP-T46")


def test_a_fetch_is_noted_before_its_first_byte_and_a_look_is_not(phone: Client, book: Book) -> None:
    phone.ask(get(method=b"HEAD"))
    assert book.begun == []
    phone.ask(get(fields=b"Range: bytes=0-9\r\n"))
    assert book.begun == [TASK]


def test_head_tells_the_same_without_the_bytes(phone: Client, book: Book) -> None:
    answer = phone.ask(get(method=b"HEAD", fields=b"Range: bytes=0-9\r\n"))
    assert (answer.status, answer[b"content-length"], answer[b"etag"]) == (200, b"%d" % len(FIRMWARE), ETAG)
    assert phone.ask(get()).body == FIRMWARE
    book.ended()
    assert len(book.transfers) == 1


def test_http_1_0(phone: Client, book: Book) -> None:
    assert phone.ask(get(version=b"1.0")).body == FIRMWARE
    assert phone.closed()
    assert book.ended().whole


def test_an_absolute_target(phone: Client) -> None:
    assert phone.ask(get(b"http://acs.example:7567" + link())).body == FIRMWARE


def test_credentials_are_not_looked_at(phone: Client) -> None:
    assert phone.ask(get(fields=b'Authorization: Digest username="x"\r\n')).status == 200


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [(b"100-199", 100, 199), (b"2097000-", 2097000, 2097151), (b"-10", 2097142, 2097151)],
)
def test_a_range(phone: Client, book: Book, wanted: bytes, start: int, end: int) -> None:
    answer = phone.ask(get(fields=b"Range: bytes=%b\r\n" % wanted))
    assert (answer.status, answer.body) == (206, FIRMWARE[start : end + 1])
    assert answer[b"content-range"] == b"bytes %d-%d/2097152" % (start, end)
    transfer = book.ended()
    assert (transfer.start, transfer.bytes, transfer.complete, transfer.whole) == (
        start,
        end - start + 1,
        True,
        False,
    )


@pytest.mark.parametrize("wanted", [b"bytes=9999999-", b"bytes=5-4", b"bytes=x"])
def test_a_range_outside_the_file(phone: Client, wanted: bytes) -> None:
    answer = phone.ask(get(fields=b"Range: %b\r\n" % wanted))
    assert (answer.status, answer[b"content-range"]) == (416, b"bytes */2097152")


def test_a_phone_resumes_only_the_file_it_began(phone: Client) -> None:
    same = phone.ask(get(fields=b"Range: bytes=2097150-\r\nIf-Range: %b\r\n" % ETAG))
    assert (same.status, same.body) == (206, FIRMWARE[-2:])
    for other in (b'"other"', b"Tue, 01 Jul 2025 00:00:00 GMT"):
        assert phone.ask(get(fields=b"Range: bytes=2097150-\r\nIf-Range: %b\r\n" % other)).status == 200


def test_a_phone_that_has_the_file_already(phone: Client, book: Book) -> None:
    for tags in (ETAG, b'"other", W/' + ETAG):
        answer = phone.ask(get(fields=b"If-None-Match: %b\r\n" % tags))
        assert (answer.status, answer.body, answer[b"etag"]) == (304, b"", ETAG)
    assert phone.ask(get(fields=b'If-None-Match: "other"\r\n')).status == 200
    assert book.ended().whole
    assert len(book.transfers) == 1


def test_a_phone_that_hangs_up_in_the_middle(port: int, connect: Callable[..., Client], book: Book) -> None:
    phone = Client.__new__(Client)
    phone.socket, phone.received = socket.socket(), b""
    phone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    phone.socket.connect(("127.0.0.1", port))
    phone.send(get())
    phone.take(100_000)
    phone.vanish()
    transfer = book.ended()
    assert not transfer.complete
    assert 0 < transfer.bytes < len(FIRMWARE)


def test_a_phone_that_takes_nothing_of_a_small_file_has_not_got_it(
    book: Book, directories: Directories, serve: Callable[..., int]
) -> None:
    """The kernel takes all of a small file at once; only what the phone's side acknowledged counts."""
    small = directories.files / "small"
    small.write_bytes(bytes(60_000))
    book.files[TASK] = ServedFile(small, 60_000, "5" * 64, "small.cfg")
    endpoint = FilesEndpoint(
        SECRET, book, files=directories.files, incoming=directories.incoming, file_limit=1, now=lambda: NOW
    )
    port = serve(HttpFactory(endpoint.handle, begin=endpoint.begin))
    phone = socket.socket()
    phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    phone.connect(("127.0.0.1", port))
    phone.sendall(get())
    assert phone.recv(100)
    time.sleep(0.1)
    assert book.transfers == []
    phone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    phone.close()
    transfer = book.ended()
    assert not transfer.complete
    assert transfer.bytes < 60_000


def test_a_phone_that_stops_taking_its_file_is_given_up(
    book: Book, directories: Directories, serve: Callable[..., int], connect: Callable[..., Client]
) -> None:
    path = directories.files / "large"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    book.files[TASK] = ServedFile(path, 50_000_000, "1" * 64, "large.rom")
    endpoint = FilesEndpoint(
        SECRET, book, files=directories.files, incoming=directories.incoming, file_limit=1, now=lambda: NOW
    )
    phone = connect(serve(HttpFactory(endpoint.handle, begin=endpoint.begin, idle_timeout=0.3)))
    phone.send(get())
    assert not book.ended().complete


def test_how_far_a_transfer_is_is_told_meanwhile(
    phone: Client, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_sending, "REPORT_EVERY", 0.0)
    phone.send(get())
    phone.until(b"\r\n\r\n")
    phone.take(len(FIRMWARE))
    book.ended()
    told = [sent for task, sent in book.going if task == TASK]
    assert told == sorted(set(told))
    assert 0 < told[0] < len(FIRMWARE)


def test_a_task_without_a_file_and_a_file_that_was_lost(phone: Client, book: Book) -> None:
    answer = phone.ask(get(link(task="f" * 28)))
    assert (answer.status, answer.body) == (404, b"the file of this link is gone\n")
    book.files[TASK] = structs.replace(book.files[TASK], fault="it is damaged")
    answer = phone.ask(get())
    assert (answer.status, answer.body) == (404, b"the file of this link cannot be served: it is damaged\n")


def test_200_downloads_at_once_do_not_fill_the_memory(
    port: int, book: Book, directories: Directories, on_reactor: Any
) -> None:
    """Each phone takes a little of 50 MB and rests: what is in memory is one piece for each, not the file."""
    path = directories.files / "large"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    book.files[TASK] = ServedFile(path, 50_000_000, "1" * 64, "large.rom")
    phones = [Client(port) for _ in range(200)]
    before = _resident()
    for phone in phones:
        phone.send(get())
    for phone in phones:
        phone.take(300_000)
    on_reactor(lambda: None)
    assert _resident() - before < 200 * 400_000  # the clients' own copies are in this process too
    for phone in phones:
        phone.vanish()
    book.ended(200)
    assert not any(transfer.complete for transfer in book.transfers)


# --- links ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (link(secret=b"other"), "this link was not made by this server"),
        (link().replace(TASK.encode(), b"f" * 28), "this link was not made by this server"),
        (link().replace(b"T46.rom", b"T48.rom"), "this link was not made by this server"),
        (link(life=-1), "this link has expired"),
        (b"/d/nonsense/T46.rom", "this is not a link of this server"),
        (b"/d", "this is not a link of this server"),
    ],
)
def test_a_link_that_is_not_good(phone: Client, book: Book, path: bytes, reason: str) -> None:
    answer = phone.ask(get(path))
    assert (answer.status, answer.body) == (403, reason.encode() + b"\n")
    assert answer[b"content-type"] == b"text/plain; charset=utf-8"
    assert book.refusals == [("127.0.0.1", path.decode(), reason)]
    assert phone.ask(get()).status == 200


def test_a_link_for_one_purpose_is_none_for_the_other(
    phone: Client, book: Book, directories: Directories
) -> None:
    upload = link().replace(b"/d/", b"/u/")
    assert phone.ask(b"PUT %b HTTP/1.1\r\nContent-Length: 0\r\n\r\n" % upload).status == 403
    assert phone.ask(get(link("u").replace(b"/u/", b"/d/"))).status == 403
    assert len(book.refusals) == 2


@pytest.mark.parametrize("path", [b"/", b"/index.html", b"/files/x", b"/../etc/passwd", b"*"])
def test_there_is_nothing_else_here(phone: Client, book: Book, path: bytes) -> None:
    answer = phone.ask(get(path))
    assert answer.status == 404
    assert answer[b"content-type"] == b"text/plain; charset=utf-8"


def test_other_methods(phone: Client) -> None:
    answer = phone.ask(b"DELETE %b HTTP/1.1\r\n\r\n" % link())
    assert (answer.status, answer[b"allow"]) == (405, b"GET, HEAD")
    answer = phone.ask(get(link("u")))
    assert (answer.status, answer[b"allow"]) == (405, b"PUT, POST")


# --- uploads --------------------------------------------------------------------------------------------


def put(body: bytes, *, method: bytes = b"PUT", fields: bytes = b"", path: bytes = b"") -> bytes:
    path = path or link("u", name="a.cfg")
    return b"%b %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (method, path, fields, len(body), body)


@pytest.mark.parametrize("method", [b"PUT", b"POST"])
def test_a_phone_sends_its_configuration(
    phone: Client, book: Book, directories: Directories, method: bytes
) -> None:
    body = b"account.1.enable = 1\n" * 50_000
    digest = hashlib.sha256(body).hexdigest()
    assert phone.ask(put(body, method=method)).status == 200
    assert (directories.files / digest).read_bytes() == body
    assert directories.contents[1] == []
    transfer = book.ended()
    assert (transfer.task_id, transfer.purpose, transfer.file_name) == (TASK, "u", "a.cfg")
    assert (transfer.bytes, transfer.size, transfer.sha256, transfer.whole) == (
        len(body),
        len(body),
        digest,
        True,
    )
    assert phone.ask(put(body)).status == 200


def test_chunked_after_100_continue(phone: Client, book: Book, directories: Directories) -> None:
    path = link("u")
    phone.send(b"PUT %b HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n" % path)
    assert phone.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    assert phone.ask(b"3\r\nabc\r\n0\r\n\r\n").status == 200
    assert book.ended().size == 3


def test_a_broken_upload_leaves_nothing(phone: Client, book: Book, directories: Directories) -> None:
    before = directories.contents
    phone.send(put(bytes(1_000_000))[:-1])
    while not directories.contents[1]:
        time.sleep(0.01)
    phone.vanish()
    transfer = book.ended()
    assert (transfer.complete, transfer.size, transfer.sha256) == (False, 1_000_000, "")
    assert transfer.bytes < 1_000_000
    assert transfer.reason
    assert directories.contents == before


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_over_the_limit(phone: Client, book: Book, directories: Directories, chunked: bool) -> None:
    before = directories.contents
    if chunked:
        path = link("u")
        data = b"PUT %b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" % path
        data += (b"100000\r\n" + bytes(0x100000) + b"\r\n") * 6 + b"0\r\n\r\n"
    else:
        data = put(bytes(5_000_001))
    sender = threading.Thread(target=_send_all, args=(phone, data))
    sender.start()
    assert phone.answer().status == 413
    sender.join()
    assert directories.contents == before
    assert all(not transfer.complete for transfer in book.transfers)


def test_an_upload_of_just_the_limit(phone: Client) -> None:
    assert phone.ask(put(bytes(5_000_000))).status == 200


def test_empty_and_partial_uploads_are_refused(phone: Client, book: Book, directories: Directories) -> None:
    before = directories.contents
    assert phone.ask(put(b"")).status == 400
    assert phone.ask(b"PUT %b HTTP/1.1\r\nContent-Range: bytes 0-1/9\r\n\r\n" % link("u")).status == 400
    assert directories.contents == before
    assert not book.ended().complete


def test_an_upload_with_a_bad_link_is_refused_before_its_bytes_come(phone: Client, book: Book) -> None:
    path = link("u", secret=b"other")
    phone.send(b"PUT %b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4000000\r\n\r\n" % path)
    assert phone.answer().status == 403
    assert phone.closed()
    assert len(book.refusals) == 1


def test_bytes_whose_record_may_have_been_written_are_not_removed(
    phone: Client, book: Book, directories: Directories, capsys: Any
) -> None:
    """The store went away in the middle: it may have the record, or that of another phone's like upload."""
    book.broken = True
    assert phone.ask(put(b"some configuration")).status == 503
    assert directories.contents[1] == []
    assert hashlib.sha256(b"some configuration").hexdigest() in directories.contents[0]
    assert "could not be recorded" in capsys.readouterr().out
    book.broken = False
    assert phone.ask(put(b"some configuration")).status == 200


def test_an_upload_where_the_disk_refuses(phone: Client, directories: Directories, capsys: Any) -> None:
    directories.incoming.rmdir()
    assert phone.ask(put(b"some configuration")).status == 507
    assert "cannot be taken" in capsys.readouterr().out


def _send_all(phone: Client, data: bytes) -> None:
    try:
        phone.send(data)
    except OSError:
        return  # refused before the end, as it should be


def _resident() -> int:
    """Bytes of memory this process has in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_no_upload_fills_the_disk(
    book: Book, directories: Directories, serve: Callable[..., int], connect: Callable[..., Client]
) -> None:
    endpoint = FilesEndpoint(
        SECRET,
        book,
        files=directories.files,
        incoming=directories.incoming,
        file_limit=1000,
        reserve=1 << 60,
        now=lambda: NOW,
    )
    phone = connect(serve(HttpFactory(endpoint.handle, begin=endpoint.begin)))
    answer = phone.ask(put(b"account.1.enable = 1\n"))
    assert (answer.status, answer.body) == (507, b"there is no room for the file\n")
    assert list(directories.incoming.iterdir()) == []
