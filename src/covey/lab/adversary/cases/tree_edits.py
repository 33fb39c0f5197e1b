"""RFC 9420 §7.5, §7.7, §7.8, §12.1.1: members who change the tree otherwise. May import the forge.

Mallory's engine computes another tree, or hashes it otherwise, and all that follows from it;
the others come to another GroupContext, and what she has encrypted or tagged does not open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.taking_out import altering, always
from covey.lab.adversary.victims import Trial
from covey.mls.structs.tree import ParentNode
from covey.mls.tree import nodes as tree_nodes
from covey.mls.tree.nodes import Branch, Leaf

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.tree.nodes import Subtree

    Function = Callable[..., Any]


def _newcomers(stage: Stage, count: int = 1) -> list[bytes]:
    """KeyPackages."""
    return [stage.newcomer()[1].message for _ in range(count)]


def _otherwise(stage: Stage, under: Function, **options: Any) -> Trial:  # noqa: ANN401
    """Mallory commits the same twice: with another engine, and with her own."""
    bad = forge.committed(stage.mallory, under=under, **options)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(**options).message)


def _adds(stage: Stage, under: Function, count: int = 1) -> Trial:
    """She adds newcomers without a path, so that the confirmation tag alone tells."""
    return _otherwise(stage, under, add=_newcomers(stage, count), path=False)


# --- what is hashed (§7.8) --------------------------------------------------------------


def _never_absent(original: Function) -> Function:
    def hashed(suite: Any, node: ParentNode | None, left: bytes, right: bytes) -> object:  # noqa: ANN401
        return original(suite, node or ParentNode(b"", b"", ()), left, right)

    return hashed


def _unremembered(cached: Any) -> Function:  # noqa: ANN401
    computed: Function = cached.__wrapped__
    return computed


_NEVER_ABSENT = altering(
    ("tree.nodes:parent_tree_hash", _never_absent),
    ("tree.nodes:_remembered_blank_hash", _unremembered),
)


@breaks("VAL-074", instead=_NEVER_ABSENT, named="VAL-157")
def a_blank_parent_that_is_hashed_as_present(stage: Stage) -> Trial:
    """Mallory hashes a blank parent node as one that is present and empty."""
    return _adds(stage, _NEVER_ABSENT)


def _absent(_: object) -> Function:
    def leaf(suite: Any, index: int, node: Any) -> Leaf:  # noqa: ANN401
        return Leaf(node, tree_nodes.blank_hash(suite.code, 0, index))

    return leaf


_ABSENT = altering(("tree.nodes:make_leaf", _absent))


@breaks("VAL-074", instead=_ABSENT, named="VAL-157")
def a_leaf_that_is_hashed_as_absent(stage: Stage) -> Trial:
    """Mallory hashes the leaf of a newcomer as a blank one."""
    return _adds(stage, _ABSENT)


# --- how large the tree is, and where leaves go (§7.7) ----------------------------------

_UNTRUNCATED = altering(("tree.edit:truncate", lambda _: lambda root, height: (root, height)))


@breaks("VAL-075", instead=_UNTRUNCATED, named="VAL-086")
def a_tree_that_is_not_truncated(stage: Stage) -> Trial:
    """Mallory removes the last member of the right half, and keeps the blank half."""
    stage.commit(stage.alice, add=_newcomers(stage, 4))
    return _otherwise(stage, _UNTRUNCATED, remove=[8])


_NEVER_BLANK = altering(("tree.edit:blank_leaves", always([])))


@breaks("VAL-075", instead=_NEVER_BLANK, named="VAL-157")
def a_newcomer_who_does_not_get_the_leftmost_blank_leaf(stage: Stage) -> Trial:
    """Mallory makes the tree larger for a newcomer, though it has blank leaves."""
    return _adds(stage, _NEVER_BLANK)


def _twice_as_large(original: Function) -> Function:
    return lambda suite, root, height, leaves: original(suite, root, height, 2 * leaves)


_TWICE_AS_LARGE = altering(("tree.edit:extend", _twice_as_large))


@breaks("VAL-075", instead=_TWICE_AS_LARGE, named="VAL-157")
def a_tree_that_grows_by_more_than_its_double(stage: Stage) -> Trial:
    """Mallory makes a full tree four times as large for one newcomer."""
    stage.commit(stage.alice, add=_newcomers(stage, 3))
    return _adds(stage, _TWICE_AS_LARGE)


# --- what an Add leaves behind (§12.1.1) ------------------------------------------------

_UNLISTED = altering(("tree.edit:_with_unmerged", lambda _: lambda node, __: node))


@breaks("VAL-076", instead=_UNLISTED, named="VAL-157")
def a_newcomer_who_is_not_unmerged(stage: Stage) -> Trial:
    """Mallory adds a newcomer whom no node above it lists as unmerged."""
    return _adds(stage, _UNLISTED)


def _backwards(original: Function) -> Function:
    def listed(node: ParentNode, leaves: Any) -> object:  # noqa: ANN401
        found = original(node, leaves)
        return found.replace(unmerged_leaves=found.unmerged_leaves[::-1])

    return listed


_BACKWARDS = altering(("tree.edit:_with_unmerged", _backwards))


@breaks("VAL-076", instead=_BACKWARDS, named="VAL-157")
def newcomers_who_are_listed_backwards(stage: Stage) -> Trial:
    """Mallory adds two newcomers, and lists them as unmerged from right to left."""
    return _adds(stage, _BACKWARDS, 2)


# --- what a path leaves behind (§7.5) ---------------------------------------------------


def _above(root: Subtree, height: int, leaf: int) -> dict[int, ParentNode]:
    """The parent nodes above a leaf, by height."""
    found = {}
    while isinstance(root, Branch):
        if root.node is not None:
            found[height] = root.node
        height -= 1
        root = root.right if leaf >> height & 1 else root.left
    return found


def _setting(change: Callable[[dict[int, ParentNode], dict[int, ParentNode]], None]) -> Function:
    """An alteration of ``set_path``: change the new nodes above a leaf, given the old ones."""

    def alter(original: Function) -> Function:
        def set_path(suite: Any, root: Subtree, height: int, leaf: int, *given: Any) -> object:  # noqa: ANN401
            node, parents = given
            new = dict(parents)
            change(new, _above(root, height, leaf))
            return original(suite, root, height, leaf, node, new)

        return set_path

    return alter


def _keep_unmerged(new: dict[int, ParentNode], old: dict[int, ParentNode]) -> None:
    for height, node in old.items():
        new[height] = new[height].replace(unmerged_leaves=node.unmerged_leaves)


def _keep_lowest(new: dict[int, ParentNode], old: dict[int, ParentNode]) -> None:
    new[1] = old[1]


_KEPT_UNMERGED = altering(("tree.edit:set_path", _setting(_keep_unmerged)))
_KEPT_LOWEST = altering(("tree.edit:set_path", _setting(_keep_lowest)))


@breaks("VAL-077", instead=_KEPT_UNMERGED, named="VAL-086")
def a_path_that_leaves_leaves_unmerged(stage: Stage) -> Trial:
    """Mallory's path reaches a newcomer, whom she leaves unmerged nevertheless."""
    stage.commit(stage.mallory)
    stage.commit(stage.alice, add=_newcomers(stage), path=False)
    return _otherwise(stage, _KEPT_UNMERGED)


@breaks("VAL-077", instead=_KEPT_LOWEST, named="VAL-086")
def a_path_that_leaves_a_node_as_it_was(stage: Stage) -> Trial:
    """Mallory sends a new key for the node above her leaf, and keeps the old one in her tree."""
    stage.commit(stage.mallory)
    return _otherwise(stage, _KEPT_LOWEST)


def _below_something(_: object) -> Function:
    def parents(suite: Any, steps: Any, keys: Any) -> object:  # noqa: ANN401
        made, above = {}, bytes(suite.Nh)
        for step, key in zip(reversed(steps), reversed(keys), strict=True):
            made[step.height] = parent = ParentNode(key, above, ())
            above = tree_nodes.parent_hash(suite, parent, step.sibling.hash)
        return made, above

    return parents


_BELOW_SOMETHING = altering(("tree.parent_hashes:path_parents", _below_something))


@breaks("VAL-078", instead=_BELOW_SOMETHING, named="VAL-081")
def a_path_whose_root_has_a_parent_hash(stage: Stage) -> Trial:
    """Mallory computes the parent hashes of her path from zeros above the root."""
    return _otherwise(stage, _BELOW_SOMETHING)
