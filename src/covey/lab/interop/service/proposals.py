"""Calls that make proposals, from inside and outside of a group (RFC 9420 §12.1).

May import :mod:`covey.mls`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey import mls
from covey.lab.interop.proto import mls_client_pb2 as pb
from covey.lab.interop.service.describing import described, extensions, reinit
from covey.lab.interop.service.groups import named
from covey.lab.interop.service.policy import ports
from covey.mls.group.external import decode_group_info
from covey.mls.group.proposing import key_package
from covey.mls.structs.extensions import ExternalSender, ExternalSenders

if TYPE_CHECKING:
    from covey.lab.interop.service.desk import Desk, Playing
    from covey.mls.structs.proposals import Proposal

_SENDERS: Final = mls.ExtensionType.external_senders


def add_proposal(desk: Desk, request: pb.AddProposalRequest) -> pb.ProposalResponse:
    """Add (§12.1.1)."""
    return _propose(desk.playing(request.state_id), mls.Add(key_package(request.key_package)))


def update_proposal(desk: Desk, request: pb.UpdateProposalRequest) -> pb.ProposalResponse:
    """Update (§12.1.2)."""
    playing = desk.playing(request.state_id)
    return _remembered(playing, playing.group.propose_update())


def remove_proposal(desk: Desk, request: pb.RemoveProposalRequest) -> pb.ProposalResponse:
    """Remove (§12.1.3)."""
    playing = desk.playing(request.state_id)
    index = named(playing.group.members, request.removed_id).index
    return _propose(playing, mls.Remove(index))


def external_psk_proposal(
    desk: Desk, request: pb.ExternalPSKProposalRequest
) -> pb.ProposalResponse:
    """PreSharedKey, external (§12.1.4)."""
    playing = desk.playing(request.state_id)
    return _propose(playing, mls.PreSharedKey(playing.group.psk_id(request.psk_id)))


def resumption_psk_proposal(
    desk: Desk, request: pb.ResumptionPSKProposalRequest
) -> pb.ProposalResponse:
    """PreSharedKey of a past epoch (§12.1.4)."""
    playing = desk.playing(request.state_id)
    psk = playing.group.resumption_psk_id(request.epoch_id)
    return _propose(playing, mls.PreSharedKey(psk))


def group_context_extensions_proposal(
    desk: Desk, request: pb.GroupContextExtensionsProposalRequest
) -> pb.ProposalResponse:
    """GroupContextExtensions (§12.1.7)."""
    playing = desk.playing(request.state_id)
    return _propose(playing, mls.GroupContextExtensions(extensions(request.extensions)))


def reinit_proposal(desk: Desk, request: pb.ReInitProposalRequest) -> pb.ProposalResponse:
    """ReInit (§12.1.5)."""
    playing = desk.playing(request.state_id)
    return _propose(playing, reinit(request.group_id, request.cipher_suite, request.extensions))


def add_external_signer(desk: Desk, request: pb.AddExternalSignerRequest) -> pb.ProposalResponse:
    """GroupContextExtensions with one external sender more (§12.1.8.1)."""
    playing = desk.playing(request.state_id)
    senders = ExternalSenders.decode(playing.group.extension(_SENDERS) or b"\0").external_senders
    added = ExternalSenders((*senders, ExternalSender.decode(request.external_sender)))
    kept = [each for each in playing.group.extensions if each.extension_type != _SENDERS]
    listed = (*kept, mls.Extension(_SENDERS, added.encode()))
    return _propose(playing, mls.GroupContextExtensions(listed))


def create_external_signer(
    desk: Desk, request: pb.CreateExternalSignerRequest
) -> pb.CreateExternalSignerResponse:
    """Somebody outside who may propose (§12.1.8.1)."""
    signer = desk.client(request.identity, request.cipher_suite)
    sender = ExternalSender(signer.signature_key, signer.credential)
    return pb.CreateExternalSignerResponse(
        signer_id=desk.file(desk.signers, signer), external_sender=sender.encode()
    )


def external_signer_proposal(
    desk: Desk, request: pb.ExternalSignerProposalRequest
) -> pb.ProposalResponse:
    """A proposal of an external signer; its index is looked up in the group (§12.1.8.1)."""
    signer = desk.signer(request.signer_id)
    group = mls.PublicGroup(
        request.group_info,
        ratchet_tree=request.ratchet_tree or None,
        ports=ports(signer, mls.MemoryPsks(), encrypt=False),
    )
    proposal = described(request.description, group, signer.suite)
    return pb.ProposalResponse(proposal=group.propose(signer, proposal))


def new_member_add_proposal(
    desk: Desk, request: pb.NewMemberAddProposalRequest
) -> pb.NewMemberAddProposalResponse:
    """Ask to be added (§12.1.8)."""
    suite = decode_group_info(request.group_info).group_context.cipher_suite
    waiting = desk.wait(desk.client(request.identity, suite))
    package = waiting.package
    proposal = mls.propose_to_join(waiting.member, package, request.group_info)
    return pb.NewMemberAddProposalResponse(
        transaction_id=desk.file(desk.waiting, waiting),
        proposal=proposal,
        init_priv=package.init_private,
        encryption_priv=package.leaf_private,
        signature_priv=package.signer,
    )


def _propose(playing: Playing, proposal: Proposal) -> pb.ProposalResponse:
    return _remembered(playing, playing.group.propose(proposal))


def _remembered(playing: Playing, message: bytes) -> pb.ProposalResponse:
    """The answer; whoever commits our own proposal later knows it by its message alone."""
    reference = playing.group.proposals[-1].reference
    assert reference is not None
    playing.references[message] = reference
    return pb.ProposalResponse(proposal=message)
