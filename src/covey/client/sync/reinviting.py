"""Whom we had let in where others may not see it, and who is to be invited again.

May import the rows and the protocol. A broker that takes back a log takes back the commits with
which people came in. Who had made such a commit, and goes on where they are not, invites them anew
(:mod:`covey.client.sync.gathering`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from covey.client.sync.inviting import key_package
from covey.mls.group.identity import identity
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.client.sync.wishes import Invite
    from covey.mls import Group
    from covey.store.port import Rows

_NAME: Final = "invite again "


class Person(NamedTuple):
    """A device that we had let in.

    Attributes:
        identity: Whose.
        key: Its signature key.
    """

    identity: bytes
    key: bytes


def note(rows: Rows, number: int, wish: Invite, group: Group) -> None:
    """Take note of those whom a commit of ours had let in, and who are in the group to this day.

    Args:
        rows: The transaction.
        number: The number of the group in which they are to be.
        wish: The wish to invite them.
        group: The group in which they are, as we know it.
    """
    there = {each.signature_key for each in group.members}
    leaves = [key_package(each).leaf_node for each in wish.packages]
    people = [Person(identity(each.credential), each.signature_key) for each in leaves]
    _keep(rows, number, [each for each in people if each.key in there])


def hand_over(rows: Rows, before: int, after: int) -> None:
    """A group goes on as another one."""
    _keep(rows, after, _people(settings.get(rows, f"{_NAME}{before}")))
    settings.drop(rows, f"{_NAME}{before}")


def _keep(rows: Rows, number: int, people: Iterable[Person]) -> None:
    name = f"{_NAME}{number}"
    known = _people(settings.get(rows, name))
    kept = list(dict.fromkeys((*known, *people)))
    if kept:
        settings.put(rows, name, msgspec.msgpack.encode(kept))


def _people(kept: bytes | None) -> list[Person]:
    return [] if kept is None else msgspec.msgpack.decode(kept, type=list[Person])


def every(rows: Rows) -> dict[int, list[Person]]:
    """All of them, by the number of the group in which they are to be."""
    found = settings.beginning(rows, _NAME)
    return {int(name.removeprefix(_NAME)): _people(kept) for name, kept in found}


def drop(rows: Rows, number: int) -> None:
    """They have been invited again, or cannot be."""
    settings.drop(rows, f"{_NAME}{number}")
