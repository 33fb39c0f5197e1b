"""What can be wrong with a store: each says what happened, and what to do.

May import :mod:`covey.errors`. A path is shown as it was given; a key or a passphrase never.
"""

from __future__ import annotations

from covey.errors import StorageError


class StoreMissing(StorageError):  # noqa: N818 - so it is caught: `except StoreMissing`
    """There is no file at that place."""


class StoreExists(StorageError):  # noqa: N818 - likewise
    """There is something at the place where a file was to be begun."""


class StoreLocked(StorageError):  # noqa: N818 - likewise
    """Another process, or another connection of this one, has held the file for too long."""


class WrongKey(StorageError):  # noqa: N818 - likewise
    """The key or passphrase is not that of the file.

    Or the first 16 bytes of the file are damaged, which cannot be told from it: they are what
    tells the right key (:mod:`covey.store.keys`).
    """


class StoreCorrupt(StorageError):  # noqa: N818 - likewise
    """The key is the right one, and what is in the file is not what covey has written."""


class StoreNewer(StorageError):  # noqa: N818 - likewise
    """The file was written by a newer covey."""


class StoreFull(StorageError):  # noqa: N818 - likewise
    """What was to be written found no room. It was undone; what is in the file can be read."""


class NotAStore(StorageError):  # noqa: N818 - likewise
    """What is there is no store of covey: plain SQLite, or another kind of file."""


class NoKeyring(StorageError):  # noqa: N818 - likewise
    """The keyring of the operating system cannot be used, or holds no key for this store."""
