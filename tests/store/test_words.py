"""The index of words: behind the messages until it is asked for, and never beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.errors import StorageError
from covey.store import words
from store.filling import put

if TYPE_CHECKING:
    from covey.store import Rows, SqlStore

_FIND = "SELECT rowid FROM words WHERE words MATCH 'hello' ORDER BY rowid"


def _sound(rows: Rows) -> None:
    rows.do("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")


def _index_and_fail(rows: Rows) -> None:
    words.index(rows)
    rows.do("INSERT INTO nothing VALUES (1)")


def test_words_wait_until_they_are_indexed(store: SqlStore) -> None:
    with store.transaction() as rows:
        assert words.are_indexed(rows)
        group = put(rows, "groups", gid=b"gid")
        numbers = [
            put(rows, "messages", group_=group, message=bytes([n]), text=f"hello {n}")
            for n in range(3)
        ]
        assert not words.are_indexed(rows)
        assert rows.all(_FIND) == []
        words.index(rows)
        assert words.are_indexed(rows)
        assert [number for (number,) in rows.all(_FIND)] == numbers
        words.index(rows)
        assert [number for (number,) in rows.all(_FIND)] == numbers
        _sound(rows)


def test_what_goes_leaves_the_index_whether_it_was_in_it_or_not(store: SqlStore) -> None:
    with store.transaction() as rows:
        group = put(rows, "groups", gid=b"gid")
        for n in range(4):
            put(rows, "messages", group_=group, message=bytes([n]), text=f"hello {n}")
            if n == 1:
                words.index(rows)
        rows.do("DELETE FROM messages WHERE message IN (x'01', x'03')")
        words.index(rows)
        assert rows.all(_FIND) == [(1,), (3,)]
        assert words.are_indexed(rows)
        _sound(rows)


def test_an_index_that_was_undone_is_made_again(store: SqlStore) -> None:
    with store.transaction() as rows:
        put(rows, "messages", group_=put(rows, "groups", gid=b"gid"), text="hello")
    with pytest.raises(StorageError), store.transaction() as rows:
        _index_and_fail(rows)
    with store.transaction() as rows:
        assert not words.are_indexed(rows)
        words.index(rows)
        assert rows.all(_FIND) == [(1,)]
        _sound(rows)
