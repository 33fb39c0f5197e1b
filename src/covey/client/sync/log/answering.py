"""Letting in: those who knock, and those whom a committer that died has left without a pointer.

May import the flows below, the protocol and the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member import addresses, knocks
from covey.access.member.addresses import first_group_id
from covey.access.structs.extensions import Right
from covey.bugs import fenced
from covey.client import events, roles
from covey.client.events import Knocked
from covey.client.sync.group import capabilities, electing
from covey.client.sync.group.impossible import IMPOSSIBLE
from covey.client.sync.group.inviting import concerns, key_package, require_strangers
from covey.client.sync.group.telling import tell
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.wishes import CloseDoor, Expel, Invite
from covey.client.words import made_for
from covey.client.words.showing import name_of
from covey.errors import BrokerError, BugError, PolicyError
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from covey.access.structs.joining import WaitingKnock
    from covey.access.structs.sealed import KnockContent
    from covey.client.sync.effects import Flow
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.log.reading import Reader
    from covey.mls.structs.key_package import KeyPackage
    from covey.store.port import Rows

_REFUSED: Final = (*IMPOSSIBLE, BugError)
"""Why nobody is let in by a knock; whatever it is about, the next one is judged by itself."""

_SOON: Final = 3_600
"""Seconds in which who knocks again and again is told of once."""

_CROWD: Final = 8
"""In larger groups everybody looks less often who is at the door."""

_CROWDED: Final = 8
"""After so many knocks for nothing at an old way back, it is closed: who was removed knows it."""

_FRESH: Final = 600.0
"""Seconds after which somebody has first seen a link, in which it looks more often."""

_BRISK: Final = 8.0
"""How much more often that is: who was just given a link is likely to use it."""

_REMEMBERED: Final = 64
"""How many KeyPackages by which somebody was let in are remembered: who knocked twice, once by each
of two links, may have gone again meanwhile."""

_RESCUERS: Final = 3
"""How many members look after a commit whether its pointers have arrived."""


class _Judged(NamedTuple):
    """What we have made of somebody at the door.

    Attributes:
        why: Why nobody was let in; empty when somebody was.
        until: The epoch after which it is to be judged anew: commits change who may invite, and who
            is called what. None when nothing will change it, or when it was in at that time: should
            it have to go, it knocks again, or does not want to.
    """

    why: str
    until: int | None


class Doorkeeper:
    """Looks who is at the door of one group.

    Args:
        seat: The group.
        reader: Reads its log.
    """

    def __init__(self, seat: Seat, reader: Reader) -> None:
        self._seat = seat
        self._reader = reader
        self._looked_at = 0.0
        self._links: frozenset[bytes] = frozenset()
        self._linked_at = 0.0
        self._judged: dict[bytes, _Judged] = {}
        self._let_in: dict[bytes, None] = {}  # KeyPackages, the last ones
        self._rescued = seat.row.epoch
        self._turned_away: dict[bytes, int] = {}

    def due(self) -> float:
        """When to look again, in seconds since the epoch."""
        return min(self._knocks_due(), self._rescue_due())

    def attend(self) -> Flow[bool]:
        """Look, if it is due; whether there is something to be committed now."""
        now = self._seat.home.world.now()
        if now >= self._rescue_due():
            yield from self._rescue()
        if now < self._knocks_due():
            return False
        waiting = yield from self._reader.knocks()
        if not self._seat.look().status.is_in:  # another flow has gone out while we waited
            return False
        self._looked_at = now
        known = self._judged
        self._judged = {each.id: known[each.id] for each in waiting if each.id in known}
        found = False
        for knock in waiting:
            if self._is_open(knock):
                found = self._answer(knock) or found
        return found

    def _knocks_due(self) -> float:
        seat = self._seat
        if not any(capabilities.standing(seat, each) for each in Right):
            return electing.FOREVER
        pace, crowd = seat.home.pace, seat.group.tree.census.members
        if self._looked_at > seat.home.world.now():  # the clock was set back
            self._looked_at = 0.0
        often = _BRISK if self._has_fresh_link() else 1.0
        return self._looked_at + pace.knocks / often * max(1.0, crowd / _CROWD)

    def _has_fresh_link(self) -> bool:
        now = self._seat.home.world.now()
        links = frozenset(each.key for each in capabilities.standing(self._seat, Right.join))
        if links - self._links:
            self._linked_at = now
        self._links = links
        return bool(links) and 0 <= now - self._linked_at < _FRESH

    # --- knocks --------------------------------------------------------------------------

    def _is_open(self, waiting: WaitingKnock) -> bool:
        """Whether a knock is to be judged, for the first time or anew."""
        judged = self._judged.get(waiting.id)
        if judged is None:
            return True
        return judged.until is not None and judged.until < self._seat.epoch

    def _answer(self, waiting: WaitingKnock) -> bool:
        """Wish for what somebody knocks for, if it is entitled to that; whether to commit now."""
        seat, before = self._seat, self._judged.get(waiting.id)
        with seat.change() as rows:
            if not seat.is_in:
                return False
            wished = [wishes.decode(each) for each in queues.wishes(rows, seat.number).values()]
            if any(isinstance(each, Invite) and waiting.id in each.answered for each in wished):
                self._judged[waiting.id] = _Judged("", None)
                return False
            name, is_in = "?", False
            try:
                with fenced(ValueError):
                    content = self._opened(rows, waiting)
                    left = knocks.package_of(content, seat.group.suite.code)
                    package = key_package(left)
                    is_in = package.leaf_node.signature_key in seat.group.tree.keys.signature
                    name = name_of(identity(package.leaf_node.credential))
                    if any(isinstance(each, Expel) and concerns(each, package) for each in wished):
                        return True  # to be judged when the removal is decided
                    is_in = is_in or left in self._let_in
                    self._require_entitled(waiting, content, left)
            except _REFUSED as error:
                is_final = is_in or not isinstance(error, PolicyError)
                until = None if is_final else seat.epoch
                judged = self._judged[waiting.id] = _Judged(str(error), until)
                if before is None or before.why != judged.why:
                    _tell_once(
                        seat, rows, Knocked(seat.hex, name=name, accepted=False, why=judged.why)
                    )
                return before is None and self._turn_away(rows, waiting.capability)
            self._judged[waiting.id] = _Judged("", None)
            self._let_in = dict.fromkeys([*self._let_in, left][-_REMEMBERED:])
            wish = Invite((left,), bool(content.recovers), (waiting.id,))
            queues.wish(rows, seat.number, wishes.encode(wish))
            tell(seat, rows, Knocked(seat.hex, name=name, accepted=True, why=""))
            return True

    def _opened(self, rows: Rows, waiting: WaitingKnock) -> KnockContent:
        seat = self._seat
        doors = groups.doors(rows, seat.number)
        doors += capabilities.doors_of(seat, waiting.capability)
        return knocks.open_knock(seat.row.broker_id, seat.row.gid, doors, waiting)

    def _require_entitled(self, waiting: WaitingKnock, content: KnockContent, left: bytes) -> None:
        """Let in only whom the capability, the roles and the members let in.

        Raises:
            PolicyError: We may not, or not now.
        """
        seat = self._seat
        if left in self._let_in:
            msg = "it was let in already by this KeyPackage, and can come in by another one only"
            raise PolicyError(msg)
        stated = addresses.capabilities_of(seat.group.extensions)
        door = knocks.entitled(stated, waiting, content, seat.home.world.hour)
        require = _require_same if content.recovers else _require_possible
        require(seat, key_package(left))
        if not capabilities.is_of_a_member(seat, door):
            msg = "who has opened this door is not in the group"
            raise PolicyError(msg)

    def _turn_away(self, rows: Rows, capability: bytes) -> bool:
        """Close an old way back at which too many knock for nothing; whether we do.

        The knocks under it go with it: else there would be no room for those who may come back.
        """
        seat = self._seat
        soon = seat.home.world.hour + capabilities.OLD_WAY_HOURS
        ways = capabilities.standing(seat, Right.recover)
        old = {each.key for each in ways if each.not_after <= soon}
        known = self._turned_away
        self._turned_away = {each: known.get(each, 0) + (each == capability) for each in old}
        if self._turned_away.get(capability) != _CROWDED:
            return False
        closing = wishes.encode(CloseDoor(capability))
        queues.wish(rows, seat.number, closing)
        return True

    # --- pointers that never came ----------------------------------------------------------

    def _rescue_due(self) -> float:
        """Few members look, one after the other, and only after others have let people in."""
        seat = self._seat
        if seat.let_in_at is None or self._rescued >= seat.epoch:
            return electing.FOREVER
        rank, pace = electing.rank(seat, _RESCUERS), seat.home.pace
        if rank >= _RESCUERS:
            self._rescued = seat.epoch  # there is nothing to look for in this epoch
            return electing.FOREVER
        return seat.let_in_at + pace.posting + pace.slot * (rank + 1)

    def _rescue(self) -> Flow[None]:
        """Post the pointers of the commit that opened this epoch; what is there stays one."""
        seat = self._seat
        self._rescued = seat.epoch
        try:
            postings = yield from self._reader.pointers()
        except BrokerError:
            return  # the epoch has passed, or there are none
        home = seat.home
        with home.store.transaction() as rows:
            for posting in postings:
                queues.post_later(rows, posting, int(home.world.now()))


def _tell_once(seat: Seat, rows: Rows, event: Knocked) -> None:
    """Tell who is not let in, unless we or another process of ours has told so just before."""
    if not events.was_told(rows, seat.number, event, seat.home.world.second - _SOON):
        tell(seat, rows, event)


def _require_possible(seat: Seat, package: KeyPackage) -> None:
    """Only who may invite lets in who comes by a link, and nobody under a name that is known here.

    Raises:
        PolicyError: We may not, and others may be able to; or the name is taken.
    """
    require_strangers(seat.group, (package,))
    judged = roles.dry_run(seat.group, add=(package,))
    if judged.refused is not None:
        raise PolicyError(judged.refused)


def _require_same(seat: Seat, package: KeyPackage) -> None:
    """Who comes back is known by its signature key, which its store and its backups keep.

    Its KeyPackage was made for that: anybody may have another one of its.

    Raises:
        PolicyError: There is no such member, or this is no way back for it.
    """
    leaf, group = package.leaf_node, seat.group
    own = group.tree.leaf(group.own_index)
    if own is not None and leaf.signature_key == own.signature_key:
        msg = (
            "that is another store of ours, such as a restored one: only another member lets it in"
        )
        raise PolicyError(msg)
    name = identity(leaf.credential)
    theirs = [each for each in group.members if each.signature_key == leaf.signature_key]
    if not any(each.identity == name for each in theirs):
        msg = "who wants to come back is no member, or has another signature key"
        raise PolicyError(msg)
    standing = [found for each in theirs if (found := group.tree.leaf(each.index)) is not None]
    if not any(
        made_for.brings_back(leaf, each, first_group_id(group.group_id, group.extensions))
        for each in standing
    ):
        msg = "this KeyPackage was made for something else, or before the member was last here"
        raise PolicyError(msg)
