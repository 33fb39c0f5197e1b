"""What is appended is cut into pieces: all of it, in order, none too large or too small."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.broker.blobs.pieces import Pieces
from covey.broker.blobs.port import State, TooLittleError, TooMuchError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PIECES = Pieces(most=16, least=4)


async def stream(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def cut(parts: list[bytes], size: int, offset: int = 0) -> list[bytes]:
    async def work() -> list[bytes]:
        state = State(size, offset, 0)
        return [piece async for piece in PIECES.cut(stream(parts), state)]

    return asyncio.run(work())


@given(parts=st.lists(st.binary(max_size=40), max_size=6), room=st.integers(0, 100))
def test_any_parts(parts: list[bytes], room: int) -> None:
    whole = b"".join(parts)
    if len(whole) > room:
        with pytest.raises(TooMuchError):
            cut(parts, room)
    elif len(whole) < PIECES.least and len(whole) < room:
        with pytest.raises(TooLittleError):
            cut(parts, room)
    else:
        pieces = cut(parts, room)
        kept = b"".join(pieces)
        assert whole.startswith(kept)
        assert kept == whole or len(whole) - len(kept) < PIECES.least
        assert {len(piece) for piece in pieces[:-1]} <= {PIECES.most}
        assert len(whole) < room or kept == whole


def test_the_offset_counts() -> None:
    assert cut([b"abc"], size=103, offset=100) == [b"abc"]
    with pytest.raises(TooMuchError) as error:
        cut([b"x" * 20, b"y" * 20], size=130, offset=100)
    assert error.value.state.offset == 116


def test_a_range_is_read_in_pieces() -> None:
    state = State(40, 40, 0)
    assert list(PIECES.within(state, 5, None)) == [(5, 16), (21, 16), (37, 3)]
    assert list(PIECES.within(state, 7, 7)) == []
