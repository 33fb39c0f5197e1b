"""Leaves and trees for tests, most of them without real keys."""

from __future__ import annotations

from covey.lab.conformance.generate.grown import (
    Grown,
    grown,
    with_inner_blanks,
    with_skipped_blanks,
    with_unmerged_leaf,
    with_unmerged_leaf_and_skipped_blanks,
)
from covey.lab.conformance.generate.seeded import Seeded
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.credentials import BasicCredential
from covey.mls.structs.tree import Capabilities, LeafNode, Lifetime, Node
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import LeafNodeSource

SUITE = get_suite(1)
CAPABILITIES = Capabilities((1,), (1,), (), (), (1,))


def leaf(name: str, capabilities: Capabilities = CAPABILITIES) -> LeafNode:
    """A leaf whose keys are made of its name."""
    encoded = name.encode()
    return LeafNode(
        b"key of " + encoded,
        b"signature key of " + encoded,
        BasicCredential(encoded),
        capabilities,
        LeafNodeSource.key_package,
        Lifetime(0, 1),
        None,
        (),
        b"signature",
    )


def tree_of(size: int) -> RatchetTree:
    """A tree of leaves 0, 1, … without any parent nodes."""
    first, *others = (leaf(str(number)) for number in range(size))
    return RatchetTree.of_one(SUITE, first).edited(added=others).tree


def tree_from(*nodes: Node | None) -> RatchetTree:
    """A tree from its array form."""
    return RatchetTree.from_nodes(SUITE, nodes)


def grown_tree(size: int) -> Grown:
    """A tree with real keys, in which each leaf in turn has committed."""
    return grown(SUITE, Seeded(b"tests", f"grown {size}"), size)


def special_trees() -> dict[str, Grown]:
    """Trees with real keys and every peculiarity."""
    makers = {
        "full": lambda suite, entropy: grown(suite, entropy, 8),
        "odd": lambda suite, entropy: grown(suite, entropy, 5),
        "inner blanks": with_inner_blanks,
        "skipped blanks": with_skipped_blanks,
        "unmerged": with_unmerged_leaf,
        "unmerged and skipped": with_unmerged_leaf_and_skipped_blanks,
        "left half empty": _left_half_empty,
        "much unmerged": _much_unmerged,
    }
    return {name: make(SUITE, Seeded(b"tests", name)) for name, make in makers.items()}


def _left_half_empty(suite: object, entropy: Seeded) -> Grown:
    del suite
    group = grown(SUITE, entropy, 8)
    group.commit(5, removed=(0, 1, 2, 3))
    return group


def _much_unmerged(suite: object, entropy: Seeded) -> Grown:
    """Leaves 0, 4 and 6 have paths; 1, 2, 3, 5 and 7 came later."""
    del suite
    group = grown(SUITE, entropy, 8)
    group.commit(6, removed=(1, 2, 3, 5, 7))
    group.commit(4)
    group.commit(0)
    group.edit(added=5)
    return group
