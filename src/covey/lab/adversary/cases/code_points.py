"""RFC 9420 §6, §13: values that mean nothing. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.encoding import (
    adding_rewritten,
    adds,
    proposing_a_removal,
    reading_unknown_as,
    rewriting_commits,
    rewritten,
    taking_unknown_for,
    tree_that_begins_with,
)
from covey.lab.adversary.taking_out import altering
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import PSK_ID
from covey.mls.structs.framing import PublicMessage
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import PreSharedKey, ProposalFrame, Remove
from covey.mls.structs.tree import LeafNode
from covey.mls.structs.welcome import GroupInfo, Welcome
from covey.mls.wire.code_points import (
    ContentType,
    LeafNodeSource,
    ProposalOrRefType,
    PSKType,
    ResumptionPSKUsage,
    SenderType,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.structs.framing import FramedContent


_RESERVED = b"\x00"
_UNKNOWN = b"\x09"


# --- VAL-007: closed enums --------------------------------------------------------------------


@breaks("VAL-007", instead=reading_unknown_as(SenderType.member))
def a_sender_of_no_type(stage: Stage) -> Trial:
    """The sender_type is the reserved 0; what follows is that of a member."""
    content = proposing_a_removal(stage)
    sender = content.sender.encode()
    bad = forge.public_message(stage.mallory, rewritten(content, sender, _RESERVED + sender[1:]))
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-007", instead=reading_unknown_as(ContentType.proposal))
def a_content_of_no_type(stage: Stage) -> Trial:
    """The content_type is an unknown one; what follows is a proposal."""
    content = proposing_a_removal(stage)
    arm = ProposalFrame(Remove(stage.dave.own_index)).encode()
    known = ContentType.proposal.to_bytes(1) + arm
    bad = forge.public_message(stage.mallory, rewritten(content, known, _UNKNOWN + arm))
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-007", instead=reading_unknown_as(ProposalOrRefType.proposal))
def neither_proposal_nor_reference(stage: Stage) -> Trial:
    """The type of a ProposalOrRef is an unknown one; what follows is a proposal."""
    arm = ProposalFrame(Remove(stage.dave.own_index)).encode()

    def unknown(_: FramedContent) -> tuple[bytes, bytes]:
        return ProposalOrRefType.proposal.to_bytes(1) + arm, _UNKNOWN + arm

    removed = [stage.dave.own_index]
    bad = forge.committed(stage.mallory, remove=removed, under=rewriting_commits(unknown))
    return Trial(stage.victim(), bad.message, stage.mallory.commit(remove=removed).message)


@breaks("VAL-007", instead=reading_unknown_as(LeafNodeSource.key_package))
def a_leaf_from_nowhere(stage: Stage) -> Trial:
    """The leaf_node_source of a newcomer is an unknown one; what follows is a lifetime."""
    _, package = stage.newcomer()
    lifetime = package.package.leaf_node.lifetime
    assert lifetime is not None
    end = lifetime.encode()
    return adding_rewritten(
        stage, LeafNodeSource.key_package.to_bytes(1) + end, _UNKNOWN + end, package
    )


@breaks("VAL-007", instead=reading_unknown_as(PSKType.external))
def a_psk_of_no_type(stage: Stage) -> Trial:
    """The psktype of a PreSharedKey is the reserved 0; what follows is that of an external one."""
    stage.share_psk()
    psk = stage.mallory.psk_id(PSK_ID).encode()
    return _psk_rewritten(stage, psk, _RESERVED + psk[1:])


@breaks("VAL-007", instead=reading_unknown_as(ResumptionPSKUsage.application))
def a_psk_of_no_use(stage: Stage) -> Trial:
    """The usage of a resumption PSK is an unknown one."""
    psk = stage.mallory.resumption_psk_id(stage.mallory.epoch).encode()
    return _psk_rewritten(stage, psk, psk[:1] + _UNKNOWN + psk[2:])


def _psk_rewritten(stage: Stage, psk: bytes, other: bytes) -> Trial:
    proposal = ProposalFrame.decode(PreSharedKey.tag.to_bytes(2) + psk).proposal
    content = forge.proposal_content(stage.mallory, proposal)
    bad = forge.public_message(stage.mallory, rewritten(content, psk, other))
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-007", instead=taking_unknown_for(LeafNode))
def neither_leaf_nor_parent(stage: Stage) -> Trial:
    """The node_type of the first leaf of a ratchet tree is an unknown one."""
    return tree_that_begins_with(stage, b"\x01" + _UNKNOWN)


# --- VAL-008, VAL-009: MLSMessage -------------------------------------------------------------


def _of_any_version(_: object) -> Callable[[bytes], MLSMessage]:
    return MLSMessage.decode


ANY_VERSION = altering(("group.receiving:decode_message", _of_any_version))


def _of_version_2(message: bytes) -> bytes:
    return b"\x00\x02" + message[2:]


@breaks("VAL-008", instead=ANY_VERSION)
def a_message_of_another_version(stage: Stage) -> Trial:
    """The version of a message is not mls10."""
    good = forge.proposed(stage.mallory, Remove(stage.dave.own_index))
    return Trial(stage.victim(), _of_version_2(good), good)


@breaks("VAL-008", instead=ANY_VERSION)
def a_welcome_of_another_version(stage: Stage) -> Trial:
    """The version of the MLSMessage with a Welcome is not mls10."""
    client, package = stage.newcomer()
    good = stage.mallory.commit(add=[package.message]).welcome
    return Trial(stage.joiner(client, package), _of_version_2(good), good)


@breaks("VAL-008", instead=ANY_VERSION)
def a_group_info_of_another_version(stage: Stage) -> Trial:
    """The version of the MLSMessage with a GroupInfo is not mls10."""
    good = stage.mallory.group_info()
    return Trial(stage.outsider(), _of_version_2(good), good)


@breaks("VAL-008", instead=ANY_VERSION)
def a_key_package_in_a_message_of_another_version(stage: Stage) -> Trial:
    """The version of the MLSMessage with a KeyPackage is not mls10; its own version is."""
    _, package = stage.newcomer()
    return Trial(stage.sender(adds), _of_version_2(package.message), package.message)


def _of_no_wire_format(message: bytes) -> bytes:
    return message[:2] + b"\xf0\x01" + message[4:]


@breaks("VAL-009", instead=taking_unknown_for(PublicMessage))
def a_message_of_no_wire_format(stage: Stage) -> Trial:
    """The wire_format is an unknown one; what follows is a PublicMessage."""
    good = forge.proposed(stage.mallory, Remove(stage.dave.own_index))
    return Trial(stage.victim(), _of_no_wire_format(good), good)


@breaks("VAL-009", instead=taking_unknown_for(Welcome))
def a_welcome_of_no_wire_format(stage: Stage) -> Trial:
    """The wire_format is an unknown one; what follows is a Welcome."""
    client, package = stage.newcomer()
    good = stage.mallory.commit(add=[package.message]).welcome
    return Trial(stage.joiner(client, package), _of_no_wire_format(good), good)


@breaks("VAL-009", instead=taking_unknown_for(GroupInfo))
def a_group_info_of_no_wire_format(stage: Stage) -> Trial:
    """The wire_format is an unknown one; what follows is a GroupInfo."""
    good = stage.mallory.group_info()
    return Trial(stage.outsider(), _of_no_wire_format(good), good)


@breaks("VAL-009", instead=taking_unknown_for(KeyPackage))
def a_key_package_of_no_wire_format(stage: Stage) -> Trial:
    """The wire_format is an unknown one; what follows is a KeyPackage."""
    _, package = stage.newcomer()
    return Trial(stage.sender(adds), _of_no_wire_format(package.message), package.message)
