"""What the vectors of the key schedule do not show: its cost, its order, its silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.mls.crypto import kdf
from covey.mls.crypto import suite as suites
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.mac import hmac_digest
from covey.mls.crypto.suites import SUITES
from covey.mls.schedule.exporter import export
from covey.mls.schedule.key_schedule import (
    EpochSecrets,
    epoch_secrets,
    external_key_pair,
    from_epoch_secret,
    joiner_secret,
    welcome_key_nonce,
    welcome_secret,
)
from covey.mls.schedule.transcript import confirmation_tag, confirmed, interim

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

ALL = pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: f"{suite.code}")
SUITE = get_suite(1)


@pytest.fixture
def hmacs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every HMAC that is computed, by its key."""
    keys: list[bytes] = []
    digest = hmac_digest

    def counting(key: bytes, content: bytes, name: str) -> bytes:
        keys.append(key)
        return digest(key, content, name)

    for module in (kdf, suites):
        monkeypatch.setattr(module, "hmac_digest", counting)
    return keys


def test_an_epoch_costs_14_hmac_and_a_welcome_2(hmacs: list[bytes]) -> None:
    joiner = joiner_secret(SUITE, b"init" * 8, b"commit", b"context")
    epoch_secrets(SUITE, joiner, SUITE.zero, b"context")
    assert len(hmacs) == 14
    welcome_secret(SUITE, joiner, SUITE.zero)
    assert len(hmacs) == 16


@ALL
def test_a_creator_and_a_joiner_know_the_same(suite: Suite) -> None:
    joiner = joiner_secret(suite, suite.zero, suite.zero, b"context")
    extracted = suite.extract(joiner, suite.zero)
    epoch_secret = suite.expand_with_label(extracted, "epoch", b"context", suite.Nh)
    assert from_epoch_secret(suite, epoch_secret) == epoch_secrets(
        suite, joiner, suite.zero, b"context"
    )


def test_every_input_counts() -> None:
    def secrets(
        init: bytes, commit: bytes, psk: bytes, first: bytes, second: bytes
    ) -> EpochSecrets:
        joiner = joiner_secret(SUITE, init, commit, first)
        return epoch_secrets(SUITE, joiner, psk, second)

    inputs = [b"1" * 32, b"2" * 32, b"3" * 32, b"context", b"context"]
    base = secrets(*inputs)
    for position in range(len(inputs)):
        changed = [*inputs[:position], b"x" * 32, *inputs[position + 1 :]]
        assert secrets(*changed) != base


@ALL
def test_val_215_the_ten_secrets_differ(suite: Suite) -> None:
    secrets = from_epoch_secret(suite, bytes(suite.Nh))
    values = {getattr(secrets, name) for name in secrets.__struct_fields__}
    assert len(values) == 10
    assert {len(value) for value in values} == {suite.Nh}


@ALL
def test_welcome_key_and_nonce(suite: Suite) -> None:
    key, nonce = welcome_key_nonce(suite, bytes(suite.Nh))
    assert (len(key), len(nonce)) == (suite.Nk, suite.Nn)
    assert key == suite.expand_with_label(bytes(suite.Nh), "key", b"", suite.Nk)
    assert nonce == suite.expand_with_label(bytes(suite.Nh), "nonce", b"", suite.Nn)


@ALL
def test_the_external_key_pair_fits(suite: Suite) -> None:
    private, public = external_key_pair(suite, bytes(suite.Nh))
    assert suite.public_key(private) == public


def test_epoch_secrets_are_frozen_and_show_nothing() -> None:
    secrets = from_epoch_secret(SUITE, bytes(32))
    assert repr(secrets) == str(secrets) == "<EpochSecrets: secret>"
    with pytest.raises(AttributeError):
        secrets.init_secret = b""


@ALL
def test_val_216_exporter(suite: Suite) -> None:
    secret = suite.derive_secret(bytes(suite.Nh), "label")
    hashed = suite.hash(b"context")
    for length in (0, 1, suite.Nh, 1000):
        expected = suite.expand_with_label(secret, "exported", hashed, length)
        assert export(suite, bytes(suite.Nh), "label", b"context", length) == expected
    with pytest.raises(ValueError, match="HKDF"):
        export(suite, bytes(suite.Nh), "label", b"context", 1 << 20)


@ALL
def test_transcript_hashes_chain(suite: Suite) -> None:
    first = confirmed(suite, b"", 1, b"content", b"signature")
    assert first == suite.hash(b"\x00\x01content\x09signature")
    tag = confirmation_tag(suite, b"key", first)
    assert suite.verify_mac(b"key", first, tag)
    second = interim(suite, first, tag)
    header = bytes((suite.Nh,)) if suite.Nh < 64 else b"\x40\x40"
    assert second == suite.hash(first + header + tag)
    assert confirmed(suite, second, 1, b"content", b"signature") != first
