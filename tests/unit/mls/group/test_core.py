"""What a group needs from outside, and its snapshots."""

from __future__ import annotations

import time

from covey import mls
from covey.mls.crypto.entropy import system_entropy
from covey.mls.rules.registry import Local, Remote
from group_samples import found


def test_ports_have_the_systems_defaults() -> None:
    ports = mls.Ports()
    assert ports.policy == mls.Policy()
    assert isinstance(ports.psks, mls.MemoryPsks)
    assert ports.entropy is system_entropy
    assert abs(ports.now() - time.time()) < 5
    assert ports.linked == ()


def test_an_empty_store_of_psks_is_kept() -> None:
    known = mls.MemoryPsks()
    assert mls.Ports(psks=known).psks is known


def test_linking_makes_other_ports() -> None:
    old = found("a")[0]
    ports = mls.Ports()
    linked = ports.linked_to(old)
    assert (ports.linked, linked.linked) == ((), (old,))
    assert (linked.policy, linked.psks, linked.now) == (ports.policy, ports.psks, ports.now)


def test_resumption_psks_are_ours_first_and_then_those_of_linked_groups() -> None:
    own, other = found("a")[0], found("b", group_id=b"other")[0]
    ports = mls.Ports(linked=[other])
    find = ports.resumption(own._state)  # noqa: SLF001 - what the facade hands in
    assert find(b"group", 1) == own.resumption_psk(1)
    assert find(b"other", 1) == other.resumption_psk(1)
    assert find(b"other", 9) is None
    assert find(b"unknown", 1) is None
    assert ports.resumption(None)(b"group", 1) is None


def test_things_are_checked_by_the_policy_and_the_clock() -> None:
    ports = mls.Ports(mls.Policy(strict=False), now=lambda: 42)
    check = ports.check(Remote)
    assert (check.policy, check.now, check.blame) == (ports.policy, 42, Remote)
    assert ports.kit(Local).check.blame is Local


def test_a_group_takes_the_policy_and_the_entropy_of_its_creator() -> None:
    drawn: list[int] = []

    def entropy(length: int) -> bytes:
        drawn.append(length)
        return system_entropy(length)

    policy = mls.Policy(past_epochs=1)
    alice = mls.Member.basic(b"alice", 1, policy=policy, entropy=entropy)
    drawn.clear()
    group = mls.Group.create(alice)
    assert group.ports.policy is policy
    assert group.ports.entropy is entropy
    assert 32 in drawn


def test_equal_states_have_equal_snapshots() -> None:
    alice, bob = found("ab")
    before = alice.snapshot()
    assert alice.snapshot() == before
    assert bob.snapshot() != before
    alice.protect(b"uses a generation")
    assert alice.snapshot() != before
    assert mls.Group.restore(before).snapshot() == before


def test_a_group_that_ended_is_not_active() -> None:
    alice, bob = found("ab")
    assert alice.is_active
    assert alice.can_send
    pending = alice.commit(remove=[1])
    bob.receive(pending.message)
    assert not bob.is_active
    assert not bob.can_send
    alice.accept(pending)
    reinit = alice.commit(reinit=mls.ReInit(b"next", 1, 1, ()))
    alice.accept(reinit)
    assert not alice.is_active
