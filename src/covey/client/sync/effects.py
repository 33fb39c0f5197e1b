"""What the client wants from outside, as values: the alphabet of its flows.

May import the protocol. A *flow* is a generator: it yields an effect, is sent the result, and
returns what it was begun for. It does no input or output, reads no clock but the one it is given,
and may be dropped at any yield, as a process that is killed: what has to survive that is in the
store. The asynchronous client, scripts and the simulator drive the same flows.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from covey.errors import BrokerError
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.wire.struct import WireStruct

T = TypeVar("T")


class Use(StrEnum):
    """What a connection is used for. No two uses ever share one."""

    identity = "identity"
    """Says which device speaks. Its key is empty."""
    inbox = "inbox"
    """Reads an inbox, or sets it up. Its key begins with the inbox."""
    speak = "speak"
    """Sends to a group, and reads its log. Its key is the gid."""
    listen = "listen"
    """Waits for what is new in a group. Its key is the gid."""
    once = "once"
    """Says one thing about nobody: a pointer, a note, a knock, a blob. Its key is random; it ends
    with :class:`HangUp`."""


class Lane(NamedTuple):
    """A connection, by what it is for. It is opened by its first request."""

    use: Use
    key: bytes = b""


class Ask(NamedTuple):
    """Ask the broker for an operation; its answer is sent back.

    What is thrown into the flow instead: BrokerError, or TransportError when nobody knows whether
    the broker has done it.

    Attributes:
        lane: Over which connection.
        operation: Its name, of :data:`~covey.access.operations.OPERATIONS`.
        request: Its request; for those that are signed, the Signed.
        token: A device's, where it needs one.
    """

    lane: Lane
    operation: str
    request: WireStruct
    token: bytes = b""

    def __repr__(self) -> str:
        return f"Ask({self.lane.use}, {self.operation!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("operation", self.operation)]


class About(NamedTuple):
    """Ask what the broker says of itself; :class:`Broker` is sent back."""

    lane: Lane


class Broker(NamedTuple):
    """What a broker says of itself; that its id is the hash of its key has been checked.

    Attributes:
        broker_id: Who it is (32 bytes).
        limits: How large and how many, by name.
        hour: By its clock, in hours since 1970-01-01T00:00Z; None if it does not say.
    """

    broker_id: bytes
    limits: dict[str, int]
    hour: int | None = None


class PutBlob(NamedTuple):
    """Send bytes of a blob; how many are there is sent back."""

    lane: Lane
    blob: bytes
    ticket: bytes
    offset: int
    chunk: bytes


class GetBlob(NamedTuple):
    """Fetch a blob from an offset; its bytes are sent back."""

    lane: Lane
    blob: bytes
    start: int = 0


class HangUp(NamedTuple):
    """Close a connection; None is sent back."""

    lane: Lane


class Pause(NamedTuple):
    """Let some time pass; None is sent back.

    Attributes:
        seconds: How much.
        refusal: What the broker has said, if it is for that.
    """

    seconds: float
    refusal: BrokerError | None = None


Effect = Ask | About | PutBlob | GetBlob | HangUp | Pause
"""What a flow may yield."""

Flow = Generator[Effect, Any, T]
"""A flow that returns a T."""


class World(NamedTuple):
    """What flows and the store's rows draw on besides effects.

    Attributes:
        entropy: Where randomness comes from.
        now: The time, in seconds since the epoch.
    """

    entropy: Entropy
    now: Callable[[], float]

    @property
    def second(self) -> int:
        """The time in whole seconds."""
        return int(self.now())

    @property
    def millisecond(self) -> int:
        """The time in whole milliseconds."""
        return int(self.now() * 1_000)

    @property
    def hour(self) -> int:
        """The time in whole hours since the epoch, as the protocol counts."""
        return int(self.now()) // 3600

    def random(self) -> float:
        """A random number of at least 0 and below 1."""
        return int.from_bytes(self.entropy(7)) / (1 << 56)
