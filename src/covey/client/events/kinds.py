"""All events, and their JSON. May import the files beside it."""

from __future__ import annotations

from typing import Final

import msgspec

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
    Upgraded,
    Upgrading,
    WishRefused,
)
from covey.client.events.messages import (
    EphemeralArrived,
    MessageArrived,
    MessageSent,
    MessagesLost,
    Unreadable,
)
from covey.client.events.trouble import (
    Branching,
    ClockOff,
    CopyFound,
    EventsMissed,
    ForkFound,
    Rejoining,
    RolledBack,
)
from covey.errors import StorageError

Event = (
    MessageArrived
    | MessageSent
    | EphemeralArrived
    | MembersChanged
    | Renamed
    | RolesChanged
    | SettingsChanged
    | Upgrading
    | Upgraded
    | Joined
    | RemovedFromGroup
    | MemberLeft
    | Arrived
    | WishRefused
    | MessagesLost
    | Unreadable
    | ForkFound
    | RolledBack
    | CopyFound
    | Rejoining
    | Branching
    | Knocked
    | ClockOff
    | EventsMissed
    | InvitationFailed
)
"""What an application is told."""

_DECODER: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """An event as JSON; its kind stands under ``event``, and bytes are in base64."""
    return msgspec.json.encode(event)


def decode(data: bytes) -> Event:
    """The event of a JSON text.

    Raises:
        StorageError: It is none that this covey knows.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f"this is no event that this covey knows: {error}"
        raise StorageError(msg) from None
