"""Somebody at a broker: one identity with its store, its account and its KeyPackages.

May import the client's flows, the protocol, and the lines. Nothing here knows of a seat.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from covey.access.member import knocks, links
from covey.access.member.addresses import extension
from covey.access.structs.basics import Nothing
from covey.access.structs.identity import EvidenceKind
from covey.client.running import opening
from covey.client.sync.account import Account
from covey.client.sync.asking import alone, ask
from covey.client.sync.coming import returning
from covey.client.sync.effects import World
from covey.client.sync.identity import attachments, key_packages, posting
from covey.client.sync.identity.attachments import Carried
from covey.client.sync.identity.home import Home, Pace
from covey.client.sync.rows import groups
from covey.client.words.profile import EXTENSION_TYPES
from covey.mls import CipherSuite, Member, Policy, Ports
from covey.mls.crypto.entropy import system_entropy
from covey.store import memory_store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.device import Device
    from covey.client.sync.identity.inbox import Inbox
    from covey.client.words.contents import Attachment
    from covey.lab.company.lines import Lines
    from covey.mls import Extension, PrivateKeyPackage
    from covey.store import SqlStore

T = TypeVar("T")

SUITE: Final = CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
"""Of groups, unless another one is asked for."""

_NEVER: Final = 1e9  # seconds

AS_TOLD: Final = Pace(
    posting=0.0, arriving=_NEVER, slot=_NEVER, patience=0.0, knocks=_NEVER, ageing=_NEVER
)
"""Nothing is done by itself, and what is said commits what was proposed before, at once."""


class Stolen(NamedTuple):
    """All of a person, as who copies the store has it. Shows nothing.

    Attributes:
        member: The identity in groups.
        store: A copy of the store, which nobody uses.
    """

    member: Member
    store: SqlStore

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Identity:
    """Somebody.

    Everybody may do everything in a group: nobody holds anybody to roles.

    Args:
        name: Who: the name of the account, and the identity in groups.
        lines: Opens connections.
        suite: Of the groups.
        stolen: From what to go on, if not anew.

    Attributes:
        name: Who.
        lines: Opens connections.
        home: What the flows stand on.
        peer: The identity's flows.
    """

    def __init__(
        self, name: str, lines: Lines, suite: int = SUITE, stolen: Stolen | None = None
    ) -> None:
        policy = Policy(extension_types=EXTENSION_TYPES)
        member = Member.basic(name.encode(), suite, policy=policy)
        store = memory_store()
        if stolen is not None:
            member = stolen.member
            _copy(stolen.store, store)
        self.name: str = name
        self.lines: Lines = lines
        self.store: SqlStore = store
        self.home: Home = Home(
            store,
            World(system_entropy, time.time),
            member,
            Ports(policy=policy, require_reserved=True),
            AS_TOLD,
        )
        self.peer: Account = Account(self.home)
        self.broker_id: bytes = (
            lines.run(opening.about(self.home)).broker_id if stolen is None else self.peer.broker_id
        )
        self._device, self._inbox = self.peer.new_device(self.broker_id)

    @property
    def device(self) -> Device:
        """The device."""
        return self.peer.device or self._device

    @property
    def inbox(self) -> Inbox:
        """The inbox."""
        return self.peer.inbox or self._inbox

    @property
    def member(self) -> Member:
        """The identity in groups."""
        return self.home.member

    @member.setter
    def member(self, member: Member) -> None:
        self.home.member = member

    @property
    def packages(self) -> list[PrivateKeyPackage]:
        """The KeyPackages that may have been claimed, with their private keys."""
        with self.store.reading() as rows:
            return key_packages.of_suite(rows, self.member.suite.code)

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow over our connections."""
        return self.lines.run(flow)

    def stolen(self) -> Stolen:
        """All of it, as it is now."""
        copy = memory_store()
        _copy(self.store, copy)
        return Stolen(self.member, copy)

    # --- being found ---------------------------------------------------------------------

    def enrol(self, kind: EvidenceKind = EvidenceKind.none, evidence: bytes = b"") -> None:
        """Begin the account, and the inbox."""
        self.run(self.peer.enrol(self.broker_id, self.name, kind, evidence))

    def add_device(self, other: Identity) -> None:
        """Let a device of the same person into the account; it begins its inbox."""
        device = other.device
        self.run(self.device.add_device(device.to_be_added(other.name)))
        other.run(other.peer.begin_inbox(device, other.inbox))

    def publish(self, least: int = 1) -> None:
        """Leave KeyPackages for others to claim: twice as many, and one of last resort."""
        address, home = self.inbox.address, self.home
        self.run(
            key_packages.keep_stock(
                home.store, self.device, home.member, address, home.world, least=least
            )
        )

    def new_package(self, *leaf_extensions: Extension) -> PrivateKeyPackage:
        """A KeyPackage that names our inbox, and that we can be let in by; nobody has it."""
        package = self.member.key_package(
            extensions=[extension(self.inbox.address)], leaf_extensions=leaf_extensions
        )
        with self.store.transaction() as rows:
            key_packages.add(rows, package, self.home.world.second)
        return package

    # --- with others -----------------------------------------------------------------------

    def claim(self, names: Iterable[str]) -> tuple[bytes, ...]:
        """Take a KeyPackage of each device of some people.

        Raises:
            BrokerError: ``account_unknown`` or ``nothing_to_claim``.
            PolicyError: The broker hands out a KeyPackage of somebody else.
        """
        return tuple(each for name in names for each in self.run(self.peer.claim(name)))

    def post(self) -> None:
        """Post the pointers that wait."""
        self.run(posting.post(self.home))

    def knock(self, fragment: str, *, recovers: bool = False) -> None:
        """Knock at a group's door.

        A client that comes back shows that it means this group, and follows its own leaf there. Who
        knows nothing of the group any more, and comes with a recovery code, shows nothing.

        Args:
            fragment: The link's, or the recovery code's.
            recovers: Whether an old leaf of the same identity is to be removed.
        """
        link, home = links.decode(fragment), self.home
        with self.store.reading() as rows:
            lost = groups.by_gid(rows, link.gid)
        if lost is not None or not recovers:
            self.run(returning.knock(home, self.inbox, link, lost if recovers else None))
            return
        package = self.new_package()
        self.run(self.inbox.expect([package]))
        request = knocks.knock(link, package.message, home.world.entropy, recovers=True)
        self.run(alone(home.world, lambda lane: ask(lane, "knock", request, Nothing)))

    def fetch(self, attached: Attachment) -> bytes:
        """The file of an attachment.

        Raises:
            BrokerError: ``blob_unknown``: it has expired.
            AuthenticationError: The broker hands out something else.
            DecodeError: Who sent it padded it wrongly.
        """
        carried = Carried(attached.blob, attached.key, attached.sealed_size)
        return self.run(attachments.fetch(carried, self.home.world))


def _copy(store: SqlStore, into: SqlStore) -> None:
    """As a thief copies a file."""
    store._connection.backup(into._connection)  # noqa: SLF001 - past its own way, on purpose
