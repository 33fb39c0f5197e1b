"""covey as a client: finds the function of a call, and says in a status what went wrong.

May import the other files of this folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey import __version__
from covey.errors import (
    AuthenticationError,
    CoveyError,
    DecodeError,
    LocalProtocolError,
    PolicyError,
    RemoteProtocolError,
    UnsupportedError,
)
from covey.lab.interop.calls import CallError
from covey.lab.interop.service import commits, groups, proposals, successors
from covey.lab.interop.service.desk import Desk, UnknownNumberError

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

ANSWERS: Final[dict[str, Callable[[Desk, Any], Message]]] = {
    "Name": groups.name,
    "SupportedCiphersuites": groups.supported_ciphersuites,
    "CreateGroup": groups.create_group,
    "CreateKeyPackage": groups.create_key_package,
    "JoinGroup": groups.join_group,
    "ExternalJoin": groups.external_join,
    "GroupInfo": groups.group_info,
    "StateAuth": groups.state_auth,
    "Export": groups.export,
    "Protect": groups.protect,
    "Unprotect": groups.unprotect,
    "StorePSK": groups.store_psk,
    "AddProposal": proposals.add_proposal,
    "UpdateProposal": proposals.update_proposal,
    "RemoveProposal": proposals.remove_proposal,
    "ExternalPSKProposal": proposals.external_psk_proposal,
    "ResumptionPSKProposal": proposals.resumption_psk_proposal,
    "GroupContextExtensionsProposal": proposals.group_context_extensions_proposal,
    "Commit": commits.commit,
    "HandleCommit": commits.handle_commit,
    "HandlePendingCommit": commits.handle_pending_commit,
    "ReInitProposal": proposals.reinit_proposal,
    "ReInitCommit": commits.commit,
    "HandlePendingReInitCommit": successors.handle_pending_reinit_commit,
    "HandleReInitCommit": successors.handle_reinit_commit,
    "ReInitWelcome": successors.reinit_welcome,
    "HandleReInitWelcome": successors.handle_reinit_welcome,
    "CreateBranch": successors.create_branch,
    "HandleBranch": successors.handle_branch,
    "NewMemberAddProposal": proposals.new_member_add_proposal,
    "CreateExternalSigner": proposals.create_external_signer,
    "AddExternalSigner": proposals.add_external_signer,
    "ExternalSignerProposal": proposals.external_signer_proposal,
    "Free": groups.free,
    "UseCertificate": groups.use_certificate,
}
"""The function of every call."""

_CODES: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    (UnknownNumberError, "NOT_FOUND"),
    ((DecodeError, LocalProtocolError, ValueError, LookupError), "INVALID_ARGUMENT"),
    (UnsupportedError, "UNIMPLEMENTED"),
    ((RemoteProtocolError, AuthenticationError, PolicyError), "ABORTED"),
    (CoveyError, "FAILED_PRECONDITION"),
)
"""The gRPC status of an error: the first line that it is of. What is in none is a bug."""

EXPECTED: Final = (CoveyError, ValueError, LookupError)
"""What a call may raise because of its request."""


class Covey:
    """covey, playing any number of members in this process."""

    def __init__(self) -> None:
        self._desk: Desk = Desk()

    @property
    def name(self) -> str:
        """``covey`` and its version."""
        return f"covey {__version__}"

    def answer(self, call: str, request: Message) -> Message:
        """The answer to a call.

        Raises:
            CallError: The request cannot be fulfilled; its code is a gRPC status.
        """
        if call not in ANSWERS:
            raise CallError(self.name, call, "UNIMPLEMENTED", f"there is no call {call}")
        try:
            return ANSWERS[call](self._desk, request)
        except EXPECTED as error:
            code = next(code for kinds, code in _CODES if isinstance(error, kinds))
            raise CallError(self.name, call, code, _said(error)) from error

    def close(self) -> None:
        """Forget all members."""
        self._desk = Desk()


def _said(error: Exception) -> str:
    """What went wrong, in a sentence."""
    said = error.args[0] if isinstance(error, LookupError) and error.args else error
    return str(said) or type(error).__name__
