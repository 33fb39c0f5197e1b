"""KeyPackages and leaves, judged by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from covey.lab.inspect.examine import group_of
from covey.lab.inspect.judging import leaves
from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts, known_suite
from covey.mls.wire.code_points import LeafNodeSource
from group_samples import found, key_package, member

if TYPE_CHECKING:
    from covey.mls.structs.key_package import KeyPackage

PACKAGE = key_package(member("a"))
assert PACKAGE.leaf_node.lifetime is not None
NOW = PACKAGE.leaf_node.lifetime.not_before + 10

UPDATE = PACKAGE.leaf_node.replace(leaf_node_source=LeafNodeSource.update, lifetime=None)


def judged(package: KeyPackage, **around: Any) -> Verdicts:  # noqa: ANN401
    into = Verdicts()
    leaves.key_package(into, package, Surroundings(**{"now": NOW, **around}))
    return into


def rules(into: Verdicts, verdict: str) -> set[str]:
    return {each.rule for each in into.findings if each.verdict == verdict}


def test_a_good_key_package_holds() -> None:
    into = judged(PACKAGE)
    assert rules(into, "broken") == set()
    assert rules(into, "not judged") == {"VAL-052", "VAL-038", "VAL-021"}
    assert {"VAL-055", "VAL-029", "VAL-037", "VAL-031"} <= rules(into, "holds")


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"version": 2}, {"VAL-052", "VAL-055"}),
        ({"init_key": PACKAGE.leaf_node.encryption_key}, {"VAL-055", "VAL-056"}),
        ({"init_key": b"short"}, {"VAL-055", "VAL-057"}),
        ({"signature": bytes(64)}, {"VAL-055"}),
        (
            {"leaf_node": PACKAGE.leaf_node.replace(signature=bytes(64))},
            {"VAL-055", "VAL-029"},
        ),
        (
            {
                "leaf_node": PACKAGE.leaf_node.replace(
                    leaf_node_source=LeafNodeSource.update, lifetime=None
                )
            },
            {"VAL-055", "VAL-031"},
        ),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, set) else "",
)
def test_what_is_wrong_is_found(changes: dict[str, Any], broken: set[str]) -> None:
    assert rules(judged(PACKAGE.replace(**changes)), "broken") == broken


def test_the_clock_is_asked_where_there_is_one() -> None:
    assert "VAL-037" in rules(judged(PACKAGE, now=NOW * 2), "broken")
    assert "VAL-037" in rules(judged(PACKAGE, now=None), "not judged")


def test_a_suite_that_is_not_implemented_is_not_judged() -> None:
    into = judged(PACKAGE.replace(cipher_suite=0x0A0A))
    assert rules(into, "broken") == set()
    assert {"VAL-052", "VAL-055", "VAL-010", "VAL-029"} <= rules(into, "not judged")


def test_the_suite_of_a_key_package_is_compared_with_that_of_a_group() -> None:
    assert "VAL-052" in rules(judged(PACKAGE, suite=1), "holds")
    assert rules(judged(PACKAGE, suite=2), "broken") == {"VAL-052"}
    group = group_of(found("ab", suite=3)[0].group_info(), None)
    assert rules(judged(PACKAGE, group=group), "broken") == {"VAL-052"}
    strange = PACKAGE.replace(cipher_suite=0x0A0A)
    assert rules(judged(strange, suite=1), "broken") == {"VAL-052"}


def test_the_leaf_of_a_joiner_replaces_none() -> None:
    group = found("ab")[0]
    leaf = group.tree.leaf(0)
    assert leaf is not None
    around = Surroundings(
        group_id=group.group_id, group=group_of(group.group_info(), None), now=NOW
    )
    into = Verdicts()
    leaves.leaf(into, leaf, known_suite(1), around, index=leaves.JOINING)
    assert "VAL-083" not in {each.rule for each in into.findings}
    assert [each.detail for each in into.findings if each.rule == "VAL-029"] == [
        "needs the tree after the proposals"
    ]
    into = Verdicts()
    leaves.leaf(into, leaf, known_suite(1), around)
    details = [each.detail for each in into.findings if each.rule in {"VAL-029", "VAL-083"}]
    assert all(each.endswith("its sender: the message that it came in") for each in details)
    assert len(details) == 2


def test_a_leaf_of_a_tree_is_signed_for_its_place() -> None:
    group = found("ab")[0]
    leaf = group.tree.leaf(0)
    assert leaf is not None
    suite = known_suite(1)
    into = Verdicts()
    leaves.leaf(into, leaf, suite, Surroundings())
    assert "VAL-029" in rules(into, "not judged")
    assert leaf.leaf_node_source is LeafNodeSource.commit
    assert "VAL-083" in rules(into, "not judged")
    into = Verdicts()
    around = Surroundings(group_id=group.group_id)
    leaves.leaf(into, leaf, suite, around, replaced=leaf, index=0)
    assert rules(into, "broken") == {"VAL-083"}
    assert "VAL-029" in rules(into, "holds")
    into = Verdicts()
    leaves.leaf(into, leaf, suite, around, index=1)
    assert rules(into, "broken") == {"VAL-029"}
