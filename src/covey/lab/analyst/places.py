"""A broker to be looked into: a process of its own on either store, or one with a clock of ours.

May import the broker and :mod:`covey.lab.postgres`. The process is the program that operators run;
its log is kept at the level that says most. In a thread, the broker's clock is a value that a
script sets, so that days pass in seconds.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import uvicorn

from covey.broker.addresses import Prefixes
from covey.broker.app import build
from covey.broker.config import load
from covey.broker.connections import protocol
from covey.broker.running import opened
from covey.errors import TransportError
from covey.lab.postgres import running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from covey.broker.operations.ports import Clock
    from covey.lab.postgres import Running

Kind: TypeAlias = Literal["sqlite", "postgres"]
KINDS: Final[tuple[Kind, ...]] = ("sqlite", "postgres")

_GRACE: Final = 20.0  # seconds to stop, or to start

# Nobody is held up: what a script does in a minute is what a year brings.
_UNLIMITED: Final = {
    f"rates.{name}": "1000000 per second"
    for name in (
        "creations", "enrolments", "claims_of_target", "claims_by_caller", "inboxes", "postings",
        "appends", "knocks",
    )
}  # fmt: skip


class Place(NamedTuple):
    """Where everything is that a broker keeps.

    Attributes:
        url: Where it answers.
        kind: Its store.
        folder: Holds its key, its blobs, its log, and the SQLite file.
        server: Its PostgreSQL, if it has one.
        metrics: Where its counters are; empty when they are not served.
    """

    url: str
    kind: Kind
    folder: Path
    server: Running | None
    metrics: str

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "broker.db"

    @property
    def blobs(self) -> Path:
        """The folder of attachments."""
        return self.folder / "blobs"

    @property
    def log(self) -> Path:
        """What the broker says."""
        return self.folder / "broker.log"


@contextmanager
def empty(kind: Kind, folder: Path) -> Iterator[Place]:
    """A place where no broker has been yet."""
    with ExitStack() as ending:
        server = (
            ending.enter_context(running_postgres(durable=False)) if kind == "postgres" else None
        )
        yield Place("", kind, folder, server, "")


@contextmanager
def process(place: Place) -> Iterator[Place]:
    """Run ``covey broker`` at a place until the end of the block."""
    port = _free_port()
    command = [sys.executable, "-m", "covey", "broker", "--port", "0", "--log-level", "debug"]
    command += ["--metrics", f"127.0.0.1:{port}"]
    for name, value in _settings(place).items():
        command += ["--set", f"{name}={value}"] if name != "store" else ["--store", value]
    with (
        place.log.open("ab") as log,
        subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        ) as running,
    ):
        try:
            assert running.stdout is not None
            said = running.stdout.readline().decode()
            if not said.startswith("covey broker at "):
                msg = f"the broker does not start: {place.log.read_text()[-2000:]}"
                raise TransportError(msg)
            yield place._replace(url=said.split()[-1], metrics=f"http://127.0.0.1:{port}/metrics")
        finally:
            running.terminate()
            try:
                running.wait(_GRACE)
            except subprocess.TimeoutExpired:
                running.kill()


@contextmanager
def thread(place: Place, clock: Clock) -> Iterator[Place]:
    """Run a broker at a place, in a thread and with a clock, until the end of the block."""
    # It says that it speaks TCP, so that asyncio does not let answers wait (Nagle's algorithm).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    address, port = listener.getsockname()[:2]
    running = _Thread(place, clock, listener)
    running.start()
    try:
        if not running.ready.wait(_GRACE):
            msg = "the broker does not start"
            raise TransportError(msg)
        yield place._replace(url=f"http://{address}:{port}")
    finally:
        running.stop()
        listener.close()


class _Thread(threading.Thread):
    """A broker with a clock of ours."""

    def __init__(self, place: Place, clock: Clock, listener: socket.socket) -> None:
        super().__init__(daemon=True)
        self.ready = threading.Event()
        self._place = place
        self._clock = clock
        self._listener = listener
        self._server: uvicorn.Server | None = None

    def run(self) -> None:
        """Serve."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        config = load({**_settings(self._place), "log_level": "error"}, None)
        async with opened(config, self._clock) as operations:
            app = build(operations, Prefixes())
            self._server = uvicorn.Server(
                uvicorn.Config(
                    app,
                    http=protocol(app),
                    ws="websockets-sansio",
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    date_header=False,
                    server_header=False,
                )
            )
            serving = asyncio.create_task(self._server.serve([self._listener]))
            while not self._server.started and not serving.done():  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
            self.ready.set()
            await serving

    def stop(self) -> None:
        """Stop serving, and wait until that is done."""
        if self._server is not None:
            self._server.should_exit = True
        self.join(_GRACE)


def _settings(place: Place) -> dict[str, str]:
    found = {"blobs.at": str(place.blobs), **_UNLIMITED}
    if place.server is None:
        return {"store": f"sqlite:///{place.database}", **found}
    key = place.folder / "broker.key"
    return {"store": place.server.dsn, "key_file": str(key), "migrate": "true", **found}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
