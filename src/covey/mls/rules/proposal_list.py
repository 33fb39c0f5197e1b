"""RFC 9420 §12.2: the proposals of a commit, as the rules look at them.

May import structs and the tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    Remove,
    SelfRemove,
    Update,
)
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.framing import Sender
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.schedule import GroupContext, PreSharedKeyID
    from covey.mls.tree.ratchet_tree import RatchetTree

P = TypeVar("P", bound=WireStruct)


class Sent(NamedTuple):
    """A proposal, and who sent it how.

    Attributes:
        proposal: The proposal.
        sender: Its sender; the committer when it came by value.
        reference: Its ProposalRef, or None when it came by value.
        verified: Whether its leaf and key package were checked when it was received.
    """

    proposal: Proposal
    sender: Sender
    reference: bytes | None = None
    verified: bool = False


class ProposalList:
    """The proposals of one commit, in order, and the epoch that it closes.

    Attributes:
        items: The proposals.
        committer: The leaf index of the committer; None for an external commit.
        context: The GroupContext of the epoch that the commit closes.
        tree: The tree of that epoch.
        successor: Whether this is the first commit of a group that continues another by
            ReInit or branch, where such PSKs are allowed.
        has_path: Whether the commit has a path.
        updates: (leaf index of the sender, Update).
        removed: Leaf indices that Removes name, then those whose members leave by SelfRemove.
        adds: The Adds.
        psks: The PSKs.
    """

    __slots__ = (
        "_by_type",
        "adds",
        "committer",
        "context",
        "has_path",
        "items",
        "psks",
        "removed",
        "successor",
        "tree",
        "updates",
    )

    def __init__(
        self,
        items: tuple[Sent, ...],
        committer: int | None,
        context: GroupContext,
        tree: RatchetTree,
        *,
        successor: bool = False,
        has_path: bool = True,
    ) -> None:
        self.items: tuple[Sent, ...] = items
        self.committer: int | None = committer
        self.context: GroupContext = context
        self.tree: RatchetTree = tree
        self.successor: bool = successor
        self.has_path: bool = has_path
        self._by_type: dict[type, list[Sent]] = {}
        for each in items:
            self._by_type.setdefault(type(each.proposal), []).append(each)
        self.updates: list[tuple[int, Update]] = [
            (each.sender.leaf_index, each.proposal)
            for each in self.sent(Update)
            if isinstance(each.proposal, Update) and each.sender.leaf_index is not None
        ]
        self.removed: list[int] = [each.removed for each in self.of(Remove)] + [
            each.sender.leaf_index
            for each in self.sent(SelfRemove)
            if each.sender.leaf_index is not None
        ]
        self.adds: list[Add] = self.of(Add)
        self.psks: list[PreSharedKeyID] = [each.psk for each in self.of(PreSharedKey)]

    def of(self, kind: type[P]) -> list[P]:
        """The proposals of one type, in order."""
        return [
            each.proposal for each in self._by_type.get(kind, ()) if isinstance(each.proposal, kind)
        ]

    def sent(self, kind: type[WireStruct]) -> Sequence[Sent]:
        """The same, with who sent them."""
        return self._by_type.get(kind, ())

    def with_path(self, has_path: bool) -> ProposalList:  # noqa: FBT001 - it says what it sets
        """The same list for a commit with a path, or without."""
        return ProposalList(
            self.items,
            self.committer,
            self.context,
            self.tree,
            successor=self.successor,
            has_path=has_path,
        )


def extensions_after(items: ProposalList) -> tuple[Extension, ...]:
    """The extensions of the next GroupContext: a new list replaces the old one (§12.1.7).

    But for what AppDataUpdates change in them afterwards.
    """
    extensions = items.context.extensions
    for replacement in items.of(GroupContextExtensions):
        extensions = replacement.extensions
    return extensions
