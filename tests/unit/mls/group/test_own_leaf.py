"""One's own leaf: its extensions change with a commit, and others can encrypt to it."""

from __future__ import annotations

import os

import pytest

from covey.errors import AuthenticationError, LocalProtocolError, StateError
from covey.mls import CipherSuite, Extension, Group, Member, Policy

SUITE = CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
NOTE = 0xF0C2
POLICY = Policy(extension_types=(NOTE,))


def _pair() -> tuple[Group, Group]:
    alice, bob = (Member.basic(name, SUITE, policy=POLICY) for name in (b"alice", b"bob"))
    package = bob.key_package()
    group = Group.create(alice)
    pending = group.commit(add=[package])
    group.accept(pending)
    return group, Group.join(bob, package, pending.welcome)


def _extensions(group: Group, index: int) -> tuple[Extension, ...]:
    leaf = group.tree.leaf(index)
    assert leaf is not None
    return leaf.extensions


def test_a_commit_replaces_the_extensions_of_our_leaf() -> None:
    alice, bob = _pair()
    pending = bob.commit(leaf_extensions=[Extension(NOTE, b"here")])
    alice.receive(pending.message)
    bob.accept(pending)
    assert _extensions(alice, 1) == (Extension(NOTE, b"here"),)
    assert not _extensions(alice, 0)
    pending = bob.commit(path=True)
    alice.receive(pending.message)
    bob.accept(pending)
    assert _extensions(alice, 1) == (Extension(NOTE, b"here"),)
    pending = bob.commit(leaf_extensions=())
    alice.receive(pending.message)
    assert not _extensions(alice, 1)


def test_an_extension_that_we_do_not_list_is_refused() -> None:
    alice, _ = _pair()
    with pytest.raises(LocalProtocolError) as refused:
        alice.commit(leaf_extensions=[Extension(NOTE + 1, b"")])
    assert refused.value.rule == "VAL-039"
    assert alice.pending is None


def _sealed(group: Group, index: int, context: bytes = b"for you") -> tuple[bytes, bytes]:
    leaf = group.tree.leaf(index)
    assert leaf is not None
    key = leaf.encryption_key
    return group.suite.encrypt_with_label(key, "a note", context, b"hello", os.urandom)


def test_what_is_encrypted_to_our_leaf_we_can_decrypt() -> None:
    alice, bob = _pair()
    sealed = _sealed(alice, 1)
    assert bob.decrypt_with_label("a note", b"for you", *sealed) == b"hello"
    for label, context, group in (
        ("another", b"for you", bob),
        ("a note", b"for others", bob),
        ("a note", b"for you", alice),
    ):
        with pytest.raises(AuthenticationError):
            group.decrypt_with_label(label, context, *sealed)


def test_a_new_leaf_cannot_decrypt_what_was_for_the_old_one() -> None:
    alice, bob = _pair()
    sealed = _sealed(alice, 1)
    bob.accept(bob.commit(path=True))
    with pytest.raises(AuthenticationError):
        bob.decrypt_with_label("a note", b"for you", *sealed)


@pytest.mark.parametrize("label", ["UpdatePathNode", "Welcome"])
def test_the_labels_of_the_protocol_are_its_own(label: str) -> None:
    _, bob = _pair()
    with pytest.raises(ValueError, match="take another one"):
        bob.decrypt_with_label(label, b"", b"", b"")


def test_who_was_removed_has_no_leaf() -> None:
    alice, bob = _pair()
    sealed = _sealed(alice, 1)
    bob.receive(alice.commit(remove=[1]).message)
    with pytest.raises(StateError):
        bob.decrypt_with_label("a note", b"for you", *sealed)
