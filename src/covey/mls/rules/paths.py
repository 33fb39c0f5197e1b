"""RFC 9420 §7.5, §7.6, §12.4.2: what an UpdatePath must satisfy. May import structs, tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import DecodeError
from covey.mls.rules.registry import rule
from covey.mls.tree.update_path import recipients

if TYPE_CHECKING:
    from covey.mls.structs.tree import UpdatePath
    from covey.mls.tree.ratchet_tree import PathStep, RatchetTree


class PathSubject(NamedTuple):
    """An UpdatePath and the tree into which it is about to be merged.

    Attributes:
        path: The UpdatePath.
        steps: The filtered direct path of its sender.
        tree: The tree after the proposals of the commit.
        added: Leaf indices that the commit adds, sorted.
    """

    path: UpdatePath
    steps: tuple[PathStep, ...]
    tree: RatchetTree
    added: tuple[int, ...]


class MergedSubject(NamedTuple):
    """The parent_hash of the committer's leaf, and the one that its path gives."""

    has: bytes | None
    computed: bytes


@rule("VAL-079", "7.6")
def path_has_a_node_per_step(subject: PathSubject) -> str | None:
    """An UpdatePath has one node for each node of the filtered direct path."""
    nodes, steps = len(subject.path.nodes), len(subject.steps)
    return None if nodes == steps else f"it has {nodes}, the filtered path has {steps}"


@rule("VAL-080", "7.6", also=("VAL-087",))
def steps_have_all_ciphertexts(subject: PathSubject) -> str | None:
    """A path node has one ciphertext per node of its resolution, new leaves excluded."""
    for number, (node, step) in enumerate(zip(subject.path.nodes, subject.steps, strict=True)):
        has, wanted = len(node.encrypted_path_secret), recipients(step, subject.added)
        if has != wanted:
            return f"node {number} has {has}, not {wanted}"
    return None


@rule("VAL-010", "5.1.1")
def path_keys_are_valid(subject: PathSubject) -> str | None:
    """The encryption_keys of an UpdatePath are public keys of the suite's KEM."""
    for number, node in enumerate(subject.path.nodes):
        try:
            subject.tree.suite.check_hpke_public(node.encryption_key)
        except DecodeError as error:
            return f"node {number}: {error}"
    return None


@rule("VAL-084", "12.4.2")
def path_keys_are_new(subject: PathSubject) -> str | None:
    """No public key of an UpdatePath stands in the new tree, or twice in the path."""
    keys = [node.encryption_key for node in subject.path.nodes]
    keys.append(subject.path.leaf_node.encryption_key)
    if len(set(keys)) != len(keys):
        return "a key stands twice in the path"
    present = subject.tree.keys.encryption
    return "a key stands in the tree" if any(key in present for key in keys) else None


@rule("VAL-081", "7.9.2")
def leaf_has_the_parent_hash(subject: MergedSubject) -> str | None:
    """The parent_hash of the committer's leaf is the one that the path gives."""
    return None if subject.has == subject.computed else "it has another one"


PATH: Final = (
    path_has_a_node_per_step,
    steps_have_all_ciphertexts,
    path_keys_are_valid,
    path_keys_are_new,
)
"""What an UpdatePath satisfies before it is merged; its leaf is checked beside."""

MERGED_PATH: Final = (leaf_has_the_parent_hash,)
"""What it satisfies once the parent hashes are known."""
