"""Calls about one client or one group as it stands (RFC 9420 §6, §8.5, §10, §11, §12.4.3).

May import :mod:`covey.mls`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey import __version__, mls
from covey.lab.interop.proto import mls_client_pb2 as pb
from covey.lab.interop.proto import peer_pb2
from covey.lab.interop.service.desk import Certified, Desk, Playing, Waiting
from covey.lab.interop.service.policy import InteropPolicy, is_named, ports
from covey.mls.crypto.suites import SUITES
from covey.mls.group.external import decode_group_info

if TYPE_CHECKING:
    from collections.abc import Iterable


def name(_desk: Desk, _request: pb.NameRequest) -> pb.NameResponse:
    """Who we are."""
    return pb.NameResponse(name=f"covey {__version__}")


def supported_ciphersuites(
    _desk: Desk, _request: pb.SupportedCiphersuitesRequest
) -> pb.SupportedCiphersuitesResponse:
    """All suites that covey implements."""
    return pb.SupportedCiphersuitesResponse(ciphersuites=[int(each) for each in SUITES])


def use_certificate(
    desk: Desk, request: peer_pb2.UseCertificateRequest
) -> peer_pb2.UseCertificateResponse:
    """Give an identity a certificate, and trust its authorities (§5.3)."""
    certified = Certified(tuple(request.certificates), request.signature_priv)
    roots = [root for root in request.roots if root not in desk.roots]
    policy = InteropPolicy(trust_anchors=(*desk.roots, *roots))
    suite = request.cipher_suite
    mls.Member.x509(
        certified.chain, certified.signer, suite, policy=policy
    ).key_package()  # or say why
    desk.certified[request.identity, suite] = certified
    desk.roots.extend(roots)
    return peer_pb2.UseCertificateResponse()


def create_group(desk: Desk, request: pb.CreateGroupRequest) -> pb.CreateGroupResponse:
    """A group of one (§11)."""
    member, psks = desk.client(request.identity, request.cipher_suite), mls.MemoryPsks()
    given = ports(member, psks, encrypt=request.encrypt_handshake)
    group = mls.Group.create(member, group_id=request.group_id, ports=given)
    return pb.CreateGroupResponse(state_id=desk.file(desk.groups, Playing(group, member, psks)))


def create_key_package(
    desk: Desk, request: pb.CreateKeyPackageRequest
) -> pb.CreateKeyPackageResponse:
    """A client that can be added (§10)."""
    waiting = desk.wait(desk.client(request.identity, request.cipher_suite))
    package = waiting.package
    return pb.CreateKeyPackageResponse(
        transaction_id=desk.file(desk.waiting, waiting),
        key_package=package.message,
        init_priv=package.init_private,
        encryption_priv=package.leaf_private,
        signature_priv=package.signer,
    )


def join_group(desk: Desk, request: pb.JoinGroupRequest) -> pb.JoinGroupResponse:
    """Join by a Welcome (§12.4.3.1)."""
    waiting = desk.waiting_client(request.transaction_id)
    playing = welcome(
        waiting, request.welcome, request.ratchet_tree, encrypt=request.encrypt_handshake
    )
    del desk.waiting[request.transaction_id]
    return joined(desk, playing)


def welcome(
    waiting: Waiting,
    message: bytes,
    ratchet_tree: bytes,
    *,
    encrypt: bool,
    successor_of: mls.Group | None = None,
) -> Playing:
    """The group of a Welcome; an empty ``ratchet_tree`` is none."""
    member = waiting.member
    group = mls.Group.join(
        member,
        waiting.package,
        message,
        ratchet_tree=ratchet_tree or None,
        successor_of=successor_of,
        ports=ports(member, waiting.psks, encrypt=encrypt),
    )
    return Playing(group, member, waiting.psks)


def joined(desk: Desk, playing: Playing) -> pb.JoinGroupResponse:
    """The answer to having joined."""
    return pb.JoinGroupResponse(
        state_id=desk.file(desk.groups, playing),
        epoch_authenticator=playing.group.epoch_authenticator,
    )


def external_join(desk: Desk, request: pb.ExternalJoinRequest) -> pb.ExternalJoinResponse:
    """Join by an external commit, in place of an older appearance if asked (§12.4.3.2)."""
    suite = decode_group_info(request.group_info).group_context.cipher_suite
    member, psks = desk.client(request.identity, suite), mls.MemoryPsks()
    for psk in request.psks:
        psks.add(psk.psk_id, psk.psk_secret)
    given = ports(member, psks, encrypt=request.encrypt_handshake)
    tree = request.ratchet_tree or None
    resync = None
    if request.remove_prior:
        observed = mls.PublicGroup(request.group_info, ratchet_tree=tree, ports=given)
        resync = named(observed.members, request.identity).index
    made = mls.Group.join_externally(
        member,
        request.group_info,
        ratchet_tree=tree,
        resync=resync,
        psks=[psk.psk_id for psk in request.psks],
        ports=given,
    )
    return pb.ExternalJoinResponse(
        state_id=desk.file(desk.groups, Playing(made.group, member, psks)),
        commit=made.commit,
        epoch_authenticator=made.group.epoch_authenticator,
    )


def named(members: Iterable[mls.MemberInfo], wanted: bytes) -> mls.MemberInfo:
    """The first member of a name.

    Raises:
        LookupError: There is none.
    """
    for member in members:
        if is_named(member.credential, wanted):
            return member
    msg = f"no member is called {wanted!r}"
    raise LookupError(msg)


def group_info(desk: Desk, request: pb.GroupInfoRequest) -> pb.GroupInfoResponse:
    """A GroupInfo with external_pub; the tree in it or beside it (§12.4.3)."""
    group = desk.playing(request.state_id).group
    return pb.GroupInfoResponse(
        group_info=group.group_info(with_tree=not request.external_tree),
        ratchet_tree=group.ratchet_tree if request.external_tree else b"",
    )


def state_auth(desk: Desk, request: pb.StateAuthRequest) -> pb.StateAuthResponse:
    """The epoch_authenticator (§8.7)."""
    group = desk.playing(request.state_id).group
    return pb.StateAuthResponse(state_auth_secret=group.epoch_authenticator)


def export(desk: Desk, request: pb.ExportRequest) -> pb.ExportResponse:
    """MLS-Exporter (§8.5)."""
    group = desk.playing(request.state_id).group
    secret = group.export(request.label, request.context, request.key_length)
    return pb.ExportResponse(exported_secret=secret)


def protect(desk: Desk, request: pb.ProtectRequest) -> pb.ProtectResponse:
    """Encrypt an application message (§6.3)."""
    group = desk.playing(request.state_id).group
    ciphertext = group.protect(request.plaintext, request.authenticated_data)
    return pb.ProtectResponse(ciphertext=ciphertext)


def unprotect(desk: Desk, request: pb.UnprotectRequest) -> pb.UnprotectResponse:
    """Decrypt an application message, of this epoch or a past one (§6.3).

    Raises:
        ValueError: It is another kind of message.
    """
    group = desk.playing(request.state_id).group
    if mls.peek(request.ciphertext).content_type != mls.ContentType.application:
        msg = "this is no application message"
        raise ValueError(msg)
    event = group.receive(request.ciphertext)
    if not isinstance(event, mls.MessageReceived):
        msg = "this is a message that the member has sent itself"
        raise ValueError(msg)  # noqa: TRY004 - the type of an argument is right
    return pb.UnprotectResponse(plaintext=event.data, authenticated_data=event.authenticated_data)


def store_psk(desk: Desk, request: pb.StorePSKRequest) -> pb.StorePSKResponse:
    """Keep an external PSK for a member, or for a client that waits (§8.4)."""
    desk.psks(request.state_or_transaction_id).add(request.psk_id, request.psk_secret)
    return pb.StorePSKResponse()


def free(desk: Desk, request: pb.FreeRequest) -> pb.FreeResponse:
    """Forget a state."""
    desk.playing(request.state_id)
    del desk.groups[request.state_id]
    return pb.FreeResponse()
