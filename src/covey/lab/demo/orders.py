"""What the story and its processes say to each other, as lines of JSON on pipes. Data only.

The story sends an Order, the process answers with a Reply. A reply also carries the secrets
that the process has come to know: only so can the demo search the broker's file for them.
"""

from __future__ import annotations

import msgspec


class Order(msgspec.Struct, tag_field="do", frozen=True):
    """The base of all orders."""


class Failed(msgspec.Struct, frozen=True):
    """Why an order could not be carried out."""

    error: str
    sentence: str


class Reply(msgspec.Struct, frozen=True):
    """The answer to an order: one of ``answer`` and ``failed``.

    Attributes:
        secrets: What nobody else may know, by what it is.
        answer: The struct that the order calls for.
        failed: Why there is none.
    """

    secrets: dict[str, bytes] = {}
    answer: msgspec.Raw = msgspec.Raw(b"null")
    failed: Failed | None = None


class Publish(Order, tag="publish", frozen=True):
    """Begin an account and an inbox, and leave KeyPackages. The answer is Published."""


class Published(msgspec.Struct, frozen=True):
    """What the broker was told.

    Attributes:
        handle: Of the account.
        device: The key of its device.
        inbox: Where pointers are to be left.
        key_packages: MLSMessages with a KeyPackage each.
        references: Their KeyPackageRefs.
    """

    handle: bytes
    device: bytes
    inbox: bytes
    key_packages: list[bytes]
    references: list[bytes]


class Found(Order, tag="found", frozen=True):
    """Create a group with its first members. The answer is Changed."""

    invite: list[str]


class Join(Order, tag="join", frozen=True):
    """Be in the group, by the pointer in the inbox. The answer is Joined."""


class Arrive(Order, tag="arrive", frozen=True):
    """Wait until all who were let in have renewed their keys. The answer is Joined."""


class Joined(msgspec.Struct, frozen=True):
    """What the member sees."""

    epoch: int
    members: list[str]


class Say(Order, tag="say", frozen=True):
    """Send a message. The answer is Sent."""

    text: str


class Attach(Order, tag="attach", frozen=True):
    """Send a file, and a message that names it. The answer is Sent."""

    name: str
    data: bytes


class Sent(msgspec.Struct, frozen=True):
    """The entry's number in the group's log."""

    seq: int


class CatchUp(Order, tag="catch-up", frozen=True):
    """Wait until the log was read, at least up to a number. The answer is Caught."""

    until: int = 0


class Heard(msgspec.Struct, frozen=True):
    """A message, as a member reads it.

    Attributes:
        seq: Its number in the log.
        who: Who sent it.
        what: ``message`` or ``attachment``.
        text: What a message says.
        data: The file of an attachment.
    """

    seq: int
    who: str
    what: str
    text: str = ""
    data: bytes = b""


class Caught(msgspec.Struct, frozen=True):
    """What was new, and where the member now stands; it has no secrets when it was removed."""

    heard: list[Heard]
    epoch: int
    epoch_authenticator: bytes | None
    removed: bool


class Prepare(Order, tag="prepare", frozen=True):
    """Make a commit that renews keys, and keep it back. The answer is Prepared."""


class Prepared(msgspec.Struct, frozen=True):
    """The epoch that the commit would open."""

    epoch: int


class Submit(Order, tag="submit", frozen=True):
    """Send the commit that was kept back, and have keys renewed. The answer is Submitted."""


class Submitted(msgspec.Struct, frozen=True):
    """Whether the commit won its epoch, and the epoch in which the member is in the end."""

    won: bool
    epoch: int


class Change(Order, tag="change", frozen=True):
    """Have a commit win that does something, or else renews keys. The answer is Changed.

    Attributes:
        invite: Whom to add.
        remove: Whom to remove; nobody when empty.
        die: Whether the process ends once the broker has the commit, without an answer.
    """

    invite: list[str] = []
    remove: str = ""
    die: bool = False


class Changed(msgspec.Struct, frozen=True):
    """The last number, the epoch, and the group's log."""

    seq: int
    epoch: int
    gid: bytes


class Draw(Order, tag="draw", frozen=True):
    """Describe the ratchet tree. The answer is Drawing."""


class DrawnNode(msgspec.Struct, frozen=True):
    """A node of the tree, and what stands below it.

    Attributes:
        name: Of the member at a leaf; empty at a parent.
        key: The first bytes of its public key, in hex; empty when it is blank.
        unmerged: Names of members below that do not know its private key yet.
        children: On the left and on the right; none at a leaf.
    """

    name: str
    key: str
    unmerged: list[str] = []
    children: list[DrawnNode] = []


class Drawing(msgspec.Struct, frozen=True):
    """The ratchet tree of an epoch, from its root."""

    epoch: int
    root: DrawnNode


class Steal(Order, tag="steal", frozen=True):
    """Hand out the whole state of the group. The answer is Stolen."""


class Stolen(msgspec.Struct, frozen=True):
    """A snapshot of the group, and what goes with it to ask its broker."""

    state: bytes
    broker_id: bytes
    gid: bytes


class Attack(Order, tag="attack", frozen=True):
    """Try states on everything in a group's log. The answer is Attacked.

    Attributes:
        database: The broker's: a SQLite file, or the address of a PostgreSQL.
        broker_id: The broker's.
        gid: The group's log.
        after: The entry after which the broker should give nothing out.
        states: Snapshots to try; a member's own earlier ones when there are none.
    """

    database: str
    broker_id: bytes
    gid: bytes
    after: int
    states: list[bytes] = []


class Attempt(msgspec.Struct, frozen=True):
    """One entry of the log, and what became of it.

    Attributes:
        seq: Its number.
        opened: Whether any state opened it.
        text: What it says, when it was an application message.
        error: Why the newest state did not open it.
        secrets: How many envelope keys of other epochs were tried on it by hand.
    """

    seq: int
    opened: bool
    text: str = ""
    error: str = ""
    secrets: int = 0


class Attacked(msgspec.Struct, frozen=True):
    """All entries, and what the broker gave out when it was asked with the same keys.

    Attributes:
        attempts: One for each entry in the stolen database.
        given: How many entries the broker gave out.
        same: How many of those the database holds byte for byte.
        later: Bytes of those that came after the entry that was named.
        refusals: The codes with which it refused the epochs after.
    """

    attempts: list[Attempt]
    given: int
    same: int
    later: int
    refusals: list[str]


Writing = Say | Attach | Prepare | Submit | Change
"""What adds to the log."""

Orders = Publish | Found | Join | Arrive | CatchUp | Draw | Steal | Attack | Writing
"""Every order."""
