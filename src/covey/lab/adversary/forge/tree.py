"""Ratchet trees that no honest group comes to, hashed, chained and signed as if one did.

May import the forge. A newcomer is offered such a tree in a Welcome, a stranger in a
GroupInfo: a member has signed it, and its hash is that of the GroupContext, so that only the
rules for trees can refuse it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.victims import Trial
from covey.mls.group.welcome import Joiner, WelcomeSecrets, make_welcomes
from covey.mls.schedule import key_schedule, transcript
from covey.mls.structs.extensions import Extension
from covey.mls.structs.tree import LeafNode, ParentNode, RatchetTreeNodes
from covey.mls.structs.welcome import GroupInfo
from covey.mls.tree import nodes as tree_nodes
from covey.mls.tree import parent_hashes
from covey.mls.tree.math import node_index
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import ExtensionType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.group import Group
    from covey.mls.group.member import Member, PrivateKeyPackage
    from covey.mls.structs.tree import Node

Array = tuple["Node | None", ...]
"""A tree in its array form."""


class Sprig(NamedTuple):
    """A tree with a newcomer in it, who has not joined yet.

    Attributes:
        client: The newcomer.
        package: Its KeyPackage, by which it is in the tree.
        nodes: The tree as the RFC wants it.
        forger: The member who has added it, and signs whatever is said of the tree.
    """

    client: Member
    package: PrivateKeyPackage
    nodes: Array
    forger: Group


class Offer(NamedTuple):
    """Two trees, of which the first breaks one check.

    Attributes:
        sprig: Whose tree it is, and who signs.
        bad: The tree that breaks it.
        good: The tree that does not; by default the sprig's.
        bad_hash: What the GroupContext says of the bad one; by default its tree hash.
    """

    sprig: Sprig
    bad: Array
    good: Array | None = None
    bad_hash: bytes | None = None


# --- growing ----------------------------------------------------------------------------


def with_newcomers(stage: Stage, forger: Group, count: int = 1) -> Sprig:
    """The tree after a member has added newcomers, unmerged; the last one is to join."""
    newcomers = [stage.newcomer() for _ in range(count)]
    add = [package.message for _, package in newcomers]
    pending = forge.committed(forger, add=add, path=False)
    return Sprig(*newcomers[-1], pending.epoch.public.tree.to_nodes(), forger)


def filled(stage: Stage, accomplice: int, *, last: bool = False) -> Group:
    """Let node 11 be filled: leaves 0 to 6 are members now, leaf 7 is blank.

    Args:
        stage: The stage.
        accomplice: 5 or 6: the leaf of the newer member whose path fills it.
        last: Whether that one has filled the root, too; otherwise Mallory has, after it.

    Returns:
        The group of the accomplice.
    """
    newer = [stage.newcomer(), stage.newcomer()]
    add = [package.message for _, package in newer]
    stage.epoch(stage.mallory, newcomers=newer, add=add, path=True)
    helper = next(group for group in stage.groups if group.own_index == accomplice)
    committers = (stage.mallory, helper) if last else (helper, stage.mallory)
    for committer in committers:
        stage.commit(committer)
    return helper


def full(stage: Stage, accomplice: int, *, last: bool = False) -> tuple[Sprig, Group]:
    """A full tree of eight leaves, the newcomer unmerged at node 11 and at the root.

    The arguments are those of :func:`filled`.

    Returns:
        The tree with a newcomer at leaf 7, and the group of the accomplice.
    """
    helper = filled(stage, accomplice, last=last)
    return with_newcomers(stage, stage.mallory), helper


# --- changing ---------------------------------------------------------------------------


def changed(nodes: Array, *changes: tuple[int, Node | None]) -> Array:
    """A tree with some places changed, by array index; blanks are added where it ends."""
    array = list(nodes)
    for index, node in changes:
        array += [None] * (index + 1 - len(array))
        array[index] = node
    return tuple(array)


def parent_at(nodes: Array, index: int, **changes: Any) -> tuple[int, ParentNode]:  # noqa: ANN401
    """A parent node and its array index, with some fields changed."""
    node = nodes[index]
    assert isinstance(node, ParentNode)
    return index, node.replace(**changes)


def leaf_at(nodes: Array, leaf: int) -> LeafNode:
    """The leaf node at a leaf index."""
    node = nodes[2 * leaf]
    assert isinstance(node, LeafNode)
    return node


def fresh_key(stage: Stage) -> bytes:
    """A public key that stands nowhere yet."""
    return stage.suite.generate_key_pair(stage.entropy)[1]


def rechained(group: Group, nodes: Array, *, top: int | None = None, above: bytes = b"") -> Array:
    """Renew all parent hashes from a height down to a member's leaf, and sign the leaf.

    Args:
        group: The member's view; it commits the nodes above it to whatever they are now.
        nodes: The tree.
        top: The height at which its chain begins; by default that of the root.
        above: The parent hash at the top.
    """
    suite, leaf = group.suite, group.own_index
    tree = RatchetTree.from_nodes(suite, nodes)
    originals = parent_hashes._Originals(suite)  # noqa: SLF001 - the engine's own computation
    renewed: list[tuple[int, Node | None]] = []
    for height in range(tree.height if top is None else top, 0, -1):
        index, place = node_index(height, leaf >> height), leaf >> (height - 1) ^ 1
        node = tree.node_at(index)
        if not isinstance(node, ParentNode):
            continue
        node = node.replace(parent_hash=above)
        renewed.append((index, node))
        outside = tuple(each for each in node.unmerged_leaves if each >> (height - 1) == place)
        sibling = tree.subtree(height - 1, place)
        original = originals.hash(sibling, height - 1, place, outside)
        above = tree_nodes.parent_hash(suite, node, original)
    return resigned(group, changed(nodes, *renewed), parent_hash=above)


def resigned(group: Group, nodes: Array, index: int | None = None, **changes: Any) -> Array:  # noqa: ANN401
    """A tree in which a member's leaf is changed and signed again.

    Args:
        group: The member's view.
        nodes: The tree.
        index: What the signature says of the leaf's index; by default the truth.
        changes: What is different in the leaf.
    """
    own = group.own_index
    leaf = leaf_at(nodes, own).replace(**changes)
    signer = forge.epoch_of(group).signer
    said = own if index is None else index
    signed = forge.signed_leaf(group.suite, signer, leaf, group.group_id, said)
    return changed(nodes, (2 * own, signed))


# --- offering ---------------------------------------------------------------------------


def tree_hash(sprig: Sprig, nodes: Sequence[Node | None]) -> bytes:
    """The tree hash of an array, or of as much of it as makes a tree."""
    return RatchetTree.from_nodes(sprig.forger.suite, nodes).tree_hash


def encoded(nodes: Array) -> bytes:
    """The data of a ratchet_tree extension."""
    return RatchetTreeNodes(nodes).encode()


def welcome(
    stage: Stage, sprig: Sprig, nodes: Array, hashed: bytes | None = None, *, inside: bool = True
) -> bytes:
    """A Welcome for the newcomer into an epoch with any tree.

    Args:
        stage: The stage.
        sprig: Who welcomes whom.
        nodes: The tree.
        hashed: What the GroupContext says of it; by default its tree hash.
        inside: Whether the tree comes in the Welcome.
    """
    group = sprig.forger
    epoch, suite = forge.epoch_of(group), group.suite
    context = group.context.replace(
        epoch=group.epoch + 1, tree_hash=tree_hash(sprig, nodes) if hashed is None else hashed
    )
    joiner_secret = stage.entropy(suite.Nh)
    secrets = key_schedule.epoch_secrets(suite, joiner_secret, suite.zero, context.encode())
    tag = transcript.confirmation_tag(
        suite, secrets.confirmation_key, context.confirmed_transcript_hash
    )
    tree = Extension(ExtensionType.ratchet_tree, encoded(nodes))
    info = GroupInfo(context, (tree,) if inside else (), tag, group.own_index, b"")
    invitations = make_welcomes(
        epoch,
        forge.signed_info(suite, epoch.signer, info),
        [Joiner(sprig.package.package, 0)],  # whatever its leaf: there is no path secret
        WelcomeSecrets(joiner_secret, suite.zero, (), {}),
        group.ports.policy,
        stage.entropy,
    )
    return invitations[0].message


def group_info(sprig: Sprig, nodes: Array, hashed: bytes | None = None) -> bytes:
    """A GroupInfo for strangers with any tree."""
    said = tree_hash(sprig, nodes) if hashed is None else hashed
    return forge.group_info(sprig.forger, tree=encoded(nodes), context={"tree_hash": said})


def offers(check: str, **options: Any) -> Callable[[Callable[[Stage], Offer]], object]:  # noqa: ANN401
    """Make a function two cases: its trees are offered in a Welcome, and in a GroupInfo.

    Args:
        check: The id of the check that the bad tree breaks.
        options: Those of ``breaks``.
    """

    def register(make: Callable[[Stage], Offer]) -> object:
        def by_welcome(stage: Stage) -> Trial:
            offer = make(stage)
            sprig, good = offer.sprig, offer.good or offer.sprig.nodes
            return Trial(
                stage.joiner(sprig.client, sprig.package),
                welcome(stage, sprig, offer.bad, offer.bad_hash),
                welcome(stage, sprig, good),
            )

        def by_group_info(stage: Stage) -> Trial:
            offer = make(stage)
            sprig, good = offer.sprig, offer.good or offer.sprig.nodes
            bad = group_info(sprig, offer.bad, offer.bad_hash)
            return Trial(stage.outsider(), bad, group_info(sprig, good))

        for play in (by_welcome, by_group_info):
            play.__doc__ = make.__doc__
            play.__name__ = f"{make.__name__}_{play.__name__}"
            breaks(check, **options)(play)
        return make

    return register
