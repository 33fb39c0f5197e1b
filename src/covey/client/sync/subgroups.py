"""Subgroups: new groups of some members of another one, bound to it (RFC 9420 §11.3).

May import the seat, the engine and the rows. The RFC calls such a group a branch; here that word
means the group in which one that broke goes on, with all of its members (ADR 0013). A subgroup has
a log of its own, and the first commit lets everybody in, with the resumption PSK of the parent's
epoch. It is wished for in the transaction that keeps the group: so it is made as a whole, or not
at all, wherever its maker dies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client.sync.rows import groups, parents, queues, wishes
from covey.client.sync.rows.wishes import Subgroup
from covey.client.words import profile
from covey.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.client.sync.account import Account
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.identity.home import Home
    from covey.client.sync.log.place import Place
    from covey.client.sync.rows.groups import GroupRow
    from covey.client.words.profile import GroupProfile
    from covey.mls import Group
    from covey.store.port import Rows


def begin(
    peer: Account, parent: Seat, stated: GroupProfile, packages: Sequence[bytes]
) -> tuple[Place, int]:
    """Keep a subgroup, and the wish for its first commit; the number of that.

    Args:
        peer: The identity.
        parent: Our place in the parent.
        stated: The profile of the subgroup.
        packages: KeyPackages of its other members, as MLSMessages.

    Raises:
        StateError: The parent is being moved to another suite.
        LocalProtocolError: It would not be a branch of the parent, or somebody cannot be added.
        PolicyError: Likewise, by the application's policies.
    """
    _try(peer.home, parent.group, stated, packages)
    encoded = wishes.encode(Subgroup(tuple(packages)))
    wished: list[int] = []

    def also(rows: Rows, row: GroupRow) -> None:
        parents.put(rows, row.gid, parent.row.gid)
        wished.append(queues.wish(rows, row.id, encoded))

    place = peer.create(stated, parent.row.broker_id, suite=parent.row.suite, also=also)
    return place, wished[0]


def _try(home: Home, parent: Group, stated: GroupProfile, packages: Sequence[bytes]) -> None:
    """Make it for nothing: what it breaks is found before anything is kept."""
    if parent.reinit is not None:
        msg = "this group is being moved to another cipher suite: try again when it is"
        raise StateError(msg)
    suite = parent.suite.code
    parent.branch(
        home.member_of(suite),
        packages,
        extensions=profile.with_profile((), stated),
        ports=home.ports,
        welcome_tree=False,
        leaf_extensions=home.vouched(suite),
    )


def drop_barren(home: Home) -> None:
    """Delete subgroups whose first commit was refused for good: nobody has come into them."""
    with home.store.reading() as rows:
        barren = [each for each in groups.every(rows) if _is_barren(rows, each)]
    if barren:
        with home.store.transaction() as rows:
            for row in barren:
                if _is_barren(rows, row):
                    parents.drop(rows, row.gid)
                    groups.drop(rows, row.id)


def _is_barren(rows: Rows, row: GroupRow) -> bool:
    return (
        not row.epoch
        and row.predecessor is None  # else it is what one goes on in, with its history
        and row.status.is_in
        and parents.of(rows, row) is not None
        and not queues.wishes(rows, row.id)
        and queues.under_way(rows, row.id) is None
    )
