"""Links and recovery codes: made by a member, used by who has one, answered by any member.

May import the client's flows, the protocol and this folder. A client lets in who comes back by its
signature key; the protocol leaves it to whoever answers. Here the name that comes with a recovery
code is enough, so that also who has lost that key is in its place again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.access.member import addresses, knocks, links
from covey.access.structs.extensions import Right
from covey.access.structs.sealed import Link
from covey.client.sync.group.inviting import key_package
from covey.client.sync.rows.wishes import Expel, Invite, OpenDoor
from covey.errors import AuthenticationError, DecodeError, PolicyError
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from covey.client.sync.rows.wishes import Wish
    from covey.lab.company.seat import Seat


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
    home, row = seat.person.home, seat.row
    seed = home.world.entropy(32)
    seat.commit(OpenDoor(seed, int(right), home.world.hour + hours))
    return links.encode(Link(links.VERSION, row.broker_id, row.gid, home.member.suite.code, seed))


def answer(seat: Seat) -> Answered:
    """Let in who is at the door and entitled; who recovers takes the place of its old leaves.

    Returns:
        What became of everybody who was there.
    """
    seat.read()
    row, group, doors = seat.row, seat.group, seat.doors
    capabilities = addresses.capabilities_of(group.extensions)
    wanted: list[Wish] = []
    joined, recovered, refused = 0, 0, []
    for waiting in seat.drive(seat.place.turns.speaker.knocks()):
        try:
            content = knocks.open_knock(row.broker_id, row.gid, doors, waiting)
            knocks.entitled(capabilities, waiting, content, seat.person.home.world.hour)
        except (AuthenticationError, DecodeError, PolicyError) as error:
            refused.append(str(error))
            continue
        joined += 1
        recovered += content.recovers
        old = _old_keys(seat, content.key_package) if content.recovers else ()
        keeps_its_key = key_package(content.key_package).leaf_node.signature_key in old
        if old and not keeps_its_key:
            seat.commit(Expel(keys=old))
        wanted.append(Invite((content.key_package,), keeps_its_key, (waiting.id,)))
    for why in _refusals(seat, wanted):
        joined -= 1
        refused.append(why)
    return Answered(joined, recovered, tuple(refused))


def _refusals(seat: Seat, wanted: list[Wish]) -> list[str]:
    """Commit all at once, or one by one what the group's roles let in; why not the others."""
    if not wanted:
        return []
    try:
        seat.commit(*wanted)
    except PolicyError as error:
        if len(wanted) == 1:
            return [str(error)]
        return [why for each in wanted for why in _refusals(seat, [each])]
    return []


def _old_keys(seat: Seat, message: bytes) -> tuple[bytes, ...]:
    """The keys of the leaves that somebody has by now, by its name."""
    name = identity(key_package(message).leaf_node.credential)
    return tuple(each.signature_key for each in seat.group.members if each.identity == name)
