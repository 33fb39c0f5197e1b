"""What all events have: a group, and a sentence. May import the showing of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class Happened(msgspec.Struct, frozen=True, tag_field="event", tag=True):
    """The base of all events; ``str()`` of one is its sentence for people.

    Names of members are as ``covey.client.showing.name_of`` gives them.

    Attributes:
        group: The gid of the group, in hex; empty when it is about none.
    """

    group: str

    def __str__(self) -> str:
        return type(self).__name__


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
