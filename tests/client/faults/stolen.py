"""What a thief makes of the files of a store: of their bytes, and, with the key, of their pages."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from covey.store import keys
from covey.store.file import LABEL

if TYPE_CHECKING:
    from covey.store import RawKey, Rows

ENDINGS = ("", "-wal", "-shm")

_PAGE = 4096
_RESERVED = 80  # bytes at the end of a page: the IV (16), the HMAC (64)
_LOG = 32  # bytes before the first frame of a log
_FRAME = 24  # bytes before the page of a frame


def steal(path: Path, folder: Path) -> Path:
    """Copy the files of a store as they are; returns where the first of them is."""
    folder.mkdir()
    for ending in ENDINGS:
        file = Path(f"{path}{ending}")
        if file.exists():
            shutil.copyfile(file, folder / file.name)
    return folder / path.name


def put_back(copy: Path, path: Path) -> None:
    """Put a copy of a store into its place, as who restores a snapshot."""
    for ending in ENDINGS:
        Path(f"{path}{ending}").unlink(missing_ok=True)
        file = Path(f"{copy}{ending}")
        if file.exists():
            shutil.copyfile(file, f"{path}{ending}")


def contents(path: Path) -> dict[str, bytes]:
    """The bytes of all files of a store, by name."""
    files = [Path(f"{path}{ending}") for ending in ENDINGS]
    return {file.name: file.read_bytes() for file in files if file.exists()}


def laid_open(path: Path, key: RawKey) -> bytes:
    """All pages of a store, free ones and those in its log included, as who has the key sees them.

    Pages are encrypted by AES-256-CBC, with the IV behind them (SQLCipher 4, a raw key).
    """
    files = contents(path)
    content, log = files[path.name], files.get(f"{path.name}-wal", b"")
    aes = algorithms.AES256(keys.opened(key, LABEL, content[: keys.HEAD], str(path)))
    pages = [content[at : at + _PAGE] for at in range(0, len(content), _PAGE)]
    pages += [
        log[at + _FRAME : at + _FRAME + _PAGE]
        for at in range(_LOG, len(log) - _PAGE, _FRAME + _PAGE)
    ]
    opened = []
    for page in pages:
        if not page.strip(b"\0"):
            continue
        head = keys.HEAD if page[: keys.HEAD] == content[: keys.HEAD] else 0
        cipher = Cipher(aes, modes.CBC(page[-_RESERVED:][:16])).decryptor()
        opened.append(cipher.update(page[head:-_RESERVED]) + cipher.finalize())
    return b"".join(opened)


def everything(rows: Rows, least: int) -> dict[str, bytes]:
    """Every value of every table that is long enough to be looked for, by where it stands."""
    found: dict[str, bytes] = {}
    tables = rows.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT%'")
    for table in (str(name) for (name,) in tables):
        for number, row in enumerate(rows.all(f"SELECT * FROM {table}")):  # noqa: S608 - ours
            for column, value in enumerate(row):
                content = value.encode() if isinstance(value, str) else value
                if isinstance(content, bytes) and len(content) >= least:
                    found[f"{table} {number}.{column}"] = content
    return found
