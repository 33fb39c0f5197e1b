"""The persistent tree agrees with a plain array after any edits (RFC 9420 §4, §7, App. C)."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from array_tree import ArrayTree
from covey.mls.crypto.suite import get_suite
from covey.mls.structs.credentials import BasicCredential, UnknownCredential, credential_type
from covey.mls.structs.tree import Capabilities, LeafNode, Lifetime, ParentNode, RatchetTreeNodes
from covey.mls.tree import math, nodes, parent_hashes
from covey.mls.tree.census import Kind
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import GREASE, LeafNodeSource

if TYPE_CHECKING:
    from covey.mls.tree.ratchet_tree import PathStep

SUITE = get_suite(1)
MOST = 20  # leaves, about

_codes = st.lists(st.sampled_from((1, 2, 0xF001, 0xF002, GREASE[0])), max_size=3).map(tuple)
CAPABILITIES = st.builds(Capabilities, _codes, _codes, _codes, _codes, _codes)
CREDENTIALS = st.sampled_from((BasicCredential(b"x"), UnknownCredential(0xF003, b"y")))


class Trees(RuleBasedStateMachine):
    """One tree in both forms; keys and signatures are any bytes, each of them once."""

    def __init__(self) -> None:
        super().__init__()
        self._count = count()

    def _key(self) -> bytes:
        return next(self._count).to_bytes(4)

    def _leaf(self, data: st.DataObject) -> LeafNode:
        return LeafNode(
            self._key(),
            self._key(),
            data.draw(CREDENTIALS),
            data.draw(CAPABILITIES),
            LeafNodeSource.key_package,
            Lifetime(0, 1),
            None,
            (),
            b"signature",
        )

    @initialize(data=st.data())
    def found(self, data: st.DataObject) -> None:
        leaf = self._leaf(data)
        self.tree = RatchetTree.of_one(SUITE, leaf)
        self.array = ArrayTree(SUITE, [leaf])
        self.kept: list[tuple[RatchetTree, bytes]] = []

    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        """A commit's proposals: Updates, Removes and Adds at once, against one by one."""
        members = self.array.members
        changed = data.draw(st.lists(st.sampled_from(members), unique=True, max_size=4))
        cut = data.draw(st.integers(0, len(changed)))
        updated = {index: self._updated(index) for index in changed[:cut]}
        removed = changed[cut:]
        if set(removed) == set(members):
            removed = removed[1:]
        most = 6 if len(members) < MOST else 0
        added = [self._leaf(data) for _ in range(data.draw(st.integers(0, most)))]
        edited = self.tree.edited(updated, removed, added)
        for index, leaf in updated.items():
            self.array.update(index, leaf)
        for index in removed:
            self.array.remove(index)
        self.array.truncate()
        assert edited.added == tuple(self.array.add(leaf) for leaf in added)
        self._keep()
        self.tree = edited.tree

    def _updated(self, index: int) -> LeafNode:
        leaf = self.array.leaf(index)
        assert leaf is not None
        return leaf.replace(
            encryption_key=self._key(),
            leaf_node_source=LeafNodeSource.update,
            lifetime=None,
            parent_hash=None,
        )

    @rule(data=st.data())
    def set_path(self, data: st.DataObject) -> None:
        """An UpdatePath of one member."""
        index = data.draw(st.sampled_from(self.array.members))
        old = self.array.leaf(index)
        assert old is not None
        leaf = old.replace(
            encryption_key=self._key(), leaf_node_source=LeafNodeSource.commit, lifetime=None
        )
        if data.draw(st.booleans()):
            leaf = leaf.replace(signature_key=self._key(), capabilities=data.draw(CAPABILITIES))
        steps = self.tree.filtered_path(index)
        keys = [self._key() for _ in steps]
        parents, parent_hash = parent_hashes.path_parents(SUITE, steps, keys)
        assert parent_hash == self.array.merge(index, leaf, keys)
        self._keep()
        self.tree = self.tree.with_path(index, leaf.replace(parent_hash=parent_hash), parents)

    @precondition(lambda self: len(self.array.members) < MOST)
    @rule(data=st.data())
    def join_by_itself(self, data: st.DataObject) -> None:
        """An external commit: a new leaf and its path, without an Add."""
        index = self.tree.leftmost_blank()
        self._keep()
        self.tree = self.tree.extended_for(index)
        leaf = self._leaf(data).replace(leaf_node_source=LeafNodeSource.commit, lifetime=None)
        if 2 * index >= len(self.array.nodes):
            self.array.nodes += [None] * (len(self.array.nodes) + 1)
        assert index == min({*range(index + 1)} - {*self.array.members})
        steps = self.tree.filtered_path(index)
        keys = [self._key() for _ in steps]
        parents, parent_hash = parent_hashes.path_parents(SUITE, steps, keys)
        assert parent_hash == self.array.merge(index, leaf, keys)
        self.tree = self.tree.with_path(index, leaf.replace(parent_hash=parent_hash), parents)

    def _keep(self) -> None:
        """Remember a tree that must not change any more."""
        self.kept = [*self.kept[-3:], (self.tree, self.tree.encode())]

    @invariant()
    def nodes_are_the_same(self) -> None:
        array = self.array
        assert self.tree.size == len(array.nodes) // 2 + 1
        assert self.tree.to_nodes() == array.trimmed()
        assert self.tree.encode() == RatchetTreeNodes(array.trimmed()).encode()
        assert [index for index, _ in self.tree.members()] == array.members
        for x, node in enumerate(array.nodes):
            assert self.tree.node_at(x) == node
        for index in range(self.tree.size):
            assert self.tree.leaf(index) == array.leaf(index)

    @invariant()
    def hashes_and_resolutions_are_the_same(self) -> None:
        assert self.tree.tree_hash == self.array.tree_hash(self.array.root)
        for x in range(len(self.array.nodes)):
            height = math.level(x)
            place = (height, x >> height + 1)
            subtree = self.tree.subtree(*place)
            assert nodes.tree_hash(SUITE, subtree, *place) == self.array.tree_hash(x)
            resolution = self.array.resolution(x)
            assert self.tree.resolution(*place) == resolution
            assert nodes.resolution_size(subtree) == len(resolution)
            below = set(self.array.leaves_below(x)).intersection(self.array.members)
            assert nodes.leaf_count(subtree) == len(below)

    @invariant()
    def filtered_paths_are_the_same(self) -> None:
        for index in range(self.tree.size):
            steps = self.tree.filtered_path(index)
            assert [_place(step, index) for step in steps] == self.array.filtered_path(index)

    @invariant()
    def parent_hashes_are_valid(self) -> None:
        assert parent_hashes.first_invalid_parent(self.tree) is None
        assert parent_hashes.first_wrong_unmerged_leaf(self.tree) is None
        for x, node in enumerate(self.array.nodes):
            assert not isinstance(node, ParentNode) or self.array.is_valid(x)

    @invariant()
    def keys_are_indexed(self) -> None:
        array = self.array
        encryption = {node.encryption_key: x for x, node in enumerate(array.nodes) if node}
        assert dict(self.tree.keys.encryption) == encryption
        signature = {
            leaf.signature_key: index for index in array.members if (leaf := array.leaf(index))
        }
        assert dict(self.tree.keys.signature) == signature
        assert not self.tree.keys.twice_encryption
        assert not self.tree.keys.twice_signature

    @invariant()
    def support_is_counted(self) -> None:
        leaves = [leaf for index in self.array.members if (leaf := self.array.leaf(index))]
        census = self.tree.census
        assert census.members == len(leaves)
        in_use = Counter(credential_type(leaf.credential) for leaf in leaves)
        assert dict(census.in_use) == dict(in_use)
        for kind in Kind:
            for code in (1, 2, 0xF001, 0xF002):
                listed = [code in _listed(leaf.capabilities, kind) for leaf in leaves]
                default = kind in {Kind.extension, Kind.proposal} and code in {1, 2}
                assert census.all_support(kind, code) == (default or all(listed))
            assert not census.all_support(kind, GREASE[0])

    @invariant()
    def it_equals_a_tree_made_of_its_array(self) -> None:
        rebuilt = RatchetTree.from_nodes(SUITE, self.tree.to_nodes())
        assert rebuilt == self.tree

    @invariant()
    def earlier_trees_have_not_changed(self) -> None:
        for tree, encoded in self.kept:
            assert tree.encode() == encoded


def _place(step: PathStep, leaf: int) -> tuple[int, int]:
    """A step as (node, its child on the copath), in array indices."""
    node = math.node_index(step.height, leaf >> step.height)
    return node, math.node_index(step.sibling_height, step.sibling_position)


def _listed(capabilities: Capabilities, kind: Kind) -> tuple[int, ...]:
    name = f"{kind.name}s"
    return tuple(getattr(capabilities, name))


Trees.TestCase.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
test_trees = Trees.TestCase


@given(leaves=st.integers(1, 1 << 32), data=st.data())
def test_places_agree_with_appendix_c(leaves: int, data: st.DataObject) -> None:
    """Any node of any tree: the children's parent is the node, and siblings are mutual."""
    size = 1 << math.height_of(leaves)
    node = data.draw(st.integers(0, math.node_width(size) - 1))
    height = math.level(node)
    assert math.node_index(height, node >> height + 1) == node
    one, other = math.left(node), math.right(node)
    if one is None or other is None:
        assert node % 2 == 0
    else:
        assert math.parent(one, size) == math.parent(other, size) == node
        assert math.sibling(one, size) == other
        assert math.sibling(other, size) == one
    if node == math.root(size):
        assert math.parent(node, size) is None
        assert math.sibling(node, size) is None


@given(one=st.integers(0, 1 << 30), other=st.integers(0, 1 << 30))
def test_the_common_height_is_that_of_the_lowest_shared_subtree(one: int, other: int) -> None:
    height = math.common_height(one, other)
    assert one >> height == other >> height
    assert height == 0 or one >> (height - 1) != other >> (height - 1)
