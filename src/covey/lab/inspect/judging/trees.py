"""Ratchet trees and GroupInfos (RFC 9420 §7.8, §7.9, §12.4.3). May import rules and the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import AuthenticationError, DecodeError
from covey.lab.inspect.judging.leaves import IN_TREE, LEAF_SIGNATURE
from covey.lab.inspect.judging.verdicts import (
    APPLICATION,
    GROUP,
    NO_TREE,
    STAND_IN,
    SUITE,
    Verdicts,
    known_suite,
    suite_of_leaf,
)
from covey.mls.crypto.batch import verify_all
from covey.mls.group.join import verify_info_signature
from covey.mls.group.verify import leaf_job
from covey.mls.rules import joining, trees
from covey.mls.rules.leaves import LeafSubject
from covey.mls.structs.extensions import ExternalPub
from covey.mls.structs.tree import LeafNode, RatchetTreeNodes
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import ExtensionType, LeafNodeSource, ProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.lab.inspect.inspected import Finding
    from covey.lab.inspect.judging.verdicts import Surroundings
    from covey.mls.crypto.suite import Suite
    from covey.mls.rules.registry import Rule
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.schedule import GroupContext
    from covey.mls.structs.tree import Node
    from covey.mls.structs.welcome import GroupInfo
    from covey.mls.wire.struct import WireStruct

_OF_CONTEXT: Final = (
    trees.context_extensions_are_unique,
    trees.context_extensions_are_not_grease,
    trees.known_extensions_decode,
)
_OF_BOTH: Final = (trees.required_capabilities_are_met, trees.context_extensions_are_supported)
_BEFORE_PATH: Final = trees.JOINED_TREE[:-1]
"""What a tree satisfies after proposals already: not that its root has no parent_hash."""
_OF_TREE: Final = tuple(rule for rule in trees.TREE if rule not in {*_OF_CONTEXT, *_OF_BOTH})
_SIGNATURE: Final = (
    "VAL-186",
    "12.4.3.1",
    "The signature of a GroupInfo verifies under the key of its signer.",
)
_TAG: Final = (
    "VAL-195",
    "12.4.3.1",
    "The confirmation_tag is the MAC of the confirmed transcript hash.",
)
_CREDENTIALS: Final = (
    "VAL-020",
    "5.3.1",
    "The credentials of all members are ones that the application accepts.",
)
_OF_JOINER: Final = (
    ("VAL-189", "13.4", "Who joins supports every extension of the GroupContext."),
    ("VAL-190", "11.1", "Who joins supports what required_capabilities lists."),
)
_KNOWN: Final[dict[int, type[WireStruct]]] = {
    ExtensionType.ratchet_tree: RatchetTreeNodes,
    ExtensionType.external_pub: ExternalPub,
}
_TREE: Final = "the ratchet tree, which it does not carry (--tree)"
_PATH: Final = "the path that follows; a Remove can make a root of what had a parent (§7.7)"


def group_context(into: Verdicts, context: GroupContext, where: str = "") -> None:
    """Judge what a GroupContext satisfies without its tree (§8.1)."""
    version = context.version
    broken = None if version == ProtocolVersion.mls10 else f"version {version}"
    into.fact("VAL-187", "12.4.3.1", "The version of a GroupContext is mls10.", broken, where)
    into.judge(_OF_CONTEXT, trees.TreeSubject(NO_TREE, context.extensions), where)


def group_info(into: Verdicts, info: GroupInfo, around: Surroundings) -> RatchetTree | None:
    """Judge a GroupInfo, and the tree that it carries or that was handed in (§12.4.3)."""
    context = info.group_context
    _expected(into, info, around)
    group_context(into, context, "group_context")
    suite = known_suite(context.cipher_suite)
    _carried(into, info)
    nodes = nodes_of(info, around)
    if isinstance(nodes, str) or suite is None:
        needs = nodes if isinstance(nodes, str) else SUITE
        into.unknown((*joining.JOINED, *_OF_BOTH, *_OF_TREE, *trees.JOINED_TREE), needs)
        into.open(*_SIGNATURE, needs)
        tree = None
    else:
        tree = array(into, nodes, suite, around._replace(group_id=context.group_id))
        _with_tree(into, info, tree)
    into.open(*_TAG, "the confirmation_key of the epoch")
    into.open(*_CREDENTIALS, APPLICATION)
    for check in _OF_JOINER:
        into.open(*check, "the client that joins")
    return tree


def _expected(into: Verdicts, info: GroupInfo, around: Surroundings) -> None:
    """What a GroupInfo satisfies by itself; which suite was expected is seldom known."""
    suites, *rest = joining.GROUP_INFO
    own = joining.GroupInfoSubject(info, info.group_context.cipher_suite)
    if around.suite is not None:
        into.ask(suites, joining.GroupInfoSubject(info, around.suite))
    elif suites.check(own) is not None:
        into.ask(suites, own)
    else:
        into.unknown((suites,), "the Welcome and the KeyPackage, or their suite (--suite)")
    into.judge(rest, own)


def _with_tree(into: Verdicts, info: GroupInfo, tree: RatchetTree | None) -> None:
    if tree is None:
        into.unknown((*joining.JOINED, *_OF_BOTH), "a tree that is one")
        into.open(*_SIGNATURE, "a tree that is one")
        return
    subject = joining.JoinedTreeSubject(info, tree)
    into.judge(joining.JOINED, subject)
    into.judge(_OF_BOTH, trees.TreeSubject(tree, info.group_context.extensions))
    if tree.leaf(info.signer) is None:
        into.open(*_SIGNATURE, "a signer who is a member")
        return
    try:
        verify_info_signature(info, tree)
        broken = None
    except AuthenticationError:
        broken = "it does not"
    into.fact(*_SIGNATURE, broken)


def _carried(into: Verdicts, info: GroupInfo) -> None:
    """The extensions of a GroupInfo whose structs are known hold them (§12.4.3)."""
    for number, each in enumerate(info.extensions):
        struct = _KNOWN.get(each.extension_type)
        if struct is None:
            continue
        where = f"extensions[{number}]"
        statement = f"The {ExtensionType(each.extension_type).name} extension holds what it should."
        try:
            struct.decode(each.extension_data)
        except DecodeError as error:
            into.fact(error.rule, error.section, statement, error.args[0], where)
        else:
            into.fact("", "12.4.3", statement, None, where)


def carries_one(info: GroupInfo) -> bool:
    """Whether a GroupInfo carries its ratchet tree (§12.4.3.3)."""
    return trees.find_extension(info.extensions, ExtensionType.ratchet_tree) is not None


def nodes_of(info: GroupInfo, around: Surroundings) -> tuple[Node | None, ...] | str:
    """The nodes of the tree that it carries, or else of the one beside it; or what is needed."""
    data = trees.find_extension(info.extensions, ExtensionType.ratchet_tree)
    if data is None:
        data = around.tree
    if data is None:
        return _TREE
    try:
        return RatchetTreeNodes.decode(data).ratchet_tree
    except DecodeError as error:
        return f"a ratchet tree that decodes: {error}"


def alone(into: Verdicts, nodes: Sequence[Node | None], around: Surroundings) -> RatchetTree | None:
    """Judge a ratchet tree about whose group nothing is known but what was handed in."""
    group = around.group
    if group is not None:
        around = around._replace(group_id=group.context.group_id)
    suite = _suite_of(nodes, around)
    if suite is None:
        *places, keys = trees.ARRAY
        into.judge(places, trees.ArraySubject(tuple(nodes), STAND_IN))
        into.unknown((keys, *_OF_TREE, *trees.JOINED_TREE), SUITE)
        return None
    tree = array(into, tuple(nodes), suite, around)
    if tree is None or group is None:
        into.unknown((joining.tree_hash_matches, *_OF_CONTEXT, *_OF_BOTH), GROUP)
    else:
        same = tree.tree_hash == group.context.tree_hash
        rule = joining.tree_hash_matches
        broken = None if same else "it is another tree"
        into.fact(rule.id, rule.section, rule.statement, broken)
        into.judge((*_OF_CONTEXT, *_OF_BOTH), trees.TreeSubject(tree, group.context.extensions))
    into.open(*_CREDENTIALS, APPLICATION)
    return tree


def _suite_of(nodes: Sequence[Node | None], around: Surroundings) -> Suite | None:
    if around.suite is not None:
        return known_suite(around.suite)
    if around.group is not None:
        return around.group.suite
    leaves = (node for node in nodes if isinstance(node, LeafNode))
    return next((suite for leaf in leaves if (suite := suite_of_leaf(leaf)) is not None), None)


def tree_from(nodes: tuple[Node | None, ...], suite: Suite) -> RatchetTree | None:
    """The tree of an array; None when its nodes do not stand at their places (VAL-065)."""
    places = trees.nodes_stand_at_their_places
    if not nodes or places.check(trees.ArraySubject(nodes, suite)) is not None:
        return None
    return RatchetTree.from_nodes(suite, nodes)


def structure(
    nodes: tuple[Node | None, ...], suite: Suite, extensions: tuple[Extension, ...]
) -> RatchetTree | Finding:
    """A tree that the engine can work with, or the rule that this one breaks."""
    into = Verdicts()
    into.judge(trees.ARRAY, trees.ArraySubject(nodes, suite))
    tree = tree_from(nodes, suite)
    if tree is not None:
        subject = trees.TreeSubject(tree, extensions)
        rules = (*_OF_CONTEXT, *trees.UNIQUE_KEYS, *trees.JOINED_TREE)
        into.in_order(rules, subject)
    broken = [each for each in into.findings if each.verdict == "broken"]
    return tree if tree is not None and not broken else broken[0]


def array(
    into: Verdicts, nodes: tuple[Node | None, ...], suite: Suite, around: Surroundings
) -> RatchetTree | None:
    """Judge the array form of a tree, and then the tree; None when the array is not one."""
    rest: tuple[Rule, ...] = (*_OF_TREE, *trees.JOINED_TREE)
    into.judge(trees.ARRAY, trees.ArraySubject(nodes, suite))
    tree = tree_from(nodes, suite)
    if tree is None:
        into.unknown(rest, "nodes that stand at their places")
        return None
    extensions: tuple[Extension, ...] = ()
    into.judge(_OF_TREE, trees.TreeSubject(tree, extensions))
    joined = _BEFORE_PATH if around.provisional else trees.JOINED_TREE
    into.in_order(joined, trees.TreeSubject(tree, extensions))
    into.unknown(trees.JOINED_TREE[len(joined) :], _PATH)
    members = list(tree.members())
    of = f"all {len(members):,} leaves"
    subjects = [
        (f"leaf {index}", LeafSubject(leaf, suite, None, None, 0)) for index, leaf in members
    ]
    for rule in IN_TREE:
        into.over(rule, subjects, of)
    _signatures(into, tree, members, around)
    return tree


def _signatures(
    into: Verdicts,
    tree: RatchetTree,
    members: Sequence[tuple[int, LeafNode]],
    around: Surroundings,
) -> None:
    """The signatures of leaves; those of members who have committed cover the group_id."""
    known = around.group_id is not None
    judged = [
        (index, leaf)
        for index, leaf in members
        if known or leaf.leaf_node_source is LeafNodeSource.key_package
    ]
    jobs = [leaf_job(leaf, around.group_id or b"", index) for index, leaf in judged]
    broken: list[tuple[str, str]] = []
    if jobs and verify_all(tree.suite, jobs, around.threads) is not None:
        broken = [
            (f"leaf {index}", "it does not")
            for (index, _), job in zip(judged, jobs, strict=True)
            if not tree.suite.verify_with_label(*job)
        ]
    if judged:
        into.many(*LEAF_SIGNATURE, broken, f"{len(judged):,} of {len(members):,} leaves")
    if len(judged) < len(members):
        of = f"{len(members) - len(judged):,} of {len(members):,} leaves"
        into.open(*LEAF_SIGNATURE, f"the group_id, which is signed: {GROUP}", of)
