"""The client: one identity, its groups, and what happens in them.

May import the engine, the flows, the store and the conversations. It runs under asyncio and trio::

    client = Client.open("alice.covey", broker="https://…", name="alice", passphrase="…")
    async with client as alice:
        team = await alice.create_group("team")
        await team.invite("bob")
        await team.send("hello")
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import anyio
import anyio.to_thread

from covey.access.refusals import Code
from covey.client import events
from covey.client.accounts import Accounts
from covey.client.conversing.bound import seconds
from covey.client.entrance import Entrance
from covey.client.running.engine import Engine
from covey.client.running.feeds import Feed
from covey.client.running.opening import (
    Given,
    checked,
    discard,
    enrolled,
    has_answered,
    key_of,
    name_in,
    opened,
    pinned,
    remember_url,
)
from covey.client.sync.effects import World
from covey.client.sync.rows.groups import Status
from covey.client.words import history, typed
from covey.client.words.showing import line
from covey.client.words.suites import UPGRADES
from covey.errors import BrokerError, StateError
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    import httpx

    from covey.client.conversing.conversation import Conversation
    from covey.client.events import WishRefused
    from covey.client.roles import Change
    from covey.client.running.opening import Opened
    from covey.client.sync.identity.home import Pace
    from covey.client.sync.rows.groups import GroupRow
    from covey.client.words.history import Message
    from covey.store import StoreKey
    from covey.store.port import Store

CONSUMER = "application"
"""For whom events are acknowledged unless it says otherwise."""

_SHORT: Final = 8  # digits of an id

_PAST: Final = frozenset({Status.left, Status.branched})
"""Nobody means such a group by its name, if another one has it."""

_NO_ACCOUNT: Final = frozenset(
    each.value for each in (Code.handle_taken, Code.enrolment_refused, Code.invite_needed)
)
"""What a broker says that has begun no account for us, and begins none."""


class Client(Entrance, Accounts):
    """One identity. Begin with :meth:`open`.

    Methods that wait for the broker are coroutines. What only looks into the store is a plain call,
    which takes as long as the look, and may wait some milliseconds for a step under way.

    Attributes:
        last_number: The number of the last event that was handed out.
    """

    def __init__(self, given: Given) -> None:
        super().__init__(given)
        self.last_number: int = 0

    @classmethod
    def open(  # noqa: PLR0913 - all but the path have defaults
        cls,
        path: str | Path | None,
        *,
        broker: str | None = None,
        name: str | None = None,
        passphrase: str | None = None,
        key: StoreKey | None = None,
        create: bool = True,
        new: bool = False,
        enrol: bool = True,
        invite: str = "",
        id_token: str | Callable[[str], str] = "",
        waits: Callable[[BrokerError, float], None] | None = None,
        proxy: str | None = None,
        pace: Pace | None = None,
        policies: Sequence[Callable[[Change], str | None]] = (),
        upgrades: Sequence[int | str] = UPGRADES,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> Self:
        """A client over a store, to be entered with ``async with``.

        A new store enrols its name at the broker; one that is there remembers both. A name without
        a broker is an identity without an account, which joins by cards and invitations. It stays
        one, also when an invitation has told it of a broker, until it is opened with a broker.

        Args:
            path: The store's file; None for one in memory.
            broker: The URL of the broker; another one than the store says is kept once it answers.
            name: Who we are; needed for a new store.
            passphrase: What opens the store; or give a key.
            key: What opens the store: a ``Passphrase``, an ``OsKeyring`` or a ``RawKey``.
            create: Whether to begin a store that is not there.
            new: Whether it must not be there yet; of two who begin it at once, one does.
            enrol: Whether to begin an account; not for a further device of one.
            invite: An invite code, where the broker wants one.
            id_token: An ID token, where it wants one; or what makes one for a nonce.
            waits: Is told, while the account is begun, of refusals, and when it is asked again.
            proxy: In front of the broker, such as a relay that hides our address.
            pace: How quickly things are done.
            policies: The application's own rules, which all need; each refuses by a sentence.
            upgrades: Cipher suites to which our groups can be moved, by name or by number; those
                of which the store has groups or KeyPackages are added.
            transport: Makes what carries requests; by default the network.
        """
        where, opens = None if path is None else Path(path), key_of(passphrase, key)
        first = (where, broker, name, opens, create, new, enrol, invite, id_token)
        others = (waits, proxy, pace, policies, upgrades, transport)
        return cls(checked(Given(*first, *others, World(system_entropy, time.time))))

    async def __aenter__(self) -> Self:
        """Open it.

        Raises:
            StorageError: The store cannot be opened; each kind has its own class.
            StateError: The store is somebody else's, or new and without a name.
            BrokerError: ``handle_taken``, ``enrolment_refused``, …
            TransportError: The broker cannot be reached, and there is no account yet.
            PolicyError: Another broker than before answers there.
        """
        if self._running is not None:
            msg = "the client is open already"
            raise StateError(msg)
        given = self._given
        opening = await anyio.to_thread.run_sync(partial(opened, given))
        engine = Engine(opening.store, opening.home, given.transport, given.proxy)
        try:
            await self._enrol(engine, opening)
            self._opened_at = self._joined_up_to = await engine.call(partial(_latest, engine))
            await engine.open(elsewhere=opening.is_elsewhere)
        except BaseException as error:
            of_use = not opening.is_new or _may_have_begun(error, opening.store)
            with anyio.CancelScope(shield=True):
                await engine.abandon()
            if not of_use:
                discard(given.path)
            raise
        self._running = engine
        return self

    async def _enrol(self, engine: Engine, opening: Opened) -> None:
        if not opening.url:
            return
        engine.connect(opening.url)
        if engine.peer.device is None and not opening.stays_without:
            peer, given = engine.peer, self._given
            engine.waits = given.waits
            await engine.run(enrolled(peer, given) if given.enrol else pinned(peer))
            engine.waits = None
            await engine.call(partial(remember_url, engine.store, opening.url))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        engine, self._running = self._engine, None
        return await engine.aclose(error)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._given.path!r})"

    # --- who and where -------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Who we are."""
        return name_in(self._engine.home.member)

    @property
    def path(self) -> Path | None:
        """The store's file; None when it is in memory."""
        return self._given.path

    @property
    def broker(self) -> str | None:
        """The URL of the broker; None without one."""
        return self._engine.url or None

    @property
    def has_account(self) -> bool:
        """Whether we have an account at the broker."""
        return self._engine.peer.device is not None

    @property
    def suites(self) -> tuple[int, ...]:
        """The cipher suites for which we have keys, by number; that of new groups is the first."""
        return self._engine.home.suites

    @property
    def online(self) -> bool:
        """Whether the broker has answered last time."""
        return self._engine.online

    @property
    def clock_off(self) -> int:
        """Hours by which this machine's clock is ahead of the broker's; negative for behind.

        0 when they agree to about an hour, or when the broker has not said yet what time it is.
        """
        return self._engine.clocks.off

    @property
    def trouble(self) -> str:
        """What was in the way last time, for people; empty when nothing was."""
        return self._engine.trouble

    @property
    def refused(self) -> list[WishRefused]:
        """What turned out since the client was opened to be impossible, the first of it first.

        Some of it may have been wanted earlier, as while the broker was away.
        """
        found = self._engine.rows(lambda rows: list(events.refusals(rows, self._opened_at)))
        return found[::-1]

    # --- groups --------------------------------------------------------------------------

    def groups(self) -> list[Conversation]:
        """All groups of the store, the oldest first; also those that we have left."""
        return [self._conversation(each) for each in self._group_rows()]

    def group(self, which: str) -> Conversation:
        """A group: by its id, else by its name, else by the beginning of its id.

        Anybody can call a group like one of ours, and invite us. So a name means a group only as
        long as no other one has it, but for those that we have left or that go on as another one.

        Raises:
            StateError: There is none, or more than one; it says which ones there are.
            TypeError: It is no text.
        """
        typed.text("a group", which)
        rows = self._group_rows()
        named = [each for each in rows if each.name == which]
        for found in (
            [each for each in rows if each.gid.hex() == which.lower()],
            [each for each in named if each.status not in _PAST] or named,
            [each for each in rows if which and each.gid.hex().startswith(which.lower())],
        ):
            if len(found) == 1:
                return self._conversation(found[0])
            if found:
                msg = f"{line(which)} can be {_listed(found)}: say which one, by more of its id"
                raise StateError(msg)
        if not rows:
            msg = "no groups yet: create one, or join one by an invitation"
            raise StateError(msg)
        msg = f"there is no group {line(which)} here; there are: {_listed(rows)}"
        raise StateError(msg)

    # --- what happens ----------------------------------------------------------------------

    def events(self, consumer: str = CONSUMER, *, live: bool = True) -> Feed:
        """What happens, for ``async for``: each event until it is acknowledged.

        An event is acknowledged when the next one is asked for, or by :meth:`acknowledge`. So who
        is killed while it deals with one gets it again. Who stays away for thirty days, or for a
        hundred thousand events, gets ``EventsMissed`` in the place of those that are not kept.

        Args:
            consumer: For whom; each has its own place.
            live: Whether to wait for what comes; else it ends with the last event there is.

        Raises:
            TypeError: The name of the consumer is no text.
        """
        typed.text("the name of a consumer", consumer)
        self._engine.change(partial(events.begin, consumer=consumer))
        after = self._engine.rows(partial(events.acknowledged, consumer=consumer))
        return Feed(self._engine, after, live=live, consumer=consumer, told=self._told)

    def _told(self, number: int) -> None:
        self.last_number = number

    async def acknowledge(self, consumer: str, number: int) -> None:
        """Take note that somebody has dealt with all events up to a number.

        Raises:
            StateError: There has been no event of this number.
            TypeError: What is given is of another type.
        """
        typed.text("the name of a consumer", consumer)
        typed.number("the number of an event", number)
        await self._engine.write(partial(events.acknowledge, consumer=consumer, number=number))

    async def forget_consumer(self, consumer: str) -> None:
        """Keep no events any more for somebody who does not come back.

        Raises:
            TypeError: The name of the consumer is no text.
        """
        typed.text("the name of a consumer", consumer)
        await self._engine.write(partial(events.forget, consumer=consumer))

    def search(self, query: str, limit: int = 50) -> list[Message]:
        """The latest messages of all groups that hold these words, or words beginning like them.

        Raises:
            StateError: There cannot be so many.
            TypeError: What is given is of another type.
        """
        typed.text("what is searched for", query)
        typed.count("a limit", limit)
        now = self._engine.home.world.second
        return self._engine.search(partial(history.search, query=query, limit=limit, now=now))

    async def sync(self, *, timeout: float | None = None) -> None:
        """Take in all that is new, and let out all that waits: for programs that do not stay.

        One group that is not well keeps no other one from that.

        Raises:
            StateError: No broker is known.
            StorageError: The store cannot be read or written.
            TransportError: The broker cannot be reached; or a group is not well, as its
                ``trouble`` says.
        """
        await self._engine.settle(seconds(timeout))


def _may_have_begun(error: BaseException, store: Store) -> bool:
    """Whether a broker may have begun our account: its keys are in the store, and nowhere else."""
    if not isinstance(error, BrokerError):
        return True
    return error.code not in _NO_ACCOUNT and has_answered(store)


def _listed(rows: Sequence[GroupRow]) -> str:
    """Groups by their names, and by as much of their ids as tells them apart."""
    length = _SHORT
    while len({each.gid.hex()[:length] for each in rows}) < len(rows):
        length += _SHORT
    return ", ".join(f"{line(each.name)} ({each.gid.hex()[:length]})" for each in rows)


def _latest(engine: Engine) -> int:
    with engine.store.reading() as rows:
        return events.latest(rows)
