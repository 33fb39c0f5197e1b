"""The broker's patience, on real sockets: half a header, too many connections, no files left."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from broker.test_blob_routes import Blob
from broker.test_connections import LOOPBACK, PREFIXES, client, live, serving, until
from broker_process import COVEY, running_broker
from broker_talk import Group, error_of
from broker_thread import thread_broker
from covey.access.structs.blobs import BlobBegun
from covey.broker import bodies, running, server
from covey.broker.connections import MOST, Connections, Proxy
from covey.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from covey.broker.operations.ports import Ports

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


def open_to(where: str) -> socket.socket:
    """A connection to host:port."""
    host, port = where.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def ended(raw: socket.socket) -> bool:
    """Whether the other side hangs up, with nothing more to say."""
    try:
        return raw.recv(1) == b""
    except ConnectionResetError:
        return True


def takes(raw: socket.socket, byte: bytes) -> bool:
    """Whether the other side takes a byte now and then, for five seconds."""
    try:
        for _ in range(100):
            raw.sendall(byte)
            time.sleep(0.05)
    except OSError:
        return False
    return True


# --- headers -------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [b"", b"G", HEAD])
def test_half_a_header_is_not_waited_for(first: bytes) -> None:
    with serving(seconds=0.3) as where, open_to(where) as raw:
        raw.sendall(first)
        assert ended(raw)


def test_neither_is_one_that_comes_bit_by_bit() -> None:
    began = time.monotonic()
    with serving(seconds=0.5) as where, open_to(where) as raw:
        assert not takes(raw, b"G")
        assert time.monotonic() - began < 3


def test_nor_half_of_the_second_one() -> None:
    for second in (b"G", HEAD):
        with serving(seconds=0.3, keep_alive=60) as where, open_to(where) as raw:
            raw.sendall(HEAD + b"\r\n")
            assert b"200 OK" in until(raw, b"}")
            raw.sendall(second)
            assert ended(raw)


def test_nor_the_rest_of_a_body_that_has_been_answered() -> None:
    with serving(seconds=0.3, keep_alive=60) as where, open_to(where) as raw:
        raw.sendall(HEAD + b"Content-Length: 1000\r\n\r\nx")
        assert b"200 OK" in until(raw, b"}")
        assert not takes(raw, b"x")


def test_between_two_requests_a_connection_has_longer() -> None:
    with serving(seconds=0.3, keep_alive=60) as where, open_to(where) as raw:
        for body in (b"", b"x"):
            raw.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
            assert b"200 OK" in until(raw, b"}")
            raw.sendall(body)  # when it has been answered
            time.sleep(0.6)
        raw.sendall(HEAD + b"\r\n")
        assert b"200 OK" in until(raw, b"}")


def test_a_late_body_does_not_make_a_connection_last_forever() -> None:
    with serving(seconds=60, keep_alive=1) as where, open_to(where) as raw:
        raw.sendall(HEAD + b"Content-Length: 1\r\n\r\n")
        assert b"200 OK" in until(raw, b"}")
        raw.sendall(b"x")
        assert ended(raw)


# --- how many ------------------------------------------------------------------------------


def test_when_too_many_are_open_one_more_is_told_so() -> None:
    with serving(most=2) as where:
        with open_to(where) as one, open_to(where) as two:
            for each in (one, two):
                each.sendall(HEAD + b"\r\n")
                assert b"200 OK" in until(each, b"}")
            with open_to(where) as third:
                answer = until(third, b"}")
        assert b"429" in answer
        assert b'"over_quota"' in answer
        for _ in range(5):  # a WebSocket leaves too
            for _ in range(100):
                with client(where) as again:
                    if again.get("/").status_code == 200:
                        break
            else:
                pytest.fail("who has left is counted still")
            assert "id" in live(where)


def test_a_network_has_not_all_of_them() -> None:
    proxy = Proxy("x-connection", "x-address", LOOPBACK)
    connections = Connections(_nothing, PREFIXES, proxy, most=7, of_network=2)
    one, two, three = (connections.opened("192.0.2.1") for _ in range(3))
    assert [connections.enter(each) for each in (one, two, three)] == [True, True, False]
    assert connections.enter(connections.opened("198.51.100.1"))
    connections.leave(one)
    assert connections.enter(three)
    for peer in (None, "127.0.0.1", "::1", None):  # the proxy's are everybody's
        assert connections.enter(connections.opened(peer))
    assert not connections.enter(connections.opened("198.51.100.1"))


def test_nor_are_those_of_this_machine_limited() -> None:
    connections = Connections(_nothing, PREFIXES, most=9, of_network=1)
    assert all(connections.enter(connections.opened("127.0.0.1")) for _ in range(9))


async def _nothing(*_: object) -> None:
    """An application."""


@pytest.mark.parametrize(
    ("files", "most"), [(256, 192), (4096, 3840), (10**6, MOST), (resource.RLIM_INFINITY, MOST)]
)
def test_files_are_left_for_the_database(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr(server.resource, "getrlimit", lambda _: (files, files))
    assert server.most_open() == most


def test_it_answers_with_few_files_and_many_who_connect(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limited = ["sh", "-c", 'ulimit -n 64; exec "$0" "$@"', *COVEY]
    monkeypatch.setattr("broker_process.COVEY", limited)
    with running_broker(tmp_path / "db") as broker, ExitStack() as opened:
        for _ in range(100):
            opened.enter_context(open_to(broker.url)).sendall(HEAD)
        opened.close()
        with broker.line() as line:
            Group(line, broker.broker_id).create()
        said = broker.log.read_text()
    assert "Traceback" not in said


def test_when_all_files_are_open_the_log_says_so_once_in_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        told, loop = server.Unawaited(), asyncio.get_running_loop()
        for _ in range(100):
            told(loop, {"exception": OSError(errno.EMFILE, "of somebody")})
        told(loop, {"exception": OSError(errno.EIO, "of somebody")})

    asyncio.run(work())
    assert [record.exc_info is None for record in caplog.records] == [True, False]
    assert "somebody" not in "".join(caplog.messages)


# --- bodies --------------------------------------------------------------------------------


def upload(raw: socket.socket, group: Group, size: int, sent: int) -> bytes:
    """Begin a blob and send some of it, all on one connection; returns its name."""
    name = os.urandom(32)
    begun = group.access.begin_blob(name, size).encode()
    raw.sendall(
        b"POST /v1/begin_blob HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b"
        % (len(begun), begun)
    )
    answer = until(raw, b"\r\n\r\n")
    while len(answer.partition(b"\r\n\r\n")[2]) < 10:
        answer += raw.recv(4_000)
    ticket = BlobBegun.decode(answer.partition(b"\r\n\r\n")[2]).ticket
    raw.sendall(
        b"PUT /v1/blobs/%b?offset=0 HTTP/1.1\r\nhost: x\r\ncovey-ticket: %b\r\n"
        b"content-length: %d\r\n\r\n"
        % (name.hex().encode(), ticket.hex().encode(), size)
        + bytes(sent)
    )
    return name


def test_an_upload_that_stops_keeps_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies.Bodies.__init__, "__defaults__", (0.5,))
    with thread_broker() as broker, broker.line() as line, open_to(broker.url) as raw:
        upload(raw, broker.group(line), 300_000, 100_000)
        answer = until(raw, b"}")
        assert b"400 Bad Request" in answer
        assert b"covey-received: 100000" in answer
        assert b"connection: close" in answer
        assert ended(raw)


def test_a_body_that_stops_ends_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies.Bodies.__init__, "__defaults__", (0.5,))
    with thread_broker() as broker, open_to(broker.url) as raw:
        raw.sendall(b"POST /v1/create HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx")
        assert b'"malformed"' in until(raw, b"}")
        assert ended(raw)


def test_uploads_have_the_room_of_a_piece_each() -> None:
    """Of 48 MiB one network has the 33 MiB of the biggest request."""
    with (
        thread_broker(limits__bodies=48 * 2**20) as broker,
        broker.line() as line,
        ExitStack() as opened,
    ):
        group = broker.group(line)
        waiting = [opened.enter_context(open_to(broker.url)) for _ in range(40)]
        for each in waiting:
            upload(each, group, 2**20, 10)
        time.sleep(0.5)
        refused = 0
        for each in waiting:
            each.settimeout(0)
            try:
                refused += b"over_quota" in each.recv(4_000)
            except BlockingIOError:
                continue
        assert 0 < refused < 20
        small = Blob(group, 60_000)  # that much there is always
        assert small.put(0, 60_000).status_code == 204


# --- the database and the sweeper ----------------------------------------------------------


def test_whoever_asks_whether_it_is_well_writes_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with thread_broker() as broker, broker.line() as line:
        store = broker.operations.ports.store
        write, written = store.write, 0

        async def counted(*args: Any) -> Any:  # noqa: ANN401 - as the method
            nonlocal written
            written += 1
            if written > 1:
                msg = "the disk is gone"
                raise StorageError(msg)
            return await write(*args)

        monkeypatch.setattr(store, "write", counted)
        assert {line.http.get("/readyz").status_code for _ in range(9)} == {200}
        assert written == 1
        time.sleep(1.1)
        for _ in range(9):
            answer = line.http.get("/readyz")
            assert (answer.status_code, error_of(answer).code) == (503, "unavailable")
        assert written == 2


def test_a_sweep_that_fails_stops_neither_the_others_nor_the_broker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[str] = []

    async def fails(*_: object) -> int:
        taken.append("blobs")
        raise PermissionError(errno.EACCES, "of somebody")

    async def fails_too(*_: object) -> None:
        taken.append("rows")
        msg = "the database is gone"
        raise StorageError(msg)

    monkeypatch.setattr("covey.broker.blobs.files.FileBlobs.sweep", fails)
    monkeypatch.setattr(running, "_sweep_by", fails_too)
    with thread_broker() as broker, broker.line() as line:
        assert taken == ["rows", "blobs"]
        broker.group(line)
        ports = broker.operations.ports
        weeks: list[int] = []

        async def turned(week: int, oldest: int) -> None:
            assert week
            weeks.append(oldest)

        monkeypatch.setattr(ports.store, "turn_weeks", turned)
        broker.run(running.sweep(ports))
        assert weeks == [0]  # room is made; nothing goes before the epochs have gone
    assert "of somebody" not in "".join(caplog.messages)


def test_the_sweeper_goes_on_and_its_death_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    swept = 0

    async def sweep(_: Ports) -> None:
        nonlocal swept
        swept += 1
        if swept == 3:
            raise LookupError

    monkeypatch.setattr(running, "HOUR", 0.05)
    monkeypatch.setattr(running, "sweep", sweep)
    with caplog.at_level(logging.ERROR), thread_broker() as broker, broker.line() as line:
        time.sleep(0.5)
        assert line.http.get("/livez").status_code == 200
    assert swept == 3
    [record] = [each for each in caplog.records if "nothing is swept" in each.message]
    assert record.exc_info
    assert record.exc_info[0] is LookupError
