"""A group of tree states only: everybody follows every path, or an assertion fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.tree import parent_hashes, update_path
from covey.mls.tree.math import common_height
from covey.mls.tree.private import PrivateTree
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import LeafNodeSource
from tree_samples import SUITE, leaf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.mls.structs.tree import LeafNode

CONTEXT = b"group context"


class PathGroup:
    """The tree, and every member's private keys."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self.entropy = entropy
        self._named = 0
        private, node = self._leaf()
        self.tree = RatchetTree.of_one(SUITE, node)
        self.members = {0: PrivateTree(0, private, {})}

    def _leaf(self) -> tuple[bytes, LeafNode]:
        self._named += 1
        private, public = SUITE.generate_key_pair(self.entropy)
        return private, leaf(str(self._named)).replace(encryption_key=public)

    def commit(
        self,
        committer: int,
        *,
        updated: Sequence[int] = (),
        removed: Sequence[int] = (),
        adds: int = 0,
        path: bool = True,
    ) -> None:
        """Apply proposals, then a path that every old member decrypts; new ones get its secret."""
        before = self.tree
        renewed = {index: self._leaf() for index in updated}
        newcomers = [self._leaf() for _ in range(adds)]
        nodes = {
            index: node.replace(leaf_node_source=LeafNodeSource.update, lifetime=None)
            for index, (_, node) in renewed.items()
        }
        edited = before.edited(nodes, removed, [node for _, node in newcomers])
        self.tree = edited.tree
        for index in removed:
            del self.members[index]
        for index, member in self.members.items():
            fresh = renewed[index][0] if index in renewed else None
            self.members[index] = member.following(before, self.tree).with_keys({}, fresh)
        joined = {
            index: PrivateTree(index, private, {})
            for index, (private, _) in zip(edited.added, newcomers, strict=True)
        }
        if path:
            self._path(committer, edited.added, joined)
        self.members |= joined

    def _path(self, committer: int, added: Sequence[int], joined: dict[int, PrivateTree]) -> None:
        before = self.tree
        steps = before.filtered_path(committer)
        secrets = update_path.derive(SUITE, steps, self.entropy(SUITE.Nh))
        parents, parent_hash = parent_hashes.path_parents(SUITE, steps, secrets.public)
        private, node = self._leaf()
        node = node.replace(
            leaf_node_source=LeafNodeSource.commit, lifetime=None, parent_hash=parent_hash
        )
        self.tree = before.with_path(committer, node, parents)
        path = update_path.encrypt(SUITE, steps, secrets, CONTEXT, added, self.entropy)
        for step, path_node in zip(steps, path, strict=True):
            assert len(path_node.encrypted_path_secret) == update_path.recipients(step, added)
        for index, member in self.members.items():
            if index == committer:
                mine = member.following(before, self.tree)
                self.members[index] = mine.with_keys(secrets.private, private)
                continue
            target = update_path.find_target(steps, member, added)
            assert target is not None, f"nothing for leaf {index}"
            secret = update_path.decrypt(SUITE, path, target, member, CONTEXT)
            assert steps[target.step].height == common_height(index, committer)
            derived = update_path.derive(SUITE, steps[target.step :], secret)
            assert derived.commit_secret == secrets.commit_secret
            following = member.following(before, self.tree)
            self.members[index] = following.with_keys(derived.private)
        for index in added:
            height = common_height(index, committer)
            above = [step for step in steps if step.height >= height]
            derived = update_path.derive(SUITE, above, secrets.by_height[height])
            joined[index] = joined[index].with_keys(derived.private)

    def check(self) -> None:
        """Everybody has the keys of exactly the nodes that they are not unmerged at."""
        assert parent_hashes.first_invalid_parent(self.tree) is None
        assert set(self.members) == {index for index, _ in self.tree.members()}
        for index, member in self.members.items():
            assert member.mismatch(self.tree) is None
            above = {
                height
                for height in range(1, self.tree.height + 1)
                if (node := getattr(self.tree.subtree(height, index >> height), "node", None))
                and index not in node.unmerged_leaves
            }
            assert set(member.path) == above
