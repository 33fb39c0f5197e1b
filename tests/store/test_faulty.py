"""A faulty store dies where it is told to, and nowhere else; each death is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.store import memory_store, settings
from covey.store.faulty import Died, FaultyStore

if TYPE_CHECKING:
    from covey.store import SqlStore, Store

_WRITES = 7  # of `_scenario`: four statements and a commit, one statement and a commit


def _scenario(store: Store) -> None:
    with store.transaction() as rows:
        settings.put(rows, "a", b"1")
        settings.put(rows, "b", b"1")
        assert settings.get(rows, "a") == b"1"
        rows.many("UPDATE settings SET value = ? WHERE name = ?", [(b"2", "a"), (b"2", "b")])
        rows.insert("INSERT INTO events (event, happened_at) VALUES (x'', 0)")
    with store.reading() as rows:
        assert settings.get(rows, "a") == b"2"
    with store.transaction() as rows:
        settings.put(rows, "c", b"3")


def _left(store: SqlStore) -> str:
    with store.reading() as rows:
        return "".join(str(name) for (name,) in rows.all("SELECT name FROM settings"))


def test_it_counts_and_lives_when_it_is_not_told_to_die() -> None:
    below = memory_store()
    store = FaultyStore(below)
    _scenario(store)
    assert (store.writes, store.commits, store.dead) == (_WRITES, 2, False)
    assert _left(below) == "abc"
    store.close()


@pytest.mark.parametrize("write", range(1, _WRITES + 1))
def test_it_dies_before_a_write(write: int) -> None:
    below = memory_store()
    store = FaultyStore(below, write)
    with pytest.raises(Died):
        _scenario(store)
    assert store.dead
    assert store.writes == write
    assert _left(below) == ("" if write <= 5 else "ab")
    below.close()


@pytest.mark.parametrize(("commit", "left"), [(1, "ab"), (2, "abc")])
def test_it_dies_after_a_commit(commit: int, left: str) -> None:
    below = memory_store()
    store = FaultyStore(below, die_after_commit=commit)
    with pytest.raises(Died):
        _scenario(store)
    assert store.commits == commit
    assert _left(below) == left
    below.close()


def test_the_dead_do_nothing() -> None:
    below = memory_store()
    store = FaultyStore(below, 1)
    with pytest.raises(Died):
        _scenario(store)
    with pytest.raises(Died):
        store.reading()
    with pytest.raises(Died), store.transaction():
        pass
    store.close()
    assert _left(below) == ""
    below.close()


def test_who_swallows_the_death_cannot_write_on() -> None:
    below = memory_store()
    store = FaultyStore(below, 1)

    def swallow() -> None:
        with store.transaction() as rows:
            with pytest.raises(Died):
                settings.put(rows, "a", b"1")
            settings.put(rows, "b", b"1")

    with pytest.raises(Died):
        swallow()
    with pytest.raises(Died), store.transaction():
        pass
    assert _left(below) == ""
    below.close()
