"""32 who commit at the same time, through two combiners over two stores on one database."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from committers import Race
from covey.broker.hours import week_of
from covey.broker.operations.combining import TOGETHER, Combiner
from covey.broker.ordering import Admitted
from covey.broker.transactions import log
from covey.broker.transactions.log import Creation
from stores import KINDS, opened_at, opened_place

if TYPE_CHECKING:
    from broker.races.conftest import Length
    from committers import Attempt
    from covey.access.structs.log import Appended, EpochClosed
    from stores import Kind

HOUR = 490_000


@pytest.mark.parametrize("together", [1, TOGETHER])
@pytest.mark.parametrize("kind", KINDS)
def test_each_epoch_has_one_winner(kind: Kind, together: int, length: Length) -> None:
    async def work() -> None:
        race = Race(b"B" * 32, f"{kind} {together}", length.epochs)
        digest = sha256(race.signed_create.request).digest()
        async with AsyncExitStack() as stack:
            place = await stack.enter_async_context(opened_place(kind))
            stores = [await stack.enter_async_context(opened_at(place)) for _ in range(2)]
            await stores[0].turn_weeks(week_of(HOUR), week_of(HOUR))
            begin = Creation(race.create, digest, None, HOUR)
            await stores[0].write(race.gid, lambda: log.create(begin))
            combiners = [Combiner(store, lambda: HOUR, together) for store in stores]

            async def send(attempt: Attempt) -> Appended | EpochClosed:
                digest = sha256(attempt.signed.request).digest()
                admitted = Admitted(attempt.request, digest, 100)
                return await combiners[attempt.committer % 2].append(admitted)

            await race.run(send)
            await race.check(stores[1])
            batches = sum(combiner.transactions for combiner in combiners)
            assert together == 1 or batches < 32 * length.epochs

    asyncio.run(work())
