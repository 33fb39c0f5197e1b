"""A store as the client holds it: what is written is counted, and its log is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client.running.watching import Watched
from covey.store import RawKey, open_store, settings
from covey.store.memory import memory_store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_log_that_somebody_reads_is_cut_later(tmp_path: Path) -> None:
    path, key = tmp_path / "alice.covey", RawKey(bytes(32))
    store = Watched(open_store(path, key, create=True))
    other = open_store(path, key)
    with other.reading() as rows:
        assert settings.get(rows, "a") is None
        with store.transaction() as writing:
            writing.all("PRAGMA busy_timeout = 1")
            settings.put(writing, "a", b"1")
        assert not store.cut()
    assert store.cut()
    assert path.with_name(f"{path.name}-wal").stat().st_size == 0
    other.close()
    store.close()


def test_what_has_no_log_needs_no_cut() -> None:
    assert Watched(memory_store()).cut()
