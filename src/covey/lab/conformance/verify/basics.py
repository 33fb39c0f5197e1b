"""Vector headers, tree arithmetic and the functions of a suite (RFC 9420 §2.1.2, §5, App. C).

May import the wire layer, crypto and the tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.conformance.case import ensure
from covey.mls.crypto.entropy import system_entropy
from covey.mls.tree import math
from covey.mls.wire.varint import header, read_header

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case
    from covey.mls.crypto.suite import Suite


def deserialization(case: Case) -> None:
    """A header announces ``length``, and is what we would write for it."""
    encoded = case.octets("vlbytes_header")
    length, end = read_header(encoded, 0)
    case.expect("length", length)
    ensure(end == len(encoded), "bytes are left after the header")
    ensure(header(length) == encoded, "we encode the length in another way")


def tree_math(case: Case) -> None:
    """Every node of an array has these relatives."""
    leaves = case.number("n_leaves")
    every_node = range(math.node_width(leaves))
    case.expect("n_nodes", len(every_node))
    case.expect("root", math.root(leaves))
    case.expect("left", [math.left(node) for node in every_node])
    case.expect("right", [math.right(node) for node in every_node])
    case.expect("parent", [math.parent(node, leaves) for node in every_node])
    case.expect("sibling", [math.sibling(node, leaves) for node in every_node])


def crypto_basics(case: Case) -> None:
    """The labelled functions of one suite, those with randomness in both directions."""
    suite = case.suite()
    _derivations(suite, case)
    _signature(suite, case.part("sign_with_label"))
    _encryption(suite, case.part("encrypt_with_label"))


def _derivations(suite: Suite, case: Case) -> None:
    part = case.part("ref_hash")
    part.expect("out", suite.ref_hash(part.text("label"), part.octets("value")))
    part = case.part("expand_with_label")
    expanded = suite.expand_with_label(
        part.octets("secret"), part.text("label"), part.octets("context"), part.number("length")
    )
    part.expect("out", expanded)
    part = case.part("derive_secret")
    part.expect("out", suite.derive_secret(part.octets("secret"), part.text("label")))
    part = case.part("derive_tree_secret")
    derived = suite.derive_tree_secret(
        part.octets("secret"),
        part.text("label"),
        part.number("generation"),
        part.number("length"),
    )
    part.expect("out", derived)


def _signature(suite: Suite, part: Case) -> None:
    private, public, label = part.octets("priv"), part.octets("pub"), part.text("label")
    content = part.octets("content")
    ensure(suite.signature_public(private) == public, "sign_with_label.pub is not that of priv")
    ensure(
        suite.verify_with_label(public, label, content, part.octets("signature")),
        "sign_with_label.signature does not verify",
    )
    ours = suite.sign_with_label(private, label, content)
    ensure(suite.verify_with_label(public, label, content, ours), "our signature does not verify")


def _encryption(suite: Suite, part: Case) -> None:
    private, public, label = part.octets("priv"), part.octets("pub"), part.text("label")
    context = part.octets("context")
    ensure(suite.public_key(private) == public, "encrypt_with_label.pub is not that of priv")
    kem_output, ciphertext = part.octets("kem_output"), part.octets("ciphertext")
    plaintext = suite.decrypt_with_label(private, label, context, kem_output, ciphertext)
    part.expect("plaintext", plaintext)
    sealed = suite.encrypt_with_label(public, label, context, plaintext, system_entropy)
    ensure(
        suite.decrypt_with_label(private, label, context, *sealed) == plaintext,
        "what we encrypt decrypts to something else",
    )
