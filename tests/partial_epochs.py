"""Epochs that are followed by membership proofs in place of a tree (draft-ietf-mls-partial).

Each step is the engine's own: framing, transcript, key schedule, TreeKEM's secrets. What is looked
up in a proof here is what a member of a full group looks up in its tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.mls.framing import authenticate, private, public
from covey.mls.group.member import key_package_ref
from covey.mls.group.verify import key_package_job, leaf_job
from covey.mls.group.welcome import GROUP_INFO_LABEL, WELCOME_LABEL
from covey.mls.schedule import key_schedule, transcript
from covey.mls.schedule.secret_tree import SecretTree
from covey.mls.structs.framing import PrivateMessage, PublicMessage
from covey.mls.structs.proposals import GroupContextExtensions, PreSharedKey
from covey.mls.structs.welcome import GroupInfo, GroupSecrets
from covey.mls.tree import math
from covey.mls.wire.code_points import SenderType, WireFormat
from covey.mls.wire.varint import opaque
from partial_mls import root_hash

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite
    from covey.mls.framing.private import Opened
    from covey.mls.structs.framing import FramedContent
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.schedule import GroupContext
    from covey.mls.structs.tree import LeafNode, UpdatePath
    from partial_mls import AnnotatedCommit, AnnotatedWelcome, MembershipProof

PATH_LABEL = "UpdatePathNode"


class Epoch(NamedTuple):
    """What somebody who has no tree knows about an epoch.

    Attributes:
        suite: The cipher suite.
        context: The GroupContext.
        interim: The interim_transcript_hash.
        init_secret: For the next epoch.
        membership_key: Of PublicMessages.
        encryption_secret: The root of the secret tree.
        sender_data_secret: Of PrivateMessages.
        authenticator: The epoch_authenticator.
    """

    suite: Suite
    context: GroupContext
    interim: bytes
    init_secret: bytes
    membership_key: bytes
    encryption_secret: bytes
    sender_data_secret: bytes
    authenticator: bytes = b""


def require_leaf(suite: Suite, leaf: LeafNode, group_id: bytes, index: int) -> None:
    """A leaf is signed by itself."""
    assert suite.verify_with_label(*leaf_job(leaf, group_id, index)), f"leaf {index}"


def joined(
    suite: Suite, annotated: AnnotatedWelcome, package: KeyPackage, init_priv: bytes
) -> Epoch:
    """Join by a Welcome without PSKs, as far as its secrets and its GroupInfo go (§12.4.3.1)."""
    welcome, sender = annotated.welcome.message, annotated.welcome.sender_membership_proof
    joiner = annotated.joiner_membership_proof
    assert suite.code == package.cipher_suite == welcome.cipher_suite
    assert suite.public_key(init_priv) == package.init_key
    assert suite.verify_with_label(*key_package_job(package))
    assert joiner.leaf == package.leaf_node
    reference = key_package_ref(suite, package)
    [mine] = [each for each in welcome.secrets if each.new_member == reference]
    sealed, encrypted = mine.encrypted_group_secrets, welcome.encrypted_group_info
    secrets = GroupSecrets.decode(
        suite.decrypt_with_label(
            init_priv, WELCOME_LABEL, encrypted, sealed.kem_output, sealed.ciphertext
        )
    )
    assert (secrets.path_secret, secrets.psks) == (None, ())
    welcoming = key_schedule.welcome_secret(suite, secrets.joiner_secret, suite.zero)
    key, nonce = key_schedule.welcome_key_nonce(suite, welcoming)
    info = GroupInfo.decode(suite.open_aead(key, nonce, b"", encrypted))
    require_signed(suite, info, sender)
    require_same_tree(suite, info.group_context.tree_hash, sender, joiner)
    for proof in (sender, joiner):
        require_leaf(suite, proof.leaf, info.group_context.group_id, proof.leaf_index)
    return _begun(suite, info.group_context, secrets.joiner_secret, info.confirmation_tag)


def require_signed(suite: Suite, info: GroupInfo, sender: MembershipProof) -> None:
    """A GroupInfo is signed by the leaf that its sender's proof proves."""
    assert info.signer == sender.leaf_index
    assert info.group_context.tree_hash == root_hash(suite, sender)
    encoded = info.encode()
    signed = encoded[: len(encoded) - len(opaque(info.signature))]
    assert suite.verify_with_label(
        sender.leaf.signature_key, GROUP_INFO_LABEL, signed, info.signature
    )


def require_same_tree(suite: Suite, tree_hash: bytes, *proofs: MembershipProof) -> None:
    """All proofs are of the tree with this hash."""
    assert {root_hash(suite, each) for each in proofs} == {tree_hash}
    assert len({each.n_leaves for each in proofs}) == 1


def _begun(suite: Suite, context: GroupContext, joiner_secret: bytes, tag: bytes | None) -> Epoch:
    """The epoch of a joiner_secret, which its confirmation tag confirms."""
    encoded, confirmed = context.encode(), context.confirmed_transcript_hash
    made = key_schedule.epoch_secrets(suite, joiner_secret, suite.zero, encoded)
    assert tag == transcript.confirmation_tag(suite, made.confirmation_key, confirmed)
    return Epoch(
        suite,
        context,
        transcript.interim(suite, confirmed, tag),
        made.init_secret,
        made.membership_key,
        made.encryption_secret,
        made.sender_data_secret,
        made.epoch_authenticator,
    )


def opened(
    epoch: Epoch, message: PublicMessage | PrivateMessage, sender: MembershipProof
) -> Opened:
    """A member's message, which is signed by the leaf that its proof proves (§6)."""
    suite, context = epoch.suite, epoch.context.encode()
    require_same_tree(suite, epoch.context.tree_hash, sender)
    if isinstance(message, PublicMessage):
        found, form = private.Opened(message.content, message.auth), WireFormat.mls_public_message
    else:
        found, form = _decrypted(epoch, message, sender.n_leaves), WireFormat.mls_private_message
    content = found.content
    tbs = authenticate.to_be_signed(form, content, context)
    if isinstance(message, PublicMessage):
        assert public.verify_membership(suite, epoch.membership_key, message, tbs)
    _require_from(content, sender)
    assert (content.group_id, content.epoch) == (epoch.context.group_id, epoch.context.epoch)
    key = sender.leaf.signature_key
    assert authenticate.verify(suite, key, tbs, found.auth.signature)
    return found


def _require_from(content: FramedContent, sender: MembershipProof) -> None:
    assert content.sender.sender_type is SenderType.member
    assert content.sender.leaf_index == sender.leaf_index


def _decrypted(epoch: Epoch, message: PrivateMessage, leaves: int) -> Opened:
    suite = epoch.suite
    data = private.open_sender_data(suite, epoch.sender_data_secret, message)
    ratchet = private.ratchet_of(message.content_type)
    tree = SecretTree(suite, leaves, epoch.encryption_secret)
    step = tree.peek(data.leaf_index, ratchet, data.generation)
    return private.open_content(suite, step.key, step.nonce, message, data)


class Commits(NamedTuple):
    """A commit that was opened, and the epoch's GroupContext that it leads to but for its hash."""

    annotated: AnnotatedCommit
    content: FramedContent
    confirmation_tag: bytes | None
    confirmed: bytes
    context: GroupContext

    @property
    def path(self) -> UpdatePath:
        """Its UpdatePath; all commits of the vectors have one."""
        assert self.content.commit is not None
        assert self.content.commit.path is not None
        return self.content.commit.path


def opened_commit(epoch: Epoch, annotated: AnnotatedCommit) -> Commits:
    """A member's commit without PSKs and GroupContextExtensions, verified (§12.4.2)."""
    suite, message = epoch.suite, annotated.commit.message
    assert annotated.sender_membership_proof is not None
    assert isinstance(message, PublicMessage | PrivateMessage)
    found = opened(epoch, message, annotated.sender_membership_proof)
    content = found.content
    assert content.commit is not None
    for each in content.commit.proposals:
        assert not isinstance(each, PreSharedKey | GroupContextExtensions)
    form = type(message).tag
    signature = found.auth.signature
    confirmed = transcript.confirmed(suite, epoch.interim, form, content.encode(), signature)
    after, receiver = (
        annotated.sender_membership_proof_after,
        annotated.receiver_membership_proof_after,
    )
    require_same_tree(suite, annotated.tree_hash_after, after, receiver)
    assert after.leaf_index == annotated.sender_membership_proof.leaf_index
    context = epoch.context.replace(
        epoch=epoch.context.epoch + 1, tree_hash=annotated.tree_hash_after
    )
    made = Commits(annotated, content, found.auth.confirmation_tag, confirmed, context)
    assert after.leaf == made.path.leaf_node
    for proof in (after, receiver):
        require_leaf(suite, proof.leaf, context.group_id, proof.leaf_index)
    return made


def followed(epoch: Epoch, commits: Commits, commit_secret: bytes) -> Epoch:
    """The epoch that a commit begins (§8)."""
    context = commits.context.replace(confirmed_transcript_hash=commits.confirmed)
    secret = key_schedule.joiner_secret(
        epoch.suite, epoch.init_secret, commit_secret, context.encode()
    )
    return _begun(epoch.suite, context, secret, commits.confirmation_tag)


def path_secret(
    suite: Suite,
    path: UpdatePath,
    place: tuple[MembershipProof, MembershipProof, int | None],
    keys: dict[int, bytes],
    context: bytes,
) -> tuple[int, bytes]:
    """Decrypt what a path holds for a receiver (§7.6).

    Args:
        suite: The cipher suite.
        path: The path.
        place: Proofs of its sender and its receiver after it, and the resolution_index.
        keys: The receiver's private keys, by node.
        context: The context of the encryption.

    Returns:
        The height of the lowest node that both are below, and its path secret.
    """
    sender, receiver, index = place
    assert index is not None
    meeting = math.common_height(sender.leaf_index, receiver.leaf_index)
    publics = {0: receiver.leaf.encryption_key} | {
        height: node.encryption_key for height, node in receiver.parents.items()
    }
    below = max(
        height
        for height, public_key in publics.items()
        if height < meeting and _key(suite, keys, height, receiver.leaf_index) == public_key
    )
    own = keys[math.node_index(below, receiver.leaf_index >> below)]
    node = path.nodes[sorted(sender.parents).index(meeting)]
    sealed = node.encrypted_path_secret[index]
    return meeting, suite.decrypt_with_label(
        own, PATH_LABEL, context, sealed.kem_output, sealed.ciphertext
    )


def _key(suite: Suite, keys: dict[int, bytes], height: int, leaf: int) -> bytes | None:
    known = keys.get(math.node_index(height, leaf >> height))
    return None if known is None else suite.public_key(known)


def climbed(
    suite: Suite, path: UpdatePath, sender: MembershipProof, meeting: int, secret: bytes
) -> tuple[bytes, dict[int, tuple[bytes, bytes]]]:
    """Everything above the node where sender and receiver meet (§7.4).

    Returns:
        The commit_secret; and of each node its path secret and its private key.
    """
    known = {}
    heights = sorted(sender.parents)
    assert [each.encryption_key for each in path.nodes] == [
        sender.parents[height].encryption_key for height in heights
    ]
    for height in heights[heights.index(meeting) :]:
        private_key, public_key = suite.derive_key_pair(suite.derive_secret(secret, "node"))
        assert public_key == sender.parents[height].encryption_key
        known[math.node_index(height, sender.leaf_index >> height)] = (secret, private_key)
        secret = suite.derive_secret(secret, "path")
    return secret, known
