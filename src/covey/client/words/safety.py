"""Safety numbers, for people to compare aloud or by camera; and whom they have verified.

May import the types and the store's port. Both numbers are of 60 digits, in twelve groups of five.
They come from 5,200 rounds of SHA-512, so that looking for keys with the same number costs that
much more:

    hash_0 = SHA-512(input)        hash_i = SHA-512(hash_(i-1) || input)

    input of a group's number    opaque "covey group number 1"<V>, opaque epoch_authenticator<V>,
                                 opaque head_hash<V>
    input of two members'        opaque "covey member number 1"<V>, then for each of the two, the
                                 lesser encoding first: opaque identity<V>, opaque signature_keys<V>
                                 (of them opaque key<V> each, sorted)

Each group of digits is five bytes of the last hash, big-endian, modulo 100,000.

A group's number holds for one epoch and one place in its log: members who see the same agree on all
members, all keys and the whole log. Two members' number stays until one of them has another key.
"""

from __future__ import annotations

from hashlib import sha512
from typing import TYPE_CHECKING, Final

import msgspec
import segno

from covey.client.words import typed
from covey.errors import StateError
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.store.port import Rows

ROUNDS: Final = 5_200
"""How often it is hashed; about five milliseconds."""

_GROUPS: Final = 12
_BYTES: Final = 5
_DIGITS: Final = 60
_HALVES: Final = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
_QUIET: Final = 4
"""How many modules of light a reader wants around a QR code."""


class GroupNumber(msgspec.Struct, frozen=True):
    """The safety number of a group, and of when. Equal ones are of the same group state.

    It is of one epoch and of one place in the log: whoever is at another place has another number.
    Two who are at the same place and have different numbers do not see the same group.

    Attributes:
        number: Sixty digits.
        epoch: The number of the epoch.
        entry: The number of the last entry of the log that was taken in; -1 when there is none.
    """

    number: str
    epoch: int
    entry: int

    def __str__(self) -> str:
        return self.number


def group_number(epoch_authenticator: bytes, head_hash: bytes) -> str:
    """The safety number of a group as it is now.

    Args:
        epoch_authenticator: Of the epoch (RFC 9420 §8.7).
        head_hash: The hash of the group's log up to the last entry that was taken in.
    """
    return _digits(b"covey group number 1", opaque(epoch_authenticator), opaque(head_hash))


def member_number(
    identity_a: bytes, keys_a: Iterable[bytes], identity_b: bytes, keys_b: Iterable[bytes]
) -> str:
    """The safety number of two members; both of them get the same.

    Args:
        identity_a: One of them.
        keys_a: The signature keys of all of its devices in the group.
        identity_b: The other one.
        keys_b: Likewise.
    """
    return _digits(
        b"covey member number 1",
        *sorted((_person(identity_a, keys_a), _person(identity_b, keys_b))),
    )


def digits(number: str) -> str:
    """A number without what parts its groups, as a QR code has it."""
    return "".join(number.split())


def require_number(number: str) -> None:
    """Refuse what was mistyped, or is something else than a safety number.

    Raises:
        StateError: It has not 60 digits.
        TypeError: It is no text.
    """
    typed.text("a safety number", number)
    found = digits(number)
    if len(found) != _DIGITS or not (found.isascii() and found.isdigit()):
        msg = f"a safety number has {_DIGITS} digits, and this is none: type all of it, or scan it"
        raise StateError(msg)


def as_qr(text: str) -> str:
    """A QR code for a terminal of light characters on dark, two rows of it on one line.

    Raises:
        ValueError: The text is too long for one QR code.
    """
    try:
        code = segno.make_qr(text, error="l")
    except segno.DataOverflowError:
        msg = f"{len(text)} characters do not fit into one QR code: hand over a file instead"
        raise ValueError(msg) from None
    light = [[not module for module in row] for row in code.matrix_iter(border=_QUIET)]
    light += [[False] * len(light[0])] * (len(light) % 2)
    return "\n".join(
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(light[::2], light[1::2], strict=True)
    )


# --- whom we have verified -----------------------------------------------------------------


def mark(rows: Rows, identity: bytes, signature_key: bytes, now: int) -> None:
    """We have compared numbers with somebody, for a key of theirs.

    Args:
        rows: The transaction.
        identity: Who.
        signature_key: With which key; each device has its own.
        now: In seconds since the epoch.
    """
    rows.do(
        "INSERT INTO verified (identity, signature_key, verified_at) VALUES (?, ?, ?)"
        " ON CONFLICT (identity, signature_key) DO UPDATE SET verified_at = excluded.verified_at",
        identity,
        signature_key,
        now,
    )


def is_verified(rows: Rows, identity: bytes, *signature_keys: bytes) -> bool:
    """Whether somebody is verified with all of these keys; without any it is not."""
    return bool(signature_keys) and all(
        rows.one("SELECT 1 FROM verified WHERE identity = ? AND signature_key = ?", identity, each)
        for each in signature_keys
    )


def verified(rows: Rows) -> set[bytes]:
    """The identities of those who are verified with some key."""
    found = {each for (each,) in rows.all("SELECT DISTINCT identity FROM verified")}
    return {each for each in found if isinstance(each, bytes)}


def forget(rows: Rows, identity: bytes) -> bool:
    """Take somebody as not verified, with whatever key; whether it was."""
    return rows.do("DELETE FROM verified WHERE identity = ?", identity) > 0


def _person(identity: bytes, keys: Iterable[bytes]) -> bytes:
    return opaque(identity) + opaque(b"".join(map(opaque, sorted(set(keys)))))


def _digits(label: bytes, *parts: bytes) -> str:
    data = b"".join((opaque(label), *parts))
    digest = sha512(data).digest()
    for _ in range(ROUNDS - 1):
        digest = sha512(digest + data).digest()
    numbers = [
        int.from_bytes(digest[_BYTES * each : _BYTES * (each + 1)]) % 100_000
        for each in range(_GROUPS)
    ]
    return " ".join(f"{each:05d}" for each in numbers)
