"""Making what an honest engine does not make, with everything else in order.

May import the engine's own steps. Whoever forges here has the keys of a member: signatures,
tags and encryption are renewed around the one thing that is wrong.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import msgspec

from covey.lab.adversary.taking_out import altered, without_rules
from covey.mls.crypto.dialects import get_suite
from covey.mls.framing import authenticate, private, public
from covey.mls.group import psks
from covey.mls.group.member import sign_leaf
from covey.mls.group.padding import no_padding
from covey.mls.group.seal import own_sender
from covey.mls.group.welcome import GROUP_INFO_LABEL
from covey.mls.rules import key_packages
from covey.mls.rules.registry import Local
from covey.mls.schedule.key_schedule import external_key_pair
from covey.mls.schedule.secret_tree import APPLICATION, HANDSHAKE
from covey.mls.structs.extensions import Extension, ExternalPub
from covey.mls.structs.framing import FramedContentAuthData
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import GroupInfo
from covey.mls.wire.code_points import ContentType, ExtensionType, ProtocolVersion, WireFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from covey.mls.crypto.suite import Suite
    from covey.mls.group.epoch import Epoch
    from covey.mls.group.group import Group
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.group.pending import PendingCommit
    from covey.mls.schedule.secret_tree import RatchetKind
    from covey.mls.structs.framing import FramedContent, Sender
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.schedule import PreSharedKeyID
    from covey.mls.structs.tree import LeafNode

PUBLIC = WireFormat.mls_public_message
PRIVATE = WireFormat.mls_private_message


def epoch_of(group: Group) -> Epoch:
    """What a member knows of its epoch, secrets included."""
    return group._state.epoch  # noqa: SLF001 - an adversary has all of it


# --- messages ---------------------------------------------------------------------------


def public_message(
    group: Group,
    content: FramedContent,
    *,
    confirmation_tag: bytes | None = None,
    wire_format: int = PUBLIC,
    signer: bytes | None = None,
    context: bytes | None = None,
    **changes: Any,  # noqa: ANN401 - whatever the auth data or the message has
) -> bytes:
    """A PublicMessage of any content, signed and tagged by a member.

    Args:
        group: The member's group.
        content: What it says; ``raw`` is what is signed.
        confirmation_tag: For a commit.
        wire_format: What the signature says of the wire format.
        signer: Another private key to sign with.
        context: Another GroupContext to sign, encoded.
        changes: ``signature`` or ``membership_tag`` to put in place of the right one.
    """
    epoch = epoch_of(group)
    suite = epoch.public.suite
    encoded = epoch.public.encoded if context is None else context
    tbs = authenticate.to_be_signed(wire_format, content, encoded)
    signature = changes.get("signature")
    if signature is None:
        signature = authenticate.sign(suite, signer or epoch.signer, tbs)
    auth = FramedContentAuthData(signature, confirmation_tag)
    message = public.protect(suite, epoch.secrets.membership_key, content, auth, tbs)
    if "membership_tag" in changes:
        message = message.replace(membership_tag=changes["membership_tag"])
    return MLSMessage(ProtocolVersion.mls10, message).encode()


def private_message(  # noqa: PLR0913 - a forger may change any of them
    group: Group,
    content: FramedContent,
    *,
    confirmation_tag: bytes | None = None,
    padding: bytes = b"",
    reuse_guard: bytes = b"\x01\x02\x03\x04",
    generation: int | None = None,
    wire_format: int = PRIVATE,
    signature: bytes | None = None,
    spend: bool = True,
) -> bytes:
    """A PrivateMessage of any content, signed and encrypted by a member.

    Args:
        group: The member's group.
        content: What it says; ``raw`` is what is signed and encrypted.
        confirmation_tag: For a commit.
        padding: What follows the content.
        reuse_guard: Four bytes.
        generation: What the sender data says; by default the truth.
        wire_format: What the signature says of the wire format.
        signature: To put in place of the right one.
        spend: Whether the member's generation is used up.
    """
    epoch = epoch_of(group)
    suite = epoch.public.suite
    tbs = authenticate.to_be_signed(wire_format, content, epoch.public.encoded)
    auth = FramedContentAuthData(
        signature or authenticate.sign(suite, epoch.signer, tbs), confirmation_tag
    )
    kind: RatchetKind = (
        APPLICATION if content.content_type is ContentType.application else HANDSHAKE
    )
    secret_tree = group._state.secret_tree  # noqa: SLF001 - an adversary has all of it
    step = secret_tree.peek_next(epoch.private.index, kind)
    if spend:
        secret_tree.apply(step)
    if generation is not None:
        step = msgspec.structs.replace(step, generation=generation)
    secret = epoch.secrets.sender_data_secret
    padded = altered("framing.private:_pad", lambda _: lambda plain, __: plain + padding)
    with padded if padding else nullcontext():
        sealed = private.protect(suite, secret, step, content, auth, no_padding, reuse_guard)
    return MLSMessage(ProtocolVersion.mls10, sealed).encode()


def proposal_content(
    group: Group,
    proposal: Proposal,
    *,
    sender: Sender | None = None,
    epoch: int | None = None,
    group_id: bytes | None = None,
) -> FramedContent:
    """The content that proposes anything."""
    return authenticate.proposal_content(
        group.group_id if group_id is None else group_id,
        group.epoch if epoch is None else epoch,
        sender or own_sender(epoch_of(group)),
        b"",
        proposal,
    )


def said(group: Group, data: bytes = b"hello") -> FramedContent:
    """The content that says something to the other members' applications."""
    return authenticate.application_content(
        group.group_id, group.epoch, own_sender(epoch_of(group)), b"", data
    )


def proposed(group: Group, proposal: Proposal, wire_format: int = PUBLIC) -> bytes:
    """The message of a member that proposes anything, valid or not."""
    content = proposal_content(group, proposal)
    if wire_format == PUBLIC:
        return public_message(group, content)
    return private_message(group, content)


def committed(
    group: Group,
    *checks: str,
    under: Callable[[], AbstractContextManager[None]] = nullcontext,
    **options: Any,  # noqa: ANN401 - those of Group.commit
) -> PendingCommit:
    """A commit of a member whose engine lacks some checks; the member does not keep it.

    Args:
        group: The member's group.
        checks: Ids of rules that its engine lacks.
        under: Begins what else is different in its engine, such as ``altering(...)``.
        options: Those of :meth:`Group.commit`.
    """
    with without_rules(*checks), under():
        pending = group.commit(**options)
    group.discard(pending)
    return pending


# --- leaves and KeyPackages -------------------------------------------------------------


def signed_leaf(
    suite: Suite, signer: bytes, leaf: LeafNode, group_id: bytes = b"", index: int = 0
) -> LeafNode:
    """A leaf with a signature that fits; group_id and index count as its source says."""
    return sign_leaf(suite, leaf.replace(signature=b""), signer, group_id, index)


def repackaged(
    private_package: PrivateKeyPackage,
    *,
    leaf: dict[str, Any] | None = None,
    signer: bytes | None = None,
    **changes: Any,  # noqa: ANN401 - any field of a KeyPackage
) -> PrivateKeyPackage:
    """A KeyPackage with changes, all its signatures renewed.

    Args:
        private_package: What it is made from.
        leaf: What is different in the leaf.
        signer: Another private key, when the leaf's signature_key is changed.
        changes: What is different in the KeyPackage.
    """
    package, key = private_package.package, signer or private_package.signer
    suite = get_suite(package.cipher_suite)
    node = signed_leaf(suite, key, package.leaf_node.replace(**(leaf or {})))
    changed = package.replace(**{"leaf_node": node, **changes, "signature": b""})
    made = changed.replace(signature=package_signature(suite, key, changed))
    return msgspec.structs.replace(private_package, package=made, signer=key)


def package_signature(suite: Suite, signer: bytes, package: KeyPackage) -> bytes:
    """The signature of a KeyPackage."""
    tbs = key_packages.key_package_tbs(package)
    return suite.sign_with_label(signer, key_packages.LABEL, tbs)


def psk_secret(group: Group, wanted: Sequence[PreSharedKeyID]) -> bytes:
    """The psk_secret of some PSKs that a member knows (§8.4)."""
    kit = group.ports.kit(Local, group._state)  # noqa: SLF001 - an adversary has all of it
    return psks.combine(group.suite, wanted, kit.psks, kit.resumption)


# --- GroupInfo --------------------------------------------------------------------------


def group_info(
    group: Group,
    *,
    tree: bytes | None = None,
    context: dict[str, Any] | None = None,
    extensions: Sequence[Extension] | None = None,
    signer: bytes | None = None,
    **changes: Any,  # noqa: ANN401 - any field of a GroupInfo
) -> bytes:
    """A GroupInfo with changes, signed by a member.

    Args:
        group: The member's group.
        tree: The encoded ratchet_tree extension; by default the group's.
        context: What is different in the GroupContext.
        extensions: All extensions; by default tree and external_pub.
        signer: Another private key to sign with.
        changes: What is different in the GroupInfo.
    """
    epoch = epoch_of(group)
    suite = epoch.public.suite
    if extensions is None:
        _, external_pub = external_key_pair(suite, epoch.secrets.external_secret)
        data = group.tree.encode() if tree is None else tree
        extensions = (
            Extension(ExtensionType.ratchet_tree, data),
            Extension(ExtensionType.external_pub, ExternalPub(external_pub).encode()),
        )
    info = GroupInfo(
        group.context.replace(**(context or {})),
        tuple(extensions),
        epoch.public.confirmation_tag,
        epoch.private.index,
        b"",
    ).replace(**changes)
    if "signature" not in changes:
        info = signed_info(suite, signer or epoch.signer, info)
    return MLSMessage(ProtocolVersion.mls10, info).encode()


def signed_info(suite: Suite, signer: bytes, info: GroupInfo) -> GroupInfo:
    """A GroupInfo with a signature that fits."""
    unsigned = info.replace(signature=b"")
    tbs = unsigned.encode()[:-1]  # all but the header of the empty signature
    return info.replace(signature=suite.sign_with_label(signer, GROUP_INFO_LABEL, tbs))
