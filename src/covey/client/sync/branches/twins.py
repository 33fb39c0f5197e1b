"""Two branches of one group in which we are both. May import the rows, parting, and who has come.

The better one goes on. Anybody can say of a group of which other one it is a branch: so the worse
one folds once somebody has come into the better one who is in the worse one, too. Where nobody is
in both but us, people are asked, since the others may have gone apart on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.client.sync.branches import parting, winning
from covey.client.sync.branches.parting import Bound
from covey.client.sync.group.devices import key_of, keys_of
from covey.client.sync.group.seat import Seat
from covey.client.sync.rows import groups
from covey.store import settings

if TYPE_CHECKING:
    from covey.client.sync.identity.home import Home
    from covey.client.sync.rows.groups import GroupRow
    from covey.mls import Group
    from covey.store.port import Rows

_ASKED: Final = "asked of twin "
_ASKED_AFTER: Final = 900
"""Seconds in both after which people are asked: others may be about to come."""

_WHICH: Final = (
    "both groups go on from the same one, and nobody who is in that one has come here but you: ask "
    "people whom you know which of them is to be, and leave the other one"
)


class Twins(NamedTuple):
    """Two branches of one group.

    Attributes:
        better: The one that goes on.
        worse: The one that is to fold into it.
    """

    better: GroupRow
    worse: GroupRow


def fold(home: Home, every: list[GroupRow]) -> float | None:
    """Let the worse one of each two fold, or ask people, if it is time for that.

    Args:
        home: What all groups share.
        every: All groups.

    Returns:
        In how many seconds there are people to be asked; None if there are none.
    """
    waits = [_attend(home, each) for each in _of(every)]
    return min((each for each in waits if each is not None), default=None)


def _of(every: list[GroupRow]) -> list[Twins]:
    best: dict[bytes, GroupRow] = {}
    found: list[Twins] = []
    for row in sorted(every, key=lambda each: (each.branched_by, each.gid)):
        if row.branch_of is None or not row.status.is_in or not row.epoch:
            continue
        first = best.setdefault(row.branch_of, row)
        if first is not row:
            found.append(Twins(first, row))
    return found


def _attend(home: Home, twins: Twins) -> float | None:
    """Deal with two of them; in how many seconds people are to be asked, if they are."""
    come = _has_come(Seat(home, twins.worse).group, Seat(home, twins.better).group)
    with home.store.reading() as rows:
        is_asked = settings.get(rows, _name(twins)) == twins.better.gid
    if is_asked and not come:
        return None
    age = home.world.second - max(each.joined_at for each in twins)
    if not come and 0 <= age < _ASKED_AFTER:
        return _ASKED_AFTER - age
    with home.store.transaction() as rows:
        if not _are_both(rows, twins):
            return None
        if come:
            parting.bind(rows, twins.worse, Bound(twins.better.gid, home.world.second))
            settings.drop(rows, _name(twins))
        else:
            settings.put(rows, _name(twins), twins.better.gid)
            parting.ask(rows, Seat(home, twins.better), twins.worse.gid.hex(), _WHICH)
    return None


def _are_both(rows: Rows, twins: Twins) -> bool:
    """Whether we are in both, whatever another process has done."""
    found = [groups.of(rows, each.id) for each in twins]
    return all(each is not None and each.status.is_in for each in found)


def _has_come(worse: Group, better: Group) -> bool:
    """Whether somebody of one branch has come into another."""
    known = keys_of(worse)
    return any(
        key_of(leaf) in known and not winning.has_not_come(leaf)
        for index, leaf in better.tree.members()
        if index != better.own_index
    )


def _name(twins: Twins) -> str:
    return f"{_ASKED}{twins.worse.id}"
