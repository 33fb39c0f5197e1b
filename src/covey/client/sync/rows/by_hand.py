"""Pointers that are handed over: for who has no inbox, until the invitation is made of them.

May import the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.access.structs.sealed import Posting
from covey.store import settings

if TYPE_CHECKING:
    from covey.store.port import Rows

_NAME: Final = "by hand "

KEPT: Final = 30 * 86_400
"""Seconds for which a pointer waits to be fetched."""


class _Kept(msgspec.Struct, frozen=True):
    made_at: int
    posting: bytes


def keep(rows: Rows, posting: Posting, now: int) -> None:
    """Keep a pointer until it is fetched."""
    kept = _Kept(now, posting.encode())
    settings.put(rows, _name(posting.key_package_ref), msgspec.msgpack.encode(kept))


def fetch(rows: Rows, reference: bytes) -> Posting | None:
    """Take the pointer for a KeyPackage out; None when there is none."""
    kept = settings.get(rows, _name(reference))
    if kept is None:
        return None
    settings.drop(rows, _name(reference))
    return Posting.decode(msgspec.msgpack.decode(kept, type=_Kept).posting)


def drop_old(rows: Rows, now: int) -> None:
    """Drop what nobody has fetched."""
    for name, kept in settings.beginning(rows, _NAME):
        if not 0 <= now - msgspec.msgpack.decode(kept, type=_Kept).made_at <= KEPT:
            settings.drop(rows, name)


def _name(reference: bytes) -> str:
    return f"{_NAME}{reference.hex()}"
