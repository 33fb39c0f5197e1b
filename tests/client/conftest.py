"""A store with one group in it, for tests of the client's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.store import memory_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.store.port import Rows

GID = bytes(range(32))


def add_group(rows: Rows, gid: bytes) -> int:
    """A group that has nothing but a row."""
    return rows.insert(
        "INSERT INTO groups (gid, broker_id, group_id, status, trouble, name, version, epoch, seq,"
        " hash, counter, joined_at, renewed_at, sent)"
        " VALUES (?, ?, ?, 'active', '', '', 0, 0, 0, ?, 0, 0, 0, 0)",
        gid,
        bytes(32),
        gid,
        bytes(32),
    )


@pytest.fixture
def rows() -> Iterator[Rows]:
    """A transaction on a new store."""
    store = memory_store()
    with store.transaction() as rows:
        yield rows
    store.close()


@pytest.fixture
def group(rows: Rows) -> int:
    """The number of a group in it."""
    return add_group(rows, GID)


@pytest.fixture
def other(rows: Rows) -> int:
    """The number of another group in it."""
    return add_group(rows, GID[::-1])
