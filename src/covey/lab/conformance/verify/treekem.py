"""Update paths, received and made (RFC 9420 §7.4-7.6).

May import structs, the tree and its rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.lab.conformance.case import ensure
from covey.lab.conformance.verify.trees import ensure_valid, read_tree
from covey.mls.crypto.entropy import Entropy, system_entropy
from covey.mls.group.verify import leaf_job
from covey.mls.rules.leaves import LABEL, leaf_tbs
from covey.mls.rules.registry import Remote, enforce
from covey.mls.rules.trees import JOINED_TREE, TreeSubject
from covey.mls.structs.schedule import GroupContext
from covey.mls.structs.tree import ParentNode, UpdatePath
from covey.mls.tree import math, parent_hashes, update_path
from covey.mls.tree.private import PrivateTree
from covey.mls.wire.code_points import LeafNodeSource, ProtocolVersion

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case
    from covey.mls.crypto.suite import Suite
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.mls.tree.update_path import PathSecrets


class Group(NamedTuple):
    """A tree with the private keys of all its members; it does not change within a case."""

    tree: RatchetTree
    group_id: bytes
    epoch: int
    confirmed_transcript_hash: bytes
    members: dict[int, Member]
    entropy: Entropy = system_entropy

    @property
    def suite(self) -> Suite:
        """The suite of the tree."""
        return self.tree.suite

    def context(self, tree_hash: bytes) -> bytes:
        """The encoded GroupContext under which path secrets are encrypted."""
        return GroupContext(
            ProtocolVersion.mls10,
            self.suite.code,
            self.group_id,
            self.epoch,
            tree_hash,
            self.confirmed_transcript_hash,
            (),
        ).encode()


class Member(NamedTuple):
    """A member's private keys."""

    private: PrivateTree
    signature_key: bytes


def treekem(case: Case) -> None:
    """Every member follows the paths of every other, the vector's and ours."""
    suite = case.suite()
    tree = read_tree(suite, case.octets("ratchet_tree"))
    members = {}
    for part in case.parts("leaves_private"):
        member = _member(tree, part)
        members[member.private.index] = member
    ensure(set(members) == {index for index, _ in tree.members()}, "some leaf has no private keys")
    group = Group(
        tree,
        case.octets("group_id"),
        case.number("epoch"),
        case.octets("confirmed_transcript_hash"),
        members,
    )
    ensure_valid(tree, group.group_id)
    paths = case.parts("update_paths")
    ensure(bool(paths), "there is no update path")
    for part in paths:
        _update_path(group, part)


def _member(tree: RatchetTree, part: Case) -> Member:
    """A member's private keys, each of which belongs to the tree's public key."""
    suite, index = tree.suite, part.number("index")
    path = {}
    for entry in part.parts("path_secrets"):
        node = entry.number("node")
        height = math.level(node)
        ensure(index >> height == node >> height + 1, f"node {node} is not above leaf {index}")
        node_secret = suite.derive_secret(entry.octets("path_secret"), "node")
        path[height] = suite.derive_key_pair(node_secret)[0]
    ensure(set(path) == _known_heights(tree, index), f"leaf {index} has not all its path secrets")
    private = PrivateTree(index, part.octets("encryption_priv"), path)
    height_of_other = private.mismatch(tree)
    ensure(
        height_of_other is None, f"leaf {index}: another private key at height {height_of_other}"
    )
    leaf, signature_key = tree.leaf(index), part.octets("signature_priv")
    assert leaf is not None
    ensure(
        suite.signature_public(signature_key) == leaf.signature_key,
        f"leaf {index}: signature_priv belongs to another key",
    )
    return Member(private, signature_key)


def _known_heights(tree: RatchetTree, index: int) -> set[int]:
    """The heights at which a member has a key: of nodes above it that it is not unmerged at."""
    known = set()
    for height in range(1, tree.height + 1):
        node = tree.node_at(math.node_index(height, index >> height))
        if isinstance(node, ParentNode) and index not in node.unmerged_leaves:
            known.add(height)
    return known


def _update_path(group: Group, part: Case) -> None:
    sender, path = part.number("sender"), UpdatePath.decode(part.octets("update_path"))
    ensure(sender in group.members, "sender is no member")
    after = _merged(group, sender, path)
    part.expect("tree_hash_after", after.tree_hash)
    received = part.maybe_octets_list("path_secrets")
    ensure(len(received) == group.tree.size, "path_secrets has not one entry for each leaf")
    for index, expected in enumerate(received):
        if index == sender or index not in group.members:
            ensure(expected is None, f"path_secrets[{index}] is not null")
            continue
        path_secret, commit_secret = _received(group, sender, path, after, index)
        ensure(path_secret == expected, f"path_secrets[{index}] is another one")
        part.expect("commit_secret", commit_secret)
    _our_path(group, sender)


def _our_path(group: Group, sender: int) -> None:
    """Make a path for the same sender; everybody arrives at its commit secret."""
    path, secrets = made(group, sender)
    path = UpdatePath.decode(path.encode())
    after = _merged(group, sender, path)
    for index in group.members.keys() - {sender}:
        found = _received(group, sender, path, after, index)[1]
        ensure(found == secrets.commit_secret, f"our path gives leaf {index} another commit_secret")


def _merged(group: Group, sender: int, path: UpdatePath) -> RatchetTree:
    """The tree after a path whose parent hashes and leaf are right."""
    suite, tree = group.suite, group.tree
    steps = tree.filtered_path(sender)
    ensure(len(path.nodes) == len(steps), "update_path has not one node for each step")
    keys = [node.encryption_key for node in path.nodes]
    parents, parent_hash = parent_hashes.path_parents(suite, steps, keys)
    leaf = path.leaf_node
    ensure(leaf.leaf_node_source is LeafNodeSource.commit, "update_path has a leaf of other source")
    ensure(leaf.parent_hash == parent_hash, "update_path is not parent-hash valid")
    signed = leaf_job(leaf, group.group_id, sender)
    ensure(suite.verify_with_label(*signed), "the leaf of update_path is not signed")
    merged = tree.with_path(sender, leaf, parents)
    enforce(JOINED_TREE, TreeSubject(merged, ()), Remote)
    return merged


def _received(
    group: Group, sender: int, path: UpdatePath, after: RatchetTree, index: int
) -> tuple[bytes, bytes]:
    """The path secret that a member decrypts, and the commit secret that follows."""
    suite = group.suite
    steps = group.tree.filtered_path(sender)
    private = group.members[index].private
    for step, node in zip(steps, path.nodes, strict=True):
        ensure(
            len(node.encrypted_path_secret) == update_path.recipients(step, ()),
            "update_path has not one ciphertext for each node of a resolution",
        )
    target = update_path.find_target(steps, private, ())
    ensure(target is not None, f"update_path has nothing for leaf {index}")
    assert target is not None
    context = group.context(after.tree_hash)
    path_secret = update_path.decrypt(suite, path.nodes, target, private, context)
    secrets = update_path.derive(suite, steps[target.step :], path_secret)
    keys = tuple(node.encryption_key for node in path.nodes[target.step :])
    ensure(secrets.public == keys, f"leaf {index} derives other keys than those of update_path")
    return path_secret, secrets.commit_secret


def made(group: Group, sender: int) -> tuple[UpdatePath, PathSecrets]:
    """A fresh path, and its secrets."""
    suite, tree = group.suite, group.tree
    steps = tree.filtered_path(sender)
    secrets = update_path.derive(suite, steps, group.entropy(suite.Nh))
    parents, parent_hash = parent_hashes.path_parents(suite, steps, secrets.public)
    old = tree.leaf(sender)
    assert old is not None
    leaf = old.replace(
        encryption_key=suite.generate_key_pair(group.entropy)[1],
        leaf_node_source=LeafNodeSource.commit,
        lifetime=None,
        parent_hash=parent_hash,
    )
    tbs = leaf_tbs(leaf, group.group_id, sender)
    signature = suite.sign_with_label(group.members[sender].signature_key, LABEL, tbs)
    leaf = leaf.replace(signature=signature)
    context = group.context(tree.with_path(sender, leaf, parents).tree_hash)
    nodes = update_path.encrypt(suite, steps, secrets, context, (), group.entropy)
    return UpdatePath(leaf, nodes), secrets
