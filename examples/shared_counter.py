"""Devices that count together: `python shared_counter.py NAME BROKER [OTHER …]`, + to add one.

Nobody chats: each device sends how often it has counted itself, and the sum of all devices' latest
numbers is the same for all of them, in whatever order they hear of each other.
"""

from __future__ import annotations

import asyncio
import os
import sys

import covey

KIND = "application/x-count"


async def main(name: str, broker: str, *others: str) -> None:
    """Count; who names others begins the group, and the others wait for it."""
    words, counts = os.environ["COVEY_PASSPHRASE"], {name: 0}
    async with covey.Client.open(
        f"{name}.covey", broker=broker, name=name, passphrase=words
    ) as device:
        print("ready", flush=True)
        group = await (device.create_group("counter") if others else device.next_group())
        await group.invite(*others)
        counting = asyncio.create_task(count(group, counts, name))
        async for event in group.events():
            if isinstance(event, covey.events.MessageArrived) and event.kind == KIND:
                counts[event.sender] = max(int(event.data), counts.get(event.sender, 0))
                print(sum(counts.values()), flush=True)
        await counting


async def count(group: covey.Conversation, counts: dict[str, int], name: str) -> None:
    """Add one for each line that is typed."""
    while await asyncio.to_thread(sys.stdin.readline):
        counts[name] += 1
        print(sum(counts.values()), flush=True)
        await group.send_bytes(str(counts[name]).encode(), KIND)


asyncio.run(main(*sys.argv[1:]))
