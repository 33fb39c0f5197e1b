"""What every store promises."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covey.errors import BrokerError, StorageError
from store_worker import GID
from stores import opened_at, opened_place, opened_store
from things import FIND, add, asking, events, find, note, put, put_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.broker.script import Row, Script
    from stores import Kind

OTHER = b"h" * 32
WORKER = Path(__file__).parents[2] / "store_worker.py"


def test_what_is_written_can_be_read(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_store(kind, schema) as store:
            assert await store.read(GID, find(GID)) == []
            await store.write(GID, put(GID, 1, "größer"))
            assert await store.write(None, put_all((OTHER, -(2**63), None), (b"", 3, ""))) == []
            rows = await store.read(GID, find(OTHER, GID, b"", b"nobody"))
            assert rows == [(b"", 3, ""), (GID, 1, "größer"), (OTHER, -(2**63), None)]
            assert {type(row) for row in rows} == {tuple}
            assert await store.write(GID, add(GID)) == 2
            assert await store.read(GID, find()) == []
            assert await store.write(None, put_all()) == []
            assert store.shards == 1
            assert await store.every(add(GID)) == [3]

    asyncio.run(work())


@pytest.mark.parametrize("error", [BrokerError("late", "too late"), KeyError("a bug")])
def test_a_script_that_raises_has_done_nothing(kind: Kind, schema: Path, error: Exception) -> None:
    def raising() -> Script[None]:
        yield FIND.of((GID,))
        raise error

    async def work() -> None:
        async with opened_store(kind, schema) as store:
            await store.write(GID, put(GID, 1))
            for key in (GID, None):
                with pytest.raises(type(error)) as raised:
                    await store.write(key, add(GID, error))
                assert raised.value is error
            with pytest.raises(type(error)):
                await store.read(GID, raising)
            assert await store.read(GID, find(GID)) == [(GID, 1, None)]

    asyncio.run(work())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO thing (gid) VALUES (NULL)",
        "SELECT nothing FROM nowhere",
        "this is no SQL",
    ],
)
def test_a_statement_that_fails(kind: Kind, schema: Path, statement: str) -> None:
    async def work() -> None:
        async with opened_store(kind, schema) as store:
            await store.write(GID, put(GID, 1))
            for key in (GID, None):
                with pytest.raises(StorageError, match=r"database.* failed"):
                    await store.write(key, asking(statement))
            assert await store.write(GID, add(GID)) == 2

    asyncio.run(work())


def test_a_number_that_no_database_can_keep(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_store(kind, schema) as store:
            with pytest.raises(StorageError):
                await store.write(GID, put(GID, 2**63))
            await store.write(GID, put(GID, 2**63 - 1))

    asyncio.run(work())


def test_a_script_that_reads_cannot_write(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_store(kind, schema) as store:
            with pytest.raises(StorageError):
                await store.read(GID, put(GID, 1))
            assert await store.read(GID, find(GID)) == []

    asyncio.run(work())


def test_a_script_that_reads_sees_one_state(kind: Kind, schema: Path) -> None:
    async def write_elsewhere(place: str) -> None:
        async with opened_at(place, schema) as store:
            await store.write(GID, add(GID))

    async def work() -> None:
        async with opened_place(kind) as place, opened_at(place, schema) as store:
            await store.write(GID, put(GID, 1))

            def script() -> Script[list[list[Row]]]:
                before = yield FIND.of((GID,))
                other = threading.Thread(target=lambda: asyncio.run(write_elsewhere(place)))
                other.start()
                other.join()
                after = yield FIND.of((GID,))
                return [before, after]

            before, after = await store.read(GID, script)
            assert before == after == [(GID, 1, None)]
            assert await store.read(GID, find(GID)) == [(GID, 2, None)]

    asyncio.run(work())


def test_one_of_many_that_fails_takes_nothing_with_it(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_store(kind, schema) as store:
            await store.write(GID, put(GID, 0))
            scripts = []
            for number in range(60):
                match number % 4:
                    case 1:
                        scripts.append(add(GID, BrokerError("late")))
                    case 2:
                        scripts.append(asking("SELECT nothing FROM nowhere"))  # type: ignore[arg-type]
                    case _:
                        scripts.append(add(GID))
            done = await asyncio.gather(
                *(store.write(GID, script) for script in scripts), return_exceptions=True
            )
            assert sorted(each for each in done if isinstance(each, int)) == list(range(1, 31))
            kinds = [type(each) for each in done[:4]]
            assert kinds == [int, BrokerError, StorageError, int]
            assert await store.read(GID, find(GID)) == [(GID, 30, None)]

    asyncio.run(work())


def test_who_gives_up_stops_nobody(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_store(kind, schema) as store:
            await store.write(GID, put(GID, 0))
            tasks = [asyncio.create_task(store.write(GID, add(GID))) for _ in range(40)]
            tasks += [asyncio.create_task(store.write(None, add(GID))) for _ in range(4)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            counts = [each for each in done if isinstance(each, int)]
            assert len(counts) == len(set(counts)) == len(tasks) // 2
            assert await store.write(GID, add(GID)) > max(counts)

    asyncio.run(work())


def test_a_store_that_is_closed(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_store(kind, schema) as store:
            await store.write(GID, put(GID, 0))
            under_way = [asyncio.create_task(store.write(GID, add(GID))) for _ in range(10)]
            await asyncio.sleep(0)
            await store.close()
            assert sorted(await asyncio.gather(*under_way)) == list(range(1, 11))
            with store.wakes.watch(GID) as event:
                assert event.is_set()
            for unfinished in (
                store.write(GID, add(GID)),
                store.write(None, add(GID)),
                store.read(GID, find(GID)),
                store.every(add(GID)),
                store.turn_weeks(10, 0),
            ):
                with pytest.raises(StorageError, match="is closed"):
                    await unfinished

    asyncio.run(work())


def test_weeks(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_store(kind, schema) as store:
            await store.turn_weeks(100, 90)
            for week in (99, 100, 101, 102):
                await store.write(GID, note(GID, week, week))
            await store.turn_weeks(101, 90)
            await store.write(GID, note(GID, 103, 103))
            assert await store.read(GID, events(GID)) == [(n, n) for n in range(99, 104)]

    asyncio.run(work())


# --- processes -------------------------------------------------------------------------


@contextmanager
def worker(place: str, schema: Path, how: str, times: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, str(WORKER), place, str(schema), how, str(times)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    assert process.stdout is not None
    return iter(process.stdout.readline, b"")


def test_two_processes_are_one_store(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_place(kind) as place, opened_at(place, schema) as store:
            await store.write(GID, put(GID, 0))
            with (
                worker(place, schema, "count", 100) as one,
                worker(place, schema, "count", 100) as two,
            ):
                ours = [await store.write(GID, add(GID)) for _ in range(100)]
                theirs = [
                    int(line)
                    for process in (one, two)
                    for line in await asyncio.to_thread(lambda p=process: list(lines(p)))
                ]
            assert sorted(ours + theirs) == list(range(1, 301))

    asyncio.run(work())


@pytest.mark.parametrize("acknowledged", [1, 20, 150])
def test_a_process_that_is_killed_loses_nothing_acknowledged(
    kind: Kind, schema: Path, acknowledged: int
) -> None:
    async def work() -> None:
        async with opened_place(kind) as place:
            async with opened_at(place, schema) as store:
                await store.write(GID, put(GID, 0))
            with worker(place, schema, "count", 10**6) as process:
                said = lines(process)
                for _ in range(acknowledged):
                    await asyncio.to_thread(next, said)
                process.kill()
                last = max([acknowledged, *map(int, [each for each in said if each[-1:] == b"\n"])])
            async with opened_at(place, schema) as store:
                [(_, number, _)] = await store.read(GID, find(GID))
                assert last <= number <= last + 1
                assert await store.write(GID, add(GID)) == number + 1

    asyncio.run(work())


def test_a_process_that_stops_in_the_middle_is_thrown_out(schemas: Path) -> None:
    """PostgreSQL: it holds the lock of the group only for a while; it begins anew afterwards."""

    async def work() -> None:
        schema = schemas / "postgres"
        async with opened_place("postgres") as place, opened_at(place, schema) as store:
            await store.write(GID, put(GID, 0))
            with worker(place, schema, "stop") as process:
                said = lines(process)
                assert await asyncio.to_thread(next, said) == b"inside\n"
                _, status = await asyncio.to_thread(os.waitpid, process.pid, os.WUNTRACED)
                assert os.WIFSTOPPED(status)
                started = asyncio.get_running_loop().time()
                assert await store.write(GID, add(GID)) == 1
                assert 0.1 < asyncio.get_running_loop().time() - started < 5
                process.send_signal(signal.SIGCONT)
                assert await asyncio.to_thread(next, said) == b"2\n"  # attempts
            assert await store.read(GID, find(GID)) == [(GID, 2, None)]

    asyncio.run(work())


def test_nobody_else_gets_between(kind: Kind, schema: Path) -> None:
    """Of many who look and then write, each sees what the one before has written."""

    async def work() -> None:
        async with (
            opened_place(kind) as place,
            opened_at(place, schema) as one,
            opened_at(place, schema) as two,
        ):
            await one.write(GID, put(GID, 0))
            counts = await asyncio.gather(
                *(store.write(key, add(GID)) for key in (GID, None) for store in (one, two) * 25)
            )
            assert sorted(counts) == list(range(1, 101))

    asyncio.run(work())
