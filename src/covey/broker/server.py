"""The broker as a process: a socket, a log on standard error, and a clean stop.

May import uvicorn and the application. It stops at SIGTERM, at Ctrl-C, and if asked to when
its standard input ends; requests that wait are then answered at once.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import os
import resource
import signal
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from covey import bugs
from covey.broker.addresses import Prefixes
from covey.broker.app import build
from covey.broker.connections import MOST, Proxy, protocol
from covey.broker.live import Live
from covey.broker.metrics import served
from covey.broker.running import opened
from covey.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.broker.config import Config
    from covey.broker.metrics import Metrics
    from covey.broker.operations.table import Operations

log: logging.Logger = logging.getLogger("covey.broker")

_GRACE: Final = 5  # seconds for requests that are under way when the broker stops
_STDIN: Final = 0  # the file descriptor
_KEEP_ALIVE: Final = 75  # seconds an idle connection is kept
_PING: Final = 20.0  # seconds between two pings on a WebSocket
_FRAME: Final = 65_536  # bytes of a frame that a client sends
_FILES: Final = 256  # that a process opens besides connections, or a quarter if it has few
_QUIET: Final = 5.0  # seconds between two lines that say that files are all open
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def serve(config: Config, announce: Callable[[str], None], *, stop_on_eof: bool = False) -> None:
    """Run a broker until it is stopped.

    Args:
        config: How it runs.
        announce: Is told the broker's URL, once it answers there.
        stop_on_eof: Also stop when standard input ends, so as not to outlive a parent.

    Raises:
        StorageError: The database, the key file or the place of the blobs cannot be used.
        TransportError: An address cannot be listened at.
    """
    listener = listening(config.host, config.port)
    _log_to_stderr(config.log_level)
    try:
        asyncio.run(_serve(config, listener, announce, stop_on_eof=stop_on_eof))
    finally:
        listener.close()


async def _serve(
    config: Config,
    listener: socket.socket,
    announce: Callable[[str], None],
    *,
    stop_on_eof: bool,
) -> None:
    async with opened(config) as operations:
        server = Server(operations, announce)
        if stop_on_eof:
            threading.Thread(target=_stop_at_eof, args=(server,), daemon=True).start()
        with _metrics_served(config, operations.ports.metrics):
            await server.serve([listener])


def _proxy(config: Config) -> Proxy | None:
    said = config.proxy
    if said.connection_header is None or said.address_header is None:
        return None
    return Proxy(said.connection_header, said.address_header, said.peers)


@contextmanager
def _metrics_served(config: Config, metrics: Metrics) -> Iterator[None]:
    where = config.metrics.listen
    if where is None:
        yield
        return
    with served(metrics, where.host, where.port):
        yield


class Server(uvicorn.Server):
    """uvicorn's server, which says where it is and answers who waits before it stops.

    Args:
        operations: What the broker does.
        announce: Is told the broker's URL, once it answers there.
    """

    def __init__(self, operations: Operations, announce: Callable[[str], None]) -> None:
        self._live = Live(operations)
        proxy = _proxy(operations.ports.config)
        app = build(operations, Prefixes(), proxy, self._live, most_open())
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol(app),
                ws="websockets-sansio",
                ws_max_size=_FRAME,
                ws_ping_interval=_PING,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._operations = operations
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say where; stop again if that cannot be said."""
        asyncio.get_running_loop().set_exception_handler(Unawaited())
        await super().startup(sockets)
        assert sockets is not None
        try:
            self._announce(_url(sockets[0]))
        except OSError:
            await self.shutdown(sockets)
            raise

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer who waits, then stop."""
        await self._operations.ports.store.wakes.close()
        await self._live.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal; unlike uvicorn's own, do not then die of it as well."""
        before = {each: signal.signal(each, self.handle_exit) for each in _STOPS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


_STOPS: Final = (signal.SIGINT, signal.SIGTERM)


class Formatter(logging.Formatter):
    """A line for a record; of an exception its type and where, and never what it says."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record. What other handlers made of its exception is not looked at."""
        line = f"{record.levelname} {record.getMessage()}"
        error = record.exc_info[1] if record.exc_info else None
        return line if error is None else f"{line.rstrip()}\n{bugs.told(error)}"


class Unawaited:
    """Logs what nobody waited for. asyncio itself would write what the exception says.

    When all files are open, asyncio says so for each connection that waits; that is one line.
    """

    def __init__(self) -> None:
        self._quiet_until = -math.inf

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log it."""
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _EXHAUSTED):
            log.error("a task failed", exc_info=error)
        elif loop.time() >= self._quiet_until:
            self._quiet_until = loop.time() + _QUIET
            log.error("no connection can be taken: %s; let it open more", os.strerror(error.errno))


def most_open() -> int:
    """How many connections may be open, so that files are left for the database and blobs."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST
    return min(MOST, files - min(_FILES, files // 4))


def _log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("covey").setLevel(level.upper())


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens, or is ready to.

    It says that it speaks TCP: asyncio turns Nagle's algorithm off only for sockets that do,
    and without that each answer would wait 40 ms for the client's delayed acknowledgement.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, _, _, address = found[0]
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
        try:
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        msg = f"cannot listen at {host} port {port}: {error.strerror or error}"
        raise TransportError(msg) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stop_at_eof(server: Server) -> None:
    """Wait for the end of standard input. Not by ``sys.stdin``, whose lock would be kept."""
    while os.read(_STDIN, 4096):
        pass
    server.should_exit = True
