"""Which connection is used for what: the choice that a watching broker profits from, or not.

May import the lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.company.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    import httpx


class Lines:
    """All connections of one person.

    By default each group, each inbox and each posting has a connection of its own. Multiplexed,
    everything that is anonymous goes over one; a broker that watches can then tell that all of
    it is the same person's. What names the device never shares a connection with either.

    Args:
        url: Where the broker is.
        multiplexed: Whether the group plane shares one connection.
        transport: Makes the way to get there, for each connection; by default the network.
    """

    def __init__(
        self,
        url: str,
        *,
        multiplexed: bool = False,
        transport: Callable[[], httpx.BaseTransport] | None = None,
    ) -> None:
        self.url: str = url
        self.multiplexed: bool = multiplexed
        self._transport = transport
        self._identity: Line | None = None
        self._shared: Line | None = None
        self._open: list[Line] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def identity(self) -> Line:
        """The connection that names the device."""
        if self._identity is None:
            self._identity = self._new()
        return self._identity

    def group(self) -> Line:
        """A connection for one group, or for one inbox, for as long as it is used."""
        if not self.multiplexed:
            return self._new()
        if self._shared is None:
            self._shared = self._new()
        return self._shared

    def done(self, line: Line) -> None:
        """Hang up a connection that nothing else shares."""
        if line is not self._shared and line in self._open:
            self._open.remove(line)
            line.close()

    def close(self) -> None:
        """Hang up."""
        for line in self._open:
            line.close()
        self._open.clear()
        self._identity = self._shared = None

    def _new(self) -> Line:
        line = Line(self.url, None if self._transport is None else self._transport())
        self._open.append(line)
        return line
