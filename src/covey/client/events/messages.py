"""Events of what is said. May import the base."""

from __future__ import annotations

from typing import ClassVar

from covey.client.events.base import Happened
from covey.client.words.showing import line, said


class Said(Happened, frozen=True, kw_only=True):
    """The base of events about a message in the history.

    A store keeps no more of it than ``id`` and ``seq``: the rest is read from the history with it,
    and is empty when the message has disappeared.

    Attributes:
        id: Its id, in hex.
        number: Its number in the history.
        sender: Who said it.
        leaf: From which leaf.
        kind: ``text``, ``reply``, ``reaction``, ``attachment``, ``unknown``, or a content type.
        text: What can be read: a text, the name of a file, a sign.
        data: What is no text.
        about: The id of the message that it is about, in hex; or empty.
        withdrawn: Whether it takes a reaction back.
        sent_at: When it was said, by its sender's clock; in seconds since the epoch.
        received_at: When it came in, by ours.
        expires_at: When it disappears, or None.
        seq: Its place in the log, or None.
        epoch: The epoch in which it was said, or None.
    """

    id: str
    number: int = 0
    sender: str = ""
    leaf: int = 0
    kind: str = ""
    text: str = ""
    data: bytes = b""
    about: str = ""
    withdrawn: bool = False
    sent_at: int = 0
    received_at: int = 0
    expires_at: int | None = None
    seq: int | None = None
    epoch: int | None = None

    _unshown: ClassVar[frozenset[str]] = frozenset({"text", "data"})

    @property
    def words(self) -> str:
        """What was said, on one or more lines; each but the first is marked as going on."""
        match self.kind:
            case "":
                return "[a message that is not kept]"
            case "text" | "reply":
                return said(self.text)
            case "reaction":
                return f"{'takes back ' if self.withdrawn else ''}{line(self.text)}"
            case "attachment":
                return f"[file {line(self.text)}]"
            case "unknown":
                return "[something that a newer covey can read]"
        return f"[{len(self.data)} bytes of {line(self.kind)}]"


class MessageArrived(Said, frozen=True, kw_only=True):
    """Somebody has said something."""

    def __str__(self) -> str:
        return f"{self.sender or 'somebody'}: {self.words}"


class MessageSent(Said, frozen=True, kw_only=True):
    """What we said has got its place in the group's order."""

    def __str__(self) -> str:
        return f"you: {self.words}"


class EphemeralArrived(Happened, frozen=True, kw_only=True):
    """Something came that does not stand in the history.

    Attributes:
        sender: Who sent it.
        leaf: From which leaf.
        content_type: By which the application knows it.
        data: What it is.
        sent_at: In seconds since the epoch, by its sender's clock.
    """

    sender: str
    content_type: str
    data: bytes
    leaf: int = 0
    sent_at: int = 0

    _unshown: ClassVar[frozenset[str]] = frozenset({"data"})

    def __str__(self) -> str:
        return f"{self.sender} sent {len(self.data)} bytes of {line(self.content_type)}"


class MessagesLost(Happened, frozen=True, kw_only=True):
    """Messages will not come, or not go out, any more; such as those that disappeared unsent.

    Attributes:
        count: How many; 0 when nobody knows.
        sender: Whose; None when they are ours, or nobody knows.
        why: Why.
        ids: The ids of those that were ours, in hex.
    """

    count: int
    sender: str | None
    why: str
    ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        many = {0: "messages", 1: "a message"}.get(self.count, f"{self.count} messages")
        whose = f" of {self.sender}" if self.sender else ""
        return f"{many}{whose} lost: {line(self.why)}"


class Unreadable(Happened, frozen=True, kw_only=True):
    """An entry of the log is nothing that we can read.

    Attributes:
        seq: Its place in the log.
        why: Why.
    """

    seq: int
    why: str

    def __str__(self) -> str:
        return f"entry {self.seq} cannot be read: {line(self.why)}"
