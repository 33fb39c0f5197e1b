"""Saying and wishing again what the broker has taken, and then shows nobody. May import the rows.

Members that have it know it by its id, so that it stands once in every history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client import events, history
from covey.client.events import WishRefused
from covey.client.events.base import listed
from covey.client.showing import name_of
from covey.client.sync import groups, queues, wishes
from covey.client.sync.inviting import key_package
from covey.client.sync.wishes import CloseDoor, Describe, Expel, Invite
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from covey.client.sync.groups import GroupRow
    from covey.client.sync.queues import Accepted
    from covey.store.port import Rows


UNSURE: Final = queues.KEPT_EPOCHS
"""Epochs, of which a broker that contradicts itself may show nobody what it had taken."""


def unsure_again(rows: Rows, row: GroupRow, now: int) -> None:
    """Let all wait once more of which nobody knows who has it.

    Args:
        rows: The transaction.
        row: The group in which it was taken.
        now: In seconds since the epoch.
    """
    for each in queues.accepted(rows, row.id):
        if each.epoch >= row.epoch - UNSURE:
            say_again(rows, each, (row.id, row.id), now)


def unseen_again(rows: Rows, row: GroupRow, epoch: int, seen: int, now: int) -> None:
    """An epoch ends: let all wait once more that whoever closed it may not have seen.

    Its commit may be of before the broker was set back. Those who had followed it then are beyond
    that epoch, and have no keys any more for what was said in it since.

    Args:
        rows: The transaction.
        row: The group.
        epoch: The epoch that ends.
        seen: The last entry that its committer had seen; -1 when that is not known.
        now: In seconds since the epoch.
    """
    for each in queues.accepted(rows, row.id):
        if each.epoch == epoch and each.seq > seen:
            say_again(rows, each, (row.id, row.id), now)


def say_again(rows: Rows, accepted: Accepted, numbers: tuple[int, int], now: int) -> None:
    """Let something that was taken wait once more.

    Who was invited by such a commit has to be invited anew, since its KeyPackage may be used up;
    the application is told.

    Args:
        rows: The transaction.
        accepted: What was taken.
        numbers: The numbers of the group in which it was taken, and of that in which it waits.
        now: In seconds since the epoch.
    """
    before, number = numbers
    for encoded in accepted.wishes:
        wish = wishes.decode(encoded)
        if isinstance(wish, Expel | Describe | CloseDoor):
            queues.wish(rows, number, encoded)
        elif isinstance(wish, Invite):
            _tell(rows, number, wish, now)
    if accepted.message is not None:
        content = history.encoded(rows, number, accepted.message)
        if content is not None:
            history.unplaced(rows, number, accepted.message)
            queues.say(rows, number, accepted.message, content)
    queues.forget_accepted(rows, before, accepted.seq)


def _tell(rows: Rows, number: int, invite: Invite, now: int) -> None:
    row = groups.of(rows, number)
    assert row is not None
    names = listed([name_of(_identity(each)) for each in invite.packages])
    why = (
        "it was done where others may not see it: look who is in the group, and invite again who "
        "is missing; where they are now, they may be alone"
    )
    told = WishRefused(row.gid.hex(), what=f"invite {names}", why=why)
    events.add(rows, number, told, now)


def _identity(package: bytes) -> bytes:
    return identity(key_package(package).leaf_node.credential)
