"""What a group says of itself to its members: its name, and who may do what in it.

May import the protocol's extensions. A :class:`GroupProfile` stands in the GroupContext, so that
all members agree on it, and no broker sees it. A client that uses it hands
:data:`EXTENSION_TYPES` to its policy.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from covey.access.member import addresses
from covey.client.words.made_for import MADE_FOR
from covey.client.words.same_device import SAME_DEVICE, first_key
from covey.client.words.showing import name_of
from covey.errors import DecodeError
from covey.mls.group.identity import identity
from covey.mls.structs.extensions import Extension
from covey.mls.wire.code_points import ExtensionType
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint8, uint32, uint64

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from covey.mls.structs.tree import LeafNode

GROUP_PROFILE: Final = 0xF0C4
"""The extension type, of those for private use (RFC 9420 §17.3)."""

EXTENSION_TYPES: Final = addresses.EXTENSION_TYPES | {GROUP_PROFILE, MADE_FOR, SAME_DEVICE}
"""What a client's policy lists, so that it can be in groups with a profile."""

LONGEST_NAME: Final = 1_024
"""The longest name of a group, in bytes of UTF-8."""

_PLACES: Final = addresses.MOST_EPOCHS << 32  # an epoch, and a leaf


class Role(IntEnum):
    """What a member is in its group; who is higher may do all that who is lower may."""

    member = 1
    admin = 2
    owner = 3


class Inviting(IntEnum):
    """Who may add people, and open doors for them."""

    members = 1
    admins = 2


class RoleOf(WireStruct):
    """The role of somebody who is more than a member.

    struct {
        opaque identity<V>;
        Role role;
    } RoleOf;
    """

    identity: opaque
    role: Role


class DeviceOf(WireStruct):
    """A device of somebody, by the first of its signature keys.

    struct {
        opaque identity<V>;
        opaque signature_key<V>;
    } DeviceOf;
    """

    identity: opaque
    signature_key: opaque


class GroupProfile(WireStruct):
    """What a group says of itself; data of the extension 0xF0C4.

    struct {
        opaque name<V>;
        Inviting inviting;
        uint32 expires_after;
        RoleOf roles<V>;
        opaque goes_on_from<V>;
        uint64 place;
        uint8 quantum_safe;
        DeviceOf known<V>;
    } GroupProfile;

    ``name`` is UTF-8; messages disappear ``expires_after`` seconds after they came, 0 is never.
    ``roles`` are in the order of their identities, one for each, and none of them ``member``.
    ``goes_on_from`` is the log of the broken group of which this is a branch (32 bytes; empty for
    none), and ``place`` its place in the order of branches. ``quantum_safe`` is 1 for a group that
    refuses every suite whose secrets a quantum computer would open. ``known`` are the devices of
    all who had a role in the broken group, in order: by these alone a branch without any owner
    takes them back. ``goes_on_from``, ``place`` and ``known`` never change.
    """

    name: opaque
    inviting: Inviting
    expires_after: uint32
    roles: tuple[RoleOf, ...]
    goes_on_from: opaque = b""
    place: uint64 = 0
    quantum_safe: uint8 = 0
    known: tuple[DeviceOf, ...] = ()

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show all but the name, which is for members only."""
        return [each for each in super().__rich_repr__() if each[0] != "name"]

    def __repr__(self) -> str:
        shown = "".join(f"{name}={value!r}, " for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown}…)"


def first_profile(
    name: str,
    owner: bytes,
    *,
    inviting: Inviting = Inviting.members,
    expires_after: int = 0,
    quantum_safe: bool = False,
) -> GroupProfile:
    """The profile of a group that somebody creates.

    Raises:
        ValueError: The name is too long.
    """
    profile = GroupProfile(b"", inviting, expires_after, (RoleOf(owner, Role.owner),))
    return changed(profile, name=name, quantum_safe=quantum_safe)


def profile_of(extensions: Sequence[Extension]) -> GroupProfile | None:
    """The profile of a group, of its GroupContext extensions; None when it has none.

    Raises:
        DecodeError: The extension is there, and is no profile that a client would make.
    """
    for each in extensions:
        if each.extension_type == GROUP_PROFILE:
            return _decoded(each.extension_data)
    return None


def with_profile(extensions: Sequence[Extension], profile: GroupProfile) -> tuple[Extension, ...]:
    """The GroupContext extensions, with this profile in place of what there was.

    What every member has to support is among them, so that nobody can be added who would not
    know who may do what.
    """
    ours = {GROUP_PROFILE, ExtensionType.required_capabilities}
    others = tuple(each for each in extensions if each.extension_type not in ours)
    required = addresses.requiring(extensions, EXTENSION_TYPES)
    return (required, *others, Extension(GROUP_PROFILE, profile.encode()))


def role_of(profile: GroupProfile, identity: bytes) -> Role:
    """What somebody is, or would be, in the group."""
    return next((each.role for each in profile.roles if each.identity == identity), Role.member)


def device_of(leaf: LeafNode) -> DeviceOf:
    """Whose device a leaf is; one that does not hold what it says of itself is a further one."""
    return DeviceOf(identity(leaf.credential), first_key(leaf) or leaf.signature_key)


def opener(device: DeviceOf) -> bytes:
    """How a capability names the device that has opened it, 32 bytes; the same in every suite."""
    return hashlib.sha256(device.encode()).digest()


def opener_at(leaf: LeafNode) -> bytes:
    """How capabilities name the device of a leaf, 32 bytes."""
    return opener(device_of(leaf))


def known_devices(profile: GroupProfile, leaves: Iterable[LeafNode]) -> tuple[DeviceOf, ...]:
    """The devices of all who have a role, for a branch of their group.

    Args:
        profile: The group's.
        leaves: Its members.
    """
    listed = {each.identity for each in profile.roles}
    found = {device_of(each) for each in leaves}.union(profile.known)
    known = (each for each in found if each.identity in listed)
    return tuple(sorted(known, key=lambda each: (each.identity, each.signature_key)))


def changed(
    profile: GroupProfile,
    *,
    name: str | None = None,
    expires_after: int | None = None,
    inviting: int | None = None,
    roles: Mapping[str, int] | Mapping[bytes, int] | None = None,
    quantum_safe: bool | None = None,
) -> GroupProfile:
    """A profile with some of it changed.

    Args:
        profile: The profile before.
        name: What the group is called.
        expires_after: Seconds after which messages disappear; 0 is never.
        inviting: Who may invite, an ``Inviting``.
        roles: Whose role is another, by identity; ``Role.member`` takes the role away.
        quantum_safe: Whether it refuses every suite that is not.

    Raises:
        ValueError: The name is too long, or a number means nothing.
    """
    if name is not None:
        if len(name.encode()) > LONGEST_NAME:
            msg = f"the name of a group takes at most {LONGEST_NAME} bytes: choose a shorter one"
            raise ValueError(msg)
        profile = profile.replace(name=name.encode())
    if expires_after is not None:
        if not 0 <= expires_after < 1 << 32:
            msg = f"messages disappear after 0 (never) to {(1 << 32) - 1} seconds"
            raise ValueError(msg)
        profile = profile.replace(expires_after=expires_after)
    if inviting is not None:
        profile = profile.replace(inviting=Inviting(inviting))
    if quantum_safe is not None:
        profile = profile.replace(quantum_safe=int(quantum_safe))
    return profile if not roles else _with_roles(profile, roles)


def names(profile: GroupProfile) -> dict[str, str]:
    """Who is more than a member, for people: ``admin`` or ``owner``, by name."""
    return {name_of(each.identity): each.role.name for each in profile.roles}


def _with_roles(
    profile: GroupProfile, roles: Mapping[str, int] | Mapping[bytes, int]
) -> GroupProfile:
    listed = {each.identity: each.role for each in profile.roles}
    for who, role in roles.items():
        listed[who.encode() if isinstance(who, str) else who] = Role(role)
    return profile.replace(
        roles=tuple(
            RoleOf(identity, role)
            for identity, role in sorted(listed.items())
            if role is not Role.member
        )
    )


@lru_cache(maxsize=64)
def _decoded(data: bytes) -> GroupProfile:
    profile = GroupProfile.decode(data)
    identities = [each.identity for each in profile.roles]
    if any(one >= other for one, other in pairwise(identities)):
        msg = "the roles of a group stand in the order of identities, one for each"
        raise DecodeError(msg)
    if any(each.role is Role.member for each in profile.roles):
        msg = "the roles of a group list nobody who is a mere member"
        raise DecodeError(msg)
    if any(
        (one.identity, one.signature_key) >= (other.identity, other.signature_key)
        for one, other in pairwise(profile.known)
    ):
        msg = "the devices that a group knows stand in order, each of them once"
        raise DecodeError(msg)
    if profile.place >= _PLACES:
        msg = f"the place of a branch is less than {_PLACES}, not {profile.place}"
        raise DecodeError(msg)
    if profile.quantum_safe > 1:
        msg = f"quantum_safe is 0 or 1, not {profile.quantum_safe}"
        raise DecodeError(msg)
    if len(profile.name) > LONGEST_NAME:
        msg = f"the name of a group takes at most {LONGEST_NAME} bytes, not {len(profile.name)}"
        raise DecodeError(msg)
    try:
        profile.name.decode()
    except UnicodeDecodeError:
        msg = "the name of a group is UTF-8"
        raise DecodeError(msg) from None
    return profile
