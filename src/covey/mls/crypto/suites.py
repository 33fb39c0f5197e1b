"""The cipher suites of RFC 9420, one row of a table each (§17.1).

May import this package.
"""

from __future__ import annotations

from typing import Final

from covey.mls.crypto.aead import AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305
from covey.mls.crypto.dhkem import DHKEM_P256, DHKEM_P384, DHKEM_P521, DHKEM_X448, DHKEM_X25519
from covey.mls.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512
from covey.mls.crypto.signature import ECDSA_P256, ECDSA_P384, ECDSA_P521, ED448, ED25519
from covey.mls.crypto.suite import Suite

_TABLE: Final = (
    Suite(
        0x0001,
        "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
        DHKEM_X25519,
        HKDF_SHA256,
        AES_128_GCM,
        ED25519,
    ),
    Suite(
        0x0002,
        "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
        DHKEM_P256,
        HKDF_SHA256,
        AES_128_GCM,
        ECDSA_P256,
    ),
    Suite(
        0x0003,
        "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
        DHKEM_X25519,
        HKDF_SHA256,
        CHACHA20_POLY1305,
        ED25519,
    ),
    Suite(
        0x0004,
        "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448",
        DHKEM_X448,
        HKDF_SHA512,
        AES_256_GCM,
        ED448,
    ),
    Suite(
        0x0005,
        "MLS_256_DHKEMP521_AES256GCM_SHA512_P521",
        DHKEM_P521,
        HKDF_SHA512,
        AES_256_GCM,
        ECDSA_P521,
    ),
    Suite(
        0x0006,
        "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448",
        DHKEM_X448,
        HKDF_SHA512,
        CHACHA20_POLY1305,
        ED448,
    ),
    Suite(
        0x0007,
        "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
        DHKEM_P384,
        HKDF_SHA384,
        AES_256_GCM,
        ECDSA_P384,
    ),
)

SUITES: Final = {suite.code: suite for suite in _TABLE}
"""Every suite of the RFC, by code point."""
