"""A process that writes to a store until it is told to stop: for tests that kill and stop it.

``python store_worker.py PLACE SCHEMA HOW TIMES`` with HOW one of

- ``count``: count at one thing TIMES times, saying each count once it is acknowledged;
- ``stop``: count once, and stop (SIGSTOP) in the middle of it, holding the lock, for the first
  of its attempts; say how many attempts it took.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stores import opened_at
from things import LOOK, SET, add

if TYPE_CHECKING:
    from covey.broker.script import Script
    from covey.broker.stores.port import Store

GID = b"g" * 32


async def count(store: Store, times: int) -> None:
    """Count, and say so."""
    for _ in range(times):
        print(await store.write(GID, add(GID)), flush=True)  # noqa: T201 - this is how it says it


async def stop(store: Store) -> None:
    """Count once, but stop in the middle."""
    attempts = 0

    def script() -> Script[int]:
        nonlocal attempts
        attempts += 1
        [(number,)] = yield LOOK.of(GID)
        if attempts == 1:
            print("inside", flush=True)  # noqa: T201 - this is how it says it
            os.kill(os.getpid(), signal.SIGSTOP)
        yield SET.of(GID, number + 1)
        return attempts

    print(await store.write(GID, script), flush=True)  # noqa: T201 - this is how it says it


async def main(place: str, schema: str, how: str, times: str) -> None:
    """Open the store, and do it."""
    async with opened_at(place, Path(schema), idle=0.5) as store:
        await (count(store, int(times)) if how == "count" else stop(store))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
