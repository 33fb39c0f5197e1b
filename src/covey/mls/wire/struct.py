"""WireStruct: a frozen struct whose annotations are its wire format (RFC 9420 §2.1).

May import the wire compiler and :mod:`covey.errors`. Promises: ``decode`` accepts exactly
the encodings (VAL-001 … VAL-007), takes time and memory linear in its input, and raises
nothing but DecodeError; ``decode(encode(x))`` equals ``x``; ``encode(decode(b))`` equals
``b``, since every encoding is canonical.
"""

from __future__ import annotations

from struct import error as PackError  # noqa: N812 - the standard library calls it error
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

import msgspec

from covey.errors import DecodeError
from covey.mls.wire import compiler

if TYPE_CHECKING:
    from collections.abc import Iterable

A = TypeVar("A")
T = TypeVar("T", bound="WireStruct")


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class WireStruct(msgspec.Struct, frozen=True, gc=False):
    """The base of all structs on the wire.

    A subclass with a last field ``raw: bytes = b""`` keeps the bytes that it was decoded
    from: hashes and signatures are then computed over what was received, without encoding
    it again. ``raw`` is not part of the encoding.

    Class Attributes:
        tag: The code point by which a select finds the struct, where it is in one.
        secret: Whether the struct holds secrets; its repr then shows none of them.
    """

    tag: ClassVar[int]
    secret: ClassVar[bool] = False

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode exactly one struct that takes up all of ``data``.

        Raises:
            DecodeError: The bytes are not an encoding of the struct, or bytes are left.
        """
        decode_at = compiler.codec(cls).decode_at
        data = data if type(data) is bytes else as_bytes(data)
        try:
            value, pos = decode_at(data, 0)
        except IndexError:
            raise _cut_off(cls, data) from None
        if pos > len(data):
            raise _cut_off(cls, data)
        if pos < len(data):
            msg = f"{cls.__name__}: {len(data) - pos} bytes left over"
            raise DecodeError(msg).of(rule="VAL-006", section="6")
        return value  # type: ignore[no-any-return]

    @classmethod
    def decode_prefix(cls, data: bytes, *given: int) -> tuple[Self, int]:
        """Decode a struct at the start of ``data``; what follows it is left alone.

        Args:
            data: The bytes.
            given: The outside value that the struct's selects depend on, where they do.

        Returns:
            The struct and the number of bytes that it took.

        Raises:
            DecodeError: The bytes do not begin with an encoding of the struct.
        """
        try:
            value, pos = compiler.codec(cls).decode_at(data, 0, *given)
        except IndexError:
            raise _cut_off(cls, data) from None
        if pos > len(data):
            raise _cut_off(cls, data)
        return value, pos

    def encode(self, *given: int) -> bytes:
        """Encode the struct.

        Args:
            given: The outside value that the struct's selects depend on, where they do.

        Raises:
            ValueError: An integer or a vector does not fit into its field, or a field is
                set, or not, against the select that it belongs to.
        """
        try:
            return compiler.codec(type(self)).encode(self, *given)
        except (OverflowError, PackError):
            msg = f"an integer of {type(self).__name__} does not fit into its field"
            raise ValueError(msg) from None
        except (AttributeError, KeyError, TypeError):
            msg = f"a field of {type(self).__name__} that its select asks for is not set"
            raise ValueError(msg) from None

    def replace(self, **changes: object) -> Self:
        """A copy with some fields changed, and without the bytes it was decoded from."""
        if "raw" in self.__struct_fields__:
            changes.setdefault("raw", b"")
        return msgspec.structs.replace(self, **changes)

    def _repr_html_(self) -> str:
        """The struct as an outline, for a notebook; secrets are not shown."""
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        return page.of_struct(self)

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show Rich, which does not ask ``repr``, no more than that shows."""
        names = () if self.secret else self.__struct_fields__
        return [(name, getattr(self, name)) for name in names if name != "raw"]

    def __repr__(self) -> str:
        if self.secret:
            return f"{type(self).__name__}(…)"
        fields = ", ".join(
            f"{name}={_shown(getattr(self, name))}"
            for name in self.__struct_fields__
            if name != "raw"
        )
        return f"{type(self).__name__}({fields})"


class Unshown(msgspec.Struct, frozen=True):
    """The base of structs that hold secrets: they say in ``__repr__`` what may be seen.

    Rich shows a struct's fields without asking for its ``repr``; of these it shows none.
    """

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show Rich nothing."""
        return []


def as_bytes(data: object) -> bytes:
    """Bytes that nobody can change any more, of anything that holds bytes.

    Raises:
        TypeError: It holds none.
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    msg = f"bytes are needed here, not {type(data).__name__}"
    raise TypeError(msg)


def as_a(kind: type[A], value: object) -> A:
    """The value, which has to be of a class: for what an application hands in.

    Raises:
        TypeError: It is of another.
    """
    if isinstance(value, kind):
        return value
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    msg = f"{article} {kind.__name__} is needed here, not {type(value).__name__}"
    raise TypeError(msg)


def as_all(kind: type[A], values: Iterable[object]) -> tuple[A, ...]:
    """The values, each of which has to be of a class.

    Raises:
        TypeError: One is of another.
    """
    return tuple(as_a(kind, each) for each in values)


def _shown(value: object) -> str:
    return f"h'{value.hex()}'" if isinstance(value, bytes) else repr(value)


def encode_vector(items: tuple[WireStruct, ...]) -> bytes:
    """Encode ``T items<V>`` where it stands alone, as in extension data."""
    return compiler.encode_vector(items)


def decode_vector(cls: type[T], data: bytes) -> tuple[T, ...]:
    """Decode ``T items<V>`` that takes up all of ``data``.

    Raises:
        DecodeError: The bytes are not such a vector, or bytes are left.
    """
    return compiler.decode_vector(cls, data)


def _cut_off(cls: type[WireStruct], data: bytes) -> DecodeError:
    msg = f"{cls.__name__} is cut off after {len(data)} bytes"
    return DecodeError(msg).of(rule="VAL-004", section="2.1.2")
