"""RFC 9420 §11: creating a group. May import the other steps of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.errors import LocalProtocolError
from covey.mls.group.epoch import Epoch, PublicState, begin
from covey.mls.rules import trees
from covey.mls.rules.registry import enforce
from covey.mls.schedule import key_schedule, transcript
from covey.mls.schedule.secret_tree import HANDSHAKE
from covey.mls.structs.schedule import GroupContext
from covey.mls.tree.census import Kind, lists
from covey.mls.tree.private import PrivateTree
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import LeafNodeSource, ProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.group.member import Member
    from covey.mls.group.state import State
    from covey.mls.group.verify import Checker
    from covey.mls.schedule.secret_tree import SecretTree
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.tree import Lifetime


def create(
    member: Member,
    group_id: bytes,
    extensions: Sequence[Extension],
    leaf_extensions: Sequence[Extension],
    lifetime: Lifetime,
    entropy: Entropy,
    check: Checker,
) -> tuple[Epoch, SecretTree]:
    """Epoch 0 of a group with one member (§11, VAL-219).

    Raises:
        LocalProtocolError: An extension cannot be used so.
        PolicyError: Our own credential is not accepted.
    """
    suite = member.suite
    leaf_private, leaf_public = suite.generate_key_pair(entropy)
    leaf = member.leaf(
        leaf_public,
        LeafNodeSource.key_package,
        lifetime=lifetime,
        extensions=leaf_extensions,
    )
    check.leaf(leaf, suite, LeafNodeSource.key_package)
    tree = RatchetTree.of_one(suite, leaf)
    context = GroupContext(
        ProtocolVersion.mls10, suite.code, group_id, 0, tree.tree_hash, b"", tuple(extensions)
    )
    enforce(trees.TREE, trees.TreeSubject(tree, context.extensions), check.blame)
    check.credential(leaf)
    check.external_senders(context.extensions)
    secrets = key_schedule.from_epoch_secret(suite, entropy(suite.Nh))
    tag = transcript.confirmation_tag(suite, secrets.confirmation_key, b"")
    public = PublicState.of(context, tree, tag)
    private = PrivateTree(0, leaf_private, {})
    return begin(public, secrets, private, member.signer, *check.policy.bounds)


def check_suite_is_best(
    suite: int, preferred: Sequence[int], packages: Sequence[KeyPackage]
) -> None:
    """Refuse a suite when all members support a better one (§11, VAL-220).

    Args:
        suite: The suite that was chosen.
        preferred: The application's suites, the best first.
        packages: Of the members to be.

    Raises:
        LocalProtocolError: All of them support a better one.
    """
    for better in preferred:
        if better == suite:
            return
        if all(
            lists(package.leaf_node.capabilities, Kind.cipher_suite, better) for package in packages
        ):
            statement = "The cipher suite is the best that all members support."
            detail = f"they all support 0x{better:04x}"
            msg = "VAL-220"
            raise LocalProtocolError(msg, "11", statement, detail)


def reserve_first(state: State) -> None:
    """Give up the generation of the commit that brings the first members.

    It need not be stored first: nobody has the secrets of this epoch but us, and if we forget them
    there is no such group.
    """
    tree, index = state.secret_tree, state.epoch.private.index
    tree.take_ahead(index, HANDSHAKE, 1)
    tree.reserve.settle()
