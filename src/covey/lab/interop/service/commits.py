"""Calls that change a group (RFC 9420 §12.4). May import :mod:`covey.mls`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey import mls
from covey.lab.interop.proto import mls_client_pb2 as pb
from covey.lab.interop.service.describing import described

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.lab.interop.service.desk import Desk, Playing


def commit(desk: Desk, request: pb.CommitRequest) -> pb.CommitResponse:
    """Make a commit, which is pending until HandlePendingCommit (§12.4.1)."""
    playing = desk.playing(request.state_id)
    group = playing.group
    if group.pending is not None:
        group.discard(group.pending)  # the runner has dropped it
    pending = group.commit(
        references=_references(playing, request.by_reference),
        proposals=[described(each, group, group.suite) for each in request.by_value],
        path=request.force_path,
        welcome_tree=not request.external_tree,
    )
    return pb.CommitResponse(
        commit=pending.message,
        welcome=pending.welcome if pending.welcomes else b"",
        ratchet_tree=pending.ratchet_tree if request.external_tree else b"",
    )


def _references(playing: Playing, messages: Iterable[bytes]) -> list[bytes]:
    """What proposals are committed by: those not seen yet are received first."""
    return [_reference(playing, message) for message in messages]


def _reference(playing: Playing, message: bytes) -> bytes:
    known = playing.references.get(message)
    if known is not None:
        return known
    event = playing.group.receive(message)
    if not isinstance(event, mls.ProposalReceived):
        msg = f"by_reference takes proposals; this is a {type(event).__name__}"
        raise ValueError(msg)  # noqa: TRY004 - the type of an argument is right
    playing.references[message] = event.reference
    return event.reference


def handle_commit(desk: Desk, request: pb.HandleCommitRequest) -> pb.HandleCommitResponse:
    """Apply a commit of another member, and the proposals that it refers to (§12.4.2)."""
    received(desk.playing(request.state_id), request.proposal, request.commit)
    return _changed(desk, request.state_id)


def received(playing: Playing, proposals: Iterable[bytes], message: bytes) -> None:
    """Apply proposals, then the commit.

    Raises:
        ValueError: The last message is no commit.
    """
    _references(playing, proposals)
    event = playing.group.receive(message)
    if not isinstance(event, mls.EpochChanged):
        msg = f"a commit is needed, this is a {type(event).__name__}"
        raise ValueError(msg)  # noqa: TRY004 - the type of an argument is right
    playing.references.clear()


def handle_pending_commit(
    desk: Desk, request: pb.HandlePendingCommitRequest
) -> pb.HandleCommitResponse:
    """Apply our own commit (§14)."""
    accepted(desk.playing(request.state_id))
    return _changed(desk, request.state_id)


def accepted(playing: Playing) -> None:
    """Apply the commit that is pending.

    Raises:
        ValueError: There is none.
    """
    pending = playing.group.pending
    if pending is None:
        msg = "no commit is pending: it was never made, or another one came first"
        raise ValueError(msg)
    playing.group.accept(pending)
    playing.references.clear()


def _changed(desk: Desk, state_id: int) -> pb.HandleCommitResponse:
    """The state keeps its id: past epochs are read through it too."""
    group = desk.playing(state_id).group
    if not group.is_active and group.reinit is None:
        return pb.HandleCommitResponse(state_id=state_id)  # removed: no secret is left
    return pb.HandleCommitResponse(state_id=state_id, epoch_authenticator=group.epoch_authenticator)
