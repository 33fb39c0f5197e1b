"""A client behind gRPC, of any stack that offers the service (imports the calls)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import grpc

from covey.errors import TransportError
from covey.lab.interop.calls import CALLS, CallError, Closing
from covey.lab.interop.grpc_server import OPTIONS
from covey.lab.interop.proto import mls_client_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

CONNECTING: Final = 10.0
"""Seconds that a client has to be there."""

_GONE: Final = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"})
"""Statuses that tell of the connection rather than of the call."""


class Remote(Closing):
    """A client at an address.

    Args:
        address: Such as ``"localhost:50051"``.
        patience: Seconds that a call may take.

    Raises:
        TransportError: Nobody is there, or somebody else.
    """

    def __init__(self, address: str, patience: float = 60.0) -> None:
        self._address: str = address
        self._patience: float = patience
        self._channel: grpc.Channel = grpc.insecure_channel(address, options=OPTIONS)
        self._name: str = address
        try:
            grpc.channel_ready_future(self._channel).result(timeout=CONNECTING)
        except grpc.FutureTimeoutError:
            self._channel.close()
            msg = f"nobody answers at {address}; is the client running there?"
            raise TransportError(msg) from None
        answer = self.answer("Name", pb.NameRequest())
        assert isinstance(answer, pb.NameResponse)
        self._name = answer.name or address

    @property
    def name(self) -> str:
        """What the client says it is called, or its address if it says nothing."""
        return self._name

    def answer(self, call: str, request: Message) -> Message:
        """The answer to a call.

        Raises:
            CallError: The client refused.
            TransportError: It is gone, or takes longer than its patience.
        """
        path, _, response = CALLS[call]
        ask = self._channel.unary_unary(
            path,
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        try:
            return ask(request, timeout=self._patience)
        except grpc.RpcError as error:
            code, said = _status(error)
            if code in _GONE:
                msg = f"{self._name} at {self._address}: {call}: {code}: {said}"
                raise TransportError(msg) from None
            raise CallError(self._name, call, code, said) from None

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()


def _status(error: grpc.RpcError) -> tuple[str, str]:
    """The name of a status, and what was said; an RpcError that a call raises is also a Call."""
    call = cast("grpc.Call", error)
    return call.code().name, call.details() or ""
