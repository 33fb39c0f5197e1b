"""Batches: the same answers on any number of threads."""

from __future__ import annotations

import pytest

from covey.errors import DecodeError
from covey.mls.crypto.batch import seal_all, verify_all
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.entropy import system_entropy

SUITE = get_suite(1)
PRIVATE, PUBLIC = SUITE.derive_key_pair(b"\x01" * 32)
THREADS = pytest.mark.parametrize("threads", [0, 1, 2, 4])


def signed(count: int) -> list[tuple[bytes, str, bytes, bytes]]:
    """Make jobs that verify."""
    private, public = SUITE.generate_signature_keys(system_entropy)
    contents = [number.to_bytes(4) for number in range(count)]
    return [(public, "L", text, SUITE.sign_with_label(private, "L", text)) for text in contents]


@THREADS
@pytest.mark.parametrize("count", [0, 1, 15, 100])
def test_good_signatures(threads: int, count: int) -> None:
    assert verify_all(SUITE, signed(count), threads) is None


@THREADS
@pytest.mark.parametrize("bad", [(0,), (99,), (50, 20, 80), tuple(range(100))])
def test_the_first_bad_signature_is_named(threads: int, bad: tuple[int, ...]) -> None:
    jobs = signed(100)
    for index in bad:
        public, label, content, signature = jobs[index]
        jobs[index] = (public, label, content + b"!", signature)
    assert verify_all(SUITE, jobs, threads) == min(bad)


@THREADS
@pytest.mark.parametrize("count", [0, 1, 40])
def test_everything_sealed_opens_in_its_order(threads: int, count: int) -> None:
    encryption = SUITE.encryption("label", b"context")
    jobs = [(PUBLIC, number.to_bytes(4)) for number in range(count)]
    sealed = seal_all(encryption, jobs, system_entropy, threads)
    opened = [encryption.open(PRIVATE, *message) for message in sealed]
    assert opened == [plaintext for _, plaintext in jobs]
    assert len({kem_output for kem_output, _ in sealed}) == count


def test_threads_do_not_change_what_is_drawn() -> None:
    def sealed(threads: int) -> list[tuple[bytes, bytes]]:
        drawn = iter(range(1, 100))
        encryption = SUITE.encryption("label", b"context")
        jobs = [(PUBLIC, bytes(8))] * 64
        return seal_all(encryption, jobs, lambda size: next(drawn).to_bytes(size), threads)

    assert sealed(1) == sealed(4)


@THREADS
def test_an_invalid_key_in_a_batch_is_refused(threads: int) -> None:
    jobs = [(PUBLIC, b"")] * 40 + [(bytes(32), b"")]
    with pytest.raises(DecodeError):
        seal_all(SUITE.encryption("label", b""), jobs, system_entropy, threads)
