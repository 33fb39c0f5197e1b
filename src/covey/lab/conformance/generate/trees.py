"""Cases of tree-operations, tree-validation and treekem. May import what they test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.conformance.generate.grown import (
    Grown,
    grown,
    with_inner_blanks,
    with_skipped_blanks,
    with_unmerged_leaf,
    with_unmerged_leaf_and_skipped_blanks,
)
from covey.lab.conformance.generate.seeded import new_identity, signed_leaf
from covey.lab.conformance.verify import treekem as paths
from covey.mls.structs.proposals import Add, ProposalFrame, Remove, Update
from covey.mls.tree import nodes, parent_hashes
from covey.mls.tree.math import common_height, level, node_width
from covey.mls.tree.private import PrivateTree
from covey.mls.wire.code_points import LeafNodeSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.tree import UpdatePath
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.mls.tree.update_path import PathSecrets

_SIZES: Final = (2, 3, 4, 5, 6, 7, 8, 9, 32, 33, 34)
_PATH_SIZES: Final = (2, 3, 4, 5, 8)
_SPECIAL: Final = (
    with_inner_blanks,
    with_skipped_blanks,
    with_unmerged_leaf,
    with_unmerged_leaf_and_skipped_blanks,
)


def tree_operations(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """Adds into a full tree and into a gap, an Update, and Removes with and without a cut."""
    full = grown(suite, entropy, 8)
    yield _operation(full.tree, Add(new_identity(suite, entropy, b"new").package), 0)
    yield _operation(full.tree, _update(full, 3), 3)
    yield _operation(full.tree, Remove(2), 0)
    gaps = with_inner_blanks(suite, entropy)
    yield _operation(gaps.tree, Add(new_identity(suite, entropy, b"new").package), 1)
    last = grown(suite, entropy, 5)
    yield _operation(last.tree, Remove(4), 0)


def _update(group: Grown, index: int) -> Update:
    suite, old = group.tree.suite, group.tree.leaf(index)
    assert old is not None
    leaf = old.replace(
        encryption_key=suite.generate_key_pair(group.entropy)[1],
        leaf_node_source=LeafNodeSource.update,
        lifetime=None,
        parent_hash=None,
    )
    signature_key = group.clients[index].signature_key
    return Update(signed_leaf(suite, leaf, signature_key, group.group_id, index))


def _operation(tree: RatchetTree, proposal: Proposal, sender: int) -> Vector:
    if isinstance(proposal, Add):
        after = tree.edited(added=(proposal.key_package.leaf_node,)).tree
    elif isinstance(proposal, Update):
        after = tree.edited(updated={sender: proposal.leaf_node}).tree
    else:
        assert isinstance(proposal, Remove)
        after = tree.edited(removed=(proposal.removed,)).tree
    return {
        "cipher_suite": tree.suite.code,
        "tree_before": tree.encode().hex(),
        "proposal": ProposalFrame(proposal).encode().hex(),
        "proposal_sender": sender,
        "tree_hash_before": tree.tree_hash.hex(),
        "tree_after": after.encode().hex(),
        "tree_hash_after": after.tree_hash.hex(),
    }


def tree_validation(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """Trees of many sizes, then such with blanks and unmerged leaves."""
    for size in _SIZES:
        yield _validation(grown(suite, entropy, size))
    for make in _SPECIAL:
        yield _validation(make(suite, entropy))


def _validation(group: Grown) -> Vector:
    tree = group.tree
    places = [(level(i), i >> level(i) + 1) for i in range(node_width(tree.size))]
    hashes = [nodes.tree_hash(tree.suite, tree.subtree(*place), *place) for place in places]
    return {
        "cipher_suite": tree.suite.code,
        "tree": tree.encode().hex(),
        "group_id": group.group_id.hex(),
        "resolutions": [tree.resolution(*place) for place in places],
        "tree_hashes": [tree_hash.hex() for tree_hash in hashes],
    }


def treekem(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """A path from every member of several trees."""
    for size in _PATH_SIZES:
        yield _treekem(grown(suite, entropy, size))
    for make in _SPECIAL:
        yield _treekem(make(suite, entropy))


def _treekem(grown_tree: Grown) -> Vector:
    suite, entropy = grown_tree.tree.suite, grown_tree.entropy
    members = {
        index: paths.Member(PrivateTree(index, client.encryption_key, {}), client.signature_key)
        for index, client in grown_tree.clients.items()
    }
    group = paths.Group(
        grown_tree.tree,
        grown_tree.group_id,
        entropy.below(1 << 32),
        entropy(suite.Nh),
        members,
        entropy,
    )
    return {
        "cipher_suite": suite.code,
        "group_id": group.group_id.hex(),
        "epoch": group.epoch,
        "confirmed_transcript_hash": group.confirmed_transcript_hash.hex(),
        "ratchet_tree": group.tree.encode().hex(),
        "leaves_private": [_private(grown_tree, index) for index in sorted(members)],
        "update_paths": [_path(group, index) for index in sorted(members)],
    }


def _private(group: Grown, index: int) -> Vector:
    client = group.clients[index]
    return {
        "index": index,
        "encryption_priv": client.encryption_key.hex(),
        "signature_priv": client.signature_key.hex(),
        "path_secrets": [
            {"node": node, "path_secret": secret.hex()} for node, secret in group.known_to(index)
        ],
    }


def _path(group: paths.Group, sender: int) -> Vector:
    path, secrets = paths.made(group, sender)
    return {
        "sender": sender,
        "update_path": path.encode().hex(),
        "path_secrets": [
            _received(group, secrets, sender, index) for index in range(group.tree.size)
        ],
        "commit_secret": secrets.commit_secret.hex(),
        "tree_hash_after": _merged(group, sender, path).tree_hash.hex(),
    }


def _received(group: paths.Group, secrets: PathSecrets, sender: int, index: int) -> str | None:
    """What a member decrypts: the secret of the lowest node that it shares with the sender."""
    if index == sender or index not in group.members:
        return None
    return secrets.by_height[common_height(sender, index)].hex()


def _merged(group: paths.Group, sender: int, path: UpdatePath) -> RatchetTree:
    keys = [node.encryption_key for node in path.nodes]
    steps = group.tree.filtered_path(sender)
    parents = parent_hashes.path_parents(group.suite, steps, keys)[0]
    return group.tree.with_path(sender, path.leaf_node, parents)
