"""The two schemas say the same, each in its database's words."""

from __future__ import annotations

import re

from covey.broker.stores.migrating import packaged
from covey.migrating import migrations_in

TABLE = re.compile(r"CREATE TABLE (\w+) \(\n(.*?)\n\)", re.DOTALL)

WORDS = {"BYTEA": "BLOB", "BIGINT": "INTEGER", "octet_length(": "length("}

ON_POSTGRES_A_WEEK_IS_PART = {"entry"}
"""Tables with a part for each week: keys that are to be unique have to hold the week there."""


def _tables(engine: str) -> dict[str, list[str]]:
    """The lines of each table, in the words of SQLite, without what is a database's own."""
    tables: dict[str, list[str]] = {}
    for migration in migrations_in(packaged(engine)):  # type: ignore[arg-type]
        for name, body in TABLE.findall(migration.text):
            for theirs, ours in WORDS.items():
                body = body.replace(theirs, ours)  # noqa: PLW2901 - in one's words
            lines = [" ".join(line.strip(" ,").split()) for line in body.splitlines()]
            tables[name] = [
                line.replace(", week)", ")") if name in ON_POSTGRES_A_WEEK_IS_PART else line
                for line in lines
            ]
    return tables


def test_both_databases_have_the_same_tables_columns_and_checks() -> None:
    ours, theirs = _tables("sqlite"), _tables("postgres")
    assert len(ours) > 15
    assert all(len(lines) > 1 for lines in ours.values())
    assert ours == theirs
