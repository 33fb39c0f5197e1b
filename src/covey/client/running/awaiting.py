"""Who waits until a message is sent, or a wish is done: each is woken when its own is.

May import anyio and the rows. After each write it is looked once what still waits in the groups
in which somebody waits, not once for each of those who wait; so what another process has done is
seen, too. What is in an outbox goes out in the order of its numbers: all before the first that is
there have gone out.
"""

from __future__ import annotations

import heapq
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio

from covey.client.sync.rows import queues

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.store.port import Rows


class Awaited:
    """One message, or one wish, whose fate somebody waits for.

    Args:
        number: The number of the group in the store.
        wish: The number of the wish; None for a message.

    Attributes:
        number: The number of the group in the store.
        wish: The number of the wish; None for a message.
        place: The number of the message in the outbox, as of the last look.
        looked: Which look at the store that was.
        woken: Is set when it is time for another one.
    """

    def __init__(self, number: int, wish: int | None = None) -> None:
        self.number: int = number
        self.wish: int | None = wish
        self.place: int | None = None
        self.looked: int = 0
        self.woken: anyio.Event = anyio.Event()

    def begin(self) -> None:
        """A look begins: what happens from now on wakes."""
        self.woken = anyio.Event()


class Standing(NamedTuple):
    """What still waited in the groups in which somebody waits, at one moment.

    Attributes:
        look: Which look at the store that was.
        first: The first number in the outbox of each group in which messages are awaited; None for
            an empty one.
        wishes: The numbers of the wishes of each group in which some are awaited.
    """

    look: int
    first: dict[int, int | None]
    wishes: dict[int, frozenset[int]]

    def has_settled(self, awaited: Awaited) -> bool:
        """Whether something waits no more, as far as this is news to who waits for it."""
        if self.look <= awaited.looked:
            return False
        if awaited.wish is not None:
            left = self.wishes.get(awaited.number)
            return left is not None and awaited.wish not in left
        if awaited.number not in self.first:
            return False
        first = self.first[awaited.number]
        return awaited.place is None or first is None or awaited.place < first


NOTHING: Final = Standing(0, {}, {})
"""Before the first look."""


class Board:
    """All who wait for a message or a wish of theirs.

    The event loop writes it; the worker thread reads which groups it is about.
    """

    def __init__(self) -> None:
        self._messages: dict[int, _Queue] = {}
        self._wishes: dict[int, set[Awaited]] = {}
        self._groups: tuple[tuple[int, ...], tuple[int, ...]] = (), ()
        self._latest = NOTHING

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits; for any thread."""
        return self._groups == ((), ())

    def look(self, rows: Rows, look: int) -> Standing:
        """What still waits; for the worker thread.

        Args:
            rows: The transaction.
            look: Which look at the store this is; each later one has a higher number.
        """
        messages, wishes = self._groups
        return Standing(
            look,
            {each: queues.first_place(rows, each) for each in messages},
            {each: queues.wished(rows, each) for each in wishes},
        )

    @contextmanager
    def holding(self, awaited: Awaited) -> Iterator[None]:
        """Somebody looks for something, or waits for it, until the end of the block."""
        held = self._held(awaited)
        held.add(awaited)
        self._groups = tuple(self._messages), tuple(self._wishes)
        try:
            yield
        finally:
            held.discard(awaited)
            if not held:
                del (self._messages if awaited.wish is None else self._wishes)[awaited.number]
            self._groups = tuple(self._messages), tuple(self._wishes)

    def _held(self, awaited: Awaited) -> set[Awaited]:
        if awaited.wish is None:
            return self._messages.setdefault(awaited.number, _Queue()).held
        return self._wishes.setdefault(awaited.number, set())

    def waits(self, awaited: Awaited) -> None:
        """A look has not found it: whoever has looked waits for the next one from now on."""
        if self._latest.has_settled(awaited):
            awaited.woken.set()
        elif awaited.wish is None:
            self._messages[awaited.number].add(awaited)

    def tell(self, standing: Standing) -> None:
        """Wake those who wait for what is settled."""
        if standing.look <= self._latest.look:
            return
        self._latest = standing
        found = [
            awaited
            for number, first in standing.first.items()
            if number in self._messages
            for awaited in self._messages[number].before(first)
        ]
        found += [each for number in standing.wishes for each in self._wishes.get(number, ())]
        for awaited in found:
            if standing.has_settled(awaited):
                awaited.woken.set()
            elif awaited.wish is None:  # it was looked for after that
                self._messages[awaited.number].add(awaited)

    def wake(self, number: int | None = None) -> None:
        """Wake all who wait in a group, or in any: something else has happened that they need.

        Args:
            number: The number of the group in the store; None for all of them.
        """
        for each, queue in self._messages.items():
            if number in {None, each}:
                queue.order.clear()
                for awaited in queue.held:
                    awaited.woken.set()
        for each, held in self._wishes.items():
            if number in {None, each}:
                for awaited in held:
                    awaited.woken.set()


class _Queue:
    """Those who wait for messages in one group.

    Attributes:
        held: All of them.
        order: Those who do not look for theirs at this moment, as a heap by their places; and who
            has gone meanwhile.
    """

    def __init__(self) -> None:
        self.held: set[Awaited] = set()
        self.order: list[tuple[int, int, Awaited]] = []

    def add(self, awaited: Awaited) -> None:
        """Somebody waits until its place is passed."""
        heapq.heappush(self.order, (awaited.place or 0, id(awaited), awaited))

    def before(self, first: int | None) -> list[Awaited]:
        """Take out those whose place is before the first one that is left; None if none is."""
        found = []
        while self.order and (first is None or self.order[0][0] < first):
            found.append(heapq.heappop(self.order)[2])
        return [each for each in found if each in self.held]
