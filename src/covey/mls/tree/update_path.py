"""RFC 9420 §7.4–7.6: new keys along a path, and the secrets by which others learn them.

May import crypto, structs and the files of this folder. Creating and receiving are split
where the group context has to be known in between: the tree hash of the merged tree is part
of the context under which path secrets are encrypted.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

from covey.mls.crypto.batch import seal_all
from covey.mls.structs.tree import HPKECiphertext, UpdatePathNode
from covey.mls.tree import nodes
from covey.mls.tree.nodes import Branch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite
    from covey.mls.tree.nodes import Leaf, Subtree
    from covey.mls.tree.private import PrivateTree
    from covey.mls.tree.ratchet_tree import PathStep

_LABEL = "UpdatePathNode"


class PathSecrets(NamedTuple):
    """What a path secret yields for every node from one height up.

    Attributes:
        by_height: Path secret of each node of the filtered path (Nh bytes), by height.
        private: HPKE private keys, by height.
        public: HPKE public keys, from the lowest node up.
        commit_secret: ``path_secret[n+1]`` (Nh bytes).
    """

    by_height: dict[int, bytes]
    private: dict[int, bytes]
    public: tuple[bytes, ...]
    commit_secret: bytes

    def __repr__(self) -> str:
        return f"PathSecrets(heights={tuple(self.by_height)}, …)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def derive(suite: Suite, steps: Sequence[PathStep], path_secret: bytes) -> PathSecrets:
    """Derive all keys from the path secret of the first of ``steps`` (§7.4).

    With no step at all (a group of one), the secret itself is the commit secret (ERR-22).
    """
    by_height: dict[int, bytes] = {}
    private: dict[int, bytes] = {}
    public = []
    for step in steps:
        by_height[step.height] = path_secret
        node_secret = suite.derive_secret(path_secret, "node")
        private[step.height], public_key = suite.derive_key_pair(node_secret)
        public.append(public_key)
        path_secret = suite.derive_secret(path_secret, "path")
    return PathSecrets(by_height, private, tuple(public), path_secret)


def encrypt(
    suite: Suite,
    steps: Sequence[PathStep],
    secrets: PathSecrets,
    group_context: bytes,
    added: Sequence[int],
    entropy: Entropy,
    threads: int = 1,
) -> tuple[UpdatePathNode, ...]:
    """Encrypt each path secret to the resolution of its copath child (§7.5, §7.6).

    Args:
        suite: The suite of the group.
        steps: The filtered direct path of the committer, from the leaf up.
        secrets: What :func:`derive` made of its first path secret.
        group_context: The encoded provisional GroupContext.
        added: Leaf indices that this commit adds; they are left out. Sorted.
        entropy: Where ephemeral keys come from.
        threads: How many threads may seal at once.
    """
    excluded = frozenset(added)
    jobs = []
    sizes = []
    for step in steps:
        secret = secrets.by_height[step.height]
        recipients = [
            (nodes.encryption_key(node), secret)
            for height, place, node in nodes.resolution(
                step.sibling, step.sibling_height, step.sibling_position
            )
            if height or place not in excluded
        ]
        jobs += recipients
        sizes.append(len(recipients))
    encryption = suite.encryption(_LABEL, group_context) if jobs else None
    sealed = iter(() if encryption is None else seal_all(encryption, jobs, entropy, threads))
    return tuple(
        UpdatePathNode(public, tuple(HPKECiphertext(*next(sealed)) for _ in range(size)))
        for public, size in zip(secrets.public, sizes, strict=True)
    )


def recipients(step: PathStep, added: Sequence[int]) -> int:
    """How many ciphertexts a step has to carry: the resolution without new leaves (§7.6)."""
    if not added:
        return nodes.resolution_size(step.sibling)
    first = step.sibling_position << step.sibling_height
    last = first + (1 << step.sibling_height)
    new = bisect_left(added, last) - bisect_left(added, first)
    return nodes.resolution_size(step.sibling) - new


class Target(NamedTuple):
    """Where a receiver finds its path secret.

    Attributes:
        step: Index of the step in the filtered path.
        ciphertext: Index of the ciphertext in that step.
        height: Height of the receiver's own key that opens it.
        public: The public key to it.
    """

    step: int
    ciphertext: int
    height: int
    public: bytes


def find_target(
    steps: Sequence[PathStep], private: PrivateTree, added: Sequence[int]
) -> Target | None:
    """Find the ciphertext that a member can open (§7.5).

    Returns:
        None when no step has the member below its copath child, or it has no key there.
    """
    for number, step in enumerate(steps):
        if private.index >> step.sibling_height == step.sibling_position:
            found = _place(step.sibling, step.sibling_height, private, added)
            if found is None:
                return None
            place, height = found
            node = _own_node(step.sibling, step.sibling_height, height, private.index)
            return Target(number, place, height, nodes.encryption_key(node))
    return None


def _place(
    subtree: Subtree, height: int, private: PrivateTree, added: Sequence[int]
) -> tuple[int, int] | None:
    """(place in the resolution without new leaves, height of the key) of a member."""
    place = 0
    while type(subtree) is Branch:
        if subtree.node is not None:
            if private.key(height) is not None:
                return place, height
            unmerged = subtree.node.unmerged_leaves
            if private.index not in unmerged:
                return None
            new = frozenset(added)
            before = [leaf for leaf in unmerged if leaf < private.index and leaf not in new]
            return place + 1 + len(before), 0
        height -= 1
        if private.index >> height & 1:
            place += nodes.resolution_size(subtree.left)
            first = (private.index >> height ^ 1) << height
            place -= bisect_left(added, first + (1 << height)) - bisect_left(added, first)
            subtree = subtree.right
        else:
            subtree = subtree.left
    return None if subtree is None else (place, 0)


def _own_node(subtree: Leaf | Branch, height: int, wanted: int, leaf: int) -> Leaf | Branch:
    """The node above a leaf, or the leaf itself, at a height."""
    while height > wanted:
        assert type(subtree) is Branch
        height -= 1
        below = subtree.right if leaf >> height & 1 else subtree.left
        assert below is not None
        subtree = below
    return subtree


def decrypt(
    suite: Suite,
    path: Sequence[UpdatePathNode],
    target: Target,
    private: PrivateTree,
    group_context: bytes,
) -> bytes:
    """Decrypt the path secret at a target (Nh bytes, §7.6).

    Raises:
        AuthenticationError: It was not encrypted to this member under this context.
    """
    ciphertext = path[target.step].encrypted_path_secret[target.ciphertext]
    key = private.key(target.height)
    assert key is not None
    encryption = suite.encryption(_LABEL, group_context)
    return encryption.open(key, ciphertext.kem_output, ciphertext.ciphertext, target.public)
