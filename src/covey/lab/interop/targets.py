"""Where the clients of a run are: in this process, behind an address, or behind a command.

May import the service and what carries calls.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from covey.lab.interop.calls import Closing
from covey.lab.interop.grpc_client import Remote
from covey.lab.interop.lines import Process
from covey.lab.interop.service.client import Covey

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.interop.calls import Client

COMMAND: Final = "exec:"
"""What a target begins with that is a command which speaks lines of JSON."""


class Seat(Closing):
    """A client that is started when it is first needed, and anew after it has broken down.

    Args:
        start: Starts it.
        name: How it is called until it has said so itself.
    """

    def __init__(self, start: Callable[[], Client], name: str = "a client") -> None:
        self.name: str = name
        self._start: Callable[[], Client] = start
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """The client.

        Raises:
            TransportError: It cannot be started or reached.
        """
        if self._client is None:
            self._client = self._start()
            self.name = self._client.name
        return self._client

    def close(self) -> None:
        """Let go of the client; the next one is a new one."""
        if self._client is not None:
            self._client.close()
        self._client = None


def seat(target: str, patience: float) -> Seat:
    """The seat of a target: ``covey``, ``HOST:PORT``, or ``exec:`` and a command.

    Args:
        target: As above.
        patience: Seconds that a call may take.

    Raises:
        ValueError: It is none of these.
    """
    if target == "covey":
        return Seat(Covey, target)
    if target.startswith(COMMAND):
        words = _words(target.removeprefix(COMMAND))
        if words:
            return Seat(lambda: Process(words, patience=patience), target)
    elif target.rpartition(":")[0] and target.rpartition(":")[2].isdigit():
        return Seat(lambda: Remote(target, patience), target)
    msg = f"{target!r} is no client: give covey, HOST:PORT, or exec: and a command"
    raise ValueError(msg)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        msg = f"the command after exec: cannot be split into words ({error}): {command}"
        raise ValueError(msg) from None
