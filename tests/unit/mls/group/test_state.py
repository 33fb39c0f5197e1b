"""All that a group knows at one moment: what is let go as epochs pass."""

from __future__ import annotations

from covey import mls
from group_samples import everyone, found


def test_old_epochs_are_let_go() -> None:
    groups = found("ab", policy=mls.Policy(past_epochs=2, resumption_epochs=3))
    for _ in range(6):
        everyone(groups, groups[0].commit().message)
    state = groups[1]._state  # noqa: SLF001 - tests look inside
    assert [past.context.epoch for past in state.past] == [6, 5]
    assert sorted(state.resumption) == [4, 5, 6, 7]
    assert groups[1].resumption_psk(3) is None
    assert groups[1].resumption_psk(4) == groups[0].resumption_psk(4)
    assert repr(state) == "<State of <Epoch 7>>"


def test_proposals_end_with_their_epoch() -> None:
    alice, bob = found("ab")
    bob.receive(alice.propose_update())
    assert bob.proposals
    everyone([alice, bob], bob.commit(references=()).message)
    for group in (alice, bob):
        state = group._state  # noqa: SLF001 - tests look inside
        assert (state.proposals, state.updates, state.pending) == ({}, {}, None)
