"""A process that uploads a blob, piece by piece, and says what was acknowledged.

It goes on from where the store says that the blob ends, until it is complete; whoever runs it
may kill it. Each line it writes is one acknowledged append: where it started, where it ended.

    python -m broker.blobs.uploader GROUND NAME SIZE STEP
"""

from __future__ import annotations

import asyncio
import sys

from broker.blobs.grounds import Ground
from covey.broker.blobs.port import WrongOffsetError

HOUR = 500_000


def content(blob: bytes, size: int) -> bytes:
    """What a blob holds in the tests: no two stretches of it are alike."""
    words = (blob[:4] + number.to_bytes(4, "big") for number in range(size // 8 + 1))
    return b"".join(words)[:size]


async def upload(ground: Ground, blob: bytes, size: int, step: int) -> None:
    """Upload until the blob is complete, whoever adds to it."""
    store = ground.store()
    await store.prepare()
    whole = content(blob, size)
    state = await store.begin(blob, size, HOUR)
    while not state.complete:
        start = state.offset
        try:
            state = await store.append(blob, start, whole[start : start + step])
        except WrongOffsetError as error:
            state = error.state
        else:
            sys.stdout.write(f"{start} {state.offset}\n")
            sys.stdout.flush()
    await store.close()


if __name__ == "__main__":
    asyncio.run(
        upload(
            Ground.told(sys.argv[1]), bytes.fromhex(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
        )
    )
