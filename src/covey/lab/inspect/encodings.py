"""How bytes come from files and clipboards: raw, in hexadecimal digits, in base64, in PEM.

May import nothing of covey. Nothing is raised: what is no text encoding is raw.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Final, NamedTuple

_PEM: Final = re.compile(rb"-----BEGIN ([^\r\n]*?)-----(.*?)-----END \1-----", re.DOTALL)
_HEX: Final = re.compile(rb"(?:0[xX])?[0-9a-fA-F]+")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_BASE64URL: Final = re.compile(rb"[A-Za-z0-9_-]+={0,2}")
_MARK: Final = b"\xef\xbb\xbf"  # that some editors begin a text with


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
    text = b"".join(given.removeprefix(_MARK).split()).strip(b"\"'")
    ways = (_pem(given), _hexadecimal(text), _base64(text), _base64url(text))
    found = [way for way in ways if way is not None]
    reason = f"{len(given):,} bytes, taken as they are"
    return [*found, Candidate("raw", given, reason)]


def is_json(given: bytes) -> bool:
    """Whether an input begins as a JSON array or object of more than hex would."""
    start = given.removeprefix(_MARK).lstrip()[:1]
    return start in {b"{", b"["} and b'"' in given[:4096]


def _pem(given: bytes) -> Candidate | None:
    found = _PEM.search(given)
    if found is None:
        return None
    body = _decoded(b"".join(found[2].split()))
    if body is None:
        return None
    label = found[1].decode(errors="replace")
    return Candidate("PEM", body, f"a PEM block, labelled {label!r}, is in it")


def _hexadecimal(text: bytes) -> Candidate | None:
    plain = text.replace(b":", b"")
    if _HEX.fullmatch(plain) is None or len(plain) % 2:
        return None
    digits = plain[2:] if plain[:2] in {b"0x", b"0X"} else plain
    reason = f"{len(digits)} characters, all of them hexadecimal digits"
    return Candidate("hex", binascii.unhexlify(digits), reason)


def _base64(text: bytes) -> Candidate | None:
    data = _decoded(text) if _BASE64.fullmatch(text) else None
    reason = f"{len(text)} characters, all of the alphabet of base64"
    return None if data is None else Candidate("base64", data, reason)


def _base64url(text: bytes) -> Candidate | None:
    if _BASE64URL.fullmatch(text) is None or not (b"-" in text or b"_" in text):
        return None
    data = _decoded(text.translate(bytes.maketrans(b"-_", b"+/")))
    reason = f"{len(text)} characters, all of the alphabet of base64url"
    return None if data is None else Candidate("base64url", data, reason)


def _decoded(text: bytes) -> bytes | None:
    """Base64, padded or not; None when it is none."""
    bare = text.rstrip(b"=")
    try:
        return b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return None
