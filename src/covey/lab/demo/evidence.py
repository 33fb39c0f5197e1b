"""What a database file holds, and what it must not: a search in every form it could take.

May import nothing of covey. A secret that was cut in two by a page of the database would be
missed; all secrets here are far smaller than a page.
"""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

SHORTEST: Final = 5
"""Bytes of the shortest thing to search for; less would be found by chance."""


class Held(NamedTuple):
    """One entry of a log, as the file holds it."""

    seq: int
    epoch: int
    is_commit: bool
    body: bytes


def bytes_of(file: Path) -> bytes:
    """All that is on the disk: the database, its write-ahead log, and what goes with them."""
    parts = sorted(file.parent.glob(f"{file.name}*"))
    return b"".join(part.read_bytes() for part in parts)


def log_of(file: Path, gid: bytes) -> dict[int, Held]:
    """The entries of a group's log, by number."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT seq, epoch, kind = 1, body FROM entry WHERE gid = ? ORDER BY seq", (gid,)
        )
        return {row[0]: Held(row[0], row[1], bool(row[2]), row[3]) for row in rows}


def forms(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """The forms in which bytes could stand in a file, each with its name.

    Base64 has three, since it depends on what stands before; what that touches is cut off.
    """
    yield "as it is", secret
    yield "in hex", secret.hex().encode()
    yield "in hex", secret.hex().upper().encode()
    for before in range(3):
        padded = bytes(before) + secret
        first, last = -(-before * 8 // 6), len(padded) * 8 // 6
        yield "in base64", base64.b64encode(padded)[first:last]
        yield "in base64", base64.urlsafe_b64encode(padded)[first:last]


def sightings(data: bytes, secrets: Mapping[str, bytes]) -> list[str]:
    """Which secrets stand in some bytes, and how.

    Args:
        data: Where to search.
        secrets: What must not be there, by what it is.
    """
    found = []
    named = {secret: what for what, secret in secrets.items()}  # members share most of them
    for secret, what in named.items():
        if len(secret) < SHORTEST:
            msg = f"{what} is too short to be searched for"
            raise ValueError(msg)
        found += sorted({f"{what}, {how}" for how, form in forms(secret) if form in data})
    return found


def blanked(data: bytes, pieces: Iterable[bytes]) -> tuple[bytes, int]:
    """The bytes without some pieces, and how often these stood there."""
    count = 0
    for piece in pieces:
        count += data.count(piece)
        data = data.replace(piece, bytes(len(piece)))
    return data, count
