"""Invite codes: made by an operator, typed by a person, kept as a digest.

May import the wire layer and :mod:`covey.errors`. Pure, but for the chance that makes a code.
A code is 20 characters of Crockford's base32, so 100 random bits: nobody guesses one, and a
digest of it needs no salt.
"""

from __future__ import annotations

import hashlib
import secrets
from enum import StrEnum
from typing import Final

from covey.errors import CoveyError
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O (they look like digits), and no U."""

_LENGTH: Final = 20  # characters, of 5 bits each
_GROUP: Final = 5  # characters between hyphens
_TYPED: Final = str.maketrans("OIL", "011", "- \t\r\n")  # what a person may write instead
_LONGEST: Final = 100  # characters that are looked at


class Purpose(StrEnum):
    """What a code is good for, once."""

    enrol = "enrol"
    """To begin an account."""
    create = "create"
    """To create a group."""


class InviteCodeError(CoveyError, ValueError):
    """What was typed is no invite code. It says what is wrong, and not what was typed."""


class InviteCode(WireStruct):
    """What the digest of a code is over.

    struct {
        opaque purpose<V>;
        opaque code<V>;
    } InviteCode;
    """

    purpose: opaque
    code: opaque


def make() -> str:
    """A new code, in groups: ``XXXXX-XXXXX-XXXXX-XXXXX``."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
    return "-".join(drawn[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def normalise(typed: str) -> str:
    """The 20 characters of a code, however a person wrote them.

    Small letters, spaces and hyphens anywhere, O for 0 and I or L for 1 are all right.

    Raises:
        InviteCodeError: It is too long or too short, or has a character that no code has.
    """
    if len(typed) > _LONGEST:
        msg = f"an invite code has {_LENGTH} characters; this has more than {_LONGEST}"
        raise InviteCodeError(msg)
    code = typed.upper().translate(_TYPED)
    if not typed.isascii() or not set(code) <= set(ALPHABET):
        msg = "an invite code has digits and letters only, and no U; look at it again"
        raise InviteCodeError(msg)
    if len(code) != _LENGTH:
        msg = f"an invite code has {_LENGTH} characters; this has {len(code)}"
        raise InviteCodeError(msg)
    return code


def digest(purpose: Purpose, typed: str) -> bytes:
    """What is kept of a code: SHA-256 of the struct InviteCode (32 bytes).

    A code for one purpose has another digest for the other, so it opens nothing there.

    Raises:
        InviteCodeError: It is no code.
    """
    code = InviteCode(purpose.encode(), normalise(typed).encode())
    return hashlib.sha256(code.encode()).digest()
