"""Reading a group back from bytes that are damaged, or of another version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey import mls
from covey.errors import StorageError
from covey.mls.group import rows
from group_samples import found, key_package, member
from wire_strategies import damaged


def _snapshot() -> bytes:
    alice, bob = found("ab")
    alice.receive(bob.propose_update())
    alice.commit(add=[key_package(member("c"))])
    return alice.snapshot()


SNAPSHOT = _snapshot()


@given(data=st.binary(max_size=200))
def test_what_is_no_snapshot_is_refused(data: bytes) -> None:
    with pytest.raises(StorageError):
        mls.Group.restore(data)


@given(data=damaged(SNAPSHOT))
def test_a_damaged_snapshot_is_refused_or_read(data: bytes) -> None:
    try:
        group = mls.Group.restore(data)
    except StorageError:
        return
    assert group.tree.tree_hash == group.context.tree_hash


def test_another_version_is_refused() -> None:
    with pytest.raises(StorageError, match="version 2"):
        mls.Group.restore(b"\x00\x02" + SNAPSHOT[2:])
    store = {rows.FORMAT: b"\x00\x02"}
    with pytest.raises(StorageError, match="version 2"):
        mls.Group.load(store)


def test_an_empty_store_is_no_group() -> None:
    with pytest.raises(StorageError, match="KeyError"):
        mls.Group.load({})


def test_a_tree_that_is_higher_than_it_needs_to_be_is_not_hashed() -> None:
    group = found("ab")[0]
    store: dict[bytes, bytes] = {}
    group.changes().apply_to(store)
    row = rows.EpochRow.decode(store[rows.EPOCH])
    for height in (2, 31, 255):
        store[rows.EPOCH] = row.replace(height=height).encode()
        with pytest.raises(StorageError):
            mls.Group.load(store)
    store[rows.EPOCH] = row.replace(height=0).encode()
    with pytest.raises(StorageError):
        mls.Group.load(store)


def test_keys_of_another_length_are_refused() -> None:
    stored = {row.key: row.value for row in rows.SnapshotRows.decode(SNAPSHOT).rows}
    fixed = {rows.PAST: 8, rows.NODE: 16, rows.RESUMPTION: 8, rows.PENDING_NODE: 8}
    for key in stored:
        for other in (key[:-1], key + b"\xff", key + bytes(12), b"R" + key, key[:1]):
            store = dict(stored)
            store[other] = store.pop(key)
            try:
                mls.Group.load(store).changes()
            except StorageError:
                continue
            length = fixed.get(other[:1])
            assert length in {None, len(other) - 1}


def test_another_tree_than_the_epochs_is_refused() -> None:
    one, other = ({}, {})
    found("ab")[0].changes().apply_to(one)
    found("ab")[0].changes().apply_to(other)
    one |= {key: value for key, value in other.items() if key[:1] == rows.NODE}
    with pytest.raises(StorageError):
        mls.Group.load(one)
