"""The calls of the interop service, and what carries them (imports the generated messages only).

A client answers calls by name: covey's own in this process, one behind gRPC, or the harness of
another stack behind lines of JSON. Whoever drives clients need not know which it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from google.protobuf.message_factory import GetMessageClass

from covey.errors import CoveyError
from covey.lab.interop.proto import mls_client_pb2, peer_pb2

if TYPE_CHECKING:
    from typing import Self

    from google.protobuf.message import Message


class Call(NamedTuple):
    """One call of a service: its path in gRPC, and its messages."""

    path: str
    request: type[Message]
    response: type[Message]


def _calls() -> dict[str, Call]:
    found = {}
    for file in (mls_client_pb2.DESCRIPTOR, peer_pb2.DESCRIPTOR):
        for service in file.services_by_name.values():
            for method in service.methods:
                found[method.name] = Call(
                    f"/{service.full_name}/{method.name}",
                    GetMessageClass(method.input_type),
                    GetMessageClass(method.output_type),
                )
    return found


CALLS: Final = _calls()
"""Every call by its name: the community's 34, and ``UseCertificate`` of our own."""


class CallError(CoveyError):
    """A client answered a call with an error.

    Attributes:
        client: The client's name.
        call: The name of the call.
        code: A gRPC status, such as ``"ABORTED"``; ``UNIMPLEMENTED`` is what it does not offer.
        message: What it said.
    """

    def __init__(self, client: str, call: str, code: str, message: str) -> None:
        self.client = client
        self.call = call
        self.code = code
        self.message = message
        super().__init__(client, call, code, message)

    def __str__(self) -> str:
        return f"{self.client}: {self.call}: {self.code}: {self.message or 'no reason given'}"


class Client(Protocol):
    """Who answers calls."""

    @property
    def name(self) -> str:
        """How the client calls itself, with its version."""
        ...

    def answer(self, call: str, request: Message) -> Message:
        """The answer to a call.

        Raises:
            CallError: The client refused.
            TransportError: It cannot be reached, or does not speak the protocol.
        """
        ...

    def close(self) -> None:
        """Let go of the client, and of all that it plays."""
        ...


class Closing(ABC):
    """What is closed at the end of a ``with`` block."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
