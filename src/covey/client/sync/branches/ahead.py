"""Branches into which we were invited by themselves: we could not come in with the others.

May import the rows, and which branch wins. To come in with the first commit of a branch takes a
secret of the epoch from which it goes on, and a KeyPackage that we still have. Who is behind, or
whose KeyPackages at the broker are older than itself, is invited once more: the branch says of
which group it is one, and so ours goes on in it, with what we have made of it meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access.member.addresses import first_group_id
from covey.client.sync.branches import winning
from covey.client.sync.group.devices import key_of, keys_of
from covey.client.sync.group.inviting import key_package
from covey.client.sync.group.seat import Seat
from covey.client.sync.rows import groups
from covey.client.sync.rows.groups import Status
from covey.client.words import profile
from covey.errors import PolicyError
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.client.sync.identity.home import Home
    from covey.client.sync.rows.groups import GroupRow
    from covey.mls import Group
    from covey.mls.structs.tree import LeafNode
    from covey.store.port import Rows


def before(rows: Rows, group: Group) -> GroupRow | None:
    """The group of ours from which one goes on into which we were invited, if there is one."""
    stated = profile.profile_of(group.extensions)
    if stated is None or not stated.goes_on_from:
        return None
    row = groups.by_gid(rows, stated.goes_on_from)
    return row if row is not None and not row.status.is_over else None


def place(home: Home, old: GroupRow, group: Group) -> int:
    """The place of a branch among those of our group.

    It is before one of ours into which nobody has come, if we are behind it, and the broker was not
    set back: nobody who is ahead of us follows into that.
    """
    stated = profile.profile_of(group.extensions)
    assert stated is not None
    if old.seq < 0 or winning.epoch_of(stated.place) <= old.epoch:
        return stated.place
    with home.store.reading() as rows:
        ours = [each for each in groups.every(rows) if each.predecessor == old.gid]
    there = [Seat(home, each).group for each in ours if each.status.is_in]
    return 0 if all(map(_is_lonely, there)) else stated.place


def _is_lonely(group: Group) -> bool:
    """Whether nobody but us has come into a group."""
    return all(
        winning.has_not_come(leaf)
        for index, leaf in group.tree.members()
        if index != group.own_index
    )


def have_all_come(home: Home, row: GroupRow, branch: Group, inviter: LeafNode) -> bool:
    """Whether all others of a group of ours have come into another: nobody is left in ours then.

    Who has come has signed a leaf for that group alone (RFC 9420 §7.2). Who is not in it at all may
    have been removed where we have not read on: we believe that of those only whom the one who
    invites us might have removed from ours.

    Args:
        home: What all groups share.
        row: Our group.
        branch: The other one, as the Welcome has it.
        inviter: Who invites us, a member of ours.
    """
    ours = Seat(home, row).group
    known = profile.profile_of(ours.extensions)
    leaves = [leaf for _, leaf in branch.tree.members()]
    come = {key_of(leaf) for leaf in leaves if not winning.has_not_come(leaf)}
    invited = {key_of(leaf) for leaf in leaves} - come
    return all(
        key_of(leaf) in come or (key_of(leaf) not in invited and _may_remove(known, inviter, leaf))
        for index, leaf in ours.tree.members()
        if index != ours.own_index
    )


def _may_remove(known: profile.GroupProfile | None, by: LeafNode, leaf: LeafNode) -> bool:
    if known is None:
        return False
    least = profile.role_of(known, identity(leaf.credential))
    return profile.role_of(known, identity(by.credential)) >= max(least, profile.Role.admin)


def is_like(home: Home, row: GroupRow, group: Group, inviter: LeafNode) -> bool:
    """Whether people have the rights in a branch which they had in our group, or an owner says so.

    Who has a role has it by a device that we know: else whoever makes a branch could be an owner.

    Raises:
        BehindError: It goes on from an epoch that is over for us.
    """
    stated = profile.profile_of(group.extensions)
    assert stated is not None
    if not row.opens or row.status is Status.restored:
        return True  # nothing is known of the rights that people had
    old = Seat(home, row)
    since = winning.epoch_of(stated.place)
    if since < row.epoch and not _has_nothing_else(home, row, group, inviter):
        try:
            winning.require_timely(old, since)
        except PolicyError as error:
            raise winning.BehindError(str(error), row.gid, inviter.signature_key) from None
    known = profile.profile_of(old.group.extensions)
    return (
        known is None
        or (
            winning.rights(known) == winning.rights(stated)
            and winning.knows_no_others(old.group, group)
        )
        or profile.role_of(known, identity(inviter.credential)) is profile.Role.owner
    )


def _has_nothing_else(home: Home, row: GroupRow, branch: Group, inviter: LeafNode) -> bool:
    """Whether we read no more where we were, and know all who are there; or are there already.

    Or know them, and are in a branch from which all others have come there.
    """
    knows_all = keys_of(branch) <= keys_of(Seat(home, row).group)
    if row.status is Status.lost:
        return knows_all
    with home.store.reading() as rows:
        every = groups.every(rows)
    known_as = first_group_id(branch.group_id, branch.extensions)
    branches = [each for each in every if each.predecessor == row.gid]
    if any(each.group_id == known_as for each in branches):
        return True
    ours = [each for each in branches if each.status.is_in]
    return (
        knows_all
        and bool(ours)
        and all(have_all_come(home, each, branch, inviter) for each in ours)
    )


def missing(branch: Group, key: bytes) -> bytes | None:
    """Who has a signature key and has not come into a branch; None if that is nobody."""
    for member in branch.members:
        leaf = branch.tree.leaf(member.index)
        if member.signature_key == key and leaf is not None and winning.has_not_come(leaf):
            return member.identity
    return None


def of_key(packages: Iterable[bytes], key: bytes) -> list[bytes]:
    """Those of some KeyPackages, as MLSMessages, that a signature key has signed."""
    return [each for each in packages if key_package(each).leaf_node.signature_key == key]
