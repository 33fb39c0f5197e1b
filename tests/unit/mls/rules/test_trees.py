"""What a whole ratchet tree must satisfy: every rule, kept and broken."""

from __future__ import annotations

from covey import mls
from covey.mls.crypto.dialects import get_suite
from covey.mls.rules import trees
from covey.mls.rules.trees import ArraySubject, TreeSubject, find_extension
from covey.mls.structs.components import ComponentsList, with_app_data
from covey.mls.structs.credentials import UnknownCredential
from covey.mls.structs.tree import LeafNode, Node, ParentNode
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import (
    COMPONENT_GREASE,
    GREASE,
    CredentialType,
    ExtensionType,
    ProposalType,
)
from group_samples import (
    GREASE_VALUE,
    UNKNOWN_TYPE,
    extension,
    external_senders,
    found,
    key_package,
    member,
    required,
)
from rule_cases import Case, breaks, each_of, holds, without_cases

SUITE = get_suite(1)
GROUP = found("abcde")[0]
TREE = GROUP.tree
ARRAY = TREE.to_nodes()
ABLE = found("ab", policy=mls.Policy(extension_types=frozenset({UNKNOWN_TYPE})))[0].tree

AWARE = mls.Policy(components={9: None, 0x8001: None}, safe_aad=frozenset({9}))
KNOWING = found("ab", policy=AWARE)[0].tree

PARTLY = GROUP.commit(add=[key_package(member("f")), key_package(member("g"))], path=False)
GROUP.accept(PARTLY)
UNMERGED = GROUP.tree
UNMERGED_ARRAY = UNMERGED.to_nodes()


def of(tree: RatchetTree = TREE, *extensions: mls.Extension) -> TreeSubject:
    """A tree and the extensions of its group."""
    return TreeSubject(tree, extensions)


def components(entries: dict[int, bytes]) -> mls.Extension:
    """An ``app_data_dictionary``."""
    return with_app_data((), entries)[0]


def listed(*codes: int) -> bytes:
    """A ComponentsList."""
    return ComponentsList(codes).encode()


def with_leaf(index: int, **changes: object) -> RatchetTree:
    """The tree with one of its leaves changed."""
    return TREE.edited(updated={index: leaf_of(TREE, index).replace(**changes)}).tree


def leaf_of(tree: RatchetTree, index: int) -> LeafNode:
    """A leaf that is there."""
    leaf = tree.leaf(index)
    assert leaf is not None
    return leaf


def listing(index: int, **changes: tuple[int, ...]) -> RatchetTree:
    """The tree, one of whose members has other capabilities."""
    return with_leaf(index, capabilities=leaf_of(TREE, index).capabilities.replace(**changes))


def with_node(index: int, node: Node | None, array: tuple[Node | None, ...] = ARRAY) -> RatchetTree:
    """The tree with one place of its array changed."""
    return RatchetTree.from_nodes(SUITE, (*array[:index], node, *array[index + 1 :]))


def array_of(*nodes: Node | None) -> ArraySubject:
    """An array."""
    return ArraySubject(nodes, SUITE)


def parent(index: int, array: tuple[Node | None, ...] = ARRAY) -> ParentNode:
    """A parent node that is there."""
    node = array[index]
    assert isinstance(node, ParentNode)
    return node


LEAF, PARENT, ROOT = leaf_of(TREE, 0), parent(1), parent(7)
CARRIER = next(
    i for i, n in enumerate(UNMERGED_ARRAY) if isinstance(n, ParentNode) and n.unmerged_leaves
)
CARRYING = parent(CARRIER, UNMERGED_ARRAY)


def carrying(*unmerged: int) -> TreeSubject:
    """The tree with unmerged leaves, where one parent lists others."""
    changed = CARRYING.replace(unmerged_leaves=unmerged)
    return of(with_node(CARRIER, changed, UNMERGED_ARRAY))


CASES = [
    *holds(trees.context_extensions_are_unique, of(), of(TREE, required(), external_senders())),
    *breaks(trees.context_extensions_are_unique, (of(TREE, required(), required()), "0x0003")),
    *holds(trees.context_extensions_are_not_grease, of(), of(TREE, extension(UNKNOWN_TYPE))),
    *breaks(trees.context_extensions_are_not_grease, (of(TREE, extension(GREASE[5])), "0x5a5a")),
    *holds(
        trees.known_extensions_decode,
        of(),
        of(TREE, required((1,)), external_senders(member("x"))),
    ),
    *breaks(
        trees.known_extensions_decode,
        (of(TREE, extension(ExtensionType.required_capabilities, b"x")), "required_capabilities"),
        (of(TREE, extension(ExtensionType.external_senders, b"x")), "external_senders"),
        (of(TREE, extension(ExtensionType.app_data_dictionary, b"x")), "app_data_dictionary"),
        (of(TREE, extension(6, bytes.fromhex("06000200000100"))), "do not increase"),
        (of(TREE, components({1: b"x"})), "app_data_dictionary"),
        (
            of(
                TREE,
                extension(ExtensionType.external_senders, external_senders().extension_data + b"x"),
            ),
            "left over",
        ),
    ),
    *holds(
        trees.required_capabilities_are_met,
        of(),
        of(TREE, required((1, 5, ExtensionType.last_resort), (1, 7, 0x0A), (1, 2))),
        of(ABLE, required((UNKNOWN_TYPE,))),
    ),
    *breaks(
        trees.required_capabilities_are_met,
        (of(TREE, required((UNKNOWN_TYPE,))), "extension type 0xf0aa"),
        (of(TREE, required((), (UNKNOWN_TYPE,))), "proposal type 0xf0aa"),
        (of(TREE, required((), (), (UNKNOWN_TYPE,))), "credential type 0xf0aa"),
        (of(listing(1, proposals=()), required((), (ProposalType.self_remove,))), "0x000a"),
        (of(listing(1, credentials=(1,)), required((), (), (CredentialType.x509,))), "0x0002"),
        (of(TREE, required((GREASE_VALUE,))), f"0x{GREASE_VALUE:04x}"),
    ),
    *holds(
        trees.required_components_are_supported,
        of(),
        of(TREE, components({9: b"any"})),
        of(KNOWING, components({1: listed(1, 2, 9, 0x8001), 2: listed(9)})),
        of(TREE, components({2: listed()})),
    ),
    *breaks(
        trees.required_components_are_supported,
        (of(TREE, components({1: listed(9)})), "0x0009 in app_components"),
        (of(KNOWING, components({1: listed(9, 10)})), "0x000a in app_components"),
        (of(KNOWING, components({2: listed(9, 0x8001)})), "0x8001 in safe_aad"),
        (of(KNOWING, components({1: listed(COMPONENT_GREASE[0])})), "0x0a0a"),
    ),
    *holds(trees.credential_types_are_supported, of(), of(listing(3, credentials=(1,)))),
    *breaks(
        trees.credential_types_are_supported,
        (of(listing(3, credentials=(2,))), "0x0001"),
        (of(with_leaf(2, credential=UnknownCredential(UNKNOWN_TYPE, b""))), "0xf0aa"),
    ),
    *holds(
        trees.context_extensions_are_supported,
        of(),
        of(TREE, required(), extension(ExtensionType.last_resort)),
        of(ABLE, extension(UNKNOWN_TYPE)),
    ),
    *breaks(
        trees.context_extensions_are_supported,
        (of(TREE, extension(UNKNOWN_TYPE)), "0xf0aa"),
        (of(listing(1, extensions=()), extension(ExtensionType.last_resort)), "0x000a"),
    ),
    *holds(trees.suite_and_version_are_supported, of(), of(listing(1, cipher_suites=(1,)))),
    *breaks(
        trees.suite_and_version_are_supported,
        (of(listing(1, cipher_suites=(2, 3))), "0x0001"),
        (of(listing(4, versions=())), "mls10"),
        (of(listing(4, versions=(2,))), "mls10"),
    ),
    *holds(trees.signature_keys_are_unique, of()),
    *breaks(
        trees.signature_keys_are_unique,
        (of(with_leaf(1, signature_key=LEAF.signature_key)), "1 key"),
        (of(with_node(2, ARRAY[4])), "1 key"),
    ),
    *holds(trees.encryption_keys_are_unique, of()),
    *breaks(
        trees.encryption_keys_are_unique,
        (of(with_leaf(1, encryption_key=LEAF.encryption_key)), "1 key"),
        (of(with_node(2, leaf_of(TREE, 1).replace(encryption_key=ROOT.encryption_key))), "1 key"),
        (of(with_node(1, PARENT.replace(encryption_key=ROOT.encryption_key))), "1 key"),
    ),
    *holds(trees.last_node_is_not_blank, array_of(*ARRAY), array_of(LEAF)),
    *breaks(
        trees.last_node_is_not_blank,
        (array_of(), "blank"),
        (array_of(LEAF, None, None), "blank"),
    ),
    *holds(
        trees.nodes_stand_at_their_places, array_of(*ARRAY), array_of(LEAF, None, None, None, LEAF)
    ),
    *breaks(
        trees.nodes_stand_at_their_places,
        (array_of(PARENT), "node 0"),
        (array_of(LEAF, LEAF, LEAF), "node 1"),
        (array_of(LEAF, PARENT, PARENT), "node 2"),
        (array_of(LEAF, PARENT), "even"),
        (array_of(), "even"),
    ),
    *holds(
        trees.unmerged_leaves_are_sorted,
        array_of(*UNMERGED_ARRAY),
        array_of(LEAF, PARENT.replace(unmerged_leaves=(0, 1)), LEAF),
    ),
    *breaks(
        trees.unmerged_leaves_are_sorted,
        (array_of(LEAF, PARENT.replace(unmerged_leaves=(1, 0)), LEAF), "node 1"),
        (array_of(LEAF, PARENT.replace(unmerged_leaves=(1, 1)), LEAF), "node 1"),
    ),
    *holds(trees.parent_keys_are_valid, array_of(*ARRAY)),
    *breaks(
        trees.parent_keys_are_valid,
        (array_of(LEAF, PARENT.replace(encryption_key=b""), LEAF), "node 1"),
        (array_of(LEAF, PARENT.replace(encryption_key=bytes(32)), LEAF), "node 1"),
    ),
    *holds(trees.unmerged_leaves_are_below, of(), of(UNMERGED)),
    *breaks(
        trees.unmerged_leaves_are_below,
        (carrying(*CARRYING.unmerged_leaves, 63), "leaf 63"),
        (carrying(*CARRYING.unmerged_leaves, 2**32 - 1), "leaf 4294967295"),
        (carrying(7), "leaf 7"),
        (of(with_node(7, ROOT.replace(unmerged_leaves=(1,)))), "leaf 1"),
    ),
    *holds(trees.parent_hashes_are_valid, of(), of(UNMERGED)),
    *breaks(
        trees.parent_hashes_are_valid,
        (of(with_node(7, ROOT.replace(encryption_key=PARENT.encryption_key))), "node 7"),
        (of(with_node(1, PARENT.replace(parent_hash=b""))), "node 3"),
        (of(with_node(1, None)), "node 3"),
        (of(with_node(0, LEAF.replace(parent_hash=bytes(32)))), "node 1"),
        (carrying(), f"node {CARRIER}"),
    ),
    *holds(
        trees.root_has_no_parent_hash,
        of(),
        of(UNMERGED),
        of(with_node(7, None)),
        of(RatchetTree.of_one(SUITE, LEAF)),
    ),
    *breaks(
        trees.root_has_no_parent_hash,
        (of(with_node(7, ROOT.replace(parent_hash=bytes(32)))), "it is not"),
        (of(with_node(7, ROOT.replace(parent_hash=b"\x00"))), "it is not"),
    ),
]


@each_of(CASES)
def test_rule(case: Case) -> None:
    case.check()


def test_every_rule_has_a_case_for_it_and_one_against_it() -> None:
    assert without_cases(trees, CASES) == set()


def test_val_222_listing_grease_is_no_support() -> None:
    greased = found("ab", policy=mls.Policy(extension_types=frozenset({GREASE_VALUE})))[0].tree
    subject = of(greased, required((GREASE_VALUE,)))
    assert trees.required_capabilities_are_met.check(subject) is not None
    subject = of(greased, extension(GREASE_VALUE))
    assert trees.context_extensions_are_supported.check(subject) is not None


def test_finding_an_extension() -> None:
    extensions = (extension(1, b"one"), extension(2, b"two"))
    assert find_extension(extensions, 2) == b"two"
    assert find_extension(extensions, 3) is None
