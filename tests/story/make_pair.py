"""Makes the stores that `test_users_storage.py` opens: ``python tests/story/make_pair.py``.

Two members of one group, by the schema and the layout of rows of today. Those of older schemas are
kept as they are. Until a schema is released, its files are made anew whenever it is edited.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from client.table import Someone, Table  # noqa: E402 - found by the line above
from covey.store import RawKey, open_store  # noqa: E402
from covey.store.migrating import migrations  # noqa: E402

FIXTURES = Path(__file__).with_name("fixtures")
KEY = RawKey(bytes(range(32)))


def main() -> None:
    """Let two people talk, and keep their stores."""
    FIXTURES.mkdir(exist_ok=True)
    table, people = Table(), []
    for name in ("alice", "bob"):
        path = FIXTURES / f"{name}-{len(migrations()):04}.covey"
        path.unlink(missing_ok=True)
        someone = Someone(table, name, open_store(path, KEY, create=True))
        someone.run(someone.peer.enrol(table.identity.broker_id, name))
        people.append(someone)
    alice, bob = people
    bob.run(bob.peer.keep_stock())
    alice.create("kept")
    alice.invite("bob")
    table.settle(*people)
    alice.say("written long ago")
    bob.say("and answered")
    table.settle(*people)
    for each in people:
        with each.store.transaction() as rows:
            rows.do("DELETE FROM packages")  # they would only take space
        each.store.close()


if __name__ == "__main__":
    main()
