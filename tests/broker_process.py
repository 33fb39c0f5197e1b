"""A real broker in a process of its own, for tests, and clients that misbehave."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from covey.lab.demo.broker_client import BrokerClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # much faster than to load all authorities
COVEY = [sys.executable, "-m", "covey"]


class RunningBroker:
    """A broker that runs."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=40, verify=NO_TLS)

    def client(self, transport: httpx.BaseTransport | None = None) -> BrokerClient:
        """A connection to it."""
        return BrokerClient(self.url, transport)

    def post(self, path: str, content: bytes | Iterator[bytes]) -> httpx.Response:
        """Any request at all."""
        return self.http.post(path, content=content)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and wait until it has; returns the exit code."""
        self.process.send_signal(how)
        return self.process.wait(10)


@contextmanager
def running_broker(db: Path, *options: str) -> Iterator[RunningBroker]:
    """Run ``covey broker`` over a file until the end of the block."""
    log = db.with_suffix(f".{os.urandom(4).hex()}.log")
    command = [*COVEY, "broker", "--db", str(db), "--port", "0", *options]
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
            running = RunningBroker(process, line.split()[-1], log)
            with running.http:
                yield running
        finally:
            process.kill()


class LosesAnswers(httpx.BaseTransport):
    """A network that carries every request, and loses the first answers to it.

    Attributes:
        carried: How many requests reached the other side.
    """

    def __init__(self, lost: int) -> None:
        self._lost = lost
        self._wire = httpx.HTTPTransport(verify=NO_TLS)
        self.carried = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request."""
        answer = self._wire.handle_request(request)
        answer.read()
        self.carried += 1
        if self.carried <= self._lost:
            answer.close()
            message = "the answer got lost"
            raise httpx.ReadError(message, request=request)
        return answer

    def close(self) -> None:
        """Hang up."""
        self._wire.close()
