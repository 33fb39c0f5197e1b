"""Stores and backups of every released schema are still opened, and brought up to date.

`make_fixture.py` makes those of the newest schema.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covey.store import Passphrase, RawKey, SqlStore, open_store, restore_backup, settings, words
from covey.store.migrating import migrations
from store.filling import EVENTS, MESSAGES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

FIXTURES = Path(__file__).with_name("fixtures")
STORES = sorted(FIXTURES.glob("*.covey"))
BACKUPS = sorted(FIXTURES.glob("*.backup"))
WORDS = Passphrase("correct horse battery staple")
"""Opens them all."""


def _check(store: SqlStore) -> None:
    with store.transaction() as rows:
        assert rows.one("SELECT max(number) FROM migration") == (len(migrations()),)
        assert settings.get(rows, "device") == b"value of device"
        assert rows.one("SELECT count(*) FROM groups") == (len(STATUSES),)
        assert rows.one("SELECT count(*) FROM messages") == (2 * MESSAGES,)
        assert rows.one("SELECT count(*) FROM events") == (EVENTS - 10,)
        words.index(rows)
        assert len(rows.all("SELECT rowid FROM words WHERE words MATCH 'word7'")) == 2
        assert rows.all("PRAGMA integrity_check") == [("ok",)]
        assert rows.all("PRAGMA foreign_key_check") == []


@pytest.mark.parametrize("found", [STORES, BACKUPS], ids=["stores", "backups"])
def test_there_is_one_of_every_schema(found: Sequence[Path]) -> None:
    names = [f"schema-{each.number:04}" for each in migrations()]
    assert [each.stem for each in found] == names


@pytest.mark.parametrize("fixture", STORES, ids=lambda path: path.stem)
def test_a_store_of_an_older_covey_is_opened(fixture: Path, path: Path) -> None:
    shutil.copy(fixture, path)  # it may be migrated
    store = open_store(path, WORDS)
    _check(store)
    store.close()


@pytest.mark.parametrize("fixture", BACKUPS, ids=lambda path: path.stem)
def test_a_backup_of_an_older_covey_is_restored(fixture: Path, path: Path, key: RawKey) -> None:
    restore_backup(fixture, path, key, WORDS)
    store = open_store(path, key)
    _check(store)
    store.close()
