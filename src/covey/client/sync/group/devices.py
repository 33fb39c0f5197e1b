"""Whose device a leaf or a KeyPackage is, in whatever suite. May import the engine and the words.

A ReInit carries everybody, and nobody else (RFC 9420 §11.2): each device of the group before has
one leaf in the group after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.client.sync.group.inviting import key_package
from covey.client.words.same_device import first_key
from covey.client.words.showing import name_of
from covey.client.words.suites import to_be_left
from covey.errors import PolicyError
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from covey.mls import Group
    from covey.mls.group.view import GroupView
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.tree import LeafNode


class Device(NamedTuple):
    """A device, by its owner and by the first of its signature keys."""

    identity: bytes
    key: bytes


class LackingError(PolicyError):
    """Some members cannot be carried along.

    Attributes:
        devices: Theirs, of which there is no KeyPackage for the suite.
    """

    def __init__(self, devices: Iterable[Device], suite: int) -> None:
        self.devices: tuple[Device, ...] = tuple(devices)
        names = ", ".join(sorted({name_of(each.identity) for each in self.devices}))
        super().__init__(
            f"{names or 'somebody'} cannot be carried along: there is no KeyPackage of theirs for"
            f" suite 0x{suite:04x} that can be used; {to_be_left(suite)}, and need an account"
        )


def device_of(leaf: LeafNode) -> Device | None:
    """Whose a leaf is; None when it names a first key that has not signed its own."""
    key = first_key(leaf)
    return None if key is None else Device(identity(leaf.credential), key)


def key_of(leaf: LeafNode) -> bytes:
    """By which key the device of a leaf is known, in groups of whatever suite."""
    return first_key(leaf) or leaf.signature_key


def keys_of(group: GroupView) -> set[bytes]:
    """Those of all devices of a group."""
    return {key_of(leaf) for _, leaf in group.tree.members()}


def others(group: Group) -> dict[Device, LeafNode]:
    """All devices of a group but ours, with their leaves.

    A leaf that says of itself what does not hold, or is a second one of a device, counts as one
    more device: there is no KeyPackage of it, so that it is named as lacking one.
    """
    found = {}
    for index, leaf in group.tree.members():
        if index != group.own_index:
            device = device_of(leaf)
            if device is None or device in found:
                device = Device(identity(leaf.credential), b"leaf %d" % index)  # the key of nobody
            found[device] = leaf
    return found


def carried(
    group: Group, packages: Iterable[bytes], suite: int, without: Collection[Device] = ()
) -> tuple[KeyPackage, ...]:
    """The KeyPackages by which all other devices of a group come along, one for each.

    Args:
        group: The group that is moved.
        packages: Those that we have, as MLSMessages; also of others.
        suite: To which suite.
        without: The devices that do not come along.

    Raises:
        LackingError: There is none of somebody.
    """
    have = {}
    for package in map(key_package, packages):
        device = device_of(package.leaf_node)
        if package.cipher_suite == suite and device is not None:
            have[device] = package
    wanted = others(group)
    lacking = [each for each in wanted if each not in have and each not in without]
    if lacking or len(wanted) < group.tree.census.members - 1:
        raise LackingError(lacking, suite)
    return tuple(have[each] for each in wanted if each not in without)


def require_same(old: Group, new: Iterable[LeafNode]) -> dict[bytes, bytes]:
    """Refuse a group after a ReInit in which there are others than before.

    Args:
        old: The group before it.
        new: The leaves of the group after it.

    Returns:
        Which signature keys have taken the place of which, where they are others.

    Raises:
        PolicyError: Somebody is missing, or a stranger is there, or somebody is there twice.
    """
    before = {device_of(leaf): leaf.signature_key for _, leaf in old.tree.members()}
    leaves = list(new)
    after = {device_of(leaf): leaf.signature_key for leaf in leaves}
    if None in before or None in after or before.keys() != after.keys():
        msg = "the group after the ReInit has other members than the group before it"
        raise PolicyError(msg)
    if len(after) != len(leaves):
        msg = "somebody is twice in the group after the ReInit"
        raise PolicyError(msg)
    return {before[each]: after[each] for each in before if before[each] != after[each]}
