"""Beginning a group of ours, and a subgroup of one. May import the engine and the flows."""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self

import anyio

from covey.access.refusals import Code
from covey.client import events
from covey.client.conversing import wanted, whom, wishing
from covey.client.conversing.bound import seconds
from covey.client.conversing.governing import Governing
from covey.client.events import Joined
from covey.client.running.awaiting import Awaited
from covey.client.sync import subgroups
from covey.client.sync.group import parentage
from covey.client.sync.group.devices import key_of
from covey.client.sync.group.telling import tell
from covey.client.sync.rows import groups, parents, queues
from covey.client.sync.rows.groups import Status
from covey.client.words import profile, typed
from covey.client.words.profile import Inviting
from covey.client.words.showing import line, name_of
from covey.errors import BrokerError, PolicyError, StateError
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.client.running.engine import Engine
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.log.place import Place
    from covey.client.words.profile import GroupProfile
    from covey.mls import Group
    from covey.store.port import Rows

_WISHED = "the others come into it when the broker can be reached"
_LACKING = "{} has left nothing there by a device that is in {}: try again when {} is online"


async def begun(
    engine: Engine, place: Place, code: bytes, waits: Callable[[BrokerError, float], None] | None
) -> None:
    """Begin the log of a group; if that fails, the group is not made.

    Args:
        engine: Drives it.
        place: The group.
        code: An invite code, where the broker wants one for groups.
        waits: Is told when the broker says to come again.

    Raises:
        BrokerError: The broker refuses.
        TransportError: It cannot be reached.
    """
    before, engine.waits = engine.waits, waits
    try:
        await engine.run(place.turns.speaker.create(code))
    except BaseException:
        with anyio.CancelScope(shield=True):
            await engine.write(partial(_drop, place.seat))
        raise
    finally:
        engine.waits = before


def _drop(seat: Seat, rows: Rows) -> None:
    parents.drop(rows, seat.row.gid)
    groups.drop(rows, seat.number)


def created(seat: Seat, parent: str = "") -> None:
    """Tell of a group of ours, now that its log has begun.

    Args:
        seat: The group.
        parent: The gid of the group of which it is a subgroup, in hex.
    """
    with seat.change() as rows:
        tell(seat, rows, Joined(seat.hex, name=seat.row.name, how="created", parent=parent))


class Founding(Governing):
    """Of which group another one is a subgroup, and making one."""

    @property
    def parent(self) -> str:
        """The id of the group of which this is a subgroup; empty when it is none.

        Known to who has made it, and to who came in with the first members: these have proven to
        each other that they were in the parent. Who is invited later cannot know, and is not told.
        """
        row = self._row
        found = self._rows(partial(parents.of, row=row))
        return "" if found is None else found.hex()

    async def subgroup(
        self,
        name: str,
        members: Iterable[str],
        *,
        inviting: str = "admins",
        expires_after: int | None = None,
        invite: str = "",
        waits: Callable[[BrokerError, float], None] | None = None,
        timeout: float | None = None,
    ) -> Self:
        """Make a new group of some members of this one, bound to it (RFC 9420 §11.3: a branch).

        Any member may, and is the owner of the new group. It takes a secret of this group to come
        in with the others, so that all know of each other that they are members of it. This group
        goes on as it was, and nobody else in it is told. Who is offline comes in later. The others
        come with all devices of theirs that are here, and have left KeyPackages at the broker.

        Args:
            name: What it is called.
            members: Who is in it, by their names, besides us.
            inviting: Who may invite others later: ``members`` or ``admins``.
            expires_after: Seconds after which messages disappear, 0 for never; None as here.
            invite: A code, where the broker wants one for groups.
            waits: Is told, while the group is made, when the broker says to come again: its
                refusal, and after how many seconds it is asked again.
            timeout: Seconds to wait until it has its members; 30 by default.

        Raises:
            StateError: We are not in this group, or somebody else is not, or nobody is named, or
                somebody has left no KeyPackage; or this group is being moved.
            PolicyError: The application's policies refuse it, or the broker hands out KeyPackages
                of somebody else; nothing was made.
            ProtocolError: Somebody cannot be added; nothing was made.
            BrokerError: The broker refuses; nothing was made.
            TransportError: The broker cannot be reached: nothing was made, unless it says so.
            TypeError: What is given is of another type.
        """
        patience, code = seconds(timeout), typed.text("an invite code", invite)
        stated = self._with_group(partial(_profile, name, inviting, expires_after))
        packages: list[bytes] = []
        for who in self._with_group(partial(_others, members)):
            packages += await self._left_by(who)
        engine = self._engine
        with anyio.CancelScope(shield=True):
            place, wish, since = await engine.call(partial(self._begin, stated, tuple(packages)))
        await begun(engine, place, code, waits)
        await engine.call(partial(created, place.seat, self._row.gid.hex()))
        await self._let_in(place, wish, since, patience)
        return type(self)(engine, place.seat.number)

    def _begin(self, stated: GroupProfile, packages: tuple[bytes, ...]) -> tuple[Place, int, int]:
        """Keep it: its place, the number of the wish, and of the last event before."""
        peer = self._engine.peer
        seat = peer.place(self._number).seat
        seat.look()
        seat.require_in()
        if seat.row.status is Status.leaving:
            msg = "you are leaving this group: make the subgroup before, or a group of its own"
            raise StateError(msg)
        with peer.home.store.reading() as rows:
            since = events.latest(rows)
        return (*subgroups.begin(peer, seat, stated, packages), since)

    async def _left_by(self, who: bytes) -> list[bytes]:
        """KeyPackages of somebody's devices that are here.

        Raises:
            BrokerError: There are none; it says whose.
            StateError: There are some, and none of such a device.
        """
        engine, own = self._engine, who == self._engine.home.identity
        name, keys = name_of(who), self._with_group(partial(_keys, who))
        if own and not keys:
            return []
        try:
            claimed = await engine.run(engine.peer.claim(who.decode(), self._row.suite))
        except BrokerError as error:
            if own and error.code == Code.nothing_to_claim:
                return []  # another device of ours, which we invite when it has left some
            raise await self._unclaimed(error, name) from error
        found = parentage.those_of(claimed, keys)
        if not found and not own:
            raise StateError(_LACKING.format(name, line(self._row.name), name))
        return found

    async def _let_in(self, place: Place, wish: int, since: int, patience: float) -> None:
        """Wait until the others are let in; if they never can be, nothing stays of the group."""
        engine, number = self._engine, place.seat.number

        def refused() -> str | None:
            with engine.store.reading() as rows:
                if queues.still_wished(rows, wish):
                    return None
                return wishing.refusal(rows, since, wish)

        await engine.look_at_groups()
        awaited = Awaited(number, wish=wish)
        why = await wishing.settled(engine, number, refused, _WISHED, patience, awaited)
        if why:
            await engine.call(partial(subgroups.drop_barren, engine.home))
            raise PolicyError(why)
        await self._posted()


def _profile(
    name: str, inviting: str, expires_after: int | None, place: Place, group: Group
) -> GroupProfile:
    """What a subgroup says of itself: like its parent, with us as its owner.

    Raises:
        StateError: What is given means nothing.
        TypeError: It is of another type.
    """
    parent = profile.profile_of(group.extensions)
    as_there = 0 if parent is None else parent.expires_after
    return profile.first_profile(
        wanted.group_name(name),
        place.seat.home.identity,
        inviting=Inviting(wanted.inviting_by(inviting)),
        expires_after=as_there if expires_after is None else wanted.expiry(expires_after),
        quantum_safe=parent is not None and parent.quantum_safe == 1,
    )


def _others(names: Iterable[str], place: Place, group: Group) -> tuple[bytes, ...]:
    """Those who are to be in a subgroup; we, too, for other devices of ours.

    Raises:
        StateError: Somebody is no member, or it would be nobody but us.
        TypeError: It is one name.
    """
    if isinstance(names, str):
        msg = "members are a list of names, also of one"
        raise TypeError(msg)
    own = place.seat.home.identity
    found = dict.fromkeys(whom.identities_of(tuple(names), place, group))
    if not set(found) - {own}:
        msg = "a subgroup needs somebody besides you: name members of this group"
        raise StateError(msg)
    return tuple({**found, own: None})


def _keys(who: bytes, _: Place, group: Group) -> set[bytes]:
    """By which keys somebody's devices in a group are known, but for this one."""
    return {
        key_of(leaf)
        for index, leaf in group.tree.members()
        if identity(leaf.credential) == who and index != group.own_index
    }
