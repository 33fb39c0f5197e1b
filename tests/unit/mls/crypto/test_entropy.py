"""Randomness comes in by the port, and whoever fixes it fixes everything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

ALL = pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: f"{suite.code}")


@dataclass
class Fixed:
    """Deterministic bytes; remembers how many were asked for."""

    draws: list[int] = field(default_factory=list)

    def __call__(self, length: int) -> bytes:
        self.draws.append(length)
        return hashlib.shake_128(repr(self.draws).encode()).digest(length)


def test_the_system_gives_as_much_as_asked() -> None:
    assert len(system_entropy(32)) == 32
    assert system_entropy(32) != system_entropy(32)


@ALL
def test_each_operation_draws_once_and_hides_no_chance(suite: Suite) -> None:
    _, public = suite.derive_key_pair(b"ikm")
    for operation in (
        suite.generate_key_pair,
        suite.generate_signature_keys,
        lambda entropy: suite.export_to(public, "label", 32, entropy),
        lambda entropy: suite.encrypt_with_label(public, "label", b"", b"text", entropy),
    ):
        first, second = Fixed(), Fixed()
        assert operation(first) == operation(second)
        assert len(first.draws) == 1


@ALL
def test_signatures_draw_nothing(suite: Suite) -> None:
    private, _ = suite.generate_signature_keys(Fixed())
    signatures = {suite.sign_with_label(private, "label", b"content") for _ in range(3)}
    assert len(signatures) == 1
