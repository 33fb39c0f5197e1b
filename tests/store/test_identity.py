"""A file knows whether it is the one that it was; as far as that can be known."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from covey.store import RawKey, SqlStore, memory_store, open_store, rekey
from covey.store.identity import note, opened_elsewhere, store_id

if TYPE_CHECKING:
    from pathlib import Path


def _noted(path: Path, key: RawKey) -> bool:
    """Whether the file is another one than was noted, which is noted then."""
    store = open_store(path, key)
    with store.transaction() as rows:
        elsewhere = opened_elsewhere(rows, path)
        note(rows, path)
    store.close()
    return elsewhere


def test_a_store_has_an_id() -> None:
    one, other = memory_store(), memory_store()
    with one.transaction() as rows, other.transaction() as others:
        assert store_id(rows) == store_id(rows)
        assert len(store_id(rows)) == 16
        assert store_id(rows) != store_id(others)
        assert store_id(others, lambda _: b"never asked") != b"never asked"
    one.close()
    other.close()


def test_the_same_file_is_the_same(path: Path, key: RawKey, in_file: SqlStore) -> None:
    with in_file.transaction() as rows:
        assert not opened_elsewhere(rows, path)
    assert not _noted(path, key)
    assert not _noted(path, key)


def test_a_copy_is_another_and_the_original_is_not(path: Path, key: RawKey) -> None:
    open_store(path, key, create=True).close()
    _noted(path, key)
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    assert _noted(copy, key)
    assert not _noted(copy, key)
    assert not _noted(path, key)


def test_a_file_that_was_moved_is_another(path: Path, key: RawKey) -> None:
    open_store(path, key, create=True).close()
    _noted(path, key)
    assert _noted(path.rename(path.with_name("moved")), key)


def test_a_file_that_was_put_back_is_another(path: Path, key: RawKey) -> None:
    open_store(path, key, create=True).close()
    _noted(path, key)
    kept = path.with_name("kept")
    shutil.copy(path, kept)
    kept.replace(path)
    assert _noted(path, key)


def test_another_key_makes_no_other_store(path: Path, key: RawKey) -> None:
    open_store(path, key, create=True).close()
    _noted(path, key)
    rekey(path, key, RawKey(bytes(32)))
    assert not _noted(path, RawKey(bytes(32)))


def test_another_key_hides_no_copy(path: Path, key: RawKey) -> None:
    open_store(path, key, create=True).close()
    _noted(path, key)
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    rekey(copy, key, RawKey(bytes(32)))
    assert _noted(copy, RawKey(bytes(32)))
