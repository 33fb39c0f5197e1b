"""Who waits for a message or a wish: woken when it is settled, and at no stale look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client.running.awaiting import Awaited, Board, Standing
from covey.client.sync.rows import queues

if TYPE_CHECKING:
    from covey.store.port import Rows

pytestmark = pytest.mark.anyio


def message(number: int, place: int, looked: int = 0) -> Awaited:
    """A message that was looked for, and waits at a place in the outbox."""
    found = Awaited(number)
    found.place, found.looked = place, looked
    return found


def woken(*each: Awaited) -> list[bool]:
    return [one.woken.is_set() for one in each]


async def test_those_before_the_first_that_is_left_are_woken() -> None:
    board, (one, two, three), other = Board(), (message(1, n) for n in (1, 2, 3)), message(2, 1)
    with board.holding(one), board.holding(two), board.holding(three), board.holding(other):
        for each in (three, one, other, two):
            board.waits(each)
        board.tell(Standing(1, {1: 3}, {}))
        assert woken(one, two, three, other) == [True, True, False, False]
        board.tell(Standing(2, {1: 3, 2: None}, {}))
        assert woken(three, other) == [False, True]
        board.tell(Standing(3, {1: None}, {}))
        assert woken(three) == [True]
    assert board.is_empty


async def test_what_was_seen_before_somebody_looked_wakes_nobody() -> None:
    """Its message waits again: it is behind a place that was passed before."""
    board, again = Board(), message(1, 2, looked=5)
    with board.holding(again):
        board.waits(again)
        board.tell(Standing(4, {1: 9}, {}))
        assert woken(again) == [False]
        board.tell(Standing(6, {1: 9}, {}))
        assert woken(again) == [True]


async def test_what_is_seen_between_a_look_and_the_waiting_is_not_missed() -> None:
    board, one, wish = Board(), message(1, 2, looked=5), Awaited(1, wish=7)
    wish.looked = 5
    with board.holding(one), board.holding(wish):
        board.tell(Standing(6, {1: 3}, {1: frozenset({8})}))
        board.waits(one)
        board.waits(wish)
        assert woken(one, wish) == [True, True]
        board.tell(Standing(6, {1: 3}, {1: frozenset()}))  # the same once more: nothing new


async def test_an_older_state_is_no_news() -> None:
    board, one = Board(), message(1, 2)
    with board.holding(one):
        board.waits(one)
        board.tell(Standing(7, {1: 2}, {}))
        board.tell(Standing(6, {1: 3}, {}))
        assert woken(one) == [False]


async def test_a_wish_is_settled_when_it_is_gone_and_in_whatever_order() -> None:
    board, one, two = Board(), Awaited(1, wish=1), Awaited(1, wish=2)
    with board.holding(one), board.holding(two):
        board.waits(one)
        board.waits(two)
        board.tell(Standing(1, {}, {1: frozenset({1})}))
        assert woken(one, two) == [False, True]
        board.tell(Standing(2, {2: 1}, {2: frozenset()}))
        assert woken(one) == [False]


async def test_who_has_gone_is_not_looked_for_any_more(rows: Rows, group: int, other: int) -> None:
    board, one, two, wish = Board(), message(group, 1), message(group, 2), Awaited(other, wish=1)
    queues.say(rows, group, b"1", b"")
    queues.say(rows, group, b"2", b"")
    with board.holding(two):
        with board.holding(one), board.holding(wish):
            board.waits(one)
            assert board.look(rows, 1) == Standing(1, {group: 1}, {other: frozenset()})
        assert board.look(rows, 2) == Standing(2, {group: 1}, {})
        board.tell(Standing(3, {group: None}, {}))
        assert woken(one) == [False]
        board.waits(two)
        assert woken(two) == [True]
    assert board.look(rows, 4) == Standing(4, {}, {})
    assert board.is_empty


@pytest.mark.parametrize("number", [None, 1])
async def test_all_of_a_group_are_woken_for_what_they_all_have_to_know(number: int | None) -> None:
    board, waits, looks, wish, other = (
        *(Board(), message(1, 1), message(1, 2)),
        *(Awaited(1, wish=3), message(2, 1)),
    )
    with board.holding(waits), board.holding(looks), board.holding(wish), board.holding(other):
        for each in (waits, wish, other):
            board.waits(each)
        board.wake(number)
        assert woken(waits, looks, wish, other) == [True, True, True, number is None]
        waits.begin()
        board.waits(waits)
        assert woken(waits) == [False]
        board.tell(Standing(1, {1: 2}, {}))
        assert woken(waits) == [True]
