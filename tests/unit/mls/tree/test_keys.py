"""The index of public keys (RFC 9420 §7.3)."""

from __future__ import annotations

from covey.mls.structs.tree import ParentNode
from covey.mls.tree import keys
from tree_samples import leaf, tree_from, tree_of

ONE, OTHER = leaf("one"), leaf("other")
PARENT = ParentNode(b"parent key", b"")


def test_keys_are_found_by_place() -> None:
    index = keys.EMPTY.changed((), (), [(0, ONE), (3, OTHER)], [(5, PARENT)])
    assert dict(index.encryption) == {
        ONE.encryption_key: 0, OTHER.encryption_key: 6, PARENT.encryption_key: 5
    }  # fmt: skip
    assert dict(index.signature) == {ONE.signature_key: 0, OTHER.signature_key: 3}
    assert not index.twice_encryption
    assert not index.twice_signature


def test_keys_leave_with_their_nodes() -> None:
    index = keys.EMPTY.changed((), (), [(0, ONE), (3, OTHER)], [(5, PARENT)])
    assert index.changed([ONE, OTHER], [PARENT], ()) == keys.EMPTY


def test_a_key_may_move() -> None:
    index = keys.EMPTY.changed((), (), [(0, ONE)])
    moved = index.changed([ONE], (), [(4, ONE)])
    assert dict(moved.encryption) == {ONE.encryption_key: 8}
    assert not moved.twice_encryption


def test_a_key_at_two_places_is_noticed() -> None:
    index = keys.EMPTY.changed((), (), [(0, ONE)])
    same_encryption = OTHER.replace(encryption_key=ONE.encryption_key)
    same_signature = OTHER.replace(signature_key=ONE.signature_key)
    parent = ParentNode(ONE.encryption_key, b"")
    encryption = {ONE.encryption_key}
    assert index.changed((), (), [(1, same_encryption)]).twice_encryption == encryption
    assert index.changed((), (), [(1, same_signature)]).twice_signature == {ONE.signature_key}
    assert index.changed((), (), (), [(1, parent)]).twice_encryption == encryption
    twins = keys.EMPTY.changed((), (), [(0, ONE), (1, ONE)])
    assert twins.twice_encryption == encryption
    assert twins.twice_signature == {ONE.signature_key}


def test_the_index_is_a_value() -> None:
    index = keys.EMPTY.changed((), (), [(0, ONE)])
    index.changed([ONE], (), [(1, OTHER)])
    assert dict(index.encryption) == {ONE.encryption_key: 0}


def test_a_tree_with_a_key_twice_is_noticed_however_it_was_made() -> None:
    twin = leaf("two").replace(signature_key=leaf("0").signature_key)
    assert tree_of(3).edited(added=(twin,)).tree.keys.twice_signature
    assert tree_of(3).edited(updated={1: twin}).tree.keys.twice_signature
    assert tree_from(leaf("0"), None, twin).keys.twice_signature
    parent = ParentNode(leaf("0").encryption_key, b"")
    assert tree_from(leaf("0"), parent, leaf("1")).keys.twice_encryption
    path = {1: parent}
    assert tree_of(3).with_path(1, leaf("new"), path).keys.twice_encryption
