"""Saying and wishing again what the broker has taken, and then shows nobody. May import the rows.

Members that have it know it by its id, so that it stands once in every history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client import history
from covey.client.sync import queues, wishes
from covey.client.sync.wishes import CloseDoor, Describe, Expel

if TYPE_CHECKING:
    from covey.client.sync.queues import Accepted
    from covey.store.port import Rows


def say_again(rows: Rows, accepted: Accepted, numbers: tuple[int, int], now: int) -> None:
    """Let something that was taken wait once more.

    Who was invited by such a commit has to be invited anew: its KeyPackage may be used up.

    Args:
        rows: The transaction.
        accepted: What was taken.
        numbers: The numbers of the group in which it was taken, and of that in which it waits.
        now: In seconds since the epoch.
    """
    before, number = numbers
    for encoded in accepted.wishes:
        if isinstance(wishes.decode(encoded), Expel | Describe | CloseDoor):
            queues.wish(rows, number, encoded, now)
    if accepted.message is not None:
        content = history.encoded(rows, number, accepted.message)
        if content is not None:
            queues.say(rows, number, accepted.message, content, now)
    queues.forget_accepted(rows, before, accepted.seq)
