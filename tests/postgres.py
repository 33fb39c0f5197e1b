"""A real PostgreSQL for tests: one for the session, and a fresh database for whoever asks.

``COVEY_TEST_POSTGRES`` names a server to use instead (``postgresql://…``, of somebody who may
create databases); without it, one is started when the first test asks, and ends with the
process of the tests, however that ends. Processes of pytest-xdist have one each.
"""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack, asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg

from covey.lab.postgres import running_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAMED = "COVEY_TEST_POSTGRES"


@cache
def session_server() -> str:
    """Where the server of this session is."""
    if named := os.environ.get(NAMED):
        return named
    ending = ExitStack()
    atexit.register(ending.close)
    return ending.enter_context(running_postgres(durable=False)).dsn


def with_database(dsn: str, name: str) -> str:
    """The same server, but another database."""
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()


@asynccontextmanager
async def fresh_database(server: str | None = None) -> AsyncIterator[str]:
    """An empty database until the end of the block; yields where it is."""
    server = server or session_server()
    name = f"covey_{os.urandom(6).hex()}"
    await _command(server, f"CREATE DATABASE {name}")
    try:
        yield with_database(server, name)
    finally:
        await _command(server, f"DROP DATABASE {name} WITH (FORCE)")


async def rows(dsn: str, query: str, *args: object) -> list[tuple[object, ...]]:
    """What a query finds, for a test that looks past the store."""
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(query, *args)]
    finally:
        await connection.close()


async def _command(dsn: str, command: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(command)
    finally:
        await connection.close()
