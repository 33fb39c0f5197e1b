"""Who may do what in a group, judged by every client from the MLS state alone.

May import the engine and this folder's profile. :class:`GroupPolicy` goes where the engine takes a
policy; it judges what we send and what we receive by the same rules, so that members agree.
:func:`dry_run` says beforehand what a commit would change, and whether it would be refused.
"""

from __future__ import annotations

from covey.client.roles.change import Change
from covey.client.roles.policy import GroupPolicy, require_name
from covey.client.roles.stated import capabilities_in, profile_in, require_quantum_safe
from covey.client.roles.trying import Judged, dry_run

__all__ = [
    "Change",
    "GroupPolicy",
    "Judged",
    "capabilities_in",
    "dry_run",
    "profile_in",
    "require_name",
    "require_quantum_safe",
]
