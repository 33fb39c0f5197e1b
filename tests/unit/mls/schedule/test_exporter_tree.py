"""The Exporter Tree, beside a derivation of its own from the formulas of the draft and the RFC."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from covey.errors import MissingKeyError
from covey.mls.crypto.dialects import get_suite
from covey.mls.schedule.exporter_tree import ExporterTree
from covey.mls.schedule.key_schedule import from_epoch_secret

SUITES = {1: hashlib.sha256, 5: hashlib.sha512, 7: hashlib.sha384}
COMPONENTS = [0, 1, 2, 0x5555, 0x8000, 0x8001, 0xFFFE, 0xFFFF]
Hash = "Callable[[bytes], hashlib._Hash]"


def _expand_with_label(hashed: Hash, secret: bytes, label: bytes, context: bytes) -> bytes:
    """ExpandWithLabel(Secret, Label, Context, KDF.Nh) of RFC 9420 §8, by HKDF-Expand (RFC 5869)."""
    size, full = hashed(b"").digest_size, b"MLS 1.0 " + label
    info = size.to_bytes(2) + bytes([len(full)]) + full + bytes([len(context)]) + context
    return hmac.new(secret, info + b"\x01", hashed).digest()


def _exported(hashed: Hash, epoch_secret: bytes, component: int) -> bytes:
    """SafeExportSecret(ComponentID), down the whole tree."""
    secret = _expand_with_label(hashed, epoch_secret, b"application_export", b"")
    for bit in f"{component:016b}":
        side = b"right" if bit == "1" else b"left"
        secret = _expand_with_label(hashed, secret, b"tree", side)
    return secret


def _tree(suite: int, epoch_secret: bytes) -> ExporterTree:
    secrets = from_epoch_secret(get_suite(suite), epoch_secret)
    return ExporterTree.of(secrets.application_export_secret)


@pytest.mark.parametrize("suite", SUITES)
def test_secrets_are_those_of_the_formulas(suite: int) -> None:
    epoch_secret = bytes(range(get_suite(suite).Nh))
    tree = _tree(suite, epoch_secret)
    for component in [*COMPONENTS, *range(7, 60000, 4999)]:
        secret, tree = tree.export(get_suite(suite), component)
        assert secret == _exported(SUITES[suite], epoch_secret, component)


def test_a_fixed_secret() -> None:
    """Of 32 bytes 0x2a, as it was when this was written."""
    secret, _ = _tree(1, b"\x2a" * 32).export(get_suite(1), 0x8001)
    assert secret.hex() == "55d526b597801053c506906cce8ce7d15e569becacecbaf1398698e6c2e91f27"


def test_a_component_has_its_secret_once() -> None:
    suite = get_suite(1)
    tree = _tree(1, bytes(32))
    for component in COMPONENTS:
        secret, tree = tree.export(suite, component)
        assert len(secret) == suite.Nh
        with pytest.raises(MissingKeyError, match=f"0x{component:04x}.*SAFE-EXPORT-1"):
            tree.export(suite, component)


def test_what_is_left_tells_nothing_of_what_was_exported() -> None:
    """No secret on the way down to a component is kept; all others can still be had."""
    suite, epoch_secret = get_suite(1), bytes(32)
    secret, tree = _tree(1, epoch_secret).export(suite, 0x1234)
    on_the_way = [_expand_with_label(hashlib.sha256, epoch_secret, b"application_export", b"")]
    for bit in f"{0x1234:016b}":
        side = b"right" if bit == "1" else b"left"
        on_the_way.append(_expand_with_label(hashlib.sha256, on_the_way[-1], b"tree", side))
    assert on_the_way[-1] == secret
    assert set(on_the_way).isdisjoint(tree.nodes.values())
    assert len(tree.nodes) == 16


def test_a_tree_does_not_change() -> None:
    suite = get_suite(1)
    tree = _tree(1, bytes(32))
    before = dict(tree.nodes)
    first, _ = tree.export(suite, 5)
    assert tree.nodes == before
    again, _ = tree.export(suite, 5)
    assert again == first


@pytest.mark.parametrize("component", [-1, 0x10000])
def test_there_are_no_other_components(component: int) -> None:
    with pytest.raises(ValueError, match="no ComponentID"):
        _tree(1, bytes(32)).export(get_suite(1), component)


def test_a_tree_shows_no_secret() -> None:
    tree = ExporterTree.of(b"\x2a" * 32)
    assert repr(tree) == "<ExporterTree: 1 node(s)>"
    assert (b"\x2a" * 4).hex() not in repr(tree)
