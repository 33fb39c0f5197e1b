"""The client's store: one encrypted file for one identity, or memory, as rows in transactions."""

from __future__ import annotations

from covey.store.backup import restore_backup, write_backup
from covey.store.errors import (
    NoKeyring,
    NotAStore,
    StoreCorrupt,
    StoreExists,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    WrongKey,
)
from covey.store.file import open_store, opened_by, rekey
from covey.store.keyring import OsKeyring
from covey.store.keys import Kind, Passphrase, RawKey, StoreKey
from covey.store.memory import memory_store
from covey.store.port import Rows, Store, Value
from covey.store.rows import SqlStore

__all__ = [
    "Kind",
    "NoKeyring",
    "NotAStore",
    "OsKeyring",
    "Passphrase",
    "RawKey",
    "Rows",
    "SqlStore",
    "Store",
    "StoreCorrupt",
    "StoreExists",
    "StoreFull",
    "StoreKey",
    "StoreLocked",
    "StoreMissing",
    "StoreNewer",
    "Value",
    "WrongKey",
    "memory_store",
    "open_store",
    "opened_by",
    "rekey",
    "restore_backup",
    "write_backup",
]
