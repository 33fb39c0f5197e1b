"""What a group states of itself, or the sentence that refuses it. May import the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member.addresses import capabilities_of
from covey.access.structs.extensions import ExtensionCode
from covey.client.roles.change import differing
from covey.client.words import profile, suites
from covey.errors import DecodeError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.access.structs.extensions import GroupCapabilities
    from covey.client.words.profile import GroupProfile
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.proposals import ReInit
    from covey.mls.structs.schedule import GroupContext

_GROUP_IDS: Final = frozenset({32, 48, 64})
"""Bytes of a group_id, as many as a hash of the suite has."""


def profile_in(extensions: Sequence[Extension]) -> GroupProfile | None:
    """The profile of a group.

    Raises:
        PolicyError: It is there, and cannot be read.
    """
    try:
        return profile.profile_of(extensions)
    except DecodeError as error:
        msg = f"the group's profile cannot be read: {error}"
        raise PolicyError(msg) from None


def require_quantum_safe(code: int) -> None:
    """Refuse a suite whose secrets a quantum computer would open.

    Raises:
        PolicyError: It is one, or is not known here.
    """
    found = suites.safety_of(code)
    if found is None or not found.confidentiality:
        msg = f"this group is to be quantum-safe, and {suites.name(code)} is not"
        raise PolicyError(msg)


def require_another(reinit: ReInit, context: GroupContext) -> None:
    """Refuse that a group goes on under its own group_id, one that no client makes, or in no MLS.

    All that is sent carries the group_id, in 64 KiB at most: under a huge one nobody could speak.

    Raises:
        PolicyError: It would.
    """
    if len(reinit.group_id) not in _GROUP_IDS or reinit.group_id == context.group_id:
        lengths = ", ".join(map(str, sorted(_GROUP_IDS)))
        msg = f"a group that is moved to another suite has a new group_id, of {lengths} bytes"
        raise PolicyError(msg)
    if reinit.version != context.version:
        msg = f"a group is not moved to version {int(reinit.version)} of MLS"
        raise PolicyError(msg)


def require_same_succession(before: Sequence[Extension], after: Sequence[Extension]) -> None:
    """Refuse that a group says anew whose place it took in its log: by that its epochs are counted.

    Raises:
        PolicyError: It does.
    """
    if ExtensionCode.succession in differing(before, after):
        msg = "whose place a group took in its log never changes"
        raise PolicyError(msg)


def capabilities_in(extensions: Sequence[Extension]) -> GroupCapabilities:
    """What the group lets be done, by its extensions.

    Raises:
        PolicyError: It cannot be read.
    """
    try:
        return capabilities_of(extensions)
    except DecodeError as error:
        msg = f"the group's capabilities cannot be read: {error}"
        raise PolicyError(msg) from None
