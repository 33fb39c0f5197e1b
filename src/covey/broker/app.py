"""The broker over HTTP: ``POST /v1/<operation>`` with a struct, and a struct or an error back.

May import Starlette and the operations. What a request says is decoded before anything else
is done with it; of what it says nothing is logged but the operation and the outcome.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from covey import __version__
from covey.broker import limits, messages
from covey.broker.limits import KiB
from covey.broker.refusals import REFUSALS, Code, refused
from covey.errors import BrokerError, DecodeError, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from covey.broker.operations import Operations
    from covey.mls.wire.struct import WireStruct

log: logging.Logger = logging.getLogger("covey.broker")

MEDIA_TYPE: Final = "application/octet-stream"
"""Of structs; errors are ``application/json``."""

_FRAME: Final = 1 * KiB  # what a request has besides the bytes it carries


class _Operation(NamedTuple):
    """A kind of request: its struct, and how many bytes its body may have."""

    request: type[WireStruct]
    body: int


OPERATIONS: Final = {
    "publish": _Operation(messages.Publish, limits.KEY_PACKAGES * 8 * KiB + _FRAME),
    "claim": _Operation(messages.Claim, _FRAME),
    "deliver": _Operation(messages.Deliver, limits.WELCOME + _FRAME),
    "fetch": _Operation(messages.Fetch, _FRAME),
    "create": _Operation(messages.Create, _FRAME),
    "append": _Operation(messages.Append, max(limits.BODY.values()) + _FRAME),
    "read": _Operation(messages.Read, _FRAME),
}
"""Every operation; its method of Operations has the same name."""


def build(operations: Operations) -> Starlette:
    """The ASGI application of a broker; it closes the broker's store when it stops."""

    async def operate(request: Request) -> Response:
        name = request.path_params["operation"]
        if name not in OPERATIONS:
            return _refuse("unknown", Code.unknown_operation)
        try:
            answer = await _answer(operations, name, request)
        except BrokerError as error:
            return _refuse(name, Code(error.code))
        except StorageError as error:
            log.error("%s: %s", name, error)  # noqa: TRY400 - a sentence is all an operator needs
            return _refuse(name, Code.unavailable)
        except ClientDisconnect:
            log.info("%s disconnected", name)
            return Response(status_code=REFUSALS[Code.bad_request].status)
        closed = isinstance(answer, messages.EpochClosed)
        status = REFUSALS[Code.epoch_closed].status if closed else 200
        log.info("%s %s", name, Code.epoch_closed if closed else "done")
        return Response(answer.encode(), status, media_type=MEDIA_TYPE)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await operations.store.close()

    return Starlette(
        routes=[
            Route("/v1/{operation}", operate, methods=["POST"]),
            Route("/.well-known/covey", _about, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _no_route, Exception: _broken},
        lifespan=lifespan,
    )


async def _answer(operations: Operations, name: str, request: Request) -> WireStruct:
    operation = OPERATIONS[name]
    body = await _body(request, operation.body)
    try:
        decoded = operation.request.decode(body)
    except DecodeError:
        raise refused(Code.bad_request) from None
    answer: WireStruct = await getattr(operations, name)(decoded)
    return answer


async def _body(request: Request, limit: int) -> bytes:
    """The body of a request, as long as it is within the limit.

    Raises:
        BrokerError: ``too_large``; what is over the limit is not read.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise refused(Code.too_large)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise refused(Code.too_large)
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse(name: str, code: Code) -> Response:
    log.info("%s %s", name, code)
    refusal = REFUSALS[code]
    return JSONResponse({"code": code.value, "sentence": refusal.sentence}, refusal.status)


async def _no_route(_: Request, __: Exception) -> Response:
    return _refuse("unknown", Code.unknown_operation)


async def _broken(_: Request, __: Exception) -> Response:
    """Answer; Starlette then raises the exception again, so that the server logs it."""
    return _refuse("unknown", Code.broken)


async def _about(_: Request) -> Response:
    return JSONResponse({"covey": __version__, "limits": limits.served()})
