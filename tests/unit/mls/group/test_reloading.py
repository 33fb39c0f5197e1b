"""A group that another process has changed is read again, and of its tree only what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey import mls
from covey.errors import StorageError
from covey.mls.group import rows
from group_samples import agree, everyone, found, key_package, member

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY = mls.Policy(past_epochs=2, resumption_epochs=2, grease=False)


class Disk:
    """Rows that two processes share, and what was read of their trees."""

    def __init__(self, group: mls.Group) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.asked: list[int] = []
        self.read = 0
        self.write(group)

    def write(self, group: mls.Group) -> None:
        """Store what changed."""
        group.changes().apply_to(self.rows)

    def load(self) -> mls.Group:
        """The group as another process has it."""
        return mls.Group.load(self.rows, mls.Ports(POLICY))

    def nodes(self, after: int) -> Mapping[bytes, bytes]:
        """Rows of trees of later epochs."""
        self.asked.append(after)
        found_rows = {
            key: value
            for key, value in self.rows.items()
            if key[:1] == rows.NODE and rows.numbers(key[1:], 2)[1] > after
        }
        self.read += len(found_rows)
        return found_rows

    def reload(self, group: mls.Group) -> mls.Group:
        """The group in a process that had it before."""
        others = {key: value for key, value in self.rows.items() if key[:1] != rows.NODE}
        again = group.reloaded(others, self.nodes)
        assert again.snapshot() == self.load().snapshot()
        return again


@pytest.fixture
def groups() -> list[mls.Group]:
    """Eight members; the paths of the first and the last are there."""
    found_groups = found("abcdefgh", policy=POLICY)
    for committer in (0, 7, 0):
        everyone(found_groups, found_groups[committer].commit().message)
    return found_groups


def test_after_messages_no_row_of_a_tree_is_read(groups: list[mls.Group]) -> None:
    disk = Disk(groups[0])
    one, two = disk.load(), disk.load()
    assert isinstance(two.receive(groups[3].protect(b"hello")), mls.MessageReceived)
    two.reserve(mls.ContentType.application)
    groups[3].receive(two.protect(b"good morning"))
    disk.write(two)
    one = disk.reload(one)
    assert disk.asked == []
    assert one.next_generation(mls.ContentType.application) == 16
    assert isinstance(groups[3].receive(one.protect(b"good evening")), mls.MessageReceived)


def test_after_a_commit_only_its_nodes_are_read(groups: list[mls.Group]) -> None:
    disk = Disk(groups[0])
    one, two = disk.load(), disk.load()
    pending = groups[5].commit()
    everyone([two, *groups[1:]], pending.message)
    disk.write(two)
    one = disk.reload(one)
    assert disk.asked == [groups[0].epoch - POLICY.past_epochs + 1]
    assert disk.read < len(groups[0].tree.to_nodes())
    agree([one, *groups[1:]])
    everyone([one, *groups[1:]], one.commit(remove=[2]).message)
    agree([one, groups[7]])


def test_a_pending_commit_of_the_other_process_is_there(groups: list[mls.Group]) -> None:
    disk = Disk(groups[0])
    one, two = disk.load(), disk.load()
    pending = two.commit(add=[key_package(member("x"))])
    disk.write(two)
    one = disk.reload(one)
    assert disk.asked == []
    assert one.pending is not None
    assert one.pending.message == pending.message
    everyone([one, *groups[1:]], pending.message)
    agree([one, *groups[1:]])


def test_who_is_too_far_behind_reads_everything(groups: list[mls.Group]) -> None:
    disk = Disk(groups[0])
    one, two = disk.load(), disk.load()
    for committer in (1, 2, 3, 4):
        everyone([two, *groups[1:]], groups[committer].commit().message)
        disk.write(two)
    one = disk.reload(one)
    assert disk.asked == [-1]
    agree([one, *groups[1:]])


def test_other_rows_than_the_trees_are_refused(groups: list[mls.Group]) -> None:
    disk = Disk(groups[0])
    one, two = disk.load(), disk.load()
    everyone([two, *groups[1:]], groups[5].commit().message)
    disk.write(two)
    others = {key: value for key, value in disk.rows.items() if key[:1] != rows.NODE}
    with pytest.raises(StorageError):
        one.reloaded(others, lambda _: {})
    with pytest.raises(StorageError, match="KeyError"):
        one.reloaded({}, disk.nodes)
    assert disk.reload(one).epoch == two.epoch


@settings(deadline=None, max_examples=30)
@given(
    steps=st.lists(
        st.sampled_from(("commit", "add", "remove", "say", "pending", "reload")), max_size=14
    )
)
def test_whatever_the_other_process_does_it_is_read(steps: list[str]) -> None:
    alice, bob = found("ab", policy=POLICY)
    disk = Disk(alice)
    one, two = disk.load(), disk.load()
    for step in (*steps, "reload"):
        match step:
            case "commit":
                everyone([bob, two], bob.commit(update=True).message)
            case "add":
                everyone([bob, two], bob.commit(add=[key_package(member("x"))]).message)
            case "remove" if len(bob.members) > 2:
                everyone([bob, two], bob.commit(remove=[bob.members[-1]]).message)
            case "say":
                two.receive(bob.protect(b"hello"))
            case "pending" if two.pending is None:
                two.commit()
            case "reload":
                one = disk.reload(one)
        disk.write(two)
    assert one.epoch == bob.epoch
