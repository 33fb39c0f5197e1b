"""Knocking: to come in by a link, or to come back when our place in the log is lost.

May import the flows below, the protocol and the rows. Who comes back has its old leaf removed in
the commit that adds the new one; what it had said and nobody has, is said again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.access.member import knocks, links
from covey.access.member.addresses import extension
from covey.access.refusals import Code
from covey.access.structs.basics import Nothing, Signed
from covey.access.structs.sealed import Link
from covey.client.events import Rejoining
from covey.client.sync.asking import alone, ask
from covey.client.sync.group import capabilities
from covey.client.sync.group.seat import Seat
from covey.client.sync.group.telling import tell
from covey.client.sync.identity import key_packages
from covey.client.sync.log import standing
from covey.client.sync.rows import queues
from covey.client.sync.rows.groups import Status
from covey.client.words import made_for
from covey.errors import BrokerError, StateError
from covey.store import settings

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.home import Home
    from covey.client.sync.identity.inbox import Inbox
    from covey.client.sync.rows.groups import GroupRow
    from covey.mls import Extension, PrivateKeyPackage
    from covey.store.port import Rows

_SOON: Final = 3600
"""Seconds after which one knocks with another KeyPackage, the first times; then twice as many.

It may have been answered, and the pointer got lost: then members take it for one that is in.
"""

_HASTE: Final = 3
"""How often one does so before it takes longer."""

_AGAIN: Final = 24 * _SOON
"""Likewise, at most."""

_AT_ONE_DOOR: Final = 6
"""How often one asks at the same door before one tries another."""

_ANSWERED: Final = 30 * _AGAIN
"""Seconds after which no answer can come: a broker keeps knocks, and then parcels, for less."""

_NAME: Final = "knock "


class _Knock(msgspec.Struct, frozen=True):
    """A knock that was made, to be left again as it was.

    Attributes:
        made_at: When its KeyPackage was made.
        references: The KeyPackageRefs of its KeyPackages, one for each suite of ours; that which
            fits the suite of the group, as far as we know, is the first.
        recovers: Whether it was made to come back by.
        requests: The signed requests, by the keys of the capabilities at which they were left: who
            knows several doors, of which some are shut, leaves no more than one at each.
        before: How many were left there before it.
    """

    made_at: int
    references: tuple[bytes, ...]
    recovers: bool
    requests: dict[bytes, bytes] = {}
    before: int = 0

    @property
    def lasts(self) -> int:
        """For how many seconds it is left again as it is."""
        return min(_SOON << min(max(self.before - _HASTE, 0), 10), _AGAIN)


def knock(home: Home, inbox: Inbox, link: Link, lost: GroupRow | None = None) -> Flow[None]:
    """Leave a new KeyPackage at a group's door; the pointer comes to the inbox.

    What is left is kept: after a crash the same is left again.

    Args:
        home: What all groups share.
        inbox: Where the pointer is to be left.
        link: Of the invite, or of the recovery capability.
        lost: The group in which to take the place of an old leaf of ours; None to join.

    Raises:
        BrokerError: ``capability_refused``: the link has expired or was withdrawn.
        TransportError: The broker does not answer.
    """
    way_back = () if lost is None else (_made_for(home, lost),)
    with home.store.transaction() as rows:
        kept = _kept(rows, home, link, recovers=lost is not None) or _new(
            rows, home, inbox, link, way_back
        )
        packages = [key_packages.find(rows, each) for each in kept.references]
    yield from inbox.expect([each for each in packages if each is not None])
    request = Signed.decode(kept.requests[capabilities.key(link.seed)])
    yield from alone(home.world, lambda lane: ask(lane, "knock", request, Nothing))


def come_back(home: Home, inbox: Inbox | None, row: GroupRow, tries: int = 0) -> Flow[None]:
    """Ask to be let in anew, by the last way back that we know and that still stands.

    Who has opened it may not have told the others: after some tries it is another one's turn.

    Args:
        home: What all groups share.
        inbox: Where the pointer is to be left; None without an account.
        row: The group.
        tries: How often we have asked in vain.

    Raises:
        StateError: Nobody has told us how, or there is no account to answer to.
        BrokerError: ``capability_refused``, …
        TransportError: The broker does not answer.
    """
    if not row.recovery or inbox is None:
        msg = (
            "this group cannot be come back to by itself: ask a member to remove you, and to invite"
            " you again"
        )
        raise StateError(msg)
    suite, seeds = row.suite, capabilities.seeds(row)
    first = tries // _AT_ONE_DOOR % len(seeds)
    seeds = seeds[first:] + seeds[:first]
    for seed in seeds:
        link = Link(links.VERSION, row.broker_id, row.gid, suite, seed)
        try:
            yield from knock(home, inbox, link, row)
        except BrokerError as error:
            if error.code != Code.capability_refused or seed == seeds[-1]:
                raise
        else:
            return


def from_copy(seat: Seat) -> None:
    """Ask to be let in anew with a store that is a copy: whoever has the other one is out then.

    Raises:
        StateError: It is none, as far as we know.
    """
    with seat.change() as rows:
        if seat.row.status is not Status.copy:
            msg = "this store is no copy in this group, as far as we know: there is nothing to do"
            raise StateError(msg)
        why = "this store is a copy, and the other one is given up"
        standing.settled(rows, seat.row.gid)  # not even if the epoch stands: it is the other one's
        seat.replace(status=Status.lost, trouble=why)
        queues.end_commit(rows, seat.number)
        queues.to_be_encrypted_anew(rows, seat.number)
        tell(seat, rows, Rejoining(seat.hex, why=why))


def has_knocked(rows: Rows, gid: bytes) -> bool:
    """Whether we have knocked at a group, and not come in since."""
    return settings.get(rows, _name(gid)) is not None


def came_in(rows: Rows, gid: bytes) -> None:
    """We are in: whoever knocks there again does it anew."""
    standing.settled(rows, gid)
    settings.drop(rows, _name(gid))


def drop_old(rows: Rows, now: int) -> None:
    """Drop the knocks that nobody can answer any more."""
    for name, kept in settings.beginning(rows, _NAME):
        if not 0 <= now - msgspec.msgpack.decode(kept, type=_Knock).made_at <= _ANSWERED:
            settings.drop(rows, name)


def _kept(rows: Rows, home: Home, link: Link, *, recovers: bool) -> _Knock | None:
    kept = settings.get(rows, _name(link.gid))
    if kept is None:
        return None
    found = msgspec.msgpack.decode(kept, type=_Knock)
    is_fresh = 0 <= home.world.second - found.made_at < found.lasts
    packages = [key_packages.find(rows, each) for each in found.references]
    if not is_fresh or None in packages or found.recovers is not recovers:
        return None
    if capabilities.key(link.seed) in found.requests:
        return found
    return _keep(rows, home, link, [each for each in packages if each is not None], found)


def _new(
    rows: Rows, home: Home, inbox: Inbox, link: Link, way_back: tuple[Extension, ...]
) -> _Knock:
    world, known = home.world, link.cipher_suite
    packages = [
        home.member_of(suite).key_package(
            extensions=[extension(inbox.address)],
            leaf_extensions=[*way_back, *home.vouched(suite)],
            now=world.second,
        )
        for suite in sorted(home.suites, key=lambda each: each != known)
    ]
    for each in packages:
        key_packages.add(rows, each, world.second)
    kept = settings.get(rows, _name(link.gid))
    before = 0 if kept is None else msgspec.msgpack.decode(kept, type=_Knock).before + 1
    references = tuple(each.reference for each in packages)
    made = _Knock(world.second, references, bool(way_back), {}, before)
    return _keep(rows, home, link, packages, made)


def _keep(
    rows: Rows, home: Home, link: Link, packages: list[PrivateKeyPackage], made: _Knock
) -> _Knock:
    first, *others = (each.message for each in packages)
    signed = knocks.knock(*(link, first, home.world.entropy), recovers=made.recovers, others=others)
    requests = made.requests | {capabilities.key(link.seed): signed.encode()}
    kept = msgspec.structs.replace(made, requests=requests)
    settings.put(rows, _name(link.gid), msgspec.msgpack.encode(kept))
    return kept


def _made_for(home: Home, lost: GroupRow) -> Extension:
    """What makes a KeyPackage a way back: it is for this group, and later than our leaf there."""
    leaf = None
    if lost.opens and lost.status is not Status.restored:  # a backup holds no tree
        group = Seat(home, lost).group
        leaf = group.tree.leaf(group.own_index)
    return made_for.extension(made_for.after(leaf, home.world.millisecond), lost.group_id)


def _name(gid: bytes) -> str:
    return f"{_NAME}{gid.hex()}"
