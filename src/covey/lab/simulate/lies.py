"""What clients reach when they reach the broker: it answers, or lies.

May import the broker, the protocol, and this folder. A liar has the broker's key, so it can sign
what it likes; it has no group's secrets. What it shows to whom is noted, so that the judge knows
which lies could be seen.
"""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access import chain
from covey.access.structs.basics import Signed
from covey.access.structs.heads import SignedHead
from covey.access.structs.joining import Fetched, Knocks, Parcels
from covey.access.structs.log import Append, Appended, Entries
from covey.broker.script import Statement
from covey.broker.transactions import birth
from covey.lab.simulate.broker import Answered, Copy, Identity, MemoryStore, Told, done

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from covey.access.structs.heads import Position
    from covey.access.structs.log import Parcel
    from covey.broker.connections import Connection
    from covey.broker.script import Script
    from covey.client.sync.effects import Ask
    from covey.lab.simulate.story import Story
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.wire.struct import WireStruct

_OFTEN: Final = 0.5
"""How often a liar lies to its victims."""


class Lie(StrEnum):
    """A way to lie."""

    reorder = "reorder"
    """Two entries change places."""
    drop = "drop"
    """An entry is left out."""
    replay = "replay"
    """An entry comes twice."""
    withhold = "withhold"
    """The log seems to end before its end; the head is signed for that."""
    hide = "hide"
    """Inboxes and doors seem to be empty."""
    stale = "stale"
    """Parcels hold what others held before."""
    fork = "fork"
    """Some clients are shown another copy of the database, and both go on."""
    rollback = "rollback"
    """The database is an older copy of itself."""
    restore = "restore"
    """Likewise, and the broker admits it."""


TWISTS: Final = (Lie.reorder, Lie.drop, Lie.replay, Lie.withhold, Lie.hide, Lie.stale)
"""The lies that are told in single answers."""

BLATANT: Final = frozenset({Lie.reorder, Lie.drop, Lie.replay})
"""Those that whoever hears one has to notice at once."""


TAKES_BACK: Final = ("fork", "rollback", "restore")
"""The lies after which the log is not the one that was shown."""


class Shown(NamedTuple):
    """A place of a log that a client was shown as the end of it, or as that of its own entry."""

    client: str
    gid: bytes
    seq: int
    hash: bytes


class Caught(NamedTuple):
    """A blatant lie that a client was told, for the first time since the broker lies so.

    Attributes:
        client: To whom.
        gid: Of which log.
        lie: Which.
        at: When, in seconds since the epoch.
    """

    client: str
    gid: bytes
    lie: Lie
    at: float


class Front:
    """The broker, as it is reached.

    Args:
        entropy: What it draws on.
        now: The time, in seconds since the epoch.
        tell: Is told the key under which there is something new.
        days: For how many days it keeps epochs.
        chance: When it lies.
        story: Is told of each lie.

    Attributes:
        main: The copy that is served when it is honest.
        is_down: Whether nobody is there.
        places: What was shown, to whom, and when last.
        caught: The blatant lies that were told; of each that lasts, the first time.
        shut_out: The parcels in whose place each was given others, and so came not in.
    """

    def __init__(
        self,
        entropy: Entropy,
        now: Callable[[], float],
        tell: Callable[[bytes], None],
        days: int,
        chance: Random,
        story: Story,
    ) -> None:
        self._identity = Identity.drawn(entropy, now)
        self._now = now
        self._wakes = Told(tell)
        self._days = days
        self._chance = chance
        self._entropy = entropy
        self._story = story
        self.main: Copy = Copy(self._identity, MemoryStore(self._wakes), days)
        self.is_down: bool = False
        self.places: dict[Shown, float] = {}
        self.caught: list[Caught] = []
        self.shut_out: defaultdict[str, set[bytes]] = defaultdict(set)
        self._denied: dict[Shown, float] = {}
        self._lied_to: set[tuple[str, bytes]] = set()
        self._other: tuple[Copy, frozenset[str]] | None = None
        self._twists: dict[Lie, frozenset[str]] = {}
        self._kept: MemoryStore | None = None
        self._old_parcels: list[Parcel] = []

    @property
    def broker_id(self) -> bytes:
        """Who the broker is."""
        return self._identity.broker_id

    def limits(self) -> dict[str, int]:
        """How large, and how many."""
        return self.main.limits()

    # --- lies ----------------------------------------------------------------------------

    def begin(self, lie: Lie, victims: frozenset[str]) -> None:
        """Begin to lie to some clients."""
        self._story.tell("broker", f"lies: {lie} to {', '.join(sorted(victims))}", lie.value)
        match lie:
            case Lie.fork:
                store = self.main.store.copy()
                self._other = (Copy(self._identity, store, self._days), victims)
            case Lie.rollback | Lie.restore:
                self._roll_back(admitted=lie is Lie.restore)
            case _:
                self._lied_to.clear()
                self._twists[lie] = victims

    def keep_copy(self) -> None:
        """Keep a copy of the database, to go back to."""
        self._kept = self.main.store.copy()

    def _roll_back(self, *, admitted: bool) -> None:
        if self._kept is None:
            return
        store = self._kept.copy()
        if admitted:
            fresh = self._entropy(16)
            done(store.write(None, lambda: birth.begin_anew(fresh)))
        self.main = Copy(self._identity, store, self._days)
        self._denied |= self.denied()

    def end(self) -> None:
        """Be honest from now on: everybody is shown one log."""
        if self._twists or self._other is not None:
            self._story.tell("broker", "is honest again", "honest")
        self._twists.clear()
        if self._other is not None:
            self._denied |= self.denied()
        self._other = None

    def sweep(self) -> None:
        """Throw away what is too old."""
        if self._other is not None:
            self._denied |= self.denied()
            self._other[0].sweep()
        self.main.sweep()

    # --- answers -------------------------------------------------------------------------

    def answer(self, client: str, line: Connection, ask: Ask, request: bytes) -> Answered:
        """Answer a request.

        Raises:
            BrokerError: It is refused.
        """
        copy = self.main
        if self._other is not None and client in self._other[1]:
            copy = self._other[0]
        answered = copy.answer(line, ask.operation, request, ask.token)
        if answered.kind is Parcels:
            parcels = Parcels.decode(answered.answer).parcels
            self._old_parcels = [*self._old_parcels[-8:], *parcels]
        for lie, victims in self._twists.items():
            if client in victims and self._chance.random() < _OFTEN:
                honest = answered.kind.decode(answered.answer)
                twisted = self._twist(lie, honest)
                if twisted != honest:
                    self._story.tell("broker", f"{lie} in {ask.operation} to {client}")
                    if isinstance(honest, Parcels):
                        self.shut_out[client].update(each.id for each in honest.parcels)
                    return Answered(twisted.encode(), answered.kind, None, lie)
        return answered

    def shown(self, client: str, ask: Ask, answer: WireStruct, lie: str) -> None:
        """Note what a client has been shown.

        Args:
            client: To whom.
            ask: What it had asked for.
            answer: What it was told.
            lie: What is wrong with that.
        """
        match answer:
            case Entries(head=SignedHead(head=head)):
                if lie in BLATANT:
                    if (client, head.gid) not in self._lied_to:
                        self.caught.append(Caught(client, head.gid, Lie(lie), self._now()))
                    self._lied_to.add((client, head.gid))
                elif answer.complete:
                    self.places[Shown(client, head.gid, *_place(head.position))] = self._now()
            case Appended(position=position):
                assert isinstance(ask.request, Signed)
                gid = Append.decode(ask.request.request).gid
                self.places[Shown(client, gid, *_place(position))] = self._now()

    def denied(self) -> dict[Shown, float]:
        """What was shown, and is not so by what the broker says now; and when that was shown."""
        play, known = self.main.store.play, {gid for _, gid, _, _ in self.places}
        logs = {gid: play(partial(_hashes, gid)) for gid in known}
        ends = {gid: max(log, default=-1) for gid, log in logs.items()}
        return {
            each: at
            for each, at in self.places.items()
            if each.seq > ends[each.gid] or logs[each.gid].get(each.seq, each.hash) != each.hash
        }

    def ever_denied(self) -> dict[Shown, float]:
        """Likewise, or it was so once: brokers do not keep for ever what shows it."""
        return {**self._denied, **self.denied()}

    def _twist(self, lie: Lie, answer: WireStruct) -> WireStruct:
        match answer:
            case Entries() if answer.entries:
                return self._twist_entries(lie, answer)
            case Fetched() if lie is Lie.hide:
                return answer.replace(entries=())
            case Knocks() if lie is Lie.hide:
                return answer.replace(knocks=())
            case Parcels() if lie is Lie.stale and self._old_parcels:
                others = [self._chance.choice(self._old_parcels) for _ in answer.parcels]
                mixed = zip(answer.parcels, others, strict=True)
                return Parcels(tuple(each.replace(body=other.body) for each, other in mixed))
        return answer

    def _twist_entries(self, lie: Lie, answer: Entries) -> Entries:
        entries = list(answer.entries)
        at = self._chance.randrange(len(entries))
        match lie:
            case Lie.reorder:
                other = self._chance.randrange(len(entries))
                entries[at], entries[other] = entries[other], entries[at]
            case Lie.drop:
                del entries[at]
            case Lie.replay:
                entries.insert(at, entries[at])
            case Lie.withhold:
                del entries[at:]
                gid = answer.head.head.gid
                end = chain.follow(answer.before, gid, entries)
                head = self._identity.signer.sign(gid, end, answer.head.head.incarnation)
                return answer.replace(entries=tuple(entries), head=head, complete=1)
        return answer.replace(entries=tuple(entries))


_HEAD = Statement("SELECT seq, hash FROM log WHERE gid = $1")
_HASHES = Statement("SELECT seq, previous FROM entry WHERE gid = $1")


def _hashes(gid: bytes) -> Script[dict[int, bytes]]:
    """The hashes of a log, up to each entry that is kept."""
    rows = yield _HEAD.of(gid)
    head: dict[int, bytes] = dict(rows)
    rows = yield _HASHES.of(gid)
    return head | {seq - 1: previous for seq, previous in rows}


def _place(position: Position) -> tuple[int, bytes]:
    return position.seq, position.hash
