"""Processing a commit of somebody else: what is checked, in which order, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import AuthenticationError, MissingKeyError, RemoteProtocolError
from covey.mls.framing import authenticate
from covey.mls.group.member import sign_leaf
from covey.mls.group.process_commit import OwnUpdate, same_tag
from covey.mls.structs.framing import FramedContentAuthData
from group_samples import (
    ALL_SUITES,
    PUBLIC,
    agree,
    commit_of,
    epoch,
    everyone,
    found,
    from_member,
    key_package,
    member,
    refuses,
)
from insider import rewrapped

if TYPE_CHECKING:
    from covey.mls.structs.tree import UpdatePath


def with_path(group: mls.Group, message: bytes, path: UpdatePath) -> bytes:
    """The commit with another path, signed and tagged anew; its confirmation tag is old."""
    commit = commit_of(message).replace(path=path)
    content = authenticate.commit_content(
        group.group_id, group.epoch, from_member(group.own_index), b"", commit
    )
    return rewrapped(group, message, content=content, resign=True)


def path_of(message: bytes) -> UpdatePath:
    """The path of a commit."""
    path = commit_of(message).path
    assert path is not None
    return path


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
def test_everybody_follows_everybody(suite: int) -> None:
    groups = found("abcde", suite)
    for committer in groups:
        everyone(groups, committer.commit(handshake=PUBLIC).message)
        agree(groups)


def test_val_079_the_nodes_of_a_path() -> None:
    alice, bob, _ = found("abc")
    message = alice.commit(handshake=PUBLIC).message
    path = path_of(message)
    for nodes in ((), path.nodes[:1], (*path.nodes, path.nodes[0])):
        bad = with_path(alice, message, path.replace(nodes=nodes))
        refuses(bob, bad, RemoteProtocolError, "VAL-079")


def test_val_080_the_ciphertexts_of_a_node() -> None:
    alice, bob, _ = found("abc")
    message = alice.commit(handshake=PUBLIC).message
    path = path_of(message)
    node = path.nodes[0].replace(encrypted_path_secret=())
    bad = with_path(alice, message, path.replace(nodes=(node, *path.nodes[1:])))
    refuses(bob, bad, RemoteProtocolError, "VAL-080")


def test_val_081_the_parent_hash_covers_the_keys_of_a_path() -> None:
    alice, bob, _ = found("abc")
    message = alice.commit(handshake=PUBLIC).message
    path = path_of(message)
    fresh = alice.suite.generate_key_pair(alice.ports.entropy)[1]
    node = path.nodes[0].replace(encryption_key=fresh)
    bad = with_path(alice, message, path.replace(nodes=(node, *path.nodes[1:])))
    refuses(bob, bad, RemoteProtocolError, "VAL-081")


def test_val_083_the_leaf_has_a_new_key() -> None:
    alice, bob = found("ab")
    message = alice.commit(handshake=PUBLIC).message
    path, old = path_of(message), alice.tree.leaf(0)
    assert old is not None
    leaf = path.leaf_node.replace(encryption_key=old.encryption_key, signature=b"")
    signed = sign_leaf(alice.suite, leaf, epoch(alice).signer, b"group", 0)
    bad = with_path(alice, message, path.replace(leaf_node=signed))
    refuses(bob, bad, RemoteProtocolError, "VAL-083")


def test_val_033_the_leaf_comes_from_the_commit() -> None:
    alice, bob = found("ab")
    message = alice.commit(handshake=PUBLIC).message
    path = path_of(message)
    other = key_package(member("a")).leaf_node
    bad = with_path(alice, message, path.replace(leaf_node=other))
    refuses(bob, bad, RemoteProtocolError, "VAL-033")


def test_val_082_the_leaf_is_signed_for_this_group_and_place() -> None:
    alice, bob = found("ab")
    message = alice.commit(handshake=PUBLIC).message
    path = path_of(message)
    for group_id, index in ((b"other", 0), (b"group", 1)):
        leaf = path.leaf_node.replace(signature=b"")
        signed = sign_leaf(alice.suite, leaf, epoch(alice).signer, group_id, index)
        bad = with_path(alice, message, path.replace(leaf_node=signed))
        refuses(bob, bad, AuthenticationError, "VAL-029")


def test_a_path_secret_that_does_not_open() -> None:
    alice, bob = found("ab")
    message = alice.commit(handshake=PUBLIC).message
    path = path_of(message)
    sealed = path.nodes[0].encrypted_path_secret[0]
    changed = sealed.replace(ciphertext=bytes(len(sealed.ciphertext)))
    node = path.nodes[0].replace(encrypted_path_secret=(changed,))
    refuses(bob, with_path(alice, message, path.replace(nodes=(node,))), AuthenticationError)


def test_val_085_a_path_secret_that_yields_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    from covey.mls.tree import update_path  # noqa: PLC0415 - to make a dishonest committer

    alice, bob = found("ab")
    seal = update_path.seal_all
    monkeypatch.setattr(
        update_path,
        "seal_all",
        lambda encryption, jobs, *rest: seal(
            encryption, [(public, bytes(32)) for public, _ in jobs], *rest
        ),
    )
    message = alice.commit(handshake=PUBLIC).message
    monkeypatch.undo()
    refuses(bob, message, RemoteProtocolError, "VAL-085")


def test_val_157_the_confirmation_tag() -> None:
    alice, bob = found("ab")
    message = alice.commit(handshake=PUBLIC).message
    auth = FramedContentAuthData(b"", bytes(32))
    refuses(bob, rewrapped(alice, message, auth=auth, resign=True), AuthenticationError, "VAL-157")


def test_val_154_a_psk_that_one_does_not_have() -> None:
    known = mls.MemoryPsks()
    known.add(b"psk", b"secret")
    alice, bob = found("ab")
    alice.ports.psks = known
    pending = alice.commit(psks=[b"psk"])
    refuses(bob, pending.message, MissingKeyError, "VAL-154")
    wrong = mls.MemoryPsks()
    wrong.add(b"psk", b"other")
    bob.ports.psks = wrong
    refuses(bob, pending.message, AuthenticationError, "VAL-157")
    bob.ports.psks = known
    bob.receive(pending.message)
    alice.accept(pending)
    agree([alice, bob])


def test_our_own_update_is_committed_by_somebody_else() -> None:
    alice, bob, carol = found("abc")
    messages = [bob.propose_update(), bob.propose_update(member("b")), carol.propose_update()]
    for message in messages:
        for group in (alice, bob, carol):
            group.receive(message)
    pending = alice.commit(references=[alice.proposals[0].reference or b""])
    everyone([alice, bob, carol], pending.message)
    agree([alice, bob, carol])
    everyone([alice, bob, carol], bob.commit().message)
    agree([alice, bob, carol])


def test_tags_are_compared_after_their_lengths() -> None:
    assert same_tag(b"tag", b"tag")
    assert not same_tag(b"tag", b"ta")
    assert not same_tag(b"tag", b"tagg")
    assert not same_tag(b"tag", b"gat")
    assert not same_tag(b"tag", b"")


def test_the_keys_of_an_update_do_not_show() -> None:
    assert repr(OwnUpdate(b"secret", b"signer")) == "OwnUpdate(…)"
