"""The structs of draft-ietf-mls-partial, and what its membership proofs prove.

Vectors are written in them. covey is no partial client: here is only what a test needs to get at
the messages of RFC 9420 inside, and to know by which tree they are to be judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.structs.framing import PrivateMessage, PublicMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import LeafNode, Node, ParentNode
from covey.mls.structs.welcome import GroupInfo, Welcome
from covey.mls.tree import math, nodes
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint32

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite


class CopathHash(WireStruct):
    """struct { opaque hash_value<V>; } CopathHash."""

    hash_value: opaque


class MembershipProof(WireStruct):
    """A leaf, the nodes above it up to the root, and the tree hashes beside them."""

    leaf_index: uint32
    n_leaves: uint32
    direct_path_nodes: tuple[Node | None, ...]
    copath_hashes: tuple[CopathHash, ...]

    @property
    def leaf(self) -> LeafNode:
        """The leaf that is proven."""
        found = self.direct_path_nodes[0]
        assert isinstance(found, LeafNode), "a membership proof begins with a leaf"
        return found

    @property
    def parents(self) -> dict[int, ParentNode]:
        """The nodes above the leaf that are not blank, by their height."""
        above = enumerate(self.direct_path_nodes[1:], 1)
        return {height: node for height, node in above if isinstance(node, ParentNode)}


class SenderAuthenticatedWelcome(WireStruct):
    """SenderAuthenticatedMessage<Welcome>."""

    message: Welcome
    sender_membership_proof: MembershipProof


class SenderAuthenticatedGroupInfo(WireStruct):
    """SenderAuthenticatedMessage<GroupInfo>."""

    message: GroupInfo
    sender_membership_proof: MembershipProof


class SenderAuthenticatedPublicMessage(WireStruct):
    """SenderAuthenticatedMessage<PublicMessage>."""

    message: PublicMessage
    sender_membership_proof: MembershipProof


class SenderAuthenticatedPrivateMessage(WireStruct):
    """SenderAuthenticatedMessage<PrivateMessage>."""

    message: PrivateMessage
    sender_membership_proof: MembershipProof


class SenderAuthenticatedMLSMessage(WireStruct):
    """SenderAuthenticatedMessage<MLSMessage>."""

    message: MLSMessage
    sender_membership_proof: MembershipProof


class AnnotatedWelcome(WireStruct):
    """A Welcome, and proofs of who sent it and who joins by it."""

    welcome: SenderAuthenticatedWelcome
    joiner_membership_proof: MembershipProof


class AnnotatedCommit(WireStruct):
    """A Commit, the tree hash that it leads to, and proofs of its sender and its receiver."""

    commit: MLSMessage
    sender_membership_proof: MembershipProof | None
    tree_hash_after: opaque
    resolution_index: uint32 | None
    sender_membership_proof_after: MembershipProof
    receiver_membership_proof_after: MembershipProof


def root_hash(suite: Suite, proof: MembershipProof) -> bytes:
    """The tree hash of the tree that a proof is of (RFC 9420 §7.8)."""
    height = math.height_of(proof.n_leaves)
    assert len(proof.direct_path_nodes) == len(proof.copath_hashes) + 1 == height + 1
    assert proof.leaf_index < proof.n_leaves
    found = nodes.make_leaf(suite, proof.leaf_index, proof.leaf).hash
    for at, beside in enumerate(proof.copath_hashes):
        node = proof.direct_path_nodes[at + 1]
        assert node is None or isinstance(node, ParentNode)
        is_right = proof.leaf_index >> at & 1
        pair = (beside.hash_value, found) if is_right else (found, beside.hash_value)
        found = nodes.parent_tree_hash(suite, node, *pair)
    return found


def require_parent_hashes(suite: Suite, proof: MembershipProof) -> None:
    """Each node of a path that was just made holds the parent hash of the next (§7.9)."""
    above = b""
    for height, node in sorted(proof.parents.items(), reverse=True):
        assert node.parent_hash == above, f"parent hash at height {height}"
        above = nodes.parent_hash(suite, node, proof.copath_hashes[height - 1].hash_value)
    assert proof.leaf.parent_hash == above
