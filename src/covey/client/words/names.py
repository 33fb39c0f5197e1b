"""What a name of a person is. May import the errors, and what checks types.

A name is what the credential of a leaf says (RFC 9420 §5.3), and anybody can write anything into
one of its own. So all members refuse what is no name; and since all of them have to agree on that,
whether something is one depends on no version of Unicode, as what can be printed does: characters
are judged by version 3.2, which every Python has, and later ones are taken, but for those that are
listed here. Who begins an identity is held to what its own Python says besides.
"""

from __future__ import annotations

from itertools import chain
from typing import Final
from unicodedata import normalize, ucd_3_2_0

from covey.client.words import typed
from covey.errors import StateError

LONGEST: Final = 256
"""The longest name, in bytes of UTF-8."""

_OURSELVES: Final = "you"
"""How each of us is called in front of what is their own."""

_CONTROLS: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"})
"""Categories of characters that show nothing, or act on what stands around them."""

_UNSEEN: Final = frozenset(
    map(
        chr,
        chain(
            # format characters of versions after 3.2
            (*range(0x0600, 0x0606), 0x061C, 0x0890, 0x0891, 0x08E2, *range(0x2064, 0x206A)),
            (0x110BD, 0x110CD, *range(0x13430, 0x13440), *range(0x1BCA0, 0x1BCA4)),
            # letters, marks and signs that show nothing
            (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164),
            (*range(0xFE00, 0xFE10), 0xFFA0, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000)),
        ),
    )
)
"""Further ones: with them, two names would look the same."""


def named(name: str) -> str:
    """A name as it is kept: in Unicode's normal form C, without white space around it.

    Raises:
        StateError: It is empty, too long, holds what cannot be seen, or means whoever reads it.
        TypeError: It is no text.
    """
    written = normalize("NFC", typed.text("a name", name).decode()).strip()
    if names_us(written):
        msg = f"{written} is how each of you reads what is their own: choose another name"
        raise StateError(msg)
    if not written.isprintable() or not _is_name(written):
        msg = f"a name is printable text of 1 to {LONGEST} bytes: choose another"
        raise StateError(msg)
    return written


def names_us(name: str) -> bool:
    """Whether a name is the one by which lines of ours begin."""
    return name.strip().casefold() == _OURSELVES


def is_name(identity: bytes) -> bool:
    """Whether an identity is a name, as every member judges it: in UTF-8, and as it is kept."""
    try:
        text = identity.decode()
    except UnicodeDecodeError:
        return False
    return _is_name(text)


def is_shown(identity: bytes) -> bool:
    """Whether it is one that we, too, can show as it stands."""
    try:
        text = identity.decode()
    except UnicodeDecodeError:
        return False
    return text.isprintable() and _is_name(text) and normalize("NFC", text) == text


def _is_name(text: str) -> bool:
    return (
        0 < len(text.encode(errors="surrogatepass")) <= LONGEST
        and text == text.strip(" ")
        and text.lower() != _OURSELVES
        and (text.isascii() or ucd_3_2_0.normalize("NFC", text) == text)
        and all(map(_is_seen, text))
    )


def _is_seen(each: str) -> bool:
    return " " <= each < "\x7f" or (
        each > "\x7f" and each not in _UNSEEN and ucd_3_2_0.category(each) not in _CONTROLS
    )
