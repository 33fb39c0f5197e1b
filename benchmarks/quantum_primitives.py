"""The primitive calls under the post-quantum suites, on keys that are ready.

Each function of a KEM is one call here, its hashes and its curve included. What the engine does
beyond these shows in its efficiency: it reads each public key that it seals to, and makes the
private key ready by which it opens.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import partial
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.bindings import (
    crypto_scalarmult,
    crypto_scalarmult_base,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)

from benchmarks.primitive_names import (
    AEAD,
    DECAP,
    DERIVE,
    ENCAP,
    GENERATE,
    HASH,
    HMAC,
    SIGN,
    VERIFY,
)
from covey.mls.crypto.aead import CHACHA20_POLY1305
from covey.mls.crypto.curves import NistCurve
from covey.mls.crypto.hybrid import HybridKem
from covey.mls.crypto.mldsa import MlDsa
from covey.mls.crypto.mlkem import MlKem
from covey.mls.crypto.signature import Ecdsa

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.mls.crypto.curves import Curve
    from covey.mls.crypto.mlkem import PrivateKey
    from covey.mls.crypto.suite import Suite

    Work = Callable[[], object]


def ready(suite: Suite, primitive: str, size: int) -> Work:
    """One primitive with everything that it needs at hand.

    Args:
        suite: One of draft-ietf-mls-pq-ciphersuites.
        primitive: Its name.
        size: Bytes that it works on.
    """
    if primitive in {GENERATE, DERIVE, ENCAP, DECAP}:
        return _of_kem(suite, primitive)
    data = os.urandom(size)
    if primitive in {SIGN, VERIFY}:
        return _of_signature(suite, data)[primitive == VERIFY]
    secret, nonce = os.urandom(suite.Nk), os.urandom(suite.Nn)
    cipher = ChaCha20Poly1305 if suite.aead is CHACHA20_POLY1305 else AESGCM
    digest = suite.kdf.digest
    ready: dict[str, Work] = {
        HMAC: partial(hmac.digest, os.urandom(suite.Nh), data, digest),
        HASH: lambda: hashlib.new(digest, data).digest(),
        AEAD: lambda: cipher(secret).encrypt(nonce, data, b""),
    }
    return ready[primitive]


def _of_kem(suite: Suite, primitive: str) -> Work:
    """A function of ML-KEM; with that of a curve, and SHA-3 to combine them, of a hybrid."""
    kem = suite.kem
    assert isinstance(kem, MlKem | HybridKem)
    seed = os.urandom(64)
    private = kem.parameters.private.from_seed_bytes(seed)
    public = private.public_key()
    _, ciphertext = public.encapsulate()
    key_pair: Work = partial(_key_pair, kem.parameters.private.from_seed_bytes, seed)
    parts: dict[str, list[Work]] = {
        GENERATE: [key_pair],
        DERIVE: [partial(_shake, kem.Nsk), key_pair],
        ENCAP: [public.encapsulate],
        DECAP: [partial(private.decapsulate, ciphertext)],
    }
    if isinstance(kem, HybridKem):
        base, exchange = _of_curve(kem.curve)
        for name, more in (
            (GENERATE, (partial(_shake, len(seed) + kem.scalar_seed), base)),
            (DERIVE, (partial(_shake, len(seed) + kem.scalar_seed), base)),
            (ENCAP, (base, exchange, _combine)),
            (DECAP, (exchange, _combine)),
        ):
            parts[name] += more
    return partial(_in_turn, parts[primitive])


def _in_turn(works: list[Work]) -> None:
    for work in works:
        work()


def _key_pair(load: Callable[[bytes], PrivateKey], seed: bytes) -> bytes:
    return load(seed).public_key().public_bytes_raw()


def _shake(length: int) -> bytes:
    return hashlib.shake_256(bytes(32)).digest(length)


def _combine() -> bytes:
    return hashlib.sha3_256(bytes(134)).digest()


def _of_curve(curve: Curve) -> tuple[Work, Work]:
    """A key pair, and an exchange."""
    if not isinstance(curve, NistCurve):
        scalar, peer = os.urandom(32), crypto_scalarmult_base(os.urandom(32))
        return partial(crypto_scalarmult_base, scalar), partial(crypto_scalarmult, scalar, peer)
    key = ec.generate_private_key(curve.curve)
    number = key.private_numbers().private_value

    def base() -> bytes:
        made = ec.derive_private_key(number, curve.curve).public_key()
        return made.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    return base, partial(key.exchange, ec.ECDH(), key.public_key())


def _of_signature(suite: Suite, data: bytes) -> tuple[Work, Work]:
    """Signing, and verifying."""
    scheme = suite.signature
    if isinstance(scheme, MlDsa):
        key = scheme.private.from_seed_bytes(os.urandom(32))
        verify = key.public_key().verify
        return partial(key.sign, data), partial(verify, key.sign(data), data)
    if isinstance(scheme, Ecdsa):
        point = ec.generate_private_key(scheme.curve.curve)
        algorithm = ec.ECDSA(scheme.digest, deterministic_signing=True)
        signature = point.sign(data, algorithm)
        return (
            partial(point.sign, data, algorithm),
            partial(point.public_key().verify, signature, data, ec.ECDSA(scheme.digest)),
        )
    public, private = crypto_sign_seed_keypair(os.urandom(32))
    signed = crypto_sign(data, private)
    return partial(crypto_sign, data, private), partial(crypto_sign_open, signed, public)
