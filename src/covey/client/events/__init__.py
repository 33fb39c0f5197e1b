"""What happens, as the application is told: typed events, each with a sentence for people.

May import the store's port and the history.
"""

from __future__ import annotations

from covey.client.events.keeping import (
    LINGERS,
    MOMENT,
    MONTH,
    WEEK,
    acknowledge,
    acknowledged,
    add,
    after,
    begin,
    drop_ephemeral,
    forget,
    latest,
    missed,
    next_ephemeral,
    trim,
)
from covey.client.events.kinds import Event, decode, encode
from covey.client.events.members import (
    Arrived,
    InvitationFailed,
    Joined,
    Knocked,
    MemberLeft,
    MembersChanged,
    RemovedFromGroup,
    Renamed,
    RolesChanged,
    SettingsChanged,
    WishRefused,
)
from covey.client.events.messages import (
    EphemeralArrived,
    MessageArrived,
    MessageSent,
    MessagesLost,
    Said,
    Unreadable,
)
from covey.client.events.trouble import (
    Branching,
    CopyFound,
    EventsMissed,
    ForkFound,
    Rejoining,
    RolledBack,
)

__all__ = [
    "LINGERS",
    "MOMENT",
    "MONTH",
    "WEEK",
    "Arrived",
    "Branching",
    "CopyFound",
    "EphemeralArrived",
    "Event",
    "EventsMissed",
    "ForkFound",
    "InvitationFailed",
    "Joined",
    "Knocked",
    "MemberLeft",
    "MembersChanged",
    "MessageArrived",
    "MessageSent",
    "MessagesLost",
    "Rejoining",
    "RemovedFromGroup",
    "Renamed",
    "RolesChanged",
    "RolledBack",
    "Said",
    "SettingsChanged",
    "Unreadable",
    "WishRefused",
    "acknowledge",
    "acknowledged",
    "add",
    "after",
    "begin",
    "decode",
    "drop_ephemeral",
    "encode",
    "forget",
    "latest",
    "missed",
    "next_ephemeral",
    "trim",
]
