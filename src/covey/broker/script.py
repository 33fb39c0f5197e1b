"""Transactions written once, for every store: generators that yield steps of SQL.

May import nothing of covey. What the broker does in its database is a *script*: it yields a
`Query` or a `Many`, is sent the rows, and returns the answer. It does no I/O and knows no
engine, so the same words run on SQLite and on PostgreSQL, and a test can play the database.

    def epoch_of(gid: bytes) -> Script[int]:
        rows = yield EPOCH.of(gid)
        ...
        return rows[0][0]

A store runs a script in one transaction, and may begin it again from the start when the
database asks for that; therefore it takes what makes a script, and a script changes nothing
but the database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

Value: TypeAlias = bytes | int | str | tuple[bytes, ...] | None
"""What a statement takes; a tuple is a list of keys, for ``IN $n``."""

Row: TypeAlias = tuple[Any, ...]
"""What a statement returns: bytes, int, str or None in each place."""

_NUMBER: Final = re.compile(r"(?P<list>\bIN\s+)?\$(?P<number>[1-9][0-9]*)", re.IGNORECASE)


class Statement:
    """A statement of SQL, in the words of both engines.

    Values stand as ``$1``, ``$2`` and so on, each as often as needed; ``x IN $3`` takes a
    tuple of keys (and ``NOT x IN $3`` those that are not in it). Quoted text must not hold such
    a word.

    Attributes:
        postgres: The statement for PostgreSQL, with its lock.
    """

    __slots__ = ("_pieces", "_plain", "_plain_order", "postgres")

    def __init__(self, text: str, *, lock: str = "") -> None:
        """Take a statement apart.

        Args:
            text: The statement.
            lock: What PostgreSQL needs at its end, such as ``FOR NO KEY UPDATE``; SQLite has one
                writer and needs none.
        """
        self.postgres: str = _NUMBER.sub(_for_postgres, text) + (f" {lock}" if lock else "")
        self._pieces: tuple[_Piece, ...] = tuple(_pieces(text))
        lists = any(piece.is_list for piece in self._pieces)
        self._plain: str | None = None if lists else _joined(self._pieces, ())
        self._plain_order: tuple[int, ...] = tuple(
            piece.place for piece in self._pieces if piece.place >= 0
        )

    def __repr__(self) -> str:
        return f"Statement({self.postgres!r})"

    def of(self, *args: Value) -> Query:
        """A query with this statement."""
        return Query(self, args)

    def sqlite(self, args: Sequence[Value]) -> tuple[str, tuple[Value, ...]]:
        """The statement and the values for SQLite, in the order in which it wants them.

        A list becomes as many values as it has keys, so the text depends on the values.
        """
        if self._plain is not None:
            return self._plain, tuple(args[index] for index in self._plain_order)
        flat: list[Value] = []
        for piece in self._pieces:
            if piece.is_list:
                flat += _keys(args[piece.place])
            elif piece.place >= 0:
                flat.append(args[piece.place])
        return _joined(self._pieces, args), tuple(flat)


class Query(NamedTuple):
    """One statement; its rows come back.

    Attributes:
        statement: What to run.
        args: ``$1`` and so on.
    """

    statement: Statement
    args: tuple[Value, ...] = ()


class Many(NamedTuple):
    """One statement for many rows of values; nothing comes back.

    Attributes:
        statement: What to run for each.
        rows: ``$1`` and so on, for each.
    """

    statement: Statement
    rows: Sequence[tuple[Value, ...]]


Step: TypeAlias = Query | Many

Script: TypeAlias = Generator[Step, list[Row], T]
"""A transaction: it yields steps, is sent their rows, and returns its answer."""


def play(script: Script[T], run: Callable[[Step], list[Row]]) -> T:
    """Run a script against something that answers each step at once.

    Args:
        script: The script; it is closed in any case.
        run: Runs a step. What it raises ends the script, and is raised.

    Returns:
        What the script returns.
    """
    try:
        step = next(script)
        while True:
            step = script.send(run(step))
    except StopIteration as end:
        answer: T = end.value
        return answer
    finally:
        script.close()


class _Piece(NamedTuple):
    """Text, or a place for a value (its number, from 0), or for a list of them."""

    text: str = ""
    place: int = -1
    is_list: bool = False


def _pieces(text: str) -> Iterable[_Piece]:
    end = 0
    for found in _NUMBER.finditer(text):
        is_list = found["list"] is not None
        yield _Piece(text[end : found.start("list") if is_list else found.start()])
        yield _Piece(place=int(found["number"]) - 1, is_list=is_list)
        end = found.end()
    yield _Piece(text[end:])


def _joined(pieces: Iterable[_Piece], args: Sequence[Value]) -> str:
    words = []
    for piece in pieces:
        if piece.is_list:
            words.append(f"IN ({', '.join('?' for _ in _keys(args[piece.place]))})")
        else:
            words.append("?" if piece.place >= 0 else piece.text)
    return "".join(words)


def _keys(value: Value) -> tuple[bytes, ...]:
    if not isinstance(value, tuple):
        msg = f"IN takes a tuple of keys, not {type(value).__name__}"
        raise TypeError(msg)
    return value


def _for_postgres(found: re.Match[str]) -> str:
    place = f"${found['number']}"
    return place if found["list"] is None else f"= ANY({place})"
