"""Writes to one group that come at the same time become one. May import scripts and outcomes.

A group has one row that every write to it locks, so writes to a busy group would each wait
for the one before, and each wait for the disk. While one is being committed, those that come
in meanwhile are gathered here, and done in the next transaction together. This saves time
and promises nothing: other processes write to the same group too, and the row decides.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from covey.broker.stores.outcome import Outcome
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from covey.broker.script import Script

    Makes: TypeAlias = Callable[[], Script[Any]]
    Transaction: TypeAlias = Callable[[Sequence[Makes]], Awaitable[list[Outcome[Any]]]]

T = TypeVar("T")

TOGETHER: Final = 32
"""Scripts in one transaction, at most; PostgreSQL counts savepoints cheaply up to 64."""


class Combiner:
    """What waits to be written, by group.

    Attributes:
        transactions: How many there were.
    """

    def __init__(self, transaction: Transaction, together: int = TOGETHER) -> None:
        """Gather scripts for a transaction.

        Args:
            transaction: Runs scripts in one transaction, and says what became of each.
            together: Scripts in one transaction, at most.
        """
        self.transactions: int = 0
        self._transaction = transaction
        self._together = together
        self._waiting: dict[bytes, list[tuple[Makes, asyncio.Future[Any]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def write(self, key: bytes, script: Callable[[], Script[T]]) -> T:
        """Run a script, together with what else waits for this group.

        Raises:
            StorageError: The transaction failed.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if key in self._waiting:
            self._waiting[key].append((script, answer))
        else:
            self._waiting[key] = [(script, answer)]
            task = asyncio.create_task(self._drain(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def close(self) -> None:
        """Wait until all is written that was to be."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _drain(self, key: bytes) -> None:
        waiting = self._waiting[key]
        try:
            while waiting:
                batch = waiting[: self._together]
                del waiting[: self._together]
                await self._write(batch)
        finally:
            del self._waiting[key]
            for _, answer in waiting:
                answer.cancel()

    async def _write(self, batch: list[tuple[Makes, asyncio.Future[Any]]]) -> None:
        wanted = [(script, answer) for script, answer in batch if not answer.done()]
        if not wanted:
            return
        self.transactions += 1
        whole: Outcome[list[Outcome[Any]]] = Outcome()
        with whole:
            whole.keep(await self._transaction([script for script, _ in wanted]))
        if whole.error is not None:
            for _, answer in wanted:
                failed: Outcome[Any] = Outcome()
                failed.fail(StorageError(str(whole.error)))
                failed.settle(answer)
            return
        for outcome, (_, answer) in zip(whole.answer(), wanted, strict=True):
            outcome.settle(answer)
