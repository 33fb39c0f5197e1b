"""Cases of deserialization, tree-math and crypto-basics. May import what they test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.mls.tree import math
from covey.mls.wire.varint import MAX_LENGTH, header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.crypto.suite import Suite

_LENGTHS: Final = (0, 1, 63, 64, 16383, 16384, MAX_LENGTH)  # on both sides of each size
_TREES: Final = tuple(1 << height for height in range(10))
_EXPANDED: Final = 77
_GENERATION: Final = 1 << 24 | 5


def deserialization(entropy: Seeded) -> Iterator[Vector]:
    """Headers around every change of their size, and between."""
    between = (entropy.below(64), 64 + entropy.below(16320), 16384 + entropy.below(1 << 29))
    for length in sorted({*_LENGTHS, *between}):
        yield {"vlbytes_header": header(length).hex(), "length": length}


def tree_math(_entropy: Seeded) -> Iterator[Vector]:
    """Trees of 1 to 512 leaves."""
    for leaves in _TREES:
        every_node = range(math.node_width(leaves))
        yield {
            "n_leaves": leaves,
            "n_nodes": len(every_node),
            "root": math.root(leaves),
            "left": [math.left(node) for node in every_node],
            "right": [math.right(node) for node in every_node],
            "parent": [math.parent(node, leaves) for node in every_node],
            "sibling": [math.sibling(node, leaves) for node in every_node],
        }


def crypto_basics(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """The labelled functions of a suite."""
    yield {
        "cipher_suite": suite.code,
        **_derivations(suite, entropy),
        "sign_with_label": _signature(suite, entropy),
        "encrypt_with_label": _encryption(suite, entropy),
    }


def _derivations(suite: Suite, entropy: Seeded) -> Vector:
    value, secret, context = entropy.some(64), entropy(suite.Nh), entropy.some(300)
    return {
        "ref_hash": {
            "label": "RefHash",
            "value": value.hex(),
            "out": suite.ref_hash("RefHash", value).hex(),
        },
        "expand_with_label": {
            "secret": secret.hex(),
            "label": "ExpandWithLabel",
            "context": context.hex(),
            "length": _EXPANDED,
            "out": suite.expand_with_label(secret, "ExpandWithLabel", context, _EXPANDED).hex(),
        },
        "derive_secret": {
            "secret": secret.hex(),
            "label": "DeriveSecret",
            "out": suite.derive_secret(secret, "DeriveSecret").hex(),
        },
        "derive_tree_secret": {
            "secret": secret.hex(),
            "label": "DeriveTreeSecret",
            "generation": _GENERATION,
            "length": suite.Nk,
            "out": suite.derive_tree_secret(
                secret, "DeriveTreeSecret", _GENERATION, suite.Nk
            ).hex(),
        },
    }


def _signature(suite: Suite, entropy: Seeded) -> Vector:
    private, public = suite.generate_signature_keys(entropy)
    content = entropy.some(300)
    return {
        "priv": private.hex(),
        "pub": public.hex(),
        "content": content.hex(),
        "label": "SignWithLabel",
        "signature": suite.sign_with_label(private, "SignWithLabel", content).hex(),
    }


def _encryption(suite: Suite, entropy: Seeded) -> Vector:
    private, public = suite.generate_key_pair(entropy)
    label, context, plaintext = "EncryptWithLabel", entropy.some(300), entropy.some(300)
    kem_output, ciphertext = suite.encrypt_with_label(public, label, context, plaintext, entropy)
    return {
        "priv": private.hex(),
        "pub": public.hex(),
        "label": label,
        "context": context.hex(),
        "plaintext": plaintext.hex(),
        "kem_output": kem_output.hex(),
        "ciphertext": ciphertext.hex(),
    }
