"""Tickets: what a broker's process gives out so that the next request needs no signature.

May import the structs and the engine's MAC. The key is made by the process and kept in its
memory only; a ticket is bound to what it is for and to the connection it was given out on, so
that it is worth nothing to anybody who sees it.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from covey.access.structs.basics import Ticket, TicketInput, TicketKind
from covey.errors import DecodeError
from covey.mls.crypto.mac import hmac_digest

if TYPE_CHECKING:
    from collections.abc import Callable

LIFETIME: Final = 600
"""Seconds for which a nonce, a ticket or a token is good."""

_NOBODY: Final = bytes(32)


class Mint:
    """Makes tickets, and knows its own again.

    Args:
        key: 32 random bytes.
        clock: Seconds, that never go back.
    """

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        self._key = key
        self._clock = clock

    def issue(
        self, kind: TicketKind, connection: bytes, subject: bytes = _NOBODY, epoch: int = 0
    ) -> bytes:
        """A ticket.

        Args:
            kind: What it is for.
            connection: The id of the connection that it is given out on.
            subject: What it opens: a gid, an inbox, a device's key, a blob; 32 bytes.
            epoch: Of the group, where it has one.
        """
        expires = int(self._clock()) + LIFETIME
        mac = self._mac(TicketInput(kind, expires, subject, epoch, connection))
        return Ticket(kind, expires, subject, epoch, mac).encode()

    def read(self, kind: TicketKind, connection: bytes, data: bytes) -> Ticket | None:
        """The ticket, if this mint made it for that, on this connection, and not too long ago."""
        try:
            ticket = Ticket.decode(data)
        except DecodeError:
            return None
        made_for = TicketInput(
            ticket.kind, ticket.expires, ticket.subject, ticket.epoch, connection
        )
        genuine = hmac.compare_digest(self._mac(made_for), ticket.mac)
        if not genuine or ticket.kind is not kind or ticket.expires < self._clock():
            return None
        return ticket

    def _mac(self, made_for: TicketInput) -> bytes:
        return hmac_digest(self._key, made_for.encode(), "sha256")
