"""What creating and joining a group returns. Data only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

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
