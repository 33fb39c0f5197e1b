"""Devices that count together: `python shared_counter.py NAME BROKER [OTHER …]`, Enter adds one.

COVEY_PASSPHRASE encrypts the store. Each sends how often it has counted: the sum is the same.
"""

from __future__ import annotations

import asyncio
import os
import sys

import covey

KIND, WORDS = "application/x-count", os.environ["COVEY_PASSPHRASE"]


async def main(name: str, broker: str, *others: str) -> None:
    """Show the sum; who names others begins the group, and they wait for it."""
    async with covey.Client.open(f"{name}.covey", broker=broker, name=name, passphrase=WORDS) as we:
        print("ready", flush=True)
        if others and not we.groups():
            await (await we.create_group("counter")).invite(*others)
        group = (we.groups() or [await we.next_group()])[0]
        feed, old = group.events(), group.history(limit=1_000_000)
        counts = {each.sender: int(each.data) for each in old}
        _counting = [asyncio.create_task(count(group, counts.get(name, 0)))]
        async for event in feed:
            if isinstance(event, covey.events.Said) and event.kind == KIND:
                counts[event.sender] = max(int(event.data), counts.get(event.sender, 0))
                print(sum(counts.values()), flush=True)


async def count(group: covey.Conversation, number: int) -> None:
    """Send one more for each line that is typed."""
    while await asyncio.to_thread(sys.stdin.readline):
        await group.send_bytes(str(number := number + 1).encode(), KIND)


asyncio.run(main(*sys.argv[1:]))
