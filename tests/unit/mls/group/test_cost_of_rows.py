"""What keeping a group costs: rows by the height of the tree, and nothing decoded unasked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.mls.structs.tree import LeafNode
from group_samples import PRIVATE, agree, found, member

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = mls.Policy(handshake=PRIVATE, grease=False)


def two_of(count: int) -> list[mls.Group]:
    """A group of many, as its first and its last member see it."""
    clients = [member(f"{number}", policy=POLICY) for number in range(count)]
    packages = [client.key_package() for client in clients[1:]]
    begun = mls.Group.found(clients[0], [package.message for package in packages])
    return [begun.group, mls.Group.join(clients[-1], packages[-1], begun.welcome)]


def written(group: mls.Group) -> int:
    """How many rows, and ranges of rows, are touched by what changed."""
    changes = group.changes()
    return len(changes.put) + len(changes.delete) + len(changes.ranges)


@pytest.mark.parametrize("count", [16, 64, 256, 1024, 4096])
def test_rows_of_a_commit_grow_as_the_height_of_the_tree(count: int) -> None:
    groups = two_of(count)
    stores: list[dict[bytes, bytes]] = [{}, {}]
    for group, store in zip(groups, stores, strict=True):
        group.changes().apply_to(store)
    bound = 3 * math.log2(count) + 16
    for turn in range(POLICY.past_epochs + 4):
        maker, other = groups if turn % 2 else reversed(groups)
        pending = maker.commit()
        assert written(maker) <= bound
        maker.accept(pending)
        assert written(maker) <= bound
        other.receive(pending.message)
        assert written(other) <= bound
    agree(groups)


@pytest.mark.parametrize("count", [2, 256])
def test_rows_of_a_message_are_few_whatever_the_size(count: int) -> None:
    alice, bob = two_of(count)
    for first in (True, False):
        written(alice)
        written(bob)
        bob.receive(alice.protect(b"hello"))
        bound = 2 * math.log2(count) + 3 if first else 1  # the way down the secret tree, once
        assert written(alice) <= bound
        assert written(bob) <= bound


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Every leaf that is decoded by itself."""
    seen: list[bytes] = []
    decode = LeafNode.decode

    def noted(data: bytes) -> LeafNode:
        seen.append(data)
        return decode(data)

    monkeypatch.setattr(LeafNode, "decode", noted)
    return seen


def test_of_a_group_that_is_loaded_only_those_leaves_are_decoded_that_are_needed(
    decoded: list[bytes],
) -> None:
    groups = found("abcdefgh")
    store: dict[bytes, bytes] = {}
    groups[0].changes().apply_to(store)
    hello = groups[5].protect(b"hello")
    again = mls.Group.load(store)
    again.reserve(mls.ContentType.application)
    again.changes()
    own = len(decoded)
    assert own <= 1  # our own, to compare its key
    groups[5].receive(again.protect(b"good morning"))
    assert len(decoded) == own
    assert isinstance(again.receive(hello), mls.MessageReceived)
    assert len(decoded) == own + 1
    assert again.members == groups[1].members
    assert len(decoded) == len(groups)
    assert again.members == groups[1].members
    assert len(decoded) == len(groups)


def test_a_group_that_is_loaded_knows_its_keys_and_what_its_members_support() -> None:
    groups = found("abcde", policy=POLICY)
    store: dict[bytes, bytes] = {}
    groups[1].receive((first := groups[0].commit()).message)
    groups[0].accept(first)
    groups[0].changes().apply_to(store)
    again = mls.Group.load(store)
    assert again.tree.keys == groups[0].tree.keys
    assert again.tree.census == groups[0].tree.census
    pending = again.commit(remove=[4])
    groups[1].receive(pending.message)
    again.accept(pending)
    agree([again, groups[1]])
