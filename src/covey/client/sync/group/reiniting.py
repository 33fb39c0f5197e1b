"""The ReInit by which a group is moved to another suite (RFC 9420 §12.1.5).

May import the engine, the seat and the devices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member import addresses
from covey.client.sync.group import devices
from covey.client.sync.group.impossible import IMPOSSIBLE
from covey.client.words import suites
from covey.errors import StateError
from covey.mls import Group
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.proposals import ReInit
from covey.mls.wire.code_points import ProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Collection

    from covey.client.sync.group.devices import Device
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.wishes import Upgrade
    from covey.mls.structs.key_package import KeyPackage

_MOST: Final = 15 << 20
"""Bytes of a successor in the log, by what its KeyPackages take; a broker takes 16 MiB."""

_SECRETS: Final = 256
"""Bytes of an EncryptedGroupSecrets beside what the KEM takes."""


def require_possible(seat: Seat, upgrade: Upgrade, without: Collection[Device] = ()) -> None:
    """Refuse to end a group that could not go on: afterwards it is too late.

    The group after it is made on trial, so that a KeyPackage which is of no use is found before.

    Args:
        seat: The group.
        upgrade: The wish to move it.
        without: The devices that are removed first.

    Raises:
        LackingError: There is no KeyPackage of somebody who is in it, or none that can be added.
        StateError: It has that suite already, or is too large; or we have no keys for it.
        LocalProtocolError: It cannot be made.
    """
    group = seat.group
    if upgrade.suite == group.suite.code:
        msg = f"the group has {suites.name(upgrade.suite)} already"
        raise StateError(msg)
    packages = devices.carried(group, upgrade.packages, upgrade.suite, without)
    suite = get_suite(upgrade.suite)
    besides = suite.Npk + suite.Nenc + _SECRETS  # a parent node, and its part of the Welcome
    size = sum(len(each.encode()) + besides for each in packages)
    if size > _MOST:
        msg = (
            f"the group is too large for {suites.name(upgrade.suite)}: its tree would take"
            f" {size >> 20} MiB, and the broker takes {_MOST >> 20} MiB at once"
        )
        raise StateError(msg)
    try:
        _try(seat, upgrade.suite, packages)
    except IMPOSSIBLE:
        bad = [each for each in packages if not _fits(seat, upgrade.suite, each)]
        if not bad:
            raise
        owners = (devices.device_of(each.leaf_node) for each in bad)
        raise devices.LackingError(filter(None, owners), upgrade.suite) from None


def lacking(seat: Seat, upgrade: Upgrade) -> tuple[Device, ...]:
    """All devices without which a group could go on, and with which it could not.

    Of some there is no KeyPackage, of others none that can be added.

    Args:
        seat: The group.
        upgrade: The wish to move it.

    Raises:
        StateError: It has that suite already, or is too large; or we have no keys for it.
        LocalProtocolError: It cannot be made, and it is nobody's KeyPackage.
    """
    found: tuple[Device, ...] = ()
    while True:
        try:
            require_possible(seat, upgrade, found)
        except devices.LackingError as error:
            more = [each for each in error.devices if each not in found]
            if not more:
                raise
            found += tuple(more)
        else:
            return found


def _fits(seat: Seat, suite: int, package: KeyPackage) -> bool:
    """Whether somebody alone could be added."""
    try:
        _try(seat, suite, (package,))
    except IMPOSSIBLE:
        return False
    return True


def _try(seat: Seat, suite: int, packages: tuple[KeyPackage, ...]) -> None:
    group, home = seat.group, seat.home
    Group.found(
        home.member_of(suite),
        packages,
        extensions=addresses.moved_on(group.group_id, group.extensions, group.epoch + 1),
        ports=home.ports,
        welcome_tree=False,
        leaf_extensions=home.vouched(suite),
        successor=True,
    )


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
