"""The incarnation: what a database is a copy of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from broker.transactions.desk import name
from covey.broker.transactions import birth

if TYPE_CHECKING:
    from broker.transactions.desk import Desk


def fresh(number: int) -> bytes:
    return name("incarnation", number, 16)


def test_a_database_is_born_once(desk: Desk) -> None:
    born = desk.at_once(*[partial(birth.incarnation, fresh(number)) for number in range(10)])
    assert len(set(born)) == 1
    assert born[0] in {fresh(number) for number in range(10)}
    assert desk.write(lambda: birth.incarnation(fresh(11))) == born[0]


def test_after_a_restore_it_begins_anew(desk: Desk) -> None:
    desk.write(lambda: birth.incarnation(fresh(1)))
    desk.write(lambda: birth.begin_anew(fresh(2)))
    assert desk.write(lambda: birth.incarnation(fresh(3))) == fresh(2)
    assert desk.count("broker") == 1


def test_it_can_begin_anew_before_it_has_begun(desk: Desk) -> None:
    desk.write(lambda: birth.begin_anew(fresh(2)))
    assert desk.write(lambda: birth.incarnation(fresh(3))) == fresh(2)


def test_it_is_the_first_ones_who_owns_it(desk: Desk) -> None:
    assert desk.read(birth.owner) is None
    assert desk.write(lambda: birth.own(name("alice"))) is None  # it has not begun
    desk.write(lambda: birth.incarnation(fresh(1)))
    assert desk.read(birth.owner) is None
    keys = [name("key", number) for number in range(5)]
    owners = desk.at_once(*[partial(birth.own, key) for key in keys])
    assert len(set(owners)) == 1
    assert owners[0] in keys
    desk.write(lambda: birth.begin_anew(fresh(2)))
    assert desk.read(birth.owner) == owners[0]
