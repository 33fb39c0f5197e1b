"""Ratchet trees and GroupInfos, judged by themselves."""

from __future__ import annotations

from covey.lab.inspect.examine import group_of
from covey.lab.inspect.judging import trees
from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts, known_suite
from covey.mls.structs.extensions import Extension
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import LeafNode, Node, ParentNode
from covey.mls.structs.welcome import GroupInfo
from covey.mls.wire.code_points import ExtensionType
from group_samples import found

GROUPS = found("abcd")
GROUPS[0].accept(GROUPS[0].commit(update=True))
GROUP = GROUPS[0]
NODES = GROUP.tree.to_nodes()


def info_of(data: bytes) -> GroupInfo:
    info = MLSMessage.decode(data).message
    assert isinstance(info, GroupInfo)
    return info


INFO = info_of(GROUP.group_info())
WITHOUT_JOINER = {"VAL-195", "VAL-020", "VAL-187", "VAL-189", "VAL-190"}
"""What is never known of a GroupInfo by itself."""


def rules(into: Verdicts, verdict: str) -> set[str]:
    return {each.rule for each in into.findings if each.verdict == verdict}


def of_info(info: GroupInfo, around: Surroundings | None = None) -> Verdicts:
    into = Verdicts()
    trees.group_info(into, info, around or Surroundings())
    return into


def of_nodes(nodes: tuple[Node | None, ...], around: Surroundings | None = None) -> Verdicts:
    into = Verdicts()
    trees.alone(into, nodes, around or Surroundings())
    return into


def parent(index: int) -> ParentNode:
    node = NODES[index]
    assert isinstance(node, ParentNode)
    return node


def leaf(index: int) -> LeafNode:
    node = NODES[2 * index]
    assert isinstance(node, LeafNode)
    return node


def put(index: int, node: Node | None) -> tuple[Node | None, ...]:
    return (*NODES[:index], node, *NODES[index + 1 :])


def test_a_good_group_info_holds() -> None:
    into = of_info(INFO)
    assert rules(into, "broken") == set()
    assert rules(into, "not judged") == WITHOUT_JOINER
    expected = of_info(INFO, Surroundings(suite=1))
    assert rules(expected, "not judged") == WITHOUT_JOINER - {"VAL-187"}
    assert rules(of_info(INFO, Surroundings(suite=2)), "broken") == {"VAL-187"}
    assert {"VAL-066", "VAL-186", "VAL-067", "VAL-029", "VAL-187"} <= rules(into, "holds")


def test_what_is_wrong_with_a_group_info_is_found() -> None:
    context = INFO.group_context
    assert rules(of_info(INFO.replace(signature=bytes(64))), "broken") == {"VAL-186"}
    assert rules(of_info(INFO.replace(signer=9)), "broken") == {"VAL-186"}
    other = INFO.replace(group_context=context.replace(tree_hash=bytes(32)))
    assert rules(of_info(other), "broken") == {"VAL-066", "VAL-186"}
    other = INFO.replace(group_context=context.replace(version=2))
    assert "VAL-187" in rules(of_info(other), "broken")
    other = INFO.replace(group_context=context.replace(group_id=b"another"))
    assert rules(of_info(other), "broken") == {"VAL-029", "VAL-186"}


def test_without_a_tree_less_is_judged() -> None:
    bare = info_of(GROUP.group_info(with_tree=False))
    into = of_info(bare)
    assert rules(into, "broken") == set()
    assert {"VAL-066", "VAL-186", "VAL-067", "VAL-043"} <= rules(into, "not judged")
    with_tree = of_info(bare, Surroundings(tree=GROUP.tree.encode()))
    assert rules(with_tree, "not judged") == WITHOUT_JOINER


def test_the_tree_that_a_group_info_carries_is_its_own() -> None:
    other = Surroundings(tree=found("ab")[0].tree.encode())
    assert rules(of_info(INFO, other), "broken") == set()
    bare = info_of(GROUP.group_info(with_tree=False))
    assert "VAL-066" in rules(of_info(bare, other), "broken")
    assert trees.carries_one(INFO)
    assert not trees.carries_one(bare)


def test_after_proposals_the_root_may_have_had_a_parent() -> None:
    groups = found("abcdefgh")
    groups[0].accept(groups[0].commit(update=True))
    half = groups[0].tree.to_nodes()[:7]
    assert "VAL-078" in rules(of_nodes(half), "broken")
    into = of_nodes(half, Surroundings(provisional=True))
    assert rules(into, "broken") == set()
    assert "VAL-078" in rules(into, "not judged")
    assert "VAL-067" in rules(into, "holds")


def test_a_tree_that_is_none_is_found() -> None:
    for data, broken in ((b"\x01\x02", {"VAL-001"}), (b"\x00", {"VAL-063", "VAL-065"})):
        carried = Extension(ExtensionType.ratchet_tree, data)
        into = of_info(INFO.replace(extensions=(carried,)))
        assert rules(into, "broken") == broken
        assert "VAL-186" in rules(into, "not judged")


def test_a_suite_that_is_not_implemented_is_not_judged() -> None:
    other = INFO.group_context.replace(cipher_suite=0x0A0A)
    into = of_info(INFO.replace(group_context=other))
    assert rules(into, "broken") == set()
    assert "VAL-186" in rules(into, "not judged")


def test_a_good_tree_holds() -> None:
    into = of_nodes(NODES)
    assert rules(into, "broken") == set()
    assert {"VAL-067", "VAL-070", "VAL-048", "VAL-049"} <= rules(into, "holds")
    signatures = [each for each in into.findings if each.rule == "VAL-029"]
    assert [(each.verdict, each.where) for each in signatures] == [
        ("holds", "3 of 4 leaves"),
        ("not judged", "1 of 4 leaves"),
    ]
    around = Surroundings(group=group_of(GROUP.group_info(), None))
    assert rules(of_nodes(NODES, around), "not judged") == {"VAL-020"}


def test_what_is_wrong_with_a_tree_is_found() -> None:
    root = len(NODES) // 2
    twice = put(2, leaf(2))
    assert {"VAL-048", "VAL-049"} <= rules(of_nodes(twice), "broken")
    assert "VAL-065" in rules(of_nodes(put(1, leaf(0))), "broken")
    wrong = put(root, parent(root).replace(parent_hash=b"x"))
    assert {"VAL-067", "VAL-078"} & rules(of_nodes(wrong), "broken")
    unsorted = put(root, parent(root).replace(unmerged_leaves=(1, 0)))
    assert "VAL-013" in rules(of_nodes(unsorted), "broken")
    assert "VAL-063" in rules(of_nodes((*NODES, None)), "broken")
    signed = put(2, leaf(1).replace(signature=bytes(64)))
    broken = [each for each in of_nodes(signed).findings if each.verdict == "broken"]
    assert [(each.rule, each.where) for each in broken if each.rule == "VAL-029"] == [
        ("VAL-029", "leaf 1")
    ]
    keyless = put(root, parent(root).replace(encryption_key=b""))
    assert "VAL-010" in rules(of_nodes(keyless), "broken")


def test_another_tree_than_that_of_the_group_is_found() -> None:
    other = group_of(found("ab")[0].group_info(), None)
    assert "VAL-066" in rules(of_nodes(NODES, Surroundings(group=other)), "broken")


def test_a_tree_of_no_suite_is_judged_by_its_array() -> None:
    into = of_nodes((None, None))
    assert rules(into, "broken") == {"VAL-063", "VAL-065"}
    assert "VAL-067" in rules(into, "not judged")
    assert trees.tree_from((None, None), known_suite(1)) is None  # type: ignore[arg-type]
    assert rules(of_nodes(NODES, Surroundings(suite=1)), "broken") == set()
