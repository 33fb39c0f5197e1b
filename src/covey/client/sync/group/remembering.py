"""Remembering in which epochs we were, and with whom. May import the seat, the engine and the rows.

It is what lets us into a subgroup that begins in an epoch which is over for us (RFC 9420 §11.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client.sync.group.seat import log_epoch
from covey.client.sync.rows import memberships
from covey.client.sync.rows.memberships import Over
from covey.mls import Membership
from covey.mls.group.successors import clients_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.client.sync.group.seat import Seat
    from covey.mls import Changed, Group
    from covey.mls.structs.tree import LeafNode
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.store.port import Rows


def went_on(seat: Seat, rows: Rows, changed: Changed, before: RatchetTree) -> None:
    """A commit has taken effect: keep what there is of the epoch that it has closed.

    Args:
        seat: The group, in its new epoch.
        rows: The transaction.
        changed: What the commit has changed.
        before: The tree before it.
    """
    group = seat.group
    came = _clients(group, (group.tree.leaf(each.index) for each in changed.joined))
    went = _clients(group, (before.leaf(each.index) for each in changed.removed))
    moves = tuple(sorted(came - went)), tuple(sorted(went - came))
    _keep(seat, rows, group, group.epoch - 1, moves)


def moved_on(seat: Seat, rows: Rows, group: Group) -> None:
    """Another group takes the place of ours, with the same devices in it: likewise.

    Args:
        seat: Our place.
        rows: The transaction.
        group: The one that has ended.
    """
    _keep(seat, rows, group, group.epoch, ((), ()))


def _keep(
    seat: Seat,
    rows: Rows,
    group: Group,
    epoch: int,
    moves: tuple[tuple[bytes, ...], tuple[bytes, ...]],
) -> None:
    psk = group.resumption_psk(epoch)
    if psk is None:  # we have come into the epoch after it
        return
    number, now = log_epoch(group, epoch), seat.home.world.second
    over = Over(number, now, group.group_id, group.suite.code, epoch, psk, *moves)
    memberships.put(rows, seat.number, over)


def of(seat: Seat, rows: Rows, group_id: bytes, epoch: int) -> Membership | None:
    """That we were in an epoch of a group, and with whom; None if that is not known any more.

    Args:
        seat: Our place in the group.
        rows: The transaction.
        group_id: The group's; or that of the one whose place it has taken.
        epoch: The epoch.
    """
    group = seat.group_in(rows)
    if group.resumption_psk(group.epoch) is None:  # we were removed, and have kept none
        return None
    if (group.group_id, group.epoch) == (group_id, epoch):
        return group.membership()
    clients = group.membership().clients
    after = log_epoch(group, group.epoch)
    for over in memberships.latest_first(rows, seat.number):
        if over.log_epoch != after - 1:
            return None
        after, clients = over.log_epoch, (clients - set(over.came)) | set(over.went)
        if (over.group_id, over.epoch) == (group_id, epoch):
            return Membership(group_id, over.suite, epoch, over.psk, clients)
    return None


def _clients(group: Group, leaves: Iterable[LeafNode | None]) -> frozenset[bytes]:
    return clients_of(filter(None, leaves), group.ports.policy)
