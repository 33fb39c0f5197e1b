"""Who waits hears of what they wait for, and of nothing else."""

from __future__ import annotations

import asyncio

from covey.broker.wakeups import Wakeups


def test_a_wakeup_reaches_all_who_wait_for_it() -> None:
    wakeups = Wakeups()
    with wakeups.watch(b"a") as one, wakeups.watch(b"a") as two, wakeups.watch(b"b") as other:
        wakeups.wake(b"a")
        assert one.is_set()
        assert two.is_set()
        assert not other.is_set()


def test_who_has_gone_is_forgotten() -> None:
    wakeups = Wakeups()
    with wakeups.watch(b"a") as gone:
        pass
    wakeups.wake(b"a")
    assert not gone.is_set()


def test_at_the_end_nobody_waits() -> None:
    async def wait() -> None:
        with wakeups.watch(b"a") as event:
            asyncio.get_running_loop().call_soon(wakeups.close)
            await event.wait()
        with wakeups.watch(b"b") as event:
            await event.wait()

    wakeups = Wakeups()
    asyncio.run(asyncio.wait_for(wait(), 5))
    assert wakeups.closed
