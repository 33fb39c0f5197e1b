"""Links and recovery codes: made by a member, used by who has one, answered by any member.

May import the protocol and this folder.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member import addresses, knocks, links
from covey.access.structs.basics import Nothing
from covey.access.structs.extensions import GroupCapability, Right
from covey.access.structs.sealed import Link
from covey.errors import AuthenticationError, DecodeError, PolicyError
from covey.lab.company.commits import Plan
from covey.lab.company.contents import NewDoor
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from covey.lab.company.inbox import Inbox
    from covey.lab.company.lines import Lines
    from covey.lab.company.seat import Seat
    from covey.mls import PrivateKeyPackage

_HOUR: Final = 3600


class Answered(NamedTuple):
    """What became of those at the door.

    Attributes:
        joined: How many were added.
        recovered: How many of them in place of an old leaf.
        refused: Why others were not.
    """

    joined: int
    recovered: int
    refused: tuple[str, ...]


def open_door(seat: Seat, right: Right = Right.join, hours: int = 24) -> str:
    """Make a link, or a recovery code: a commit states it, a message gives members its door.

    Args:
        seat: Of who makes it, with whose removal it falls.
        right: What it is for.
        hours: For how long it is good.

    Returns:
        The fragment of the link.
    """
    seed, suite = system_entropy(32), seat.group.suite
    keys = knocks.capability_keys(seed, suite)
    until = int(time.time()) // _HOUR + hours
    capability = GroupCapability(keys.key, seat.group.own_index, until, right)
    seat.commit(Plan(capabilities=(capability,)))
    seat.doors.append(keys.door)
    seat.say(NewDoor(keys.door))
    access = seat.log.access
    link = Link(links.VERSION, access.broker_id, access.gid, suite.code, seed)
    return links.encode(link)


def knock(
    lines: Lines,
    inbox: Inbox,
    package: PrivateKeyPackage,
    fragment: str,
    *,
    recovers: bool = False,
) -> None:
    """Leave a KeyPackage at a group's door.

    Args:
        lines: Opens connections.
        inbox: Where the pointer is to be left, which has to expect it: nobody claims this
            KeyPackage at the broker.
        package: The KeyPackage, which was published nowhere.
        fragment: The link's.
        recovers: Whether an old leaf of the same identity is to be removed.
    """
    link = links.decode(fragment)
    inbox.expect([package])
    request = knocks.knock(link, package.message, system_entropy, recovers=recovers)
    line = lines.group()
    try:
        line.ask("knock", request, Nothing)
    finally:
        lines.done(line)


def answer(seat: Seat) -> Answered:
    """Let in who is at the door and entitled; who recovers takes the place of its old leaf.

    Returns:
        What became of everybody who was there.
    """
    seat.read()
    access, group = seat.log.access, seat.group
    capabilities = addresses.capabilities_of(group.extensions)
    hour = int(time.time()) // _HOUR
    joining: list[tuple[bytes, bytes]] = []
    recovering: list[tuple[bytes, bytes]] = []
    refused = []
    for waiting in seat.log.knocks().knocks:
        try:
            content = knocks.open_knock(
                group.suite, access.broker_id, access.gid, seat.doors, waiting
            )
            knocks.entitled(capabilities, waiting, content, hour)
        except (AuthenticationError, DecodeError, PolicyError) as error:
            refused.append(str(error))
            continue
        found = recovering if content.recovers else joining
        found.append((waiting.id, content.key_package))
    for knocking, recover in ((joining, False), (recovering, True)):
        if knocking:
            ids, packages = zip(*knocking, strict=True)
            seat.commit(Plan(add=packages, answered=ids, recover=recover))
    return Answered(len(joining) + len(recovering), len(recovering), tuple(refused))
