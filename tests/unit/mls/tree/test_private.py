"""A member's private keys (RFC 9420 §7.5)."""

from __future__ import annotations

from covey.mls.tree.private import PrivateTree
from tree_samples import SUITE, grown_tree

GROUP = grown_tree(5)


def private_of(index: int) -> PrivateTree:
    path = {}
    for node, secret in GROUP.known_to(index):
        height = (~node & (node + 1)).bit_length() - 1
        path[height] = SUITE.derive_key_pair(SUITE.derive_secret(secret, "node"))[0]
    return PrivateTree(index, GROUP.clients[index].encryption_key, path)


def test_keys_are_found_by_height() -> None:
    private = private_of(1)
    assert private.key(0) == private.leaf
    assert sorted(private.path) == [1, 2, 3]
    assert private.key(2) == private.path[2]
    assert private.key(9) is None


def test_keys_belong_to_the_tree() -> None:
    for index in GROUP.clients:
        assert private_of(index).mismatch(GROUP.tree) is None


def test_a_key_of_another_node_is_noticed() -> None:
    private = private_of(1)
    other = private_of(3)
    assert PrivateTree(1, other.leaf, private.path).mismatch(GROUP.tree) == 0
    assert private.with_keys({2: private.path[1]}).mismatch(GROUP.tree) == 2
    assert private.with_keys({1: private.path[1]}).mismatch(GROUP.tree) is None
    changed = GROUP.tree.edited(removed=(3,)).tree
    assert private.mismatch(changed) == 2


def test_keys_of_blanked_nodes_are_dropped() -> None:
    private = private_of(1)
    after = GROUP.tree.edited(removed=(3,)).tree
    following = private.following(GROUP.tree, after)
    assert following.path == {1: private.path[1]}
    assert following.leaf == private.leaf
    assert following.mismatch(after) is None


def test_keys_of_a_tree_that_was_cut_are_dropped() -> None:
    private = private_of(1)
    after = GROUP.tree.edited(removed=(4,)).tree
    assert after.height == 2
    assert sorted(private.following(GROUP.tree, after).path) == [1, 2]


def test_keys_of_replaced_nodes_are_dropped() -> None:
    """Forward secrecy: a key that a new path replaces is not kept."""
    group = grown_tree(5)
    before = group.tree
    private = private_of(1)
    group.commit(0)
    assert private.following(before, group.tree).path == {}


def test_keys_stay_when_only_others_change() -> None:
    private = private_of(1)
    after = GROUP.tree.edited(added=GROUP.tree.to_nodes()[:1]).tree  # type: ignore[arg-type]
    assert private.following(GROUP.tree, after).path == private.path
    assert private.following(GROUP.tree, GROUP.tree).path == private.path


def test_new_keys_take_the_place_of_old_ones() -> None:
    private = PrivateTree(2, b"leaf", {1: b"one", 3: b"three"})
    assert private.with_keys({3: b"new"}) == PrivateTree(2, b"leaf", {1: b"one", 3: b"new"})
    assert private.with_keys({}, b"new leaf").leaf == b"new leaf"


def test_private_keys_do_not_show() -> None:
    assert repr(PrivateTree(2, b"secret", {1: b"secret"})) == "PrivateTree(index=2, …)"
