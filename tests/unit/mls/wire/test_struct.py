"""Wire structs: what they accept, and that they accept nothing else (RFC 9420 §2.1)."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar

import pytest

from covey.errors import DecodeError
from covey.mls.wire.struct import (
    WireStruct,
    as_a,
    as_all,
    as_bytes,
    decode_vector,
    encode_vector,
)
from covey.mls.wire.types import (
    Case,
    Fixed,
    Given,
    Tagged,
    opaque,
    uint8,
    uint16,
    uint32,
    uint64,
)
from covey.mls.wire.varint import header


class Colour(IntEnum):
    red = 1
    blue = 3


class Pair(WireStruct):
    one: uint8
    two: uint16


class Numbers(WireStruct):
    small: uint8
    medium: uint16
    large: uint32
    huge: uint64


class Everything(WireStruct):
    text: opaque
    fixed: Annotated[bytes, Fixed(2)]
    colour: Colour
    pair: Pair
    pairs: tuple[Pair, ...]
    codes: tuple[uint16, ...]
    words: tuple[uint32, ...]
    strings: tuple[opaque, ...]
    maybe: Pair | None
    maybe_text: opaque | None


class Chosen(WireStruct):
    colour: Colour
    depth: Annotated[uint16 | None, Case("colour", (Colour.red,))] = None
    name: Annotated[opaque | None, Case("colour", (Colour.blue,))] = None


class Inner(WireStruct):
    always: uint8
    sometimes: Annotated[uint8 | None, Case("given", (Colour.red,))] = None


class Outer(WireStruct):
    chosen: Chosen
    inner: Annotated[Inner, Given("chosen.colour")]


class Cat(WireStruct):
    tag: ClassVar[int] = 1

    lives: uint8


class Dog(WireStruct):
    tag: ClassVar[int] = 2

    name: opaque


class OtherAnimal(WireStruct):
    kind: uint16
    rest: opaque


class Cage(WireStruct):
    animal: Annotated[Cat | Dog, Tagged(1)]


class Zoo(WireStruct):
    animals: tuple[Annotated[Cat | Dog | OtherAnimal, Tagged(2, other=OtherAnimal)], ...]


class Signed(WireStruct):
    pair: Pair
    signature: opaque
    raw: bytes = b""


class Key(WireStruct):
    secret: ClassVar[bool] = True

    key: opaque


class Nothing(WireStruct):
    pass


EVERYTHING = Everything(
    b"text", b"ab", Colour.blue, Pair(1, 2), (Pair(3, 4), Pair(5, 6)), (7, 0x0A0A), (9,),
    (b"", b"x"), None, b"y",
)  # fmt: skip
ENCODED = bytes.fromhex(
    "0474657874616203010002060300040500060400070a0a040000000903000178"
    "00010179"
)  # fmt: skip


def test_every_kind_of_field_has_the_encoding_of_the_rfc() -> None:
    assert EVERYTHING.encode() == ENCODED
    assert Everything.decode(ENCODED) == EVERYTHING


def test_integers_are_big_endian() -> None:
    numbers = Numbers(1, 2, 3, 4)
    assert numbers.encode().hex() == "010002000000030000000000000004"
    assert Numbers.decode(numbers.encode()) == numbers


@pytest.mark.parametrize("length", range(len(ENCODED)))
def test_nothing_shorter_is_accepted(length: int) -> None:
    with pytest.raises(DecodeError):
        Everything.decode(ENCODED[:length])


def test_trap_trailing_bytes() -> None:
    """OpenMLS 2134: bytes after the struct were ignored."""
    with pytest.raises(DecodeError, match="1 bytes left over"):
        Everything.decode(ENCODED + b"\x00")


def test_a_prefix_says_how_long_it_is() -> None:
    assert Everything.decode_prefix(ENCODED + b"more") == (EVERYTHING, len(ENCODED))
    with pytest.raises(DecodeError, match="cut off"):
        Everything.decode_prefix(ENCODED[:-1])
    with pytest.raises(DecodeError, match="cut off"):
        Key.decode_prefix(b"\x05abc")


@pytest.mark.parametrize("presence", [2, 0x40, 0xFF])
def test_trap_optional_octet(presence: int) -> None:
    encoded = ENCODED[:-4] + bytes((presence,)) + ENCODED[-3:]
    with pytest.raises(DecodeError, match="presence octet"):
        Everything.decode(encoded)


@pytest.mark.parametrize("value", [0, 2, 4, 255])
def test_trap_enum_decode(value: int) -> None:
    """Values of a closed enum are looked up, never taken for a position in a list."""
    with pytest.raises(DecodeError, match=f"{value} is not a Colour"):
        Chosen.decode(bytes((value, 0, 0)))


@pytest.mark.parametrize("length", [1 << 14, 1 << 20, (1 << 30) - 1])
@pytest.mark.parametrize("cls", [Zoo, Key], ids=["structs", "bytes"])
def test_trap_unbounded_element_counts(cls: type[WireStruct], length: int) -> None:
    """Bouncy Castle: memory was reserved for what a header announces."""
    with pytest.raises(DecodeError):
        cls.decode(header(length) + bytes(8))


def test_elements_end_where_their_vector_ends() -> None:
    short = bytes.fromhex("00") + b"ab\x01" + bytes(3) + b"\x02" + bytes(6) + bytes(6)
    with pytest.raises(DecodeError, match="overruns"):
        Everything.decode(short)
    with pytest.raises(DecodeError, match="odd length"):
        Everything.decode(bytes.fromhex("00") + b"ab\x01" + bytes(3) + b"\x00\x01" + bytes(9))


def test_a_select_reads_the_arm_of_its_field() -> None:
    assert Chosen.decode(b"\x01\x00\x09") == Chosen(Colour.red, depth=9)
    assert Chosen.decode(b"\x03\x01x") == Chosen(Colour.blue, name=b"x")
    assert Chosen(Colour.red, depth=9).encode() == b"\x01\x00\x09"
    assert Chosen(Colour.blue, name=b"x").encode() == b"\x03\x01x"


def test_a_select_may_depend_on_a_field_outside() -> None:
    red = Outer(Chosen(Colour.red, depth=1), Inner(5, 6))
    blue = Outer(Chosen(Colour.blue, name=b""), Inner(5))
    assert red.encode() == b"\x01\x00\x01\x05\x06"
    assert blue.encode() == b"\x03\x00\x05"
    assert Outer.decode(red.encode()) == red
    assert Outer.decode(blue.encode()) == blue
    assert Inner.decode_prefix(b"\x05\x06", Colour.red) == (Inner(5, 6), 2)
    assert Inner.decode_prefix(b"\x05\x06", Colour.blue) == (Inner(5), 1)
    assert Inner(5, 6).encode(Colour.red) == b"\x05\x06"


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        (Chosen(Colour.red), "not set"),
        (Chosen(Colour.blue), "not set"),
        (Chosen(Colour.red, depth=1, name=b""), "not chosen"),
        (Chosen(Colour.blue, depth=0, name=b""), "not chosen"),
    ],
)
def test_fields_against_the_select_are_not_encoded(chosen: Chosen, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        chosen.encode()
    with pytest.raises(ValueError, match=problem):
        Outer(chosen, Inner(1)).encode()


def test_a_tag_chooses_a_struct() -> None:
    assert Cage.decode(b"\x01\x09") == Cage(Cat(9))
    assert Cage(Dog(b"Rex")).encode() == b"\x02\x03Rex"
    for tag in (0, 3, 255):
        with pytest.raises(DecodeError, match=f"{tag} is not a tag"):
            Cage.decode(bytes((tag, 0)))


def test_an_open_registry_keeps_what_it_does_not_know() -> None:
    zoo = Zoo((Cat(9), OtherAnimal(0x1A1A, b"grease"), Dog(b"")))
    encoded = bytes.fromhex("0f0001091a1a06677265617365000200")
    assert zoo.encode() == encoded
    assert Zoo.decode(encoded) == zoo


def test_bytes_are_kept_as_they_came() -> None:
    encoded = Signed(Pair(1, 2), b"s").encode()
    decoded = Signed.decode(encoded)
    assert decoded.raw == encoded
    assert decoded.encode() == encoded
    prefix = Signed.decode_prefix(encoded + b"more")[0]
    assert prefix.raw == encoded


def test_a_changed_copy_forgets_the_bytes() -> None:
    decoded = Signed.decode(Signed(Pair(1, 2), b"s").encode())
    changed = decoded.replace(signature=b"t")
    assert changed.raw == b""
    assert Signed.decode(changed.encode()).signature == b"t"
    assert decoded.signature == b"s"
    assert Pair(1, 2).replace(two=3) == Pair(1, 3)


@pytest.mark.parametrize(
    "numbers",
    [
        Numbers(256, 0, 0, 0),
        Numbers(0, 1 << 16, 0, 0),
        Numbers(0, 0, 1 << 32, 0),
        Numbers(0, 0, 0, 1 << 64),
        Numbers(-1, 0, 0, 0),
    ],
)
def test_what_does_not_fit_is_not_encoded(numbers: Numbers) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        numbers.encode()


@pytest.mark.parametrize("guard", [b"", b"a", b"abc"])
def test_bytes_of_a_fixed_length_have_that_length(guard: bytes) -> None:
    with pytest.raises(ValueError, match="of 2 bytes"):
        EVERYTHING.replace(fixed=guard).encode()


def test_a_struct_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Pair(1, 2).one = 3  # type: ignore[misc]


def test_repr_shows_bytes_in_hexadecimal_digits_and_no_secret() -> None:
    assert repr(Signed.decode(b"\x01\x00\x02\x01s")) == (
        "Signed(pair=Pair(one=1, two=2), signature=h'73')"
    )
    assert repr(Key(b"secret")) == "Key(…)"


def test_an_empty_struct_takes_no_bytes() -> None:
    assert Nothing().encode() == b""
    assert Nothing.decode(b"") == Nothing()
    with pytest.raises(DecodeError):
        Nothing.decode(b"\x00")


def test_a_vector_stands_alone() -> None:
    pairs = (Pair(1, 2), Pair(3, 4))
    encoded = bytes.fromhex("06010002030004")
    assert encode_vector(pairs) == encoded
    assert decode_vector(Pair, encoded) == pairs
    assert decode_vector(Pair, encode_vector(())) == ()


@pytest.mark.parametrize(
    "encoded",
    ["", "06", "0601000203", "0601000203000400", "050100020300", "0701000203000400", "c0"],
)
def test_a_vector_that_stands_alone_takes_all_bytes(encoded: str) -> None:
    with pytest.raises(DecodeError):
        decode_vector(Pair, bytes.fromhex(encoded))


def test_what_an_application_hands_in_is_what_is_needed() -> None:
    pair = Pair(1, 2)
    assert as_a(Pair, pair) is pair
    assert as_all(Pair, iter([pair, pair])) == (pair, pair)
    assert as_bytes(bytearray(b"x")) == b"x" == as_bytes(memoryview(b"x"))
    with pytest.raises(TypeError, match="a Pair is needed here, not tuple"):
        as_all(Pair, [pair, (1, 2)])
    with pytest.raises(TypeError, match="an Everything is needed here, not Pair"):
        as_a(Everything, pair)
    with pytest.raises(TypeError, match="bytes are needed here, not str"):
        as_bytes("x")
