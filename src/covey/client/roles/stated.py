"""What a group states of itself, or the sentence that refuses it. May import the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access.member.addresses import capabilities_of
from covey.client.words import profile, suites
from covey.errors import DecodeError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.access.structs.extensions import GroupCapabilities
    from covey.client.words.profile import GroupProfile
    from covey.mls.structs.extensions import Extension


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
