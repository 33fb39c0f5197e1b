"""What the proposals of an epoch do, and which of them one commit can take together.

May import the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.mls.structs.proposals import Remove, SelfRemove

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.mls import Group

References = tuple[bytes, ...] | None
"""Some proposals of an epoch by their ProposalRefs; or None for all that fit together."""


_ONE_BY_ONE: Final = 8
"""How many proposals that cannot be committed together are tried one by one, of those by which
somebody leaves, and of all others."""


def attempts(group: Group) -> Iterator[References]:
    """Which proposals a commit takes: all; if they cannot be together, some of them, or none.

    First those by which others leave: nobody is kept in by what somebody else proposes. What is
    left out ends with the epoch; who made it makes it again, or is refused.
    """
    yield None
    references = [each.reference for each in group.proposals if each.reference]
    going = _going(group)
    if len(going) > 1:
        yield going
    others = [each for each in references if each not in going]
    yield from ((each,) for each in (*going[:_ONE_BY_ONE], *others[:_ONE_BY_ONE]))
    if references:
        yield ()


def _going(group: Group) -> tuple[bytes, ...]:
    """The ProposalRefs by which others leave, one for each of them."""
    found: dict[int | None, bytes] = {}
    for each in group.proposals:
        leaf = each.sender.leaf_index
        if isinstance(each.proposal, SelfRemove) and leaf != group.own_index and each.reference:
            found.setdefault(leaf, each.reference)
    return tuple(found.values())


def leaving(group: Group) -> frozenset[bytes]:
    """The signature keys of those whom proposals of this epoch remove."""
    found = (group.tree.leaf(each) for each in removed(group, None))
    return frozenset(each.signature_key for each in found if each is not None)


def removed(group: Group, references: References) -> set[int]:
    """The leaves that proposals of this epoch remove."""
    found = set()
    for sent in group.proposals:
        if references is not None and sent.reference not in references:
            continue
        if isinstance(sent.proposal, SelfRemove):
            assert sent.sender.leaf_index is not None
            found.add(sent.sender.leaf_index)
        elif isinstance(sent.proposal, Remove):
            found.add(sent.proposal.removed)
    return found
