"""Makes the store that `test_fixtures.py` opens: ``python tests/store/make_fixture.py``.

One file for each schema that was released; those of older schemas are kept as they are. Until a
schema is released, its file is made anew whenever the migration is edited.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from covey.store import Passphrase, open_store, write_backup  # noqa: E402 - found by the line above
from covey.store.migrating import migrations  # noqa: E402
from store.filling import fill  # noqa: E402

FIXTURES = Path(__file__).with_name("fixtures")
WORDS = "correct horse battery staple"


def main() -> None:
    """Make the store of the newest schema, and a backup of it."""
    FIXTURES.mkdir(exist_ok=True)
    path = FIXTURES / f"schema-{len(migrations()):04}.covey"
    backup = path.with_suffix(".backup")
    for old in (path, backup):
        old.unlink(missing_ok=True)
    store = open_store(path, Passphrase(WORDS), create=True)
    with store.transaction() as rows:
        fill(rows, length=10)
    write_backup(store, backup, Passphrase(WORDS), now=lambda: 1_790_000_000)
    store.close()


if __name__ == "__main__":
    main()
