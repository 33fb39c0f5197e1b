"""Whether the log of a group is read anew, from an earlier place than was reached before.

May import the store. It is kept: who starts again in between goes on so, and does not take for new,
or for lost, what it had taken in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.store import settings

if TYPE_CHECKING:
    from covey.store.port import Rows


def begun(rows: Rows, number: int) -> None:
    """It is read from its beginning."""
    settings.put(rows, _name(number), b"\x01")


def ended(rows: Rows, number: int) -> None:
    """Its end was reached, or we begin at another place."""
    settings.drop(rows, _name(number))


def is_under_way(rows: Rows, number: int) -> bool:
    """Whether its end has not been reached since."""
    return settings.get(rows, _name(number)) is not None


def _name(number: int) -> str:
    return f"read anew {number}"
