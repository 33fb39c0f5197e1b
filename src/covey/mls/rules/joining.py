"""RFC 9420 §12.4.3, §11.2, §11.3: what a Welcome and a GroupInfo must satisfy.

May import structs and the tree. Signature, tree and confirmation tag are checked by the
joining side of :mod:`covey.mls.group`, in the RFC's order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.mls.rules.key_packages import APP_DATA
from covey.mls.rules.leaves import duplicate_types, undecodable
from covey.mls.rules.registry import rule
from covey.mls.wire.code_points import ProtocolVersion, PSKType, ResumptionPSKUsage

if TYPE_CHECKING:
    from covey.mls.structs.proposals import ReInit
    from covey.mls.structs.schedule import GroupContext, PreSharedKeyID
    from covey.mls.structs.welcome import GroupInfo
    from covey.mls.tree.ratchet_tree import RatchetTree

SUCCESSOR_USAGES: Final = frozenset({ResumptionPSKUsage.reinit, ResumptionPSKUsage.branch})
"""Usages of resumption PSKs by which a new group continues another."""


class GroupInfoSubject(NamedTuple):
    """A GroupInfo, and the suite that it was expected to have."""

    info: GroupInfo
    suite_code: int


class JoinedTreeSubject(NamedTuple):
    """A GroupInfo and the tree that came with it."""

    info: GroupInfo
    tree: RatchetTree


class PsksSubject(NamedTuple):
    """The PSKs of a GroupSecrets, and the suite's hash length."""

    psks: tuple[PreSharedKeyID, ...]
    nonce_length: int


class UnlinkedSubject(NamedTuple):
    """A group that says of no other one that it goes on from it.

    Attributes:
        reinit: The ReInit by which the group has ended that it is said to go on from, if it has.
    """

    reinit: ReInit | None


class SuccessorSubject(NamedTuple):
    """A group that continues another.

    Attributes:
        context: The GroupContext of the new group.
        old: The GroupContext of the old one.
        psk: The PSK that links them.
        reinit: The ReInit that the last commit of the old group contained, if any.
        members_match: Whether the application accepts the new members: all the old ones
            for reinit, some of them for branch.
    """

    context: GroupContext
    old: GroupContext
    psk: PreSharedKeyID
    reinit: ReInit | None
    members_match: bool


@rule("VAL-187", "12.4.3.1", also=("VAL-182",))
def suites_match(subject: GroupInfoSubject) -> str | None:
    """The GroupInfo has the cipher suite of the Welcome and the KeyPackage, and mls10."""
    context = subject.info.group_context
    if context.version != ProtocolVersion.mls10:
        return f"version {context.version}"
    if context.cipher_suite != subject.suite_code:
        return f"suite 0x{context.cipher_suite:04x}, not 0x{subject.suite_code:04x}"
    return None


@rule("VAL-014", "13.4", also=("VAL-191",))
def info_extensions_are_unique(subject: GroupInfoSubject) -> str | None:
    """The extensions of a GroupInfo have at most one of each type."""
    return duplicate_types(subject.info.extensions)


@rule("APP-DATA-1", "extensions draft, app_data_dictionary")
def info_app_data_decodes(subject: GroupInfoSubject) -> str | None:
    """The app_data_dictionary of a GroupInfo is one, sorted."""
    return undecodable(subject.info.extensions, APP_DATA)


@rule("VAL-066", "12.4.3.3")
def tree_hash_matches(subject: JoinedTreeSubject) -> str | None:
    """The root tree hash equals the tree_hash of the GroupContext."""
    same = subject.tree.tree_hash == subject.info.group_context.tree_hash
    return None if same else "it is another tree"


@rule("VAL-186", "12.4.3.1")
def signer_is_a_member(subject: JoinedTreeSubject) -> str | None:
    """The signer of a GroupInfo is a non-blank leaf."""
    signer = subject.info.signer
    return f"leaf {signer} is blank" if subject.tree.leaf(signer) is None else None


@rule("VAL-185", "12.4.3.1")
def one_successor_psk(subject: PsksSubject) -> str | None:
    """A GroupSecrets has at most one PSK with usage reinit or branch."""
    count = sum(psk.usage in SUCCESSOR_USAGES for psk in subject.psks if psk.usage)
    return f"it has {count}" if count > 1 else None


@rule("VAL-120", "12.1.4", also=("VAL-198",))
def welcome_psk_nonces(subject: PsksSubject) -> str | None:
    """The psk_nonce of a PSK in a GroupSecrets has KDF.Nh bytes."""
    for psk in subject.psks:
        if len(psk.psk_nonce) != subject.nonce_length:
            return f"{len(psk.psk_nonce)} bytes, not {subject.nonce_length}"
    return None


@rule("VAL-139", "12.2")
def welcome_psks_are_different(subject: PsksSubject) -> str | None:
    """A GroupSecrets names no PSK twice."""
    return "one stands twice" if len(set(subject.psks)) != len(subject.psks) else None


@rule("VAL-196", "12.4.3.1")
def successor_is_in_epoch_one(subject: SuccessorSubject) -> str | None:
    """A group that is joined with a reinit or branch PSK is in epoch 1."""
    epoch = subject.context.epoch
    return None if epoch == 1 else f"it is in epoch {epoch}"


@rule("VAL-203", "11.2")
def psk_is_of_the_last_epoch(subject: SuccessorSubject) -> str | None:
    """A reinit PSK is of the old group, in the epoch after the commit with the ReInit."""
    psk, old = subject.psk, subject.old
    if psk.psktype is not PSKType.resumption or psk.psk_group_id != old.group_id:
        return "it is of another group"
    if psk.usage is ResumptionPSKUsage.reinit and psk.psk_epoch != old.epoch:
        return f"epoch {psk.psk_epoch}, the old group ended in {old.epoch}"
    return None


@rule("VAL-203", "11.2")
def reinit_is_followed_by_its_link(subject: UnlinkedSubject) -> str | None:
    """The group after a ReInit is come into by a PSK of the old one."""
    return "the Welcome names none" if subject.reinit is not None else None


@rule("VAL-204", "12.4.3.1")
def old_group_was_reinitialized(subject: SuccessorSubject) -> str | None:
    """The last commit of the old group contained a ReInit."""
    if subject.psk.usage is not ResumptionPSKUsage.reinit:
        return None
    return "it did not" if subject.reinit is None else None


@rule("VAL-202", "11.2")
def successor_is_as_the_reinit_says(subject: SuccessorSubject) -> str | None:
    """The new group has the group_id, version, suite and extensions of the ReInit."""
    reinit, context = subject.reinit, subject.context
    if subject.psk.usage is not ResumptionPSKUsage.reinit or reinit is None:
        return None
    for name in ("group_id", "version", "cipher_suite", "extensions"):
        if getattr(reinit, name) != getattr(context, name):
            return f"another {name}"
    return None


@rule("VAL-207", "11.3")
def branch_keeps_the_parameters(subject: SuccessorSubject) -> str | None:
    """A branched group has the version and the suite of the old one."""
    if subject.psk.usage is not ResumptionPSKUsage.branch:
        return None
    if subject.context.version != subject.old.version:
        return "another version"
    return None if subject.context.cipher_suite == subject.old.cipher_suite else "another suite"


@rule("VAL-205", "12.4.3.1")
def all_old_members_are_in_the_new_group(subject: SuccessorSubject) -> str | None:
    """After a reinitialization all members of the old group are in the new one."""
    if subject.psk.usage is not ResumptionPSKUsage.reinit or subject.members_match:
        return None
    return "some are not"


@rule("VAL-208", "11.3")
def branch_has_only_old_members(subject: SuccessorSubject) -> str | None:
    """Every member of a branched group is a member of the old one."""
    if subject.psk.usage is not ResumptionPSKUsage.branch or subject.members_match:
        return None
    return "some are not"


UNLINKED: Final = (reinit_is_followed_by_its_link,)
"""What a group satisfies that names no group from which it goes on."""

GROUP_INFO: Final = (suites_match, info_extensions_are_unique, info_app_data_decodes)
"""What a GroupInfo satisfies by itself."""

JOINED: Final = (tree_hash_matches, signer_is_a_member)
"""What it satisfies together with its tree."""

GROUP_SECRETS: Final = (one_successor_psk, welcome_psk_nonces, welcome_psks_are_different)
"""What the PSKs of a GroupSecrets satisfy."""

SUCCESSOR: Final = (
    successor_is_in_epoch_one,
    psk_is_of_the_last_epoch,
    old_group_was_reinitialized,
    successor_is_as_the_reinit_says,
    branch_keeps_the_parameters,
    all_old_members_are_in_the_new_group,
    branch_has_only_old_members,
)
"""What a group satisfies that continues another."""
