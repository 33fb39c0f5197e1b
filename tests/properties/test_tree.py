"""The persistent tree agrees with a plain array after any edits (RFC 9420 §4, §7, App. C)."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from array_tree import ArrayTree
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.components import ComponentsList, app_data, with_app_data
from covey.mls.structs.credentials import BasicCredential, UnknownCredential, credential_type
from covey.mls.structs.tree import Capabilities, LeafNode, Lifetime, ParentNode, RatchetTreeNodes
from covey.mls.tree import math, nodes, parent_hashes
from covey.mls.tree.census import COMPONENT_KINDS, Kind
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import GREASE, LeafNodeSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from covey.mls.structs.extensions import Extension
    from covey.mls.tree.ratchet_tree import PathStep

SUITE = get_suite(1)
CODES = (1, 2, 0xF001, 0xF002)
STEPS = 6
IN_CAPABILITIES = tuple(each for each in Kind if each not in COMPONENT_KINDS.values())


class Trees:
    """One tree in both forms; keys and signatures are any bytes, each of them once."""

    def __init__(self, random: Random) -> None:
        self._count = count()
        self.random = random
        leaf = self._leaf()
        self.tree = RatchetTree.of_one(SUITE, leaf)
        self.array = ArrayTree(SUITE, [leaf])
        self.kept: list[tuple[RatchetTree, bytes]] = []
        self._edit({}, (), self._leaves(16))
        for index in self._some(self.array.members):
            self._set_path(index)

    def _some(self, members: Sequence[int]) -> list[int]:
        """Some members, in any order."""
        return self.random.sample(members, self.random.randint(0, len(members)))

    def _key(self) -> bytes:
        return next(self._count).to_bytes(4)

    def _codes(self) -> tuple[int, ...]:
        return tuple(self.random.choices((*CODES, GREASE[0]), k=6))

    def _capabilities(self) -> Capabilities:
        return Capabilities(*(self._codes() for _ in IN_CAPABILITIES))

    def _extensions(self) -> tuple[Extension, ...]:
        """Components, in half of the leaves."""
        if self.random.random() < 0.5:
            return ()
        lists = {each: ComponentsList(tuple(sorted({*self._codes()}))) for each in COMPONENT_KINDS}
        return with_app_data((), {each: listed.encode() for each, listed in lists.items()})

    def _leaf(self) -> LeafNode:
        credentials = (BasicCredential(b"x"), UnknownCredential(0xF003, b"y"))
        return LeafNode(
            self._key(),
            self._key(),
            self.random.choice(credentials),
            self._capabilities(),
            LeafNodeSource.key_package,
            Lifetime(0, 1),
            None,
            self._extensions(),
            b"signature",
        )

    def _leaves(self, most: int) -> list[LeafNode]:
        return [self._leaf() for _ in range(self.random.randint(0, most))]

    def step(self) -> None:
        """Change the tree in one of the ways that the protocol has."""
        self.kept = [*self.kept[-3:], (self.tree, self.tree.encode())]
        self.random.choice(
            (self.add_some, self.set_path, self.edit, self.remove_many, self.join_by_itself)
        )()

    def add_some(self) -> None:
        """Adds without a path, so that they are unmerged."""
        self._edit({}, (), self._leaves(4))

    def remove_many(self) -> None:
        """Only a few members stay, most often not the last ones."""
        members = self.array.members
        stay = self.random.sample(members, min(len(members), self.random.randint(1, 3)))
        if self.random.random() < 0.5:
            stay = members[: len(stay)]
        self._edit({}, [index for index in members if index not in stay], ())

    def edit(self) -> None:
        """A commit's proposals: Updates, Removes and Adds at once, against one by one."""
        members = self.array.members
        changed = self.random.sample(members, min(len(members) - 1, self.random.randint(0, 6)))
        cut = self.random.randint(0, len(changed))
        updated = {index: self._updated(index) for index in changed[:cut]}
        self._edit(updated, changed[cut:], self._leaves(3))

    def _edit(
        self, updated: dict[int, LeafNode], removed: Sequence[int], added: Sequence[LeafNode]
    ) -> None:
        edited = self.tree.edited(updated, removed, added)
        for index, leaf in updated.items():
            self.array.update(index, leaf)
        for index in removed:
            self.array.remove(index)
        self.array.truncate()
        assert edited.added == tuple(self.array.add(leaf) for leaf in added)
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

    def set_path(self) -> None:
        """An UpdatePath of one member."""
        self._set_path(self.random.choice(self.array.members))

    def _set_path(self, index: int) -> None:
        old = self.array.leaf(index)
        assert old is not None
        leaf = old.replace(
            encryption_key=self._key(), leaf_node_source=LeafNodeSource.commit, lifetime=None
        )
        if self.random.random() < 0.3:
            leaf = leaf.replace(signature_key=self._key(), capabilities=self._capabilities())
        self._merge(index, leaf)

    def join_by_itself(self) -> None:
        """An external commit: a new leaf and its path, without an Add."""
        index = self.tree.leftmost_blank()
        assert index == min({*range(index + 1)} - {*self.array.members})
        self.tree = self.tree.extended_for(index)
        if 2 * index >= len(self.array.nodes):
            self.array.nodes += [None] * (len(self.array.nodes) + 1)
        leaf = self._leaf().replace(leaf_node_source=LeafNodeSource.commit, lifetime=None)
        self._merge(index, leaf)

    def _merge(self, index: int, leaf: LeafNode) -> None:
        steps = self.tree.filtered_path(index)
        keys = [self._key() for _ in steps]
        parents, parent_hash = parent_hashes.path_parents(SUITE, steps, keys)
        assert parent_hash == self.array.merge(index, leaf, keys)
        self.tree = self.tree.with_path(index, leaf.replace(parent_hash=parent_hash), parents)

    # --- what must hold --------------------------------------------------------------

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

    def filtered_paths_are_the_same(self) -> None:
        for index in range(self.tree.size):
            steps = self.tree.filtered_path(index)
            assert [_place(step, index) for step in steps] == self.array.filtered_path(index)

    def parent_hashes_are_valid(self) -> None:
        assert parent_hashes.first_invalid_parent(self.tree) is None
        assert parent_hashes.first_wrong_unmerged_leaf(self.tree) is None
        for x, node in enumerate(self.array.nodes):
            assert not isinstance(node, ParentNode) or self.array.is_valid(x)

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

    def support_is_counted(self) -> None:
        leaves = [leaf for index in self.array.members if (leaf := self.array.leaf(index))]
        census = self.tree.census
        assert census.members == len(leaves)
        in_use = Counter(credential_type(leaf.credential) for leaf in leaves)
        assert dict(census.in_use) == dict(in_use)
        for kind in Kind:
            for code in CODES:
                listed = [code in _listed(leaf, kind) for leaf in leaves]
                default = kind in {Kind.extension, Kind.proposal} and code in {1, 2}
                assert census.all_support(kind, code) == (default or all(listed))
            assert not census.all_support(kind, GREASE[0])

    def it_equals_a_tree_made_of_its_array(self) -> None:
        rebuilt = RatchetTree.from_nodes(SUITE, self.tree.to_nodes())
        assert rebuilt == self.tree

    def earlier_trees_have_not_changed(self) -> None:
        for tree, encoded in self.kept:
            assert tree.encode() == encoded


def _place(step: PathStep, leaf: int) -> tuple[int, int]:
    """A step as (node, its child on the copath), in array indices."""
    node = math.node_index(step.height, leaf >> step.height)
    return node, math.node_index(step.sibling_height, step.sibling_position)


def _listed(leaf: LeafNode, kind: Kind) -> tuple[int, ...]:
    if kind in IN_CAPABILITIES:
        return tuple(getattr(leaf.capabilities, f"{kind.name}s"))
    [component] = [each for each, counted in COMPONENT_KINDS.items() if counted is kind]
    data = app_data(leaf.extensions).get(component)
    return () if data is None else ComponentsList.decode(data).component_ids


CHECKS = (
    Trees.nodes_are_the_same,
    Trees.hashes_and_resolutions_are_the_same,
    Trees.filtered_paths_are_the_same,
    Trees.parent_hashes_are_valid,
    Trees.keys_are_indexed,
    Trees.support_is_counted,
    Trees.it_equals_a_tree_made_of_its_array,
    Trees.earlier_trees_have_not_changed,
)


@given(random=st.randoms(use_true_random=True))
def test_any_edits_give_the_tree_that_an_array_gives(random: Random) -> None:
    trees = Trees(random)
    for _ in range(STEPS):
        trees.step()
        for check in CHECKS:
            check(trees)


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
