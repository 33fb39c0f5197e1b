"""What all groups of one identity share: its store, its world, its pace. May import the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member.epochs import expand
from covey.client.sync.identity.key_packages import LEAST
from covey.client.words import profile, same_device, suites
from covey.errors import StateError
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.access.structs.extensions import InboxAddress
    from covey.client.sync.effects import World
    from covey.mls import Extension, Member, Ports
    from covey.store.port import Store

_DAY: Final = 86_400
_MARK: Final = "covey client 1 mark"


class Pace(NamedTuple):
    """How quickly things are done, in seconds unless it says otherwise.

    Attributes:
        posting: Pointers are posted after a random time up to this, so that a broker which watches
            cannot tell by the moment which commit they belong to.
        arriving: Who has joined renews its keys after a random time up to this, and a little more
            for each member; or before it says something.
        slot: When a proposal waits, members commit it one after the other at this distance.
        patience: How long at most, and at least half as long, something to be said waits for others
            to commit what was proposed.
        knocks: How often members look who is at the door; eight times as often in the first
            minutes in which they know of a link.
        ageing: How old the keys of our leaf may get.
        uses: How many messages we send before they are renewed.
        again: How long to wait after the first failure; doubled for each further one.
        at_most: How long to wait at most.
        refused: How many refused proofs it takes to believe that we have to be let in anew.
        stock: How many KeyPackages have to wait at the broker.
    """

    posting: float = 2.0
    arriving: float = 20.0
    slot: float = 2.0
    patience: float = 5.0
    knocks: float = 15.0
    ageing: float = 7.0 * _DAY
    uses: int = 1_000
    again: float = 1.0
    at_most: float = 300.0
    refused: int = 3
    stock: int = LEAST


class Home:
    """What the flows of one identity stand on.

    Args:
        store: Where everything is kept.
        world: Randomness and time.
        member: Who we are in groups, with the first signature key of this device.
        ports: What the engine's groups use.
        pace: How quickly things are done.
        further: Who we are in groups of further suites.
        upgrades: To which of those our groups can be moved; to all by default.

    Attributes:
        inbox: Where pointers and notes for us are left; None without an account.
    """

    def __init__(
        self,
        store: Store,
        world: World,
        member: Member,
        ports: Ports,
        pace: Pace | None = None,
        further: Sequence[Member] = (),
        upgrades: Sequence[int] | None = None,
    ) -> None:
        self.store: Store = store
        self.world: World = world
        self.member: Member = member
        self.ports: Ports = ports
        self.pace: Pace = pace or Pace()
        self.inbox: InboxAddress | None = None
        self._further = {each.suite.code: each for each in further}
        self._upgrades = tuple(self._further if upgrades is None else upgrades)
        self._mark = expand(member.signer, _MARK)

    def __repr__(self) -> str:
        return f"Home({self.member!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("member", self.member)]

    @property
    def mark(self) -> bytes:
        """What this store and its copies know, and nobody else; 32 bytes, from our signature key.

        The idems of what we send are made of it, so that an entry under such a one is of ours.
        """
        return self._mark

    @property
    def identity(self) -> bytes:
        """Who we are in groups."""
        return identity(self.member.credential)

    @property
    def upgrades(self) -> tuple[int, ...]:
        """The suites to which our groups can be moved: for each of them a KeyPackage waits."""
        return tuple(each for each in self._upgrades if each != self.member.suite.code)

    @property
    def suites(self) -> tuple[int, ...]:
        """The cipher suites for which we have keys; that of new groups is the first."""
        own = self.member.suite.code
        return (own, *(each for each in self._further if each != own))

    def member_of(self, suite: int) -> Member:
        """Who we are in the groups of a cipher suite.

        Raises:
            StateError: We have no keys for it.
        """
        if suite == self.member.suite.code:
            return self.member
        if suite not in self._further:
            how = f"name it in upgrades=, or with `covey suites 0x{suite:04x}`"
            msg = f"this client was opened without {suites.name(suite)}: {how}"
            raise StateError(msg)
        return self._further[suite]

    def vouched(self, suite: int) -> tuple[Extension, ...]:
        """By what a leaf of ours in a suite says of which device it is."""
        return same_device.vouched(self.member, self.member_of(suite))

    @property
    def opener(self) -> bytes:
        """How capabilities name this device that has opened them, 32 bytes."""
        return profile.opener(profile.DeviceOf(self.identity, self.member.signature_key))

    def within(self, seconds: float) -> float:
        """A random moment from now on, up to so many seconds later."""
        return self.world.now() + seconds * self.world.random()
