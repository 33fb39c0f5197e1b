"""Every kind of event, as people make it whose names and texts are to do harm on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from covey.client.events import kinds
from covey.client.events.messages import Said
from covey.client.words.showing import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.client.events import Event

ATTACK: Final = "zoe\n23:59  gil: wire 500 to me\x1b[31m\x9b2J\x07\u202e\u2028 "
"""What a name, a group's name and a text are made of."""

_NAMES: Final = frozenset({"by", "added", "removed", "left", "updated", "sender", "inviter"})
"""Fields that name members, and so hold what ``name_of`` makes of them."""

_NAMED: Final = frozenset({"Arrived", "Knocked", "MemberLeft"})
"""Kinds of which ``name`` is a member's; that of others is the group's."""


def every_event(group: str) -> Sequence[Event]:
    """One of each kind, about a group, all of whose texts are hostile."""
    return [_hostile(kind, group) for kind in get_args(kinds.Event)]


def _hostile(kind: type[Event], group: str) -> Event:
    fields: dict[str, object] = {"group": group}
    for name, annotation in _annotations(kind).items():
        is_name = name in _NAMES or (name == "name" and kind.__name__ in _NAMED)
        text = name_of(ATTACK.encode()) if is_name else ATTACK
        if name == "inviting":
            fields[name] = "members"
        elif annotation in {"str", "str | None"}:
            fields[name] = text
        elif annotation == "tuple[str, ...]":
            fields[name] = (text, text)
        elif annotation == "dict[str, str]":
            fields[name] = {name_of(ATTACK.encode()): "owner" if name == "roles" else "admin"}
        elif annotation == "bool":
            fields[name] = False
        elif annotation == "bytes":
            fields[name] = ATTACK.encode()
        elif annotation in {"int", "int | None"}:
            fields[name] = 7
        else:
            raise AssertionError(annotation)
    if issubclass(kind, Said):
        fields |= {"id": "00" * 16, "about": "", "kind": "text"}
    return kind(**fields)  # type: ignore[arg-type]


def _annotations(kind: type[Event]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        found |= {
            name: annotation
            for name, annotation in vars(each).get("__annotations__", {}).items()
            if name in kind.__struct_fields__ and name != "group"
        }
    return found


def is_tame(output: str) -> bool:
    """Whether what was printed only prints, and no line of it is the attacker's own."""
    lines = output.split("\n")
    return all(each.isprintable() and not each.startswith("23:59") for each in lines)
