"""Bodies of requests: within a limit, a time, and an amount of memory for all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import ClientDisconnect, Request

from covey.broker import bodies as module
from covey.broker.bodies import PACE, SMALL, Bodies
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.types import Message


NETWORK, OTHER = b"one", b"another"


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
    with bodies.kept(NETWORK) as body:
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
        bodies = Bodies(150, biggest=100, small=0)
        for _ in range(3):
            with bodies.kept(NETWORK) as first, bodies.kept(OTHER) as second:
                assert await first.read(_request(b"x" * 100), 100)
                with pytest.raises(BrokerError) as refused:
                    await second.read(_request(b"x" * 40, b"x" * 11), 100)
                assert refused.value.code == "over_quota"
                assert refused.value.retry_after
        assert await _read(bodies, _request(b"x" * 100))

    asyncio.run(work())


def test_who_sends_nothing_for_too_long_is_let_go() -> None:
    bodies = Bodies(99, 0.05)
    assert _refusal(lambda: _read(bodies, _request(b"a", 5.0, b"b"))) == "malformed"


def test_who_sends_too_little_for_too_long_is_let_go() -> None:
    """However much came at first."""
    trickle = [part for _ in range(40) for part in (0.02, b"x")]
    for first in (b"x", b"x" * PACE * 9):
        bodies = Bodies(PACE * 20, 0.3, biggest=PACE * 20, grace=0.2)
        request = _request(first, *trickle)
        assert _refusal(lambda b=bodies, r=request: _read(b, r, PACE * 10)) == "malformed"  # type: ignore[misc]


def test_who_keeps_the_pace_may_take_long() -> None:
    steady = [part for _ in range(20) for part in (0.02, b"x" * (PACE // 10))]
    bodies = Bodies(PACE * 20, 0.3, biggest=PACE * 20, grace=0.2)
    assert len(asyncio.run(_read(bodies, _request(*steady), PACE * 10))) == 20 * (PACE // 10)


def test_a_network_has_a_share_and_room_for_the_biggest() -> None:
    async def work() -> None:
        bodies = Bodies(1000, biggest=300, small=0)
        with bodies.kept(NETWORK) as first, bodies.kept(NETWORK) as second:
            first.take(300)
            with pytest.raises(BrokerError, match="over_quota"):
                second.take(1)
            with bodies.kept(OTHER) as third:
                third.take(300)
        with bodies.kept(NETWORK) as again:
            again.take(300)

    asyncio.run(work())


def test_small_ones_have_room_of_their_own() -> None:
    async def work() -> None:
        bodies = Bodies(SMALL + 1, biggest=SMALL + 1)
        with bodies.kept(NETWORK) as large:
            await large.read(_request(b"x" * SMALL, b"x"), SMALL + 1)
            assert len(await _read(bodies, _request(b"x" * SMALL), SMALL)) == SMALL
            with bodies.kept(OTHER) as other, pytest.raises(BrokerError, match="over_quota"):
                await other.read(_request(b"x" * SMALL, b"x"), SMALL + 1)
        assert len(await _read(bodies, _request(b"x" * (SMALL + 1)), SMALL + 1)) == SMALL + 1

    asyncio.run(work())


def test_their_room_is_limited_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RESERVE", 4 * SMALL)
    bodies = Bodies(0)
    with bodies.kept(NETWORK) as one, bodies.kept(NETWORK) as two, bodies.kept(OTHER) as three:
        one.take(SMALL)
        with pytest.raises(BrokerError, match="over_quota"):
            two.take(1)
        three.take(SMALL)


def test_a_client_that_leaves_takes_no_room() -> None:
    async def work() -> None:
        bodies = Bodies(100, biggest=100, small=0)
        for _ in range(3):
            with pytest.raises(ClientDisconnect):
                await _read(bodies, _request(b"x" * 90, None))

    asyncio.run(work())
