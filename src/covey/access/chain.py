"""The hash chain over a log: h_seq covers entry seq and, by h_(seq-1), all before it.

May import the structs. Whoever reads entries checks that they follow one another; two readers
that agree on one hash agree on the whole log up to it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from covey.access.structs.heads import ChainLink, ChainStart, Position
from covey.errors import ForkError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.access.structs.log import Create, Entry

_LABEL: Final = b"covey access 1 chain"


def start(request: Create) -> Position:
    """The place before the first entry of a log."""
    begun = ChainStart(_LABEL, request.broker_id, request.gid, request.epoch, request.access_key)
    return Position(0, sha256(begun.encode()).digest())


def link(before: Position, gid: bytes, entry: Entry) -> Position:
    """The place after an entry.

    Args:
        before: The place before it.
        gid: Of the log.
        entry: The entry; its number is not looked at.
    """
    seq = before.seq + 1
    body = sha256(entry.body).digest()
    made = ChainLink(before.hash, gid, seq, entry.epoch, entry.kind, body)
    return Position(seq, sha256(made.encode()).digest())


def follow(before: Position, gid: bytes, entries: Iterable[Entry]) -> Position:
    """The place after some entries, which have to be dense and in order.

    Raises:
        ForkError: One is missing, or out of order: the broker dropped or replayed it.
    """
    for entry in entries:
        if entry.seq != before.seq + 1:
            msg = f"entry {entry.seq} came after entry {before.seq}: something is held back"
            raise ForkError(msg)
        before = link(before, gid, entry)
    return before
