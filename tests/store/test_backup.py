"""A backup brings back what a member needs to come back, and nothing that opens a message."""

from __future__ import annotations

import os
import stat
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from covey.store import (
    NotAStore,
    Passphrase,
    RawKey,
    SqlStore,
    StoreCorrupt,
    StoreExists,
    StoreFull,
    StoreMissing,
    StoreNewer,
    WrongKey,
    memory_store,
    open_store,
    restore_backup,
    settings,
    words,
    write_backup,
)
from covey.store.sealing import CHUNK
from covey.store.tables import BACKED_UP, LEFT_OUT
from store.filling import MESSAGES, STATUSES, fill

if TYPE_CHECKING:
    from pathlib import Path

WORDS = RawKey(b"w" * 32)  # opens backups as a passphrase does, at once
NOW = 1_800_000_000.5
"""When backups are restored."""


@pytest.fixture
def full() -> SqlStore:
    """A store with something in every table."""
    store = memory_store()
    with store.transaction() as rows:
        fill(rows)
    return store


@pytest.fixture
def backup(full: SqlStore, tmp_path: Path) -> Path:
    """A backup of it."""
    path = tmp_path / "alice.backup"
    write_backup(full, path, WORDS)
    return path


def _restored(backup: Path, path: Path, key: RawKey) -> SqlStore:
    restore_backup(backup, path, key, WORDS, now=lambda: NOW)
    return open_store(path, key)


def _count(store: SqlStore, table: str) -> object:
    with store.reading() as rows:
        return (rows.one(f"SELECT count(*) FROM {table}") or (None,))[0]  # noqa: S608 - a test's


def test_every_table_is_backed_up_or_left_out() -> None:
    store = memory_store()
    with store.reading() as rows:
        found = rows.all(
            "SELECT name FROM pragma_table_list"
            " WHERE schema = 'main' AND type IN ('table', 'virtual')"
        )
    backed_up = {table.name for table in BACKED_UP}
    assert not backed_up & LEFT_OUT.keys()
    assert {name for (name,) in found} - {"sqlite_schema"} == backed_up | LEFT_OUT.keys()
    assert all(table.key for table in BACKED_UP)


def test_a_restored_store_has_all_that_was_backed_up(
    full: SqlStore, backup: Path, path: Path, key: RawKey
) -> None:
    restored = _restored(backup, path, key)
    same = {table.name for table in BACKED_UP} - {"settings", "groups", "outbox"}
    with full.reading() as rows, restored.reading() as others:
        for name in same:
            select = f"SELECT * FROM {name} ORDER BY 1, 2"  # noqa: S608 - a test's
            assert others.all(select) == rows.all(select) != []
        groups = "SELECT id, gid, group_id, epoch, seq, hash, head, recovery, name FROM groups"
        assert others.all(groups) == rows.all(groups)
    restored.close()


def test_a_restored_store_has_nothing_that_opens_a_message(
    backup: Path, path: Path, key: RawKey
) -> None:
    restored = _restored(backup, path, key)
    for table in LEFT_OUT.keys() - {"migration", "words", "indexed"}:
        assert _count(restored, table) == 0, table
    with restored.reading() as rows:
        outbox = rows.all("SELECT id, content, epoch, idem, request FROM outbox")
        names = {str(name) for (name,) in rows.all("SELECT name FROM settings")}
        assert settings.get(rows, "restored") == b"1800000000"
    assert outbox == [(1, b"waiting", None, None, None), (2, b"waiting too", None, None, None)]
    assert names == {"device", "inbox seed", "restored"}
    restored.close()


def test_who_was_in_a_group_has_to_come_back(backup: Path, path: Path, key: RawKey) -> None:
    restored = _restored(backup, path, key)
    with restored.reading() as rows:
        found = rows.all("SELECT status FROM groups ORDER BY id")
    out = {"left": "left", "leaving": "left", "removed": "removed", "branched": "branched"}
    assert found == [(out.get(status, "restored"),) for status in STATUSES]
    restored.close()


def test_a_restored_history_can_be_searched(backup: Path, path: Path, key: RawKey) -> None:
    restored = _restored(backup, path, key)
    with restored.transaction() as rows:
        words.index(rows)
        assert len(rows.all("SELECT rowid FROM words WHERE words MATCH 'word7'")) == 2
        assert rows.all("PRAGMA integrity_check") == [("ok",)]
        assert rows.all("PRAGMA foreign_key_check") == []
    restored.close()


def test_the_numbers_of_events_go_on(backup: Path, path: Path, key: RawKey) -> None:
    restored = _restored(backup, path, key)
    with restored.transaction() as rows:
        number = rows.insert("INSERT INTO events (event, happened_at) VALUES (x'', 0)")
    assert number == 101
    restored.close()


def test_a_backup_of_nothing_can_be_restored(tmp_path: Path, path: Path, key: RawKey) -> None:
    write_backup(memory_store(), tmp_path / "backup", WORDS)
    restored = _restored(tmp_path / "backup", path, key)
    assert _count(restored, "groups") == 0
    restored.close()


def test_a_backup_can_be_backed_up_again(
    backup: Path, path: Path, tmp_path: Path, key: RawKey
) -> None:
    restored = _restored(backup, path, key)
    write_backup(restored, tmp_path / "again", WORDS)
    restored.close()
    again = _restored(tmp_path / "again", tmp_path / "twice", key)
    assert _count(again, "messages") == 2 * MESSAGES
    again.close()


def test_a_passphrase_opens_it_and_only_its_owner_can_read_it(
    full: SqlStore, path: Path, tmp_path: Path, key: RawKey
) -> None:
    backup = tmp_path / "backup"
    write_backup(full, backup, Passphrase("four calling birds"))
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert backup.read_bytes().startswith(b"covey backup 1\n\x02")
    with pytest.raises(WrongKey, match="not the passphrase"):
        restore_backup(backup, path, key, Passphrase("four calling bird"))
    with pytest.raises(WrongKey, match="give the passphrase"):
        restore_backup(backup, path, key, key)
    restore_backup(backup, path, key, Passphrase("four calling birds"))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["alice.covey", "backup"]


def test_progress_is_told(full: SqlStore, tmp_path: Path, path: Path, key: RawKey) -> None:
    written: list[tuple[int, int]] = []
    read: list[tuple[int, int]] = []
    write_backup(full, tmp_path / "b", WORDS, lambda *told: written.append(told))
    restore_backup(tmp_path / "b", path, key, WORDS, lambda *told: read.append(told))
    assert written == read
    assert written == sorted(written)
    assert written[-1][0] == written[-1][1] > 2 * MESSAGES


def _damaged(backup: Path, path: Path, key: RawKey) -> bool:
    """Whether damage is said, and nothing left."""
    with pytest.raises(StoreCorrupt, match="damaged or cut off"):
        restore_backup(backup, path, key, WORDS)
    return sorted(path.parent.iterdir()) == [backup]


@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_damage_is_noticed(backup: Path, path: Path, key: RawKey, chunk: int) -> None:
    content = bytearray(backup.read_bytes())
    content[31 + chunk * (CHUNK + 16) + 5] ^= 1
    backup.write_bytes(content)
    assert _damaged(backup, path, key)


@pytest.mark.parametrize("end", [31, 32, 31 + CHUNK + 16, 31 + 2 * (CHUNK + 16), -1])
def test_a_backup_that_was_cut_off_is_noticed(
    backup: Path, path: Path, key: RawKey, end: int
) -> None:
    backup.write_bytes(backup.read_bytes()[:end])
    assert _damaged(backup, path, key)


def test_chunks_in_another_order_are_noticed(backup: Path, path: Path, key: RawKey) -> None:
    content, sealed = backup.read_bytes(), CHUNK + 16
    head, first, second = content[:31], content[31 : 31 + sealed], content[31 + sealed :][:sealed]
    rest = content[31 + 2 * sealed :]
    backup.write_bytes(head + second + first + rest)
    assert _damaged(backup, path, key)
    backup.write_bytes(head + first + rest)
    assert _damaged(backup, path, key)
    backup.write_bytes(content + b"\0")
    assert _damaged(backup, path, key)


def test_another_file_is_no_backup(tmp_path: Path, path: Path, key: RawKey) -> None:
    with pytest.raises(StoreMissing):
        restore_backup(tmp_path / "b", path, key, WORDS)
    with pytest.raises(StoreMissing):
        restore_backup(tmp_path, path, key, WORDS)
    (tmp_path / "b").write_bytes(b"covey backup 2\n" + bytes(100))
    with pytest.raises(NotAStore):
        restore_backup(tmp_path / "b", path, key, WORDS)


def test_a_backup_of_a_newer_covey_is_refused(
    full: SqlStore, tmp_path: Path, path: Path, key: RawKey
) -> None:
    with full.transaction() as rows:
        rows.do("INSERT INTO migration VALUES (99, 'later', x'')")
    write_backup(full, tmp_path / "b", WORDS)
    with pytest.raises(StoreNewer, match="its schema is 99"):
        restore_backup(tmp_path / "b", path, key, WORDS)


def test_nothing_is_overwritten(full: SqlStore, backup: Path, path: Path, key: RawKey) -> None:
    with pytest.raises(StoreExists):
        write_backup(full, backup, WORDS)
    open_store(path, key, create=True).close()
    with pytest.raises(StoreExists):
        restore_backup(backup, path, key, WORDS)


def test_a_backup_that_finds_no_room_leaves_nothing(
    full: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreFull):
        write_backup(full, tmp_path / "b", WORDS)
    assert list(tmp_path.iterdir()) == []


def test_a_large_store_takes_little_memory(tmp_path: Path, path: Path, key: RawKey) -> None:
    store = memory_store()
    with store.transaction() as rows:
        rows.many(
            "INSERT INTO events (event, happened_at) VALUES (?, 0)",
            ((os.urandom(2000),) for _ in range(8000)),
        )
    tracemalloc.start()
    write_backup(store, tmp_path / "b", WORDS)
    restore_backup(tmp_path / "b", path, key, WORDS)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "b").stat().st_size > 16_000_000
    assert most < 2_000_000
