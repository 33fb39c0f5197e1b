"""Which of the received proposals a commit takes (RFC 9420 §12.2, §12.4).

May import structs and rules. A committer takes all that are valid together; of two that
exclude each other it prefers what the RFC prefers. What is left out stays until the epoch
ends, and whoever sent it may send it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.structs.proposals import (
    Add,
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
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.schedule import PreSharedKeyID
    from covey.mls.tree.ratchet_tree import RatchetTree


def choose(
    received: Iterable[Sent], own: Sequence[Sent], committer: int, tree: RatchetTree
) -> tuple[Sent, ...]:
    """The proposals of a commit: those received that fit together, then our own.

    Args:
        received: Proposals by reference, in the order they came.
        own: Proposals by value; none of them is left out.
        committer: The leaf that commits.
        tree: The tree of the current epoch.
    """
    chosen = _Chosen(received, own, committer, tree)
    taken = tuple(each for each in received if chosen.takes(each))
    if not taken and not own:
        return tuple(each for each in received if isinstance(each.proposal, ReInit))[:1]
    return (*taken, *own)


class _Chosen:
    """What has been taken so far, and what that leaves room for."""

    def __init__(
        self, received: Iterable[Sent], own: Sequence[Sent], committer: int, tree: RatchetTree
    ) -> None:
        self._tree = tree
        self._leaving = _leaving(received, own, committer)
        self._updates = _latest_updates(received, committer, self._leaving)
        self._clients: set[bytes] = set()
        self._psks: set[PreSharedKeyID] = set()
        self._has_extensions = False
        for each in own:
            self.takes(each)

    def takes(self, each: Sent) -> bool:
        """Whether a proposal fits to those before it; if so, it counts as taken."""
        match each.proposal:
            case Update():
                return self._updates.get(each.sender.leaf_index) is each
            case Remove(removed=leaf):
                return self._leaving.get(leaf) is each
            case SelfRemove():
                return self._leaving.get(each.sender.leaf_index) is each
            case Add(key_package=package):
                return self._takes_client(package.leaf_node.signature_key)
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

    def _takes_client(self, signature_key: bytes) -> bool:
        member = self._tree.keys.signature.get(signature_key)
        stays = member is not None and member not in self._leaving
        fits = signature_key not in self._clients and not stays
        self._clients.add(signature_key)
        return fits


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
    fails together, halves are tried.

    Args:
        chosen: What :func:`choose` has found, our own proposals at its end.
        own: Our own proposals; they stay, and whoever commits them hears what is wrong.
        works: Whether a list can be committed.
    """
    received = [each for each in chosen if each.reference is not None]
    if not received or works(tuple(chosen)):
        return tuple(chosen)
    alone = [each for each in received if works((each,))]
    return (*_working(alone, (), own, works), *own)


def _working(
    tried: Sequence[Sent],
    taken: tuple[Sent, ...],
    own: Sequence[Sent],
    works: Callable[[tuple[Sent, ...]], bool],
) -> tuple[Sent, ...]:
    """``taken`` and as much of ``tried`` as works together with it, in order."""
    if not tried or works((*taken, *tried, *own)):
        return (*taken, *tried)
    if len(tried) == 1:
        return taken
    half = len(tried) // 2
    taken = _working(tried[:half], taken, own, works)
    return _working(tried[half:], taken, own, works)
