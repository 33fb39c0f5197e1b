"""Processes of the broker over one database, and a client that does not give up."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

import httpx

from broker_talk import NO_TLS
from covey.access.structs.log import Appended, EpochClosed

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator
    from pathlib import Path

    from committers import Attempt
    from covey.access.structs.basics import Signed

PATIENCE = 3.0  # seconds that a client waits for an answer, before it asks again
PAUSE = 0.05


class Process:
    """A process of the broker, which may be stopped, killed and begun again.

    Args:
        store: Where the database is.
        folder: Where the key is, which all processes share.

    Attributes:
        url: Where it listens; another one after each beginning.
    """

    def __init__(self, store: str, folder: Path) -> None:
        self.url = ""
        self._store = store if "://" in store else f"sqlite:///{store}"
        self._folder = folder
        self._process: subprocess.Popen[bytes]

    def begin(self) -> Self:
        """Begin, and wait until it listens."""
        log = self._folder / f"log-{os.urandom(4).hex()}"
        command = [
            *(sys.executable, "-m", "covey", "broker", "--store", self._store, "--port", "0"),
            *("--key-file", str(self._folder / "key"), "--stop-on-eof"),
            *("--set", "migrate=true", "--set", "combine=true"),
            *("--set", "rates.appends=1000000 per minute"),
            *("--set", f"blobs.at={self._folder / 'blobs'}"),
        ]
        with log.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        assert line.startswith("covey broker at http://"), log.read_text()
        self.url = line.split()[-1]
        return self

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.kill()
        self._process.wait(10)


@contextmanager
def processes(store: str, folder: Path, count: int) -> Iterator[list[Process]]:
    """Some processes over one database, until the end of the block."""
    begun = [Process(store, folder) for _ in range(count)]
    with ExitStack() as ending:
        for process in begun:
            process.begin()
            ending.callback(process.kill)
        yield begun


class Client:
    """Sends requests to one process or another, until they are answered.

    Attributes:
        tries: How often something was sent.
    """

    def __init__(self, brokers: list[Process]) -> None:
        self.tries = 0
        self._brokers = brokers
        self._http = httpx.AsyncClient(
            trust_env=False, verify=NO_TLS, timeout=PATIENCE,
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=100),
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def append(self, attempt: Attempt) -> Appended | EpochClosed:
        """Append, at first through the process that is this committer's."""
        response = await self._insist("append", attempt.signed, attempt.committer)
        if response.status_code == httpx.codes.OK:
            return Appended.decode(response.content)
        return EpochClosed.decode(response.content)

    async def create(self, request: Signed) -> None:
        """Begin a log."""
        await self._insist("create", request, 0)

    async def _insist(self, operation: str, request: Signed, first: int) -> httpx.Response:
        at = first
        while True:
            self.tries += 1
            url = self._brokers[at % len(self._brokers)].url
            try:
                response = await self._http.post(f"{url}/v1/{operation}", content=request.encode())
            except httpx.TransportError:
                at += 1
            else:
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    told = response.headers["content-type"], response.status_code
                    assert told[0] != "application/json", response.text
                    return response
            await asyncio.sleep(PAUSE)
