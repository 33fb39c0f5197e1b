"""One identity at one broker: its account, its inbox, its groups.

May import the flows below, the engine and the rows. All that is here comes from the store; whoever
makes a second Account over the same store, in another process, has the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member import addresses, links
from covey.access.member.addresses import extension
from covey.access.structs.extensions import GroupCapabilities, GroupCapability, NoteSlot, Right
from covey.access.structs.identity import EvidenceKind
from covey.client.sync.branches import winning
from covey.client.sync.coming import joining, returning
from covey.client.sync.group import capabilities
from covey.client.sync.group.inviting import key_package
from covey.client.sync.group.seat import Seat
from covey.client.sync.identity.device import Device
from covey.client.sync.identity.inbox import Inbox
from covey.client.sync.log.place import Place
from covey.client.sync.rows import groups
from covey.client.words import made_for, profile
from covey.client.words.showing import name_of
from covey.errors import PolicyError, StateError
from covey.mls import Group
from covey.mls.group.identity import identity
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.home import Home
    from covey.client.sync.rows.groups import GroupRow
    from covey.client.words.profile import GroupProfile
    from covey.mls import Extension
    from covey.store.port import Rows

_KEY: Final = 32
_IDEM: Final = 16


class Account:
    """One identity.

    Args:
        home: What all of its groups share.

    Attributes:
        home: What all of its groups share.
        device: Its device; None without an account.
        inbox: Its inbox; None without an account.
    """

    def __init__(self, home: Home) -> None:
        self.home: Home = home
        self.device: Device | None = None
        self.inbox: Inbox | None = None
        self._places: dict[int, Place] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take the account from the store, if there is one by now."""
        with self.home.store.reading() as rows:
            broker_id = settings.get(rows, "broker id")
            device = settings.get(rows, "device")
            seed, inbox = settings.get(rows, "inbox seed"), settings.get(rows, "inbox")
            enrolled = settings.get(rows, "enrolled")
        if enrolled is None:
            return
        assert broker_id is not None
        assert device is not None
        assert seed is not None
        assert inbox is not None
        self.device = Device(broker_id, device)
        self.inbox = Inbox(broker_id, seed, inbox)
        self.home.inbox = self.inbox.address

    @property
    def broker_id(self) -> bytes:
        """The broker, as it was pinned.

        Raises:
            StateError: There is none yet.
        """
        with self.home.store.reading() as rows:
            found = settings.get(rows, "broker id")
        if found is None:
            msg = (
                "this store knows no broker yet: open it with one (`covey init NAME --broker URL`),"
                " or join by an invitation"
            )
            raise StateError(msg)
        return found

    # --- the account ---------------------------------------------------------------------

    def enrol(
        self,
        broker_id: bytes,
        name: str,
        kind: EvidenceKind = EvidenceKind.none,
        evidence: bytes = b"",
    ) -> Flow[None]:
        """Begin the account, and the inbox; done twice, it is done once.

        Args:
            broker_id: The broker's.
            name: The account's.
            kind: What entitles to it.
            evidence: An invite code, or an ID token.

        Raises:
            BrokerError: ``handle_taken``, ``enrolment_refused``, …
        """
        device, inbox = self._begun(broker_id)
        yield from device.enrol(name, kind, evidence)
        yield from self.begin_inbox(device, inbox)

    def begin_inbox(self, device: Device, inbox: Inbox) -> Flow[None]:
        """Begin the inbox of a device that belongs to an account."""
        yield from inbox.begin(device)
        with self.home.store.transaction() as rows:
            settings.put(rows, "enrolled", b"\x01")
        self.refresh()

    def _begun(self, broker_id: bytes) -> tuple[Device, Inbox]:
        """The keys of the device and of the inbox, which are kept before anybody sees them."""
        entropy = self.home.world.entropy
        kept = {}
        with self.home.store.transaction() as rows:
            pinned = settings.get(rows, "broker id")
            if pinned not in (None, broker_id):
                msg = "this store belongs to another broker; what answers there is not that one"
                raise PolicyError(msg)
            settings.put(rows, "broker id", broker_id)
            for name in ("device", "inbox seed", "inbox"):
                kept[name] = settings.get(rows, name) or entropy(_KEY)
                settings.put(rows, name, kept[name])
        return Device(broker_id, kept["device"]), Inbox(
            broker_id, kept["inbox seed"], kept["inbox"]
        )

    def new_device(self, broker_id: bytes) -> tuple[Device, Inbox]:
        """The keys of a device that another one of the same person is to add to the account."""
        return self._begun(broker_id)

    # --- groups --------------------------------------------------------------------------

    def places(self) -> list[Place]:
        """All groups in which we are, or may come back to; also those of other processes."""
        with self.home.store.reading() as rows:
            found = groups.every(rows)
        return [self._place(Seat(self.home, row)) for row in found]

    def place(self, number: int) -> Place:
        """One group by its number in the store.

        Raises:
            StateError: There is none.
        """
        if number not in self._places:
            with self.home.store.reading() as rows:
                row = groups.of(rows, number)
            if row is None:
                msg = "there is no such group in this store"
                raise StateError(msg)
            return self._place(Seat(self.home, row))
        return self._places[number]

    def _place(self, seat: Seat) -> Place:
        return self._places.setdefault(seat.number, Place(seat))

    def create(
        self,
        stated: GroupProfile,
        broker_id: bytes | None = None,
        *,
        after: GroupRow | None = None,
        suite: int | None = None,
        also: Callable[[Rows, GroupRow], None] | None = None,
    ) -> Place:
        """Create a group of one; its log begins with its first turn.

        Args:
            stated: Its profile.
            broker_id: At which broker; at ours by default.
            after: The broken group that it goes on from, once that is wished for.
            suite: Its cipher suite; by default our first one, or that of the broken group.
            also: What else is kept in the same transaction, with its row.

        Raises:
            StateError: We have no keys for the suite.
        """
        home, seed = self.home, self.home.world.entropy(_KEY)
        member = home.member_of(suite or (home.suites[0] if after is None else after.suite))
        until = home.world.hour + capabilities.RECOVERY_HOURS
        keys = capabilities.keys(seed, member.suite)
        way_back = GroupCapability(keys.key, home.opener, until, Right.recover)
        if after is not None:
            old = Seat(home, after)
            place = winning.order(old.epoch, old.group.own_index)
            stated = stated.replace(goes_on_from=after.gid, place=place)
        extensions = profile.with_profile(_with_door(way_back), stated)
        token = home.world.entropy(_IDEM)
        group = Group.create(
            member,
            extensions=extensions,
            leaf_extensions=[*self._slot(token), *home.vouched(member.suite.code)],
            ports=home.ports,
        )
        gid = home.world.entropy(_KEY)
        row = joining.new_row(home, group, broker_id or self.broker_id, gid).replaced(recovery=seed)
        if after is not None:
            row = row.replaced(predecessor=after.gid)
        with home.store.transaction() as rows:
            row = groups.insert(rows, row)
            groups.apply(rows, row.id, group.changes())
            groups.add_doors(rows, row.id, (keys.door,))
            groups.add_slot(rows, row.id, token)
            if also is not None:
                also(rows, row)
        return self._place(Seat(home, row, None if after or also else group))

    def _slot(self, token: bytes) -> list[Extension]:
        """The extensions of our first leaf: when it was made, and where notes may be left."""
        made = made_for.extension(self.home.world.millisecond)
        if self.inbox is None:
            return [made]
        address = self.inbox.address
        return [made, extension(NoteSlot(address.broker_id, address.inbox, token))]

    def claim(self, name: str, suite: int | None = None) -> Flow[tuple[bytes, ...]]:
        """Take a KeyPackage of each device of somebody.

        Args:
            name: Of the account.
            suite: Of the group for which they are; by default that of our new groups.

        Raises:
            BrokerError: ``account_unknown`` or ``nothing_to_claim``.
            PolicyError: The broker hands out a KeyPackage of somebody else.
            StateError: We have no account here.
        """
        if self.device is None:
            msg = "to invite by name takes an account: enrol first, or invite by a file or a link"
            raise StateError(msg)
        idem, wanted = self.home.world.entropy(_IDEM), suite or self.home.suites[0]
        claimed = (yield from self.device.claim(name, wanted, idem)).key_packages
        for each in claimed:
            if identity(key_package(each.message).leaf_node.credential) != name.encode():
                msg = f"the broker handed out a KeyPackage that is not {name_of(name.encode())}'s"
                raise PolicyError(msg)
        return tuple(each.message for each in claimed)

    def knock(self, fragment: str) -> Flow[None]:
        """Knock at a group's door, by an invite link.

        Raises:
            StateError: We have no account here.
            PolicyError: The link is for another broker.
        """
        if self.inbox is None:
            msg = "a link needs an account here, to be answered to: enrol first"
            raise StateError(msg)
        link = links.decode(fragment)
        if link.broker_id != self.broker_id:
            msg = "the link is for a group at another broker"
            raise PolicyError(msg)
        yield from returning.knock(self.home, self.inbox, link)

    def entered(self, seat: Seat) -> Place:
        """Go on with a group that we have come into, in the place of an old one."""
        place = self._places[seat.number] = Place(seat)
        return place

    def in_group(self, gid: bytes) -> Place | None:
        """The group of a log, if we are in it as far as we know."""
        with self.home.store.reading() as rows:
            row = groups.by_gid(rows, gid)
        return None if row is None or not row.status.is_in else self.place(row.id)


def _with_door(door: GroupCapability) -> tuple[Extension, ...]:
    """The extensions of a group in which one door is open."""
    return addresses.with_capabilities((), GroupCapabilities((door,)))
