"""Names, keys, proofs and signatures: what all other structs are made of. Data only.

May import the wire layer.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar

from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Fixed, Tagged, opaque, uint64

BrokerId = Annotated[bytes, Fixed(32)]
"""Names a broker: SHA-256 of its long-term Ed25519 public key."""

Gid = Annotated[bytes, Fixed(32)]
"""Names a group's log; random, chosen by its creator, and never the MLS group_id."""

Idem = Annotated[bytes, Fixed(16)]
"""Names an intention: what is sent again under the same idem happens once."""

InboxId = Annotated[bytes, Fixed(32)]
"""Names an inbox; random, chosen by its owner."""

ParcelId = Annotated[bytes, Fixed(32)]
"""Names a parcel; random, chosen by the committer."""

BlobId = Annotated[bytes, Fixed(32)]
"""Names a blob; random, chosen by who sends it. To know it is the right to read it."""

KnockId = Annotated[bytes, Fixed(16)]
"""Names a knock; random, chosen by who knocks."""

Handle = Annotated[bytes, Fixed(32)]
"""Names an account: a hash of its name and the broker, see HandleInput."""

Shelf = Annotated[bytes, Fixed(32)]
"""Names a private shelf of KeyPackages: SHA-256 of the token that opens it."""

PublicKey = Annotated[bytes, Fixed(32)]
"""An Ed25519 public key."""

Signature = Annotated[bytes, Fixed(64)]
"""An Ed25519 signature."""

Digest = Annotated[bytes, Fixed(32)]
"""A SHA-256 hash, or an HMAC-SHA256."""

Incarnation = Annotated[bytes, Fixed(16)]
"""Names what a broker's database is a copy of; random, and new after a restore."""


class Kind(IntEnum):
    """What the order of a log depends on: whether an entry closes its epoch."""

    commit = 1
    other = 2


class LabelledContent(WireStruct):
    """What every signature of this protocol is over.

    struct {
        opaque label<V>;
        opaque content<V>;
    } LabelledContent;

    ``label`` is ``"covey access 1 "`` and the operation.
    """

    label: opaque
    content: opaque


class Signed(WireStruct):
    """A request, and a signature over it with the label of its operation.

    struct {
        opaque request<V>;
        opaque signature[64];
    } Signed;
    """

    request: opaque
    signature: Signature


class HandleInput(WireStruct):
    """What the handle of an account is the SHA-256 of: the broker sees no name.

    struct {
        opaque label<V>;
        opaque broker_id[32];
        opaque name<V>;
    } HandleInput;

    ``label`` is ``"covey access 1 handle"``.
    """

    label: opaque
    broker_id: BrokerId
    name: opaque


class Nothing(WireStruct):
    """A request or an answer that has nothing to say.

    struct {
    } Nothing;
    """


class Challenge(WireStruct):
    """What a proof has to be made over, on this connection and soon.

    struct {
        opaque nonce<V>;
        uint64 lifetime;
    } Challenge;

    ``lifetime`` is in seconds.
    """

    nonce: opaque
    lifetime: uint64


class GroupProof(WireStruct):
    """What a reader of an epoch signs with ask_n (label ``prove``).

    struct {
        opaque broker_id[32];
        opaque gid[32];
        uint64 epoch;
        opaque nonce<V>;
    } GroupProof;
    """

    broker_id: BrokerId
    gid: Gid
    epoch: uint64
    nonce: opaque


class InboxProof(WireStruct):
    """What the owner of an inbox signs with its key (label ``prove inbox``).

    struct {
        opaque broker_id[32];
        opaque inbox[32];
        opaque nonce<V>;
    } InboxProof;
    """

    broker_id: BrokerId
    inbox: InboxId
    nonce: opaque


class Fresh(WireStruct):
    """A proof by signature, over a nonce that was given out on this connection.

    struct {
        opaque nonce<V>;
        opaque signature[64];
    } Fresh;
    """

    tag: ClassVar[int] = 1

    nonce: opaque
    signature: Signature


class ByTicket(WireStruct):
    """A proof by the ticket that was the answer to an earlier one, on this connection.

    struct {
        opaque ticket<V>;
    } ByTicket;
    """

    tag: ClassVar[int] = 2

    ticket: opaque


Proof = Annotated[Fresh | ByTicket, Tagged(1)]
"""That the asker may ask: a byte that says how (1 or 2), then Fresh or ByTicket."""


class TicketKind(IntEnum):
    """What a ticket is for. The broker's own: a client never needs it."""

    challenge = 1
    group = 2
    inbox = 3
    device = 4
    upload = 5


class TicketInput(WireStruct):
    """What the MAC of a ticket is computed over. The broker's own: a client never needs it.

    struct {
        TicketKind kind;
        uint64 expires;
        opaque subject[32];
        uint64 epoch;
        opaque connection<V>;
    } TicketInput;
    """

    kind: TicketKind
    expires: uint64
    subject: Digest
    epoch: uint64
    connection: opaque


class Ticket(WireStruct):
    """A ticket. The broker's own: a client never needs it, and could not verify it.

    struct {
        TicketKind kind;
        uint64 expires;
        opaque subject[32];
        uint64 epoch;
        opaque mac[32];
    } Ticket;

    ``expires`` is in seconds of a clock of the process, and ``subject`` a gid, an inbox, a
    device's key or a blob.
    """

    kind: TicketKind
    expires: uint64
    subject: Digest
    epoch: uint64
    mac: Digest
