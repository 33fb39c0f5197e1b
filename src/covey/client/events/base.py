"""What all events have: a group, and a sentence. May import the showing of names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class Happened(msgspec.Struct, frozen=True, tag_field="event", tag=True):
    """The base of all events; ``str()`` of one is its sentence for people.

    ``repr()`` is for logs, and shows nothing that people have said to each other, nor what
    they call their groups.

    Names of members are as ``covey.client.words.showing.name_of`` gives them.

    Attributes:
        group: The gid of the group, in hex; empty when it is about none.
    """

    group: str

    _unshown: ClassVar[frozenset[str]] = frozenset()

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show Rich, which does not ask ``repr``, no more than that shows."""
        names = (name for name in self.__struct_fields__ if name not in self._unshown)
        return [(name, getattr(self, name)) for name in names]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown}{', …' if self._unshown else ''})"

    def __str__(self) -> str:
        return type(self).__name__


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
