"""A group as rows: what changes is small, what is read back is the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey import mls
from covey.errors import StateError, StorageError
from covey.mls.group import rows
from covey.mls.group.storing import all_rows
from covey.mls.structs.proposals import ReInit
from group_samples import (
    PUBLIC,
    agree,
    everyone,
    extension,
    found,
    key_package,
    member,
)


def restored(group: mls.Group) -> mls.Group:
    """The group from its snapshot."""
    again = mls.Group.restore(group.snapshot(), group.ports)
    assert again.snapshot() == group.snapshot()
    return again


def loaded(group: mls.Group, store: dict[bytes, bytes]) -> mls.Group:
    """The group from a store, after what changed was written to it."""
    group.changes().apply_to(store)
    again = mls.Group.load(store, group.ports)
    assert again.snapshot() == group.snapshot()
    return again


def test_the_first_changes_are_everything() -> None:
    group = found("abc")[0]
    store: dict[bytes, bytes] = {}
    assert loaded(group, store).members == group.members
    nothing = group.changes()
    assert (nothing.put, nothing.delete, nothing.ranges) == ({}, frozenset(), ())


def test_a_restored_group_goes_on() -> None:
    groups = found("abcd")
    late = groups[1].protect(b"late")
    groups = [restored(group) for group in groups]
    pending = groups[2].commit(add=[key_package(member("e"))], remove=[3])
    groups[2] = restored(groups[2])
    everyone(groups, pending.message)
    groups = [restored(group) for group in groups[:3]]
    agree(groups)
    assert isinstance(groups[0].receive(late), mls.MessageReceived)


def test_everything_that_a_state_holds_is_kept() -> None:
    alice, bob, carol = found("abc")
    pending = bob.commit()
    everyone([alice, bob, carol], pending.message)
    late = carol.protect(b"late")
    for message in (alice.propose_update(), alice.propose_psk(b"psk"), alice.leave()):
        bob.receive(message)
    again = restored(alice)
    assert [each.reference for each in again.proposals] == [
        each.reference for each in alice.proposals
    ]
    assert again.proposals == alice.proposals
    assert again.resumption_psk(1) == alice.resumption_psk(1)
    assert again.export("x", b"", 9) == alice.export("x", b"", 9)
    assert isinstance(again.receive(late), mls.MessageReceived)
    with pytest.raises(StateError, match="asked to leave"):
        again.protect(b"we are leaving")


def test_a_pending_commit_is_kept_with_all_that_it_holds() -> None:
    alice = found("ab")[0]
    pending = alice.commit(
        add=[key_package(member("c"))],
        remove=[1],
        update=member("a"),
        psks=[alice.resumption_psk_id(1)],
        extensions=[extension(0x000A)],
        one_welcome_each=True,
    )
    again = restored(alice).pending
    assert again is not None
    assert again.message == pending.message
    assert again.welcomes == pending.welcomes
    assert again.changed == pending.changed
    assert again.ratchet_tree == pending.ratchet_tree
    assert again.epoch_authenticator == pending.epoch_authenticator
    assert mls.Group.join_externally(member("x"), again.group_info()).group.epoch == 3


def test_a_group_that_has_ended_stays_ended() -> None:
    alice, bob = found("ab")
    reinit = ReInit(b"next", 1, 2, (extension(1, b"x"),))
    everyone([alice, bob], alice.commit(reinit=reinit).message)
    assert restored(alice).reinit == reinit
    assert not restored(bob).is_active
    carol, dave = found("cd")
    everyone([carol, dave], carol.commit(remove=[1]).message)
    assert not restored(dave).is_active


def test_a_row_is_changed_and_not_the_whole() -> None:
    groups = found("".join(chr(97 + number) for number in range(26)))
    first, store = groups[0], {}
    whole = len(first.changes().put)
    first.changes().apply_to(store)
    event = groups[1].protect(b"hello")
    first.receive(event)
    assert len(first.changes().put) < 15
    pending = first.commit()
    first.accept(pending)
    changes = first.changes()
    assert len(changes.put) < whole / 2
    assert "put" in repr(changes)


def _touched(group: mls.Group) -> int:
    changes = group.changes()
    return len(changes.put) + len(changes.delete) + len(changes.ranges)


@pytest.mark.parametrize("size", [4, 32, 256, 1_024])
def test_a_commit_touches_as_many_rows_as_the_tree_is_high(size: int) -> None:
    policy = mls.Policy(past_epochs=1, resumption_epochs=1)
    clients = [member(f"member {number}", policy=policy) for number in range(size)]
    packages = [client.key_package() for client in clients[1:]]
    begun = mls.Group.found(clients[0], [each.message for each in packages])
    makes = begun.group
    follows = mls.Group.join(clients[-1], packages[-1], begun.welcome)
    for _ in range(4):  # until epochs go as others come
        makes, follows = follows, makes
        makes.changes()
        follows.changes()
        pending = makes.commit(path=True)
        made = _touched(makes)
        makes.accept(pending)
        made += _touched(makes)
        follows.receive(pending.message)
        most = 3 * math.log2(size) + 32
        assert _touched(follows) <= most
        assert made <= most + 16


def test_what_no_kept_epoch_needs_is_deleted() -> None:
    policy = mls.Policy(past_epochs=2, resumption_epochs=2)
    groups = found("abcdefgh", policy=policy)
    store: dict[bytes, bytes] = {}
    sizes = []
    for number in range(12):
        everyone(groups, groups[number % 8].commit().message)
        loaded(groups[0], store)
        sizes.append(len(store))
    assert max(sizes[6:]) <= sizes[5] + 8
    epochs = {int.from_bytes(key[1:9]) for key in store if key[:1] == rows.SECRET}
    assert epochs == {groups[0].epoch - back for back in range(3)}


def test_many_epochs_may_pass_between_two_writes() -> None:
    groups = found("abcdefgh", policy=mls.Policy(past_epochs=1))
    store: dict[bytes, bytes] = {}
    loaded(groups[0], store)
    for number in range(5):
        everyone(groups, groups[number].commit().message)
    gone = groups[5].commit(remove=[7, 6])
    everyone(groups, gone.message)
    again = loaded(groups[0], store)
    agree([again, *groups[1:6]])
    groups[0] = again
    everyone(groups[:6], groups[2].commit().message)
    loaded(groups[0], store)


_MAY_LACK = {rows.SECRET, rows.RESUMPTION, rows.PAST, rows.NODE, rows.EXPORTER}


def test_a_store_may_be_behind_and_is_then_refused_or_older() -> None:
    alice, bob = found("ab")
    store: dict[bytes, bytes] = {}
    alice.changes().apply_to(store)
    behind = dict(store)
    everyone([alice, bob], bob.commit().message)
    alice.changes().apply_to(store)
    assert mls.Group.load(behind).epoch == 1
    assert mls.Group.load(store).epoch == 2
    for key in list(store):
        missing = {other: value for other, value in store.items() if other != key}
        try:
            mls.Group.load(missing)
        except StorageError:
            continue
        assert key[:1] in _MAY_LACK


def kept_all(group: mls.Group, store: dict[bytes, bytes]) -> None:
    """After what changed was written, a store holds what the group holds, and nothing else."""
    loaded(group, store)
    every = all_rows(group._state)  # noqa: SLF001 - tests look inside
    assert {key for key in every if key[:1] != rows.NODE} == {
        key
        for key in store
        if key[:1] != rows.NODE  # nodes may stand there by earlier epochs
    }
    assert all(store[key] == every[key] for key in every if key[:1] != rows.NODE)


def test_val_162_a_store_keeps_no_secret_of_a_group_that_we_were_removed_from() -> None:
    alice, bob = found("ab", policy=mls.Policy(past_epochs=2))
    everyone([alice, bob], alice.commit().message)
    store: dict[bytes, bytes] = {}
    bob.receive(alice.protect(b"read"))
    bob.commit()
    kept_all(bob, store)
    bob.receive(alice.commit(remove=[1]).message)
    kept_all(bob, store)
    secret = {rows.SECRET, rows.RESUMPTION, rows.PAST, rows.UPDATE}
    assert not secret & {key[:1] for key in store}
    assert not {rows.PENDING, rows.PENDING_NODE, rows.PENDING_SECRET} & {key[:1] for key in store}


STEPS = ("say", "update", "propose", "commit", "discard", "accept", "follow", "load")


@settings(deadline=None, max_examples=40)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=12), writes=st.sets(st.integers(0, 12)))
def test_a_store_holds_what_the_group_holds_whatever_happens(
    steps: list[str], writes: set[int]
) -> None:
    alice, bob = found("ab", policy=mls.Policy(past_epochs=1, resumption_epochs=1, grease=False))
    store: dict[bytes, bytes] = {}
    for number, step in enumerate((*steps, "removed")):
        bob = happens(step, alice, bob, store)
        if number in writes or step == "removed":
            kept_all(bob, store)


def happens(step: str, alice: mls.Group, bob: mls.Group, store: dict[bytes, bytes]) -> mls.Group:
    """One thing that changes what Bob has to keep."""
    match step:
        case "say" if alice.can_send:
            bob.receive(alice.protect(b"hello"))
        case "update" | "propose":
            sender, other = (bob, alice) if step == "update" else (alice, bob)
            other.receive(sender.propose_update())
        case "commit" if bob.pending is None:
            bob.commit()
        case "discard" if bob.pending is not None:
            bob.discard(bob.pending)
        case "accept" if bob.pending is not None:
            alice.receive(bob.pending.message)
            bob.accept(bob.pending)
        case "follow" | "removed":
            everyone([bob, alice], alice.commit(remove=[1] * (step == "removed")).message)
        case "load":
            bob = loaded(bob, store)
    return bob


@pytest.mark.parametrize("suite", list(mls.CipherSuite), ids=lambda suite: f"suite{suite.value}")
def test_every_suite_is_kept(suite: int) -> None:
    groups = found("abc", suite)
    everyone(groups, groups[1].commit(handshake=PUBLIC).message)
    agree([restored(group) for group in groups])


def test_of_members_who_left_no_row_stays() -> None:
    policy = mls.Policy(past_epochs=1, resumption_epochs=1)
    groups = found("abcdefgh", policy=policy)
    alice, store = groups[0], {}
    everyone(groups, alice.commit(remove=[7, 6, 5, 4]).message)
    for _ in range(3):
        loaded(alice, store)
        everyone(groups[:4], alice.commit().message)
    loaded(alice, store)
    nodes = {rows.numbers(key[1:], 2)[0] for key in store if key[:1] == rows.NODE}
    assert nodes == {index for index, node in enumerate(alice.tree.to_nodes()) if node is not None}
