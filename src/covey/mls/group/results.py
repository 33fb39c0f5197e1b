"""What creating and joining a group returns, and what is kept of an epoch. Data only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from covey.mls.structs.schedule import GroupContext
from covey.mls.wire.code_points import ProtocolVersion
from covey.mls.wire.struct import Unshown

if TYPE_CHECKING:
    from covey.mls.group.events import Changed
    from covey.mls.group.pending import PendingCommit
    from covey.mls.group.welcome import Invitation


G = TypeVar("G")
"""The group: results name it, and it makes them."""


class Founded(NamedTuple, Generic[G]):
    """A group that was created with its first members, in epoch 1.

    Attributes:
        group: The creator's group.
        commit: The commit that added them, already accepted.
        welcomes: What the members need to join.
    """

    group: G
    commit: PendingCommit
    welcomes: tuple[Invitation, ...]

    @property
    def welcome(self) -> bytes:
        """The one Welcome for all of them."""
        return self.commit.welcome

    def _repr_html_(self) -> str:
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        return page.of_fields("Founded", {"group": self.group, "commit": self.commit})


class JoinedExternally(NamedTuple, Generic[G]):
    """An external commit, and the group as it will be if the commit is accepted.

    Attributes:
        commit: The MLSMessage for all members. If they do not take it, drop the group.
        group: The group in the epoch that the commit opens.
        changed: What the commit changes.
    """

    commit: bytes
    group: G
    changed: Changed

    def _repr_html_(self) -> str:
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        sizes = {"commit": f"{len(self.commit):,} bytes"}
        return page.of_fields("JoinedExternally", {**sizes, "group": self.group})


class Membership(Unshown, frozen=True):
    """That we were in an epoch of a group, and who was in it with us (§8.6, §11.3).

    A group keeps the resumption PSKs of its last few epochs, and forgets sooner who was in them
    (:class:`~covey.mls.group.policy.Policy`). An application whose members may be away for long
    keeps this much of each epoch itself, as long as it likes, to join branches by. Shows no secret.

    Attributes:
        group_id: The group's.
        cipher_suite: The group's.
        epoch: The number of the epoch.
        resumption_psk: Of that epoch (Nh bytes).
        clients: Who was in it, by ``Policy.client_id``.
    """

    group_id: bytes
    cipher_suite: int
    epoch: int
    resumption_psk: bytes
    clients: frozenset[bytes]

    def __repr__(self) -> str:
        return f"<Membership in epoch {self.epoch}>"

    @property
    def context(self) -> GroupContext:
        """The GroupContext, as far as a group that continues this one is compared with it."""
        version, nothing = ProtocolVersion.mls10, b""
        suite, group_id = self.cipher_suite, self.group_id
        return GroupContext(version, suite, group_id, self.epoch, nothing, nothing, ())

    def psk(self, group_id: bytes, epoch: int) -> bytes | None:
        """The resumption PSK of an epoch, if it is this one (Nh bytes, §8.6)."""
        return self.resumption_psk if (group_id, epoch) == (self.group_id, self.epoch) else None
