"""What somebody can do with stolen or outdated states: try them on all that a broker holds.

May import the engine and the protocol, which it uses as a member would, and besides by hand, as
a member that ignores the rules would. It reads the broker's database past the broker, and then
asks the broker itself, with every key that it could derive.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from covey.access.member import envelopes
from covey.access.member.epochs import EpochAccess
from covey.access.structs.log import Entries, Entry, Read
from covey.access.structs.sealed import Purpose
from covey.client.sync.effects import Lane, Use
from covey.client.sync.identity.proving import Prover
from covey.client.words import contents
from covey.errors import AuthenticationError, BrokerError, CoveyError
from covey.lab.demo import stolen
from covey.lab.demo.orders import Attacked, Attempt
from covey.mls import EpochChanged, Group, MessageReceived, StagedCommit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.client.sync.effects import Flow
    from covey.lab.company.lines import Lines
    from covey.lab.demo.orders import Attack
    from covey.lab.demo.stolen import Held

_AHEAD: Final = 3  # epochs that are asked for in vain


def attack(order: Attack, states: list[bytes], lines: Lines) -> Attacked:
    """Try states on everything in a log.

    Args:
        order: Which log, and where the broker's database is.
        states: Snapshots of a group, in the order in which they were taken.
        lines: Opens connections to the broker.
    """
    loot = _Loot(order, states)
    held = stolen.log_of(order.database, order.gid)
    attempts = [loot.attempt(each) for each in held.values()]
    given = [entry for access in loot.keys.values() for entry in lines.run(_shown(access))]
    same = sum(each.body == held[each.seq].body for each in given)
    later = sum(len(each.body) for each in given if each.seq > order.after)
    return Attacked(attempts, len(given), same, later, list(_refusals(lines, loot.newest)))


class _Loot:
    """States of a group, and all keys of the log that follow from them.

    Attributes:
        keys: The keys of the log, by epoch.
    """

    def __init__(self, order: Attack, states: list[bytes]) -> None:
        self.keys: dict[int, EpochAccess] = {}
        self._order = order
        self._groups = [Group.restore(state) for state in states]
        for group in self._groups:
            self._derive(group)

    @property
    def newest(self) -> EpochAccess:
        """The keys of the newest epoch."""
        return self.keys[max(self.keys)]

    def _derive(self, group: Group) -> None:
        broker_id, gid = self._order.broker_id, self._order.gid
        self.keys[group.epoch] = EpochAccess.derive(group.export, broker_id, gid, group.epoch)

    def attempt(self, held: Held) -> Attempt:
        """Try every state on an entry; the groups go on from what opens."""
        access = self.keys.get(held.epoch)
        if access is None:
            return self._by_hand(held)
        try:
            message = _unsealed(access, held)
        except CoveyError as reason:
            return Attempt(held.seq, opened=False, error=_told(reason))
        text, error, opened = "", "", False
        for group in self._groups:
            try:
                text = self._receive(group, message) or text
                opened = True
            except CoveyError as reason:
                error = _told(reason)
        return Attempt(held.seq, opened, text, "" if opened else error)

    def _receive(self, group: Group, message: bytes) -> str:
        """Take a message in, and return what it says; but stay in a group that throws us out."""
        received = group.stage(message)
        if isinstance(received, StagedCommit):
            event = received.event
            if not (isinstance(event, EpochChanged) and event.removed):
                group.apply(received)
                self._derive(group)
            return ""
        return _text(received.data) if isinstance(received, MessageReceived) else ""

    def _by_hand(self, held: Held) -> Attempt:
        """Try the keys of all other epochs on an envelope, as if they were those of its own."""
        error = ""
        for access in self.keys.values():
            bent = msgspec.structs.replace(access, epoch=held.epoch)
            try:
                _unsealed(bent, held)
            except AuthenticationError as reason:
                error = _told(reason)
            else:
                return Attempt(held.seq, opened=True, secrets=len(self.keys))
        return Attempt(held.seq, opened=False, error=error, secrets=len(self.keys))


def _unsealed(access: EpochAccess, held: Held) -> bytes:
    purpose = Purpose.commit if held.is_commit else Purpose.other
    return envelopes.unseal(access, purpose, held.idem, held.body)


def _text(data: bytes) -> str:
    return contents.text_of(contents.decode(data).body)


def _told(reason: CoveyError) -> str:
    return f"{type(reason).__name__}: {reason}"


def _shown(access: EpochAccess) -> Flow[list[Entry]]:
    """All entries of an epoch that the broker gives out for its keys."""
    gid, epoch = access.gid, access.epoch
    prover = Prover(Lane(Use.speak, gid), access.prove)
    shown: list[Entry] = []
    after, complete = 0, False
    while not complete:
        found = yield from prover.ask("read", partial(Read, gid, epoch, after, 0), Entries)
        shown += found.entries
        after = found.entries[-1].seq if found.entries else after
        complete = bool(found.complete)
    return shown


def _refusals(lines: Lines, newest: EpochAccess) -> Iterator[str]:
    """How the broker refuses who asks for the epochs after the newest with its keys."""
    for ahead in range(1, _AHEAD + 1):
        bent = msgspec.structs.replace(newest, epoch=newest.epoch + ahead)
        try:
            entries = lines.run(_shown(bent))
        except BrokerError as error:
            yield error.code
        else:
            yield f"gave out {len(entries)} entries"
