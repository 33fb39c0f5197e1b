"""RFC 9420 §12.4.3.1, §12.4.3.2: what a stranger is given to join by. May import the forge.

A member hands out a GroupInfo that is not right; a stranger makes an external commit of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.taking_out import altering, always, without
from covey.lab.adversary.victims import Trial
from covey.mls.structs.extensions import Extension
from covey.mls.structs.tree import LeafNode, ParentNode, RatchetTreeNodes
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import ExtensionType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.lab.adversary.stage import Stage
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.tree import Node
    from covey.mls.structs.welcome import GroupInfo


_UNSIGNED_INFO = altering(("group.join:verify_info_signature", always(None)))
_UNSIGNED_LEAVES = altering(("group.verify:Checker.signatures", always(None)))


@breaks("VAL-178", instead=_UNSIGNED_INFO, named="VAL-186")
def a_group_info_of_somebody_else(stage: Stage) -> Trial:
    """A GroupInfo names Mallory as its signer, and is signed by a stranger."""
    bad = forge.group_info(stage.mallory, signer=stage.member().signer)
    return Trial(stage.outsider(), bad, forge.group_info(stage.mallory))


@breaks("VAL-178", instead=without("VAL-066"), named="VAL-066")
def a_group_info_of_another_tree(stage: Stage) -> Trial:
    """The tree_hash of the GroupContext is not that of the tree."""
    bad = forge.group_info(stage.mallory, context={"tree_hash": bytes(stage.suite.Nh)})
    return Trial(stage.outsider(), bad, forge.group_info(stage.mallory))


@breaks("VAL-178", instead=_UNSIGNED_LEAVES, named="VAL-029")
def a_group_info_with_a_leaf_that_is_not_signed(stage: Stage) -> Trial:
    """The tree of a GroupInfo has a leaf whose signature does not verify."""
    nodes, place = list(stage.mallory.tree.to_nodes()), 2 * stage.carol.own_index
    leaf = nodes[place]  # of the last committer: no parent hash covers it
    assert isinstance(leaf, LeafNode)
    nodes[place] = leaf.replace(signature=bytes(len(leaf.signature)))
    return Trial(stage.outsider(), _info_of(stage, nodes), _info_of(stage))


@breaks("VAL-178", instead=without("VAL-067"), named="VAL-067")
def a_group_info_with_a_wrong_parent_hash(stage: Stage) -> Trial:
    """The tree of a GroupInfo has a parent node that nobody has committed."""
    nodes = list(stage.mallory.tree.to_nodes())
    place, node = next((n, each) for n, each in enumerate(nodes) if isinstance(each, ParentNode))
    _, key = stage.suite.generate_key_pair(stage.entropy)
    nodes[place] = node.replace(encryption_key=key)
    return Trial(stage.outsider(), _info_of(stage, nodes), _info_of(stage))


def _info_of(stage: Stage, nodes: Sequence[Node | None] | None = None) -> bytes:
    """A GroupInfo of Mallory with any tree, whose hash stands in the GroupContext."""
    array = stage.mallory.tree.to_nodes() if nodes is None else tuple(nodes)
    tree_hash = RatchetTree.from_nodes(stage.suite, array).tree_hash
    data = RatchetTreeNodes(tuple(array)).encode()
    return forge.group_info(stage.mallory, tree=data, context={"tree_hash": tree_hash})


def _made_up(_: object) -> Callable[[GroupInfo, Suite], bytes]:
    return lambda _, suite: suite.derive_key_pair(suite.zero)[1]


@breaks("VAL-179", instead=altering(("group.external:_external_pub", _made_up)))
def a_group_info_without_external_pub(stage: Stage) -> Trial:
    """A GroupInfo that is right, and not meant for joining by it."""
    tree = Extension(ExtensionType.ratchet_tree, stage.mallory.tree.encode())
    bad = forge.group_info(stage.mallory, extensions=[tree])
    return Trial(stage.outsider(), bad, forge.group_info(stage.mallory))
