"""What strangers have chosen, as a terminal may print it: names and texts.

May import what a name is. A name could otherwise move the cursor, turn around the direction of what
stands behind it, or look like somebody else's.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from covey.client.words.names import LONGEST, is_shown, names_us

_DIRECTIONS: Final = frozenset(
    map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
)
"""Characters that say in which direction to write."""

_BREAKS: Final = frozenset("\u2028\u2029")
"""Characters that end a line, as some programs see it."""

_BEGINS: Final = 32
"""How many bytes are shown of what is longer than a name."""

_TELLS: Final = 16
"""Digits of a hash that tell one of those from others."""

_SPACE: Final = "\\x20"
"""A space at the end of a name, where nobody would see it."""

_MARGIN: Final = "\n      │ "
"""Begins each line of a text but its first, so that none looks like somebody else's."""


def name_of(identity: bytes) -> str:
    """An identity as a name on one line; two identities never have the same.

    This is the only way from an identity to what people read. A name is shown as it is, with
    backslashes twice; of what is no name, nothing is but what ASCII can print.
    """
    if is_shown(identity):
        return identity.decode().replace("\\", "\\\\")
    if len(identity) > LONGEST:
        return f"{_spelled(identity[:_BEGINS])}\\…{sha256(identity).hexdigest()[:_TELLS]}"
    return _spelled(identity) or "\\empty"


def _spelled(identity: bytes) -> str:
    """An identity that is no name."""
    text = identity.decode(errors="surrogateescape").replace("\\", "\\\\")
    said = "".join(each if " " <= each < "\x7f" else _escaped(each) for each in text)
    bare = said.strip(" ")
    before, _, after = said.partition(bare) if bare else (said, "", "")
    mark = "\\" if names_us(said) else ""  # it does not mean us
    return f"{mark}{before.replace(' ', _SPACE)}{bare}{after.replace(' ', _SPACE)}"


def shown(text: str) -> str:
    """A text of one or more lines, without what controls a terminal."""
    return "".join(_escaped(each) if _controls(each) else each for each in text)


def said(text: str) -> str:
    """A text as it stands after the name of who said it: further lines are marked."""
    return shown(text).replace("\n", _MARGIN)


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
