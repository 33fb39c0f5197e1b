"""Trees as values that JSON has."""

from __future__ import annotations

import json

from covey.lab.inspect.tree_facts import tree_facts
from covey.mls.structs.tree import ParentNode
from tree_samples import leaf, tree_from

TREE = tree_from(
    leaf("a"), ParentNode(b"\1", b""), leaf("b"), ParentNode(b"\3", b"", (2,)), leaf("c")
)


def test_parents_say_who_holds_their_keys() -> None:
    said = tree_facts(TREE, 2)
    assert json.loads(json.dumps(said)) == said
    assert said["parents"][1] == {
        "node": 3,
        "encryption_key": "03",
        "holders": [0, 1],
        "unmerged_leaves": [2],
        "resolution": [3, 4],
        "held": False,
    }
    assert said["parents"][2]["holders"] == []
    assert said["parents"][2]["encryption_key"] is None
    assert said["leaf"] == {"leaf": 2, "holds": [4], "encrypts_to": [1]}


def test_without_a_leaf_nothing_is_said_of_one() -> None:
    said = tree_facts(tree_from(leaf("a"), None, leaf("b"), None, None, None, None))
    assert "leaf" not in said
    assert [each["node"] for each in said["parents"]] == [1, 3]
    assert said["members"][1] == {"leaf": 1, "node": 2, "name": "b"}
