"""What differs between two trees, node by node."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from covey.lab.inspect.diff_found import Parents, TreeDifference, Unmerged
from covey.lab.inspect.diff_tree import compare_trees
from covey.mls.structs.extensions import Extension
from covey.mls.structs.tree import Lifetime, ParentNode
from covey.mls.wire.code_points import LeafNodeSource
from tree_samples import CAPABILITIES, grown_tree, leaf, special_trees, tree_of

if TYPE_CHECKING:
    from covey.mls.tree.ratchet_tree import RatchetTree


def compare(before: RatchetTree, after: RatchetTree) -> TreeDifference:
    return compare_trees(before.to_nodes(), after.to_nodes())


@pytest.mark.parametrize("name", special_trees())
def test_a_tree_does_not_differ_from_itself(name: str) -> None:
    tree = special_trees()[name].tree
    difference = compare(tree, tree)
    assert difference.same
    assert difference.parents == Parents()
    assert difference.committer is None


def test_a_removal_blanks_the_path_and_a_commit_fills_it() -> None:
    grown = grown_tree(8)
    full = grown.tree
    grown.edit(removed=[5])
    removed = grown.tree
    difference = compare(full, removed)
    assert [each.leaf for each in difference.removed] == [5]
    assert difference.parents == Parents(blanked=(7, 9, 11))
    assert difference.members == (8, 7)
    assert difference.committer is None
    grown.commit(4)
    difference = compare(removed, grown.tree)
    assert difference.parents == Parents(filled=(7, 11))  # 9 is not on the filtered path
    assert difference.committer is not None
    assert difference.committer.leaf == 4
    assert [each.leaf for each in difference.updated] == [4]


def test_a_commit_renews_the_keys_of_a_path() -> None:
    grown = grown_tree(8)
    before = grown.tree
    grown.commit(2)
    difference = compare(before, grown.tree)
    assert difference.parents == Parents(rekeyed=(3, 5, 7))
    [updated] = difference.updated
    assert {each.field for each in updated.fields} == {"encryption_key", "parent_hash", "signature"}
    assert difference.committer is not None
    assert difference.committer.leaf == 2


def test_two_commits_have_no_one_committer() -> None:
    grown = grown_tree(8)
    before = grown.tree
    grown.commit(2)
    grown.commit(7)
    difference = compare(before, grown.tree)
    assert [each.leaf for each in difference.updated] == [2, 7]
    assert difference.committer is None


def test_a_member_that_is_added_is_unmerged() -> None:
    grown = grown_tree(7)
    before = grown.tree
    grown.edit(added=1)
    difference = compare(before, grown.tree)
    assert [each.leaf for each in difference.added] == [7]
    assert difference.parents.unmerged == (Unmerged(7, (7,), ()), Unmerged(11, (7,), ()))
    after = grown.tree
    grown.commit(7)
    difference = compare(after, grown.tree)
    assert difference.parents.unmerged == (Unmerged(7, (), (7,)), Unmerged(11, (), (7,)))
    assert difference.parents.filled == (13,)


def test_a_tree_that_grows_and_shrinks() -> None:
    grown = grown_tree(8)
    before = grown.tree
    grown.commit(0, added=1)
    difference = compare(before, grown.tree)
    assert difference.leaves == (8, 16)
    assert difference.parents.filled == (15,)
    back = compare(grown.tree, before)
    assert back.leaves == (16, 8)
    assert back.parents.blanked == (15,)
    assert not back.same


def test_a_size_alone_is_a_difference() -> None:
    tree = tree_of(4)
    padded = (*tree.to_nodes(), None, None)
    assert not compare_trees(tree.to_nodes(), padded).same


def test_a_leaf_that_somebody_else_took_is_removed_and_added() -> None:
    tree = tree_of(3)
    after = tree.edited(removed=[1]).tree.edited(added=[leaf("new")]).tree
    difference = compare(tree, after)
    assert [(each.leaf, each.name) for each in difference.removed] == [(1, "1")]
    assert [(each.leaf, each.name) for each in difference.added] == [(1, "new")]
    assert not difference.updated


def test_who_moves_is_found_by_the_signature_key() -> None:
    tree = tree_of(4)
    back = leaf("3").replace(encryption_key=b"another")
    after = tree.edited(removed=[1, 3]).tree.edited(added=[back]).tree
    difference = compare(tree, after)
    assert [(each.leaf, each.elsewhere) for each in difference.added] == [(1, 3)]
    assert [(each.leaf, each.elsewhere) for each in difference.removed] == [(1, None), (3, 1)]


def test_every_field_of_a_leaf_is_compared() -> None:
    tree = tree_of(2)
    old = tree.leaf(1)
    assert old is not None
    new = old.replace(
        encryption_key=b"new key",
        signature_key=b"new signature key",
        capabilities=CAPABILITIES.replace(proposals=(0x000A, 0xF00D), credentials=()),
        leaf_node_source=LeafNodeSource.commit,
        lifetime=None,
        parent_hash=b"",
        extensions=(Extension(1, b"phone"),),
        signature=b"new",
    )
    [updated] = compare(tree, tree.edited(updated={1: new}).tree).updated
    assert (updated.leaf, updated.name) == (1, "1")
    assert {each.field: each.values() for each in updated.fields} == {
        "encryption_key": "6b657920… → 6e657720…",
        "signature_key": "7369676e… → 6e657720…",
        "capabilities.proposals": "none → self_remove (10), private use (0xf00d)",
        "capabilities.credentials": "basic (1) → none",
        "leaf_node_source": "key_package → commit",
        "lifetime": "removed: 0 to 1",
        "parent_hash": "added: empty",
        "extension application_id (1)": "added: 70686f6e… (5 bytes)",
        "signature": "7369676e… → 6e6577",
    }


def test_a_credential_may_change_under_the_same_key() -> None:
    tree = tree_of(2)
    old = tree.leaf(0)
    assert old is not None
    new = old.replace(credential=leaf("zero").credential, lifetime=Lifetime(1, 2))
    [updated] = compare(tree, tree.edited(updated={0: new}).tree).updated
    assert updated.name == "zero"
    assert {each.field: each.values() for each in updated.fields} == {
        "credential": "basic (1) 0 → basic (1) zero",
        "lifetime": "0 to 1 → 1 to 2",
    }


def test_a_parent_hash_alone_is_a_difference() -> None:
    key = b"\x01" * 32
    before = (leaf("a"), ParentNode(key, b"old"), leaf("b"))
    after = (leaf("a"), ParentNode(key, b"new"), leaf("b"))
    assert compare_trees(before, after).parents == Parents(rehashed=(1,))


def test_nodes_at_wrong_places_count_for_nothing() -> None:
    parent = ParentNode(b"key", b"")
    difference = compare_trees((leaf("a"), None, leaf("b")), (parent, leaf("b"), leaf("b")))
    assert [each.name for each in difference.removed] == ["a"]
    assert not difference.added
    assert difference.parents == Parents()


def test_nothing_differs_from_nothing() -> None:
    assert compare_trees((), ()).same
    assert compare_trees((), (leaf("a"),)).members == (0, 1)


def test_ten_thousand_members_are_compared_in_a_moment() -> None:
    before = tree_of(10_000)
    steps = before.filtered_path(7)
    parents = {each.height: ParentNode(b"key %d" % each.height, b"") for each in steps}
    renewed = leaf("7").replace(
        leaf_node_source=LeafNodeSource.commit, lifetime=None, parent_hash=b"", encryption_key=b"n"
    )
    after = before.with_path(7, renewed, parents).edited(removed=range(100, 200)).tree
    arrays = before.to_nodes(), after.to_nodes()
    begun = time.perf_counter()
    difference = compare_trees(*arrays)
    assert time.perf_counter() - begun < 2
    assert len(difference.removed) == 100
    assert difference.members == (10_000, 9_900)
