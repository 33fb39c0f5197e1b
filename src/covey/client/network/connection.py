"""One HTTP connection to a broker: what goes over it, and how its answers are read.

May import httpx, anyio, the effects and the protocol. Nothing that a broker answers is believed:
how long it is, what it says it is, its sentences. It is no broker's business which client speaks:
no cookies are kept, and no program is named.
"""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio
import httpx
import msgspec

from covey.access.heads import broker_id
from covey.access.operations import OPERATIONS
from covey.access.refusals import REFUSALS, Code
from covey.access.structs.identity import FetchStock
from covey.access.structs.joining import Fetch
from covey.access.structs.log import EpochClosed, Read
from covey.client.sync.effects import Ask, Broker
from covey.errors import BrokerError, DecodeError, TransportError

if TYPE_CHECKING:
    import ssl

    from covey.client.sync.effects import GetBlob, PutBlob
    from covey.mls.wire.struct import WireStruct

CONNECT: Final = 10.0
"""Seconds in which a connection is there."""

PATIENCE: Final = 30.0
"""Seconds in which a part of a request is taken, or the next part of an answer is there; for one
that the broker keeps waiting, besides that time."""

LARGEST: Final = 64 << 20
"""Bytes of an answer: more than of a commit with everything that it brings, or of a page."""

PIECE: Final = 1 << 20
"""Bytes of a blob that are fetched at once."""

_PART: Final = 1 << 16  # bytes of a request that are sent at once
_LATEST: Final = 86_400.0  # seconds after which a broker is tried again, whatever it says
_ONE: Final = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=60)
_STRUCT: Final = "application/octet-stream"
_NO_TLS: Final = "WRONG_VERSION_NUMBER"  # what OpenSSL says of what answers and is no TLS
_HEADERS: Final = {"user-agent": "covey", "accept-encoding": "identity"}
_PROBLEM: Final = "what answers is not a broker, or not one of this version"


class Way(NamedTuple):
    """How a broker is reached.

    Attributes:
        url: Where it is, without the path of an operation.
        tls: Whom it trusts.
        proxy: What stands in between, if anything does.
    """

    url: httpx.URL
    tls: ssl.SSLContext
    proxy: httpx.Proxy | None


class _Problem(msgspec.Struct):
    """An error of the broker; its sentence is not shown, since ours is the same."""

    code: str


class _About(msgspec.Struct):
    """What a broker says of itself, as far as it is of use here."""

    broker_id: str
    broker_key: str
    limits: dict[str, int]
    hour: int | None = None


class _Answer:
    """A whole answer; what is in it is nobody else's business."""

    def __init__(self, status: int, headers: httpx.Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def is_struct(self) -> bool:
        """Whether it says that it is a struct."""
        return bool(self.headers.get("content-type") == _STRUCT)


class Connection:
    """A connection, which is opened by its first request, and again when it has broken.

    Args:
        way: How the broker is reached.
        transport: What carries requests; by default the network.
    """

    def __init__(self, way: Way, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._one_at_a_time = anyio.Lock()
        self._hung_up = False
        self._under_way: anyio.CancelScope | None = None
        try:
            self._http = httpx.AsyncClient(
                base_url=way.url,
                headers=_HEADERS,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                timeout=httpx.Timeout(PATIENCE, connect=CONNECT, pool=None),
                trust_env=False,
                transport=transport,
                proxy=way.proxy,
                verify=way.tls,
                limits=_ONE,
            )
        except ImportError as error:
            msg = f"this kind of proxy needs a package that is not installed: {error}"
            raise TransportError(msg) from error

    async def hang_up(self) -> None:
        """Close it; who is using it, or waits to, is told that it broke."""
        self._hung_up = True
        with anyio.CancelScope(shield=True):
            if self._under_way is not None:
                self._under_way.cancel()
            async with self._one_at_a_time:  # one that is only just there would be left open
                await self._http.aclose()

    # --- effects -------------------------------------------------------------------------

    async def ask(self, effect: Ask) -> WireStruct:
        """Ask for an operation.

        Raises:
            BrokerError: The broker refuses.
            TransportError: It does not answer, or not as a broker would.
        """
        found = OPERATIONS[effect.operation]
        token = effect.token.hex()
        answer = await self._sent(
            "POST",
            f"v1/{effect.operation}",
            {"authorization": f"Bearer {token}"} if token else {},
            effect.request.encode(),
            waiting=_waiting(effect),
        )
        closed = answer.status == REFUSALS[Code.epoch_closed].status and answer.is_struct
        if effect.operation == "append" and closed:
            return _decoded(EpochClosed, answer)
        return _decoded(found.answer, _done(answer))

    async def about(self) -> Broker:
        """What the broker says of itself.

        Raises:
            TransportError: It does not answer, or is no broker.
        """
        answer = _done(await self._sent("GET", ".well-known/covey", {}))
        try:
            about = msgspec.json.decode(answer.body, type=_About)
            named = bytes.fromhex(about.broker_id)
            fits = broker_id(bytes.fromhex(about.broker_key)) == named
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise TransportError(_PROBLEM) from error
        if not fits:
            msg = "the broker's id is not the hash of its key"
            raise TransportError(msg)
        return Broker(named, about.limits, about.hour)

    async def put_blob(self, effect: PutBlob) -> int:
        """Send bytes of a blob; returns how many are there.

        Raises:
            BrokerError: ``wrong_offset``, ``stale_proof`` or ``blob_unknown``: begin it again,
                which says how far it is.
            TransportError: The broker does not answer, or not as a broker would.
        """
        headers = {"covey-ticket": effect.ticket.hex()}
        path = f"v1/blobs/{effect.blob.hex()}?offset={effect.offset}"
        answer = _done(await self._sent("PUT", path, headers, effect.chunk))
        received = _number(answer.headers.get("covey-received", ""))
        if received is None:
            raise TransportError(_PROBLEM)
        return received

    async def get_blob(self, effect: GetBlob) -> bytes:
        """The next bytes of a blob, at most :data:`PIECE`.

        Raises:
            BrokerError: ``blob_unknown``; ``malformed`` at its end.
            TransportError: The broker does not answer, or not as a broker would.
        """
        start = effect.start
        headers = {"range": f"bytes={start}-{start + PIECE - 1}"}
        answer = _done(await self._sent("GET", f"v1/blobs/{effect.blob.hex()}", headers))
        whole = answer.status != httpx.codes.PARTIAL_CONTENT
        return answer.body[start : start + PIECE] if whole else answer.body[:PIECE]

    # --- HTTP ----------------------------------------------------------------------------

    async def _sent(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        content: bytes = b"",
        *,
        waiting: float = 0.0,
    ) -> _Answer:
        """The answer to a request; nobody else uses the connection in between."""
        async with self._one_at_a_time:
            timeout = httpx.Timeout(PATIENCE, connect=CONNECT, read=PATIENCE + waiting, pool=None)
            if not self._hung_up:
                request = self._http.build_request(
                    method, path, headers=headers, content=content, timeout=timeout
                )
                request.stream = _Parts(content)
                with anyio.CancelScope() as self._under_way:
                    return await self._answer(request)
        msg = "the connection to the broker was closed"
        raise TransportError(msg)

    async def _answer(self, request: httpx.Request) -> _Answer:
        try:
            response = await self._http.send(request, stream=True)
            try:
                return _Answer(response.status_code, response.headers, await _whole(response))
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
        except (httpx.TransportError, httpx.StreamError) as error:
            msg = f"the broker does not answer: {_reason(error)}{_mixed_up(error, self._http)}"
            raise TransportError(msg) from error


class _Parts(httpx.AsyncByteStream):
    """A body in parts, each of which may take its time."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._sent = 0

    def __aiter__(self) -> _Parts:
        return self

    async def __anext__(self) -> bytes:
        part = self._content[self._sent : self._sent + _PART]
        if not part:
            raise StopAsyncIteration
        self._sent += len(part)
        return part


async def _whole(response: httpx.Response) -> bytes:
    """The body of an answer, if it is not larger than any can be."""
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > LARGEST:
            await response.aclose()  # which ends it, with an error or without
    if len(body) > LARGEST:
        raise TransportError(_PROBLEM)
    return bytes(body)


def _reason(error: BaseException) -> str:
    """What went wrong, as far down as somebody says so."""
    within = error.__cause__ or error.__context__
    if str(error) or within is None:
        return str(error) or type(error).__name__
    return _reason(within)


def _mixed_up(error: BaseException, http: httpx.AsyncClient) -> str:
    """What may be wrong with the beginning of an address."""
    if http.base_url.scheme == "https" and _NO_TLS in _reason(error):
        return " (nothing there speaks TLS: does its address begin with http://?)"
    if http.base_url.scheme == "http" and isinstance(error, httpx.RemoteProtocolError):
        return " (does its address begin with https://?)"
    return ""


def _waiting(effect: Ask) -> float:
    """For how many seconds the broker is asked to wait with its answer."""
    request = effect.request
    return request.wait / 1000 if isinstance(request, (Read, Fetch, FetchStock)) else 0.0


def _done(answer: _Answer) -> _Answer:
    """The answer, unless it is a refusal.

    Raises:
        BrokerError: It is.
        TransportError: What answers is no broker.
    """
    if httpx.codes.is_success(answer.status):
        return answer
    try:
        code = Code(msgspec.json.decode(answer.body, type=_Problem).code)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        msg = f"{_PROBLEM}: it answers with status {answer.status}"
        raise TransportError(msg) from error
    refused = BrokerError(code.value, REFUSALS[code].sentence)
    seconds = _number(answer.headers.get("retry-after", ""))
    refused.retry_after = min(float(seconds or 0), _LATEST)
    raise refused


def _decoded(kind: type[WireStruct], answer: _Answer) -> WireStruct:
    try:
        return kind.decode(answer.body)
    except DecodeError as error:
        raise TransportError(_PROBLEM) from error


def _number(text: str) -> int | None:
    """A number in a header; None when it is none."""
    small = len(text) <= 18
    return int(text) if small and text.isascii() and text.isdigit() else None
