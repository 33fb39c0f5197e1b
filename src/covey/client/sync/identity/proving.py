"""Proving one thing on one connection: by the ticket of an earlier proof, else by a signature.

May import the effects and the protocol. A new connection makes nonces and tickets worthless: then
it is proven once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from covey.access.refusals import Code
from covey.access.structs.basics import ByTicket
from covey.client.sync.asking import ask, challenge
from covey.errors import BrokerError
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.access.structs.basics import Fresh
    from covey.client.sync.effects import Flow, Lane

T = TypeVar("T")
W = TypeVar("W", bound=WireStruct)

PROOFS: Final = 3
"""How many signatures are made for one request, at most: a connection may break in between."""


class Prover:
    """Proves one thing on one connection.

    Args:
        lane: The connection.
        sign: Makes the proof for a nonce.
    """

    def __init__(self, lane: Lane, sign: Callable[[bytes], Fresh]) -> None:
        self._lane = lane
        self._sign = sign
        self._ticket = b""

    def ask(
        self, operation: str, make: Callable[[Fresh | ByTicket], WireStruct], answer: type[W]
    ) -> Flow[W]:
        """Ask for an operation that needs the proof.

        Args:
            operation: Its name.
            make: Makes the request with a proof.
            answer: The struct of its answer.

        Raises:
            BrokerError: The broker refuses.
            TransportError: It does not answer.
        """
        if ticket := self._ticket:
            try:
                return (yield from ask(self._lane, operation, make(ByTicket(ticket)), answer))
            except BrokerError as error:
                if error.code != Code.stale_proof:
                    raise
            if self._ticket == ticket:
                self._ticket = b""

        def prove() -> Flow[W]:
            nonce = yield from challenge(self._lane)
            request = make(self._sign(nonce))
            return (yield from ask(self._lane, operation, request, answer))

        return (yield from while_stale(prove))

    def keep(self, ticket: bytes) -> None:
        """Use a ticket from now on; an empty one is none."""
        self._ticket = ticket


def while_stale(prove: Callable[[], Flow[T]]) -> Flow[T]:
    """Prove something, and do it again when the connection was another one by then.

    Args:
        prove: Begins the flow that takes a nonce and uses it.

    Raises:
        BrokerError: The broker refuses; ``stale_proof`` only after :data:`PROOFS` tries.
    """
    for _ in range(PROOFS - 1):
        try:
            return (yield from prove())
        except BrokerError as error:
            if error.code != Code.stale_proof:
                raise
    return (yield from prove())
