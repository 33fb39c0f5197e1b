"""The compiler of wire structs: what it shares, remembers and refuses."""

from __future__ import annotations

from covey.mls.structs.tree import Capabilities
from covey.mls.wire import compiler, runtime
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint16


class Codes(WireStruct):
    codes: tuple[uint16, ...]


class Text(WireStruct):
    text: opaque


def test_a_codec_is_compiled_once() -> None:
    assert compiler.codec(Codes) is compiler.codec(Codes)


def test_equal_vectors_of_code_points_are_one_object() -> None:
    encoded = Capabilities((1,), (1, 2, 3), (), (), (1, 2)).encode()
    one, other = Capabilities.decode(encoded), Capabilities.decode(encoded)
    assert one.cipher_suites is other.cipher_suites


def test_what_is_remembered_is_bounded() -> None:
    for number in range(5000):
        assert Codes.decode(Codes((number,)).encode()).codes == (number,)
    assert len(runtime._code_points) <= 4096  # noqa: SLF001 - the bound is a promise
    long = tuple(range(1000))
    assert Codes.decode(Codes(long).encode()).codes == long
    assert max(map(len, runtime._code_points)) <= 256  # noqa: SLF001


def test_a_vector_of_structs_is_encoded_by_their_own_codecs() -> None:
    assert compiler.encode_vector((Text(b"a"), Text(b""))) == b"\x03\x01a\x00"
    assert compiler.decode_vector(Text, b"\x03\x01a\x00") == (Text(b"a"), Text(b""))
