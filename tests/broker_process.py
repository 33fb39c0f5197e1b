"""A real broker in a process of its own, for tests, and a network that misbehaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from broker_talk import NO_TLS, Line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COVEY = [sys.executable, "-m", "covey"]


class RunningBroker:
    """A broker that runs.

    Attributes:
        process: Its process.
        url: Where it is.
        log: The file that its standard error goes to.
    """

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log

    @property
    def broker_id(self) -> bytes:
        """Who it is."""
        with self.line() as line:
            return bytes.fromhex(line.http.get("/.well-known/covey").json()["broker_id"])

    def line(self, transport: httpx.BaseTransport | None = None) -> Line:
        """A connection to it."""
        return Line(self.url, transport)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and wait until it has; returns the exit code."""
        self.process.send_signal(how)
        return self.process.wait(10)


@contextmanager
def running_broker(db: Path, *options: str, dsn: str = "") -> Iterator[RunningBroker]:
    """Run ``covey broker`` until the end of the block.

    Args:
        db: The SQLite file; the log, and the key of a PostgreSQL broker, lie beside it.
        options: More of them.
        dsn: The PostgreSQL database to run over instead.
    """
    log = db.with_suffix(f".{os.urandom(4).hex()}.log")
    store = ["--db", str(db)]
    if dsn:
        store = ["--store", dsn, "--key-file", f"{db}.key", "--set", "migrate=true"]
    command = [*COVEY, "broker", *store, "--port", "0", *options]
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            assert line.startswith("covey broker at http://"), log.read_text()
            yield RunningBroker(process, line.split()[-1], log)
        finally:
            process.kill()


class LosesAnswers(httpx.BaseTransport):
    """A network that carries every request, and loses answers.

    Attributes:
        losing: Whether answers get lost now.
    """

    def __init__(self) -> None:
        self._wire = httpx.HTTPTransport(verify=NO_TLS)
        self.losing = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request."""
        answer = self._wire.handle_request(request)
        answer.read()
        if self.losing:
            answer.close()
            message = "the answer got lost"
            raise httpx.ReadError(message, request=request)
        return answer

    def close(self) -> None:
        """Hang up."""
        self._wire.close()
