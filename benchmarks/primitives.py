"""The primitive calls under everything, made at the libraries directly, on keys that are ready.

A floor is a number of such calls. It is not computed from unit prices: the calls are made, as
many as it says, next to the operation that they belong to, so that both meet the same machine.

Suite 1 is taken apart down to its curve; of any other suite, each function of its KEM is one call
(:mod:`benchmarks.quantum_primitives`).
"""

from __future__ import annotations

import hmac
import os
from collections import Counter
from functools import lru_cache, partial
from hashlib import sha256
from itertools import repeat
from statistics import median
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

from benchmarks import quantum_primitives
from benchmarks.primitive_names import (
    AEAD,
    BASE,
    DECAP,
    DERIVE,
    DH,
    ENCAP,
    GENERATE,
    HASH,
    HMAC,
    NAMES,
    SIGN,
    VERIFY,
)
from covey.mls.crypto.dialects import get_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    Clock = Callable[[], int]

_OPENSSL: Final = getattr(hmac, "_hashopenssl", None)
_hmac: Final = hmac.digest if _OPENSSL is None else _OPENSSL.hmac_digest
"""HMAC, without the look at its arguments that :func:`hmac.digest` takes first."""

_SUITE_1: Final = 1
_DHKEM: Final = {
    GENERATE: ((BASE, 1),),
    DERIVE: ((BASE, 1), (HMAC, 2)),
    ENCAP: ((BASE, 1), (DH, 1), (HMAC, 2)),
    DECAP: ((DH, 1), (HMAC, 2)),
}
"""What the functions of suite 1's KEM are made of."""


class Call(NamedTuple):
    """One primitive, and how many bytes it works on; 0 stands for a short input."""

    primitive: str
    size: int


class Calls:
    """How many calls of which primitives of a suite, in turn and spread over threads."""

    def __init__(self, suite: int = _SUITE_1) -> None:
        self.suite = suite
        self.alone: Counter[Call] = Counter()
        self.spread: Counter[Call] = Counter()

    def add(self, primitive: str, count: int = 1, size: int = 0) -> None:
        """Add calls that follow one another."""
        self._add(self.alone, primitive, count, size)

    def add_spread(self, primitive: str, count: int, size: int = 0) -> None:
        """Add calls that any number of threads can share."""
        self._add(self.spread, primitive, count, size)

    def _add(self, counts: Counter[Call], primitive: str, count: int, size: int) -> None:
        parts = _DHKEM.get(primitive) if self.suite == _SUITE_1 else None
        for part, times in parts or ((primitive, 1),):
            if count:
                counts[_call(part, size)] += times * count

    def counts(self) -> Counter[str]:
        """How many calls of each primitive."""
        total: Counter[str] = Counter()
        for part in (self.alone, self.spread):
            for call, count in part.items():
                total[call.primitive] += count
        return total

    def seconds(self, threads: int, clock: Clock = perf_counter_ns) -> float:
        """Make all calls, one after the other; the shared ones count 1/threads of their time."""
        alone, spread = (_run(self.suite, part, clock) for part in (self.alone, self.spread))
        return alone + spread / threads


def _call(primitive: str, size: int) -> Call:
    return Call(primitive, 0 if size < 256 else size & -64)


def _run(suite: int, counts: Counter[Call], clock: Clock) -> float:
    work = [(_ready(suite, call), count) for call, count in counts.items()]
    start = clock()
    for function, count in work:
        for _ in repeat(None, count):
            function()
    return (clock() - start) / 1e9


@lru_cache(maxsize=4_096)
def _ready(suite: int, call: Call) -> Callable[[], object]:
    """One primitive with everything that it needs at hand."""
    if suite != _SUITE_1:
        return quantum_primitives.ready(get_suite(suite), call.primitive, call.size or 200)
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
        calls = Calls()
        calls.add(name)
        found[name] = median(calls.seconds(1) for _ in range(200))
    return found
