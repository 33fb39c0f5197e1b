"""Many signatures to verify, or many recipients to seal to, on several threads.

May import this package. libsodium runs without the interpreter's lock, so that two
threads verify nearly twice as fast as one. Work is done in phases: Python first collects
all jobs, then threads run them; mixing both gains nothing (measured).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.hpke import Encryption
    from covey.mls.crypto.suite import Suite

_WORTH_THREADS: Final = 16
"""Jobs below which starting threads costs more than it saves."""

_T = TypeVar("_T")


def verify_all(
    suite: Suite, jobs: Sequence[tuple[bytes, str, bytes, bytes]], threads: int = 1
) -> int | None:
    """Verify signatures with VerifyWithLabel (RFC 9420 §5.1.2).

    Args:
        suite: The group's cipher suite.
        jobs: Public key, label, content and signature of each.
        threads: How many to use at most.

    Returns:
        The index of the first one that does not verify, or None if all do.
    """
    if len(jobs) == 1:
        return None if suite.verify_with_label(*jobs[0]) else 0

    def first_bad(start: int, stop: int) -> int | None:
        for index in range(start, stop):
            if not suite.verify_with_label(*jobs[index]):
                return index
        return None

    bad = [found for found in _spread(first_bad, len(jobs), threads) if found is not None]
    return bad[0] if bad else None


def seal_all(
    encryption: Encryption,
    jobs: Sequence[tuple[bytes, bytes]],
    entropy: Entropy,
    threads: int = 1,
) -> list[tuple[bytes, bytes]]:
    """Seal to many recipients with one EncryptContext (RFC 9420 §5.1.3).

    Args:
        encryption: The EncryptContext, hashed once.
        jobs: Public key and plaintext of each.
        entropy: Drawn from in the order of ``jobs``, before any thread starts.
        threads: How many to use at most.

    Returns:
        ``kem_output`` and ``ciphertext`` of each, in the order of ``jobs``.

    Raises:
        DecodeError: A public key cannot be encrypted to.
    """
    draws = [entropy(encryption.draw) for _ in jobs]

    def seal(start: int, stop: int) -> list[tuple[bytes, bytes]]:
        return [encryption.seal(*jobs[index], _drawn(draws[index])) for index in range(start, stop)]

    return [sealed for part in _spread(seal, len(jobs), threads) for sealed in part]


def _drawn(draw: bytes) -> Entropy:
    """Hand out bytes that were drawn before."""
    return lambda _length: draw


def _spread(work: Callable[[int, int], _T], count: int, threads: int) -> list[_T]:
    """Run ``work(start, stop)`` on equal parts of ``range(count)``; results in order."""
    parts = min(threads, count // _WORTH_THREADS)
    if parts <= 1:
        return [work(0, count)]
    bounds = [count * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(work, bounds[:-1], bounds[1:]))
