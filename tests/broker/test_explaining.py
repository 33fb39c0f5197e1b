"""``explained.toml`` explains every column that a database really has, and no other."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from broker_thread import place_of
from covey.broker import explaining
from covey.broker.stores.opening import migrate_at
from postgres import rows
from stores import KINDS, Kind


def columns_of(kind: Kind, place: str) -> set[tuple[str, str]]:
    """Every table's columns, in a database that was brought up to date. Partitions aside."""
    asyncio.run(migrate_at([place]))
    if kind == "postgres":
        found = asyncio.run(
            rows(
                place,
                "SELECT c.relname, a.attname FROM pg_class c"
                " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
                " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
                " AND NOT c.relispartition AND NOT a.attisdropped",
            )
        )
        return {(str(table), str(column)) for table, column in found}
    with closing(sqlite3.connect(place)) as database:
        return set(
            database.execute(
                "SELECT t.name, c.name FROM pragma_table_list t"
                " JOIN pragma_table_xinfo(t.name) c"
                " WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'"
            )
        )


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_is_explained(kind: Kind) -> None:
    with place_of(kind) as place:
        real = columns_of(kind, place)
    explained = {
        (table, column)
        for table, about in explaining.as_tree().items()
        for column in about["columns"]
    }
    assert explained == real


def test_every_explanation_says_something() -> None:
    for name, table in explaining.as_tree().items():
        assert set(table) == {"about", "until", "columns"}, name
        assert table["about"].endswith(".")
        assert table["until"]
        assert all(table["columns"].values())


def test_no_table_joins_an_account_with_a_group() -> None:
    accounts, groups = {"handle", "device", "subject"}, {"gid"}
    for name, table in explaining.as_tree().items():
        columns = set(table["columns"])
        assert not (columns & accounts and columns & groups), name
        assert not (columns & {"inbox", "slot"} and columns & groups), name
