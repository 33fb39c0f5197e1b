"""RFC 9420 §7.5–7.9, §12.4.3.1, §12.4.3.3: whole trees that nobody may join. May import the forge.

Each tree is offered twice: to a newcomer in a Welcome and to a stranger in a GroupInfo, both
signed by a member, with a ``tree_hash`` that fits and parent hashes that were renewed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import tree as forge_tree
from covey.lab.adversary.forge.tree import (
    Offer,
    changed,
    fresh_key,
    full,
    leaf_at,
    offers,
    parent_at,
    rechained,
    resigned,
    with_newcomers,
)
from covey.lab.adversary.taking_out import altering, always
from covey.lab.adversary.victims import Trial
from covey.mls.structs.extensions import Extension
from covey.mls.structs.tree import ParentNode
from covey.mls.tree import nodes as tree_nodes
from covey.mls.tree.nodes import Branch

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.forge.tree import Sprig
    from covey.lab.adversary.stage import Stage
    from covey.mls.tree.nodes import Subtree

UNLISTED = Extension(0xF0AA, b"")
"""An extension that no member lists in its capabilities."""


def _committed_by_mallory(stage: Stage) -> Sprig:
    """A tree whose root is Mallory's, so that she can chain it anew, with a newcomer."""
    stage.commit(stage.mallory)
    return with_newcomers(stage, stage.mallory)


# --- the array (§12.4.3.3) --------------------------------------------------------------


@offers("VAL-063")
def a_tree_that_ends_with_blanks(stage: Stage) -> Offer:
    """The ratchet_tree has two blank nodes behind its last one."""
    sprig = with_newcomers(stage, stage.mallory)
    return Offer(sprig, (*sprig.nodes, None, None))


def _nothing_beyond(original: Callable[..., Subtree]) -> Callable[..., Subtree]:
    def build(suite: Any, array: Any, height: int, position: int) -> Subtree:  # noqa: ANN401
        if position << (height + 1) >= len(array):
            return Branch(None, None, None, bytes(suite.Nh), 0, 0)
        return original(suite, array, height, position)

    return build


_UNEXTENDED = altering(("tree.ratchet_tree:_build", _nothing_beyond))


@offers("VAL-064", instead=_UNEXTENDED, named="VAL-066")
def a_tree_that_is_hashed_without_its_last_blanks(stage: Stage) -> Offer:
    """The tree hashes have zeros where the blanks are that the array leaves out."""
    sprig = _committed_by_mallory(stage)
    with _UNEXTENDED():
        bad = rechained(sprig.forger, sprig.nodes)
        return Offer(sprig, bad, bad_hash=forge_tree.tree_hash(sprig, bad))


@offers("VAL-065")
def a_leaf_at_a_parents_place(stage: Stage) -> Offer:
    """A LeafNode stands where a blank parent node would."""
    sprig = with_newcomers(stage, stage.mallory)
    return Offer(sprig, changed(sprig.nodes, (9, leaf_at(sprig.nodes, 4))))


@offers("VAL-065")
def a_parent_at_a_leafs_place(stage: Stage) -> Offer:
    """A ParentNode stands where a blank leaf would."""
    sprig = with_newcomers(stage, stage.mallory)
    return Offer(sprig, changed(sprig.nodes, (12, ParentNode(fresh_key(stage), b"", ()))))


@offers("VAL-065")
def an_array_of_even_length(stage: Stage) -> Offer:
    """A ParentNode is the last node, behind the last leaf."""
    sprig, _ = full(stage, 6)
    return Offer(sprig, changed(sprig.nodes, (15, ParentNode(fresh_key(stage), b"", ()))))


# --- the tree hash (§12.4.3.3) ----------------------------------------------------------


@offers("VAL-066")
def the_hash_of_another_tree(stage: Stage) -> Offer:
    """The tree_hash of the GroupContext is that of the tree before the newcomer came."""
    sprig = with_newcomers(stage, stage.mallory)
    return Offer(sprig, sprig.nodes, bad_hash=stage.mallory.context.tree_hash)


@breaks("VAL-066")
def another_tree_beside_the_welcome(stage: Stage) -> Trial:
    """The tree that comes beside the Welcome has one more member than the GroupContext says."""
    sprig = with_newcomers(stage, stage.mallory)
    more = stage.newcomer()[1].package.leaf_node
    tree = stage.mallory.tree.edited(added=[leaf_at(sprig.nodes, 5), more]).tree
    message = forge_tree.welcome(stage, sprig, sprig.nodes, inside=False)
    victim = stage.joiner(sprig.client, sprig.package)
    return Trial(victim, (message, tree.encode()), (message, forge_tree.encoded(sprig.nodes)))


@breaks("VAL-066")
def another_tree_beside_the_group_info(stage: Stage) -> Trial:
    """The tree that comes beside the GroupInfo has one more member than the GroupContext says."""
    sprig = with_newcomers(stage, stage.mallory)
    info = stage.mallory.group_info(with_tree=False)
    good, bad = stage.mallory.tree.encode(), forge_tree.encoded(sprig.nodes)
    return Trial(stage.outsider(), (info, bad), (info, good))


# --- parent hashes (§7.9) ---------------------------------------------------------------


@offers("VAL-067")
def a_root_with_another_key(stage: Stage) -> Offer:
    """The root has a public key that no member has signed."""
    sprig = with_newcomers(stage, stage.mallory)
    return Offer(
        sprig,
        changed(sprig.nodes, parent_at(sprig.nodes, 7, encryption_key=fresh_key(stage))),
    )


@offers("VAL-067")
def a_parent_that_nobody_has_put_there(stage: Stage) -> Offer:
    """A parent node stands where no path has led through, with a key of the forger's own."""
    sprig = _committed_by_mallory(stage)
    node = ParentNode(fresh_key(stage), b"", (5,))
    return Offer(sprig, rechained(sprig.forger, changed(sprig.nodes, (9, node))))


def _any_link(original: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    def link(child: Any, *place: Any) -> bytes | None:  # noqa: ANN401
        if child is not None and child.node is not None:
            found: bytes | None = child.node.parent_hash
            return found
        return original(child, *place)

    return link


@offers("VAL-068", instead=altering(("tree.parent_hashes:_link", _any_link)))
def a_root_that_forgets_an_unmerged_leaf(stage: Stage) -> Offer:
    """A leaf is unmerged at the node below the root that carries its hash, not at the root."""
    sprig, _ = full(stage, 6, last=True)
    return Offer(sprig, changed(sprig.nodes, parent_at(sprig.nodes, 7, unmerged_leaves=())))


def _as_it_is(_: object) -> Callable[..., bytes]:
    def hashed(self: Any, subtree: Any, height: int, position: int, *_: Any) -> bytes:  # noqa: ANN401
        return tree_nodes.tree_hash(self._suite, subtree, height, position)

    return hashed


_WITH_NEW_LEAVES = altering(("tree.parent_hashes:_Originals.hash", _as_it_is))


@offers("VAL-069", instead=_WITH_NEW_LEAVES)
def a_parent_hash_of_the_sibling_as_it_is(stage: Stage) -> Offer:
    """The parent hash of the root covers a leaf of the sibling that was added later."""
    sprig, _ = full(stage, 6)
    with _WITH_NEW_LEAVES():
        bad = rechained(sprig.forger, sprig.nodes)
    return Offer(sprig, bad)


def _still_listed(original: Callable[..., bytes]) -> Callable[..., bytes]:
    def without(self: Any, subtree: Any, *place: Any) -> bytes:  # noqa: ANN401
        if subtree.node is None or not subtree.node.unmerged_leaves:
            return original(self, subtree, *place)
        height, position, excluded = place
        middle = (2 * position + 1) << (height - 1)
        halves = ([leaf for leaf in excluded if (leaf < middle) is low] for low in (True, False))
        low, high = map(tuple, halves)
        left = self.hash(subtree.left, height - 1, 2 * position, low)
        right = self.hash(subtree.right, height - 1, 2 * position + 1, high)
        return tree_nodes.parent_tree_hash(self._suite, subtree.node, left, right)

    return without


_STILL_LISTED = altering(("tree.parent_hashes:_Originals._without", _still_listed))


@offers("VAL-069", instead=_STILL_LISTED)
def a_parent_hash_of_a_sibling_that_lists_a_later_leaf(stage: Stage) -> Offer:
    """The parent hash of the root blanks a later leaf, and leaves it in an unmerged_leaves."""
    sprig, _ = full(stage, 6)
    with _STILL_LISTED():
        bad = rechained(sprig.forger, sprig.nodes)
    return Offer(sprig, bad)


@offers("VAL-078")
def a_root_with_a_parent_hash(stage: Stage) -> Offer:
    """The root has a parent_hash, and the chain down to Mallory's leaf takes it in."""
    sprig = _committed_by_mallory(stage)
    above = stage.entropy(stage.suite.Nh)
    return Offer(sprig, rechained(sprig.forger, sprig.nodes, above=above))


# --- unmerged leaves and keys (§12.4.3.1) -----------------------------------------------


@offers("VAL-070")
def a_blank_leaf_that_is_unmerged(stage: Stage) -> Offer:
    """The root lists a blank leaf as unmerged."""
    sprig = with_newcomers(stage, stage.mallory)
    return Offer(sprig, changed(sprig.nodes, parent_at(sprig.nodes, 7, unmerged_leaves=(5, 6))))


@offers("VAL-070")
def an_unmerged_leaf_that_is_not_below(stage: Stage) -> Offer:
    """The root lists a leaf as unmerged that is not below it."""
    sprig = with_newcomers(stage, stage.mallory)
    return Offer(sprig, changed(sprig.nodes, parent_at(sprig.nodes, 7, unmerged_leaves=(5, 9))))


@offers("VAL-071")
def a_node_between_that_does_not_list_a_leaf(stage: Stage) -> Offer:
    """A leaf is unmerged at the root, but not at a node between the two."""
    sprig, helper = full(stage, 5)
    forgetful = changed(sprig.nodes, parent_at(sprig.nodes, 11, unmerged_leaves=()))
    node = sprig.nodes[11]
    assert isinstance(node, ParentNode)
    chained = rechained(helper, forgetful, top=2, above=node.parent_hash)
    return Offer(sprig, rechained(sprig.forger, chained))


@offers("VAL-072")
def a_parent_with_the_key_of_a_leaf(stage: Stage) -> Offer:
    """Mallory has put Victor's public key into a node above her leaf."""
    sprig = _committed_by_mallory(stage)
    key = leaf_at(sprig.nodes, 4).encryption_key
    bad = changed(sprig.nodes, parent_at(sprig.nodes, 3, encryption_key=key))
    return Offer(sprig, rechained(sprig.forger, bad))


@offers("VAL-072")
def two_parents_with_one_key(stage: Stage) -> Offer:
    """Mallory has put one public key into two nodes above her leaf."""
    sprig = _committed_by_mallory(stage)
    root = sprig.nodes[7]
    assert isinstance(root, ParentNode)
    bad = changed(sprig.nodes, parent_at(sprig.nodes, 3, encryption_key=root.encryption_key))
    return Offer(sprig, rechained(sprig.forger, bad))


_UNCHECKED_LEAVES = altering(("group.join:_check_leaves", always(None)))


@offers("VAL-073", instead=_UNCHECKED_LEAVES, named="VAL-029")
def a_leaf_that_is_signed_for_another_place(stage: Stage) -> Offer:
    """The signature of a leaf names another leaf index."""
    sprig = _committed_by_mallory(stage)
    return Offer(sprig, resigned(sprig.forger, sprig.nodes, index=0))


@offers("VAL-073", instead=_UNCHECKED_LEAVES, named="VAL-039")
def a_leaf_with_an_extension_that_it_does_not_list(stage: Stage) -> Offer:
    """A leaf has an extension that its capabilities do not list."""
    sprig = _committed_by_mallory(stage)
    return Offer(sprig, resigned(sprig.forger, sprig.nodes, extensions=(UNLISTED,)))
