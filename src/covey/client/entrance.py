"""How a client comes into groups: it makes one, is let in, joins by a link or by an invitation.

May import the engine, the flows and the cards.
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio

from covey.access.member import links
from covey.access.member.pointers import NOWHERE, open_pointer
from covey.access.structs.extensions import InboxAddress
from covey.client import events
from covey.client.conversing import founding, wanted
from covey.client.conversing.bound import seconds
from covey.client.events import Joined
from covey.client.held import Held
from covey.client.running.opening import forget_url, remember_url
from covey.client.sync.coming import joining
from covey.client.sync.coming.joining import Found
from covey.client.sync.identity import key_packages
from covey.client.sync.rows import groups
from covey.client.words import cards, profile, suites, typed
from covey.client.words.cards import Card, Invitation
from covey.client.words.profile import Inviting
from covey.client.words.showing import line
from covey.errors import (
    AuthenticationError,
    BrokerError,
    DecodeError,
    PolicyError,
    StateError,
)
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.conversing.conversation import Conversation
    from covey.client.words.cards import InviteLink
    from covey.store.port import Rows

_LET_IN = "nobody has let you in yet; you come in when a member has seen your knock"


class Entrance(Held):
    """How a client comes into groups."""

    _joined_up_to = 0

    async def create_group(
        self,
        name: str,
        *,
        inviting: str = "admins",
        expires_after: int = 0,
        suite: int | str | None = None,
        quantum_safe: bool = False,
        invite: str = "",
        waits: Callable[[BrokerError, float], None] | None = None,
    ) -> Conversation:
        """Make a group, of which we are the owner. The broker has it when this returns.

        Args:
            name: What it is called.
            inviting: Who may invite: ``members`` or ``admins``.
            expires_after: Seconds after which messages disappear; 0 for never.
            suite: Its cipher suite, such as ``x-wing``; all who are to be in it need it.
            quantum_safe: Whether it refuses every suite that is not.
            invite: A code, where the broker wants one for groups.
            waits: Is told, while the group is made, when the broker says to come again: its
                refusal, and after how many seconds it is asked again.

        Raises:
            StateError: No broker is known, or what is given means nothing, such as an empty name.
            BrokerError: The broker refuses; nothing was made, nor is when this is cancelled.
            TransportError: The broker cannot be reached; nothing was made.
            TypeError: What is given is of another type.
        """
        engine = self._engine
        stated = profile.first_profile(
            wanted.group_name(name),
            engine.home.identity,
            inviting=Inviting(wanted.inviting_by(inviting)),
            expires_after=wanted.expiry(expires_after),
            quantum_safe=quantum_safe,
        )
        chosen = wanted.suite_for(suite, safe=quantum_safe)
        code = typed.text("an invite code", invite)
        with anyio.CancelScope(shield=True):
            place = await engine.call(partial(engine.peer.create, stated, suite=chosen))
        await founding.begun(engine, place, code, waits)
        await engine.call(partial(founding.created, place.seat))
        await engine.look_at_groups()
        return self._conversation(place.seat.row)

    async def next_group(self, timeout: float | None = None) -> Conversation:
        """The next group that we come into; one that came since the client was opened, at once.

        Args:
            timeout: Seconds to wait; None for as long as it takes.

        Raises:
            TransportError: None came in time.
        """
        if timeout is not None:
            seconds(timeout)
        found = await self._engine.until(self._joined, timeout, "nobody has let you into a group")
        return self._conversation(found)

    def _joined(self) -> groups.GroupRow | None:
        now = self._engine.home.world.second
        with self._engine.store.reading() as rows:
            while batch := events.after(rows, self._joined_up_to, now=now):
                for number, event in batch:
                    self._joined_up_to = number
                    if isinstance(event, Joined) and event.how != "created":
                        row = groups.by_gid(rows, bytes.fromhex(event.group))
                        if row is not None and row.status.is_in:
                            return row
        return None

    # --- links and invitations -------------------------------------------------------------

    async def join(
        self,
        what: str,
        *,
        timeout: float | None = None,
        knocked: Callable[[], None] | None = None,
    ) -> Conversation:
        """Join by an invite link, or by an invitation that answers our card.

        Args:
            what: The text of either.
            timeout: Seconds to wait until a member lets us in; 30 by default.
            knocked: Is called when the broker has our knock, and a member has to see it.

        Raises:
            DecodeError: It is neither, or not all of it; or what it leads to is damaged.
            UnsupportedError: It is of a later version.
            StateError: It is not for us, or has been used; or we are in that group, or leaving it;
                or a link needs an account, and there is none.
            PolicyError: It is for another broker.
            BrokerError: ``capability_refused``: the link is not good any more;
                ``parcel_unknown``: what the invitation leads to is not kept any more.
            ProtocolError: What the member who answered our card has made breaks a rule.
            AuthenticationError: It was changed on its way, or is somebody else's.
            MissingKeyError: It is for who was in another group before.
            TransportError: The broker cannot be reached, or nobody has let us in yet.
            TypeError: It is no text.
        """
        typed.text("a link or an invitation", what)
        found = cards.parse(what)
        if isinstance(found, Invitation):
            return await self._join_by(found)
        return await self._knock(found, seconds(timeout), knocked)

    async def card(self, suite: int | str | None = None) -> str:
        """A card, to be handed to a member: it answers with an invitation, whichever way.

        No account is needed for it. Each card is good for one group.

        Args:
            suite: The cipher suite of that group, if it is no usual one, such as ``x-wing``.

        Raises:
            StateError: There is no such suite, or the client was opened without it.
        """
        chosen = None if suite is None else suites.parse(suite)
        return await self._engine.call(partial(self._card, chosen))

    def _card(self, suite: int | None) -> str:
        home = self._engine.home
        now, member = home.world.second, home.member_of(suite or home.suites[0])
        package = member.key_package(
            lifetime=key_packages.LIFETIME,
            leaf_extensions=home.vouched(member.suite.code),
            now=now,
        )
        with home.store.transaction() as rows:
            key_packages.add(rows, package, now)
        return cards.to_text(Card(cards.VERSION, package.message))

    async def _knock(
        self, link: InviteLink, timeout: float, knocked: Callable[[], None] | None
    ) -> Conversation:
        engine, gid = self._engine, link.link.gid
        self._require_out(gid)
        if engine.peer.inbox is None:
            msg = f"a link needs an account at {link.url}: open the client with that broker"
            raise StateError(msg)
        await engine.run(engine.peer.knock(links.encode(link.link)))
        if knocked is not None:
            knocked()

        def there() -> groups.GroupRow | None:
            with engine.store.reading() as rows:
                found = groups.by_gid(rows, gid)
            return found if found is not None and found.status.is_in else None

        return self._conversation(await engine.until(there, timeout, _LET_IN))

    def _require_out(self, gid: bytes) -> None:
        """Look whether there is a group to be joined.

        Raises:
            StateError: We are in it, or are leaving it.
        """
        row = self._by_gid(gid)
        if row is None or row.status.is_over:
            return
        if row.out_since or row.status is groups.Status.leaving:
            msg = f"you are leaving {line(row.name)}: join again when you are out"
            raise StateError(msg)
        if row.status.is_in:
            msg = f"you are in {line(row.name)} already"
            raise StateError(msg)

    async def _join_by(self, paper: Invitation) -> Conversation:
        engine = self._engine
        found = await engine.call(partial(self._opened, paper))
        self._require_out(found.pointer.gid)
        is_first = not engine.url
        if is_first:
            url = paper.url.decode()
            engine.connect(url)
            await engine.call(partial(remember_url, engine.store, url))
        try:
            seat = await engine.run(joining.join(engine.home, found, paper.parcels))
        except BaseException:
            if is_first:  # nobody has signed the address: the true invitation may say another one
                with anyio.CancelScope(shield=True):
                    await engine.disconnect()
                    await engine.call(partial(forget_url, engine.store))
            raise
        await engine.call(partial(engine.peer.entered, seat))
        await engine.go_online()
        await engine.look_at_groups()
        return self._conversation(seat.row)

    def _opened(self, paper: Invitation) -> Found:
        """The pointer in an invitation, and the broker pinned, if none was."""
        with self._engine.store.transaction() as rows:
            package = key_packages.find(rows, paper.reference)
            if package is None:
                msg = (
                    "this invitation answers a card of another store, or has been used:"
                    " make a new card, and hand it over"
                )
                raise StateError(msg)
            try:
                address = InboxAddress(paper.broker_id, NOWHERE)
                pointer = open_pointer(package, address, paper.pointer)
            except (AuthenticationError, DecodeError) as error:
                msg = "this invitation is damaged, or not for this card: ask for it again"
                raise DecodeError(msg) from error
            _pin(rows, paper.broker_id)
        return Found(package, pointer, "file")


def _pin(rows: Rows, broker_id: bytes) -> None:
    """Remember the broker, unless it is another one than before.

    Raises:
        PolicyError: It is.
    """
    known = settings.get(rows, "broker id")
    if known not in (None, broker_id):
        msg = "the invitation is for a group at another broker: join it with a store of its own"
        raise PolicyError(msg)
    settings.put(rows, "broker id", broker_id)
