"""Whatever answers instead of a broker, or says more than one would: it is an error, and said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from covey.access.heads import broker_id
from covey.access.refusals import REFUSALS, Code
from covey.access.signing import signed
from covey.access.structs.basics import Challenge, Nothing
from covey.access.structs.identity import FetchStock
from covey.access.structs.log import Append, EpochClosed
from covey.client.network import Network, connection
from covey.client.sync.effects import About, Ask, Broker, GetBlob, Lane, PutBlob, Use
from covey.errors import BrokerError, CoveyError, TransportError

if TYPE_CHECKING:
    from covey.client.sync.effects import Effect, Flow

pytestmark = pytest.mark.anyio

LANE = Lane(Use.identity)
CHALLENGE = Ask(LANE, "challenge", Nothing())
STRUCT = {"content-type": "application/octet-stream"}
NONCE = Challenge(b"nonce", 600)
APPEND = Ask(
    LANE,
    "append",
    signed(bytes(32), "append", Append(bytes(32), bytes(32), 0, bytes(16), b"", None)),
)


def one(effect: Effect) -> Flow[Any]:
    return (yield effect)


class Answering:
    """What answers.

    Attributes:
        requests: What was sent to it.
        parts: How many bytes it was sent at once.
    """

    def __init__(self, *responses: httpx.Response) -> None:
        self.requests: list[httpx.Request] = []
        self.parts: list[int] = []
        self._responses = iter(responses)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        parts = [part async for part in request.stream]
        self.parts += map(len, parts)
        request = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=b"".join(parts),
            extensions=request.extensions,
        )
        self.requests.append(request)
        given = next(self._responses)
        stream = httpx.ByteStream(given.content)
        return httpx.Response(given.status_code, headers=given.headers, stream=stream)

    async def ask(self, *effects: Effect) -> Any:  # noqa: ANN401 - whatever the last one gives
        async with Network(
            "http://broker.example/covey", transport=lambda: httpx.MockTransport(self)
        ) as network:
            answer = None
            for effect in effects:
                answer = await network.run(one(effect))
            return answer


async def refused(response: httpx.Response, effect: Effect = CHALLENGE) -> CoveyError:
    with pytest.raises(CoveyError) as raised:
        await Answering(response).ask(effect)
    return raised.value


def problem(code: str, **headers: str) -> httpx.Response:
    body = {"code": code, "sentence": "\x1b[31mGive me your key!"}
    status = REFUSALS[Code(code)].status if code in set(Code) else 418
    return httpx.Response(status, json=body, headers=headers)


async def test_an_answer() -> None:
    answering = Answering(httpx.Response(200, content=NONCE.encode(), headers=STRUCT))
    assert await answering.ask(CHALLENGE) == NONCE
    [request] = answering.requests
    assert str(request.url) == "http://broker.example/covey/v1/challenge"
    assert request.method == "POST"


async def test_a_request_says_nothing_about_the_program() -> None:
    answering = Answering(httpx.Response(200, content=NONCE.encode(), headers=STRUCT))
    await answering.ask(CHALLENGE._replace(token=b"\x01\x02"))
    [request] = answering.requests
    assert request.headers["user-agent"] == "covey"
    assert request.headers["authorization"] == "Bearer 0102"
    assert set(request.headers) == {
        "host", "accept", "accept-encoding", "connection", "user-agent", "authorization",
        "content-length",
    }  # fmt: skip


async def test_cookies_are_not_kept() -> None:
    response = httpx.Response(
        200, content=NONCE.encode(), headers={"set-cookie": "id=7; Path=/", **STRUCT}
    )
    answering = Answering(response, response)
    await answering.ask(CHALLENGE, CHALLENGE)
    assert "cookie" not in answering.requests[1].headers


@pytest.mark.parametrize("code", ["over_quota", "stale_proof", "broken"])
async def test_a_refusal_is_said_in_our_words(code: str) -> None:
    error = await refused(problem(code))
    assert isinstance(error, BrokerError)
    assert (error.code, error.message) == (code, REFUSALS[Code(code)].sentence)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("7", 7.0), ("", 0.0), ("soon", 0.0), ("-1", 0.0), ("inf", 0.0),
        ("9" * 18, 86_400.0), ("9" * 400, 0.0),
    ],
)  # fmt: skip
async def test_when_to_come_again(said: str, meant: float) -> None:
    error = await refused(problem("over_quota", **{"retry-after": said}))
    assert isinstance(error, BrokerError)
    assert error.retry_after == meant


@pytest.mark.parametrize(
    "response",
    [
        problem("owe_me_money"),
        httpx.Response(200, text="<html>Please log in to the hotel's network"),
        httpx.Response(302, headers={"location": "http://elsewhere.example"}),
        httpx.Response(502, text="Bad Gateway"),
        httpx.Response(500, content=b'{"code": "\xff"}'),
        httpx.Response(500, content=b'{"x": ' + b"[" * 100_000),
        httpx.Response(500, content=b"[]"),
        httpx.Response(200, content=NONCE.encode() + b"x", headers=STRUCT),
        httpx.Response(200, headers={"content-encoding": "gzip", **STRUCT}, content=b""),
    ],
    ids=range(9),
)
async def test_what_is_no_broker_is_told_from_one(response: httpx.Response) -> None:
    error = await refused(response)
    assert isinstance(error, TransportError)
    assert "not a broker" in str(error)


async def test_an_answer_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = httpx.Response(200, content=NONCE.encode(), headers=STRUCT)
    monkeypatch.setattr(connection, "LARGEST", len(NONCE.encode()))
    assert await Answering(answer).ask(CHALLENGE) == NONCE
    monkeypatch.setattr(connection, "LARGEST", len(NONCE.encode()) - 1)
    assert isinstance(await refused(answer), TransportError)


async def test_who_appends_too_late_is_told_who_was_faster() -> None:
    commit = bytes(8) + bytes(8) + b"\x01" + bytes(16) + b"\x00"
    closed = EpochClosed.decode(commit)
    response = httpx.Response(409, content=commit, headers=STRUCT)
    assert await Answering(response).ask(APPEND) == closed


async def test_other_conflicts_are_refusals() -> None:
    error = await refused(problem("epoch_passed"), APPEND)
    assert isinstance(error, BrokerError)


# --- about -------------------------------------------------------------------------------


def about(**fields: object) -> httpx.Response:
    key = bytes(range(32))
    said = {
        "broker_id": broker_id(key).hex(),
        "broker_key": key.hex(),
        "limits": {"pointer": 8},
        "covey": "1",
        **fields,
    }
    return httpx.Response(200, text=json.dumps(said))


async def test_what_a_broker_says_of_itself() -> None:
    answering = Answering(about())
    assert await answering.ask(About(LANE)) == Broker(broker_id(bytes(range(32))), {"pointer": 8})
    assert answering.requests[0].url.path == "/covey/.well-known/covey"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"broker_id": "00" * 32}, "not the hash of its key"),
        ({"broker_key": "zz"}, "not a broker"),
        ({"limits": None}, "not a broker"),
    ],
)
async def test_a_broker_that_is_another(fields: dict[str, object], says: str) -> None:
    error = await refused(about(**fields), About(LANE))
    assert isinstance(error, TransportError)
    assert says in str(error)


# --- blobs -------------------------------------------------------------------------------


async def test_a_large_piece_is_sent_in_parts() -> None:
    chunk = bytes(range(256)) * 1000
    answering = Answering(httpx.Response(204, headers={"covey-received": "256007"}))
    put = PutBlob(LANE, bytes(32), b"\x01", 7, chunk)
    assert await answering.ask(put) == 256_007
    [request] = answering.requests
    assert request.content == chunk
    assert max(answering.parts) == 1 << 16
    assert request.headers["content-length"] == str(len(chunk))
    assert request.headers["covey-ticket"] == "01"
    assert request.url.query == b"offset=7"


async def test_a_broker_has_to_say_how_much_it_has() -> None:
    put = PutBlob(LANE, bytes(32), b"\x01", 0, b"chunk")
    assert isinstance(await refused(httpx.Response(204), put), TransportError)


async def test_a_piece_of_a_blob_is_asked_for() -> None:
    answering = Answering(httpx.Response(206, content=b"lo"))
    assert await answering.ask(GetBlob(LANE, bytes(32), 3)) == b"lo"
    assert answering.requests[0].headers["range"] == f"bytes=3-{connection.PIECE + 2}"


async def test_who_does_not_know_ranges_gives_all_of_it() -> None:
    answering = Answering(httpx.Response(200, content=b"hello"))
    assert await answering.ask(GetBlob(LANE, bytes(32), 3)) == b"lo"


# --- addresses and time ------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["", "broker.example", "ftp://broker.example", "http://", "http://a:b"]
)
async def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(TransportError, match="address"):
        Network(url)


@pytest.mark.parametrize("proxy", ["", "gopher://proxy.example"])
async def test_a_proxy_that_is_none(proxy: str) -> None:
    with pytest.raises(TransportError, match="address"):
        Network("https://broker.example", proxy=proxy)


async def test_a_reader_that_waits_is_given_the_time() -> None:
    answering = Answering(httpx.Response(500), httpx.Response(500))
    for wait in (0, 25_000):
        with pytest.raises(TransportError):
            await answering.ask(Ask(LANE, "stock", FetchStock(wait)))
    patience = [each.extensions["timeout"]["read"] for each in answering.requests]
    assert patience == [connection.PATIENCE, connection.PATIENCE + 25]
    assert all(each.extensions["timeout"]["connect"] == 10 for each in answering.requests)
