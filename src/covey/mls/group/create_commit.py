"""RFC 9420 §12.4.1: creating a commit. May import the other steps of this folder.

The order is the RFC's: proposals, path, provisional context, path secrets, signature,
transcript, key schedule, confirmation tag, protection, Welcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from covey.mls.framing import authenticate
from covey.mls.group import psks, seal, staging, welcome
from covey.mls.group.epoch import Epoch, PublicState, begin
from covey.mls.group.events import member_info
from covey.mls.group.member import sign_leaf
from covey.mls.group.pending import PendingCommit
from covey.mls.rules.proposals import requires_path
from covey.mls.schedule import key_schedule, transcript
from covey.mls.structs.commit import Commit, ProposalOrRef
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import ReInit, UnknownProposal
from covey.mls.structs.tree import LeafNode, ParentNode, UpdatePath
from covey.mls.tree import update_path
from covey.mls.tree.parent_hashes import path_parents
from covey.mls.tree.private import PrivateTree
from covey.mls.wire.code_points import (
    LeafNodeSource,
    ProposalOrRefType,
    ProtocolVersion,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.group.psks import PskStore
    from covey.mls.group.staging import Provisional
    from covey.mls.group.verify import Checker
    from covey.mls.rules.proposal_list import ProposalList, Sent
    from covey.mls.schedule.secret_tree import SecretTree
    from covey.mls.structs.extensions import Extension
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.mls.wire.code_points import WireFormat


class Kit(NamedTuple):
    """What creating a commit draws on besides the epoch.

    Attributes:
        check: How things are checked; blames us.
        entropy: Where randomness comes from.
        psks: External PSKs.
        resumption: Resumption PSKs, by group_id and epoch.
    """

    check: Checker
    entropy: Entropy
    psks: PskStore
    resumption: Callable[[bytes, int], bytes | None]


class NewLeaf(NamedTuple):
    """What the committer's new leaf says, and the key that signs it.

    Attributes:
        template: The leaf, but for encryption key, parent hash and signature.
        signer: The private key for its signature key.
    """

    template: LeafNode
    signer: bytes


class Options(NamedTuple):
    """How a commit is to be made.

    Attributes:
        wire_format: Public or private.
        authenticated_data: Goes beside the commit, signed and not encrypted.
        force_path: Whether to renew the path even if it is not needed.
        welcome_tree: Whether Welcomes carry the tree.
        one_each: Whether each new member gets a Welcome of its own.
        info_extensions: For the GroupInfo in the Welcomes.
    """

    wire_format: WireFormat
    authenticated_data: bytes = b""
    force_path: bool | None = None
    welcome_tree: bool = True
    one_each: bool = False
    info_extensions: tuple[Extension, ...] = ()


class Path(NamedTuple):
    """A new path: what is sent, and what the committer keeps.

    Attributes:
        path: The UpdatePath, or None.
        tree: The tree of the next epoch.
        private: The committer's keys in it.
        commit_secret: Nh bytes; zeros without a path.
        secrets: Path secrets by height.
        signer: The key that signs from the next epoch on.
    """

    path: UpdatePath | None
    tree: RatchetTree
    private: PrivateTree
    commit_secret: bytes
    secrets: dict[int, bytes]
    signer: bytes

    def __repr__(self) -> str:
        return "Path(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def create_commit(
    epoch: Epoch,
    secret_tree: SecretTree,
    items: ProposalList,
    new_leaf: NewLeaf,
    options: Options,
    kit: Kit,
) -> PendingCommit:
    """Make a regular commit (§12.4.1). Nothing changes but the sender's handshake ratchet.

    Raises:
        LocalProtocolError: The proposals may not be committed so.
        PolicyError: The policy refuses.
        MissingKeyError: A PSK is not known.
    """
    state, check = epoch.public, kit.check
    items = items.with_path(_wants_path(items, options, state.tree))
    provisional = staging.apply_proposals(items, state, check)
    index = epoch.private.index
    path = _no_path(epoch, provisional)
    if items.has_path:
        path = make_path(state, provisional, epoch.private, new_leaf, kit)
    staging.check_result(state, path.tree, provisional.extensions, check)
    committer = member_info(index, new_leaf.template)
    changed = staging.summarise(provisional, state, committer, with_path=items.has_path)
    staging.ask_policy(changed, state, check)
    content = authenticate.commit_content(
        state.context.group_id,
        state.context.epoch,
        seal.own_sender(epoch),
        options.authenticated_data,
        commit_of(items.items, path.path),
    )
    signed = seal.sign(epoch, content, options.wire_format)
    psk_secret = psks.combine(state.suite, items.psks, kit.psks, kit.resumption)
    following = advance(
        state, provisional, path, signed, epoch.secrets.init_secret, psk_secret, check
    )
    next_epoch = following.epoch
    tag = next_epoch.public.confirmation_tag
    message = seal.protect(epoch, secret_tree, signed, tag, check.policy, kit.entropy)
    invitations = _invitations(following, items, provisional, path, psk_secret, options, kit)
    return PendingCommit(
        message,
        invitations,
        changed,
        next_epoch,
        following.secret_tree,
        group_info_maker(next_epoch, kit),
    )


def _wants_path(items: ProposalList, options: Options, tree: RatchetTree) -> bool:
    """Whether the commit gets a path (§12.4).

    When it must, when the caller asks for it, when a group of one takes in its first
    members, and when an ancestor of the committer has more than 2·log2 n unmerged leaves:
    every commit encrypts to each of those separately until somebody merges them.
    """
    if not items.items or any(requires_path(each.proposal) for each in items.items):
        return True
    if options.force_path is not None:
        return options.force_path
    if items.of(UnknownProposal):
        return True
    if items.of(ReInit):
        return False
    return tree.census.members == 1 or _is_unmerged(tree, items.committer or 0)


def _is_unmerged(tree: RatchetTree, index: int) -> bool:
    for height in range(1, tree.height + 1):
        subtree = tree.subtree(height, index >> height)
        node = None if subtree is None else subtree.node
        if isinstance(node, ParentNode) and len(node.unmerged_leaves) > 2 * tree.height:
            return True
    return False


def _no_path(epoch: Epoch, provisional: Provisional) -> Path:
    private = epoch.private.following(epoch.public.tree, provisional.tree)
    return without_path(provisional.tree, private, epoch.signer)


def without_path(tree: RatchetTree, private: PrivateTree, signer: bytes) -> Path:
    """What a commit without a path leads to: its commit_secret is Nh zero bytes (§12.4.2).

    Args:
        tree: The tree after the proposals.
        private: The member's keys in it.
        signer: The key that signs from the next epoch on.
    """
    return Path(None, tree, private, tree.suite.zero, {}, signer)


def make_path(
    state: PublicState,
    provisional: Provisional,
    private: PrivateTree,
    new_leaf: NewLeaf,
    kit: Kit,
) -> Path:
    """Renew the committer's leaf and path, and encrypt the path secrets (§7.5, §12.4.1)."""
    suite, index = state.suite, private.index
    leaf_private, leaf_public = suite.generate_key_pair(kit.entropy)
    steps = provisional.tree.filtered_path(index)
    derived = update_path.derive(suite, steps, kit.entropy(suite.Nh))
    parents, parent_hash = path_parents(suite, steps, derived.public)
    leaf = new_leaf.template.replace(
        encryption_key=leaf_public,
        leaf_node_source=LeafNodeSource.commit,
        lifetime=None,
        parent_hash=parent_hash,
        signature=b"",
    )
    leaf = sign_leaf(suite, leaf, new_leaf.signer, state.context.group_id, index)
    old = staging.replaced_leaf(provisional, state, index)
    kit.check.leaf(leaf, suite, LeafNodeSource.commit, replaced=old)
    kit.check.credential(leaf, old)
    tree = provisional.tree.with_path(index, leaf, parents)
    context = staging.provisional_context(state, tree, provisional.extensions)
    nodes = update_path.encrypt(
        suite,
        steps,
        derived,
        context.encode(),
        provisional.added,
        kit.entropy,
        kit.check.policy.threads,
    )
    return Path(
        UpdatePath(leaf, nodes),
        tree,
        PrivateTree(index, leaf_private, derived.private),
        derived.commit_secret,
        derived.by_height,
        new_leaf.signer,
    )


def commit_of(items: Sequence[Sent], path: UpdatePath | None) -> Commit:
    """The Commit of some proposals, by value or by reference (§12.4)."""
    return Commit(
        tuple(
            ProposalOrRef(ProposalOrRefType.proposal, proposal=each.proposal)
            if each.reference is None
            else ProposalOrRef(ProposalOrRefType.reference, reference=each.reference)
            for each in items
        ),
        path,
    )


class Following(NamedTuple):
    """The next epoch, its secret tree, and the secret that its new members need."""

    epoch: Epoch
    secret_tree: SecretTree
    joiner_secret: bytes

    def __repr__(self) -> str:
        return f"Following({self.epoch!r}, …)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def advance(
    state: PublicState,
    provisional: Provisional,
    path: Path,
    signed: seal.Signed,
    init_secret: bytes,
    psk_secret: bytes,
    check: Checker,
) -> Following:
    """Run transcript and key schedule into the next epoch (§8, §8.2)."""
    suite = state.suite
    confirmed = transcript.confirmed(
        suite, state.interim, signed.wire_format, signed.content.encode(), signed.signature
    )
    context = staging.next_context(state, path.tree, provisional.extensions, confirmed)
    encoded = context.encode()
    joiner = key_schedule.joiner_secret(suite, init_secret, path.commit_secret, encoded)
    secrets = key_schedule.epoch_secrets(suite, joiner, psk_secret, encoded)
    tag = transcript.confirmation_tag(suite, secrets.confirmation_key, confirmed)
    public = PublicState(
        context, encoded, path.tree, tag, transcript.interim(suite, confirmed, tag)
    )
    epoch, secret_tree = begin(public, secrets, path.private, path.signer, *check.policy.bounds)
    return Following(epoch, secret_tree, joiner)


def _invitations(
    following: Following,
    items: ProposalList,
    provisional: Provisional,
    path: Path,
    psk_secret: bytes,
    options: Options,
    kit: Kit,
) -> tuple[welcome.Invitation, ...]:
    if not provisional.added:
        return ()
    policy, epoch = kit.check.policy, following.epoch
    info = welcome.group_info(
        epoch,
        policy,
        kit.entropy,
        with_tree=options.welcome_tree,
        with_external_pub=False,
        extensions=options.info_extensions,
    )
    joiners = [
        welcome.Joiner(add.key_package, index)
        for add, index in zip(items.adds, provisional.added, strict=True)
    ]
    secrets = welcome.WelcomeSecrets(
        following.joiner_secret, psk_secret, tuple(items.psks), path.secrets
    )
    return welcome.make_welcomes(
        epoch, info, joiners, secrets, policy, kit.entropy, one_each=options.one_each
    )


def group_info_maker(epoch: Epoch, kit: Kit) -> Callable[..., bytes]:
    """What makes a GroupInfo of an epoch when it is asked for, and not before (§12.4.3)."""

    def make(*, with_tree: bool) -> bytes:
        info = welcome.group_info(
            epoch, kit.check.policy, kit.entropy, with_tree=with_tree, with_external_pub=True
        )
        return MLSMessage(ProtocolVersion.mls10, info).encode()

    return make
