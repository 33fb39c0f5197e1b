"""RFC 9420 §7.1, §13.4: lists that have to be sorted, or without doubles. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.encoding import REQUIRING_NOTHING
from covey.lab.adversary.forge.leaves import proposed_add
from covey.lab.adversary.taking_out import altering, together, without, without_rules
from covey.lab.adversary.victims import Trial
from covey.mls.structs.extensions import Extension
from covey.mls.structs.proposals import GroupContextExtensions, ReInit
from covey.mls.structs.tree import ParentNode, RatchetTreeNodes
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import ExtensionType, ProtocolVersion
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.crypto.suite import Suite
    from covey.mls.tree.nodes import Branch


def _in_order(original: Callable[..., bool]) -> Callable[..., bool]:
    """Parent hashes are verified by halves of a sorted list: sort it for that."""

    def is_valid(suite: Suite, originals: object, parent: Branch, *place: int) -> bool:
        assert parent.node is not None
        node = parent.node.replace(unmerged_leaves=tuple(sorted(parent.node.unmerged_leaves)))
        return original(suite, originals, msgspec.structs.replace(parent, node=node), *place)

    return is_valid


IN_ANY_ORDER = together(without("VAL-013"), altering(("tree.parent_hashes:_is_valid", _in_order)))


def _unmerged(stage: Stage, change: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Trial:
    """A GroupInfo with a tree, at whose root stand two unmerged leaves in another order."""
    newcomers = [stage.newcomer()[1].message for _ in range(2)]
    stage.commit(stage.carol, add=newcomers, path=False)
    nodes = list(stage.mallory.tree.to_nodes())
    root, node = next(
        (index, node)
        for index, node in enumerate(nodes)
        if isinstance(node, ParentNode) and len(node.unmerged_leaves) == len(newcomers)
    )
    nodes[root] = node.replace(unmerged_leaves=change(node.unmerged_leaves))
    tree = RatchetTreeNodes(tuple(nodes)).encode()
    context = {"tree_hash": RatchetTree.from_nodes(stage.suite, tuple(nodes)).tree_hash}
    bad = forge.group_info(stage.mallory, tree=tree, context=context)
    return Trial(stage.outsider(), bad, forge.group_info(stage.mallory))


@breaks("VAL-013", instead=IN_ANY_ORDER)
def unmerged_leaves_that_decrease(stage: Stage) -> Trial:
    """The unmerged leaves of the root stand in the wrong order; all hashes fit them."""
    return _unmerged(stage, lambda leaves: leaves[::-1])


@breaks("VAL-013")
def an_unmerged_leaf_that_stands_twice(stage: Stage) -> Trial:
    """One of the unmerged leaves of the root stands there twice; all hashes fit them."""
    return _unmerged(stage, lambda leaves: (*leaves, leaves[-1]))


_TWICE = (Extension(ExtensionType.application_id, opaque(b"one")),) * 2


@breaks("VAL-014")
def a_leaf_with_an_extension_twice(stage: Stage) -> Trial:
    """The leaf of a newcomer has two extensions of one type."""
    _, package = stage.newcomer()
    bad, good = (
        forge.repackaged(package, leaf={"extensions": each}) for each in (_TWICE, _TWICE[:1])
    )
    return proposed_add(stage, bad.package, good.package)


@breaks("VAL-014")
def a_key_package_with_an_extension_twice(stage: Stage) -> Trial:
    """The KeyPackage of a newcomer has two extensions of one type."""
    _, package = stage.newcomer()
    bad, good = (forge.repackaged(package, extensions=each) for each in (_TWICE, _TWICE[:1]))
    return proposed_add(stage, bad.package, good.package)


@breaks("VAL-014")
def group_extensions_with_one_twice(stage: Stage) -> Trial:
    """A GroupContextExtensions has two extensions of one type."""
    twice = (REQUIRING_NOTHING,) * 2
    bad, good = (
        forge.proposed(stage.mallory, GroupContextExtensions(each)) for each in (twice, twice[:1])
    )
    return Trial(stage.victim(), bad, good)


@breaks("VAL-014")
def a_committed_group_extension_twice(stage: Stage) -> Trial:
    """A commit replaces the extensions of the group by two of one type."""
    twice = (REQUIRING_NOTHING,) * 2
    bad = forge.committed(stage.mallory, "VAL-014", extensions=twice)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(extensions=twice[:1]).message)


@breaks("VAL-014")
def a_reinit_with_an_extension_twice(stage: Stage) -> Trial:
    """A ReInit has two extensions of one type."""
    twice = (REQUIRING_NOTHING,) * 2
    bad, good = (
        forge.proposed(
            stage.mallory, ReInit(b"next", ProtocolVersion.mls10, stage.suite.code, each)
        )
        for each in (twice, twice[:1])
    )
    return Trial(stage.victim(), bad, good)


@breaks("VAL-014")
def a_group_info_with_an_extension_twice(stage: Stage) -> Trial:
    """A GroupInfo has two extensions of one type, which nobody knows."""
    unknown = Extension(0xF0AA, b"")
    with without_rules("VAL-014"):
        bad = stage.mallory.group_info(extensions=(unknown, unknown))
    return Trial(stage.outsider(), bad, stage.mallory.group_info(extensions=(unknown,)))


@breaks("VAL-014")
def a_group_info_in_a_welcome_with_an_extension_twice(stage: Stage) -> Trial:
    """The GroupInfo in a Welcome has two extensions of one type, which nobody knows."""
    client, package = stage.newcomer()
    twice = (Extension(0xF0AA, b""),) * 2
    added = [package.message]
    bad = forge.committed(stage.mallory, "VAL-014", add=added, info_extensions=twice)
    good = stage.mallory.commit(add=added, info_extensions=twice[:1])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


@breaks("VAL-014")
def a_group_with_an_extension_twice(stage: Stage) -> Trial:
    """A GroupInfo is of a group whose extensions have two of one type."""
    twice = (REQUIRING_NOTHING,) * 2
    bad = forge.committed(stage.mallory, "VAL-014", extensions=twice)
    good = stage.mallory.commit(extensions=twice[:1])
    return Trial(stage.outsider(), bad.group_info(), good.group_info())
