"""The one row that says whose data it is, and which copy of it a broker runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.broker.script import Statement

if TYPE_CHECKING:
    from covey.broker.script import Script

_INCARNATION = Statement("SELECT incarnation FROM broker WHERE id = 1")
_BEGIN = Statement(
    "INSERT INTO broker (id, incarnation) VALUES (1, $1) ON CONFLICT (id) DO NOTHING"
)
_OWNER = Statement("SELECT broker_key FROM broker WHERE id = 1")
_OWN = Statement("UPDATE broker SET broker_key = $1 WHERE id = 1 AND broker_key IS NULL")
_ANEW = Statement("UPDATE broker SET incarnation = $1 WHERE id = 1")


def incarnation(fresh: bytes) -> Script[bytes]:
    """The incarnation of a database, which begins with the one given.

    Args:
        fresh: 16 random bytes.
    """
    yield _BEGIN.of(fresh)
    rows = yield _INCARNATION.of()
    return bytes(rows[0][0])


def owner() -> Script[bytes | None]:
    """The public key of the broker whose database it is; None while it is nobody's."""
    rows = yield _OWNER.of()
    return rows[0][0] if rows else None


def own(key: bytes) -> Script[bytes | None]:
    """Make a database that has an incarnation a broker's, if it is nobody's.

    Args:
        key: The broker's public key (32 bytes).

    Returns:
        Whose it is now.
    """
    yield _OWN.of(key)
    return (yield from owner())


def begin_anew(fresh: bytes) -> Script[None]:
    """Give a database that was restored from a copy another incarnation."""
    yield _BEGIN.of(fresh)
    yield _ANEW.of(fresh)
