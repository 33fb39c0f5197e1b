"""Calls that continue a group in another (RFC 9420 §11.2, §11.3). May import :mod:`covey.mls`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.interop.proto import mls_client_pb2 as pb
from covey.lab.interop.service.commits import accepted, received
from covey.lab.interop.service.describing import extensions
from covey.lab.interop.service.desk import Continuing, Playing
from covey.lab.interop.service.groups import joined, welcome
from covey.lab.interop.service.policy import encrypts, ports
from covey.mls.crypto import x509
from covey.mls.structs.credentials import X509Credential

if TYPE_CHECKING:
    from covey import mls
    from covey.lab.interop.service.desk import Desk
    from covey.mls.structs.credentials import Credential


def handle_pending_reinit_commit(
    desk: Desk, request: pb.HandlePendingCommitRequest
) -> pb.HandleReInitCommitResponse:
    """Apply our own commit of a ReInit, and get ready for the next group."""
    playing = desk.playing(request.state_id)
    accepted(playing)
    return _ended(desk, playing)


def handle_reinit_commit(
    desk: Desk, request: pb.HandleCommitRequest
) -> pb.HandleReInitCommitResponse:
    """Apply another member's commit of a ReInit, and get ready for the next group."""
    playing = desk.playing(request.state_id)
    received(playing, request.proposal, request.commit)
    return _ended(desk, playing)


def _ended(desk: Desk, playing: Playing) -> pb.HandleReInitCommitResponse:
    reinit = playing.group.reinit
    if reinit is None:
        msg = "the commit holds no ReInit"
        raise ValueError(msg)
    waiting = desk.wait(desk.client(_identity(playing.member.credential), reinit.cipher_suite))
    return pb.HandleReInitCommitResponse(
        reinit_id=desk.file(desk.continuing, Continuing(playing, waiting)),
        key_package=waiting.package.message,
        epoch_authenticator=playing.group.epoch_authenticator,
    )


def _identity(credential: Credential) -> bytes:
    """By what a runner knows a client of ours."""
    if isinstance(credential, X509Credential):
        return x509.common_names(credential.certificates[0].cert_data)[0].encode()
    return getattr(credential, "identity", b"")


def reinit_welcome(desk: Desk, request: pb.ReInitWelcomeRequest) -> pb.CreateSubgroupResponse:
    """Make the group that follows a ReInit (§11.2)."""
    continuing = desk.continuing_member(request.reinit_id)
    old, member = continuing.old, continuing.waiting.member
    founded = old.group.reinitialize(
        member,
        request.key_package,
        ports=ports(member, old.psks, encrypt=encrypts(old.group)),
        path=request.force_path,
        welcome_tree=not request.external_tree,
    )
    del desk.continuing[request.reinit_id]
    return _founded(desk, founded, Playing(founded.group, member, old.psks), request.external_tree)


def handle_reinit_welcome(
    desk: Desk, request: pb.HandleReInitWelcomeRequest
) -> pb.JoinGroupResponse:
    """Join the group that follows a ReInit (§11.2)."""
    continuing = desk.continuing_member(request.reinit_id)
    old = continuing.old.group
    playing = welcome(
        continuing.waiting,
        request.welcome,
        request.ratchet_tree,
        encrypt=encrypts(old),
        successor_of=old,
    )
    del desk.continuing[request.reinit_id]
    return joined(desk, playing)


def create_branch(desk: Desk, request: pb.CreateBranchRequest) -> pb.CreateSubgroupResponse:
    """Make a group of some of the members (§11.3)."""
    old = desk.playing(request.state_id)
    founded = old.group.branch(
        old.member,
        request.key_packages,
        group_id=request.group_id,
        extensions=extensions(request.extensions),
        ports=ports(old.member, old.psks, encrypt=encrypts(old.group)),
        path=request.force_path,
        welcome_tree=not request.external_tree,
    )
    playing = Playing(founded.group, old.member, old.psks)
    return _founded(desk, founded, playing, request.external_tree)


def _founded(
    desk: Desk,
    founded: mls.Founded[mls.Group],
    playing: Playing,
    external_tree: bool,  # noqa: FBT001 - a field of the request
) -> pb.CreateSubgroupResponse:
    return pb.CreateSubgroupResponse(
        state_id=desk.file(desk.groups, playing),
        welcome=founded.welcome,
        ratchet_tree=founded.group.ratchet_tree if external_tree else b"",
        epoch_authenticator=founded.group.epoch_authenticator,
    )


def handle_branch(desk: Desk, request: pb.HandleBranchRequest) -> pb.HandleBranchResponse:
    """Join a group of some of the members (§11.3)."""
    old = desk.playing(request.state_id).group
    waiting = desk.waiting_client(request.transaction_id)
    playing = welcome(
        waiting, request.welcome, request.ratchet_tree, encrypt=encrypts(old), successor_of=old
    )
    del desk.waiting[request.transaction_id]
    answer = joined(desk, playing)
    return pb.HandleBranchResponse(
        state_id=answer.state_id, epoch_authenticator=answer.epoch_authenticator
    )
