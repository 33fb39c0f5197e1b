"""Bodies of requests: within a limit, a time, and an amount of memory for all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import ClientDisconnect, Request

from covey.broker.bodies import Bodies
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.types import Message


def _request(*pieces: bytes | float | None, announced: int | None = None) -> Request:
    """A request whose body comes in pieces; a number is a pause in seconds, None the end."""
    waiting = list(pieces)

    async def receive() -> Message:
        if waiting and isinstance(waiting[0], float):
            await asyncio.sleep(waiting.pop(0))  # type: ignore[arg-type]
        piece = waiting.pop(0) if waiting else b""
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    headers = [] if announced is None else [(b"content-length", b"%d" % announced)]
    return Request({"type": "http", "headers": headers}, receive)


def _refusal(work: Callable[[], Coroutine[Any, Any, object]]) -> str:
    with pytest.raises(BrokerError) as refused:
        asyncio.run(work())
    return refused.value.code


async def _read(bodies: Bodies, request: Request, limit: int = 100) -> bytes:
    with bodies.kept() as body:
        return await body.read(request, limit)


def test_a_body_is_read_as_it_comes() -> None:
    assert asyncio.run(_read(Bodies(100), _request(b"ab", 0.01, b"c"))) == b"abc"
    assert asyncio.run(_read(Bodies(0), _request())) == b""


@pytest.mark.parametrize("announced", [None, 101])
def test_what_is_over_the_limit_is_not_read(announced: int | None) -> None:
    request = _request(b"x" * 60, b"x" * 41, announced=announced)
    assert _refusal(lambda: _read(Bodies(1000), request)) == "too_large"


def test_all_bodies_share_their_room_and_give_it_back() -> None:
    async def work() -> None:
        bodies = Bodies(150)
        for _ in range(3):
            with bodies.kept() as first, bodies.kept() as second:
                assert await first.read(_request(b"x" * 100), 100)
                with pytest.raises(BrokerError) as refused:
                    await second.read(_request(b"x" * 40, b"x" * 11), 100)
                assert refused.value.code == "over_quota"
                assert refused.value.retry_after
        assert await _read(bodies, _request(b"x" * 100))

    asyncio.run(work())


def test_who_sends_nothing_for_too_long_is_let_go() -> None:
    assert _refusal(lambda: _read(Bodies(99, 0.05), _request(b"a", 5.0, b"b"))) == "malformed"


def test_a_client_that_leaves_takes_no_room() -> None:
    async def work() -> None:
        bodies = Bodies(100)
        for _ in range(3):
            with pytest.raises(ClientDisconnect):
                await _read(bodies, _request(b"x" * 90, None))

    asyncio.run(work())
