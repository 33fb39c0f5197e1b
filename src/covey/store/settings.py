"""What there is one of in a store, by name: the table ``settings``.

May import the port. A name belongs to the module that writes it; values are bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from covey.store.port import Rows


def get(rows: Rows, name: str) -> bytes | None:
    """The value under a name, or None when there is none."""
    row = rows.one("SELECT value FROM settings WHERE name = ?", name)
    if row is None:
        return None
    [value] = row
    assert isinstance(value, bytes)
    return value


def put(rows: Rows, name: str, value: bytes) -> None:
    """Keep a value under a name, in the place of the one before."""
    rows.do(
        "INSERT INTO settings (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
    )


def drop(rows: Rows, name: str) -> bool:
    """Delete what is under a name; whether there was something."""
    return rows.do("DELETE FROM settings WHERE name = ?", name) == 1


def beginning(rows: Rows, name: str) -> list[tuple[str, bytes]]:
    """All whose names begin so, with their values; they are found by the index."""
    after = name[:-1] + chr(ord(name[-1]) + 1)
    found = rows.all(
        "SELECT name, value FROM settings WHERE name >= ? AND name < ? ORDER BY name", name, after
    )
    return cast("list[tuple[str, bytes]]", found)
