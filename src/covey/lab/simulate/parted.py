"""Members who were shown two logs for so long that no way back is left between them.

May import this folder. A fork that lasts for more than the thirty days for which an old way back
stands: whoever is on the wrong side knows only doors that were closed since
(docs/explanation/how-the-client-heals.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client.sync.rows.groups import Status

if TYPE_CHECKING:
    from covey.lab.simulate.evidence import Evidence
    from covey.lab.simulate.observing import Held

_OLD_WAY: Final = 30 * 86_400.0  # seconds


def finds_no_way(evidence: Evidence, name: str, known: Held) -> bool:
    """Whether somebody is shut out by such a fork, or has gone on in a branch for that reason."""
    if not _was_long(evidence):
        return False
    if known.status is Status.branched:
        return any(
            name in evidence.holders(gid) and is_branch_of_others(evidence, gid)
            for gid in evidence.branches(known.gid)
        )
    return known.status is Status.lost and "ask a member" in known.trouble


def is_branch_of_others(evidence: Evidence, gid: bytes) -> bool:
    """Whether a group is a branch from one side of such a fork, and the other one went on."""
    return _was_long(evidence) and any(
        evidence.holders(other) and gid in evidence.branches(other) for other in evidence.gids
    )


def _was_long(evidence: Evidence) -> bool:
    return evidence.front.longest_fork > _OLD_WAY
