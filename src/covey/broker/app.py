"""The broker over HTTP: ``POST /v1/<operation>`` with a struct, and a struct or an error back.

May import Starlette and the operations. Who asks is looked at first, then the size, then what
the request says; of which nothing is logged but the operation and the outcome.
"""

from __future__ import annotations

import asyncio
import logging
import math
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from covey.access.operations import OPERATIONS
from covey.access.refusals import REFUSALS, Code, refused
from covey.access.structs.basics import Signed
from covey.access.structs.log import EpochClosed
from covey.broker import reception
from covey.broker.about import About
from covey.broker.blob_routes import BlobRoutes, MisplacedError
from covey.broker.bodies import Bodies, SlowError
from covey.broker.connections import MOST, Connections
from covey.broker.limits import KiB
from covey.broker.live import Live
from covey.errors import BrokerError, DecodeError, StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from covey.access.operations import Operation
    from covey.broker.addresses import Prefixes
    from covey.broker.config import Limits
    from covey.broker.connections import Proxy
    from covey.broker.metrics import Metrics
    from covey.broker.operations.table import Operations
    from covey.mls.wire.struct import WireStruct

    Answer = Callable[[Request], Awaitable[Response]]

log: logging.Logger = logging.getLogger("covey.broker")

MEDIA_TYPE: Final = "application/octet-stream"
"""Of structs and blobs; errors are ``application/json``."""

DONE: Final = "done"
"""The outcome of a request that was not refused."""

_FRAME: Final = 64 * KiB  # what a request has besides the bytes it carries
_UNKNOWN: Final = "unknown"
_WAITING: Final = frozenset({"read", "fetch", "stock"})  # they wait on purpose
_PAUSE: Final = 1.0  # seconds between two looks at the database's health


def build(
    operations: Operations,
    prefixes: Prefixes,
    proxy: Proxy | None = None,
    live: Live | None = None,
    most: int = MOST,
) -> Connections:
    """The ASGI application of a broker.

    Args:
        operations: What it does.
        prefixes: Makes the marks of networks.
        proxy: The proxy in front of it, if there is one.
        live: Its WebSockets, for who wants to close them.
        most: How many connections may be open at once.
    """
    app = Application(operations)
    blobs = BlobRoutes(operations.attachments, app.bodies)
    about = About(operations.ports)
    ready = Seldom(about.ready)
    routes = [
        Route("/v1/{operation}", app.operate, methods=["POST"]),
        Route("/v1/blobs/{blob}", app.guarded("put_blob", blobs.put), methods=["PUT"]),
        Route("/v1/blobs/{blob}", app.guarded("get_blob", blobs.get), methods=["GET", "HEAD"]),
        Route("/.well-known/covey", app.guarded("about", about.show), methods=["GET"]),
        Route("/livez", app.guarded("about", about.live), methods=["GET"]),
        Route("/readyz", app.guarded("about", ready.answer), methods=["GET"]),
        WebSocketRoute("/v1/subscribe", (live or Live(operations)).serve),
    ]
    handlers = {HTTPException: app.no_route, Exception: app.broken}
    starlette = Starlette(routes=routes, exception_handlers=handlers)
    starlette.router.redirect_slashes = False
    return Connections(starlette, prefixes, proxy, most=most)


class Application:
    """Answers requests, and says what became of them.

    Args:
        operations: What is done.

    Attributes:
        bodies: The bodies of all requests.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._metrics: Metrics = operations.ports.metrics
        limits = operations.ports.limits
        biggest = max(most(operation, limits) for operation in OPERATIONS.values())
        self.bodies: Bodies = Bodies(limits.bodies, biggest=biggest)

    async def operate(self, request: Request) -> Response:
        """Answer one request for an operation."""
        name = request.path_params["operation"]
        if name not in OPERATIONS:
            return self._refuse(_UNKNOWN, refused(Code.unknown_operation))
        return await self.guarded(name, self._struct)(request)

    async def _struct(self, request: Request) -> Response:
        name = request.path_params["operation"]
        operation = OPERATIONS[name]
        ports = self._operations.ports
        caller = reception.caller(request, operation, ports.mint)
        with self.bodies.kept(caller.connection.network) as body:
            sent = await body.read(request, most(operation, ports.limits))
            asked = _decoded(Signed if operation.label else operation.request, sent)
            try:
                answer = await self._operations.by_name[name](caller, asked)
            except DecodeError:  # of what was signed
                raise refused(Code.malformed) from None
        closed = isinstance(answer, EpochClosed)
        status = REFUSALS[Code.epoch_closed].status if closed else 200
        return Response(answer.encode(), status, media_type=MEDIA_TYPE)

    def guarded(self, name: str, answer: Answer) -> Answer:
        """What answers a request, with its errors turned into answers, logged and counted."""

        async def guarded(request: Request) -> Response:
            began = perf_counter()
            try:
                response = await answer(request)
            except (MisplacedError, SlowError) as error:
                return self._refuse(name, error, error.headers)
            except BrokerError as error:
                return self._refuse(name, error)
            except StorageError as error:
                log.error("%s: %s", name, error)  # noqa: TRY400 - a sentence is all it takes
                self._metrics.store_failed()
                return self._refuse(name, refused(Code.unavailable))
            except ClientDisconnect:
                log.info("%s disconnected", name)
                return Response(status_code=REFUSALS[Code.malformed].status)
            conflict = response.status_code == REFUSALS[Code.epoch_closed].status
            outcome = Code.epoch_closed.value if conflict else DONE
            log.info("%s %s", name, outcome)
            seconds = None if name in _WAITING else perf_counter() - began
            self._metrics.answered(name, outcome, seconds)
            return response

        return guarded

    def _refuse(
        self, name: str, error: BrokerError, headers: dict[str, str] | None = None
    ) -> Response:
        log.info("%s %s", name, error.code)
        self._metrics.answered(name, error.code)
        refusal = REFUSALS[Code(error.code)]
        if error.retry_after:
            headers = {"retry-after": str(math.ceil(error.retry_after))}
        return JSONResponse(
            {"code": error.code, "sentence": refusal.sentence}, refusal.status, headers
        )

    async def no_route(self, _: Request, __: Exception) -> Response:
        """Answer what no route is for."""
        return self._refuse(_UNKNOWN, refused(Code.unknown_operation))

    async def broken(self, _: Request, __: Exception) -> Response:
        """Answer; Starlette then raises the exception again, so that the server logs it."""
        return self._refuse(_UNKNOWN, refused(Code.broken))


class Seldom:
    """An answer that is looked for at most once a second, whoever asks and how often.

    Args:
        answer: Looks for it.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._one_at_a_time = asyncio.Lock()
        self._until = -math.inf
        self._last: Response | StorageError

    async def answer(self, request: Request) -> Response:
        """The answer, or the last one.

        Raises:
            StorageError: It could not be found, or not when it was last looked for.
        """
        async with self._one_at_a_time:
            if monotonic() >= self._until:
                try:
                    self._last = await self._answer(request)
                except StorageError as error:
                    self._last = error
                self._until = monotonic() + _PAUSE
        if isinstance(self._last, StorageError):
            raise StorageError(*self._last.args)
        return self._last


def most(operation: Operation, limits: Limits) -> int:
    """How many bytes the request of an operation may have."""
    match operation.label or operation.request.__name__:
        case "append":
            return limits.handshake + limits.parcels + _FRAME
        case "Publish" | "PutOnShelf":
            return limits.key_packages * (min(limits.key_package, 16 * KiB) + 1 * KiB) + _FRAME
        case "SetSlots" | "Heads":
            return 1024 * KiB
        case "knock":
            return limits.knock + _FRAME
        case _:
            return limits.pointer + limits.note + _FRAME


def _decoded(request: type[WireStruct], body: bytes) -> WireStruct:
    try:
        return request.decode(body)
    except DecodeError:
        raise refused(Code.malformed) from None
