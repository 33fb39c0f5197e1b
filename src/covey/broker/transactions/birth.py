"""The one row that says which copy of its data a broker runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.broker.script import Statement

if TYPE_CHECKING:
    from covey.broker.script import Script

_INCARNATION = Statement("SELECT incarnation FROM broker WHERE id = 1")
_BEGIN = Statement(
    "INSERT INTO broker (id, incarnation) VALUES (1, $1) ON CONFLICT (id) DO NOTHING"
)
_ANEW = Statement("UPDATE broker SET incarnation = $1 WHERE id = 1")


def incarnation(fresh: bytes) -> Script[bytes]:
    """The incarnation of a database, which begins with the one given.

    Args:
        fresh: 16 random bytes.
    """
    yield _BEGIN.of(fresh)
    rows = yield _INCARNATION.of()
    return bytes(rows[0][0])


def begin_anew(fresh: bytes) -> Script[None]:
    """Give a database that was restored from a copy another incarnation."""
    yield _BEGIN.of(fresh)
    yield _ANEW.of(fresh)
