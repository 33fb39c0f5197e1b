"""Which of the received proposals a commit takes (RFC 9420 §12.2, §12.4).

May import structs and rules. A committer takes all that are valid together; of two that
exclude each other it prefers what the RFC prefers. What is left out stays until the epoch
ends, and whoever sent it may send it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.mls.structs.proposals import (
    Add,
    AppDataUpdate,
    AppEphemeral,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    SelfRemove,
    Update,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.schedule import PreSharedKeyID
    from covey.mls.structs.tree import LeafNode
    from covey.mls.tree.ratchet_tree import RatchetTree


_MOST_FAILURES = 64
"""Lists that may fail before the rest is left for another commit: a bound on the work."""


_STAGES: Final[dict[type, int]] = {AppEphemeral: 1, AppDataUpdate: 2}


def choose(
    received: Iterable[Sent], own: Sequence[Sent], committer: int, tree: RatchetTree
) -> tuple[Sent, ...]:
    """The proposals of a commit: those received that fit together, then our own.

    Args:
        received: Proposals by reference, in the order they came.
        own: Proposals by value; none of them is left out, but for a Remove of a member that
            leaves by SelfRemove, which comes first (extensions draft).
        committer: The leaf that commits.
        tree: The tree of the current epoch.
    """
    leaving = {each.sender.leaf_index for each in received if isinstance(each.proposal, SelfRemove)}
    own = tuple(
        each
        for each in own
        if not (isinstance(each.proposal, Remove) and each.proposal.removed in leaving)
    )
    chosen = _Chosen(received, own, committer, tree)
    taken = tuple(each for each in received if chosen.takes(each))
    if not taken and not own:
        return tuple(each for each in received if isinstance(each.proposal, ReInit))[:1]
    return (*taken, *own)


def in_order(items: Iterable[Sent]) -> tuple[Sent, ...]:
    """The proposals of a commit in the order in which they take effect (extensions draft).

    Those of the RFC, in the order they have, then AppEphemerals, then AppDataUpdates.
    """
    return tuple(sorted(items, key=lambda each: _STAGES.get(type(each.proposal), 0)))


class _Chosen:
    """What has been taken so far, and what that leaves room for."""

    def __init__(
        self, received: Iterable[Sent], own: Sequence[Sent], committer: int, tree: RatchetTree
    ) -> None:
        self._tree = tree
        self._leaving = _leaving(received, own, committer)
        self._updates = _latest_updates(received, committer, self._leaving)
        self._keys: set[bytes] = set()
        self._psks: set[PreSharedKeyID] = set()
        self._has_extensions = False
        for each in own:
            self.takes(each)

    def takes(self, each: Sent) -> bool:
        """Whether a proposal fits to those before it; if so, it counts as taken."""
        match each.proposal:
            case Update(leaf_node=leaf):
                return self._takes_update(each, leaf)
            case Remove(removed=index):
                return self._leaving.get(index) is each
            case SelfRemove():
                return self._leaving.get(each.sender.leaf_index) is each
            case Add(key_package=package):
                return self._takes_client(package)
        return self._takes_other(each.proposal)

    def _takes_other(self, proposal: Proposal) -> bool:
        if isinstance(proposal, PreSharedKey):
            fits = proposal.psk not in self._psks
            self._psks.add(proposal.psk)
            return fits
        if isinstance(proposal, GroupContextExtensions):
            fits = not self._has_extensions
            self._has_extensions = True
            return fits
        return not isinstance(proposal, ReInit)

    def _takes_client(self, package: KeyPackage) -> bool:
        """Whether a client and its keys are new to the group and to this commit."""
        leaf = package.leaf_node
        member = self._tree.keys.signature.get(leaf.signature_key)
        stays = member is not None and member not in self._leaving
        keys = {leaf.signature_key, leaf.encryption_key, package.init_key}
        fits = not stays and keys.isdisjoint(self._keys) and self._is_new(leaf.encryption_key)
        if fits:
            self._keys |= keys
        return fits

    def _takes_update(self, each: Sent, leaf: LeafNode) -> bool:
        if self._updates.get(each.sender.leaf_index) is not each:
            return False
        keys = {leaf.encryption_key, leaf.signature_key}
        fits = keys.isdisjoint(self._keys) and self._is_new(leaf.encryption_key)
        if fits:
            self._keys |= keys
        return fits

    def _is_new(self, encryption_key: bytes) -> bool:
        return encryption_key not in self._tree.keys.encryption


def _leaving(
    received: Iterable[Sent], own: Sequence[Sent], committer: int
) -> dict[int | None, Sent]:
    """The proposal by which each leaf goes: ours, else a SelfRemove, else a Remove."""
    leaving: dict[int | None, Sent] = {
        each.proposal.removed: each for each in own if isinstance(each.proposal, Remove)
    }
    for each in received:
        if isinstance(each.proposal, SelfRemove) and each.sender.leaf_index != committer:
            leaving.setdefault(each.sender.leaf_index, each)
    for each in received:
        if isinstance(each.proposal, Remove) and each.proposal.removed != committer:
            leaving.setdefault(each.proposal.removed, each)
    return leaving


def _latest_updates(
    received: Iterable[Sent], committer: int, leaving: dict[int | None, Sent]
) -> dict[int | None, Sent]:
    """The last Update of each member that stays and does not commit."""
    return {
        each.sender.leaf_index: each
        for each in received
        if isinstance(each.proposal, Update)
        and each.sender.leaf_index != committer
        and each.sender.leaf_index not in leaving
    }


def without_spoilers(
    chosen: Sequence[Sent], own: Sequence[Sent], works: Callable[[tuple[Sent, ...]], bool]
) -> tuple[Sent, ...]:
    """Leave out what makes a commit impossible, so that nobody can block all commits with it.

    A received proposal may be right by itself and yet not be committable: its PSK is unknown
    here, or the tree would become invalid by it. Those that fail alone go first; if the rest
    fails together, halves are tried, from those on by which members leave: whatever else there
    is keeps nobody in.

    Args:
        chosen: What :func:`choose` has found, our own proposals at its end.
        own: Our own proposals; they stay, and whoever commits them hears what is wrong.
        works: Whether a list can be committed.
    """
    received = [each for each in chosen if each.reference is not None]
    if not received or works(tuple(chosen)):
        return tuple(chosen)
    alone = [each for each in received if works((each,))]
    alone.sort(key=lambda each: not isinstance(each.proposal, SelfRemove))
    taken = {each.reference for each in _Halving(own, works).working(alone, ())}
    return (*(each for each in received if each.reference in taken), *own)


class _Halving:
    """Finds what works together by halves, and gives up on the rest after some failures."""

    def __init__(self, own: Sequence[Sent], works: Callable[[tuple[Sent, ...]], bool]) -> None:
        self._own = own
        self._works = works
        self._failures = _MOST_FAILURES

    def working(self, tried: Sequence[Sent], taken: tuple[Sent, ...]) -> tuple[Sent, ...]:
        """``taken`` and as much of ``tried`` as works together with it, in order."""
        if not tried or self._failures <= 0:
            return taken
        if self._works((*taken, *tried, *self._own)):
            return (*taken, *tried)
        self._failures -= 1
        if len(tried) == 1:
            return taken
        half = len(tried) // 2
        return self.working(tried[half:], self.working(tried[:half], taken))
