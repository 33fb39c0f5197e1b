"""Parting from a branch for the group in which we go on. May import the rows and which branch wins.

Who is in two groups of which one took the place of the other goes on in the better one, and the
worse one folds into that. Whoever is there with us, and not in the better one, would wait for ever:
so we say in it where we go on, and fold when the broker has that. It is kept in mind until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.client.events import Rejoining, WishRefused
from covey.client.sync.branches import winning
from covey.client.sync.group.seat import Seat
from covey.client.sync.group.telling import tell
from covey.client.sync.rows import groups, queues
from covey.client.sync.rows.groups import Status
from covey.client.words.showing import name_of
from covey.store import settings

if TYPE_CHECKING:
    from covey.client.sync.rows.groups import GroupRow
    from covey.client.words.contents import Parting
    from covey.mls.group.events import MemberInfo
    from covey.store.port import Rows

_NAME: Final = "parting "
_FOR: Final = 86_400
"""Seconds after which it folds, whether or not anybody could be told."""

_ELSEWHERE: Final = (
    "they have gone on in another group, of which this one was a branch, and you are not in that: "
    "ask them to invite you there, and leave this one"
)


class Bound(msgspec.Struct, frozen=True):
    """A group that is to fold into another one.

    Attributes:
        into: The log of that one.
        since: When we heard of it, in seconds since the epoch.
        said: The id of what we have said of it; empty when we have not.
    """

    into: bytes
    since: int
    said: bytes = b""


def bind(rows: Rows, row: GroupRow, into: bytes, now: int) -> None:
    """Let a group fold into another one, once those who are there have been told."""
    if settings.get(rows, _name(row.id)) is None:
        _keep(rows, row.id, Bound(into, now))


def go_back(rows: Rows, into: Seat) -> None:
    """Go on in a group that others had never left: what was made of it meanwhile folds in."""
    made_of_it = {into.row.gid}
    for row in groups.every(rows):  # in the order in which they were made
        if row.predecessor not in made_of_it or row.id == into.number:
            continue
        made_of_it.add(row.gid)
        if row.status.is_in:
            bind(rows, row, into.row.gid, into.home.world.second)
        elif row.status.comes_back:
            winning.fold(rows, row, into=into)


def said(rows: Rows, number: int, bound: Bound, message: bytes) -> None:
    """It waits in the outbox to be said."""
    _keep(rows, number, msgspec.structs.replace(bound, said=message))


def every(rows: Rows) -> dict[int, Bound]:
    """All that are to fold, by the number of the group."""
    return {
        int(name.removeprefix(_NAME)): msgspec.msgpack.decode(kept, type=Bound)
        for name, kept in settings.beginning(rows, _NAME)
    }


def drop(rows: Rows, number: int) -> None:
    """It has folded, or is over."""
    settings.drop(rows, _name(number))


def is_told(rows: Rows, branch: Seat, bound: Bound) -> bool:
    """Whether everybody who has come into a branch is told of it, or nobody else has."""
    if not branch.row.status.is_in or branch.home.world.second - bound.since > _FOR:
        return True
    if bound.said:
        return queues.place_of(rows, branch.number, bound.said) is None
    group = branch.group_in(rows)
    return all(
        winning.has_not_come(leaf) or index == group.own_index
        for index, leaf in group.tree.members()
    )


def heard(seat: Seat, rows: Rows, body: Parting, sender: MemberInfo) -> None:
    """Somebody in a branch goes on elsewhere: in the group that we left for it, so we ask there.

    Whom we meet there already, we follow; and if we are not there at all, people are told.
    """
    if seat.row.branch_of is None:
        return
    known = groups.by_gid(rows, body.into)
    if body.into in _before(rows, seat.row):
        bind(rows, seat.row, body.into, seat.home.world.second)
        if known is not None and known.status is Status.branched:
            _seek(rows, Seat(seat.home, known), sender)
    if known is None or known.status.is_over:
        what = f"go on with {name_of(sender.identity)}"
        tell(seat, rows, WishRefused(seat.hex, what=what, why=_ELSEWHERE))


def _seek(rows: Rows, left: Seat, sender: MemberInfo) -> None:
    """Ask to be let in again where we had left."""
    why, row = f"{name_of(sender.identity)} has gone back to it", left.row
    groups.update(rows, row.replaced(status=Status.lost, trouble=why, version=row.version + 1))
    tell(left, rows, Rejoining(left.hex, why=why))


def _before(rows: Rows, row: GroupRow | None) -> set[bytes]:
    """The logs from which a group goes on, as far as we know."""
    found: set[bytes] = set()
    while row is not None:
        gid = row.predecessor or row.branch_of
        if gid is None or gid in found:
            break
        found.add(gid)
        row = groups.by_gid(rows, gid)
    return found


def _keep(rows: Rows, number: int, bound: Bound) -> None:
    settings.put(rows, _name(number), msgspec.msgpack.encode(bound))


def _name(number: int) -> str:
    return f"{_NAME}{number}"
