"""Which branch wins, and what goes on in it (RFC 9420 §11.3).

May import the seat, the engine and the rows. When several members have made a branch of a broken
group, the one whose maker has the lowest leaf in the old group wins, and the others fold in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client.events import Joined, WishRefused
from covey.client.events.base import listed
from covey.client.sync.branches import reinviting
from covey.client.sync.branches.again import say_again
from covey.client.sync.group.devices import key_of, keys_of
from covey.client.sync.group.seat import Seat
from covey.client.sync.group.telling import tell, tell_missed
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.sync.rows.wishes import GoOn
from covey.client.words import profile
from covey.client.words.showing import name_of
from covey.errors import PolicyError
from covey.mls.group.identity import identity
from covey.mls.wire.code_points import LeafNodeSource

if TYPE_CHECKING:
    from covey.client.sync.rows.groups import GroupRow
    from covey.mls import Group
    from covey.mls.structs.tree import LeafNode
    from covey.store.port import Rows


class BehindError(PolicyError):
    """A branch goes on from an earlier epoch than ours, and cannot be followed from there.

    Attributes:
        gid: The log of our group, from which it goes on.
        key: The signature key of its maker, who is a member of ours.
    """

    def __init__(self, why: str, gid: bytes, key: bytes) -> None:
        self.gid = gid
        self.key = key
        super().__init__(why)


_LEFT: Final = (
    "they were in a branch with you that is over, and are not here: invite them, if they are to be"
    " here"
)

NOBODY: Final = (1 << 32) - 1
"""Above every leaf index."""


def leaf_order(seat: Seat) -> int:
    """How many members have a lower leaf than ours."""
    group = seat.group
    return sum(index < group.own_index for index, _ in group.tree.members())


def order(epoch: int, leaf: int) -> int:
    """The order of branches: the one from the lowest epoch wins, and there that of the lowest leaf.

    When a broker was set back, members may be in several epochs. Those of a later one can follow
    into a branch from an earlier one, and not the other way round; what they had committed since,
    they wish for again.
    """
    return epoch << 32 | leaf


def epoch_of(place: int) -> int:
    """The epoch of the old group from which a branch goes on, by its place in the order."""
    return place >> 32


def maker(old: Group, new: Group, index: int) -> int:
    """The leaf in the old group of who made the new one; NOBODY if it was in none.

    Args:
        old: The broken group.
        new: Its branch.
        index: The leaf of its maker there.
    """
    leaf = new.tree.leaf(index)
    if leaf is None:
        return NOBODY
    return next((each for each, known in old.tree.members() if _same(known, leaf)), NOBODY)


def _same(one: LeafNode, other: LeafNode) -> bool:
    return key_of(one) == key_of(other) and identity(one.credential) == identity(other.credential)


def require_like(old: Group, new: Group, maker_leaf: int) -> None:
    """Refuse a branch with strangers in it, or in which people have other rights than before.

    Args:
        old: The broken group.
        new: Its branch.
        maker_leaf: The leaf of its maker in the old group.

    Raises:
        PolicyError: Somebody in it was not in the old group with the same key, its maker was not,
            its roles are others, or it would take others back for who has one.
    """
    if maker_leaf == NOBODY or not keys_of(new) <= keys_of(old):
        msg = "there are people in the branch who are not in the group that it goes on from"
        raise PolicyError(msg)
    before, after = profile.profile_of(old.extensions), profile.profile_of(new.extensions)
    if rights(before) != rights(after):
        msg = "the branch has other roles than the group that it goes on from"
        raise PolicyError(msg)
    if not knows_no_others(old, new):
        msg = "the branch takes others for people of a role in the group that it goes on from"
        raise PolicyError(msg)


def knows_no_others(old: Group, new: Group) -> bool:
    """Whether a branch knows of all who have a role only devices that they had before.

    Args:
        old: The broken group.
        new: Its branch.
    """
    before, after = profile.profile_of(old.extensions), profile.profile_of(new.extensions)
    if before is None or after is None:
        return True
    known, then = _devices(before, old), _devices(after, new)
    return then <= known


def _devices(stated: profile.GroupProfile, group: Group) -> set[profile.DeviceOf]:
    return set(profile.known_devices(stated, (leaf for _, leaf in group.tree.members())))


def rights(stated: profile.GroupProfile | None) -> tuple[object, ...]:
    """Who may do what, by a profile."""
    return () if stated is None else (stated.inviting, stated.roles, stated.quantum_safe)


def require_sound(old: Seat, new: Group, maker_leaf: int, since: int) -> None:
    """Refuse a branch that is not timely, or not like the group from which it goes on.

    Args:
        old: The broken group.
        new: Its branch.
        maker_leaf: The leaf of its maker in the old group.
        since: The epoch from which it goes on.

    Raises:
        BehindError: It is none that can be followed, made by a member who has missed commits.
        PolicyError: It cannot be followed.
    """
    try:
        require_timely(old, since)
        require_like(old.group, new, maker_leaf)
    except PolicyError as error:
        leaf = None if maker_leaf == NOBODY else old.group.tree.leaf(maker_leaf)
        if leaf is None or since >= old.epoch:
            raise
        raise BehindError(str(error), old.row.gid, leaf.signature_key) from None


def require_timely(old: Seat, since: int) -> None:
    """Refuse a branch from an earlier epoch than ours, unless the broker was set back.

    Raises:
        PolicyError: Who was removed since, or had other rights then, could make such a one.
    """
    if since != old.epoch and old.row.seq >= 0:
        msg = "the branch goes on from an epoch that was over before the group broke"
        raise PolicyError(msg)


def go_on(rows: Rows, old: Seat, new: Seat, by: int) -> bool:
    """Go on in a branch, unless we are in a better one already.

    Args:
        rows: The transaction.
        old: The broken group.
        new: The branch, with its row.
        by: Its place in the order of branches.

    Returns:
        Whether we do.
    """
    others = [
        row for row in groups.every(rows) if row.predecessor == old.row.gid and row.id != new.number
    ]
    followed = [row for row in others if row.status.is_in or row.status.is_out]
    if any((row.branched_by, row.gid) < (by, new.row.gid) for row in followed):
        return False  # also if we are out of that one: the others go on there
    for row in others:
        if row.status.is_in:
            fold(rows, row, into=new)
    before = groups.of(rows, old.number)
    assert before is not None
    _hand_over(rows, before, new)
    trouble = f"it goes on in {new.row.gid.hex()[:8]}"
    if (before.status, before.trouble) == (Status.branched, trouble):
        return True  # we were let into the same one anew
    version = before.version + 1
    after = before.replaced(status=Status.branched, trouble=trouble, version=version)
    if before.status.is_in:  # it is well, and all others have gone: nobody is to let us in there
        for each in queues.accepted(rows, old.number):
            if each.epoch >= epoch_of(by):  # who has made the branch was not there
                say_again(rows, each, old, new)
        groups.forget_engine(rows, old.number)
        after = after.replaced(epoch=-1)
    groups.update(rows, after)
    tell(new, rows, Joined(new.hex, name=new.row.name, how="branched", epoch=new.row.epoch))
    # Others have come by the first commit, and may have spoken since; or they had another log, in
    # which they spoke while we waited to be let in there.
    if new.row.epoch > 1 or before.seq < 0:
        tell_missed(new, rows)
    return True


def is_awaited(branch: Seat) -> bool:
    """Whether somebody is in a branch who has not come yet."""
    group = branch.group
    return any(
        has_not_come(leaf) and index != group.own_index for index, leaf in group.tree.members()
    )


def has_not_come(leaf: LeafNode) -> bool:
    """Whether the owner of a leaf was let in, and has not renewed its keys."""
    return leaf.leaf_node_source is LeafNodeSource.key_package


def fold(rows: Rows, row: GroupRow, into: Seat) -> None:
    """Leave a branch for a better one; what was said there stays, and is said to the others."""
    queues.end_commit(rows, row.id)
    branch = Seat(into.home, row)
    _hand_over(rows, row, into)
    for each in queues.accepted(rows, row.id):  # who is not in that branch does not have it
        say_again(rows, each, branch, into)
    if row.opens and row.status is not Status.restored:  # a backup has no members
        _tell_of_those_left(rows, branch, into)
    groups.forget_engine(rows, row.id)
    trouble = f"it folded into {into.row.gid.hex()[:8]}"
    folded = row.replaced(
        status=Status.branched, trouble=trouble, epoch=-1, version=row.version + 1
    )
    groups.update(rows, folded)


def _tell_of_those_left(rows: Rows, branch: Seat, into: Seat) -> None:
    """Say who is in a branch that is over, and not where we go on, nor invited again by us.

    Others may have removed them, so it is for people to say whether they are to be there. Those
    who are left cannot know.
    """
    group = branch.group_in(rows)
    there = keys_of(into.group_in(rows))
    there.update(each.key for each in reinviting.every(rows).get(into.number, ()))
    left = {
        name_of(identity(leaf.credential))
        for index, leaf in group.tree.members()
        if there.isdisjoint({key_of(leaf), leaf.signature_key}) and index != group.own_index
    }
    if left:
        what = f"take {listed(sorted(left))} along"
        tell(into, rows, WishRefused(into.hex, what=what, why=_LEFT))


def _hand_over(rows: Rows, row: GroupRow, into: Seat) -> None:
    """What was said, and what waits to be said or done, goes on with the group."""
    if row.out_since and not into.row.out_since:
        into.row = into.row.replaced(status=Status.leaving, out_since=row.out_since)
        groups.update(rows, into.row)
    before, after = row.id, into.number
    queues.to_be_encrypted_anew(rows, before)
    wished = queues.wishes(rows, before)
    kinds = {number: wishes.decode(each) for number, each in wished.items()}
    queues.unwish(rows, [number for number, wish in kinds.items() if isinstance(wish, GoOn)])
    reinviting.hand_over(rows, before, into, epoch_of(into.row.branched_by))
    for table in ("messages", "outbox", "wishes"):
        rows.do(
            f"UPDATE OR IGNORE {table} SET group_ = ? WHERE group_ = ?",  # noqa: S608 - of our own
            *(after, before),
        )
