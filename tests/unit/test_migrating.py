"""The files of migrations: read in their order, whole, and whatever ends their lines."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from covey.errors import StorageError
from covey.migrating import Migration, migrations_in

if TYPE_CHECKING:
    from pathlib import Path

FIRST = Migration(1, "first", "CREATE TABLE a (x INTEGER);")
SECOND = Migration(2, "second", "CREATE TABLE b (x INTEGER);")


def test_a_database_keeps_the_hash_of_what_it_has_had() -> None:
    assert FIRST.applied == (1, "first", sha256(FIRST.text.encode()).digest())


def test_files_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "0002_second.sql").write_text(SECOND.text, encoding="utf-8")
    (tmp_path / "0001_first.sql").write_text(FIRST.text, encoding="utf-8")
    (tmp_path / "README").write_text("no migration", encoding="utf-8")
    assert migrations_in(tmp_path) == [FIRST, SECOND]


@pytest.mark.parametrize("names", [[], ["0002_b"], ["0001_a", "0003_c"], ["0001_a", "0001_b"]])
def test_a_gap_in_the_numbers(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / f"{name}.sql").write_text(";", encoding="utf-8")
    with pytest.raises(StorageError, match="must be 0001, 0002"):
        migrations_in(tmp_path)


def test_the_end_of_a_line_is_no_difference(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_bytes(b"a;\nb;\n")
    [unix] = migrations_in(tmp_path)
    (tmp_path / "0001_a.sql").write_bytes(b"a;\r\nb;\r\n")
    assert migrations_in(tmp_path) == [unix]
