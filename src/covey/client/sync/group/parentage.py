"""Who may be in a subgroup: members of its parent (RFC 9420 §11.3). May import the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client.sync.group.devices import key_of, keys_of
from covey.client.sync.group.inviting import key_package
from covey.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.wishes import Subgroup
    from covey.mls.group.view import GroupView
    from covey.mls.structs.key_package import KeyPackage


def those_of(packages: Sequence[bytes], keys: Collection[bytes]) -> list[bytes]:
    """Those of some KeyPackages, as MLSMessages, that are of these devices."""
    return [each for each in packages if key_of(key_package(each).leaf_node) in keys]


def linked(seat: Seat) -> GroupView:
    """The parent of a subgroup that is about to begin, in whose epoch it begins.

    Raises:
        StateError: We are not in it any more.
    """
    if not seat.group.ports.linked:
        msg = "we are not in the group any more of which this was to be a subgroup"
        raise StateError(msg)
    return seat.group.ports.linked[-1]


def coming(seat: Seat, wish: Subgroup) -> list[KeyPackage]:
    """Those who are to come into a subgroup, and are in its parent to this day.

    Raises:
        StateError: We are not in the parent any more, or none of them is.
    """
    found = [key_package(each) for each in those_of(wish.packages, keys_of(linked(seat)))]
    if not found:
        msg = "nobody is in the group any more who was to be in this subgroup of it"
        raise StateError(msg)
    return found
