"""Messages, members and groups as commands print them. May import the client's.

What strangers have chosen is printed without what controls a terminal.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Final

from covey.client.events.messages import Said
from covey.client.words import suites
from covey.client.words.showing import line
from covey.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation
    from covey.client.words.history import Message

_GLIMPSE: Final = 40  # characters of what is answered


def message_line(message: Message, own: bytes, name: str = "", about: str = "") -> str:
    """A message for people: its number, when it came, who said it, and what.

    Args:
        message: The message.
        own: Our identity.
        name: Of its group, if that is to be told.
        about: What it is about, as :func:`about` says it.
    """
    state = message.state(own)
    place = f"[{line(name)}] " if name else ""
    waits = {"waiting": " (waits to be sent)", "unsent": " (was not sent)"}.get(state, "")
    said = f"{place}{_who(message, own)}: {about}{words(message)}{waits}"
    return f"{message.number:>5}  {moment(message.received_at)}  {said}"


def about(client: Client, said: Message | Said) -> str:
    """Which message a reply or a reaction is about; empty for what is about none."""
    if not said.about:
        return ""
    try:
        found = client.group(said.group).message(said.about)
    except StateError:
        return "[to a message that is not here] "
    begins = words(found).partition("\n")[0]
    if len(begins) > _GLIMPSE:
        begins = f"{begins[: _GLIMPSE - 1].rstrip()}…"
    return f"[to #{found.number}, {_who(found, client.name.encode())}: {begins}] "


def _who(message: Message, own: bytes) -> str:
    return "you" if message.identity == own else message.sender


def words(message: Message) -> str:
    """What was said, in words; the events of messages have the same."""
    said = Said(
        group=message.group,
        id=message.id,
        kind=message.kind,
        text=message.text,
        data=message.data,
        withdrawn=message.withdrawn,
    )
    return said.words


def message_json(message: Message, own: bytes) -> Mapping[str, object]:
    """A message for programs; bytes are in base64, times in seconds since the epoch."""
    fields = (
        "number", "group", "id", "sender", "kind", "text", "about", "withdrawn", "sent_at",
        "received_at", "expires_at", "seq", "epoch",
    )  # fmt: skip
    found = {each: getattr(message, each) for each in fields}
    data = base64.b64encode(message.data).decode()
    return {**found, "data": data, "state": message.state(own)}


def moment(seconds: int) -> str:
    """A time of ours: of today the time, of other days the day, too."""
    now = datetime.now().astimezone()
    when = datetime.fromtimestamp(seconds, now.tzinfo)
    if when.date() == now.date():
        return f"{when:%H:%M}"
    return f"{when:%Y-%m-%d %H:%M}"


def group_json(group: Conversation) -> Mapping[str, object]:
    """A group for programs."""
    return {
        "id": group.id,
        "name": group.name,
        "status": group.status,
        "trouble": group.trouble,
        "epoch": group.epoch,
        "inviting": group.inviting,
        "expires_after": group.expires_after,
        "suite": suite_json(group.suite),
        "parent": group.parent or None,
    }


def suite_json(code: int) -> Mapping[str, object]:
    """A cipher suite for programs: its number, its name, and what of it is quantum-safe.

    Both kinds of safety are null for a suite that is not known here.
    """
    found = suites.safety_of(code)
    return {
        "code": code,
        "name": suites.name(code),
        "confidentiality_quantum_safe": None if found is None else found.confidentiality,
        "authentication_quantum_safe": None if found is None else found.authentication,
    }


def suite_lines(code: int) -> list[str]:
    """A cipher suite for people."""
    found = suites.safety_of(code)
    if found is None:
        return [f"suite {suites.name(code)}, which this covey does not know"]
    safe = {True: "quantum-safe", False: "not quantum-safe"}
    secrecy, signing = safe[found.confidentiality], safe[found.authentication]
    return [
        f"suite {suites.name(code)}",
        f"  what is said is {secrecy}, and who says it is {signing}",
    ]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns, as wide as what stands in them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
