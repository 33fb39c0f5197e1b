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


class Invitee(msgspec.Struct, frozen=True):
    """Somebody to invite, and the inbox where KeyPackages of theirs wait."""

    name: str
    inbox: bytes


class Publish(Order, tag="publish", frozen=True):
    """Choose an inbox, and leave KeyPackages there. The answer is Published."""


class Published(msgspec.Struct, frozen=True):
    """Where, and what: MLSMessages with a KeyPackage each."""

    inbox: bytes
    key_packages: list[bytes]


class Found(Order, tag="found", frozen=True):
    """Create a group with its first members. The answer is Changed."""

    invitees: list[Invitee]


class Join(Order, tag="join", frozen=True):
    """Join by the Welcome in the inbox. The answer is Joined."""


class Joined(msgspec.Struct, frozen=True):
    """What the new member sees."""

    epoch: int
    members: list[str]


class Say(Order, tag="say", frozen=True):
    """Send a message. The answer is Sent."""

    text: str


class ProposeUpdate(Order, tag="propose-update", frozen=True):
    """Propose fresh leaf keys. The answer is Sent."""


class Sent(msgspec.Struct, frozen=True):
    """The entry's number in the group's log."""

    seq: int


class CatchUp(Order, tag="catch-up", frozen=True):
    """Read the log, at least up to a number. The answer is Caught."""

    until: int = 0


class Heard(msgspec.Struct, frozen=True):
    """One entry of the log, as a member reads it.

    Attributes:
        seq: Its number.
        who: Who sent it.
        what: ``message``, ``proposal``, ``commit`` or ``own``.
        text: What a message says.
    """

    seq: int
    who: str
    what: str
    text: str = ""


class Caught(msgspec.Struct, frozen=True):
    """What was new, and where the member now stands; it has no secrets when it was removed."""

    heard: list[Heard]
    epoch: int
    epoch_authenticator: bytes | None
    removed: bool


class Prepare(Order, tag="prepare", frozen=True):
    """Make a commit with a path and keep it back. The answer is Prepared."""


class Prepared(msgspec.Struct, frozen=True):
    """The epoch that the commit would open."""

    epoch: int


class Submit(Order, tag="submit", frozen=True):
    """Send the commit that was kept back. The answer is Submitted."""


class Submitted(msgspec.Struct, frozen=True):
    """Whether the commit won its epoch, and the number of the one that did."""

    won: bool
    seq: int


class Change(Order, tag="change", frozen=True):
    """Commit with a path, again until one wins. The answer is Changed.

    Attributes:
        invite: Whom to add.
        remove: Whom to remove; nobody when empty.
    """

    invite: list[Invitee] = []
    remove: str = ""


class Changed(msgspec.Struct, frozen=True):
    """The commit's number, the epoch that it opened, and the group's log."""

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
    """A snapshot of the group, and where its log is."""

    state: bytes
    gid: bytes


class Attack(Order, tag="attack", frozen=True):
    """Try states on everything in a group's log. The answer is Attacked.

    Attributes:
        gid: The group's log.
        file: The broker's file, to be read besides.
        states: Snapshots to try; a member's own earlier ones when there are none.
    """

    gid: bytes
    file: str
    states: list[bytes] = []


class Attempt(msgspec.Struct, frozen=True):
    """One entry of the log, and what became of it.

    Attributes:
        seq: Its number.
        opened: Whether any state opened it.
        text: What it says, when it was an application message.
        error: Why the newest state did not open it.
        secrets: How many sender data secrets were tried on it by hand.
    """

    seq: int
    opened: bool
    text: str = ""
    error: str = ""
    secrets: int = 0


class Attacked(msgspec.Struct, frozen=True):
    """All entries, and how many of them the file holds byte for byte."""

    attempts: list[Attempt]
    in_file: int


Orders = (
    Publish
    | Found
    | Join
    | Say
    | ProposeUpdate
    | CatchUp
    | Prepare
    | Submit
    | Change
    | Draw
    | Steal
    | Attack
)
