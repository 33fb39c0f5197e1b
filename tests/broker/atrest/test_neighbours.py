"""Another program that opens a broker's SQLite file, and closes it, does it no harm."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from covey.lab.analyst import places
from covey.lab.company.lines import Lines
from covey.lab.company.person import Person

if TYPE_CHECKING:
    from pathlib import Path

COUNT = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
print(database.execute("SELECT count(*) FROM account").fetchone()[0])
database.close()
"""


def test_what_is_written_after_a_visit_is_there_for_all(tmp_path: Path) -> None:
    with places.empty("sqlite", tmp_path) as empty, places.process(empty) as place:
        for number in range(1, 4):
            with Lines(place.url) as lines:
                Person(f"visitor {number}", lines).enrol()
            assert accounts(place.database) == number


def accounts(file: Path) -> int:
    """How many there are, as another process sees them."""
    command = [sys.executable, "-c", COUNT, str(file)]
    counted = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own
    return int(counted.stdout)
