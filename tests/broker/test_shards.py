"""A broker whose groups are in another database than its invites and accounts."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from covey.access import signing
from covey.access.structs.log import Create, Created
from covey.broker.config import load
from covey.broker.connections import Connection
from covey.broker.enrolment import invites
from covey.broker.enrolment.invites import Purpose
from covey.broker.operations.ports import Caller
from covey.broker.running import opened
from covey.broker.stores.shards import spread, virtual_shard
from covey.broker.transactions import accounts
from covey.errors import BrokerError
from postgres import fresh_database

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from covey.access.structs.basics import Signed
    from covey.broker.operations.table import Operations


async def _with_two_databases(folder: Path, work: Callable[[Operations], Awaitable[None]]) -> None:
    async with AsyncExitStack() as stack:
        places = [await stack.enter_async_context(fresh_database()) for _ in range(2)]
        config = load(
            {
                "store": places,
                "key_file": str(folder / "key"),
                "create": "invite",
                "migrate": True,
                "blobs.at": str(folder / "blobs"),
            }
        )
        operations = await stack.enter_async_context(opened(config))
        await work(operations)


def _request(operations: Operations, shard: int, code: str) -> Signed:
    """To begin a group whose log is in one of the two databases."""
    gid = next(
        gid for gid in iter(lambda: os.urandom(32), b"") if spread(2)[virtual_shard(gid)] == shard
    )
    seed = os.urandom(32)
    broker_id = operations.ports.broker_id
    request = Create(broker_id, gid, 0, signing.public_key(seed), code.encode())
    return signing.signed(seed, "create", request)


def test_an_invite_is_good_for_one_group_in_whatever_database(tmp_path: Path) -> None:
    async def work(operations: Operations) -> None:
        caller = Caller(Connection(b"network"))
        store, hour = operations.ports.store, operations.ports.clock.hour
        for shard in (0, 1):
            code = invites.make()
            hashed = invites.digest(Purpose.create, code)

            def add(hashed: bytes = hashed) -> object:
                return accounts.add_invite(hashed, "create", hour)

            await store.write(None, add)  # type: ignore[arg-type]
            first = _request(operations, shard, code)
            answers = [await operations.by_name["create"](caller, first) for _ in range(2)]
            assert isinstance(answers[0], Created)
            assert answers[0].head.head == answers[1].head.head  # type: ignore[attr-defined]
            for other in (0, 1):
                with pytest.raises(BrokerError) as refused:
                    await operations.by_name["create"](caller, _request(operations, other, code))
                assert refused.value.code == "invite_needed"

    asyncio.run(_with_two_databases(tmp_path, work))
