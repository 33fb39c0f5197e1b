"""Suites that have no code point of their own yet, one row of a table each.

May import this package. Those of draft-ietf-mls-pq-ciphersuites-06, and those that OpenMLS and
ts-mls have made up. Which number each has on the wire is a matter of dialect
(:mod:`covey.mls.crypto.dialects`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.mls.crypto.aead import AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, Aead
from covey.mls.crypto.hybrid import MLKEM768_P256, MLKEM768_X25519, MLKEM1024_P384, XWING_DRAFT
from covey.mls.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512, Kdf
from covey.mls.crypto.mldsa import MLDSA44, MLDSA65, MLDSA87
from covey.mls.crypto.mlkem import MLKEM768, MLKEM1024
from covey.mls.crypto.signature import ECDSA_P256, ECDSA_P384, ED25519
from covey.mls.crypto.suite import Suite

if TYPE_CHECKING:
    from covey.mls.crypto.kem import Kem
    from covey.mls.crypto.signature import SignatureScheme


class Row(NamedTuple):
    """A suite without a code point: HPKE's KEM, KDF and AEAD, and the signature scheme."""

    name: str
    kem: Kem
    kdf: Kdf
    aead: Aead
    signature: SignatureScheme

    def suite(self, code: int, dialect: str) -> Suite:
        """The suite under a code point."""
        return Suite(code, self.name, self.kem, self.kdf, self.aead, self.signature, dialect)


DRAFT_06: Final = (
    Row(
        "MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519",
        *(MLKEM768_X25519, HKDF_SHA256, AES_128_GCM, ED25519),
    ),
    Row(
        "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519",
        *(MLKEM768_X25519, HKDF_SHA384, AES_256_GCM, ED25519),
    ),
    Row(
        "MLS_128_MLKEM768P256_AES128GCM_SHA256_P256",
        *(MLKEM768_P256, HKDF_SHA256, AES_128_GCM, ECDSA_P256),
    ),
    Row(
        "MLS_128_MLKEM768P256_AES256GCM_SHA384_P256",
        *(MLKEM768_P256, HKDF_SHA384, AES_256_GCM, ECDSA_P256),
    ),
    Row(
        "MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384",
        *(MLKEM1024_P384, HKDF_SHA384, AES_256_GCM, ECDSA_P384),
    ),
    Row(
        "MLS_128_MLKEM768_AES256GCM_SHA384_Ed25519",
        *(MLKEM768, HKDF_SHA384, AES_256_GCM, ED25519),
    ),
    Row(
        "MLS_128_MLKEM768_AES256GCM_SHA384_P256",
        *(MLKEM768, HKDF_SHA384, AES_256_GCM, ECDSA_P256),
    ),
    Row(
        "MLS_192_MLKEM1024_AES256GCM_SHA384_P384",
        *(MLKEM1024, HKDF_SHA384, AES_256_GCM, ECDSA_P384),
    ),
    Row(
        "MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44",
        *(MLKEM768_X25519, HKDF_SHA384, CHACHA20_POLY1305, MLDSA44),
    ),
    Row(
        "MLS_192_MLKEM768_AES256GCM_SHA384_MLDSA65",
        *(MLKEM768, HKDF_SHA384, AES_256_GCM, MLDSA65),
    ),
    Row(
        "MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87",
        *(MLKEM1024, HKDF_SHA384, AES_256_GCM, MLDSA87),
    ),
)
"""The draft's eleven, in its order: TBD1 to TBD11."""

TS_MLS: Final = (
    Row("MLS_256_XWING_AES256GCM_SHA512_Ed25519", XWING_DRAFT, HKDF_SHA512, AES_256_GCM, ED25519),
    Row(
        "MLS_256_XWING_CHACHA20POLY1305_SHA512_Ed25519",
        *(XWING_DRAFT, HKDF_SHA512, CHACHA20_POLY1305, ED25519),
    ),
    Row("MLS_256_XWING_AES256GCM_SHA512_MLDSA87", XWING_DRAFT, HKDF_SHA512, AES_256_GCM, MLDSA87),
    Row(
        "MLS_256_XWING_CHACHA20POLY1305_SHA512_MLDSA87",
        *(XWING_DRAFT, HKDF_SHA512, CHACHA20_POLY1305, MLDSA87),
    ),
)
"""Those of ts-mls with X-Wing, in its order."""

OPENMLS_XWING: Final = Row(
    "MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519",
    *(XWING_DRAFT, HKDF_SHA256, CHACHA20_POLY1305, ED25519),
)
"""The suite that OpenMLS has had before the draft."""
