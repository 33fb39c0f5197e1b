"""Stores in memory have nothing in common but their schema, which is that of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.store import memory_store, settings

if TYPE_CHECKING:
    from covey.store import SqlStore

_SCHEMA = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"


def test_stores_in_memory_share_nothing() -> None:
    one, other = memory_store(), memory_store()
    with one.transaction() as rows:
        settings.put(rows, "a", b"1")
    with other.reading() as rows:
        assert settings.get(rows, "a") is None
    one.close()
    other.close()


def test_memory_and_file_have_the_same_schema(in_file: SqlStore) -> None:
    memory = memory_store()
    with memory.reading() as rows, in_file.reading() as others:
        assert rows.all(_SCHEMA) == others.all(_SCHEMA)
        assert rows.one("PRAGMA foreign_keys") == others.one("PRAGMA foreign_keys") == (1,)
    memory.close()
