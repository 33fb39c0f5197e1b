"""A bot that says what it hears: `python echo_bot.py http://127.0.0.1:8440`, then invite echo.

COVEY_PASSPHRASE is what its store is encrypted by. Each event is acknowledged when the next one is
asked for, so that the bot answers what was said while it was down, too.
"""

from __future__ import annotations

import asyncio
import os
import sys

import covey
from covey.errors import StateError, TransportError


async def main(broker: str) -> None:
    """Answer every text, in every group that the bot is invited to."""
    words = os.environ["COVEY_PASSPHRASE"]
    async with covey.Client.open("echo.covey", broker=broker, name="echo", passphrase=words) as bot:
        print("echo listens", flush=True)
        async for event in bot.events("echo"):
            if isinstance(event, covey.events.MessageArrived) and event.kind == "text":
                try:
                    await bot.group(event.group).send(event.text, reply_to=event.id)
                except (StateError, TransportError, ValueError) as error:
                    # It is in this group no more, or goes out later, or is too long with a reply.
                    print(error, file=sys.stderr)


asyncio.run(main(sys.argv[1]))
