"""Proposals that nobody can commit: who makes them keeps nobody from going."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.sync.test_copies import put
from covey.access.structs.extensions import Right
from covey.client.sync.group import capabilities
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import profile
from covey.mls import Group, Policy, Ports, UnknownProposal
from insider import lawless

if TYPE_CHECKING:
    from client.table import Someone, Table

UNKNOWN = 0xF0F0
"""A type of proposals that nobody supports."""


def spoils(mallory: Someone, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Propose what is valid by itself, and can be committed by nobody."""
    lenient = Ports(
        Policy(extension_types=profile.EXTENSION_TYPES),
        entropy=mallory.table.entropy,
        now=lambda: int(mallory.table.now),
    )
    double = Group.restore(mallory.place.seat.group.snapshot(), lenient)
    with lawless(monkeypatch):
        made = [double.propose(UnknownProposal(UNKNOWN, bytes([each]))) for each in range(times)]
    for message in made:
        put(mallory, message, mallory.table.entropy(16))


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("times", [1, 8])
def test_who_has_opened_a_door_goes_in_spite_of_what_nobody_can_commit(
    table: Table, monkeypatch: pytest.MonkeyPatch, times: int, right: Right
) -> None:
    """Its door has to be closed, or goes on under whoever commits: that is one more proposal."""
    alice, bob, mallory, dave = people = table.team("alice", "bob", "mallory", "dave")
    seat, hour = alice.place.seat, dave.peer.home.world.hour
    dave.wish(wishes.OpenDoor(table.entropy(32), right, hour + capabilities.RECOVERY_HOURS))
    table.settle(*people)
    own = dave.peer.home.opener
    assert own in {each.creator for each in capabilities.standing(seat, right)}
    dave.leave()
    epoch = seat.group.epoch
    for _ in range(3):
        spoils(mallory, times, monkeypatch)  # before it in each epoch
        dave.turn()
        before = seat.group.epoch
        while seat.group.epoch == before and seat.group.epoch < epoch + 3:
            table.passes(1)
            alice.turn()
        table.settle(bob, mallory, rounds=1, step=0)
    dave.turn()
    assert dave.place.seat.look().status is Status.left
    assert alice.authenticator == bob.authenticator
