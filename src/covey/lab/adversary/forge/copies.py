"""Victims who have lived through something, and what they were like without a check.

May import the victims. What a check has taken away already, such as a used key, does not come
back when the check is taken out. The copy of such a victim has lived without it from before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary.victims import MemberVictim, SenderVictim

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from covey.mls.group.group import Group


def having_received(
    group: Group, message: bytes, without: Callable[[], AbstractContextManager[None]]
) -> MemberVictim:
    """A member who has received a message; its copy has done so without a check.

    Args:
        group: The member's group.
        message: What it receives now.
        without: Begins to do without the check.
    """
    lax = _lax(group, message, without)

    class Receiver(MemberVictim):
        __slots__ = ()

        def copy(self) -> MemberVictim:
            return MemberVictim(lax)

    return Receiver(group)


def sending_after(
    group: Group,
    message: bytes,
    without: Callable[[], AbstractContextManager[None]],
    ask: Callable[[Group, Any], object],
) -> SenderVictim:
    """The same, when it is then asked for something by its application."""
    lax = _lax(group, message, without)

    class Asked(SenderVictim):
        __slots__ = ()

        def copy(self) -> SenderVictim:
            return SenderVictim(lax, self.ask)

    return Asked(group, ask)


def _lax(
    group: Group, message: bytes, without: Callable[[], AbstractContextManager[None]]
) -> Group:
    lax = MemberVictim(group).copy().group
    with without():
        lax.receive(message)
    group.receive(message)
    return lax
