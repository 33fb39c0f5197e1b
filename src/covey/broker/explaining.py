"""What the broker keeps, explained column by column.

May import nothing but the list itself, ``explained.toml``, which a test compares with the schema
of both databases.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any, Final

_BESIDES: Final = """\
Besides the database:
  the key file    the broker's long-term key; it signs, and opens nothing
  blobs           attachments, encrypted by who sent them: number, size, bytes, hour of expiry;
                  no group, no account
  memory          keys of epochs that were used last, tickets' key, counts for quotas (by keyed
                  hashes), connections that are open; gone with the process
  the log         the kind of a request and its outcome, no time, no number, no address
  metrics         counts of kinds and outcomes

No table joins an account with a group, and no column is finer than an hour."""


def as_tree() -> dict[str, Any]:
    """Every table: ``about``, ``until``, and its ``columns``."""
    text = (resources.files("covey.broker") / "explained.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def as_text() -> str:
    """The same for people."""
    parts = []
    for name, table in as_tree().items():
        columns = table["columns"]
        width = max(map(len, columns))
        lines = [f"{name}: {table['about']}", f"  kept: {table['until']}"]
        lines += [f"  {column:<{width}}  {what}" for column, what in columns.items()]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, _BESIDES])
