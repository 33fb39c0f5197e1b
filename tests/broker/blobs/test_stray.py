"""What somebody else left in a bucket, or what is damaged there, does not stop a sweep."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from broker.blobs.grounds import Ground
from covey.broker.blobs.bucket import Objects

if TYPE_CHECKING:
    import pytest

    from s3 import Server

HOUR = 500_000
BLOB, DAMAGED = bytes(range(32)), bytes(range(1, 33))


def test_a_sweep_leaves_what_is_not_ours(s3: Server, caplog: pytest.LogCaptureFixture) -> None:
    ground = Ground.on(s3, prefix=os.urandom(8).hex())
    stray = ("hour/lost+found/x/begun", f"hour/{HOUR:08x}/x", f"hour/{HOUR:08x}/short/begun")

    async def work() -> None:
        store, objects = ground.store(), Objects(ground.bucket())
        await store.prepare()
        for blob in (BLOB, DAMAGED):
            await store.begin(blob, 5, HOUR)
        first = f"blob/{DAMAGED.hex()}"
        await objects.delete([first])
        for each in (first, *stray):
            await objects.put_new(each, b"?")
        assert await store.sweep(HOUR) == 1
        assert await store.received(BLOB) is None
        for each in (first, *stray):
            assert await objects.get(each, 0, 1) == b"?"
        assert await store.sweep(HOUR) == 0
        await objects.close()
        await store.close()

    asyncio.run(work())
    assert len(caplog.messages) == 2
    assert all("3 objects" in said for said in caplog.messages)
    assert DAMAGED.hex() not in "".join(caplog.messages)
