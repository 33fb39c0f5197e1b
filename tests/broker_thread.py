"""A broker in a thread of the tests: the real server on a real socket, with a clock to turn."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from broker_talk import Group, Line
from covey.broker.config import load
from covey.broker.operations.ports import Clock
from covey.broker.running import opened
from covey.broker.server import Server, listening
from stores import opened_place

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    import httpx

    from covey.broker.config import Config
    from covey.broker.operations.table import Operations
    from stores import Kind

T = TypeVar("T")


class _Quiet(Server):
    """The server, without the signals of a process."""

    def capture_signals(self) -> Any:  # noqa: ANN401 - what uvicorn takes as a context
        return nullcontext()


class ThreadBroker:
    """A broker that runs.

    Attributes:
        url: Where it is.
        operations: What it does.
        ahead: How many seconds its clocks are ahead.
        broker_id: Who it is.
    """

    def __init__(self) -> None:
        self.url = ""
        self.ahead = 0.0
        self.operations: Operations
        self.server: Server
        self._loop = asyncio.new_event_loop()

    @property
    def broker_id(self) -> bytes:
        """Who it is."""
        return self.operations.ports.broker_id

    def clock(self) -> Clock:
        """Its clocks, which can be turned."""
        return Clock(lambda: time.time() + self.ahead, lambda: time.monotonic() + self.ahead)

    def line(self, transport: httpx.BaseTransport | None = None) -> Line:
        """A new connection."""
        return Line(self.url, transport)

    def group(self, line: Line) -> Group:
        """A new group."""
        return Group(line, self.broker_id).create()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in its thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def serve(self, config: Config, ready: threading.Event) -> None:
        """Run until :meth:`stop`; the thread does this."""

        async def run() -> None:
            listener = listening(config.host, config.port)
            async with opened(config, self.clock()) as self.operations:
                self.server = _Quiet(self.operations, lambda url: self._announced(url, ready))
                await self.server.serve([listener])
            for each in list(self.server.server_state.connections):
                each.transport.close()  # of who came while it stopped
            await asyncio.sleep(0)

        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(run())
            finally:
                ready.set()

    def _announced(self, url: str, ready: threading.Event) -> None:
        self.url = url
        ready.set()

    def stop(self) -> None:
        """Ask it to stop."""
        self.server.should_exit = True


@contextmanager
def broker_at(place: str, folder: Path, **settings: object) -> Iterator[ThreadBroker]:
    """A broker over a store, until the end of the block.

    Args:
        place: The file, or the address of the database.
        folder: Where its key and its blobs are.
        settings: Others, by name; a dot in the name is ``__``.
    """
    store = place if "://" in place else f"sqlite:///{place}"
    flags = {
        "store": store, "port": 0, "migrate": True, "key_file": str(folder / "key"),
        "blobs.at": str(folder / "blobs"),
        **{name.replace("__", "."): value for name, value in settings.items()},
    }  # fmt: skip
    broker, ready = ThreadBroker(), threading.Event()
    thread = threading.Thread(target=broker.serve, args=(load(flags), ready), daemon=True)
    thread.start()
    assert ready.wait(30)
    assert broker.url, "the broker did not begin; its thread says why"
    try:
        yield broker
    finally:
        broker.stop()
        thread.join(30)
        assert not thread.is_alive()


@contextmanager
def thread_broker(kind: Kind = "sqlite", **settings: object) -> Iterator[ThreadBroker]:
    """A broker over a new store, until the end of the block."""
    with (
        place_of(kind) as place,
        tempfile.TemporaryDirectory() as folder,
        broker_at(place, Path(folder), **settings) as broker,
    ):
        yield broker


@contextmanager
def place_of(kind: Kind) -> Iterator[str]:
    """Where a new store can be."""
    with asyncio.Runner() as runner:
        opening = opened_place(kind)
        place = runner.run(opening.__aenter__())
        try:
            yield place
        finally:
            runner.run(opening.__aexit__(None, None, None))
