"""Invite links and recovery codes: the capability's seed and where to knock, as text.

May import the structs. A link's fragment, which browsers send to nobody, is the base64url of a
Link; what stands in front of the ``#`` is the application's.
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from covey.access.structs.sealed import Link
from covey.errors import DecodeError, UnsupportedError

VERSION: Final = 1

_AROUND: Final = re.compile(r"[\s\u200b\u2060\ufeff]+")
"""What mail programs and messengers put into long words."""

_LENGTH: Final = 1 + 32 + 32 + 2 + 32
"""Bytes of a link; what is shorter is of no version."""

_TEXT: Final = re.compile(r"[A-Za-z0-9_-]+")


def encode(link: Link) -> str:
    """The fragment, without ``#`` and without padding."""
    return urlsafe_b64encode(link.encode()).rstrip(b"=").decode()


def decode(fragment: str) -> Link:
    """The Link of a fragment, or of a whole URL with one.

    White space within it, and padding at its end, do no harm.

    Raises:
        DecodeError: It is none; some of it may be missing.
        UnsupportedError: It is of a later version.
    """
    text = _AROUND.sub("", fragment).rpartition("#")[2].rstrip("=")
    if not _TEXT.fullmatch(text):
        msg = "the link holds characters that belong into none: copy it again"
        raise DecodeError(msg)
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        data = b""
    if len(data) < _LENGTH:
        msg = "this is no covey link, or not complete, as when its end was cut off: copy all of it"
        raise DecodeError(msg)
    if data[0] != VERSION:
        msg = f"the link is of version {data[0]}, and only {VERSION} is known: take a newer client"
        raise UnsupportedError(msg)
    try:
        link = Link.decode(data)
    except DecodeError:
        msg = "the link is not complete: copy it again"
        raise DecodeError(msg) from None
    if encode(link) != text:
        msg = "the last character of the link is wrong: copy it again"
        raise DecodeError(msg)
    return link
