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
    """A group that has nothing but a row: its columns are empty, but for the gid."""
    empty = {"BLOB": "x''", "TEXT": "''", "INTEGER": "0"}
    needed = rows.all("SELECT name, type FROM pragma_table_info('groups') WHERE \"notnull\" = 1")
    columns = {str(name): empty[str(kind)] for name, kind in needed} | {"gid": "?"}
    names, values = ", ".join(columns), ", ".join(columns.values())
    return rows.insert(f"INSERT INTO groups ({names}) VALUES ({values})", gid)  # noqa: S608 - ours


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
