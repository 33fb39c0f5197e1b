"""The names of the primitives that floors are made of."""

from __future__ import annotations

from typing import Final

BASE: Final = "X25519 base"
DH: Final = "X25519"
SIGN: Final = "Ed25519 sign"
VERIFY: Final = "Ed25519 verify"
HMAC: Final = "HMAC"
HASH: Final = "SHA-256"
AEAD: Final = "AES-GCM"

NAMES: Final = (BASE, DH, SIGN, VERIFY, HMAC, HASH, AEAD)
"""The primitives of suite 1, in the order of the tables. In the formulas, SIGN, VERIFY, HASH and
AEAD stand for those of any suite."""

GENERATE: Final = "GenerateKeyPair"
DERIVE: Final = "DeriveKeyPair"
ENCAP: Final = "Encap"
DECAP: Final = "Decap"
