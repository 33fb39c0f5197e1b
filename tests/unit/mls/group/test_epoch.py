"""What a member knows of one epoch: what is kept of it, and what is not."""

from __future__ import annotations

from covey.mls.group.epoch import PublicState, past
from covey.mls.schedule import transcript
from group_samples import epoch, everyone, found, public_state


def test_a_public_state_knows_its_encoding_and_its_transcript() -> None:
    state = public_state(found("ab")[0])
    assert state.encoded == state.context.encode()
    assert state.interim == transcript.interim(
        state.suite, state.context.confirmed_transcript_hash, state.confirmation_tag
    )
    again = PublicState.of(state.context, state.tree, state.confirmation_tag)
    assert again == state


def test_val_211_what_is_used_up_is_not_kept() -> None:
    now = epoch(found("ab")[0])
    assert now.secrets.encryption_secret == b""
    assert now.secrets.confirmation_key == b""
    assert now.secrets.init_secret
    assert repr(now) == "<Epoch 1>"


def test_of_a_past_epoch_only_what_reads_late_messages_is_kept() -> None:
    alice, bob = found("ab")
    before = epoch(alice)
    everyone([alice, bob], bob.commit().message)
    state = alice._state  # noqa: SLF001 - tests look inside
    kept = state.past[0]
    assert kept.context == before.public.context
    assert kept.sender_data_secret == before.secrets.sender_data_secret
    assert set(kept.__struct_fields__) == {
        "context",
        "encoded",
        "tree",
        "index",
        "sender_data_secret",
        "secret_tree",
    }
    assert repr(kept) == "<PastEpoch 1>"
    assert repr(past(before, kept.secret_tree)) == "<PastEpoch 1>"
