"""Who is in a group, and what it says of itself: changes, each of them a commit.

May import the engine, the flows and the roles.
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from covey.access.member import links
from covey.access.refusals import Code
from covey.access.structs.extensions import Right
from covey.access.structs.sealed import Link
from covey.client.conversing import wanted, whom, wishing
from covey.client.conversing.bound import Bound, seconds
from covey.client.sync.group.capabilities import standing
from covey.client.sync.group.inviting import key_package
from covey.client.sync.rows import by_hand
from covey.client.sync.rows.wishes import (
    CloseDoor,
    Describe,
    Expel,
    Invite,
    OpenDoor,
    Renew,
)
from covey.client.words import cards, suites, typed
from covey.client.words.cards import Card, CardAnswer, Invitation
from covey.client.words.showing import line
from covey.errors import BrokerError, DecodeError, StateError, TransportError
from covey.mls.crypto.dialects import get_suite
from covey.mls.group.member import key_package_ref

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.client.roles import Judged
    from covey.client.sync.log.place import Place
    from covey.client.sync.rows.wishes import Wish
    from covey.mls import Group

_SEED: Final = 32  # bytes
_NOBODY: Final = "say whom, by their names"
_ONESELF: Final = "you cannot remove yourself: leave the group"
_POSTED: Final = 10.0  # seconds to wait until pointers are posted


class Governing(Bound):
    """Who is in a group, and what it says of itself."""

    async def invite(self, *names: str, again: bool = False, timeout: float | None = None) -> None:
        """Let people in, with all of their devices; also those that are new of who is in already.

        Args:
            names: Their names at the broker.
            again: Whether also those who were let in and have not come yet, in whose hands the
                first invitation may not have got: the broker does not keep it for ever.
            timeout: Seconds to wait; 30 by default.

        Raises:
            PolicyError: We may not, or the broker hands out KeyPackages of somebody else.
            BrokerError: ``account_unknown``: nobody is called so; ``nothing_to_claim``: somebody
                is, and has left nothing to be invited by. The message says who.
            StateError: We are not in the group, or have no account; or somebody is in already, with
                all of their devices, or is named twice.
            TransportError: The broker cannot be reached.
        """
        people = wanted.people(names)
        if not people:
            raise StateError(_NOBODY)
        own = self._engine.home.identity
        if any(each.encode() != own for each in people):  # devices of ours, we may always add
            self._with_group(wanted.require_may_invite)
        packages: list[bytes] = []
        for name in people:
            packages += await self._claimed(name, again=again)
        if packages:
            wish = self._with_group(partial(wanted.invitation, packages, again))
            await self._wish(wish, timeout)
            await self._posted()

    async def _claimed(self, name: str, *, again: bool) -> tuple[bytes, ...]:
        """KeyPackages of somebody's devices, of which one is not in yet."""
        engine = self._engine
        there, keys = self._with_group(partial(wanted.devices_of, name, again))
        msg = f"{name} is in {line(self._row.name)} already"
        try:
            packages = await engine.run(engine.peer.claim(name, self._row.suite))
        except BrokerError as error:
            if there and error.code == Code.nothing_to_claim:
                raise StateError(msg) from error
            raise await self._unclaimed(error, name) from error
        if all(key_package(each).leaf_node.signature_key in keys for each in packages):
            raise StateError(msg)
        return packages

    async def _unclaimed(self, error: BrokerError, name: str) -> BrokerError:
        """Why there are no KeyPackages of somebody, with the name; the broker says none."""
        engine = self._engine
        match error.code:
            case Code.nothing_to_claim:
                again = suites.to_be_tried(self._row.suite, name)
                said = f"{name} has nothing there to be invited by: {again}"
            case Code.account_unknown if await self._has_account():
                said = f"nobody is called {name} at {engine.url}: see the spelling"
            case Code.account_unknown:
                said = (
                    f"this device is in no account at {engine.url} any more: see whether it was"
                    " removed, or the broker was set up anew"
                )
            case _:
                return error
        return BrokerError(error.code, said)

    async def _has_account(self) -> bool:
        """Whether the broker knows our own account; it is called unknown by the same code."""
        engine = self._engine
        assert engine.peer.device is not None
        try:
            await engine.run(engine.peer.device.devices())
        except BrokerError as error:
            if error.code == Code.account_unknown:
                return False
            raise
        return True

    async def invite_card(self, card: str, *, timeout: float | None = None) -> CardAnswer:
        """Let somebody in who has no account here, and has handed us a card.

        Anybody can write any name on a card: see that the name which is returned is the one of who
        has handed it to you. Nobody is let in so under a name that the group knows.

        Args:
            card: The card's text.
            timeout: Seconds to wait; 30 by default.

        Returns:
            Whose name is on the card, and the text of the invitation, to be handed back. Only the
            owner of the card can use it.

        Raises:
            PolicyError: We may not; or the name is in the group already, or has a role in it.
            StateError: We are not in the group, or the card was used.
            DecodeError: It is no card, or not all of it.
            UnsupportedError: It is of a later version.
            TransportError: The broker cannot be reached.
            TypeError: It is no text.
        """
        typed.text("a card", card)
        paper = cards.from_text(card)
        if not isinstance(paper, Card):
            msg = "this is an invitation, and no card: join by it"
            raise DecodeError(msg)
        name = cards.name_on(paper)
        self._with_group(wanted.require_may_invite)
        self._with_group(partial(wanted.require_stranger, paper))
        await self._wish(Invite((paper.key_package,), by_card=True), timeout)
        return CardAnswer(name, await self._engine.call(partial(self._invitation, paper)))

    def _invitation(self, card: Card) -> str:
        engine = self._engine
        package = key_package(card.key_package)
        suite = get_suite(package.cipher_suite)
        with engine.store.transaction() as rows:
            posting = by_hand.fetch(rows, key_package_ref(suite, package))
        if posting is None:
            msg = "this card was used already: ask for a new card"
            raise StateError(msg)
        row = self._row
        return cards.to_text(
            Invitation(
                cards.VERSION,
                row.broker_id,
                engine.url.encode(),
                posting.key_package_ref,
                posting.pointer,
                (),
            )
        )

    async def link(self, hours: int = 24, *, timeout: float | None = None) -> str:
        """Make an invite link: whoever has it, and an account here, can ask a member to be let in.

        Args:
            hours: For how long it is good; from 1 to those of a year.
            timeout: Seconds to wait; 30 by default.

        Raises:
            PolicyError: We may not invite.
            StateError: We are not in the group, or it is good for too short or too long.
            TypeError: The hours are no whole number.
            TransportError: The broker cannot be reached.
        """
        good = wanted.hours(hours)
        self._with_group(wanted.require_may_invite)
        world, row = self._engine.home.world, self._row
        seed, until = world.entropy(_SEED), world.hour + good
        await self._wish(OpenDoor(seed, Right.join, until), timeout)
        link = Link(links.VERSION, row.broker_id, row.gid, self._row.suite, seed)
        return cards.link_text(self._engine.url, links.encode(link))

    async def close_links(self, *, timeout: float | None = None) -> None:
        """Let no invite link of this group be good any more, whoever has made it.

        All members may: nobody can tell whether a link was found by somebody who should not have it
        better than whoever sees that.

        Raises:
            PolicyError: The broker refuses.
            StateError: We are not in the group.
            TransportError: The broker cannot be reached.
        """
        for capability in self._with_group(lambda place, _: standing(place.seat, Right.join)):
            await self._wish(CloseDoor(capability.key), timeout)

    async def remove(self, *names: str, timeout: float | None = None) -> None:
        """Remove people, with all of their devices. They can read nothing that is said later.

        Raises:
            PolicyError: We may not.
            StateError: We are not in the group, or one of them is not; or it is we, who leave it.
            TransportError: The broker cannot be reached.
        """
        if not names:
            raise StateError(_NOBODY)
        identities = self._with_group(partial(whom.identities_of, names))
        if self._engine.home.identity in identities:
            raise StateError(_ONESELF)
        await self._wish(Expel(identities), timeout)

    async def remove_device(self, key: str, *, timeout: float | None = None) -> None:
        """Remove one device, by its signature key in hex, as members have it.

        Raises:
            PolicyError: We may not.
            StateError: We are not in the group, or no device there has this key; or it is our own.
            TransportError: The broker cannot be reached.
            TypeError: The key is no text.
        """
        found = self._with_group(partial(wanted.device_of, key))
        if found == self._with_group(_own_key):
            raise StateError(_ONESELF)
        await self._wish(Expel(keys=(found,)), timeout)

    # --- what it says of itself ----------------------------------------------------------

    async def rename(self, name: str, *, timeout: float | None = None) -> None:
        """Give the group another name.

        Raises:
            PolicyError: We may not.
            StateError: We are not in the group, or this is no name.
            TransportError: The broker cannot be reached.
            TypeError: It is no text.
        """
        await self._wish(Describe(name=wanted.group_name(name)), timeout)

    async def set_role(self, name: str, role: str, *, timeout: float | None = None) -> None:
        """Make a member ``owner``, ``admin`` or ``member``.

        Raises:
            PolicyError: We may not, or the group would be without an owner.
            StateError: We are not in the group, or it is not, or there is no such role.
            TransportError: The broker cannot be reached.
        """
        given = {name: wanted.role_of(role)}
        roles = self._with_group(partial(whom.roles_of, given))
        await self._wish(Describe(roles=roles), timeout)

    async def set_expiry(self, seconds: int, *, timeout: float | None = None) -> None:
        """Let messages that are said from now on disappear.

        Args:
            seconds: After how many seconds; 0 for never.
            timeout: Seconds to wait; 30 by default.

        Raises:
            PolicyError: We may not.
            StateError: We are not in the group, or there cannot be so many.
            TransportError: The broker cannot be reached.
            TypeError: It is no whole number.
        """
        await self._wish(Describe(expires_after=wanted.expiry(seconds)), timeout)

    async def set_inviting(self, who: str, *, timeout: float | None = None) -> None:
        """Say who may invite: ``members`` or ``admins``.

        Raises:
            PolicyError: We may not.
            StateError: We are not in the group, or it is neither of them.
            TransportError: The broker cannot be reached.
        """
        await self._wish(Describe(inviting=wanted.inviting_by(who)), timeout)

    async def rotate(self, *, timeout: float | None = None) -> None:
        """Renew our keys now; it happens by itself, too, by age and by count.

        Raises:
            StateError: We are not in the group.
            TransportError: The broker cannot be reached.
        """
        await self._wish(Renew(), timeout)

    def dry_run(
        self,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        name: str | None = None,
        roles: Mapping[str, str] | None = None,
        expires_after: int | None = None,
        inviting: str | None = None,
        quantum_safe: bool | None = None,
    ) -> Judged:
        """What a commit would change, and whether it would be refused; nothing is done.

        Args:
            add: Cards of those to be added.
            remove: Names of those to be removed.
            name: The group's name.
            roles: New roles, by name.
            expires_after: Seconds after which messages disappear.
            inviting: Who may invite.
            quantum_safe: Whether it refuses every suite that is not.

        Raises:
            StateError: We are not in the group, somebody to be removed is not, or what is given
                means nothing.
            DecodeError: A card is none.
            UnsupportedError: It is of a later version.
            TypeError: What is given is of another type.
        """
        return self._with_group(
            partial(
                wanted.judged,
                add=[wanted.key_package_of(each) for each in typed.texts("cards", add)],
                remove=tuple(typed.texts("who is removed", remove)),
                described=Describe(
                    None if name is None else wanted.group_name(name),
                    None if expires_after is None else wanted.expiry(expires_after),
                    wanted.maybe_inviting(inviting),
                    {who: wanted.role_of(role) for who, role in (roles or {}).items()},
                    quantum_safe,
                ),
            )
        )

    # --- parts ---------------------------------------------------------------------------

    async def _wish(self, wish: Wish, timeout: float | None) -> None:
        await wishing.wish(self._engine, self._number, wish, seconds(timeout))

    async def _posted(self) -> None:
        """Wait until those who were let in are told, so that a short program may end."""
        engine = self._engine
        engine.nudge()
        try:
            await engine.until(engine.all_posted, _POSTED, "")
        except TransportError:
            return  # they are posted later, by us or by another member


def _own_key(_: Place, group: Group) -> bytes | None:
    """Our signature key in a group."""
    leaf = group.tree.leaf(group.own_index)
    return None if leaf is None else leaf.signature_key
