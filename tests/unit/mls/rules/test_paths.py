"""What an UpdatePath must satisfy: every rule, kept and broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.rules import paths
from covey.mls.rules.paths import MergedSubject, PathSubject
from group_samples import PUBLIC, commit_of, found, key_package, member
from rule_cases import Case, breaks, each_of, holds, without_cases

if TYPE_CHECKING:
    from covey.mls.structs.tree import UpdatePath, UpdatePathNode

GROUP = found("abcde")[2]
TREE = GROUP.tree
STEPS = TREE.filtered_path(2)
EMPTY = GROUP.commit(handshake=PUBLIC)
GROUP.discard(EMPTY)
PATH = commit_of(EMPTY.message).path
assert PATH is not None
OWN_LEAF = TREE.leaf(2)
assert OWN_LEAF is not None

NEW = key_package(member("new"))
GROWN = TREE.edited(added=[NEW.leaf_node])
GROWING = GROUP.commit(add=[NEW], path=True, handshake=PUBLIC)
GROWING_PATH = commit_of(GROWING.message).path
assert GROWING_PATH is not None


def of(path: UpdatePath = PATH, **changes: object) -> PathSubject:
    """A path of leaf 2 in a group of five."""
    return PathSubject(path, STEPS, TREE, ())._replace(**changes)  # type: ignore[arg-type]


def with_node(number: int, **changes: object) -> PathSubject:
    """The path with one of its nodes changed."""
    nodes = list(PATH.nodes)
    nodes[number] = nodes[number].replace(**changes)
    return of(PATH.replace(nodes=tuple(nodes)))


def fewer(node: UpdatePathNode) -> UpdatePathNode:
    """The node with one ciphertext less."""
    return node.replace(encrypted_path_secret=node.encrypted_path_secret[1:])


GROWING_SUBJECT = PathSubject(GROWING_PATH, GROWN.tree.filtered_path(2), GROWN.tree, GROWN.added)
UNEVEN = PATH.replace(nodes=(*PATH.nodes[:-1], fewer(PATH.nodes[-1])))

CASES = [
    *holds(paths.path_has_a_node_per_step, of(), GROWING_SUBJECT),
    *breaks(
        paths.path_has_a_node_per_step,
        (of(PATH.replace(nodes=())), "it has 0"),
        (of(PATH.replace(nodes=PATH.nodes[1:])), "it has 2"),
        (of(PATH.replace(nodes=(*PATH.nodes, PATH.nodes[0]))), "it has 4"),
    ),
    *holds(paths.steps_have_all_ciphertexts, of(), GROWING_SUBJECT),
    *breaks(
        paths.steps_have_all_ciphertexts,
        (of(UNEVEN), "node 2 has 0, not 1"),
        (with_node(0, encrypted_path_secret=PATH.nodes[0].encrypted_path_secret * 2), "has 2"),
        (GROWING_SUBJECT._replace(added=()), "has 1, not 2"),
    ),
    *holds(paths.path_keys_are_valid, of()),
    *breaks(
        paths.path_keys_are_valid,
        (with_node(1, encryption_key=b"short"), "node 1"),
        (with_node(2, encryption_key=bytes(32)), "node 2"),
    ),
    *holds(paths.path_keys_are_new, of(), GROWING_SUBJECT),
    *breaks(
        paths.path_keys_are_new,
        (with_node(0, encryption_key=PATH.nodes[1].encryption_key), "twice"),
        (with_node(0, encryption_key=PATH.leaf_node.encryption_key), "twice"),
        (with_node(0, encryption_key=OWN_LEAF.encryption_key), "in the tree"),
        (of(PATH.replace(leaf_node=OWN_LEAF)), "in the tree"),
        (
            GROWING_SUBJECT._replace(
                path=GROWING_PATH.replace(
                    leaf_node=GROWING_PATH.leaf_node.replace(
                        encryption_key=NEW.leaf_node.encryption_key
                    )
                )
            ),
            "in the tree",
        ),
    ),
    *holds(
        paths.leaf_has_the_parent_hash,
        MergedSubject(PATH.leaf_node.parent_hash, PATH.leaf_node.parent_hash or b"?"),
    ),
    *breaks(
        paths.leaf_has_the_parent_hash,
        (MergedSubject(PATH.leaf_node.parent_hash, b""), "another"),
        (MergedSubject(PATH.leaf_node.parent_hash, bytes(32)), "another"),
        (MergedSubject(b"", bytes(32)), "another"),
        (MergedSubject(None, b""), "another"),
    ),
]


@each_of(CASES)
def test_rule(case: Case) -> None:
    case.check()


def test_every_rule_has_a_case_for_it_and_one_against_it() -> None:
    assert without_cases(paths, CASES) == set()


def test_erratum_19_a_node_whose_only_recipients_are_new_has_no_ciphertext() -> None:
    alone = found("ab")[0]
    leaving = alone.commit(remove=[1])
    alone.accept(leaving)
    grown = alone.commit(add=[key_package(member("c"))], path=True, handshake=PUBLIC)
    path = commit_of(grown.message).path
    assert path is not None
    assert [len(node.encrypted_path_secret) for node in path.nodes] == [0]
