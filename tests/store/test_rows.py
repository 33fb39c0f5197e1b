"""Transactions are whole or nothing, and rows say what they are asked."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

import pytest

from covey.errors import StateError, StorageError
from covey.store import settings, words
from store.filling import put

if TYPE_CHECKING:
    from covey.store import Rows, SqlStore


class Killed(BaseException):
    """What no ``except Exception`` sees."""


def _names(store: SqlStore) -> list[object]:
    with store.reading() as rows:
        return [name for (name,) in rows.all("SELECT name FROM settings ORDER BY name")]


def test_what_was_written_is_there(store: SqlStore) -> None:
    with store.transaction() as rows:
        settings.put(rows, "a", b"1")
        assert settings.get(rows, "a") == b"1"
    assert _names(store) == ["a"]


@pytest.mark.parametrize("error", [ValueError, Killed, KeyboardInterrupt])
def test_an_error_undoes_all_of_it(store: SqlStore, error: type[BaseException]) -> None:
    def write() -> None:
        with store.transaction() as rows:
            settings.put(rows, "a", b"1")
            raise error

    with pytest.raises(error):
        write()
    assert _names(store) == []


def test_a_statement_that_fails_undoes_all_when_nobody_catches_it(store: SqlStore) -> None:
    def write() -> None:
        with store.transaction() as rows:
            settings.put(rows, "a", b"1")
            rows.do("INSERT INTO settings VALUES ('a', x'')")

    with pytest.raises(StorageError, match="UNIQUE"):
        write()
    assert _names(store) == []


def test_transactions_do_not_nest(store: SqlStore) -> None:
    with store.transaction() as rows:
        with pytest.raises(StateError, match="nest"):
            store.transaction().__enter__()
        with pytest.raises(StateError, match="nest"):
            store.reading().__enter__()
        settings.put(rows, "a", b"1")
    assert _names(store) == ["a"]


def test_who_reads_cannot_write(store: SqlStore) -> None:
    with store.reading() as rows:
        with pytest.raises(StateError, match="only reads"):
            rows.do("DELETE FROM settings")
        with pytest.raises(StateError, match="only reads"):
            rows.many("DELETE FROM settings WHERE name = ?", [("a",)])
        with pytest.raises(StateError, match="only reads"):
            rows.insert("INSERT INTO settings VALUES ('a', x'')")


def test_rows_end_with_their_transaction(store: SqlStore) -> None:
    kept: list[Rows] = []
    with store.transaction() as rows:
        kept.append(rows)
    with pytest.raises(StateError, match="over"):
        kept[0].do("DELETE FROM settings")
    with pytest.raises(StateError, match="over"):
        kept[0].all("SELECT 1")


def test_rows_say_how_many_and_which(store: SqlStore) -> None:
    with store.transaction() as rows:
        rows.many("INSERT INTO settings VALUES (?, x'')", [("a",), ("b",), ("c",)])
        assert rows.do("DELETE FROM settings WHERE name > ?", "a") == 2
        assert rows.do("DELETE FROM settings WHERE name = ?", "z") == 0
        assert rows.one("SELECT name FROM settings") == ("a",)
        assert rows.one("SELECT name FROM settings WHERE name = 'z'") is None
        assert rows.all("SELECT name, value FROM settings") == [("a", b"")]


def test_an_insert_tells_the_number(store: SqlStore) -> None:
    with store.transaction() as rows:
        group = put(rows, "groups", gid=b"gid")
        numbers = [put(rows, "messages", group_=group, message=bytes([n])) for n in range(3)]
        found = rows.all("SELECT id FROM messages ORDER BY id")
    assert [number for (number,) in found] == numbers


def test_what_belongs_to_a_group_goes_with_it(store: SqlStore) -> None:
    with store.transaction() as rows:
        group = put(rows, "groups", gid=b"gid")
        put(rows, "messages", group_=group, text="hello")
        words.index(rows)
        rows.do("DELETE FROM groups WHERE id = ?", group)
        assert rows.all("SELECT * FROM messages") == []
        assert rows.all("SELECT rowid FROM words WHERE words MATCH 'hello'") == []


@pytest.mark.parametrize("value", [1 << 63, "\ud800"], ids=["large", "surrogate"])
def test_a_value_that_cannot_be_kept_is_refused(store: SqlStore, value: int | str) -> None:
    with store.transaction() as rows:
        with pytest.raises(StorageError, match="such a value"):
            rows.one("SELECT ?", value)
        settings.put(rows, "a", b"1")
    assert _names(store) == ["a"]


def test_an_error_quotes_nothing_that_was_searched_for(store: SqlStore) -> None:
    query = 'secret" AND ('
    with store.reading() as rows, pytest.raises(StorageError) as caught:
        rows.all("SELECT rowid FROM words WHERE words MATCH ?", query)
    assert "secret" not in str(caught.value)


def test_a_closed_store_says_so(store: SqlStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StorageError, match="closed"):
        store.transaction()
    with pytest.raises(StorageError, match="closed"):
        store.reading()


def test_it_can_be_used_from_another_thread(store: SqlStore) -> None:
    def write() -> None:
        with store.transaction() as rows:
            settings.put(rows, "a", b"1")

    thread = Thread(target=write)
    thread.start()
    thread.join()
    assert _names(store) == ["a"]


def test_a_setting_is_replaced_and_dropped(store: SqlStore) -> None:
    with store.transaction() as rows:
        assert settings.get(rows, "a") is None
        settings.put(rows, "a", b"1")
        settings.put(rows, "a", b"2")
        assert settings.get(rows, "a") == b"2"
        assert settings.drop(rows, "a")
        assert not settings.drop(rows, "a")
        assert settings.get(rows, "a") is None


def test_what_begins_with_a_name_is_found_by_the_index(store: SqlStore) -> None:
    with store.transaction() as rows:
        for each in ("knock", "knock ", "knock é", "knock 1", "knock!", "knoc", "l"):
            settings.put(rows, each, each.encode())
        found = [name for name, _ in settings.beginning(rows, "knock ")]
        plan = rows.all(
            "EXPLAIN QUERY PLAN SELECT name FROM settings WHERE name >= ? AND name < ?", "a", "b"
        )
    assert found == ["knock ", "knock 1", "knock é"]
    assert "SEARCH" in str(plan)
