"""The store in one file, encrypted by SQLCipher: begun, opened, and given another key.

May import the driver, the keys, the migrations and the rows. What is on the disk is ciphertext:
each page of 4 KiB by AES-256-CBC with a random IV and an HMAC-SHA512, in the file as in the
write-ahead log beside it. A transaction is on the disk when it has returned (WAL, FULL). What is
deleted is overwritten (``secure_delete``); the pages of before that may stand in the log until it
is cut are ciphertext too.

The file is read by SQLCipher only. To open and close it by oneself would drop all locks that this
process has on it (POSIX), and another process could take itself for the last one.
"""

from __future__ import annotations

import os
import time
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from covey.errors import StorageError
from covey.store import driver, keys
from covey.store.errors import NotAStore, StoreLocked, StoreMissing
from covey.store.migrating import migrate
from covey.store.placing import beside, place_new, replace, require_free, translated
from covey.store.rows import SqlStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from covey.migrating import Migration
    from covey.store.driver import Connection
    from covey.store.keys import Kind, StoreKey

LABEL: Final = "covey store 1"
"""What the keys of stores are derived with (see :mod:`covey.store.keys`)."""

_PAGE: Final = 4096
_PLAIN: Final = b"SQLite format 3\0"
_ALONE: Final = 1.0  # seconds to wait until nobody else has the file open
_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    "temp_store = MEMORY",
    "foreign_keys = ON",
    "trusted_schema = OFF",
)


def open_store(path: Path, key: StoreKey, *, create: bool = False) -> SqlStore:
    """Open a file, or begin one that only its owner can read; its schema is brought up to date.

    A passphrase takes a fifth of a second; a key takes none.

    Args:
        path: The file; its folder is there.
        key: What opens it.
        create: Whether to begin it; otherwise it has to be there.

    Raises:
        StoreMissing: It is not there.
        StoreExists: It is there, and was to be begun.
        NotAStore: It is a file of another kind.
        WrongKey: It is not opened by this key.
        StoreCorrupt: It is opened by this key, and damaged.
        StoreNewer: It was written by a newer covey.
        StoreLocked: Another process holds it.
        StoreFull: There is no room.
        StorageError: It cannot be read or written.
    """
    place = str(path)
    if create:
        require_free(path)
        head, file_key = keys.begun(key, LABEL)
        with _new(path, head, file_key):
            pass
        connection = _opened(path, lambda _: file_key)
    else:
        connection = _opened(path, lambda head: keys.opened(key, LABEL, head, place))
    try:
        migrate(connection, place)
    except BaseException:
        connection.close()
        raise
    return SqlStore(connection, place)


@contextmanager
def new_store(
    path: Path, key: StoreKey, known: Sequence[Migration] | None = None
) -> Iterator[SqlStore]:
    """A new file to fill, which gets its name when the block has ended without an error.

    Args:
        path: Where the file is to be; nothing is there.
        key: What shall open it.
        known: The schema; by default that of this covey.

    Raises:
        StoreExists: Something is there, or came while the block ran.
        StoreFull: There is no room.
        StorageError: It cannot be written.
    """
    require_free(path)
    with _new(path, *keys.begun(key, LABEL), known) as store:
        yield store


def opened_by(path: Path) -> Kind:
    """How a file is opened: by a key or by a passphrase.

    Raises:
        StoreMissing: It is not there.
        NotAStore: It is a file of another kind.
    """
    _look(path)
    with _translated(str(path)), closing(driver.connected(_uri(path))) as connection:
        return keys.kind_of(_head(connection, str(path)), str(path))


def rekey(path: Path, old: StoreKey, new: StoreKey) -> None:
    """Give a file another key: a copy under the new one takes its place, as a whole or not at all.

    Nobody may have it open. It takes the room of another such file meanwhile. What the disk keeps
    of the old file's blocks, and older copies and backups, are still opened by the old key.

    Raises:
        StoreLocked: Somebody has it open.
        StoreMissing: It is not there.
        WrongKey: It is not opened by the old key.
        StorageError: It cannot be read, or there is no room; it is as it was.
    """
    place = str(path)
    connection = _opened(path, lambda head: keys.opened(old, LABEL, head, place), busy=_ALONE)
    with closing(connection), beside(path) as making:
        migrate(connection, place)
        with _translated(place), translated(path):
            # Until it is closed, nobody else can read it, nor go on with the file that it was.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = DELETE")
            # Its journal is spent, and must not lie beside the new file; it is written no more.
            connection.execute("PRAGMA journal_mode = MEMORY")
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
        head, file_key = keys.begun(new, LABEL)
        copy = _begun(making, head, file_key)
        with closing(SqlStore(copy, place)) as store, _translated(place):
            copy.execute("PRAGMA journal_mode = OFF")
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = WAL")
            store.cut()
        _require_head(making, head)
        if os.name == "nt":  # which replaces no file that is open
            connection.close()
        replace(making, path)


@contextmanager
def _new(
    path: Path, head: bytes, file_key: bytes, known: Sequence[Migration] | None = None
) -> Iterator[SqlStore]:
    with beside(path) as making:
        connection = _begun(making, head, file_key)
        with closing(SqlStore(connection, str(path))) as store:
            with _translated(str(path)):
                _set_up(connection)
            migrate(connection, str(path), known)
            yield store
            store.cut()
        _require_head(making, head)
        place_new(making, path)


def _opened(path: Path, unlock: Callable[[bytes], bytes], busy: float = driver.BUSY) -> Connection:
    """A connection to a file that is there.

    Args:
        path: The file.
        unlock: From its head to its key.
        busy: Seconds to wait for others.
    """
    unlock_once = cache(unlock)
    end = time.monotonic() + busy
    while True:
        try:
            connection = _attempt(path, unlock_once, busy)
        except StoreLocked:  # SQLite does not wait whenever it could
            if time.monotonic() > end:
                raise
        else:
            if connection is not None:
                return connection
        time.sleep(0.01)


def _attempt(path: Path, unlock: Callable[[bytes], bytes], busy: float) -> Connection | None:
    """A connection, or None when another file has taken the place of the one that was opened."""
    place = str(path)
    found = _look(path)
    with _translated(place):
        connection = driver.connected(_uri(path), busy=busy)
    try:
        with _translated(place):
            _unlock(connection, unlock(_head(connection, place)))
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            if _look(path) == found:
                _set_up(connection)
                return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def _begun(making: Path, head: bytes, file_key: bytes) -> Connection:
    """A connection to an empty file that is to begin with a head."""
    with _translated(str(making)):
        connection = driver.connected(_uri(making))
        try:
            _unlock(connection, file_key + head)
        except BaseException:
            connection.close()
            raise
    return connection


def _unlock(connection: Connection, secret: bytes) -> None:
    """Tell SQLCipher the key, and the salt if the file is new."""
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would write to stderr
    connection.set_key(f"x'{secret.hex()}'")


def _set_up(connection: Connection) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _head(connection: Connection, place: str) -> bytes:
    """The first 16 bytes of a file."""
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.set_key(f"x'{bytes(32).hex()}'")  # any, so that SQLCipher looks at the file
    row = connection.execute("PRAGMA cipher_salt").fetchone()
    if row is None:
        msg = "this sqlcipher3 cannot encrypt: install it anew, as it was released"
        raise StorageError(msg)
    head = bytes.fromhex(str(row[0]))
    if head == _PLAIN:
        msg = f"{place} is a plain SQLite database, not an encrypted store of covey: choose another"
        raise NotAStore(msg)
    return head


def _require_head(making: Path, head: bytes) -> None:
    """Make sure that a new file, which nobody else knows yet, is encrypted under its head."""
    with making.open("rb") as file:
        begins = file.read(keys.HEAD)
    if begins != head:
        msg = "SQLCipher did not encrypt a new file, which was deleted: install sqlcipher3 anew"
        raise StorageError(msg)


def _look(path: Path) -> tuple[int, int]:
    """Which file is at a place: its device and inode.

    Raises:
        StoreMissing: There is none.
        NotAStore: It is none that could be a store.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        msg = f"there is no store at {path}: see the path, or begin one there"
        raise StoreMissing(msg) from None
    except OSError as error:
        msg = f"cannot look at {path}: {error.strerror}"
        raise StorageError(msg) from error
    if not path.is_file():
        msg = f"{path} is not a file: choose another"
        raise NotAStore(msg)
    if found.st_size < _PAGE:
        msg = f"{path} is too short to be a store of covey ({found.st_size} bytes): choose another"
        raise NotAStore(msg)
    return found.st_dev, found.st_ino


def _uri(path: Path) -> str:
    """A name by which SQLite opens a file that is there, and begins none."""
    return Path(path).absolute().as_uri() + "?mode=rw"


@contextmanager
def _translated(place: str) -> Iterator[None]:
    try:
        yield
    except driver.failures() as error:
        raise driver.told(error, place) from error
