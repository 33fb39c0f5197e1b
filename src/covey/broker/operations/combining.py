"""Appends to one group that come at the same time become one transaction.

May import the transactions and the store's port. A group's log has one row that every append
locks, so in a busy group each would wait for the one before, and for the disk. While one batch
is being written, those that come in meanwhile are gathered, and go together in the next. This
saves time and promises nothing: other processes append to the same log too, and the row
decides.

When a batch fails in the store, each of its appends is tried once more by itself, so that what
the store cannot take fails alone. That is safe although nobody knows whether the batch was
written: a retry of what was taken is answered as before.
"""

from __future__ import annotations

import asyncio
from copy import copy
from typing import TYPE_CHECKING, Final

from covey.broker.stores.outcome import Outcome
from covey.broker.transactions import log
from covey.errors import BrokerError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.access.structs.log import Appended, EpochClosed
    from covey.broker.ordering import Admitted
    from covey.broker.stores.port import Store
    from covey.broker.transactions.log import Outcome as Answer

    Waiting = list[tuple[Admitted, asyncio.Future[Answer]]]

TOGETHER: Final = 128
"""Appends in one transaction, at most."""


class Combiner:
    """What waits to be appended, by group.

    Args:
        store: Where.
        hour: The hour, counted from the epoch.
        together: Appends in one transaction, at most; 1 to combine nothing.

    Attributes:
        transactions: How many there were.
    """

    def __init__(self, store: Store, hour: Callable[[], int], together: int = TOGETHER) -> None:
        self.transactions: int = 0
        self._store = store
        self._hour = hour
        self._together = together
        self._waiting: dict[bytes, Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def append(self, admitted: Admitted) -> Appended | EpochClosed:
        """Append, together with what else waits for this group.

        Raises:
            BrokerError: It was refused.
            StorageError: The transaction failed; nobody knows whether it happened.
        """
        gid = admitted.request.gid
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if gid in self._waiting:
            self._waiting[gid].append((admitted, answer))
        else:
            self._waiting[gid] = [(admitted, answer)]
            task = asyncio.create_task(self._drain(gid))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        outcome = await answer
        if isinstance(outcome, BrokerError):
            raise outcome
        return outcome

    async def _drain(self, gid: bytes) -> None:
        waiting = self._waiting[gid]
        try:
            while waiting:
                batch = waiting[: self._together]
                del waiting[: self._together]
                await self._write(gid, batch)
        finally:
            del self._waiting[gid]
            for _, answer in waiting:
                answer.cancel()

    async def _write(self, gid: bytes, batch: Waiting) -> None:
        self.transactions += 1
        requests = [admitted for admitted, _ in batch]
        hour = self._hour()
        whole: Outcome[list[Answer]] = Outcome()
        with whole:
            whole.keep(await self._store.write(gid, lambda: log.append(gid, requests, hour)))
        if isinstance(whole.error, StorageError) and len(batch) > 1:
            for each in batch:
                await self._write(gid, [each])
            return
        if whole.error is not None:
            for _, answer in batch:
                failed: Outcome[Answer] = Outcome()
                failed.fail(copy(whole.error))
                failed.settle(answer)
            return
        for (_, answer), outcome in zip(batch, whole.answer(), strict=True):
            if not answer.done():
                answer.set_result(outcome)
