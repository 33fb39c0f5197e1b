"""A store in a file: begun, opened, given another key; what is wrong with it is said."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from covey.errors import StorageError
from covey.store import (
    Kind,
    NotAStore,
    Passphrase,
    RawKey,
    SqlStore,
    StoreCorrupt,
    StoreExists,
    StoreFull,
    StoreLocked,
    StoreMissing,
    WrongKey,
    keys,
    open_store,
    opened_by,
    rekey,
    settings,
)
from covey.store.file import new_store

if TYPE_CHECKING:
    from pathlib import Path

    from covey.store import StoreKey

_PAGE = 4096


def _begin(path: Path, key: StoreKey) -> None:
    store = open_store(path, key, create=True)
    with store.transaction() as rows:
        settings.put(rows, "a", b"1")
        rows.many("INSERT INTO events (event, happened_at) VALUES (?, 0)", [(bytes(1000),)] * 50)
    store.close()


def _read(path: Path, key: StoreKey) -> bytes | None:
    store = open_store(path, key)
    try:
        with store.reading() as rows:
            rows.all("SELECT * FROM events")
            return settings.get(rows, "a")
    finally:
        store.close()


def _spoil(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def _beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir() if each != path)


def test_what_was_written_is_there_when_it_is_opened_again(path: Path, key: RawKey) -> None:
    _begin(path, key)
    assert _beside(path) == []
    assert _read(path, key) == b"1"


def test_only_its_owner_can_read_it(in_file: SqlStore, path: Path) -> None:
    with in_file.transaction() as rows:
        settings.put(rows, "a", b"1")
    assert _beside(path) == ["alice.covey-shm", "alice.covey-wal"]
    for each in path.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


def test_it_is_set_to_be_durable_and_to_forget(in_file: SqlStore) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "temp_store": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "cipher_page_size": "4096",
        "cipher_hmac_algorithm": "HMAC_SHA512",
        "cipher_use_hmac": "1",
    }
    with in_file.reading() as rows:
        assert {name: (rows.one(f"PRAGMA {name}") or [None])[0] for name in wanted} == wanted


def test_a_path_may_hold_any_character(tmp_path: Path, key: RawKey) -> None:
    path = tmp_path / "a ?mode=ro&x#%20'é.covey"
    _begin(path, key)
    assert _read(path, key) == b"1"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_none_is_begun_unless_it_is_asked_for(path: Path, key: RawKey) -> None:
    with pytest.raises(StoreMissing, match="no store at"):
        open_store(path, key)
    with pytest.raises(StoreMissing):
        opened_by(path / "below")
    assert not path.exists()


def test_none_is_begun_where_something_is(path: Path, key: RawKey) -> None:
    _begin(path, key)
    with pytest.raises(StoreExists, match="there already"):
        open_store(path, key, create=True)
    assert _read(path, key) == b"1"


def test_none_is_begun_where_no_folder_is(path: Path, key: RawKey) -> None:
    with pytest.raises(StorageError, match="no folder"):
        open_store(path / "below", key, create=True)


def test_a_wrong_key_is_told(path: Path, key: RawKey, capfd: pytest.CaptureFixture[str]) -> None:
    _begin(path, key)
    with pytest.raises(WrongKey, match="not the key"):
        open_store(path, RawKey(bytes(32)))
    assert capfd.readouterr() == ("", "")
    assert _read(path, key) == b"1"


def test_a_wrong_passphrase_is_told_and_what_kind_of_key_is_needed(path: Path, key: RawKey) -> None:
    _begin(path, Passphrase("three little birds"))
    assert opened_by(path) is Kind.passphrase
    with pytest.raises(WrongKey, match="not the passphrase"):
        open_store(path, Passphrase("three little bird"))
    with pytest.raises(WrongKey, match="give the passphrase"):
        open_store(path, key)
    assert _read(path, Passphrase("three little birds")) == b"1"


def test_a_passphrase_is_told_that_a_key_is_needed(path: Path, key: RawKey) -> None:
    _begin(path, key)
    assert opened_by(path) is Kind.key
    with pytest.raises(WrongKey, match="give the key"):
        open_store(path, Passphrase("words"))


@pytest.mark.parametrize("place", [16, 200, _PAGE - 1, _PAGE + 100, 5 * _PAGE + 9])
def test_damage_is_not_taken_for_a_wrong_key(
    path: Path, key: RawKey, place: int, capfd: pytest.CaptureFixture[str]
) -> None:
    _begin(path, key)
    pages = path.stat().st_size // _PAGE
    for page in range(max(place // _PAGE, 0), pages if place > _PAGE else 1):
        _spoil(path, page * _PAGE + place % _PAGE)
    with pytest.raises(StoreCorrupt, match="restore a backup"):
        _read(path, key)
    assert capfd.readouterr() == ("", "")


def test_a_file_that_was_cut_off_is_damaged(path: Path, key: RawKey) -> None:
    _begin(path, key)
    os.truncate(path, 3 * _PAGE)
    with pytest.raises(StoreCorrupt):
        _read(path, key)


def test_damage_to_what_tells_the_key_is_taken_for_a_wrong_key(path: Path, key: RawKey) -> None:
    _begin(path, key)
    _spoil(path, 9)
    with pytest.raises(WrongKey):
        open_store(path, key)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\xff" * _PAGE, b"SQLite format 4\0" + bytes(_PAGE)], ids=repr
)
def test_another_file_is_no_store(path: Path, key: RawKey, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(NotAStore):
        open_store(path, key)
    assert path.read_bytes() == content
    assert _beside(path) == []


def test_plain_sqlite_is_no_store(path: Path, key: RawKey) -> None:
    plain = sqlite3.connect(path)
    plain.execute("CREATE TABLE a (b)")
    plain.close()
    with pytest.raises(NotAStore, match="plain SQLite"):
        open_store(path, key)
    with pytest.raises(NotAStore, match="plain SQLite"):
        opened_by(path)


def test_a_folder_is_no_store(tmp_path: Path, key: RawKey) -> None:
    with pytest.raises(NotAStore, match="not a file"):
        open_store(tmp_path, key)


def test_who_waits_in_vain_is_told(path: Path, key: RawKey, in_file: SqlStore) -> None:
    other = open_store(path, key)
    with other.transaction() as rows:
        rows.all("PRAGMA busy_timeout = 1")
    with (
        in_file.transaction(),
        pytest.raises(StoreLocked, match="in use"),
    ):
        other.transaction().__enter__()
    with other.transaction() as rows:
        settings.put(rows, "a", b"1")
    other.close()


def test_a_log_that_somebody_reads_is_not_cut(path: Path, key: RawKey, in_file: SqlStore) -> None:
    with in_file.transaction() as rows:
        settings.put(rows, "a", b"1")
    other = open_store(path, key)
    with other.reading() as rows:
        assert settings.get(rows, "a") == b"1"
        with in_file.transaction() as writing:
            writing.all("PRAGMA busy_timeout = 1")
            settings.put(writing, "a", b"2")
        with pytest.raises(StoreLocked):
            in_file.cut()
        assert settings.get(rows, "a") == b"1"
    in_file.cut()
    other.close()


def test_a_full_store_keeps_what_it_has_and_goes_on(in_file: SqlStore) -> None:
    with in_file.transaction() as rows:
        settings.put(rows, "a", b"1")
        [pages] = rows.one("PRAGMA page_count") or [0]
        rows.one(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        with in_file.transaction() as rows:
            settings.put(rows, "a", b"2")
            settings.put(rows, "b", bytes(100_000))

    with pytest.raises(StoreFull, match="no room"):
        fill()
    with in_file.transaction() as rows:
        assert settings.get(rows, "a") == b"1"
        rows.one("PRAGMA max_page_count = 1000000")
    fill()


_FILL = """
import sys
from pathlib import Path
from covey.store import RawKey, StoreFull, open_store, settings

store = open_store(Path(sys.argv[1]), RawKey(bytes(range(32))))
kept = 0
try:
    for number in range(10_000):
        with store.transaction() as rows:
            settings.put(rows, f"filling {number}", bytes(2000))
        kept += 1
except StoreFull as full:
    print(kept, full)
with store.reading() as rows:
    assert settings.get(rows, "a") == b"1"
store.close()
"""


def _limit() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))


def test_a_full_disk_keeps_what_was_committed(path: Path, key: RawKey) -> None:
    """The kernel refuses to write more, as on a full disk, in the midst of a commit."""
    _begin(path, key)
    child = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _FILL, path],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=_limit,
    )
    kept, _, sentence = child.stdout.partition(" ")
    assert "no room" in sentence
    assert child.stderr == ""
    store = open_store(path, key)
    with store.reading() as rows:
        found = rows.one("SELECT count(*) FROM settings WHERE name GLOB 'filling *'")
        assert rows.all("PRAGMA integrity_check") == [("ok",)]
        assert rows.all("PRAGMA cipher_integrity_check") == []
    store.close()
    assert found == (int(kept),)
    assert int(kept) > 10


def test_another_key_takes_the_place_of_the_old_one(path: Path, key: RawKey) -> None:
    _begin(path, key)
    before = path.read_bytes()
    rekey(path, key, Passphrase("new words"))
    assert _beside(path) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(WrongKey):
        open_store(path, key)
    assert _read(path, Passphrase("new words")) == b"1"
    after = path.read_bytes()
    shared = {before[at : at + 32] for at in range(0, len(before), 32)}
    assert not any(after[at : at + 32] in shared for at in range(0, len(after), 32))


def test_a_wrong_key_gives_no_other(path: Path, key: RawKey) -> None:
    _begin(path, key)
    with pytest.raises(WrongKey):
        rekey(path, RawKey(bytes(32)), RawKey(bytes(32)))
    assert _read(path, key) == b"1"


def test_no_other_key_while_it_is_open(path: Path, key: RawKey, in_file: SqlStore) -> None:
    with in_file.transaction() as rows:
        settings.put(rows, "a", b"1")
    with pytest.raises(StoreLocked):
        rekey(path, key, RawKey(bytes(32)))
    with in_file.transaction() as rows:
        settings.put(rows, "a", b"2")
    assert _beside(path) == ["alice.covey-shm", "alice.covey-wal"]
    assert _read(path, key) == b"2"


def test_another_key_that_fails_leaves_the_old_one(
    path: Path, key: RawKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    _begin(path, key)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", fail)
        with pytest.raises(StoreFull):
            rekey(path, key, RawKey(bytes(32)))
    assert _beside(path) == []
    assert _read(path, key) == b"1"
    assert _read(path, key) == b"1"


def test_a_beginning_that_fails_leaves_nothing(
    path: Path, key: RawKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("covey.store.file.place_new", fail)
    with pytest.raises(KeyboardInterrupt):
        open_store(path, key, create=True)
    assert list(path.parent.iterdir()) == []


def test_of_two_who_begin_one_is_too_late(path: Path, key: RawKey) -> None:
    def begin_late() -> None:
        with new_store(path, RawKey(bytes(32))):
            _begin(path, key)

    with pytest.raises(StoreExists):
        begin_late()
    assert _read(path, key) == b"1"
    assert _beside(path) == []


def test_a_file_system_without_links_will_do(
    path: Path, key: RawKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", fail)
    _begin(path, key)
    assert _beside(path) == []
    assert _read(path, key) == b"1"


def test_a_file_that_was_exchanged_while_it_was_opened_is_opened_anew(
    path: Path, key: RawKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has opened the file that is about to be replaced must not go on with it."""
    _begin(path, key)
    unlocked = keys.opened

    def exchange(given: RawKey, label: str, head: bytes, place: str) -> bytes:
        secret = unlocked(given, label, head, place)
        monkeypatch.setattr(keys, "opened", unlocked)
        rekey(path, key, key)
        return secret

    monkeypatch.setattr(keys, "opened", exchange)
    store = open_store(path, key)
    with store.transaction() as rows:
        settings.put(rows, "a", b"2")
    store.close()
    assert _read(path, key) == b"2"
    assert _beside(path) == []
