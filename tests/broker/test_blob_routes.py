"""Attachments over HTTP: sent in pieces, gone on with, read whole or in part, and gone in time."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from broker_talk import Group, Line, error_of
from broker_thread import thread_broker
from covey.access.structs.blobs import BlobBegun
from covey.broker.hours import DAY, HOUR
from covey.broker.running import sweep
from covey.errors import BrokerError, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from broker_thread import ThreadBroker

SIZE = 300_000


class Blob:
    """A blob on its way.

    Args:
        group: Who pays, and on which connection.
        size: In bytes.
    """

    def __init__(self, group: Group, size: int = SIZE) -> None:
        self.http = group.line.http
        self.name = os.urandom(32)
        self.content = os.urandom(size)
        begun = group.line.ask("begin_blob", group.access.begin_blob(self.name, size), BlobBegun)
        self.received, self.ticket = begun.received, begun.ticket

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/v1/blobs/{self.name.hex()}"

    def put(self, start: int, stop: int, **changed: Any) -> httpx.Response:  # noqa: ANN401 - arguments of httpx
        """Send a part of it, to where it belongs."""
        how = {"headers": {"covey-ticket": self.ticket.hex()}, "params": {"offset": start}}
        return self.http.put(self.path, content=self.content[start:stop], **{**how, **changed})

    def get(self, span: str = "") -> httpx.Response:
        """Read it, or a range of it."""
        return self.http.get(self.path, headers={"range": f"bytes={span}"} if span else {})


@pytest.fixture
def blob(broker: ThreadBroker, line: Line) -> Blob:
    """A blob that has begun."""
    return Blob(broker.group(line))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return answer.status_code, error_of(answer).code


def test_a_blob_is_sent_and_read(blob: Blob, connect: Callable[[], Line]) -> None:
    assert blob.received == 0
    sent = blob.put(0, SIZE)
    assert (sent.status_code, sent.headers["covey-received"]) == (204, str(SIZE))
    read = connect().http.get(blob.path)  # to know its number is the right to read it
    assert (read.status_code, read.content) == (200, blob.content)
    assert set(read.headers) == {
        "content-type", "content-length", "covey-received", "accept-ranges"
    }  # fmt: skip


def test_it_is_gone_on_with(broker: ThreadBroker, line: Line) -> None:
    group = broker.group(line)
    blob = Blob(group)
    for start in range(0, SIZE, 100_000):
        head = blob.http.head(blob.path)
        assert head.headers["covey-received"] == str(start)
        assert head.headers["content-length"] == str(SIZE)
        assert refusal(blob.get()) == (404, "blob_unknown")
        assert blob.put(start, start + 100_000).status_code == 204
        again = line.ask("begin_blob", group.access.begin_blob(blob.name, SIZE), BlobBegun)
        assert again.received == start + 100_000
    assert blob.get().content == blob.content


def test_an_upload_that_breaks_off_keeps_what_came(blob: Blob, broker: ThreadBroker) -> None:
    host, port = broker.url.removeprefix("http://").split(":")
    group = Group(Line(broker.url), broker.broker_id).create()
    name = os.urandom(32)
    with group.line, socket.create_connection((host, int(port)), timeout=5) as wire:
        # The ticket is bound to a connection, so all of it goes over this one.
        begun = group.access.begin_blob(name, SIZE).encode()
        wire.sendall(
            b"POST /v1/begin_blob HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(begun)
            + begun
        )
        answer = b""
        while answer.count(b"\r\n\r\n") < 1 or not answer.partition(b"\r\n\r\n")[2]:
            answer += wire.recv(4_000)
        ticket = BlobBegun.decode(answer.partition(b"\r\n\r\n")[2]).ticket
        wire.sendall(
            b"PUT /v1/blobs/%s?offset=0 HTTP/1.1\r\nhost: x\r\ncovey-ticket: %s\r\n"
            b"content-length: %d\r\n\r\n"
            % (name.hex().encode(), ticket.hex().encode(), SIZE)
            + bytes(200_000)
        )
    with Line(broker.url) as line:
        for _ in range(200):
            received = int(line.http.head(f"/v1/blobs/{name.hex()}").headers["covey-received"])
            if received == 200_000:
                break
    assert received == 200_000
    assert blob.received == 0


@pytest.mark.parametrize(
    ("span", "start", "stop"),
    [("0-0", 0, 1), ("5-", 5, SIZE), ("10-19", 10, 20), (f"{SIZE - 1}-", SIZE - 1, SIZE),
     (f"1-{SIZE + 9}", 1, SIZE)],
)  # fmt: skip
def test_a_range(blob: Blob, span: str, start: int, stop: int) -> None:
    blob.put(0, SIZE)
    answer = blob.get(span)
    assert (answer.status_code, answer.content) == (206, blob.content[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"


@pytest.mark.parametrize("span", ["-5", "5-4", "a-b", "0-1,3-4", f"{SIZE}-", "9" * 30 + "-"])
def test_a_range_that_it_has_not(blob: Blob, span: str) -> None:
    blob.put(0, SIZE)
    assert refusal(blob.get(span)) == (400, "malformed")


def test_an_empty_blob(broker: ThreadBroker, line: Line) -> None:
    blob = Blob(broker.group(line), 0)
    assert blob.get().content == b""
    assert refusal(blob.get("0-")) == (400, "malformed")


def test_bytes_for_another_place(blob: Blob) -> None:
    blob.put(0, 100_000)
    for start in (0, 50_000, 200_000):
        answer = blob.put(start, start + 70_000)
        assert refusal(answer) == (409, "wrong_offset")
        assert answer.headers["covey-received"] == "100000"
    for offset in ("", "-1", "x", "1" * 19, "\u0661"):
        answer = blob.put(0, 100, params={"offset": offset})
        assert refusal(answer) == (400, "malformed")
    assert blob.put(100_000, SIZE).status_code == 204
    assert blob.get().content == blob.content


def test_more_than_was_announced(blob: Blob) -> None:
    blob.content += b"more"
    answer = blob.put(0, SIZE + 4)
    assert refusal(answer) == (413, "too_large")
    received = int(answer.headers["covey-received"])
    assert blob.put(received, SIZE).status_code == 204
    assert blob.get().content == blob.content[:SIZE]


def test_so_little_that_it_is_not_worth_a_write(blob: Blob) -> None:
    answer = blob.put(0, 10)
    assert refusal(answer) == (400, "malformed")
    assert answer.headers["covey-received"] == "0"


def test_a_ticket_is_for_one_blob_on_one_connection(
    broker: ThreadBroker, connect: Callable[[], Line]
) -> None:
    group = broker.group(connect())
    blob, other = Blob(group), Blob(group)
    read = group.line.read(group.access).ticket
    for ticket in (b"", os.urandom(40), other.ticket, read):
        answer = blob.put(0, SIZE, headers={"covey-ticket": ticket.hex()})
        assert refusal(answer) == (401, "stale_proof")
    assert refusal(blob.put(0, SIZE, headers={"covey-ticket": "zz"})) == (400, "malformed")
    assert refusal(blob.put(0, SIZE, headers={})) == (401, "stale_proof")
    blob.http = connect().http
    assert refusal(blob.put(0, SIZE)) == (401, "stale_proof")


@pytest.mark.parametrize("name", ["00", "zz" * 32, "00" * 33, "%20" * 64])
def test_a_number_that_is_none(line: Line, name: str) -> None:
    for method in ("GET", "PUT"):
        assert refusal(line.http.request(method, f"/v1/blobs/{name}")) == (400, "malformed")


def test_what_is_too_large_is_not_begun() -> None:
    with thread_broker(blobs__max_bytes=1_000) as broker, broker.line() as line:
        group = broker.group(line)
        assert Blob(group, 1_000).put(0, 1_000).status_code == 204
        with pytest.raises(BrokerError, match="too_large"):
            Blob(group, 1_001)


def test_a_group_pays_for_what_it_begins() -> None:
    with thread_broker(rates__blob_bytes="1000 per day") as broker, broker.line() as line:
        group = broker.group(line)
        request = group.access.begin_blob(bytes(32), 900)
        line.ask("begin_blob", request)
        line.ask("begin_blob", request)  # the same once more costs nothing
        with pytest.raises(BrokerError, match="over_quota"):
            Blob(group, 200)
        Blob(broker.group(line), 200)


def test_a_blob_expires() -> None:
    with thread_broker(blobs__days=1) as broker, broker.line() as line:
        blob = Blob(broker.group(line))
        blob.put(0, SIZE)
        broker.ahead += (DAY - 1) * HOUR
        assert blob.get().content == blob.content
        broker.ahead += 2 * HOUR
        for _ in range(2):  # at once, and when it has been swept
            assert refusal(blob.get()) == (404, "blob_unknown")
            assert blob.http.head(blob.path).status_code == 404
            broker.run(sweep(broker.operations.ports))


def test_a_broker_without_blobs() -> None:
    with thread_broker() as broker, broker.line() as line:
        group = broker.group(line)
        ports = broker.operations.ports._replace(blobs=None)
        broker.operations.attachments._ports = ports  # noqa: SLF001 - no store leaves it out but a real PostgreSQL
        assert refusal(line.http.get(f"/v1/blobs/{bytes(32).hex()}")) == (403, "not_offered")
        with pytest.raises(BrokerError, match="not_offered"):
            Blob(group)


def test_ground_that_fails() -> None:
    with thread_broker() as broker, broker.line() as line:
        blob = Blob(broker.group(line))
        blob.put(0, SIZE)

        async def fails(*_: object) -> AsyncIterator[bytes]:
            yield_nothing: tuple[bytes, ...] = ()
            for each in yield_nothing:
                yield each
            msg = "the disk is gone"
            raise StorageError(msg)

        broker.operations.ports.blobs.read = fails  # type: ignore[method-assign,union-attr]
        assert refusal(blob.get()) == (503, "unavailable")


def test_only_members_of_the_current_epoch_begin_one(broker: ThreadBroker, line: Line) -> None:
    group = broker.group(line)
    begun = Blob(group)
    removed = group.access
    group.commit()
    with pytest.raises(BrokerError) as refused:
        line.ask("begin_blob", removed.begin_blob(os.urandom(32), 10), BlobBegun)
    assert refused.value.code == "epoch_passed"
    # A retry, or going on, works with the old key still: the blob is there.
    again = line.ask("begin_blob", removed.begin_blob(begun.name, SIZE), BlobBegun)
    assert again.received == 0
