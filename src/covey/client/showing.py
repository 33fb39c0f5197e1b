"""What strangers have chosen, as a terminal may print it: names and texts.

May import nothing of covey. A name could otherwise move the cursor, or turn around the direction
of what stands behind it.
"""

from __future__ import annotations

from typing import Final

_DIRECTIONS: Final = frozenset(
    map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
)
"""Characters that say in which direction to write."""

_BREAKS: Final = frozenset("\u2028\u2029")
"""Characters that end a line, as some programs see it."""

_OURSELVES: Final = "you"
"""How we are called in front of what we say."""

_MARGIN: Final = "\n      │ "
"""Begins each line of a text but its first, so that none looks like somebody else's."""


def name_of(identity: bytes) -> str:
    """An identity as a name on one line; two identities never have the same."""
    text = identity.decode(errors="surrogateescape").replace("\\", "\\\\")
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def shown(text: str) -> str:
    """A text of one or more lines, without what controls a terminal."""
    return "".join(_escaped(each) if _controls(each) else each for each in text)


def said(text: str) -> str:
    """A text as it stands after the name of who said it: further lines are marked."""
    return shown(text).replace("\n", _MARGIN)


def speaker(name: str) -> str:
    """The name of somebody else, in front of what they say: never the one that stands for us."""
    return f'"{name}"' if names_us(name) else name


def names_us(name: str) -> bool:
    """Whether a name is the one by which lines of ours begin."""
    return name.strip().casefold() == _OURSELVES


def line(text: str) -> str:
    """A text on one line, without what controls a terminal."""
    return shown(" ".join(text.split()))


def _controls(each: str) -> bool:
    if each in {"\n", "\t"}:
        return False
    return each < " " or "\x7f" <= each < "\xa0" or each in _DIRECTIONS | _BREAKS or _is_half(each)


def _is_half(each: str) -> bool:
    """Whether it is half of a character, which nothing can print."""
    return "\ud800" <= each < "\ue000"


def _escaped(each: str) -> str:
    return each.encode("unicode_escape").decode()
