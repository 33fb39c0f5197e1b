"""Arrivals: what the inbox holds for one identity, and coming back where its place is lost.

May import the flows below, the engine and the rows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import structs

from covey.access.refusals import Code
from covey.access.structs.joining import InboxKind
from covey.client import events
from covey.client.events import InvitationFailed, Rejoining, WishRefused
from covey.client.sync.branches import ahead, winning
from covey.client.sync.coming import joining, origins, returning, sharing, waiting
from covey.client.sync.coming.waiting import Waiting
from covey.client.sync.group.inviting import invitation
from covey.client.sync.group.seat import Seat
from covey.client.sync.identity import key_packages, replacing
from covey.client.sync.identity.inbox import keep_taken, taken
from covey.client.sync.log import standing
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words.explaining import explained
from covey.errors import (
    AuthenticationError,
    BrokerError,
    CoveyError,
    DecodeError,
    PolicyError,
    StateError,
    StorageError,
    TransportError,
)

if TYPE_CHECKING:
    from covey.client.events import Event
    from covey.client.sync.account import Account
    from covey.client.sync.coming.joining import Found
    from covey.client.sync.effects import Flow
    from covey.client.sync.log.place import Place
    from covey.client.sync.rows.groups import GroupRow
    from covey.store.port import Rows

_PASSING: Final = frozenset({"unavailable", "over_quota", "broken"})
_BACK_EVERY: Final = 60.0

_CROWDED_OUT: Final = (
    "too much came at once that could not be used, and it had to make room: ask to be invited again"
)

_LEFT: Final = "it came while you were leaving the group: ask to be invited again, to come back"

_BACK: Final = "come back by ourselves"
_FROM_BACKUP: Final = (
    "this store comes from a backup: a member who is online lets you in anew, and only then can "
    "you say something; if another store was restored from the same backup, that one is let in"
)
_SHUT: Final = (
    "the way back is not good any more: ask a member to remove you, and to invite you again"
)


class Arrivals:
    """The ways in and back of one identity.

    Args:
        peer: The identity.
    """

    def __init__(self, peer: Account) -> None:
        self._peer = peer
        self._back_at: dict[int, float] = {}
        self._tries: dict[int, int] = {}
        self._retry_at: dict[bytes, float] = {}
        self._unread: set[bytes] = set()

    # --- the inbox -------------------------------------------------------------------------

    def look(self, wait: int = 0) -> Flow[list[Place]]:
        """Come into the groups whose pointers wait in the inbox; those that we have come into.

        Args:
            wait: How long to wait for something, in milliseconds.
        """
        inbox, store = self._peer.inbox, self._peer.home.store
        assert inbox is not None
        came = yield from self._try_again()
        came += yield from self._try_unread()
        with store.reading() as rows:  # another process may have read on
            named = inbox.taken = taken(rows)
            shared = sharing.is_shared(rows)
        fetch = partial(sharing.fetch, self._peer.home, inbox) if shared else inbox.fetch
        entries = yield from fetch(wait)
        if named:
            with store.transaction() as rows:
                keep_taken(rows, dropped=set(named).difference(inbox.taken))
        for entry in entries:
            with store.reading() as rows:
                if entry.digest in taken(rows):  # by another process, meanwhile
                    continue
            place = None
            if entry.kind is InboxKind.pointer:
                place = yield from self._try(entry.body)
            inbox.take_out(entry)
            with store.transaction() as rows:
                keep_taken(rows, more=(entry.digest,))
            if place is not None:
                came.append(place)
        return came

    def _try(self, body: bytes) -> Flow[Place | None]:
        """Come in by a pointer; anybody can leave one, so none of them keeps us from the others."""
        peer = self._peer
        assert peer.inbox is not None
        found = joining.opened(peer.home, peer.inbox.address, body)
        if found is None:
            self._keep_unread(body)
            return None
        if found.package.last_resort:
            with peer.home.store.transaction() as rows:
                key_packages.replace(rows, found.package, peer.home.world.second)
        try:
            return (yield from self._come_in(body, found))
        except (BrokerError, StorageError, TransportError):
            raise
        except CoveyError:
            self._wait(body, found)
            return None

    def _come_in(self, body: bytes, found: Found) -> Flow[Place | None]:
        peer, gid = self._peer, found.pointer.gid
        with peer.home.store.reading() as rows:
            if key_packages.is_used(rows, found.package, found.pointer.encode()):
                return None  # it came again, from a broker that was set back
            if returning.has_knocked(rows, gid):
                found = found._replace(how="link")
        place = peer.in_group(gid)
        if place is not None and body not in self._retry_at:
            yield from place.turns.turn()  # we may have been removed, and not know of it
        if peer.in_group(gid) is not None:
            self._wait(body, found)
            return None
        seat = yield from self._joined(body, found)
        if seat is None:
            return None
        with peer.home.store.transaction() as rows:
            returning.came_in(rows, seat.row.gid)
        return peer.entered(seat)

    def _joined(self, body: bytes, found: Found) -> Flow[Seat | None]:
        """Join by a pointer, if it is of any use."""
        try:
            return (yield from self._read_on_and_join(found))
        except (StorageError, TransportError):
            raise
        except origins.AheadError as error:
            self._wait_for_epoch(body, found, error)
        except joining.TooEarlyError as error:
            self._wait(body, found, error.gid)
        except winning.BehindError as error:
            yield from self._invite(body, found, error)
        except joining.NeedlessError:
            pass  # as well as if it had not come
        except BrokerError as error:
            self._refused(body, found, error)
        except AuthenticationError as error:  # what the broker gives out may be another's
            if not self._wait(body, found):
                self._useless(body, found, explained(error))
        except CoveyError as error:
            self._useless(body, found, explained(error))
        return None

    def _refused(self, body: bytes, found: Found, error: BrokerError) -> None:
        """The broker does not give out what a pointer leads to."""
        if error.code in _PASSING:
            raise error
        self._useless(body, found, "what was sent with it is not kept any more")

    def _wait_for_epoch(self, body: bytes, found: Found, error: origins.AheadError) -> None:
        """Keep a pointer until we have come into the epoch from which it leads, if there is one."""
        if not error.is_known or not self._wait(body, found, error.gids[0]):
            self._useless(body, found, explained(error))

    def _read_on_and_join(self, found: Found) -> Flow[Seat]:
        """Join; a subgroup, once we have read on in its parent."""
        try:
            return (yield from joining.join(self._peer.home, found, has_read=False))
        except origins.AheadError as error:
            for gid in error.gids:
                yield from self._read_on(gid)
        return (yield from joining.join(self._peer.home, found))

    def _invite(self, body: bytes, found: Found, behind: winning.BehindError) -> Flow[None]:
        """Invite who has made a branch and is behind us into ours, as soon as there is one."""
        peer, home = self._peer, self._peer.home
        with home.store.reading() as rows:
            every = groups.every(rows)
        branch = next((e for e in every if e.predecessor == behind.gid and e.status.is_in), None)
        if branch is None or not branch.epoch:
            self._wait(body, found, behind.gid)
            return
        seat = peer.place(branch.id).seat
        name = ahead.missing(seat.group, behind.key)
        if name is not None:
            try:
                claimed = yield from peer.claim(name.decode(), seat.row.suite)
            except (BrokerError, DecodeError, PolicyError, StateError, UnicodeDecodeError):
                self._wait(body, found, behind.gid)
                return
            wish = invitation(seat.group, ahead.of_key(claimed, behind.key))
            with seat.change() as rows:
                queues.wish(rows, seat.number, wishes.encode(wish))
        with home.store.transaction() as rows:
            waiting.let_go(rows, body)

    def _useless(self, body: bytes, found: Found, why: str) -> None:
        """Say that we cannot come in; its sender does not know, and may try again."""
        home, gid = self._peer.home, found.pointer.gid
        with home.store.transaction() as rows:
            self._say_useless(rows, gid, why)
            waiting.let_go(rows, body)

    def _say_useless(self, rows: Rows, gid: bytes, why: str) -> None:
        row = groups.by_gid(rows, gid)
        told = InvitationFailed(gid.hex(), why=why)
        events.add(rows, None if row is None else row.id, told, self._peer.home.world.second)

    def _wait(self, body: bytes, found: Found, ours: bytes = b"") -> bool:
        """Keep a pointer, until it can be of use, for a day; False when that is over.

        Anybody can leave pointers, and only members those into a group that we know. Those for
        which there is no room are told at once.
        """
        home, gid = self._peer.home, found.pointer.gid
        with home.store.transaction() as rows:
            every = {each.body: each for each in waiting.every(rows)}
            before = every.get(body)
            row = groups.by_gid(rows, ours or gid)
            ours = b"" if row is None else row.gid
            if before is not None:
                every[body] = structs.replace(before, ours=ours or before.ours)
            else:
                out = row is None or row.status is Status.left
                reference = found.package.reference
                every[body] = Waiting(home.world.second, body, gid, reference, ours, out)
            kept = {each.body for each in waiting.keep(rows, list(every.values()))}
            for each in every.values():
                if each.body not in kept:
                    self._say_useless(rows, each.gid, _CROWDED_OUT)
        tried = self._retry_at | {body: home.world.now() + min(home.pace.knocks, _BACK_EVERY)}
        self._retry_at = {each: at for each, at in tried.items() if each in kept}
        return body not in kept or home.world.second - every[body].came_at <= waiting.DAY

    def _try_again(self) -> Flow[list[Place]]:
        """Try those that were kept; for a day."""
        home = self._peer.home
        with home.store.reading() as rows:
            every = waiting.every(rows)
        came = []
        for each in every:
            if 0 < self._retry_at.get(each.body, 0.0) - home.world.now() <= _BACK_EVERY:
                continue
            late = home.world.second - each.came_at > waiting.DAY
            if late:  # it is tried for the last time, so we have to know how we stand there
                yield from self._read_on(each.ours)
            if self._has_left(each):
                with home.store.transaction() as rows:
                    self._say_useless(rows, each.gid, _LEFT)
                    waiting.let_go(rows, each.body)
                continue
            place = yield from self._try(each.body)
            if place is not None:
                came.append(place)
            if place is not None or late:
                with home.store.transaction() as rows:
                    waiting.let_go(rows, each.body)
        return came

    def _keep_unread(self, body: bytes) -> None:
        """Keep what nothing here opens, if it may be for keys of a dialect that is not spoken."""
        home = self._peer.home
        with home.store.transaction() as rows:
            if key_packages.are_all_spoken(rows):
                replacing.suspect(rows, home.world.second)
                return
            waiting.keep_unread(rows, body)
            self._unread = self._unread.union((body,)).intersection(waiting.unread(rows))

    def _try_unread(self) -> Flow[list[Place]]:
        """Try what another process could not open; once, for this one speaks no more later."""
        home = self._peer.home
        with home.store.reading() as rows:
            every = waiting.unread(rows)
        came = []
        for body in every:
            if body in self._unread:
                continue
            place = yield from self._try(body)
            if place is not None:
                came.append(place)
            if body not in self._unread:
                with home.store.transaction() as rows:
                    waiting.let_go_unread(rows, body)
        return came

    def _read_on(self, gid: bytes) -> Flow[None]:
        """Read on in a group of ours, of which we may be out by now."""
        place = self._peer.in_group(gid)
        if place is not None:
            yield from place.turns.turn()

    def _has_left(self, pointer: Waiting) -> bool:
        """Whether we have left since a pointer came: it must not bring us back."""
        with self._peer.home.store.reading() as rows:
            row = groups.by_gid(rows, pointer.ours)
        return row is not None and row.status is Status.left and not pointer.was_out

    # --- coming back ------------------------------------------------------------------------

    def come_back(self) -> Flow[None]:
        """Knock where our place in the log is lost."""
        peer, home = self._peer, self._peer.home
        with home.store.reading() as rows:
            every = groups.every(rows)
        lost = [each for each in every if each.status.comes_back or self._waits(each, every)]
        for row in lost:
            now = home.world.now()
            if 0 < self._back_at.get(row.id, 0.0) - now <= _BACK_EVERY:
                continue
            self._back_at[row.id] = now + _BACK_EVERY
            if row.status is Status.restored and not row.trouble:
                self._note(row, _FROM_BACKUP, Rejoining(row.gid.hex(), why=_FROM_BACKUP))
            if row.status is Status.lost and (
                yield from standing.look_again(peer.place(row.id).seat)
            ):
                with home.store.transaction() as rows:
                    returning.came_in(rows, row.gid)
                continue
            try:
                tries = self._tries[row.id] = self._tries.get(row.id, -1) + 1
                yield from returning.come_back(home, peer.inbox, row, tries)
            except (BrokerError, StateError) as error:
                is_shut = isinstance(error, BrokerError) and error.code == Code.capability_refused
                hopeless = is_shut or isinstance(error, StateError)
                if row.status is Status.broken or not hopeless:  # it may go on in a branch
                    self._note(row, str(error), None)
                else:
                    why = _SHUT if is_shut else str(error)
                    self._note(row, why, WishRefused(row.gid.hex(), what=_BACK, why=why))

    def _waits(self, row: GroupRow, every: list[GroupRow]) -> bool:
        """Whether not all have come into the branch of a group: it may be well for the others."""
        if row.status is not Status.branched or not row.opens:
            return False
        branches = [each for each in every if each.predecessor == row.gid and each.status.is_in]
        return any(winning.is_awaited(Seat(self._peer.home, each)) for each in branches)

    def _note(self, row: GroupRow, trouble: str, told: Event | None) -> None:
        """Let people see what is in the way, and tell the application of it once."""
        home = self._peer.home
        with home.store.transaction() as rows:
            found = groups.of(rows, row.id)
            if found is not None and found.status.comes_back and found.trouble != trouble:
                groups.update(rows, found.replaced(trouble=trouble, version=found.version + 1))
                if told is not None:
                    events.add(rows, row.id, told, home.world.second)
