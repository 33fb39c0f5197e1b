"""Whatever is appended, where, by whom, and broken off: the bytes of the blob, or a refusal."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from broker.blobs.grounds import SMALL
from broker.blobs.uploader import HOUR, content
from covey.broker.blobs.port import (
    BlobExistsError,
    BlobStateError,
    IncompleteError,
    State,
    TooLittleError,
    TooMuchError,
    WrongOffsetError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from broker.blobs.grounds import Ground
    from covey.broker.blobs.port import Blobs


class Append(NamedTuple):
    """One append: how far from the end of the blob it starts, and what it brings.

    Attributes:
        astray: By how much the offset is wrong.
        length: Bytes, which may be too many.
        stream: The sizes of the parts they come in; None for all at once.
        breaks: After which part the stream breaks, if it is one and has so many.
    """

    astray: int
    length: int
    stream: tuple[int, ...] | None
    breaks: int


APPENDS = st.builds(
    Append,
    astray=st.sampled_from([0, 0, 0, 0, 0, -1, 1, -64, 64]),
    length=st.integers(0, 200),
    stream=st.none() | st.lists(st.integers(1, 90), min_size=1, max_size=5).map(tuple),
    breaks=st.integers(0, 9),
)
AT_ONCE = st.lists(st.lists(APPENDS, min_size=1, max_size=4), max_size=5)


class BrokenOffError(Exception):
    """An uploader is gone."""


async def stream(whole: bytes, append: Append) -> AsyncIterator[bytes]:
    """The bytes in parts, the last of which brings the rest, until it breaks."""
    for number, size in enumerate((*(append.stream or ()), len(whole))):
        if number == append.breaks:
            raise BrokenOffError
        yield whole[:size]
        whole = whole[size:]


async def outcome(work: Awaitable[State]) -> State | BlobStateError | BrokenOffError:
    """How something ended."""
    try:
        return await work
    except (BlobStateError, BrokenOffError) as error:
        return error


async def uploaded(store: Blobs, blob: bytes, size: int, append: Append) -> State | None:
    """The state that an append acknowledges, or None if it is refused; checked, either."""
    state = await store.received(blob)
    assert state is not None
    start = max(state.offset + append.astray, 0)
    stop = start + append.length
    brought = content(blob, size + 1_000)[start:stop]
    chunk = brought if append.stream is None else stream(brought, append)
    match await outcome(store.append(blob, start, chunk)):
        case State() as after:
            assert start <= after.offset <= min(stop, size)
            assert stop - after.offset < SMALL.least
            return after
        case WrongOffsetError(state=now):
            assert now.offset != start
        case TooMuchError(state=now):
            assert stop > size >= now.offset
        case TooLittleError(state=now):
            assert append.length < SMALL.least
            assert now.offset + append.length != size
        case refused:
            assert isinstance(refused, BrokenOffError)
    return None


async def story(ground: Ground, blob: bytes, size: int, rounds: list[list[Append]]) -> list[State]:
    """Rounds of appends at once, each by a store of its own; then the blob is finished."""
    acknowledged = []
    opened = ground.store()
    await opened.prepare()
    await opened.begin(blob, size, HOUR)
    for at_once in rounds:
        stores = [ground.store() for _ in at_once]
        answers = await asyncio.gather(
            *(
                uploaded(store, blob, size, append)
                for store, append in zip(stores, at_once, strict=True)
            )
        )
        acknowledged += [answer for answer in answers if answer is not None]
        now = await opened.received(blob)
        assert now is not None
        assert all(answer.offset <= now.offset <= size for answer in acknowledged)
    try:
        found = b"".join([piece async for piece in opened.read(blob)])
    except IncompleteError as error:
        await opened.append(blob, error.state.offset, content(blob, size)[error.state.offset :])
        found = b"".join([piece async for piece in opened.read(blob)])
    assert found == content(blob, size)
    return acknowledged


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(0, 400), rounds=AT_ONCE)
@example(size=64, rounds=[[Append(0, 64, None, 9)] * 3])
@example(size=65, rounds=[[Append(0, 64, (64,), 9)], [Append(0, 1, None, 9)]])
def test_any_sequence_of_appends(ground: Ground, size: int, rounds: list[list[Append]]) -> None:
    asyncio.run(story(ground, os.urandom(32), size, rounds))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.sampled_from([3, 3, 3, 50, 51]), min_size=2, max_size=5))
def test_begins_at_once_agree(ground: Ground, sizes: list[int]) -> None:
    blob = os.urandom(32)

    async def begin(number: int, size: int) -> State | None:
        begun = await outcome(ground.store().begin(blob, size, HOUR + number))
        if isinstance(begun, State):
            return begun
        assert isinstance(begun, BlobExistsError)
        assert begun.state.size != size
        return None

    async def work() -> None:
        await ground.store().prepare()
        answers = await asyncio.gather(*(begin(*each) for each in enumerate(sizes)))
        begun = {answer for answer in answers if answer is not None}
        assert begun == {await ground.store().received(blob)}
        hour = next(iter(begun)).expires
        await ground.store().sweep(hour - 1)
        assert await ground.store().received(blob) in begun
        assert await ground.store().sweep(hour) >= 1
        assert await ground.store().received(blob) is None

    asyncio.run(work())
