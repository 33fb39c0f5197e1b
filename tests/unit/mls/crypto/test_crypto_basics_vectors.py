"""The official crypto-basics vectors: labels, hashes, signatures and HPKE of all suites."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from covey.errors import CoveyError
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.suites import SUITES
from vectors_path import vectors_path

VECTORS: list[dict[str, Any]] = json.loads(vectors_path("mls", "crypto-basics.json").read_text())


def check(vector: dict[str, Any]) -> None:
    """Verify one vector as its README says."""
    suite, unhex = get_suite(vector["cipher_suite"]), bytes.fromhex
    case = vector["ref_hash"]
    assert suite.ref_hash(case["label"], unhex(case["value"])).hex() == case["out"]
    case = vector["expand_with_label"]
    expanded = suite.expand_with_label(
        unhex(case["secret"]), case["label"], unhex(case["context"]), case["length"]
    )
    assert expanded.hex() == case["out"]
    case = vector["derive_secret"]
    assert suite.derive_secret(unhex(case["secret"]), case["label"]).hex() == case["out"]
    case = vector["derive_tree_secret"]
    derived = suite.derive_tree_secret(
        unhex(case["secret"]), case["label"], case["generation"], case["length"]
    )
    assert derived.hex() == case["out"]
    check_signature(vector)
    check_encryption(vector)


def check_signature(vector: dict[str, Any]) -> None:
    """Verify the recorded signature, and one of our own."""
    suite, case = get_suite(vector["cipher_suite"]), vector["sign_with_label"]
    private, public, content = (bytes.fromhex(case[name]) for name in ("priv", "pub", "content"))
    assert suite.signature_public(private) == public
    recorded = bytes.fromhex(case["signature"])
    assert suite.verify_with_label(public, case["label"], content, recorded)
    own = suite.sign_with_label(private, case["label"], content)
    assert suite.verify_with_label(public, case["label"], content, own)


def check_encryption(vector: dict[str, Any]) -> None:
    """Decrypt what was recorded, and a ciphertext of our own."""
    suite, case = get_suite(vector["cipher_suite"]), vector["encrypt_with_label"]
    private, public, context, plaintext, kem_output, ciphertext = (
        bytes.fromhex(case[name])
        for name in ("priv", "pub", "context", "plaintext", "kem_output", "ciphertext")
    )
    label = case["label"]
    assert suite.public_key(private) == public
    opened = suite.decrypt_with_label(private, label, context, kem_output, ciphertext)
    assert opened == plaintext
    own = suite.encrypt_with_label(public, label, context, plaintext, system_entropy)
    assert suite.decrypt_with_label(private, label, context, *own) == plaintext
    encryption = suite.encryption(label, context)
    assert encryption.open(private, kem_output, ciphertext, public) == plaintext


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"suite {vector['cipher_suite']}")
def test_vector(vector: dict[str, Any]) -> None:
    check(vector)


def test_there_is_a_vector_for_every_suite() -> None:
    assert {vector["cipher_suite"] for vector in VECTORS} == set(SUITES)


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ("ref_hash", "out"),
        ("expand_with_label", "out"),
        ("derive_secret", "out"),
        ("derive_tree_secret", "out"),
        ("sign_with_label", "pub"),
        ("sign_with_label", "signature"),
        ("encrypt_with_label", "pub"),
        ("encrypt_with_label", "plaintext"),
        ("encrypt_with_label", "kem_output"),
        ("encrypt_with_label", "ciphertext"),
    ],
)
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"suite {vector['cipher_suite']}")
def test_a_corrupted_vector_fails(vector: dict[str, Any], case: str, field: str) -> None:
    corrupted = copy.deepcopy(vector)
    text = corrupted[case][field]
    corrupted[case][field] = text[:-1] + "0123456789abcdef"[int(text[-1], 16) ^ 1]
    with pytest.raises((AssertionError, CoveyError)):
        check(corrupted)
