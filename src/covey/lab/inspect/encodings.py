"""How bytes come from files and clipboards: raw, in hexadecimal digits, in base64, in PEM.

May import nothing of covey. Nothing is raised: what is no text encoding is raw, and of a text
that is none of them :func:`complaint` says why. Time is linear.
"""

from __future__ import annotations

import binascii
import codecs
import json
import re
from base64 import b64decode
from typing import Final, NamedTuple

_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_APART: Final = re.compile(r"[\s,:;-]+")  # what stands between digits
_APART_CLOSELY: Final = re.compile(r"[,:;-]")  # not a line's end, which may stand anywhere
_PREFIX: Final = re.compile(r"(?<![0-9A-Za-z])0[xX]|\\x")
_NO_DIGIT: Final = re.compile(r"[^0-9a-fA-F\s,:;-]")
_NO_BASE64: Final = re.compile(r"[^A-Za-z0-9+/=_\s-]|=(?=\s*[^=\s])|[ \t]+(?=\S)")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_AROUND: Final = " \t\r\n\f\v\"'"
_BRACKETS: Final = "[](){},;"
_DUMP: Final = re.compile(r"\s*[0-9a-fA-F]{6,8}:?\s+(?:[0-9a-fA-F]{2}|[0-9a-fA-F]{4})\s")
_RUN: Final = re.compile(r"[0-9a-fA-F]{32,}")  # digits that are worth to be pointed at
_OCTET: Final = 2  # digits
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Candidate(NamedTuple):
    """One way to take an input.

    Attributes:
        encoding: Its name.
        data: The bytes that it stands for.
        reason: What speaks for it, as a sentence.
    """

    encoding: str
    data: bytes
    reason: str


def candidates(given: bytes) -> list[Candidate]:
    """All ways to take an input, the likeliest first; the last one is raw."""
    found: list[Candidate | None] = []
    text = text_of(given)
    if text is not None:
        bare = text.strip(_AROUND)
        joined = "".join(bare.split())
        found = [_pem(text), _hexadecimal(bare), _base64(joined), _base64url(joined)]
        if found[1] is not None and _APART_CLOSELY.search(bare) is not None:
            del found[3]  # dashes between digits are of no base64url
    reason = f"{_counted(len(given), 'byte')}, taken as they are"
    return [*(way for way in found if way is not None), Candidate("raw", given, reason)]


def text_of(given: bytes) -> str | None:
    """An input as text, without the mark that some editors begin it with; None when it is none.

    Text is UTF-8, or UTF-16 with a mark, in which every character prints or is white space.
    """
    try:
        text = given.decode("utf-16" if given[:2] in _UTF_16 else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    solid = "".join(text.split())
    return text if solid.isprintable() else None


def complaint(given: bytes) -> str:
    """Why a text holds no bytes, as a sentence; empty where it does, and for what is no text."""
    text = text_of(given)
    if text is None:
        return ""
    if not text.strip():
        return "the input is empty" if not given else "the input is white space only"
    bare = text.strip(_AROUND)
    if _pem(text) is not None or _hexadecimal(bare) is not None:
        return ""
    start = len(text) - len(text.lstrip(_AROUND))
    no_hex, no_base64 = _no_hexadecimal(bare, start), _no_base64(bare, start)
    if not no_base64 and _NO_DIGIT.search(bare) is not None:
        return ""
    no_base64 = no_base64 or "every character is a hexadecimal digit"
    said = f"this is text, neither hexadecimal ({no_hex}) nor base64 ({no_base64})"
    return said + _hint(text)


def is_json(given: bytes) -> bool:
    """Whether an input is a text that begins as a JSON array or object."""
    if given.removeprefix(codecs.BOM_UTF8).lstrip()[:1] not in {b"{", b"["}:
        return False
    text = text_of(given)
    if text is None:
        return False
    if '"' in text[:4096]:
        return True
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def octets_of(given: bytes) -> Candidate | None:
    """The bytes that a JSON array of numbers stands for, as programs print buffers."""
    try:
        numbers = json.loads(given)
    except (ValueError, RecursionError):
        return None
    if not isinstance(numbers, list) or not numbers:
        return None
    if not all(type(each) is int and 0 <= each <= 0xFF for each in numbers):
        return None
    reason = f"an array of {_counted(len(numbers), 'number')} below 256"
    return Candidate("JSON", bytes(numbers), reason)


def _pem(text: str) -> Candidate | None:
    """The first block of PEM; its end has to be labelled as its beginning."""
    begin, end, close = "-----BEGIN ", "-----END ", "-----"
    start = text.find(begin)
    after = text.find(close, start + len(begin))
    if start < 0 or after < 0:
        return None
    label = text[start + len(begin) : after]
    stop = text.find(f"{end}{label}{close}", after)
    if stop < 0 or "\n" in label or "\r" in label:
        return None
    body = _decoded("".join(text[after + len(close) : stop].split()))
    if not body:
        return None
    return Candidate("PEM", body, f"a PEM block, labelled {label!r}, is in it")


def _hexadecimal(text: str) -> Candidate | None:
    """Digits in pairs, as they are, or with what programs write between and before them."""
    plain = text.strip(_BRACKETS + _AROUND)
    digits = _prefixed(plain) if _PREFIX.search(plain) else _separate(plain)
    if not digits or len(digits) % 2 or _HEX.fullmatch(digits) is None:
        return None
    reason = f"{len(digits)} characters, all of them hexadecimal digits"
    return Candidate("hex", binascii.unhexlify(digits), reason)


def _prefixed(text: str) -> str | None:
    r"""Digits with ``0x`` or ``\x`` before all of them, or before each number."""
    before, *numbers = _PREFIX.split(text)
    bare = [_APART.sub("", each) for each in numbers]
    if before or not all(map(_HEX.fullmatch, bare)):
        return None
    if len(bare) == 1:
        return bare[0]
    padded = [each.zfill(_OCTET) for each in bare]
    return None if any(len(each) % 2 for each in padded) else "".join(padded)


def _separate(text: str) -> str | None:
    """Digits in groups; none is of an odd number, but for those that lines were broken into."""
    groups = ["".join(each.split()) for each in _APART_CLOSELY.split(text)]
    if len(groups) > 1 and any(len(each) % 2 for each in groups):
        return None
    return "".join(groups)


def _no_hexadecimal(text: str, start: int) -> str:
    """Why a text is not hexadecimal; ``start`` characters stood before it."""
    plain = text.strip(_BRACKETS + _AROUND)
    start += len(text) - len(text.lstrip(_BRACKETS + _AROUND))
    bare = _PREFIX.sub(lambda found: " " * len(found[0]), plain)
    wrong = _NO_DIGIT.search(bare)
    if wrong is not None:
        return f"character {wrong[0]!r} at position {start + wrong.start():,}"
    digits = len(_APART.sub("", bare))
    if not digits:
        return "no digit is in it"
    if digits % 2:
        return f"an odd number of digits, {digits:,}"
    return "digits stand in groups of odd numbers, such as '1, 2'"


def _no_base64(text: str, start: int) -> str:
    """Why a text is not base64; empty where it is."""
    wrong = _NO_BASE64.search(text)
    if wrong is not None:
        return f"character {wrong[0][:1]!r} at position {start + wrong.start():,}"
    joined = "".join(text.split())
    if _base64(joined) is None and _base64url(joined) is None:
        return f"no encoding of bytes has {_counted(len(joined.rstrip('=')), 'character')}"
    return ""


def _hint(text: str) -> str:
    """What may help to get bytes out of a text."""
    if _DUMP.match(text):
        return "; it looks like a dump with offsets, of which `xxd -r` makes bytes"
    run = _RUN.search(text)
    if run is not None and len(run[0]) % 2 == 0:
        return (
            f"; from position {run.start():,} on stand {len(run[0]):,} digits: hand in only those"
        )
    return "; hand in only the digits" if len(_PREFIX.findall(text[:200])) > 1 else ""


def _base64(text: str) -> Candidate | None:
    data = _decoded(text) if _BASE64.fullmatch(text) else None
    reason = f"{len(text)} characters, all of the alphabet of base64"
    return None if data is None else Candidate("base64", data, reason)


def _base64url(text: str) -> Candidate | None:
    if _BASE64URL.fullmatch(text) is None or not ("-" in text or "_" in text):
        return None
    data = _decoded(text.translate(str.maketrans("-_", "+/")))
    reason = f"{len(text)} characters, all of the alphabet of base64url"
    return None if data is None else Candidate("base64url", data, reason)


def _decoded(text: str) -> bytes | None:
    """Base64, padded or not; None when it is none."""
    bare = text.rstrip("=")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        return None


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
