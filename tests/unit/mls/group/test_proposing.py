"""Proposals as a member makes them."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import DecodeError, LocalProtocolError, StateError
from covey.mls.wire.code_points import LeafNodeSource
from group_samples import (
    PRIVATE,
    PUBLIC,
    UNKNOWN_TYPE,
    agree,
    everyone,
    extension,
    external_psk,
    found,
    key_package,
    member,
    resumption_psk,
)

FORMS = pytest.mark.parametrize("form", [PUBLIC, PRIVATE], ids=["public", "private"])


@FORMS
def test_every_kind_of_proposal(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    package = key_package(member("c"))
    made = [
        (alice.propose_add(package), mls.Add(package)),
        (alice.propose_remove(1), mls.Remove(1)),
        (alice.propose_psk(external_psk()), mls.PreSharedKey(external_psk())),
        (alice.propose_psk(resumption_psk()), mls.PreSharedKey(resumption_psk())),
        (alice.propose_extensions([]), mls.GroupContextExtensions(())),
        (
            alice.propose_reinit(mls.ReInit(b"n", 1, 1, ())),
            mls.ReInit(b"n", 1, 1, ()),
        ),
        (alice.leave(), mls.SelfRemove()),
    ]
    for message, proposal in made:
        event = bob.receive(message)
        assert isinstance(event, mls.ProposalReceived)
        assert event.proposal == proposal
    assert [each.proposal for each in alice.proposals] == [each for _, each in made]
    assert alice.proposals == bob.proposals


@pytest.mark.parametrize("rotated", [True, False])
@FORMS
def test_an_update_brings_fresh_keys(form: mls.WireFormat, *, rotated: bool) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    fresh = member("b") if rotated else None
    old = bob.tree.leaf(1)
    message = bob.propose_update(fresh)
    event = alice.receive(message)
    assert isinstance(event, mls.ProposalReceived)
    assert isinstance(event.proposal, mls.Update)
    leaf = event.proposal.leaf_node
    assert old is not None
    assert leaf.leaf_node_source is LeafNodeSource.update
    assert leaf.encryption_key != old.encryption_key
    assert (leaf.signature_key != old.signature_key) is rotated
    everyone([alice, bob], alice.commit().message)
    agree([alice, bob])
    assert alice.tree.leaf(1) == leaf
    assert isinstance(alice.receive(bob.protect(b"with the new keys")), mls.MessageReceived)


def test_of_several_updates_the_last_one_is_committed() -> None:
    alice, bob = found("ab")
    for message in [bob.propose_update() for _ in range(3)]:
        alice.receive(message)
    last = alice.proposals[-1].proposal
    everyone([alice, bob], alice.commit().message)
    assert isinstance(last, mls.Update)
    assert alice.tree.leaf(1) == last.leaf_node
    agree([alice, bob])


@pytest.mark.parametrize(
    ("proposal", "match"),
    [
        (mls.Remove(7), "VAL-117"),
        (mls.PreSharedKey(external_psk(nonce=b"")), "VAL-120"),
        (mls.ReInit(b"x", 0, 1, ()), "VAL-121"),
        (mls.GroupContextExtensions((extension(1), extension(1))), "VAL-014"),
        (mls.ExternalInit(b""), "VAL-142"),
        (mls.UnknownProposal(UNKNOWN_TYPE, b""), "VAL-143"),
        (mls.Add(key_package(member("x", 3))), "VAL-052"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_what_is_not_valid_is_not_proposed(proposal: object, match: str) -> None:
    alice = found("ab")[0]
    before = alice.snapshot()
    with pytest.raises(LocalProtocolError, match=match):
        alice.propose(proposal)  # type: ignore[arg-type]
    assert alice.snapshot() == before


def test_only_key_packages_are_proposed_to_add() -> None:
    alice = found("ab")[0]
    with pytest.raises(DecodeError):
        alice.propose_add(b"nothing")
    with pytest.raises(StateError, match="KeyPackage is needed"):
        alice.propose_add(alice.group_info())
