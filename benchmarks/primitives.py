"""The primitive calls under everything, made at the libraries directly, on keys that are ready.

A floor is a number of such calls. It is not computed from unit prices: the calls are made, as
many as it says, next to the operation that they belong to, so that both meet the same machine.
"""

from __future__ import annotations

import hmac
import os
from collections import Counter
from functools import lru_cache, partial
from hashlib import sha256
from itertools import repeat
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import (
    crypto_scalarmult,
    crypto_scalarmult_base,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BASE: Final = "X25519 base"
DH: Final = "X25519"
SIGN: Final = "Ed25519 sign"
VERIFY: Final = "Ed25519 verify"
HMAC: Final = "HMAC"
HASH: Final = "SHA-256"
AEAD: Final = "AES-GCM"
_OPENSSL: Final = getattr(hmac, "_hashopenssl", None)
_hmac: Final = hmac.digest if _OPENSSL is None else _OPENSSL.hmac_digest
"""HMAC, without the look at its arguments that :func:`hmac.digest` takes first."""

NAMES: Final = (BASE, DH, SIGN, VERIFY, HMAC, HASH, AEAD)
"""The primitives of suite 1, in the order of the tables."""


class Call(NamedTuple):
    """One primitive, and how many bytes it works on; 0 stands for a short input."""

    primitive: str
    size: int


class Calls:
    """How many calls of which primitives, in turn and spread over threads."""

    def __init__(self) -> None:
        self.alone: Counter[Call] = Counter()
        self.spread: Counter[Call] = Counter()

    def add(self, primitive: str, count: int = 1, size: int = 0) -> None:
        """Add calls that follow one another."""
        if count:
            self.alone[_call(primitive, size)] += count

    def add_spread(self, primitive: str, count: int, size: int = 0) -> None:
        """Add calls that any number of threads can share."""
        if count:
            self.spread[_call(primitive, size)] += count

    def counts(self) -> Counter[str]:
        """How many calls of each primitive."""
        total: Counter[str] = Counter()
        for part in (self.alone, self.spread):
            for call, count in part.items():
                total[call.primitive] += count
        return total

    def seconds(self, threads: int) -> float:
        """Make all calls, one after the other; the shared ones count 1/threads of their time."""
        return _run(self.alone) + _run(self.spread) / threads


def _call(primitive: str, size: int) -> Call:
    return Call(primitive, 0 if size < 256 else size & -64)


def _run(counts: Counter[Call]) -> float:
    work = [(_ready(call), count) for call, count in counts.items()]
    start = perf_counter_ns()
    for function, count in work:
        for _ in repeat(None, count):
            function()
    return (perf_counter_ns() - start) / 1e9


@lru_cache(maxsize=256)
def _ready(call: Call) -> Callable[[], object]:
    """One primitive with everything that it needs at hand."""
    data = os.urandom(call.size or 200)
    secret = os.urandom(32)
    public, private = crypto_sign_seed_keypair(secret)
    nonce = os.urandom(12)
    ready: dict[str, Callable[[], object]] = {
        BASE: partial(crypto_scalarmult_base, secret),
        DH: partial(crypto_scalarmult, secret, crypto_scalarmult_base(os.urandom(32))),
        SIGN: partial(crypto_sign, data, private),
        VERIFY: partial(crypto_sign_open, crypto_sign(data, private), public),
        HMAC: partial(_hmac, secret, data[: call.size or 60], "sha256"),
        HASH: lambda: sha256(data).digest(),
        AEAD: lambda: AESGCM(secret[:16]).encrypt(nonce, data, b""),
    }
    return ready[call.primitive]


def prices() -> dict[str, float]:
    """What one call of each primitive takes, in seconds: the median of 200, on 200 bytes."""
    found = {}
    for name in NAMES:
        times = sorted(_run(Counter({Call(name, 0): 1})) for _ in range(200))
        found[name] = times[len(times) // 2]
    return found
