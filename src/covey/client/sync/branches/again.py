"""Saying and wishing again what the broker has taken, and then shows nobody. May import the rows.

Members that have it know it by its id, so that it stands once in every history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member import addresses
from covey.access.structs.extensions import Right
from covey.client.sync.branches import reinviting
from covey.client.sync.group import capabilities
from covey.client.sync.rows import queues, wishes
from covey.client.sync.rows.wishes import CloseDoor, Describe, Expel, Invite, OpenDoor
from covey.client.words import history, profile

if TYPE_CHECKING:
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.queues import Accepted
    from covey.client.sync.rows.wishes import Wish
    from covey.client.words.profile import GroupProfile
    from covey.mls import Group
    from covey.store.port import Rows


UNSURE: Final = queues.KEPT_EPOCHS
"""Epochs, of which a broker that contradicts itself may show nobody what it had taken."""


def unsure_again(rows: Rows, seat: Seat) -> None:
    """Let all wait once more of which nobody knows who has it.

    Args:
        rows: The transaction.
        seat: The group in which it was taken.
    """
    row = seat.row
    for each in queues.accepted(rows, row.id):
        if each.epoch >= row.epoch - UNSURE:
            say_again(rows, each, seat)


def unread_again(rows: Rows, seat: Seat) -> None:
    """Let all wait once more that we said before our epoch, where the log is another one now.

    There is nothing to be read of it for us. What stands there still, members have by its id.

    Args:
        rows: The transaction.
        seat: The group.
    """
    for each in queues.accepted(rows, seat.number):
        if each.message is not None and each.epoch < seat.row.epoch:
            say_again(rows, each, seat)


def unseen_again(rows: Rows, seat: Seat, epoch: int, seen: int) -> None:
    """An epoch ends: let all wait once more that whoever closed it may not have seen.

    Its commit may be of before the broker was set back. Those who had followed it then are beyond
    that epoch, and have no keys any more for what was said in it since.

    Args:
        rows: The transaction.
        seat: The group.
        epoch: The epoch that ends.
        seen: The last entry that its committer had seen; -1 when that is not known.
    """
    for each in queues.accepted(rows, seat.number):
        if each.epoch == epoch and each.seq > seen:
            say_again(rows, each, seat)


def say_again(rows: Rows, accepted: Accepted, seat: Seat, into: Seat | None = None) -> None:
    """Let something that was taken wait once more.

    What has disappeared meanwhile is not said again. What a commit has changed is wished for again
    only if it is so to this day: others may have changed it since. Who was invited by such a commit
    is invited anew, if it is not where we go on.

    Args:
        rows: The transaction.
        accepted: What was taken.
        seat: The group in which it was taken.
        into: That in which it waits, if it is another one.
    """
    number = (into or seat).number
    for encoded in accepted.wishes:
        wish = wishes.decode(encoded)
        if isinstance(wish, Invite):
            reinviting.note(rows, number, wish, seat, accepted.epoch)
            continue
        is_door = isinstance(wish, OpenDoor) and into is None and _stands(wish, seat, rows)
        left = wish if is_door else still(wish, seat.group_in(rows))
        if left is not None:
            queues.wish(rows, number, wishes.encode(left))
    if accepted.message is not None and not accepted.is_over(seat.home.world):
        content = history.encoded(rows, number, accepted.message)
        if into is None:
            content = content or accepted.control
        if content is not None:
            history.unplaced(rows, number, accepted.message)
            queues.say(rows, number, accepted.message, content, accepted.expires_at)
    queues.forget_accepted(rows, seat.number, accepted.idem)


def _stands(wish: OpenDoor, seat: Seat, rows: Rows) -> bool:
    """Whether a link that we have given out leads into the group to this day.

    Elsewhere it leads nowhere. And a way back is opened by whoever commits where there is none.
    """
    stated = addresses.capabilities_of(seat.group_in(rows).extensions).capabilities
    return (
        wish.right == Right.join
        and wish.not_after >= seat.home.world.hour
        and capabilities.key(wish.seed) in {each.key for each in stated}
    )


def still(wish: Wish, group: Group) -> Wish | None:
    """What a commit of ours did, as far as it is so to this day; None for nothing.

    Args:
        wish: What it did.
        group: The group, as we know it.
    """
    match wish:
        case Expel(identities=identities, keys=keys):
            there = {each.identity for each in group.members}
            known = {each.signature_key for each in group.members}
            out = Expel(
                tuple(each for each in identities if each not in there),
                tuple(each for each in keys if each not in known),
            )
            return out if out.identities or out.keys else None
        case Describe():
            return _still_described(wish, profile.profile_of(group.extensions))
        case CloseDoor(key=key):
            stated = addresses.capabilities_of(group.extensions).capabilities
            return None if key in {each.key for each in stated} else wish
    return None


def _still_described(wish: Describe, stated: GroupProfile | None) -> Describe | None:
    if stated is None:
        return None
    roles = {
        name: role
        for name, role in wish.roles.items()
        if profile.role_of(stated, name.encode()) == role
    }
    left = Describe(
        wish.name if wish.name == stated.name.decode() else None,
        wish.expires_after if wish.expires_after == stated.expires_after else None,
        wish.inviting if wish.inviting == stated.inviting else None,
        roles,
        wish.quantum_safe if wish.quantum_safe == bool(stated.quantum_safe) else None,
    )
    return None if left == Describe() else left
