"""RFC 9420 §12.4: commits. Data only; may import the wire layer and earlier chapters."""

from __future__ import annotations

from typing import Annotated

from covey.mls.structs.proposals import Proposal
from covey.mls.structs.tree import UpdatePath
from covey.mls.wire.code_points import ProposalOrRefType
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Case, opaque


class ProposalOrRef(WireStruct):
    """A proposal by value, or by the hash of the message that carried it (§12.4).

    struct {
        ProposalOrRefType type;
        select (ProposalOrRef.type) {
            case proposal:  Proposal proposal;
            case reference: ProposalRef reference;
        };
    } ProposalOrRef;
    """

    type: ProposalOrRefType
    proposal: Annotated[Proposal | None, Case("type", (ProposalOrRefType.proposal,))] = None
    reference: Annotated[opaque | None, Case("type", (ProposalOrRefType.reference,))] = None


class Commit(WireStruct):
    """Makes proposals take effect and opens the next epoch (§12.4).

    struct {
        ProposalOrRef proposals<V>;
        optional<UpdatePath> path;
    } Commit;
    """

    proposals: tuple[ProposalOrRef, ...]
    path: UpdatePath | None
