"""The ReInit by which a group is moved to another suite (RFC 9420 §12.1.5).

May import the engine, the seat and the devices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member import addresses
from covey.client.sync.group import devices
from covey.client.words import suites
from covey.errors import StateError
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.proposals import ReInit
from covey.mls.wire.code_points import ProtocolVersion

if TYPE_CHECKING:
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.wishes import Upgrade
    from covey.mls import Group

_MOST: Final = 15 << 20
"""Bytes of a successor in the log, by what its KeyPackages take; a broker takes 16 MiB."""

_SECRETS: Final = 256
"""Bytes of an EncryptedGroupSecrets beside what the KEM takes."""


def require_possible(group: Group, upgrade: Upgrade) -> None:
    """Refuse to end a group that could not go on: afterwards it is too late.

    Raises:
        LackingError: There is no KeyPackage of somebody who is in it.
        StateError: It has that suite already, or is too large.
    """
    if upgrade.suite == group.suite.code:
        msg = f"the group has {suites.name(upgrade.suite)} already"
        raise StateError(msg)
    devices.carried(group, upgrade.packages, upgrade.suite)
    suite = get_suite(upgrade.suite)
    each = suite.Npk + suite.Nenc + _SECRETS  # a parent node, and its part of the Welcome
    size = sum(len(package) + each for package in upgrade.packages)
    if size > _MOST:
        msg = (
            f"the group is too large for {suites.name(upgrade.suite)}: its tree would take"
            f" {size >> 20} MiB, and the broker takes {_MOST >> 20} MiB at once"
        )
        raise StateError(msg)


def reinit(seat: Seat, upgrade: Upgrade) -> ReInit:
    """What says which group comes after this one: but for its suite, all is as it was."""
    group = seat.group
    suite = get_suite(upgrade.suite)
    return ReInit(
        seat.home.world.entropy(suite.Nh),
        ProtocolVersion.mls10,
        suite.code,
        addresses.moved_on(group.group_id, group.extensions, group.epoch + 1),
    )
