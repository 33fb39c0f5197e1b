"""Devices that count together: `python shared_counter.py NAME BROKER [OTHER …]`, Enter adds one.

Each device sends how often it has counted; the sum is the same for all, in whatever order.
"""

from __future__ import annotations

import asyncio
import os
import sys

import covey

KIND, WORDS = "application/x-count", os.environ["COVEY_PASSPHRASE"]


async def main(name: str, broker: str, *others: str) -> None:
    """Show the sum; who names others begins the group, and they wait for it."""
    open_ = covey.Client.open(f"{name}.covey", broker=broker, name=name, passphrase=WORDS)
    async with open_ as device:
        print("ready", flush=True)
        group = await (device.create_group("counter") if others else device.next_group())
        if others:
            await group.invite(*others)
        _counting, counts = asyncio.create_task(count(group)), {}
        async for event in device.events():
            if isinstance(event, covey.events.Said) and event.kind == KIND:
                counts[event.sender] = max(int(event.data), counts.get(event.sender, 0))
                print(sum(counts.values()), flush=True)


async def count(group: covey.Conversation) -> None:
    """Send one more for each line that is typed."""
    number = 0
    while await asyncio.to_thread(sys.stdin.readline):
        await group.send_bytes(str(number := number + 1).encode(), KIND)


asyncio.run(main(*sys.argv[1:]))
