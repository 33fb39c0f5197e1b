"""The ratchet tree: edits, hashes, resolutions, parent hashes, leaves (RFC 9420 §7).

May import structs, the tree and its rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.conformance.case import CaseError, ensure
from covey.mls.group.verify import leaf_job
from covey.mls.rules.registry import Remote, enforce
from covey.mls.rules.trees import ARRAY, JOINED_TREE, ArraySubject, TreeSubject
from covey.mls.structs.proposals import Add, ProposalFrame, Remove, Update
from covey.mls.structs.tree import RatchetTreeNodes
from covey.mls.tree import math, nodes
from covey.mls.tree.ratchet_tree import RatchetTree

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.proposals import Proposal


def read_tree(suite: Suite, data: bytes) -> RatchetTree:
    """Decode a tree; it encodes to the same bytes.

    Raises:
        DecodeError: It is no tree.
        RemoteProtocolError: Its nodes do not stand at their places.
    """
    array = RatchetTreeNodes.decode(data).ratchet_tree
    enforce(ARRAY, ArraySubject(array, suite), Remote)
    tree = RatchetTree.from_nodes(suite, array)
    ensure(tree.encode() == data, "the tree encodes to other bytes")
    return tree


def tree_operations(case: Case) -> None:
    """One proposal, applied to a tree."""
    suite = case.suite()
    tree = read_tree(suite, case.octets("tree_before"))
    case.expect("tree_hash_before", tree.tree_hash)
    proposal = ProposalFrame.decode(case.octets("proposal")).proposal
    sender = case.number("proposal_sender")
    ensure(tree.leaf(sender) is not None, "proposal_sender is no member")
    changed = _applied(tree, proposal, sender)
    case.expect("tree_after", changed.encode())
    case.expect("tree_hash_after", changed.tree_hash)


def _applied(tree: RatchetTree, proposal: Proposal, sender: int) -> RatchetTree:
    if isinstance(proposal, Add):
        return tree.edited(added=(proposal.key_package.leaf_node,)).tree
    if isinstance(proposal, Update):
        return tree.edited(updated={sender: proposal.leaf_node}).tree
    if isinstance(proposal, Remove):
        return tree.edited(removed=(proposal.removed,)).tree
    msg = f"{type(proposal).__name__} does not change a tree"
    raise CaseError(msg)


def tree_validation(case: Case) -> None:
    """A tree is as a joiner must find it."""
    tree = read_tree(case.suite(), case.octets("tree"))
    every_node = range(math.node_width(tree.size))
    places = [(math.level(node), node >> math.level(node) + 1) for node in every_node]
    case.expect("resolutions", [tree.resolution(*place) for place in places])
    hashes = [nodes.tree_hash(tree.suite, tree.subtree(*place), *place) for place in places]
    case.expect("tree_hashes", hashes)
    ensure(tree.tree_hash == hashes[math.root(tree.size)], "the root has another tree hash")
    ensure_valid(tree, case.octets("group_id"))


def ensure_valid(tree: RatchetTree, group_id: bytes) -> None:
    """Check parent hashes, unmerged leaves and leaf signatures, as a joiner does.

    Raises:
        RemoteProtocolError: The tree breaks a rule.
        CaseError: A leaf is not signed.
    """
    enforce(JOINED_TREE, TreeSubject(tree, ()), Remote)
    for index, leaf in tree.members():
        signed = leaf_job(leaf, group_id, index)
        ensure(tree.suite.verify_with_label(*signed), f"leaf {index} is not signed")
