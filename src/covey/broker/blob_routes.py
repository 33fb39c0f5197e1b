"""Attachments over HTTP: PUT appends at an offset, HEAD says how far it is, GET reads.

May import Starlette and the operations on attachments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response, StreamingResponse

from covey.access.refusals import REFUSALS, Code, refused
from covey.broker import reception
from covey.broker.blobs.port import BlobStateError

if TYPE_CHECKING:
    from starlette.requests import Request

    from covey.broker.blobs.port import State
    from covey.broker.operations.attachments import Attachments

TICKET: Final = "covey-ticket"
"""The header of the ticket that ``begin_blob`` gave out, in hex."""

RECEIVED: Final = "covey-received"
"""The header that says how many bytes of a blob are there."""

_NAME_BYTES: Final = 32
_MEDIA_TYPE: Final = "application/octet-stream"
_RANGE: Final = re.compile(r"bytes=(\d{1,18})-(\d{1,18})?")
_NUMBER: Final = re.compile(r"\d{1,18}")


class BlobRoutes:
    """The routes of blobs.

    Args:
        attachments: The operations on them.
    """

    def __init__(self, attachments: Attachments) -> None:
        self._attachments = attachments

    async def put(self, request: Request) -> Response:
        """Append bytes at ``?offset=``; 204, and how far the blob is."""
        caller = reception.nobody(request)
        blob = _name(request)
        self._attachments.require_ticket(caller, blob, _hex(request.headers.get(TICKET, "")))
        offset = request.query_params.get("offset", "")
        if _NUMBER.fullmatch(offset) is None:
            raise refused(Code.malformed)
        try:
            state = await self._attachments.append(blob, int(offset), request.stream())
        except BlobStateError as error:
            return _misplaced(error)
        return Response(status_code=204, headers=_how_far(state))

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
        return StreamingResponse(
            self._attachments.read(blob, start, stop),
            200 if asked is None else 206,
            headers,
            _MEDIA_TYPE,
        )


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


def _misplaced(error: BlobStateError) -> Response:
    """The refusal of bytes that do not fit, with how far the blob is."""
    refusal = REFUSALS[Code.wrong_offset]
    body = {"code": Code.wrong_offset.value, "sentence": refusal.sentence}
    return JSONResponse(body, refusal.status, _how_far(error.state))
