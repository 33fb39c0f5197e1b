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
    from collections.abc import Iterable, Sequence

    from covey.mls.rules.proposals import Sent
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
    leaving = _leaving(received, own, committer)
    updates = _latest_updates(received, committer, leaving)
    clients = {
        each.proposal.key_package.leaf_node.signature_key
        for each in own
        if isinstance(each.proposal, Add)
    }
    psks = {each.proposal.psk for each in own if isinstance(each.proposal, PreSharedKey)}
    has_extensions = any(isinstance(each.proposal, GroupContextExtensions) for each in own)
    taken: list[Sent] = []
    for each in received:
        match each.proposal:
            case Update():
                keep = updates.get(each.sender.leaf_index) is each
            case Remove(removed=leaf):
                keep = leaving.get(leaf) is each
            case SelfRemove():
                keep = leaving.get(each.sender.leaf_index) is each
            case Add(key_package=package):
                key = package.leaf_node.signature_key
                member = tree.keys.signature.get(key)
                keep = key not in clients and (member is None or member in leaving)
                clients.add(key)
            case PreSharedKey(psk=psk):
                keep = psk not in psks
                psks.add(psk)
            case GroupContextExtensions():
                keep = not has_extensions
                has_extensions = True
            case ReInit():
                keep = False
            case _:
                keep = True
        if keep:
            taken.append(each)
    if not taken and not own:
        return tuple(each for each in received if isinstance(each.proposal, ReInit))[:1]
    return (*taken, *own)


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
