"""Branches of who is ahead of us: from an epoch of our group that we have never seen.

May import the rows, and which branch wins. We cannot come in with the others, since that takes a
secret of that epoch. But when they see that we are behind, they invite us: then our group goes on
in theirs, and with it what we have made of it meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client.sync import groups, winning
from covey.client.sync.groups import Status
from covey.client.sync.inviting import key_package
from covey.client.sync.seat import Seat
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.client.sync.home import Home
    from covey.errors import MissingKeyError
    from covey.mls import Group
    from covey.store.port import Rows


def note(rows: Rows, gid: bytes, error: MissingKeyError) -> None:
    """Remember that a log goes on from a later epoch of a group of ours, if it says so."""
    for row in groups.every(rows):
        is_ours = error.group_id is not None and row.group_id == error.group_id
        if is_ours and error.epoch is not None and error.epoch > row.epoch:
            settings.put(rows, _name(gid), row.gid)


def followed(home: Home, gid: bytes, group: Group, inviter: int) -> Seat | None:
    """The group of ours from which one goes on into which we were invited, if there is one.

    Args:
        home: What all groups share.
        gid: The log of the group into which we were invited.
        group: It.
        inviter: The leaf of who has let us in: one who was a member of our group, too.
    """
    with home.store.reading() as rows:
        before = settings.get(rows, _name(gid))
        row = None if before is None else groups.by_gid(rows, before)
    if row is None or row.status not in (Status.broken, Status.branched) or not row.opens:
        return None
    old = Seat(home, row)
    return None if winning.maker(old.group, group, inviter) == winning.NOBODY else old


def follow(rows: Rows, seat: Seat, old: Seat) -> None:
    """Go on in a group into which we were invited, with what we have made of ours meanwhile."""
    settings.drop(rows, _name(seat.row.gid))
    seat.row = seat.row.replaced(predecessor=old.row.gid, branched_by=0)  # before all of ours
    groups.update(rows, seat.row)
    winning.go_on(rows, old, seat, 0)


def missing(branch: Group, key: bytes) -> str | None:
    """Who has a signature key and has not come into a branch; None if that is nobody."""
    for member in branch.members:
        leaf = branch.tree.leaf(member.index)
        if member.signature_key == key and leaf is not None and winning.has_not_come(leaf):
            return member.identity.decode(errors="replace")
    return None


def of_key(packages: Iterable[bytes], key: bytes) -> list[bytes]:
    """Those of some KeyPackages, as MLSMessages, that a signature key has signed."""
    return [each for each in packages if key_package(each).leaf_node.signature_key == key]


def _name(gid: bytes) -> str:
    return f"ahead {gid.hex()}"
