"""Live delivery: what comes on a socket, in which order, and when nothing does."""

from __future__ import annotations

import asyncio
import os
import socket as sockets
import struct
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from websockets.sync.client import connect as open_socket

from broker_socket import SOON, Socket
from broker_talk import Line, access
from broker_thread import broker_at, place_of, thread_broker
from covey.access import chain, heads
from covey.access.structs.basics import Fresh, Kind
from covey.access.structs.live import (
    Arrived,
    Begun,
    CaughtUp,
    ClientFrame,
    Credit,
    ProveNext,
    Refused,
    ServerFrame,
    Subscribe,
    Unsubscribe,
)
from covey.broker.live import GOING, UNSUPPORTED
from covey.broker.operations.waiting import woken_or_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from broker_socket import Frame
    from broker_talk import Group
    from broker_thread import ThreadBroker
    from covey.access.structs.heads import Position
    from covey.access.structs.log import Entry


@pytest.fixture
def socket(broker: ThreadBroker) -> Iterator[Socket]:
    """A socket."""
    with Socket(broker.url) as opened:
        yield opened


@pytest.fixture
def group(broker: ThreadBroker, line: Line) -> Group:
    """A group."""
    return broker.group(line)


# --- entries -------------------------------------------------------------------------------


def test_what_is_there_and_what_comes(group: Group, socket: Socket) -> None:
    bodies = [str(number).encode() for number in range(600)]  # more than a page
    for body in bodies[:-2]:
        group.say(body)
    socket.subscribe(group.access)
    begun = socket.expect(Begun)
    assert (begun.gid, begun.epoch, begun.before.seq) == (group.gid, 0, 0)
    assert socket.arrived(598) == bodies[:-2]
    caught_up = socket.expect(CaughtUp)
    assert caught_up.head.head.position.seq == 598
    for body in bodies[-2:]:
        group.say(body)
        assert socket.arrived(1) == [body]
        socket.expect(CaughtUp)
    assert socket.is_silent()


def test_the_chain_can_be_followed(broker: ThreadBroker, group: Group, socket: Socket) -> None:
    for body in (b"one", b"two", b"three"):
        group.say(body)
    socket.subscribe(group.access, 1)
    position = socket.expect(Begun).before
    assert position.seq == 1
    position = chain.follow(position, group.gid, (socket.expect(Arrived).entry for _ in range(2)))
    head = heads.verify(socket.expect(CaughtUp).head, broker.broker_id)
    assert head.position == position


def test_a_commit_ends_it_until_the_next_epoch_is_proved(group: Group, socket: Socket) -> None:
    first = group.access
    group.say(b"one")
    socket.subscribe(first)
    socket.expect(Begun)
    assert socket.arrived(1) == [b"one"]
    socket.expect(CaughtUp)
    group.commit(b"two")
    group.say(b"three")
    arrived = socket.expect(Arrived).entry
    assert (arrived.body, arrived.kind) == (b"two", Kind.commit)
    prove = socket.expect(ProveNext)
    assert (prove.epoch, prove.head.head.position.seq) == (1, 2)
    assert socket.is_silent()
    socket.subscribe(group.access, 2)
    assert socket.expect(Begun).before == prove.head.head.position
    assert socket.arrived(1) == [b"three"]
    socket.expect(CaughtUp)


def test_a_past_epoch_is_read_to_its_commit_only(group: Group, socket: Socket) -> None:
    first = group.access
    group.say(b"one")
    group.commit(b"two")
    group.say(b"three")
    for after, bodies in ((0, [b"one", b"two"]), (2, []), (1_000, [])):
        socket.subscribe(first, after)
        socket.expect(Begun)
        assert socket.arrived(len(bodies)) == bodies
        assert socket.expect(ProveNext).head.head.position.seq == 2


def test_a_ticket_is_as_good_as_a_proof(group: Group, socket: Socket) -> None:
    socket.subscribe(group.access)
    ticket = socket.expect(Begun).ticket
    socket.expect(CaughtUp)
    socket.subscribe(group.access, ticket=ticket)
    socket.expect(Begun)
    socket.expect(CaughtUp)


def test_many_groups_on_one_socket(broker: ThreadBroker, line: Line, socket: Socket) -> None:
    groups = [broker.group(line) for _ in range(20)]
    for group in groups:
        group.say(group.gid)
        socket.subscribe(group.access)
    frames = [socket.next() for _ in range(3 * len(groups))]
    for group in groups:
        own = [each for each in frames if getattr(each, "gid", b"") == group.gid]
        assert [type(each) for each in own] == [Begun, Arrived, CaughtUp]
        assert isinstance(own[1], Arrived)
        assert own[1].entry.body == group.gid
    socket.send(Unsubscribe(groups[0].gid))
    groups[0].say(b"unheard")
    groups[1].say(b"heard")
    assert socket.arrived(1) == [b"heard"]
    socket.expect(CaughtUp)
    assert socket.is_silent()


def test_as_many_groups_as_are_allowed() -> None:
    with (
        thread_broker(limits__subscriptions=2) as broker,
        broker.line() as line,
        Socket(broker.url) as socket,
    ):
        groups = [broker.group(line) for _ in range(3)]
        for group in groups[:2]:
            socket.subscribe(group.access)
            socket.expect(Begun)
            socket.expect(CaughtUp)
        socket.subscribe(groups[2].access)
        assert socket.expect(Refused).code == b"over_quota"
        groups[0].commit()
        socket.expect(Arrived)
        socket.expect(ProveNext)
        socket.subscribe(groups[2].access)
        socket.expect(Begun)


# --- credit --------------------------------------------------------------------------------


def test_no_more_comes_than_there_is_credit_for() -> None:
    with (
        thread_broker(limits__credit=3) as broker,
        broker.line() as line,
        Socket(broker.url) as socket,
    ):
        assert socket.greeting.credit == 3
        group, other = broker.group(line), broker.group(line)
        bodies = [str(number).encode() for number in range(7)]
        for body in bodies:
            group.say(body)
        socket.subscribe(group.access)
        socket.expect(Begun)
        assert socket.arrived(3) == bodies[:3]
        assert socket.is_silent()
        socket.subscribe(other.access)  # what is no entry costs nothing
        assert socket.expect(Begun).gid == other.gid
        assert socket.expect(CaughtUp).gid == other.gid
        other.say(b"other")
        socket.send(Credit(0))
        assert socket.is_silent()
        socket.send(Credit(1))
        frames: list[Frame] = [socket.expect(Arrived)]
        assert socket.is_silent()
        socket.send(Credit(2**32 - 1))
        frames += [socket.next() for _ in range(6)]
        assert _bodies(frames, group.gid) == bodies[3:]
        assert _bodies(frames, other.gid) == [b"other"]
        assert sum(isinstance(each, CaughtUp) for each in frames) == 2


def test_who_has_no_credit_costs_nothing() -> None:
    with (
        thread_broker(limits__credit=1) as broker,
        broker.line() as line,
        Socket(broker.url) as socket,
    ):
        group = broker.group(line)
        group.say(b"one")
        group.say(b"two")
        asked = _counted(broker)
        socket.subscribe(group.access)
        socket.expect(Begun)
        assert socket.arrived(1) == [b"one"]
        assert socket.is_silent()
        assert len(asked) <= 3
        socket.send(Credit(1))
        assert socket.arrived(1) == [b"two"]


def _counted(broker: ThreadBroker) -> list[int]:
    """The sizes of the pages that are read from now on."""
    sizes: list[int] = []
    page = broker.operations.logs.page

    async def counting(*asked: int) -> object:
        found = await page(*asked)  # type: ignore[arg-type]
        sizes.append(sum(len(each.body) for each in found.entries))
        return found

    broker.operations.logs.page = counting  # type: ignore[assignment,method-assign]
    return sizes


def _bodies(frames: list[Frame], gid: bytes) -> list[bytes]:
    return [each.entry.body for each in frames if isinstance(each, Arrived) and each.gid == gid]


def test_who_reads_slowly_costs_little_memory() -> None:
    """A reader that does not read: the broker keeps a page at most, and serves all others."""
    with (
        thread_broker(limits__credit=10_000) as broker,
        broker.line() as line,
        Socket(broker.url) as reader,
    ):
        group = broker.group(line)
        for _ in range(400):
            group.say(bytes(65_000))  # 26 MB
        sizes = _counted(broker)
        with _deaf(broker.url, group) as wire:
            time.sleep(1)
            assert 0 < sum(sizes) < 20e6  # a page, and what the kernels hold
            reader.subscribe(group.access, 399)
            reader.expect(Begun)
            reader.expect(Arrived)
            wire.close()


def _deaf(url: str, group: Group) -> sockets.socket:
    """A socket that subscribes, and never reads again. Small windows, so that it is soon full."""
    host, port = url.removeprefix("http://").split(":")
    wire = sockets.socket()
    wire.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 65_536)
    wire.settimeout(SOON)
    wire.connect((host, int(port)))
    wire.sendall(
        b"GET /v1/subscribe HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    received = b""
    while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < 3:
        received += wire.recv(1000)
    greeting = received.partition(b"\r\n\r\n")[2]
    while len(greeting) < 2 + greeting[1]:
        greeting += wire.recv(1000)
    frame = ServerFrame.decode(greeting[2 : 2 + greeting[1]]).frame
    proof = group.access.prove(frame.nonce)  # type: ignore[union-attr]
    asked = ClientFrame(Subscribe(group.gid, 0, 0, proof)).encode()
    wire.sendall(struct.pack("!BBH4s", 0x82, 0x80 | 126, len(asked), bytes(4)) + asked)
    return wire


# --- what is refused -----------------------------------------------------------------------


def test_a_frame_that_is_none(group: Group, socket: Socket) -> None:
    right = ClientFrame(Credit(1)).encode()
    for data in (b"", b"\0", b"\x09abc", os.urandom(200), right + b"\0", right[:-1]):
        socket.wire.send(data)
        refused = socket.expect(Refused)
        assert (refused.code, refused.gid) == (b"malformed", bytes(32))
    socket.subscribe(group.access)
    socket.expect(Begun)


def test_text_is_no_frame(socket: Socket) -> None:
    socket.wire.send("hello")
    assert socket.closed() == UNSUPPORTED


def test_a_frame_that_is_too_large(socket: Socket) -> None:
    socket.wire.send(bytes(70_000))
    assert socket.closed() == 1009  # RFC 6455 §7.4.1


def test_proofs_that_are_refused(broker: ThreadBroker, line: Line, socket: Socket) -> None:
    group = broker.group(line)
    fork = access(broker.broker_id, group.gid, 0, b"another")
    nobody = access(broker.broker_id, os.urandom(32))
    early = access(broker.broker_id, group.gid, 1)
    for asked, code in (
        (fork, b"proof_refused"), (nobody, b"group_unknown"), (early, b"epoch_unknown")
    ):  # fmt: skip
        socket.subscribe(asked)
        refused = socket.expect(Refused)
        assert (refused.gid, refused.code) == (asked.gid, code)
        assert refused.sentence
    for proof in (
        group.access.prove(line.nonce()),
        Fresh(b"", bytes(64)),
    ):
        socket.send(Subscribe(group.gid, 0, 0, proof))
        assert socket.expect(Refused).code == b"stale_proof"
    socket.subscribe(group.access, ticket=line.read(group.access).ticket)
    assert socket.expect(Refused).code == b"stale_proof"


def test_a_subscription_that_is_refused_ends_the_one_before(group: Group, socket: Socket) -> None:
    socket.subscribe(group.access)
    socket.expect(Begun)
    socket.expect(CaughtUp)
    socket.subscribe(group.access, ticket=b"none")
    socket.expect(Refused)
    group.say()
    assert socket.is_silent()


def test_no_header_says_what_runs_here(socket: Socket) -> None:
    assert socket.wire.response is not None
    names = {name.lower() for name in socket.wire.response.headers}
    assert names == {"upgrade", "connection", "sec-websocket-accept"}


def test_nothing_is_compressed(broker: ThreadBroker) -> None:
    """What is sealed does not shrink, and what is not must not show by its size."""
    url = broker.url.replace("http", "ws") + "/v1/subscribe"
    with open_socket(url, proxy=None, compression="deflate") as wire:
        assert wire.response is not None
        assert "sec-websocket-extensions" not in wire.response.headers


@pytest.mark.parametrize("later", [False, True])
def test_a_cancellation_is_not_lost_to_a_hint(later: bool) -> None:  # noqa: FBT001 - a parameter
    async def both() -> tuple[bool, bool]:
        woken = asyncio.Event()
        task = asyncio.create_task(woken_or_time(woken, SOON))
        await asyncio.sleep(0.01)
        woken.set()
        if later:
            await asyncio.sleep(0)
        accepted = task.cancel()  # not when it has ended already
        await asyncio.wait([task])
        return accepted, task.cancelled()

    accepted, cancelled = asyncio.run(both())
    assert accepted == cancelled


# --- the end -------------------------------------------------------------------------------


def test_the_stop_of_the_broker_is_told() -> None:
    with ExitStack() as opened:
        broker = opened.enter_context(thread_broker())
        line = opened.enter_context(broker.line())
        group = broker.group(line)
        sockets = [opened.enter_context(Socket(broker.url)) for _ in range(3)]
        for each in sockets[1:]:
            each.subscribe(group.access)
            each.expect(Begun)
        began = time.monotonic()
        broker.stop()
        assert [each.closed() for each in sockets] == [GOING] * 3
        assert time.monotonic() - began < 3


def test_nobody_waits_for_sockets_that_were_closed(broker: ThreadBroker, line: Line) -> None:
    group, wakes = broker.group(line), broker.operations.ports.store.wakes
    before = wakes.waiting
    for abrupt in (False, True):
        with Socket(broker.url) as socket:
            socket.subscribe(group.access)
            socket.expect(Begun)
            socket.expect(CaughtUp)
            assert wakes.waiting == before + 1
            if abrupt:
                socket.wire.socket.shutdown(2)
        _eventually(lambda: wakes.waiting == before)


def _eventually(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.01)


# --- the same by other means ---------------------------------------------------------------


def test_long_polls_and_sockets_tell_the_same(
    group: Group, connect: Callable[[], Line], socket: Socket
) -> None:
    first = group.access
    for number in range(5):
        group.say(str(number).encode())
    group.commit()
    answer = connect().read(first)
    socket.subscribe(first)
    begun = socket.expect(Begun)
    arrived: list[Entry] = [socket.expect(Arrived).entry for _ in range(6)]
    assert (begun.before, tuple(arrived)) == (answer.before, answer.entries)
    ended: Position = socket.expect(ProveNext).head.head.position
    assert ended == answer.head.head.position


def test_another_process_over_the_same_database_wakes(tmp_path: Path) -> None:
    with (
        place_of("postgres") as place,
        broker_at(place, tmp_path) as one,
        broker_at(place, tmp_path) as other,
        one.line() as line,
        other.line() as poll,
        Socket(other.url) as socket,
    ):
        assert one.broker_id == other.broker_id
        group = one.group(line)
        socket.subscribe(group.access)
        socket.expect(Begun)
        socket.expect(CaughtUp)
        began = time.monotonic()
        group.say(b"news")
        assert socket.arrived(1) == [b"news"]
        assert time.monotonic() - began < 1
        assert poll.read(group.access).entries[0].body == b"news"
