"""Attachments over HTTP: PUT appends at an offset, HEAD says how far it is, GET reads.

May import Starlette and the operations on attachments.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from covey.access.refusals import Code, refused
from covey.broker import reception
from covey.broker.blobs.pieces import Pieces
from covey.broker.blobs.port import BlobStateError, TooLittleError, TooMuchError
from covey.broker.bodies import SlowError, announced
from covey.broker.reception import TICKET
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request

    from covey.broker.blobs.port import State
    from covey.broker.bodies import Bodies
    from covey.broker.operations.attachments import Attachments

RECEIVED: Final = "covey-received"
"""The header that says how many bytes of a blob are there."""

_NAME_BYTES: Final = 32
_AT_ONCE: Final = Pieces().most  # bytes of an upload that are in memory, at most
_MEDIA_TYPE: Final = "application/octet-stream"
_RANGE: Final = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})?")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class MisplacedError(BrokerError):
    """Bytes were sent that do not fit to what is there.

    Attributes:
        headers: Say how far the blob is, and whether the connection ends.
    """

    def __init__(self, code: Code, state: State, also: Mapping[str, str] = _NOTHING) -> None:
        refusal = refused(code)
        super().__init__(refusal.code, refusal.message)
        self.headers: dict[str, str] = {**_how_far(state), **also}


class BlobRoutes:
    """The routes of blobs.

    Args:
        attachments: The operations on them.
        bodies: The bodies of all requests.
    """

    def __init__(self, attachments: Attachments, bodies: Bodies) -> None:
        self._attachments = attachments
        self._bodies = bodies

    async def put(self, request: Request) -> Response:
        """Append bytes at ``?offset=``; 204, and how far the blob is."""
        caller = reception.nobody(request)
        blob = _name(request)
        self._attachments.require_ticket(caller, blob, _hex(request.headers.get(TICKET, "")))
        offset = request.query_params.get("offset", "")
        if _NUMBER.fullmatch(offset) is None:
            raise refused(Code.malformed)
        arriving = _Arriving(self._bodies.pieces(request))
        said = announced(request)
        with self._bodies.kept(caller.connection.network) as body:
            body.take(_AT_ONCE if said is None else min(said, _AT_ONCE))
            state = await self._appended(blob, int(offset), arriving)
        if arriving.slow is not None:
            raise MisplacedError(Code.malformed, state, arriving.slow.headers)
        return Response(status_code=204, headers=_how_far(state))

    async def _appended(self, blob: bytes, offset: int, arriving: _Arriving) -> State:
        try:
            return await self._attachments.append(blob, offset, arriving.parts())
        except TooMuchError as error:
            raise MisplacedError(Code.too_large, error.state) from None
        except TooLittleError as error:
            also = {} if arriving.slow is None else arriving.slow.headers
            raise MisplacedError(Code.malformed, error.state, also) from None
        except BlobStateError as error:
            raise MisplacedError(Code.wrong_offset, error.state) from None

    async def get(self, request: Request) -> Response:
        """Read a complete blob, or a range of it; HEAD says how far it is."""
        reception.nobody(request)
        blob = _name(request)
        state = await self._attachments.state(blob)
        if request.method == "HEAD":
            return Response(headers={**_how_far(state), "content-length": str(state.size)})
        if not state.complete:
            raise refused(Code.blob_unknown)
        asked = request.headers.get("range")
        start, stop = (0, state.size) if asked is None else _range(asked, state.size)
        headers = {**_how_far(state), "content-length": str(stop - start)}
        if asked is not None:
            headers["content-range"] = f"bytes {start}-{stop - 1}/{state.size}"
        pieces = self._attachments.read(blob, start, stop)
        first = await anext(pieces, b"")  # an error comes with it, and can still be an answer
        return StreamingResponse(
            _beginning_with(first, pieces),
            200 if asked is None else 206,
            headers,
            _MEDIA_TYPE,
        )


class _Arriving:
    """The bytes that come; when the connection breaks or is slow, what came before is all.

    Attributes:
        slow: Why no more are waited for.
    """

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self.slow: SlowError | None = None
        self._pieces = pieces

    async def parts(self) -> AsyncIterator[bytes]:
        """Them, in parts."""
        try:
            async for part in self._pieces:
                yield part
        except ClientDisconnect:
            return
        except SlowError as error:
            self.slow = error


async def _beginning_with(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


def _name(request: Request) -> bytes:
    blob = _hex(request.path_params["blob"])
    if len(blob) != _NAME_BYTES:
        raise refused(Code.malformed)
    return blob


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise refused(Code.malformed) from None


def _range(asked: str, size: int) -> tuple[int, int]:
    """The range that is asked for: its first byte, and the byte after its last one.

    Raises:
        BrokerError: ``malformed``: the header holds no range of the blob, or several.
    """
    found = _RANGE.fullmatch(asked)
    if found is None:
        raise refused(Code.malformed)
    start = int(found[1])
    stop = size if found[2] is None else min(int(found[2]) + 1, size)
    if start >= stop:
        raise refused(Code.malformed)
    return start, stop


def _how_far(state: State) -> dict[str, str]:
    return {RECEIVED: str(state.offset), "accept-ranges": "bytes"}
