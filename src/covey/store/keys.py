"""Keys: what opens a file, and how it is known to be the right one.

May import the errors, Argon2id and the engine's crypto. A file begins with 16 bytes, its *head*.
SQLCipher takes them for its salt, so that they cost no room, and a file that is copied alone can
be opened::

    kind (1 byte) ‖ random (11 bytes) ‖ check (4 bytes)

    master = Argon2id(passphrase, kind ‖ random), or the 32 bytes of a key
    check  = HMAC-SHA256(master, label ‖ " check" ‖ kind ‖ random), the first 4 bytes
    key    = HMAC-SHA256(master, label ‖ " key" ‖ kind ‖ random)

with the label ``covey store 1`` for stores and ``covey backup 1`` for backups. By the check a wrong
key is told from a damaged file, which SQLCipher alone cannot do; one wrong key in 2^32 passes it,
and is then taken for damage. It helps nobody who guesses: the first page can be tried as well.
"""

from __future__ import annotations

import hmac
import unicodedata
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

from covey.errors import StorageError
from covey.mls.crypto.argon2 import argon2id
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.mac import hmac_digest
from covey.store.errors import NotAStore, WrongKey

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy

HEAD: Final = 16
"""Bytes of a head."""

_RANDOM: Final = 11
_NAMED: Final = 1 + _RANDOM
_KEY: Final = 32


class Kind(IntEnum):
    """How a file is opened: the first byte of it."""

    key = 1
    """By 32 bytes, which somebody keeps, such as a keyring."""
    passphrase = 2
    """By a passphrase, through Argon2id with 64 MiB, 3 passes, 4 lanes."""


class StoreKey(Protocol):
    """What opens a file: a ``Passphrase``, an ``OsKeyring``, or a ``RawKey``."""

    @property
    def kind(self) -> Kind:
        """How it opens a file."""

    def master(self, named: bytes, *, begin: bool) -> bytes:
        """The master key of a file (32 bytes).

        Args:
            named: The kind and the random bytes of its head (12 bytes).
            begin: Whether the file is only begun, so that a key may be made.

        Raises:
            StorageError: There is none.
        """


class _Secret:
    """What shows nothing of itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show nothing to Rich, which does not ask ``repr`` and prints local variables."""
        return []


class Passphrase(_Secret):
    """A passphrase. The same words open a file however a keyboard composes their letters (NFC).

    Args:
        text: Not empty.

    Raises:
        StorageError: It is empty, or no text that can be encoded.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not text:
            msg = "a passphrase must not be empty: choose some words"
            raise StorageError(msg)
        try:
            self._text = unicodedata.normalize("NFC", text).encode()
        except UnicodeEncodeError:
            msg = "this passphrase holds something that is no character: type it anew"
            raise StorageError(msg) from None

    @property
    def kind(self) -> Kind:
        """By a passphrase."""
        return Kind.passphrase

    def master(self, named: bytes, *, begin: bool) -> bytes:
        """The master key of a file (see ``StoreKey``)."""
        del begin
        return argon2id(self._text, named)


class RawKey(_Secret):
    """A key that the application keeps.

    Args:
        key: 32 random bytes.

    Raises:
        StorageError: It has another length.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY:
            msg = f"a key of a store has {_KEY} random bytes, not {len(key)}"
            raise StorageError(msg)
        self._key = bytes(key)

    @property
    def kind(self) -> Kind:
        """By a key."""
        return Kind.key

    def master(self, named: bytes, *, begin: bool) -> bytes:
        """The master key of a file (see ``StoreKey``)."""
        del named, begin
        return self._key


def begun(key: StoreKey, label: str, entropy: Entropy = system_entropy) -> tuple[bytes, bytes]:
    """A new head, and the key of the file that begins with it.

    Raises:
        StorageError: There is no such key, and none can be made.
    """
    named = bytes([key.kind]) + entropy(_RANDOM)
    master = key.master(named, begin=True)
    return named + _check(master, label, named), _key(master, label, named)


def opened(key: StoreKey, label: str, head: bytes, place: str) -> bytes:
    """The key of a file (32 bytes).

    Args:
        key: What shall open it.
        label: What kind of file it is.
        head: Its first 16 bytes.
        place: The file, as it may be shown.

    Raises:
        NotAStore: No file of covey begins so.
        WrongKey: It is not opened by this key.
        StorageError: There is no such key.
    """
    named, check = head[:_NAMED], head[_NAMED:]
    kind = kind_of(head, place)
    if kind != key.kind:
        is_word = kind is Kind.passphrase
        msg = (
            f"{place} is opened by a passphrase, and was tried with a key: give the passphrase"
            if is_word
            else f"{place} is opened by a key, such as one in the keyring, and was tried with a "
            "passphrase: give the key"
        )
        raise WrongKey(msg)
    master = key.master(named, begin=False)
    if not hmac.compare_digest(check, _check(master, label, named)):
        what = "passphrase" if kind is Kind.passphrase else "key"
        msg = f"this is not the {what} of {place}: try another (nothing was changed)"
        raise WrongKey(msg)
    return _key(master, label, named)


def kind_of(head: bytes, place: str) -> Kind:
    """How a file is opened.

    Raises:
        NotAStore: No file of covey begins so.
    """
    if len(head) == HEAD and head[0] in set(Kind):
        return Kind(head[0])
    msg = f"{place} does not begin as a file of covey does, or of a newer covey: choose another"
    raise NotAStore(msg)


def _check(master: bytes, label: str, named: bytes) -> bytes:
    return hmac_digest(master, f"{label} check".encode() + named, "sha256")[: HEAD - _NAMED]


def _key(master: bytes, label: str, named: bytes) -> bytes:
    return hmac_digest(master, f"{label} key".encode() + named, "sha256")
