"""covey behind gRPC: the community's service, and what ours asks for beyond it.

May import the calls and the service. One call at a time: a runner waits for each answer anyway,
and members of one process share nothing that would gain from threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import grpc

from covey.errors import TransportError
from covey.lab.interop.calls import CALLS, CallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from covey.lab.interop.calls import Client

MOST_BYTES: Final = 256 * 1024 * 1024
"""The largest message either side takes: a tree of a big group is larger than gRPC's 4 MiB."""

OPTIONS: Final = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_send_message_length", MOST_BYTES),
)

_GRACE: Final = 1.0  # seconds that a call which is under way has left


class Server:
    """A client served at an address, from ``start`` to ``stop``.

    Args:
        client: Who answers.
        address: Where to listen, such as ``"127.0.0.1:0"``; port 0 is any that is free.
    """

    def __init__(self, client: Client, address: str) -> None:
        self._server: grpc.Server = grpc.server(
            ThreadPoolExecutor(max_workers=1),
            options=[*OPTIONS, ("grpc.so_reuseport", 0)],  # a port that is taken is an error
        )
        self._server.add_generic_rpc_handlers(_handlers(client))
        self.port: int = _bind(self._server, address)

    def start(self) -> None:
        """Answer calls from now on, in the background."""
        self._server.start()

    def wait(self) -> None:
        """Return when the server has been stopped."""
        self._server.wait_for_termination()

    def stop(self) -> None:
        """Take no more calls, and finish the one that is under way."""
        self._server.stop(_GRACE).wait()


def _bind(server: grpc.Server, address: str) -> int:
    try:
        return server.add_insecure_port(address)
    except RuntimeError as error:
        msg = f"cannot listen at {address}: is the port taken, and the host one of this machine?"
        raise TransportError(msg) from error


def _handlers(client: Client) -> list[grpc.GenericRpcHandler]:
    services: dict[str, dict[str, grpc.RpcMethodHandler[Message, Message]]] = {}
    for name, call in CALLS.items():
        _, service, _ = call.path.split("/")
        services.setdefault(service, {})[name] = grpc.unary_unary_rpc_method_handler(
            _answering(client, name),
            request_deserializer=call.request.FromString,
            response_serializer=call.response.SerializeToString,
        )
    return [grpc.method_handlers_generic_handler(*each) for each in services.items()]


def _answering(client: Client, name: str) -> Callable[[Message, grpc.ServicerContext], Message]:
    def answer(request: Message, context: grpc.ServicerContext) -> Message:
        try:
            return client.answer(name, request)
        except CallError as error:
            context.abort(grpc.StatusCode[error.code], error.message)

    return answer
