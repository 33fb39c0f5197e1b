"""RFC 9420 §11.2, §11.3: groups that continue another, by ReInit or by branch.

May import the other steps of this folder. What is checked when one joins such a group; that
it is made right is the business of :mod:`covey.mls.group.group`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.errors import StateError
from covey.mls.group.state import State
from covey.mls.rules import joining
from covey.mls.rules.registry import enforce
from covey.mls.wire.code_points import ResumptionPSKUsage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.mls.group.join import Joined
    from covey.mls.group.member import Member
    from covey.mls.group.policy import Policy
    from covey.mls.group.results import Membership
    from covey.mls.group.verify import Checker
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.proposals import ReInit
    from covey.mls.structs.schedule import GroupContext, PreSharedKeyID
    from covey.mls.structs.tree import LeafNode
    from covey.mls.tree.ratchet_tree import RatchetTree


class Old(NamedTuple):
    """A group that is continued, as far as the new one is compared with it.

    Attributes:
        context: Its GroupContext.
        reinit: The ReInit that ended it, if one did.
        clients: Who was in the epoch of which the link is, by ``Policy.client_id``.
    """

    context: GroupContext
    reinit: ReInit | None
    clients: frozenset[bytes]


def link(psks: Iterable[PreSharedKeyID]) -> PreSharedKeyID | None:
    """The PSK by which a group continues another, if it does (VAL-185)."""
    return next((psk for psk in psks if psk.usage in joining.SUCCESSOR_USAGES), None)


def check_successor(joined: Joined, old: State | Membership | None, check: Checker) -> None:
    """Check a group that continues another, once it has been joined (§12.4.3.1).

    Args:
        joined: The new group.
        old: The state of the old one, when the application has said which it is; or what was
            kept of the epoch from which it branches.
        check: How to check.

    Raises:
        StateError: The group continues another that was not handed in.
        ProtocolError: It does not continue it rightly.
    """
    psk = link(joined.psks)
    if psk is None:
        reinit = old.reinit if isinstance(old, State) else None
        enforce(joining.UNLINKED, joining.UnlinkedSubject(reinit), check.blame)
        return
    if old is None:
        msg = "the Welcome continues another group; hand that one in as successor_of="
        raise StateError(msg)
    public = joined.epoch.public
    new = [leaf for _, leaf in public.tree.members()]
    known = known_of(old, psk, check.policy) if isinstance(old, State) else _kept(old)
    _check(public.context, new, psk, known, check)


def own_leaf(own: LeafNode, member: Member, extensions: Iterable[Extension] | None) -> LeafNode:
    """Our leaf in a group that is about to continue ours, as far as clients are known by it.

    Args:
        own: Our leaf in the old group.
        member: We, in the new one.
        extensions: Of our leaf there; None for those that we have here.
    """
    stated = own.extensions if extensions is None else tuple(extensions)
    credential, key = member.credential, member.signature_key
    return own.replace(credential=credential, signature_key=key, extensions=stated)


def check_plan(
    context: GroupContext, new: list[LeafNode], psk: PreSharedKeyID, old: State, check: Checker
) -> None:
    """Check a group that is about to continue ours, before it is made (§11.2, §11.3).

    Args:
        context: Of the new group, in epoch 1; its tree does not matter here.
        new: The leaves of its members.
        psk: The PSK that links them.
        old: The state of our group.
        check: How to check; blames us.

    Raises:
        LocalProtocolError: It would not continue our group rightly.
    """
    _check(context, new, psk, known_of(old, psk, check.policy), check)


def _check(
    context: GroupContext, new: list[LeafNode], psk: PreSharedKeyID, old: Old, check: Checker
) -> None:
    clients = clients_of(new, check.policy)
    reinit = psk.usage is ResumptionPSKUsage.reinit
    matches = old.clients <= clients if reinit else clients <= old.clients
    subject = joining.SuccessorSubject(context, old.context, psk, old.reinit, matches)
    enforce(joining.SUCCESSOR, subject, check.blame)


def known_of(old: State, psk: PreSharedKeyID, policy: Policy) -> Old:
    """A group that is continued, as its state has it.

    Args:
        old: Its state.
        psk: The PSK that links the new one to it.
        policy: By what clients are known.

    Raises:
        StateError: Who was in that epoch is not kept any more (``Policy.past_epochs``).
    """
    public = old.epoch.public
    is_ours = psk.usage is ResumptionPSKUsage.branch and psk.psk_group_id == public.context.group_id
    tree = _tree_of(old, psk.psk_epoch) if is_ours else public.tree  # others are refused by VAL-203
    if tree is None:
        msg = f"who was in epoch {psk.psk_epoch} of the group is not kept any more"
        raise StateError(msg).of(rule="VAL-208", section="11.3")
    leaves = (leaf for _, leaf in tree.members())
    return Old(public.context, old.reinit, clients_of(leaves, policy))


def _kept(old: Membership) -> Old:
    return Old(old.context, None, old.clients)


def _tree_of(old: State, epoch: int | None) -> RatchetTree | None:
    """The tree of the epoch that the PSK is of, as long as it is kept."""
    if epoch == old.epoch.public.context.epoch:
        return old.epoch.public.tree
    return next((past.tree for past in old.past if past.context.epoch == epoch), None)


def clients_of(leaves: Iterable[LeafNode], policy: Policy) -> frozenset[bytes]:
    """Of which clients leaves are, to be matched with others (VAL-205, VAL-208)."""
    return frozenset(policy.client_id(leaf) for leaf in leaves)
