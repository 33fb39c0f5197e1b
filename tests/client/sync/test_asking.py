"""What may pass is tried again, what may not is said; and connections are hung up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.refusals import Code, refused
from covey.access.signing import signed
from covey.access.structs.basics import Kind, Nothing
from covey.access.structs.heads import Position
from covey.access.structs.identity import FetchStock, Stock
from covey.access.structs.log import Append, Appended, Entry, EpochClosed
from covey.client.sync import asking
from covey.client.sync.effects import About, Ask, HangUp, Lane, Use, World
from covey.errors import BrokerError, TransportError
from covey.lab.conformance.generate.seeded import Seeded
from flows import played

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow

LANE = Lane(Use.identity)
STOCK = Stock(1, 2, 0)
LOST = TransportError("lost")
WORLD = World(Seeded(b"asking", "tests"), lambda: 0.0)


def stock() -> Flow[Stock]:
    return asking.ask(LANE, "stock", FetchStock(0), Stock)


def test_an_answer_is_returned() -> None:
    done = played(stock(), [STOCK])
    assert (done.result, done.operations, done.paused) == (STOCK, ["stock"], [])


def test_what_got_lost_is_sent_again_as_it_was_after_longer_and_longer_pauses() -> None:
    done = played(stock(), [LOST, refused(Code.unavailable), LOST, STOCK])
    assert done.result == STOCK
    assert len(set(map(repr, (each for each in done.effects if isinstance(each, Ask))))) == 1
    assert len(done.paused) == 3
    assert all(0.1 * 2**n <= pause < 0.3 * 2**n for n, pause in enumerate(done.paused))


@pytest.mark.parametrize("error", [LOST, refused(Code.unavailable)])
def test_patience_ends(error: Exception) -> None:
    with pytest.raises(type(error)):
        played(stock(), [error] * asking.TRIES)


def test_a_broker_that_is_busy_is_waited_for_as_long_as_it_says() -> None:
    busy = refused(Code.over_quota)
    busy.retry_after = 7.0
    done = played(stock(), [busy, STOCK])
    assert 7.0 < done.paused[0] < 8.0


def test_but_not_for_ever() -> None:
    busy = refused(Code.over_quota)
    busy.retry_after = 3600.0
    with pytest.raises(BrokerError, match="over_quota"):
        played(stock(), [busy])


def test_a_refusal_is_no_reason_to_try_again() -> None:
    with pytest.raises(BrokerError, match="account_unknown"):
        played(stock(), [refused(Code.account_unknown)])


def test_another_struct_is_no_answer() -> None:
    with pytest.raises(TransportError, match="answers stock with Nothing"):
        played(stock(), [Nothing()])


def test_two_who_fail_at_once_do_not_come_again_at_once() -> None:
    one, other = (
        played(asking.ask(LANE, "stock", FetchStock(wait), Stock), [LOST, STOCK]) for wait in (0, 1)
    )
    assert one.paused != other.paused


def test_whatever_is_no_request_can_be_tried_again_too() -> None:
    assert played(asking.patiently(About(LANE)), [LOST, "about"]).result == "about"


def test_an_append_has_two_answers() -> None:
    request = signed(bytes(32), "append", Append(bytes(32), bytes(32), 0, bytes(16), b"", None))
    placed = Appended(Position(1, bytes(32)))
    closed = EpochClosed(Entry(1, 0, Kind.commit, bytes(16), b""))
    for answer in (placed, closed):
        assert played(asking.append(LANE, request), [LOST, answer]).result == answer
    with pytest.raises(TransportError):
        played(asking.append(LANE, request), [STOCK])


def test_who_is_alone_hangs_up() -> None:
    done = played(asking.alone(WORLD, asking.challenge), [])
    *_, last = done.effects
    assert isinstance(last, HangUp)
    assert last.lane.use is Use.once
    assert len(last.lane.key) == 16


def test_who_is_alone_hangs_up_after_an_error_too() -> None:
    seen: list[object] = []

    def failing(lane: Lane) -> Flow[None]:
        seen.append(lane)
        yield from ()
        raise LOST

    flow = asking.alone(WORLD, failing)
    assert isinstance(next(flow), HangUp)
    with pytest.raises(TransportError):
        flow.send(None)


def test_who_is_dropped_says_nothing_more() -> None:
    flow = asking.alone(WORLD, asking.challenge)
    next(flow)
    flow.close()


@pytest.mark.parametrize("error", [LOST, refused(Code.unavailable)])
def test_what_has_disappeared_meanwhile_is_not_sent_again(error: Exception) -> None:
    late = iter((False, True))
    request = signed(bytes(32), "append", Append(bytes(32), bytes(32), 0, bytes(16), b"", None))
    with pytest.raises(type(error)):
        played(asking.append(LANE, request, over=lambda: next(late)), [error] * 2)
    assert next(late, None) is None  # it was asked before each further try
