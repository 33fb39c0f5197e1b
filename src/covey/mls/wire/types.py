"""The vocabulary in which a WireStruct is declared (RFC 9420 §2.1).

May import nothing of covey. Type checkers see ``bytes`` and ``int``; the compiler in
:mod:`covey.mls.wire.compiler` sees the marks inside ``Annotated``:

=========================  ==========================================================
declaration                presentation language
=========================  ==========================================================
``opaque``                 ``opaque field<V>``
``Annotated[bytes, Fixed(4)]``  ``opaque field[4]``
``uint8`` … ``uint64``     the same
an ``IntEnum`` class       a closed enum of one byte; another value is a DecodeError
``tuple[T, ...]``          ``T field<V>``
``T | None``               ``optional<T>``
another WireStruct         that struct
``Tagged``                 a tag and a select on it, in one: a union of structs, each
                           with its code point in ``tag``
``Case``                   an arm of a select on an earlier field; ``None`` elsewhere
``Given``                  a struct whose selects depend on a field outside of it
=========================  ==========================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any


@dataclass(frozen=True, slots=True)
class UInt:
    """An unsigned integer of ``size`` bytes, big-endian. Also for open registries."""

    size: int


@dataclass(frozen=True, slots=True)
class Opaque:
    """A byte string with a variable-size header."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A byte string of exactly ``length`` bytes, without a header."""

    length: int


@dataclass(frozen=True, slots=True)
class Case:
    """Present only when the earlier field ``on`` has one of ``values``.

    ``on`` is a field of the same struct, a dotted path below it, or ``"given"`` for the
    value that an enclosing struct hands in by :class:`Given`.
    """

    on: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """Hands the value at ``path`` into the selects of the nested struct.

    ``"given"`` hands on what this struct was itself given.
    """

    path: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag of ``size`` bytes, then the struct of the union with that ``tag``.

    Attributes:
        size: Bytes of the tag.
        other: The struct for code points that no member of the union has; its first
            field is the code point. Without it they are a DecodeError.
        check: The id of the check that refuses them.
    """

    size: int
    other: type[Any] | None = None
    check: str = "VAL-007"


opaque = Annotated[bytes, Opaque()]
uint8 = Annotated[int, UInt(1)]
uint16 = Annotated[int, UInt(2)]
uint32 = Annotated[int, UInt(4)]
uint64 = Annotated[int, UInt(8)]
