"""The file of the broker's long-term key: 32 bytes that nobody else may read.

May import :mod:`covey.errors`. Clients know a broker by this key, so it is made once, kept
through restarts, and never overwritten; several processes may begin at the same moment.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from covey.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

_SEED: Final = 32  # bytes of an Ed25519 seed
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def seed_of(path: Path) -> bytes:
    """The seed of the broker's key; a new one if the file is not there.

    Args:
        path: The file. Its folder has to be there.

    Returns:
        An Ed25519 seed (32 bytes).

    Raises:
        StorageError: It cannot be read or written, others may read it, or it holds something
            else than 32 bytes.
    """
    try:
        if not path.exists():
            _begin(path)
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            seed = file.read(_SEED + 1)
    except OSError as error:
        msg = f"cannot use the key file {path}: {error.strerror or error}"
        raise StorageError(msg) from error
    if os.name == "posix" and mode & _OTHERS:
        msg = f"the key file {path} can be read by others: chmod 600 it, if they have not"
        raise StorageError(msg)
    if len(seed) != _SEED:
        msg = f"the key file {path} holds no key of {_SEED} bytes: name another, or bring it back"
        raise StorageError(msg)
    return seed


def _begin(path: Path) -> None:
    """Make a key, whole or not at all; if another process was faster, its key stays."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_SEED))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    _keep(path.parent)


def _keep(folder: Path) -> None:
    """Make sure that a new name in a folder survives a power failure."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
