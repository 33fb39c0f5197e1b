"""Backups: one encrypted file with what a member needs to come back, in a format of its own.

May import the store. The file (docs/reference/store.md) is a line that names it, a head as that of
a store (:mod:`covey.store.keys`), and sealed chunks (:mod:`covey.store.sealing`). Inside are
records of MessagePack, each behind its length in 4 bytes::

    ["covey", number of the schema, seconds since the epoch, rows in all]
    ["table", name, [column, …]]     and for each of its rows, some at a time:
    ["rows", [[value, …], …]]
    ["end", rows in all]

What opens messages is not in it: no row of the engine, no KeyPackage's private key, no commit that
is under way. They would be stale at the restore, and must not be used twice. A restored store knows
its groups, with the status "restored", and has to be let in again before it sends.
"""

from __future__ import annotations

import os
import time
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from covey.mls.crypto.entropy import system_entropy
from covey.store import keys, settings
from covey.store.errors import NotAStore, StoreMissing, StoreNewer
from covey.store.file import new_store
from covey.store.migrating import migrations
from covey.store.placing import beside, place_new, require_free, translated
from covey.store.sealing import SealedReader, SealedWriter, damaged
from covey.store.tables import BACKED_UP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from covey.mls.crypto.entropy import Entropy
    from covey.store.keys import StoreKey
    from covey.store.port import Rows, Store

LABEL: Final = "covey backup 1"
"""What the keys of backups are derived with; and, as a line, what they begin with."""

RESTORED: Final = "restored"
"""The setting that says when a store was restored, in seconds since the epoch, in digits."""

_LINE: Final = f"{LABEL}\n".encode()
_LENGTH: Final = 4  # bytes of the length of a record


class _Begin(msgspec.Struct, tag="covey", array_like=True, frozen=True):
    schema: int
    made_at: int
    rows: int


class _Table(msgspec.Struct, tag="table", array_like=True, frozen=True):
    name: str
    columns: list[str]


class _Rows(msgspec.Struct, tag="rows", array_like=True, frozen=True):
    rows: list[list[Any]]  # what SQLite cannot hold, it refuses


class _End(msgspec.Struct, tag="end", array_like=True, frozen=True):
    rows: int


_Record = _Begin | _Table | _Rows | _End


def write_backup(
    store: Store,
    path: Path,
    passphrase: StoreKey,
    progress: Callable[[int, int], None] | None = None,
    *,
    now: Callable[[], float] = time.time,
    entropy: Entropy = system_entropy,
) -> None:
    """Write a backup of a store, as it is at this moment; others may go on writing.

    Args:
        store: What is backed up.
        path: Where the backup is to be; nothing is there. Only its owner can read it.
        passphrase: What shall open it: best a passphrase, since a keyring may be lost as well.
        progress: Told how many rows are written, and how many there are.
        now: The time, in seconds since the epoch.
        entropy: Where randomness comes from.

    Raises:
        StoreExists: Something is there.
        StoreFull: There is no room; nothing is left of it.
        StorageError: The store cannot be read, or the backup not written.
    """
    require_free(path)
    head, key = keys.begun(passphrase, LABEL, entropy)
    with beside(path) as making, translated(path):
        with making.open("wb") as file, store.reading() as rows:
            file.write(_LINE + head)
            sealed = SealedWriter(file, key, _LINE + head)
            for record in _records(rows, int(now()), progress):
                encoded = msgspec.msgpack.encode(record)
                sealed.write(len(encoded).to_bytes(_LENGTH) + encoded)
            sealed.finish()
            file.flush()
            os.fsync(file.fileno())
        place_new(making, path)


def restore_backup(
    backup: Path,
    path: Path,
    key: StoreKey,
    passphrase: StoreKey,
    progress: Callable[[int, int], None] | None = None,
    *,
    now: Callable[[], float] = time.time,
) -> None:
    """Make a store of a backup: as a whole, or not at all. Open it with ``open_store``.

    Args:
        backup: The backup; it stays as it is.
        path: Where the store is to be; nothing is there.
        key: What shall open the store.
        passphrase: What opens the backup.
        progress: Told how many rows are restored, and how many there are.
        now: The time, in seconds since the epoch.

    Raises:
        StoreMissing: There is no such backup.
        NotAStore: It is a file of another kind.
        WrongKey: It is not opened by this passphrase.
        StoreCorrupt: It is damaged, or cut off.
        StoreNewer: It was written by a newer covey.
        StoreExists: Something is at the place of the store.
        StoreFull: There is no room.
        StorageError: It cannot be read, or the store not written.
    """
    require_free(path)
    place = str(backup)
    if not backup.is_file():
        msg = f"there is no backup at {place}: see the path"
        raise StoreMissing(msg)
    with translated(backup, "read"), backup.open("rb") as file:
        sealed = SealedReader(*_opened(file, passphrase, place), place)
        records = _read(sealed, place)
        begin = _begun(records, place)
        known = migrations()[: begin.schema]
        with new_store(path, key, known) as store, store.transaction() as rows:
            _fill(rows, records, begin, place, progress)
            sealed.require_end()
            settings.put(rows, RESTORED, str(int(now())).encode())


def _records(
    rows: Rows, made_at: int, progress: Callable[[int, int], None] | None
) -> Iterator[_Record]:
    """What is written of a store."""
    schema = rows.one("SELECT max(number) FROM migration")
    assert schema is not None
    assert isinstance(schema[0], int)
    total, done = sum(table.count(rows) for table in BACKED_UP), 0
    yield _Begin(schema[0], made_at, total)
    for table in BACKED_UP:
        columns = table.columns(rows)
        yield _Table(table.name, columns)
        for batch in table.batches(rows, columns):
            yield _Rows([list(row) for row in batch])
            done += len(batch)
            if progress is not None:
                progress(done, total)
    yield _End(done)


def _opened(file: IO[bytes], passphrase: StoreKey, place: str) -> tuple[IO[bytes], bytes, bytes]:
    """A backup from its first chunk on, its key, and what is bound to its chunks."""
    line, head = file.read(len(_LINE)), file.read(keys.HEAD)
    if line != _LINE:
        msg = f"{place} is no backup of covey, or one of a newer covey: choose another"
        raise NotAStore(msg)
    return file, keys.opened(passphrase, LABEL, head, place), line + head


def _read(sealed: SealedReader, place: str) -> Iterator[_Record]:
    """The records, up to the end."""
    decoder = msgspec.msgpack.Decoder(_Record)
    while True:
        length = int.from_bytes(sealed.read(_LENGTH))
        try:
            record: _Record = decoder.decode(sealed.read(length))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise damaged(place) from None
        yield record
        if isinstance(record, _End):
            return


def _begun(records: Iterator[_Record], place: str) -> _Begin:
    """The first record, of a backup that this covey can restore."""
    begin, known = next(records), len(migrations())
    if not isinstance(begin, _Begin):
        raise damaged(place)
    if begin.schema > known:
        msg = (
            f"{place} was written by a newer covey (its schema is {begin.schema}, this one knows "
            f"{known}): install that version, or a later one"
        )
        raise StoreNewer(msg)
    return begin


def _fill(
    rows: Rows,
    records: Iterator[_Record],
    begin: _Begin,
    place: str,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Insert what was written."""
    allowed = {table.name: table for table in BACKED_UP}
    insert, done = "", 0
    for record in records:
        match record:
            case _Table(name, columns):
                if name not in allowed or not set(columns) <= set(allowed[name].columns(rows)):
                    raise damaged(place)
                values = ", ".join("?" for _ in columns)
                insert = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608
            case _Rows(batch) if insert:
                rows.many(insert, batch)
                done += len(batch)
                if progress is not None:
                    progress(done, begin.rows)
            case _End(total) if total == done == begin.rows:
                return
            case _:
                raise damaged(place)
