"""The schema goes forward, as a whole or not at all, and nothing else is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.errors import StorageError
from covey.migrating import Migration
from covey.store import NotAStore, StoreNewer, driver, open_store
from covey.store.migrating import migrate, migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from covey.store import RawKey, SqlStore
    from covey.store.driver import Connection

FIRST = Migration(
    1, "first", "CREATE TABLE a (b);\nCREATE TRIGGER t DELETE ON a BEGIN\nSELECT 1;\nEND;\n"
)
SECOND = Migration(2, "second", "ALTER TABLE a ADD COLUMN c;\nINSERT INTO a VALUES (1, 2);\n")
BROKEN = Migration(2, "broken", "INSERT INTO a VALUES (1);\nINSERT INTO nowhere VALUES (1);\n")


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A connection to an empty database in memory."""
    connection = driver.connected(":memory:")
    yield connection
    connection.close()


def test_migrations_are_done_in_order_and_once(connection: Connection) -> None:
    assert migrate(connection, "it", [FIRST]) == [1]
    assert migrate(connection, "it", [FIRST]) == []
    assert migrate(connection, "it", [FIRST, SECOND]) == [2]
    assert migrate(connection, "it", [FIRST, SECOND]) == []
    assert connection.execute("SELECT * FROM a").fetchall() == [(1, 2)]


def test_a_migration_that_fails_is_undone(connection: Connection) -> None:
    migrate(connection, "it", [FIRST])
    with pytest.raises(StorageError, match="nowhere"):
        migrate(connection, "it", [FIRST, BROKEN])
    assert not connection.in_transaction
    assert connection.execute("SELECT * FROM a").fetchall() == []
    assert migrate(connection, "it", [FIRST, SECOND]) == [2]


def test_a_newer_store_is_left_alone(connection: Connection) -> None:
    migrate(connection, "it", [FIRST, SECOND])
    with pytest.raises(StoreNewer, match="newer covey"):
        migrate(connection, "it", [FIRST])


def test_another_migration_of_the_same_number_is_refused(connection: Connection) -> None:
    migrate(connection, "it", [FIRST])
    with pytest.raises(StorageError, match="another migration 0001"):
        migrate(connection, "it", [FIRST._replace(text="CREATE TABLE a (z);\n"), SECOND])


def test_another_database_is_refused(connection: Connection) -> None:
    connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(NotAStore, match="something else"):
        migrate(connection, "it", [FIRST])


def test_a_newer_file_is_left_alone(path: Path, key: RawKey, in_file: SqlStore) -> None:
    number = len(migrations()) + 1
    with in_file.transaction() as rows:
        rows.insert("INSERT INTO migration VALUES (?, 'later', x'')", number)
    with pytest.raises(StoreNewer, match=f"its schema is {number}"):
        open_store(path, key)


def test_the_migrations_of_covey_are_numbered_and_keep_their_checksums() -> None:
    assert [each.number for each in migrations()] == list(range(1, len(migrations()) + 1))
    assert all(len(each.applied[2]) == 32 for each in migrations())
