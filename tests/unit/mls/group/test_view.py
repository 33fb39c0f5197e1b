"""What can be read off a group."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import StateError
from covey.mls.structs.tree import RatchetTreeNodes
from group_samples import ALL_SUITES, everyone, extension, found


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
def test_a_group_tells_about_itself(suite: int) -> None:
    alice, bob = found("ab", suite)
    assert alice.suite.code == suite
    assert alice.context.epoch == alice.epoch == 1
    assert (alice.group_id, alice.extensions) == (b"group", ())
    assert (alice.own_index, bob.own_index) == (0, 1)
    assert [each.identity for each in alice.members] == [b"a", b"b"]
    assert RatchetTreeNodes.decode(alice.ratchet_tree).ratchet_tree == alice.tree.to_nodes()
    assert len(alice.epoch_authenticator) == alice.suite.Nh
    assert alice.reinit is None


def test_members_are_found() -> None:
    alice, bob = found("ab")
    assert alice.member_at(1) == alice.find(b"b") == bob.members[1]
    assert alice.member_at(2) is None
    assert alice.member_at(-1) is None
    assert alice.find(b"x") is None


def test_val_216_the_exporter() -> None:
    alice, bob = found("ab")
    secret = alice.export("label", b"context", 40)
    assert len(secret) == 40
    assert bob.export("label", b"context", 40) == secret
    others = {
        alice.export("other", b"context", 40),
        alice.export("label", b"other", 40),
        alice.export("label", b"context", 39) + b"x",
    }
    assert secret not in others
    everyone([alice, bob], alice.commit().message)
    assert alice.export("label", b"context", 40) != secret


def test_extensions_are_those_of_the_context() -> None:
    alice, bob = found("ab")
    pending = alice.commit(extensions=[extension(0x000A, b"x")])
    everyone([alice, bob], pending.message)
    assert bob.extensions == (extension(0x000A, b"x"),)


def test_val_217_epochs_have_different_authenticators() -> None:
    groups = found("ab")
    seen = set()
    for _ in range(5):
        assert groups[0].epoch_authenticator == groups[1].epoch_authenticator
        seen.add(groups[0].epoch_authenticator)
        everyone(groups, groups[1].commit(psks=[groups[1].resumption_psk_id(1)]).message)
    assert len(seen) == 5


def test_a_removed_member_can_derive_nothing() -> None:
    alice, bob = found("ab")
    everyone([alice, bob], alice.commit(remove=[1]).message)
    with pytest.raises(StateError, match="removed"):
        bob.export("label", b"", 16)
    with pytest.raises(StateError, match="removed"):
        _ = bob.epoch_authenticator


@pytest.mark.parametrize("length", [-1, 255 * 32 + 1, 1 << 16])
def test_a_length_that_there_is_not(length: int) -> None:
    [alice] = found("a")
    with pytest.raises(ValueError, match="expand"):
        alice.export("label", b"", length)


def test_the_next_generation_names_a_message_before_it_is_made() -> None:
    alice, bob = found("ab")
    application, commit = mls.ContentType.application, mls.ContentType.commit
    for generation in range(3):
        assert alice.next_generation(application) == generation
        event = bob.receive(alice.protect(b"x"))
        assert isinstance(event, mls.MessageReceived)
        assert event.generation == generation
    assert alice.next_generation(commit) == alice.next_generation(mls.ContentType.proposal) == 0
    alice.discard(alice.commit())
    assert alice.next_generation(commit) == 1
    everyone([alice, bob], alice.commit().message)
    assert alice.next_generation(application) == alice.next_generation(commit) == 0


def test_a_public_message_uses_no_generation() -> None:
    alice, _ = found("ab")
    alice.discard(alice.commit(handshake=mls.WireFormat.mls_public_message))
    assert alice.next_generation(mls.ContentType.commit) == 0


def test_who_was_removed_has_no_next_generation() -> None:
    alice, bob = found("ab")
    everyone([alice, bob], alice.commit(remove=[1]).message)
    with pytest.raises(StateError, match="VAL-162"):
        bob.next_generation(mls.ContentType.application)
    with pytest.raises(TypeError, match="ContentType is needed"):
        alice.next_generation(1)  # type: ignore[arg-type]
