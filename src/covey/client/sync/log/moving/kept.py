"""What is kept of a group while it is moved: between its ReInit and the group after it.

May import the store's port and its settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.store.port import Rows

_MOVING: Final = "moving "
_SUCCESSOR: Final = "successor "


class Moving(msgspec.Struct, frozen=True):
    """A group that a ReInit has ended, and whose successor nobody has made yet.

    Attributes:
        number: The group's number in the store.
        since: When we learnt that, in seconds since the epoch.
        packages: KeyPackages of the others, as MLSMessages; empty before there are all of them.
        tries: How often we have asked for them in vain.
    """

    number: int
    since: float
    packages: tuple[bytes, ...] = ()
    tries: int = 0

    def __repr__(self) -> str:
        return f"Moving({self.number})"


def put(rows: Rows, moving: Moving) -> None:
    """Keep it, in the place of what was kept of that group before."""
    settings.put(rows, f"{_MOVING}{moving.number}", msgspec.msgpack.encode(moving))


def of(rows: Rows, number: int) -> Moving | None:
    """What is kept of one group; None when it is not being moved."""
    found = settings.get(rows, f"{_MOVING}{number}")
    return None if found is None else msgspec.msgpack.decode(found, type=Moving)


def every(rows: Rows) -> list[Moving]:
    """All groups that are being moved."""
    found = settings.beginning(rows, _MOVING)
    return [msgspec.msgpack.decode(each, type=Moving) for _, each in found]


def put_successor(rows: Rows, number: int, stored: Mapping[bytes, bytes]) -> None:
    """Keep the engine's rows of a successor that we have made, until it is in the log."""
    settings.put(rows, f"{_SUCCESSOR}{number}", msgspec.msgpack.encode(dict(stored)))


def successor(rows: Rows, number: int) -> dict[bytes, bytes] | None:
    """The engine's rows of the successor that we have made, if we have."""
    found = settings.get(rows, f"{_SUCCESSOR}{number}")
    return None if found is None else msgspec.msgpack.decode(found, type=dict[bytes, bytes])


def drop(rows: Rows, number: int) -> None:
    """It is moved, or never will be."""
    settings.drop(rows, f"{_MOVING}{number}")
    settings.drop(rows, f"{_SUCCESSOR}{number}")
