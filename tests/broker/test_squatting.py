"""Who begins a log and lets it lie has nothing of what somebody else begins under its gid later.

A log that no commit follows is thrown away after a day, and its gid is free again.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from broker_socket import Socket
from broker_talk import Group, access
from broker_thread import broker_at, place_of
from covey.access.structs.basics import ByTicket
from covey.access.structs.joining import FetchKnocks, FetchPointers, Knocks, Pointers
from covey.access.structs.live import Arrived, Begun, CaughtUp, Refused
from covey.access.structs.log import (
    Appended,
    Entries,
    EpochClosed,
    HeadQuery,
    Heads,
    HeadsMoved,
    Read,
)
from covey.access.tickets import LIFETIME
from covey.broker.running import sweep
from covey.errors import BrokerError
from stores import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from broker_thread import ThreadBroker
    from covey.access.member.epochs import EpochAccess
    from covey.broker.ordering import Admitted
    from stores import Kind

DAYS = 2 * 24 * 3600


class Ours(Group):
    """A group with secrets of its own, whatever its gid."""

    secret = b"ours"

    @property
    def access(self) -> EpochAccess:
        """The keys of its epoch."""
        return access(self.broker_id, self.gid, self.epoch, self.secret)


class Processes:
    """Two processes of a broker over one database, and the squatter's log.

    Attributes:
        one: The process that sweeps.
        both: Both of them.
        gid: What is squatted.
    """

    def __init__(self, both: list[ThreadBroker]) -> None:
        self.one, _ = self.both = both
        self.gid = os.urandom(32)

    def turn(self, seconds: float) -> None:
        """Turn the clocks, and sweep."""
        for each in self.both:
            each.ahead += seconds
        self.one.run(sweep(self.one.operations.ports))


@pytest.fixture(params=KINDS)
def processes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Processes]:
    """Two processes of a broker over one database of each kind in turn."""
    kind: Kind = request.param
    with ExitStack() as stack:
        place = stack.enter_context(place_of(kind))
        yield Processes([stack.enter_context(broker_at(place, tmp_path)) for _ in range(2)])


def code_of(asking: Callable[[], object]) -> str:
    """With which code something is refused."""
    with pytest.raises(BrokerError) as refused:
        asking()
    return refused.value.code


def test_who_squats_is_nobody_when_the_log_is_begun_anew(processes: Processes) -> None:
    with ExitStack() as stack:
        lines = [stack.enter_context(each.line()) for each in processes.both]
        broker_id = processes.one.broker_id
        squatters = [Group(line, broker_id, processes.gid) for line in lines]
        squatters[0].create()
        for squatter in squatters:  # so that both processes have seen its key
            squatter.say(b"squatted")
            squatter.line.read(squatter.access)
        processes.turn(DAYS)
        ours = [Ours(line, broker_id, processes.gid) for line in lines]
        ours[0].create()
        for each in ours:
            each.say(b"ours")
        for squatter in squatters:
            assert code_of(squatter.say) == "proof_refused"
            assert code_of(partial(squatter.line.read, squatter.access)) == "proof_refused"
        for each in ours:
            read = each.line.read(each.access)
            assert [entry.body for entry in read.entries] == [b"ours", b"ours"]


def test_a_ticket_is_good_for_one_key(processes: Processes) -> None:
    broker_id, gid = processes.one.broker_id, processes.gid
    with processes.one.line() as line:
        squatter = Group(line, broker_id, gid).create()
        clock = processes.one.operations.ports.clock
        processes.turn((clock.hour + 25) * 3600 - clock.now() - LIFETIME / 3)
        ticket = line.read(squatter.access).ticket

        def asks() -> list[Callable[[], object]]:
            proof = ByTicket(ticket)
            return [
                lambda: line.ask("read", Read(gid, 0, 0, 0, proof), Entries),
                lambda: line.ask("pointers", FetchPointers(gid, 0, proof), Pointers),
                lambda: line.ask("knocks", FetchKnocks(gid, 0, proof), Knocks),
            ]

        for ask in asks():
            ask()
        processes.turn(LIFETIME / 2)
        Ours(line, broker_id, gid).create().say(b"ours")
        assert [code_of(ask) for ask in asks()] == ["stale_proof"] * 3
        heads = Heads((HeadQuery(gid, 0, 0, ByTicket(ticket)),))
        assert line.ask("heads", heads, HeadsMoved).refused[0].code == b"stale_proof"


def test_a_socket_ends_when_the_log_is_begun_anew(processes: Processes) -> None:
    """It was proved days ago, and nothing has come since."""
    broker_id, gid = processes.one.broker_id, processes.gid
    with processes.one.line() as line, Socket(processes.one.url) as socket:
        squatter = Group(line, broker_id, gid).create()
        socket.subscribe(squatter.access)
        socket.expect(Begun)
        socket.expect(CaughtUp)
        processes.turn(DAYS)
        Ours(line, broker_id, gid).create().say(b"ours")
        frame = socket.next()
        assert not isinstance(frame, Arrived)
        assert isinstance(frame, Refused)
        assert frame.code in {b"proof_refused", b"group_unknown"}


def test_what_was_proved_is_compared_where_it_is_written(processes: Processes) -> None:
    """An append that was looked at before the log was swept, and is written after that."""
    broker_id, gid = processes.one.broker_id, processes.gid
    with processes.one.line() as line:
        squatter = Group(line, broker_id, gid).create()
        late = squatter.access.append(os.urandom(16), b"squatted")
        operations = processes.one.operations
        written = operations.logs.combiner.append

        looked_at: list[Admitted] = []

        async def keep(admitted: Admitted) -> Appended | EpochClosed:
            looked_at.append(admitted)
            return await written(admitted)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(operations.logs.combiner, "append", keep)
            line.ask("append", late)
        processes.turn(DAYS)
        ours = Ours(line, broker_id, gid).create()
        assert code_of(lambda: processes.one.run(written(looked_at[0]))) == "proof_refused"
        assert ours.say().position.seq == 1
