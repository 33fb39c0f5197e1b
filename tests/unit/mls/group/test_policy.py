"""What the RFC leaves to the application, and its defaults."""

from __future__ import annotations

import dataclasses

import pytest

from certificates import Authority
from covey import mls
from covey.errors import AuthenticationError, PolicyError
from covey.mls.structs.credentials import UnknownCredential
from covey.mls.structs.framing import Sender
from covey.mls.wire.code_points import LeafNodeSource, SenderType
from group_samples import found, key_package, member, public_state, sent

NOW = mls.Ports().now()


def test_it_is_a_value() -> None:
    assert mls.Policy() == mls.Policy()
    with pytest.raises(dataclasses.FrozenInstanceError):
        mls.Policy().strict = False  # type: ignore[misc]
    assert mls.Policy(max_forward=5, max_skipped=6).bounds == (5, 6)


def test_a_basic_credential_is_taken_at_its_word() -> None:
    mls.Policy().validate_credential(mls.BasicCredential(b"anybody"), b"key", NOW)


def test_a_certificate_leads_to_an_anchor() -> None:
    authority = Authority()
    alice = authority.member("alice", 2)
    trusting = mls.Policy(trust_anchors=(authority.root,))
    trusting.validate_credential(alice.credential, alice.signature_key, NOW)
    with pytest.raises(PolicyError, match="no trust anchors"):
        mls.Policy().validate_credential(alice.credential, alice.signature_key, NOW)
    other = mls.Policy(trust_anchors=(Authority().root,))
    with pytest.raises(AuthenticationError):
        other.validate_credential(alice.credential, alice.signature_key, NOW)
    with pytest.raises(AuthenticationError):
        trusting.validate_credential(alice.credential, alice.signature_key, NOW + 10**8)


def test_other_credentials_are_not_supported() -> None:
    with pytest.raises(PolicyError, match="0x0009"):
        mls.Policy().validate_credential(UnknownCredential(9, b""), b"key", NOW)


def test_a_successor_has_the_same_identity() -> None:
    def leaf(name: str) -> object:
        return member(name).leaf(b"", LeafNodeSource.update)

    policy = mls.Policy()
    assert policy.is_successor(leaf("alice"), leaf("alice"))  # type: ignore[arg-type]
    assert not policy.is_successor(leaf("alice"), leaf("bob"))  # type: ignore[arg-type]
    assert policy.client_id(leaf("alice")) == b"alice"  # type: ignore[arg-type]


def test_strangers_do_not_propose() -> None:
    state = public_state(found("ab")[0])
    add = mls.Add(key_package(member("c")))
    mls.Policy().accept_proposal(sent(add, 1, b"r"), state)
    stranger = mls.Sent(add, Sender(SenderType.new_member_proposal), b"r")
    with pytest.raises(PolicyError, match="strangers"):
        mls.Policy().accept_proposal(stranger, state)


def test_commits_are_taken() -> None:
    alice = found("ab")[0]
    changed = alice.commit().changed
    assert mls.Policy().accept_commit(changed, public_state(alice)) is None  # type: ignore[func-returns-value]
    assert mls.Policy().accept_external_commit(changed, public_state(alice)) is None  # type: ignore[func-returns-value]


def test_roles_are_read_from_the_group() -> None:
    """A policy that lets only the founder remove somebody."""

    class Founder(mls.Policy):
        def accept_commit(self, changed: mls.Changed, state: mls.PublicState) -> None:
            founder = state.tree.leaf(0)
            assert founder is not None
            if changed.removed and changed.committer.signature_key != founder.signature_key:
                msg = "only the founder removes"
                raise PolicyError(msg)

    alice, bob, carol = found("abc", policy=Founder())
    with pytest.raises(PolicyError):
        bob.commit(remove=[2])
    pending = alice.commit(remove=[2])
    bob.receive(pending.message)
    assert carol.receive(pending.message)
