"""Argon2id (RFC 9106): from a passphrase that a person remembers to a key.

May import nothing of covey.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

LENGTH: Final = 32

# RFC 9106 §4, the second recommended option. Another choice is another kind in the head of a file.
_PASSES: Final = 3
_LANES: Final = 4
_MEMORY: Final = 64 * 1024  # KiB


def argon2id(passphrase: bytes, salt: bytes) -> bytes:
    """A key of 32 bytes; takes a fifth of a second and 64 MiB, for whoever guesses too.

    Args:
        passphrase: Of any length.
        salt: At least 8 bytes, random for each file.
    """
    derive = Argon2id(
        salt=salt, length=LENGTH, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY
    )
    return derive.derive(passphrase)
