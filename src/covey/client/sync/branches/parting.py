"""Parting from a branch for the group in which we go on. May import the rows and which branch wins.

Who is in two groups of which one took the place of the other goes on in the better one, and the
worse one folds into that. Whoever is there with us, and not in the better one, would wait for ever:
so we say in it where we go on, and fold when the broker has that. It is kept in mind until then.

Any member can say so, also one who wants to bring back people who were removed in the branch, or
rights that it had. So who only hears it asks for a day to be let in again, once, and follows if
nobody is there who was removed here, and all have the rights that they have here; else people
decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.client.events import Rejoining, WishRefused
from covey.client.sync.branches import winning
from covey.client.sync.group.devices import keys_of
from covey.client.sync.group.seat import Seat
from covey.client.sync.group.telling import tell
from covey.client.sync.rows import groups, queues
from covey.client.sync.rows.groups import Status
from covey.client.words import profile
from covey.client.words.showing import name_of
from covey.store import settings

if TYPE_CHECKING:
    from covey.client.sync.rows.groups import GroupRow
    from covey.client.words.contents import Parting
    from covey.mls.group.events import MemberInfo
    from covey.store.port import Rows

_NAME: Final = "parting "
_REMOVED: Final = "removed in branch "
_FOR: Final = 86_400
"""Seconds after which it folds, whether or not anybody could be told."""

_OTHERS: Final = (
    "somebody has gone back to this group, in which there are people who were removed in the "
    "branch, or have other rights than there: look at both, and leave the one that is not to be"
)

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
        heard: Whether somebody else said so, and we had not gone there by ourselves.
        asked: Whether people were asked what is to be done.
    """

    into: bytes
    since: int
    said: bytes = b""
    heard: bool = False
    asked: bool = False


def bind(rows: Rows, row: GroupRow, bound: Bound) -> bool:
    """Let a group fold into another one, once those who are there have been told.

    Returns:
        Whether it was not to do so already.
    """
    is_new = settings.get(rows, _name(row.id)) is None
    if is_new:
        _keep(rows, row.id, bound)
    return is_new


def go_back(rows: Rows, into: Seat) -> None:
    """Go on in a group that others had never left: what was made of it meanwhile folds in."""
    made_of_it = {into.row.gid}
    for row in groups.every(rows):  # in the order in which they were made
        if row.predecessor not in made_of_it or row.id == into.number:
            continue
        made_of_it.add(row.gid)
        if row.status.is_in:
            bind(rows, row, Bound(into.row.gid, into.home.world.second))
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
    settings.drop(rows, f"{_REMOVED}{number}")


def changed(rows: Rows, row: GroupRow, came: frozenset[bytes], went: frozenset[bytes]) -> None:
    """Keep in mind who was removed in a branch, and is not to come back by its group.

    Args:
        rows: The transaction.
        row: The branch; of any other group nothing is kept.
        came: The devices that have come in by a commit, by their first keys.
        went: Those that have gone by it.
    """
    known = _removed(rows, row.id)
    after = (known | went) - came
    if row.predecessor is not None and after != known:
        settings.put(rows, f"{_REMOVED}{row.id}", msgspec.msgpack.encode(sorted(after)))


def _removed(rows: Rows, number: int) -> frozenset[bytes]:
    kept = settings.get(rows, f"{_REMOVED}{number}")
    return frozenset(() if kept is None else msgspec.msgpack.decode(kept, type=list[bytes]))


def may_fold(rows: Rows, branch: Seat, into: Seat, bound: Bound) -> bool:
    """Whether a group folds into another one without anybody being asked."""
    if not bound.heard:
        return True
    if branch.row.opens and branch.row.status is not Status.restored:
        here, there = branch.group_in(rows), into.group_in(rows)
        stated = [profile.profile_of(each.extensions) for each in (here, there)]
        is_same = winning.rights(stated[0]) == winning.rights(stated[1])
        if is_same and keys_of(there).isdisjoint(_removed(rows, branch.number)):
            return True
    if not bound.asked:
        ask(rows, into, branch.hex, _OTHERS)
        _keep(rows, branch.number, msgspec.structs.replace(bound, asked=True))
    return False


def ask(rows: Rows, into: Seat, branch: str, why: str) -> None:
    """Tell people that they have to say whether a group goes on in another one.

    Args:
        rows: The transaction.
        into: The other one.
        branch: The group's number, in hex.
        why: Why nobody else can.
    """
    what = f"go on here with what was said in {branch[:8]}"
    tell(into, rows, WishRefused(into.hex, what=what, why=why))


def give_up(rows: Rows, into: GroupRow, branch: Seat, bound: Bound) -> None:
    """Nobody has let us in again where somebody went back: it goes on in the branch."""
    age = branch.home.world.second - bound.since
    if bound.heard and into.status is Status.lost and not 0 <= age <= _FOR:
        trouble, version = f"it goes on in {branch.hex[:8]}", into.version + 1
        after = into.replaced(status=Status.branched, trouble=trouble, version=version)
        groups.update(rows, after)


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
        is_new = bind(rows, seat.row, Bound(body.into, seat.home.world.second, heard=True))
        if is_new and known is not None and known.status is Status.branched:
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
    """The logs of ours from which a group goes on: not those of which its maker says so."""
    found: set[bytes] = set()
    while row is not None and row.predecessor is not None and row.predecessor not in found:
        found.add(row.predecessor)
        row = groups.by_gid(rows, row.predecessor)
    return found


def _keep(rows: Rows, number: int, bound: Bound) -> None:
    settings.put(rows, _name(number), msgspec.msgpack.encode(bound))


def _name(number: int) -> str:
    return f"{_NAME}{number}"
