"""Trees as the protocol makes them, with everybody's private keys (RFC 9420 §7, App. A).

May import structs, the tree and its rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.conformance.generate.seeded import new_identity, signed_leaf
from covey.mls.structs.tree import ParentNode
from covey.mls.tree import parent_hashes, update_path
from covey.mls.tree.math import level, node_index
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import LeafNodeSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.lab.conformance.generate.seeded import Identity, Seeded
    from covey.mls.crypto.suite import Suite


class Grown:
    """A tree that commits change, seen by somebody who knows every secret.

    Args:
        suite: The suite of the group.
        entropy: Where keys come from.

    Attributes:
        tree: The tree.
        group_id: What leaves are signed for.
        clients: The members by leaf index, with the leaf keys that they have now.
        path_secrets: By array index, those of all nodes that are not blank.
    """

    def __init__(self, suite: Suite, entropy: Seeded) -> None:
        self.entropy: Seeded = entropy
        self.group_id: bytes = entropy(16)
        self.path_secrets: dict[int, bytes] = {}
        founder = self._newcomer(suite)
        self.tree: RatchetTree = RatchetTree.of_one(suite, founder.package.leaf_node)
        self.clients: dict[int, Identity] = {0: founder}

    def _newcomer(self, suite: Suite) -> Identity:
        return new_identity(suite, self.entropy, self.entropy(8).hex().encode())

    def commit(self, committer: int, *, removed: Sequence[int] = (), added: int = 0) -> None:
        """Remove members, add new ones, and set new keys on the committer's path."""
        self.edit(removed=removed, added=added)
        tree, suite = self.tree, self.tree.suite
        steps = tree.filtered_path(committer)
        secrets = update_path.derive(suite, steps, self.entropy(suite.Nh))
        parents, parent_hash = parent_hashes.path_parents(suite, steps, secrets.public)
        client = self.clients[committer]
        private, public = suite.generate_key_pair(self.entropy)
        old = tree.leaf(committer)
        assert old is not None
        leaf = old.replace(
            encryption_key=public,
            leaf_node_source=LeafNodeSource.commit,
            lifetime=None,
            parent_hash=parent_hash,
        )
        leaf = signed_leaf(suite, leaf, client.signature_key, self.group_id, committer)
        self.tree = tree.with_path(committer, leaf, parents)
        self.clients[committer] = client._replace(encryption_key=private)
        for height, secret in secrets.by_height.items():
            self.path_secrets[node_index(height, committer >> height)] = secret
        self._forget()

    def edit(self, *, removed: Sequence[int] = (), added: int = 0) -> None:
        """Remove members and add new ones by a commit without a path."""
        newcomers = [self._newcomer(self.tree.suite) for _ in range(added)]
        leaves = [newcomer.package.leaf_node for newcomer in newcomers]
        edited = self.tree.edited(removed=removed, added=leaves)
        self.tree = edited.tree
        for index in removed:
            del self.clients[index]
        self.clients.update(dict(zip(edited.added, newcomers, strict=True)))
        self._forget()

    def _forget(self) -> None:
        """Drop the secrets of nodes that are blank now."""
        for node in list(self.path_secrets):
            if not isinstance(self.tree.node_at(node), ParentNode):
                del self.path_secrets[node]

    def known_to(self, leaf: int) -> list[tuple[int, bytes]]:
        """The path secrets that a member has, as (array index, secret) from the leaf up."""
        known = []
        for node, secret in sorted(self.path_secrets.items(), key=lambda item: level(item[0])):
            height = level(node)
            parent = self.tree.node_at(node)
            assert isinstance(parent, ParentNode)
            if leaf >> height == node >> height + 1 and leaf not in parent.unmerged_leaves:
                known.append((node, secret))
        return known


def grown(suite: Suite, entropy: Seeded, members: int) -> Grown:
    """Each leaf in turn commits, adding the next one."""
    group = Grown(suite, entropy)
    for committer in range(members - 1):
        group.commit(committer, added=1)
    return group


def with_inner_blanks(suite: Suite, entropy: Seeded) -> Grown:
    """Eight members; the first removes two and adds one."""
    group = grown(suite, entropy, 8)
    group.commit(0, removed=(2, 3), added=1)
    return group


def with_skipped_blanks(suite: Suite, entropy: Seeded) -> Grown:
    """Eight members; the first removes three, so that parent hashes skip a blank node."""
    group = grown(suite, entropy, 8)
    group.commit(0, removed=(1, 2, 3))
    return group


def with_unmerged_leaf(suite: Suite, entropy: Seeded) -> Grown:
    """Seven members; one more is added without a path."""
    group = grown(suite, entropy, 7)
    group.edit(added=1)
    return group


def with_unmerged_leaf_and_skipped_blanks(suite: Suite, entropy: Seeded) -> Grown:
    """The tree of RFC 9420 §7.9.2's figure, made as Appendix A says."""
    group = Grown(suite, entropy)
    group.commit(0, added=6)
    group.commit(0, removed=(5,))
    group.commit(4)
    group.edit(added=1)
    return group
