"""Trees drawn as SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from covey.mls.picture.drawing import svg
from covey.mls.picture.layout import layout
from covey.mls.structs.credentials import BasicCredential
from covey.mls.structs.tree import ParentNode
from tree_samples import grown_tree, leaf, special_trees, tree_from, tree_of

NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}
EVIL = "</title><script>alert(1)</script>&\"'<"


def drawn(tree: object, highlight: int | None = None) -> ET.Element:
    """The parsed picture of a tree."""
    return ET.fromstring(svg(tree, highlight=highlight))  # type: ignore[arg-type]  # noqa: S314


def words(picture: ET.Element) -> str:
    """All text in a picture."""
    return " ".join(picture.itertext())


def tooltips(picture: ET.Element) -> dict[int, str]:
    """What the nodes of a picture say, by array index."""
    titles = [each.text or "" for each in picture.findall("svg:g/svg:title", NAMESPACE)]
    return {int(re.match(r"node (\d+)", title)[1]): title for title in titles}  # type: ignore[index]


def classes(picture: ET.Element) -> list[str]:
    """How the nodes of a picture look, in its order."""
    boxes = picture.findall("svg:g/svg:rect", NAMESPACE)
    return [box.get("class", "") for box in boxes if "node" in box.get("class", "")]


@pytest.mark.parametrize("name", special_trees())
def test_every_node_has_a_place_and_a_tooltip(name: str) -> None:
    tree = special_trees()[name].tree
    picture = drawn(tree)
    assert list(tooltips(picture)) == list(range(15))
    for shape, look in zip(layout(tree).rows(), classes(picture), strict=True):
        assert ("blank" in look) is (shape.node is None)
        unmerged = isinstance(shape.node, ParentNode) and shape.node.unmerged_leaves
        assert ("unmerged" in look) is bool(unmerged)


def test_a_tooltip_says_all_about_a_parent() -> None:
    tree = special_trees()["much unmerged"].tree
    node = tree.node_at(11)
    assert isinstance(node, ParentNode)
    assert tooltips(drawn(tree))[11].splitlines() == [
        "node 11",
        f"encryption_key {node.encryption_key[:4].hex()}…",
        f"parent_hash {node.parent_hash[:4].hex()}…",
        "unmerged_leaves 5, 7",
        "held by leaves 4, 6",
        "resolution: nodes 11, 10, 14",
    ]


def test_a_tooltip_says_all_about_a_leaf() -> None:
    tree = special_trees()["full"].tree
    found = tree.leaf(3)
    assert found is not None
    assert found.parent_hash is not None
    said = tooltips(drawn(tree, highlight=3))
    assert (
        said[6].splitlines()
        == [
            "node 6",
            "the highlighted leaf",
            f"leaf 3  {found.credential.identity.decode()}",  # type: ignore[union-attr]
            f"encryption_key {found.encryption_key[:4].hex()}…",
            f"signature_key {found.signature_key[:4].hex()}…",
            "leaf_node_source commit",
            f"parent_hash {found.parent_hash[:4].hex()}…",
        ]
    )
    assert said[7].startswith("node 7 (root)\non its direct path, and it holds the key\n")
    assert "on its copath" in said[4]


def test_a_blank_node_says_to_whom_one_encrypts() -> None:
    said = tooltips(drawn(special_trees()["odd"].tree))
    assert said[11] == "node 11\nblank\nresolution: node 8"
    assert said[13] == "node 13\nblank\nresolution: empty"
    assert said[14] == "node 14\nleaf 7  blank"


def test_a_highlighted_leaf_has_its_path_drawn() -> None:
    picture = drawn(special_trees()["full"].tree, highlight=5)
    paths = [each.get("class") for each in picture.findall("svg:path", NAMESPACE)]
    assert paths.count("edge on") == 3
    assert paths.count("edge") == 11
    assert sum(" on" in each for each in classes(picture)) == 4
    said = words(picture)
    assert "▶ this leaf" in said
    assert said.count("✓ holds this key") == 3
    assert said.count("+ on its copath") == 3
    assert "Leaf 5 holds the private keys of nodes 10, 9, 11, 7." in said


def test_nothing_of_a_highlight_is_in_a_plain_picture() -> None:
    said = words(drawn(special_trees()["full"].tree))
    assert "copath" not in said
    assert "this leaf" not in said


def test_only_symbols_that_are_used_are_explained() -> None:
    legend = {
        each.text or ""
        for each in drawn(special_trees()["full"].tree).findall("svg:text", NAMESPACE)
    }
    assert {"member", "parent with a key"} < legend
    assert not {"blank leaf", "blank parent", "folded subtree", "blank subtree"} & legend
    assert not any("unmerged" in each for each in legend)


def test_it_can_be_read_without_being_seen() -> None:
    picture = drawn(tree_of(5))
    assert picture.get("role") == "img"
    title, described = picture.find("svg:title", NAMESPACE), picture.find("svg:desc", NAMESPACE)
    assert title is not None
    assert described is not None
    assert title.text == "Ratchet tree: 5 members, 8 leaves; 0 of 7 parents with keys"
    assert described.text == "Members: leaf 0 0, leaf 1 1, leaf 2 2, leaf 3 3, leaf 4 4."


def test_it_loads_nothing_and_runs_nothing() -> None:
    source = svg(grown_tree(8).tree, highlight=2)
    picture = ET.fromstring(source)  # noqa: S314 - our own
    assert {each.tag.rpartition("}")[2] for each in picture.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "text", "path", "g"),
    }
    assert source.count("http") == 1  # the namespace
    assert "url(" not in source
    assert "@import" not in source


def test_it_is_legible_in_the_light_and_in_the_dark() -> None:
    source = svg(tree_of(2))
    light, _, dark = source.partition("@media (prefers-color-scheme: dark)")
    for what in ("paper", "text", "edge", "leaf", "parent", "blank"):
        assert what in light
        assert what in dark
    rules = re.findall(r"^(\.[^{]*|@[^{]*)\{", source, re.MULTILINE)
    assert all(rule.startswith((".covey-tree", "@media")) for rule in rules)


def test_a_name_cannot_leave_its_place() -> None:
    evil = leaf("x").replace(credential=BasicCredential(EVIL.encode()))
    source = svg(tree_from(evil, None, leaf("bob")), highlight=0)
    assert "<script" not in source
    assert EVIL in words(ET.fromstring(source))  # noqa: S314 - it has to be harmless


def test_control_characters_leave_it_well_formed() -> None:
    evil = leaf("x").replace(credential=BasicCredential(b"\x00\x1b]0;\x07"))
    assert "\\x00\\x1b]0;\\x07" in words(drawn(tree_from(evil, None, leaf("bob"))))


def test_a_tree_that_breaks_the_rules_is_drawn_as_well() -> None:
    odd = ParentNode(b"", b"", (7, 2, 2, 99))
    said = tooltips(drawn(tree_from(None, odd, None, leaf("a"), leaf("b"), odd, leaf("b"))))
    assert "unmerged_leaves 7, 2, 2, 99" in said[1]
    assert drawn(tree_from()).get("role") == "img"


def test_a_big_tree_is_folded_and_says_so() -> None:
    source = svg(tree_of(10_000), highlight=1234)
    assert len(source) < 400_000
    said = words(ET.fromstring(source))  # noqa: S314 - our own
    assert re.search(r"Folded: \d+ rows stand for 32,767 nodes\.", said)
    assert "leaves 8192–8703  512 members" in said
    assert "leaf 31 31." in said  # the description names as many


def test_words_stay_inside_the_picture() -> None:
    for tree in (tree_of(1), tree_of(3), grown_tree(20).tree, tree_of(500)):
        picture = drawn(tree, highlight=0)
        width, height = (float(each) for each in picture.get("viewBox", "").split()[2:])
        for each in picture.iter("{http://www.w3.org/2000/svg}text"):
            assert 0 < float(each.get("x", "")) < width
            assert 0 < float(each.get("y", "")) < height


def test_a_blank_leaf_is_not_highlighted() -> None:
    with pytest.raises(ValueError, match="leaf 7 is blank"):
        svg(tree_of(5), highlight=7)
