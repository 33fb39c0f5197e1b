"""Live delivery: entries as they come, over a WebSocket, which covey's client does without.

May import websockets, the client's flows and this folder.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

from covey.access.structs.heads import Position
from covey.access.structs.live import (
    Arrived,
    Begun,
    CaughtUp,
    ClientFrame,
    Credit,
    Greeting,
    ProveNext,
    Refused,
    ServerFrame,
    Subscribe,
)
from covey.access.structs.log import Entries
from covey.client.sync.log.taking import take
from covey.errors import BrokerError, TransportError

if TYPE_CHECKING:
    from typing import Self

    from covey.access.structs.heads import SignedHead
    from covey.access.structs.log import Entry
    from covey.lab.company.seat import Heard, Seat

_WAIT: Final = 10.0  # seconds
_LARGEST: Final = 64 << 20  # bytes of a frame
_REFILL: Final = 64  # entries that are taken before credit for them is given

ServerSent = Greeting | Begun | Arrived | CaughtUp | ProveNext | Refused


class Socket:
    """A WebSocket to a broker.

    Args:
        url: Where the broker is.

    Attributes:
        nonce: For proofs on it.
        credit: How many entries the broker sends before it is given more.
    """

    def __init__(self, url: str) -> None:
        address = "ws" + url.removeprefix("http") + "/v1/subscribe"
        self._ending = ExitStack()
        try:
            self._socket = self._ending.enter_context(
                connect(address, proxy=None, max_size=_LARGEST, compression=None)
            )
        except (OSError, WebSocketException) as error:
            msg = f"the broker does not answer: {error}"
            raise TransportError(msg) from error
        greeting = self.receive()
        if not isinstance(greeting, Greeting):
            self.close()
            msg = "what answers does not greet as a broker would"
            raise TransportError(msg)
        self.nonce: bytes = greeting.nonce
        self.credit: int = greeting.credit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._ending.close()

    def send(self, frame: Subscribe | Credit) -> None:
        """Send a frame."""
        try:
            self._socket.send(ClientFrame(frame).encode())
        except ConnectionClosed as error:
            raise _gone(error) from error

    def receive(self, seconds: float = _WAIT) -> ServerSent | None:
        """The next frame; None when none comes in some seconds.

        Raises:
            TransportError: The broker hung up.
        """
        try:
            data = self._socket.recv(seconds, decode=False)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            raise _gone(error) from error
        return ServerFrame.decode(data).frame


class Subscription:
    """What comes for one seat, epoch after epoch: each lot is taken in as the answer to a read is.

    Args:
        seat: Whose.
        socket: A WebSocket of its own.
    """

    def __init__(self, seat: Seat, socket: Socket) -> None:
        self._seat = seat
        self._socket = socket
        self._taken = 0
        self._before: Position | None = None
        self._entries: list[Entry] = []
        self._epoch = self._after = 0
        self._subscribe()

    def listen(self, seconds: float = _WAIT) -> list[Heard]:
        """What comes until the broker says that this is all for now.

        Args:
            seconds: How long to wait for something.

        Raises:
            BrokerError: The broker refuses the subscription.
            ForkError: It contradicts itself.
            TransportError: It hung up.
        """
        while True:
            frame = self._socket.receive(seconds)
            if frame is None or not self._take(frame):
                return self._seat.told()

    def _take(self, frame: ServerSent) -> bool:
        """Do what a frame says; whether more is to come at once."""
        match frame:
            case Begun(before=before):
                self._before = before
            case Arrived(entry=entry):
                self._entries.append(entry)
                self._give_credit()
            case CaughtUp(head=head):
                self._take_in(head)
                return False
            case ProveNext():
                self._take_in(frame.head)
                if not self._seat.is_in:
                    return False
                self._socket.nonce = frame.nonce
                self._subscribe()
            case Refused(code=code, sentence=sentence):
                raise BrokerError(code.decode(), sentence.decode())
        return True

    def _take_in(self, head: SignedHead) -> None:
        """Take in what has come, up to a head that the broker has signed."""
        seat = self._seat.place.seat
        assert self._before is not None, "the broker says where entries begin before it sends any"
        page = Entries(self._before, tuple(self._entries), head, 1, b"")
        take(seat, self._epoch, self._after, page)
        self._seat.see()
        self._after = max(seat.row.seq, 0)
        self._before = Position(seat.row.seq, seat.row.hash)
        self._entries.clear()

    def _subscribe(self) -> None:
        access = self._seat.access
        self._epoch, self._after = access.epoch, max(self._seat.row.seq, 0)
        proof = access.prove(self._socket.nonce)
        self._socket.send(Subscribe(access.gid, access.epoch, self._after, proof))

    def _give_credit(self) -> None:
        self._taken += 1
        if self._taken >= min(_REFILL, self._socket.credit):
            self._socket.send(Credit(self._taken))
            self._taken = 0


def _gone(error: ConnectionClosed) -> TransportError:
    return TransportError(f"the broker hung up: {error}")
