"""Appends that come at the same time become one transaction, and each gets its own answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from covey.access.refusals import Code, refused
from covey.access.structs.heads import Position
from covey.access.structs.log import Append, Appended
from covey.broker.operations.combining import Combiner
from covey.broker.ordering import Admitted
from covey.errors import BrokerError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class SlowStore:
    """A store that answers when it is told to; what it is asked for is kept.

    Attributes:
        batches: The idems of each transaction.
        gate: Nothing is written before this is set.
        failure: Raised by the next transactions, if there is one.
        refuses: The idem of an append that is refused.
        cannot: The idem of an append that fails, with all that is written with it.
    """

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.failure: Exception | None = None
        self.refuses: int | None = None
        self.cannot: int | None = None

    async def write(self, key: bytes, script: Callable[[], Generator[Any, Any, Any]]) -> Any:  # noqa: ANN401 - whatever the script returns
        """Look into the script instead of running it."""
        started = script()
        frame = started.gi_frame  # type: ignore[attr-defined]
        batch = [each.request.idem[0] for each in frame.f_locals["batch"]]
        assert frame.f_locals["gid"] == key
        started.close()
        self.batches.append(batch)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        if self.cannot in batch:
            msg = "too many keys"
            raise StorageError(msg)
        return [
            refused(Code.too_large) if idem == self.refuses else Appended(Position(idem, bytes(32)))
            for idem in batch
        ]


def an_append(idem: int, gid: int = 0) -> Admitted:
    request = Append(bytes(32), bytes([gid]) * 32, 0, bytes([idem]) * 16, b"", None)
    return Admitted(request, bytes(32), 1)


async def soon() -> None:
    """Let others go on."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_comes_meanwhile_goes_together_in_the_next() -> None:
    async def work() -> None:
        store = SlowStore()
        combiner = Combiner(store, lambda: 1, together=3)  # type: ignore[arg-type]
        first = asyncio.create_task(combiner.append(an_append(1)))
        await soon()
        others = [asyncio.create_task(combiner.append(an_append(idem))) for idem in range(2, 7)]
        await soon()
        assert store.batches == [[1]]
        store.gate.set()
        answers = await asyncio.gather(first, *others)
        assert [answer.position.seq for answer in answers] == [1, 2, 3, 4, 5, 6]  # type: ignore[union-attr]
        assert store.batches == [[1], [2, 3, 4], [5, 6]]
        assert combiner.transactions == 3

    asyncio.run(work())


def test_with_one_at_a_time_nothing_is_combined() -> None:
    async def work() -> None:
        store = SlowStore()
        store.gate.set()
        combiner = Combiner(store, lambda: 1, together=1)  # type: ignore[arg-type]
        await asyncio.gather(*(combiner.append(an_append(idem)) for idem in range(5)))
        assert store.batches == [[0], [1], [2], [3], [4]]

    asyncio.run(work())


def test_groups_do_not_wait_for_one_another() -> None:
    async def work() -> None:
        store = SlowStore()
        combiner = Combiner(store, lambda: 1)  # type: ignore[arg-type]
        tasks = [asyncio.create_task(combiner.append(an_append(gid, gid))) for gid in range(4)]
        await soon()
        assert store.batches == [[0], [1], [2], [3]]
        store.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(work())


def test_who_is_refused_is_refused_alone() -> None:
    async def work() -> None:
        store = SlowStore()
        store.refuses = 2
        store.gate.set()
        combiner = Combiner(store, lambda: 1)  # type: ignore[arg-type]
        asking = (combiner.append(an_append(idem)) for idem in (1, 2, 3))
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Appended, BrokerError, Appended]

    asyncio.run(work())


def test_what_the_store_cannot_take_fails_alone() -> None:
    async def work() -> None:
        store = SlowStore()
        store.cannot = 3
        combiner = Combiner(store, lambda: 1)  # type: ignore[arg-type]
        first = asyncio.create_task(combiner.append(an_append(1)))
        await soon()
        others = [asyncio.create_task(combiner.append(an_append(idem))) for idem in (2, 3, 4)]
        await soon()
        store.gate.set()
        answers = await asyncio.gather(first, *others, return_exceptions=True)
        assert [type(each) for each in answers] == [Appended, Appended, StorageError, Appended]
        assert store.batches == [[1], [2, 3, 4], [2], [3], [4]]

    asyncio.run(work())


@pytest.mark.parametrize("failure", [StorageError("no disk"), BrokerError("full"), KeyError("bug")])
def test_a_transaction_that_fails_is_told_to_all_that_were_in_it(failure: Exception) -> None:
    async def work() -> None:
        store = SlowStore()
        store.failure = failure
        combiner = Combiner(store, lambda: 1)  # type: ignore[arg-type]
        first = asyncio.create_task(combiner.append(an_append(1)))
        await soon()
        others = [asyncio.create_task(combiner.append(an_append(idem))) for idem in (2, 3)]
        await soon()
        store.gate.set()
        answers = await asyncio.gather(first, *others, return_exceptions=True)
        assert [type(answer) for answer in answers] == [type(failure)] * 3
        assert len(set(map(id, answers))) == 3
        store.failure = None
        assert isinstance(await combiner.append(an_append(4)), Appended)

    asyncio.run(work())


def test_who_gives_up_stops_nobody_else() -> None:
    async def work() -> None:
        store = SlowStore()
        combiner = Combiner(store, lambda: 1)  # type: ignore[arg-type]
        tasks = [asyncio.create_task(combiner.append(an_append(idem))) for idem in range(4)]
        await soon()
        tasks[0].cancel()
        tasks[2].cancel()
        await soon()
        store.gate.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [
            asyncio.CancelledError, Appended, asyncio.CancelledError, Appended,
        ]  # fmt: skip

    asyncio.run(work())
