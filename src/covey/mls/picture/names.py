"""How identities, keys and sets of nodes are written in pictures (RFC 9420 §5.3, Appendix C).

May import crypto and structs. Whatever came from a peer is made harmless here: characters that
do not print are written as escapes, so that no name can move a terminal's cursor or turn the
direction of writing. Escaping for XML and HTML is for who writes those.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError
from covey.mls.crypto import x509
from covey.mls.structs.credentials import BasicCredential, X509Credential

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.structs.credentials import Credential

KEY_BYTES: Final = 4
"""Bytes of a key or a hash that are shown: enough to see whether two are the same."""

_NAME: Final = 120  # columns of a name
_RANGES: Final = 6
_WIDE: Final = frozenset("WF")


def name_of(credential: Credential) -> str:
    """Whom a credential names, for people: text where it is text, else hex; shortened (§5.3)."""
    return clipped(_name_of(credential), _NAME)


def _name_of(credential: Credential) -> str:
    if isinstance(credential, BasicCredential):
        return text_of(credential.identity)
    if isinstance(credential, X509Credential):
        if not credential.certificates:
            return "no certificate"
        try:
            return printable(x509.subject_text(credential.certificates[0].cert_data))
        except DecodeError:
            return "undecodable certificate"
    return f"credential type 0x{credential.credential_type:04x}: {text_of(credential.data)}"


def text_of(data: bytes) -> str:
    """Bytes of a peer for people: as text when they are UTF-8, else as hex."""
    if not data:
        return "(empty)"
    try:
        return printable(data.decode())
    except UnicodeDecodeError:
        return f"0x{data.hex()}"


def printable(text: str) -> str:
    """Text in which nothing acts: what does not print is written as an escape."""
    return "".join(each if each.isprintable() else _escaped(ord(each)) for each in text)


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def short(data: bytes) -> str:
    """The first bytes of a key or a hash, in hex."""
    return data.hex() if len(data) <= KEY_BYTES else f"{data[:KEY_BYTES].hex()}…"


def ranges(numbers: Sequence[int], *, whole: bool = False) -> str:
    """Ascending numbers as ranges, ``"0–2, 5"``; many of them end in how many there are.

    Args:
        numbers: The numbers.
        whole: Whether all of them are to be written, however many.
    """
    if not numbers:
        return "none"
    starts = [numbers[0], *(after for before, after in pairwise(numbers) if after != before + 1)]
    ends = [before for before, after in pairwise(numbers) if after != before + 1]
    spans = list(zip(starts, [*ends, numbers[-1]], strict=True))
    many = len(spans) > _RANGES and not whole
    written = ", ".join(_span(*span) for span in (spans[:_RANGES] if many else spans))
    return written if not many else f"{written}, … ({len(numbers):,} in all)"


def _span(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first}, {last}" if last == first + 1 else f"{first}–{last}"


def columns(text: str) -> int:
    """How many columns of a terminal printable text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(each) for each in text)


def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def clipped(text: str, width: int) -> str:
    """Text that takes at most ``width`` columns; what is cut off leaves an ellipsis."""
    if columns(text) <= width:
        return text
    kept, taken = [], 1
    for each in text:
        taken += _columns_of(each)
        if taken > width:
            break
        kept.append(each)
    return "".join(kept).rstrip(" …") + "…"


def clipped_list(text: str, width: int) -> str:
    """A list that takes at most ``width`` columns, cut off after a whole item of it."""
    if columns(text) <= width:
        return text
    kept = text[: max(0, text.rfind(", ", 0, max(0, width - 1)))]
    return f"{kept}, …" if kept and columns(kept) + 3 <= width else clipped(text, width)


def padded(text: str, width: int) -> str:
    """Text with spaces after it, up to ``width`` columns."""
    return text + " " * (width - columns(text))
