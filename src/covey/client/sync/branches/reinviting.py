"""Whom we had let in where others may not see it, and who is to be invited again.

May import the rows and the protocol. A broker that takes back a log takes back the commits with
which people came in. Who had made such a commit, and goes on where they are not, invites them anew
(:mod:`covey.client.sync.gathering`). They are kept in mind for a day after that: another branch may
win, which goes on from before they were let in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from covey.client.sync.group.inviting import key_package
from covey.mls.group.identity import identity
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.wishes import Invite
    from covey.store.port import Rows

_NAME: Final = "invite again "
_SETTLED: Final = "invited again "
_FOR: Final = 86_400  # seconds


class Person(NamedTuple):
    """A device that we had let in.

    Attributes:
        identity: Whose.
        key: Its signature key.
        gid: Of the group in which we had.
        epoch: The epoch that the commit closed.
        noted_at: When we heard that others may not have seen it, in seconds since the epoch.
    """

    identity: bytes
    key: bytes
    gid: bytes
    epoch: int
    noted_at: int


def note(rows: Rows, number: int, wish: Invite, seat: Seat, epoch: int) -> None:
    """Take note of those whom a commit of ours had let in, and who are in the group to this day.

    Args:
        rows: The transaction.
        number: The number of the group in which they are to be.
        wish: The wish to invite them.
        seat: The group in which they are, as we know it.
        epoch: The epoch that the commit closed.
    """
    there = {each.signature_key for each in seat.group_in(rows).members}
    leaves = [key_package(each).leaf_node for each in wish.packages]
    gid, now = seat.row.gid, seat.home.world.second
    people = [
        Person(identity(each.credential), each.signature_key, gid, epoch, now)
        for each in leaves
        if each.signature_key in there
    ]
    _keep(rows, f"{_NAME}{number}", people)


def hand_over(rows: Rows, before: int, into: Seat, since: int) -> None:
    """A group goes on as another one.

    Who is there already in the one that ends was let in by us: where what goes on begins before
    that, others do not know of it. Who was there at that time and is not now was removed.

    Args:
        rows: The transaction.
        before: The number of the group that ends.
        into: What goes on.
        since: The epoch of the old group from which that does.
    """
    row = into.row
    undone = [
        each
        for each in _people(settings.get(rows, f"{_SETTLED}{before}"))
        if 0 <= into.home.world.second - each.noted_at < _FOR
        and each.gid == row.branch_of
        and each.epoch >= since
    ]
    noted = _people(settings.get(rows, f"{_NAME}{before}"))
    _keep(rows, f"{_NAME}{row.id}", (*noted, *undone))
    drop(rows, before)


def settle(rows: Rows, number: int, people: Iterable[Person]) -> None:
    """They are in the group now, or were invited again."""
    settings.drop(rows, f"{_NAME}{number}")
    _keep(rows, f"{_SETTLED}{number}", people)


def removed(rows: Rows, number: int, keys: Container[bytes]) -> None:
    """Somebody has removed members: they are not to come again."""
    settled = _people(settings.get(rows, f"{_SETTLED}{number}"))
    left = [each for each in settled if each.key not in keys]
    if len(left) < len(settled):
        settings.put(rows, f"{_SETTLED}{number}", msgspec.msgpack.encode(left))


def _keep(rows: Rows, name: str, people: Iterable[Person]) -> None:
    kept = {each.key: each for each in (*_people(settings.get(rows, name)), *people)}
    if kept:
        settings.put(rows, name, msgspec.msgpack.encode(list(kept.values())))


def _people(kept: bytes | None) -> list[Person]:
    return [] if kept is None else msgspec.msgpack.decode(kept, type=list[Person])


def every(rows: Rows) -> dict[int, list[Person]]:
    """All of them, by the number of the group in which they are to be."""
    found = settings.beginning(rows, _NAME)
    return {int(name.removeprefix(_NAME)): _people(kept) for name, kept in found}


def drop(rows: Rows, number: int) -> None:
    """They have been invited again, or cannot be."""
    for name in (_NAME, _SETTLED):
        settings.drop(rows, f"{name}{number}")
