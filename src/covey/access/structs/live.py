"""Frames on a WebSocket: each message holds one. Data only; may import earlier chapters."""

from __future__ import annotations

from typing import Annotated, ClassVar

from covey.access.structs.basics import Gid, Proof
from covey.access.structs.heads import Position, SignedHead
from covey.access.structs.log import Entry
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Tagged, opaque, uint32, uint64

# --- from the client -----------------------------------------------------------------------


class Subscribe(WireStruct):
    """Asks for the entries of an epoch after an entry, and for all that come.

    struct {
        opaque gid[32];
        uint64 epoch;
        uint64 after;
        Proof proof;
    } Subscribe;

    Sent again with the next epoch, it answers ProveNext.
    """

    tag: ClassVar[int] = 1

    gid: Gid
    epoch: uint64
    after: uint64
    proof: Proof


class Credit(WireStruct):
    """Says how many more entries the client can take, on the whole socket.

    struct {
        uint32 entries;
    } Credit;
    """

    tag: ClassVar[int] = 2

    entries: uint32


class Unsubscribe(WireStruct):
    """Ends a subscription.

    struct {
        opaque gid[32];
    } Unsubscribe;
    """

    tag: ClassVar[int] = 3

    gid: Gid


class ClientFrame(WireStruct):
    """What a client sends: a byte that says what it is, then that.

    struct {
        uint8 type;
        select (ClientFrame.type) {
            case 1: Subscribe;
            case 2: Credit;
            case 3: Unsubscribe;
        };
    } ClientFrame;
    """

    frame: Annotated[Subscribe | Credit | Unsubscribe, Tagged(1)]


# --- from the broker -----------------------------------------------------------------------


class Greeting(WireStruct):
    """The first frame: the nonce for proofs on this socket, and how many entries may come.

    struct {
        opaque nonce<V>;
        uint32 credit;
    } Greeting;
    """

    tag: ClassVar[int] = 1

    nonce: opaque
    credit: uint32


class Begun(WireStruct):
    """A subscription is accepted; the first entry comes after this place.

    struct {
        opaque gid[32];
        uint64 epoch;
        Position before;
        opaque ticket<V>;
    } Begun;
    """

    tag: ClassVar[int] = 2

    gid: Gid
    epoch: uint64
    before: Position
    ticket: opaque


class Arrived(WireStruct):
    """An entry. It costs one credit.

    struct {
        opaque gid[32];
        Entry entry;
    } Arrived;
    """

    tag: ClassVar[int] = 3

    gid: Gid
    entry: Entry


class CaughtUp(WireStruct):
    """All that there was has been sent.

    struct {
        opaque gid[32];
        SignedHead head;
    } CaughtUp;
    """

    tag: ClassVar[int] = 4

    gid: Gid
    head: SignedHead


class ProveNext(WireStruct):
    """The epoch is closed: nothing more comes until the client subscribes to the next one.

    struct {
        opaque gid[32];
        uint64 epoch;
        SignedHead head;
        opaque nonce<V>;
    } ProveNext;

    ``epoch`` is the next one, ``nonce`` a fresh one for its proof.
    """

    tag: ClassVar[int] = 5

    gid: Gid
    epoch: uint64
    head: SignedHead
    nonce: opaque


class Refused(WireStruct):
    """A frame was refused; the subscription, if there was one, is over.

    struct {
        opaque gid[32];
        opaque code<V>;
        opaque sentence<V>;
    } Refused;

    ``gid`` is all zero when the frame named none.
    """

    tag: ClassVar[int] = 6

    gid: Gid
    code: opaque
    sentence: opaque


class ServerFrame(WireStruct):
    """What the broker sends: a byte that says what it is, then that.

    struct {
        uint8 type;
        select (ServerFrame.type) {
            case 1: Greeting;
            case 2: Begun;
            case 3: Arrived;
            case 4: CaughtUp;
            case 5: ProveNext;
            case 6: Refused;
        };
    } ServerFrame;
    """

    frame: Annotated[Greeting | Begun | Arrived | CaughtUp | ProveNext | Refused, Tagged(1)]
