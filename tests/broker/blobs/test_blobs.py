"""What both stores of blobs promise."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeVar

import pytest

from broker.blobs.grounds import SMALL
from covey.broker.blobs.pieces import Pieces
from covey.broker.blobs.port import (
    BlobExistsError,
    BlobUnknownError,
    IncompleteError,
    OutsideError,
    State,
    TooLittleError,
    TooMuchError,
    WrongOffsetError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from broker.blobs.grounds import Ground
    from covey.broker.blobs.port import Blobs

T = TypeVar("T")

NAME = bytes(range(32))
HOUR = 500_000
WHOLE = os.urandom(200)


def using(ground: Ground, work: Callable[[Blobs], Awaitable[T]], pieces: Pieces = SMALL) -> T:
    """Do something with a store that is new on its ground."""

    async def run() -> T:
        store = ground.store(pieces)
        await store.prepare()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


async def parts(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def everything(store: Blobs, *where: int) -> bytes:
    return b"".join([piece async for piece in store.read(NAME, *where)])


def test_a_blob_is_read_as_it_was_uploaded(ground: Ground) -> None:
    async def work(store: Blobs) -> None:
        assert await store.received(NAME) is None
        assert await store.begin(NAME, 200, HOUR) == State(200, 0, HOUR)
        assert await store.append(NAME, 0, WHOLE[:10]) == State(200, 10, HOUR)
        assert await store.append(NAME, 10, WHOLE[10:190]) == State(200, 190, HOUR)
        assert await store.received(NAME) == State(200, 190, HOUR)
        done = await store.append(NAME, 190, WHOLE[190:])
        assert done == State(200, 200, HOUR)
        assert done.complete
        assert await everything(store) == WHOLE

    using(ground, work)


def test_another_store_on_the_same_ground_goes_on(ground: Ground) -> None:
    async def first(store: Blobs) -> None:
        await store.begin(NAME, 200, HOUR)
        await store.append(NAME, 0, WHOLE[:100])

    async def second(store: Blobs) -> bytes:
        assert await store.begin(NAME, 200, HOUR + 1) == State(200, 100, HOUR)
        await store.append(NAME, 100, WHOLE[100:])
        return await everything(store)

    using(ground, first)
    assert using(ground, second) == WHOLE


def test_ranges(ground: Ground) -> None:
    async def work(store: Blobs) -> None:
        await store.begin(NAME, 200, HOUR)
        await store.append(NAME, 0, WHOLE)
        for start, stop in ((0, 200), (0, 1), (63, 65), (64, 128), (199, 200), (5, 5), (200, 200)):
            assert await everything(store, start, stop) == WHOLE[start:stop]
        assert await everything(store, 150) == WHOLE[150:]
        for where in ((0, 201), (201,), (-1, 5), (9, 8)):
            with pytest.raises(OutsideError):
                await everything(store, *where)
        pieces = [piece async for piece in store.read(NAME)]
        assert max(map(len, pieces)) <= SMALL.most

    using(ground, work)


def test_an_empty_blob_is_complete_at_once(ground: Ground) -> None:
    async def work(store: Blobs) -> None:
        assert (await store.begin(NAME, 0, HOUR)).complete
        assert (await store.append(NAME, 0, b"")).complete
        assert await everything(store) == b""
        with pytest.raises(TooMuchError):
            await store.append(NAME, 0, b"x")

    using(ground, work)


def test_what_is_refused_changes_nothing(ground: Ground) -> None:
    async def work(store: Blobs) -> None:
        now = State(200, 100, HOUR)
        with pytest.raises(BlobUnknownError):
            await store.append(NAME, 0, WHOLE)
        with pytest.raises(BlobUnknownError):
            await everything(store)
        await store.begin(NAME, 200, HOUR)
        await store.append(NAME, 0, WHOLE[:100])
        with pytest.raises(BlobExistsError) as exists:
            await store.begin(NAME, 201, HOUR)
        with pytest.raises(WrongOffsetError) as late:
            await store.append(NAME, 99, WHOLE[99:])
        with pytest.raises(WrongOffsetError) as early:
            await store.append(NAME, 101, WHOLE[101:])
        with pytest.raises(TooMuchError) as much:
            await store.append(NAME, 100, WHOLE[100:] + b"x")
        with pytest.raises(TooLittleError) as little:
            await store.append(NAME, 100, WHOLE[100:107])
        with pytest.raises(TooLittleError) as nothing:
            await store.append(NAME, 100, b"")
        with pytest.raises(IncompleteError) as incomplete:
            await everything(store)
        for refused in (exists, late, early, much, little, nothing, incomplete):
            assert refused.value.state == now
        assert await store.received(NAME) == now
        await store.append(NAME, 100, WHOLE[100:])
        assert await everything(store) == WHOLE

    using(ground, work)


def test_a_stream_is_kept_in_pieces(ground: Ground) -> None:
    async def work(store: Blobs) -> None:
        await store.begin(NAME, 200, HOUR)
        ten = [WHOLE[start : start + 10] for start in range(0, 200, 10)]
        assert (await store.append(NAME, 0, parts(*ten[:3]))).offset == 30
        # 70 bytes: a piece of 64, and a rest too small for a piece, which is left out
        assert (await store.append(NAME, 30, parts(*ten[3:10]))).offset == 94
        assert (await store.append(NAME, 94, parts(WHOLE[94:150], *ten[15:]))).complete
        assert await everything(store) == WHOLE

    using(ground, work)


def test_a_stream_that_breaks_leaves_its_pieces(ground: Ground) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield WHOLE[:150]
        raise ConnectionResetError

    async def work(store: Blobs) -> None:
        await store.begin(NAME, 200, HOUR)
        with pytest.raises(ConnectionResetError):
            await store.append(NAME, 0, broken())
        assert await store.received(NAME) == State(200, 128, HOUR)

    using(ground, work)


def test_a_stream_that_is_too_long_stops_at_the_last_piece(ground: Ground) -> None:
    async def work(store: Blobs) -> None:
        await store.begin(NAME, 100, HOUR)
        with pytest.raises(TooMuchError) as error:
            await store.append(NAME, 0, parts(WHOLE[:70], WHOLE[70:101]))
        assert error.value.state == State(100, 64, HOUR)
        assert await store.received(NAME) == State(100, 64, HOUR)

    using(ground, work)


def test_pieces_of_the_size_that_is_used(ground: Ground) -> None:
    whole = os.urandom(3 * Pieces().most + 5)

    async def work(store: Blobs) -> None:
        await store.begin(NAME, len(whole), HOUR)
        assert (await store.append(NAME, 0, parts(whole[:999], whole[999:]))).complete
        assert await everything(store) == whole

    using(ground, work, Pieces())


def test_a_sweep_takes_what_has_expired_complete_or_not(ground: Ground) -> None:
    names = [bytes([number]) * 32 for number in range(6)]

    async def work(store: Blobs) -> None:
        for number, name in enumerate(names):
            await store.begin(name, 100, HOUR + number // 2)
            if number % 2:
                await store.append(name, 0, WHOLE[:100])
        assert await store.sweep(HOUR - 1) == 0
        assert await store.sweep(HOUR) == 2
        assert [await store.received(name) is None for name in names] == [True] * 2 + [False] * 4
        assert await store.sweep(HOUR) == 0
        with pytest.raises(BlobUnknownError):
            await store.append(names[0], 0, WHOLE[:100])
        assert await store.sweep(HOUR + 9) == 4
        assert (await store.begin(names[0], 7, HOUR)).offset == 0

    using(ground, work)


def test_a_name_of_another_length_is_a_bug_of_the_caller(ground: Ground) -> None:
    async def work(store: Blobs) -> None:
        for name in (b"", b"x" * 31, b"x" * 33):
            with pytest.raises(ValueError, match="32 bytes"):
                await store.received(name)

    using(ground, work)


def test_a_blob_that_expires_while_it_is_read(ground: Ground) -> None:
    """It is read to its end, or it is unknown; never something else."""

    async def work(store: Blobs) -> None:
        await store.begin(NAME, 200, HOUR)
        await store.append(NAME, 0, WHOLE)
        reading = store.read(NAME)
        found = await anext(reading)
        await store.sweep(HOUR)
        try:
            found += b"".join([piece async for piece in reading])
        except BlobUnknownError:
            assert WHOLE.startswith(found)
        else:
            assert found == WHOLE

    using(ground, work)
