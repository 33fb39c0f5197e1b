"""The page on the store names every table, and says of each whether it is backed up."""

from __future__ import annotations

import re

from covey import store as package
from covey.errors import StorageError
from covey.store import memory_store
from covey.store.tables import BACKED_UP
from tracked import ROOT

PAGE = (ROOT / "docs" / "reference" / "store.md").read_text(encoding="utf-8")


def test_every_table_is_on_the_page() -> None:
    store = memory_store()
    with store.reading() as rows:
        found = rows.all(
            "SELECT name FROM pragma_table_list WHERE schema = 'main'"
            " AND type IN ('table', 'virtual') AND name NOT GLOB 'sqlite_*'"
        )
    section = PAGE.partition("## Tables")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| .+ \| ([^|]+) \|$", section, re.MULTILINE))
    assert told.keys() == {name for (name,) in found}
    backed_up = {name for name, kept in told.items() if kept.startswith("yes")}
    assert backed_up == {table.name for table in BACKED_UP} - {"sqlite_sequence"}


def test_every_error_is_on_the_page() -> None:
    errors = {
        name
        for name in package.__all__
        if isinstance(kind := getattr(package, name), type) and issubclass(kind, StorageError)
    }
    assert errors == set(re.findall(r"^\| `(\w+)` \| [^|]+ \|$", PAGE, re.MULTILINE))
