"""What the demo shows, as data: on a terminal it is drawn, for machines it is JSON."""

from __future__ import annotations

import msgspec

from covey.lab.demo.orders import DrawnNode


class Scene(msgspec.Struct, tag_field="scene", frozen=True):
    """The base of all scenes."""


class Act(Scene, tag="act", frozen=True):
    """Something new begins."""

    title: str
    sentence: str


class Began(Scene, tag="process", frozen=True):
    """A process runs.

    Attributes:
        name: Who it is.
        pid: Its process id.
        note: What there is to say about it.
    """

    name: str
    pid: int
    note: str = ""


class Tree(Scene, tag="tree", frozen=True):
    """The ratchet tree of an epoch, from its root."""

    epoch: int
    root: DrawnNode


class Line(msgspec.Struct, frozen=True):
    """One message, on both sides.

    Attributes:
        seq: Its number in the log.
        epoch: In which it was sent.
        who: Who sent it.
        text: What it says.
        read_by: Who read it.
        held: The last bytes of what the broker's database holds of it, in hex.
        size: How many bytes that is.
    """

    seq: int
    epoch: int
    who: str
    text: str
    read_by: list[str]
    held: str
    size: int


class Talk(Scene, tag="talk", frozen=True):
    """Some messages, side by side with what the broker's database holds."""

    lines: list[Line]


class Note(Scene, tag="note", frozen=True):
    """Something happened."""

    sentence: str


class Agreed(Scene, tag="agreed", frozen=True):
    """Members have the same epoch authenticator (RFC 9420 §8.7)."""

    epoch: int
    members: list[str]
    epoch_authenticator: str


class Tally(msgspec.Struct, frozen=True):
    """How many messages somebody could read who should, or should not.

    Attributes:
        when: Of which time they are.
        sent: How many there were.
        opened: How many were read.
        text: What the first of those says.
        because: Why the last of the others could not be read.
    """

    when: str
    sent: int
    opened: int
    text: str = ""
    because: str = ""


class Tried(Scene, tag="tried", frozen=True):
    """What somebody got out of the log with a state that is not theirs, or no longer.

    Attributes:
        who: Who tried.
        tallies: By time.
        by_hand: With how many keys it was tried, past the engine, to open messages of
            later epochs; none of them did, or it would count as read.
        given: How many entries the broker gave out to who asked with those keys.
        refused: With which code it refused the rest.
    """

    who: str
    tallies: list[Tally]
    by_hand: int
    given: int = 0
    refused: str = ""


class KnownLog(msgspec.Struct, frozen=True):
    """What the broker knows of a group.

    Attributes:
        gid: Its name there, in hex.
        epochs: How many there were.
        entries: How many there are.
        sizes: How many of them have which size, in bytes.
    """

    gid: str
    epochs: int
    entries: int
    sizes: dict[int, int]


class Known(Scene, tag="known", frozen=True):
    """What the broker knows, all of it looked up in its database.

    Attributes:
        logs: Of each group.
        rows: How many rows each table has.
        times: Every time at which something came, by its unit (``hour``, ``week``), counted from
            1970-01-01T00:00Z.
    """

    logs: list[KnownLog]
    rows: dict[str, int]
    times: dict[str, list[int]]


class Check(Scene, tag="check", frozen=True):
    """Something that has to hold, and whether it does."""

    what: str
    passed: bool
    detail: str = ""


class Curtain(Scene, tag="result", frozen=True):
    """The end."""

    passed: bool
    checks: int
    seconds: float


Scenes = Act | Began | Tree | Talk | Note | Agreed | Tried | Known | Check | Curtain
