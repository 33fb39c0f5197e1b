"""Proposals as the service describes them, by the names and ids of a runner (RFC 9420 §12.1).

May import :mod:`covey.mls`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey import mls
from covey.lab.interop.service.groups import named
from covey.mls.crypto.entropy import system_entropy
from covey.mls.group.proposing import key_package
from covey.mls.group.psks import external_id, fresh_nonce, resumption_id
from covey.mls.wire.code_points import ProtocolVersion, ResumptionPSKUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from covey.lab.interop.proto import mls_client_pb2 as pb
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.proposals import Proposal

    Group: TypeAlias = mls.Group | mls.PublicGroup


def described(description: pb.ProposalDescription, group: Group, suite: Suite) -> Proposal:
    """The proposal that a description asks for.

    Args:
        description: What to propose.
        group: The group that it is for.
        suite: Its cipher suite.

    Raises:
        ValueError: There is no such type of proposal.
        LookupError: No member has the name of ``removed_id``.
    """
    make = _MAKERS.get(description.proposal_type)
    if make is None:
        known = ", ".join(each.decode() for each in _MAKERS)
        msg = f"no proposal_type {description.proposal_type!r}; there are {known}"
        raise ValueError(msg)
    return make(description, group, suite)


def _add(description: pb.ProposalDescription, _group: Group, _suite: Suite) -> Proposal:
    return mls.Add(key_package(description.key_package))


def _remove(description: pb.ProposalDescription, group: Group, _suite: Suite) -> Proposal:
    return mls.Remove(named(group.members, description.removed_id).index)


def _external_psk(description: pb.ProposalDescription, _group: Group, suite: Suite) -> Proposal:
    return mls.PreSharedKey(external_id(description.psk_id, fresh_nonce(suite, system_entropy)))


def _resumption_psk(description: pb.ProposalDescription, group: Group, suite: Suite) -> Proposal:
    nonce = fresh_nonce(suite, system_entropy)
    group_id, usage = group.context.group_id, ResumptionPSKUsage.application
    return mls.PreSharedKey(resumption_id(usage, group_id, description.epoch_id, nonce))


def _extensions(description: pb.ProposalDescription, _group: Group, _suite: Suite) -> Proposal:
    return mls.GroupContextExtensions(extensions(description.extensions))


def _reinit(description: pb.ProposalDescription, _group: Group, _suite: Suite) -> Proposal:
    return reinit(description.group_id, description.cipher_suite, description.extensions)


_MAKERS: Final[dict[bytes, Callable[[pb.ProposalDescription, Group, Suite], Proposal]]] = {
    b"add": _add,
    b"remove": _remove,
    b"externalPSK": _external_psk,
    b"resumptionPSK": _resumption_psk,
    b"groupContextExtensions": _extensions,
    b"reinit": _reinit,
}


def extensions(given: Iterable[pb.Extension]) -> tuple[mls.Extension, ...]:
    """Extensions of the service as those of the RFC."""
    return tuple(mls.Extension(each.extension_type, each.extension_data) for each in given)


def reinit(group_id: bytes, suite: int, given: Iterable[pb.Extension]) -> mls.ReInit:
    """A ReInit (§12.1.5)."""
    return mls.ReInit(group_id, ProtocolVersion.mls10, suite, extensions(given))
