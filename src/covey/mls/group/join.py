"""RFC 9420 §12.4.3.1: joining by a Welcome, in the RFC's order.

May import the other steps of this folder. Also what an external joiner shares with it: the
checks of a GroupInfo and of the whole ratchet tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from covey.errors import AuthenticationError, DecodeError, MissingKeyError, StateError
from covey.mls.group import psks
from covey.mls.group.epoch import Epoch, PublicState, begin
from covey.mls.group.identity import identity
from covey.mls.group.process_commit import same_tag
from covey.mls.group.verify import leaf_job
from covey.mls.group.welcome import GROUP_INFO_LABEL, WELCOME_LABEL
from covey.mls.rules import joining, trees
from covey.mls.rules.registry import Remote, enforce
from covey.mls.schedule import key_schedule, transcript
from covey.mls.structs.tree import RatchetTreeNodes
from covey.mls.structs.welcome import GroupInfo, GroupSecrets
from covey.mls.tree import update_path
from covey.mls.tree.math import common_height
from covey.mls.tree.private import PrivateTree
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import ExtensionType
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.mls.crypto.suite import Suite
    from covey.mls.group.member import Member, PrivateKeyPackage
    from covey.mls.group.psks import PskStore
    from covey.mls.group.verify import Checker
    from covey.mls.schedule.secret_tree import SecretTree
    from covey.mls.structs.schedule import PreSharedKeyID
    from covey.mls.structs.tree import LeafNode
    from covey.mls.structs.welcome import EncryptedGroupSecrets, Welcome


class Joined(NamedTuple):
    """A group as a Welcome describes it, verified.

    Attributes:
        epoch: The epoch that is joined.
        secret_tree: Of that epoch.
        info: The GroupInfo.
        psks: The PSKs that went into the epoch.
    """

    epoch: Epoch
    secret_tree: SecretTree
    info: GroupInfo
    psks: tuple[PreSharedKeyID, ...]

    def __repr__(self) -> str:
        return f"Joined({self.epoch!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Sources(NamedTuple):
    """Where PSKs come from, for a joiner."""

    psks: PskStore
    resumption: Callable[[bytes, int], bytes | None]


def join(
    package: PrivateKeyPackage,
    suite: Suite,
    welcome: Welcome,
    ratchet_tree: bytes | None,
    sources: Sources,
    check: Checker,
) -> Joined:
    """Verify a Welcome and compute the epoch that it lets us into (§12.4.3.1).

    Args:
        package: The KeyPackage by which we were added, with its private keys.
        suite: Its cipher suite.
        welcome: The Welcome.
        ratchet_tree: The tree, when it comes by another way.
        sources: Where PSKs come from.
        check: How to check.

    Raises:
        StateError: The Welcome is not for this KeyPackage, or no tree is at hand.
        ProtocolError: A rule is broken.
        AuthenticationError: A signature, a tag or an encryption does not verify.
        MissingKeyError: A PSK is not known.
        PolicyError: The policy refuses a member.
    """
    entry = _our_entry(package, suite, welcome)
    secrets = _open_secrets(package, suite, welcome, entry)
    enforce(joining.GROUP_SECRETS, joining.PsksSubject(secrets.psks, suite.Nh), check.blame)
    psk_secret = _psk_secret(suite, secrets.psks, sources)
    info = _open_info(suite, welcome, secrets.joiner_secret, psk_secret)
    subject = joining.GroupInfoSubject(info, suite.code)
    enforce(joining.GROUP_INFO, subject, check.blame)
    tree = verified_tree(info, ratchet_tree, suite, check)
    index = _our_leaf(package, tree)
    context = info.group_context.encode()
    epoch_secrets = key_schedule.epoch_secrets(suite, secrets.joiner_secret, psk_secret, context)
    expected = transcript.confirmation_tag(
        suite, epoch_secrets.confirmation_key, info.group_context.confirmed_transcript_hash
    )
    if not same_tag(expected, info.confirmation_tag):
        rule = "VAL-195"
        raise AuthenticationError(rule, "12.4.3.1")
    path = _path_keys(suite, tree, index, info.signer, secrets)
    public = PublicState.of(info.group_context, tree, info.confirmation_tag)
    private = PrivateTree(index, package.leaf_private, path)
    epoch, secret_tree = begin(public, epoch_secrets, private, package.signer, *check.policy.bounds)
    return Joined(epoch, secret_tree, info, secrets.psks)


def require_own(package: PrivateKeyPackage, member: Member) -> None:
    """Refuse to join with a KeyPackage of somebody else.

    Raises:
        StateError: It has neither the member's signature key nor its identity.
    """
    leaf = package.package.leaf_node
    if leaf.signature_key == member.signature_key:
        return
    if identity(leaf.credential) != identity(member.credential):
        msg = "the KeyPackage is not of this member"
        raise StateError(msg)


def _our_entry(package: PrivateKeyPackage, suite: Suite, welcome: Welcome) -> EncryptedGroupSecrets:
    """The entry for our KeyPackage (VAL-181)."""
    _require_suite(welcome, suite)
    reference = package.reference
    for entry in welcome.secrets:
        if _is_for(entry, reference):
            return entry
    msg = "the Welcome is not for this KeyPackage"
    raise StateError(msg).of(rule="VAL-181", section="12.4.3.1")


def _require_suite(welcome: Welcome, suite: Suite) -> None:
    """A Welcome has the suite of the KeyPackage that it is for (VAL-182)."""
    if welcome.cipher_suite != suite.code:
        msg = f"the Welcome has suite 0x{welcome.cipher_suite:04x}, the KeyPackage {suite!r}"
        raise StateError(msg).of(rule="VAL-182", section="12.4.3.1")


def _is_for(entry: EncryptedGroupSecrets, reference: bytes) -> bool:
    return entry.new_member == reference


def _open_secrets(
    package: PrivateKeyPackage, suite: Suite, welcome: Welcome, entry: EncryptedGroupSecrets
) -> GroupSecrets:
    """Decrypt our GroupSecrets; their context is the whole encrypted GroupInfo (VAL-183)."""
    sealed = entry.encrypted_group_secrets
    encryption = suite.encryption(WELCOME_LABEL, welcome.encrypted_group_info)
    try:
        opened = encryption.open(
            package.init_private, sealed.kem_output, sealed.ciphertext, package.package.init_key
        )
    except AuthenticationError as error:
        if not error.rule:
            error.of(rule="VAL-183", section="12.4.3.1")
        raise
    return GroupSecrets.decode(opened)


def _psk_secret(suite: Suite, ids: Sequence[PreSharedKeyID], sources: Sources) -> bytes:
    """``psk_secret`` of the PSKs that a Welcome names (VAL-184)."""
    try:
        return psks.combine(suite, ids, sources.psks, sources.resumption)
    except MissingKeyError as error:
        raise error.of(rule="VAL-184", section="12.4.3.1") from None


def _open_info(
    suite: Suite, welcome: Welcome, joiner_secret: bytes, psk_secret: bytes
) -> GroupInfo:
    """Decrypt the GroupInfo with what the GroupSecrets say (VAL-183)."""
    secret = key_schedule.welcome_secret(suite, joiner_secret, psk_secret)
    key, nonce = key_schedule.welcome_key_nonce(suite, secret)
    try:
        opened = suite.open_aead(key, nonce, b"", welcome.encrypted_group_info)
    except AuthenticationError:
        rule = "VAL-183"
        raise AuthenticationError(rule, "12.4.3.1") from None
    return GroupInfo.decode(opened)


def verified_tree(
    info: GroupInfo, ratchet_tree: bytes | None, suite: Suite, check: Checker
) -> RatchetTree:
    """The tree of a GroupInfo, all of it checked (VAL-192, §12.4.3.1).

    Args:
        info: The GroupInfo.
        ratchet_tree: The tree when it came by another way.
        suite: The cipher suite of the group.
        check: How to check.

    Raises:
        StateError: There is no tree.
    """
    array = RatchetTreeNodes.decode(_tree_data(info, ratchet_tree)).ratchet_tree
    enforce(trees.ARRAY, trees.ArraySubject(array, suite), check.blame)
    tree = RatchetTree.from_nodes(suite, array)
    enforce(joining.JOINED, joining.JoinedTreeSubject(info, tree), check.blame)
    verify_info_signature(info, tree)
    context = info.group_context
    subject = trees.TreeSubject(tree, context.extensions)
    enforce(trees.TREE, subject, check.blame)
    enforce(trees.JOINED_TREE, subject, check.blame)
    _check_leaves(tree, context.group_id, check)
    for _, leaf in tree.members():
        check.validate(leaf.credential, leaf.signature_key, "VAL-020")
    check.external_senders(context.extensions)
    return tree


def _check_leaves(tree: RatchetTree, group_id: bytes, check: Checker) -> None:
    """All that every leaf must satisfy by itself, its signature too (VAL-073, §7.3)."""
    members = list(tree.members())
    for _, leaf in members:
        check.leaf(leaf, tree.suite, None)
    check.signatures(tree.suite, [leaf_job(leaf, group_id, index) for index, leaf in members])


def _tree_data(info: GroupInfo, ratchet_tree: bytes | None) -> bytes:
    data = ratchet_tree
    if data is None:
        data = trees.find_extension(info.extensions, ExtensionType.ratchet_tree)
    if data is None:
        msg = "the GroupInfo carries no ratchet tree; hand it in as ratchet_tree="
        raise StateError(msg).of(rule="VAL-192", section="12.4.3.1")
    return data


def verify_info_signature(info: GroupInfo, tree: RatchetTree) -> None:
    """Verify a GroupInfo under the leaf of its signer, who is a member (VAL-186).

    Raises:
        AuthenticationError: It does not verify.
    """
    encoded = info.encode()
    tbs = encoded[: len(encoded) - len(opaque(info.signature))]
    signer = tree.leaf(info.signer)
    assert signer is not None
    key, label = signer.signature_key, GROUP_INFO_LABEL
    if not tree.suite.verify_with_label(key, label, tbs, info.signature):
        rule = "VAL-186"
        raise AuthenticationError(rule, "12.4.3.1")


def _our_leaf(package: PrivateKeyPackage, tree: RatchetTree) -> int:
    """The leaf that is identical to that of our KeyPackage (VAL-193)."""
    wanted = package.package.leaf_node
    index = tree.keys.signature.get(wanted.signature_key)
    leaf = None if index is None else tree.leaf(index)
    if index is None or leaf is None or not _is_same_leaf(leaf, wanted):
        statement = "The tree has a leaf that is identical to that of our KeyPackage."
        msg = "VAL-193"
        raise Remote(msg, "12.4.3.1", statement, "there is none")
    return index


def _is_same_leaf(leaf: LeafNode, wanted: LeafNode) -> bool:
    return leaf.encode() == wanted.encode()


def _path_keys(
    suite: Suite, tree: RatchetTree, index: int, signer: int, secrets: GroupSecrets
) -> dict[int, bytes]:
    """The private keys above us that the committer's path secret yields (VAL-194)."""
    if secrets.path_secret is None:
        return {}
    lowest = common_height(index, signer)
    steps = [step for step in tree.filtered_path(signer) if step.height >= lowest]
    if not steps or steps[0].height != lowest:
        msg = "the path secret belongs to no node of the committer's path"
        raise DecodeError(msg).of(rule="VAL-194", section="12.4.3.1")
    derived = update_path.derive(suite, steps, secrets.path_secret.path_secret)
    for step, public in zip(steps, derived.public, strict=True):
        if not _has_key(tree, step.height, index, public):
            statement = "The keys derived from a path secret are those of the tree."
            msg_0 = "VAL-194"
            raise Remote(msg_0, "12.4.3.1", statement, f"height {step.height}")
    return derived.private


def _has_key(tree: RatchetTree, height: int, index: int, public: bytes) -> bool:
    """Whether the node above a leaf at a height has a public key."""
    subtree = tree.subtree(height, index >> height)
    node = None if subtree is None else subtree.node
    return node is not None and node.encryption_key == public


def not_twice(group_id: bytes, groups: Sequence[bytes]) -> None:
    """A group that one is in already cannot be joined again (VAL-188).

    Raises:
        StateError: It is among ``groups``.
    """
    if group_id in groups:
        msg = f"already in a group with the id {group_id.hex()}"
        raise StateError(msg).of(rule="VAL-188", section="12.4.3")
