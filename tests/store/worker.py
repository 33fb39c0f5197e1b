"""A process that counts in a store: for tests with several of them.

``python worker.py PATH HOW TIMES`` with HOW one of

- ``count``: count TIMES times, saying each number once it is durable;
- ``come and go``: the same, but open and close the store each time.
"""

from __future__ import annotations

import sys
from pathlib import Path

from covey.store import RawKey, SqlStore, open_store, settings

KEY = RawKey(bytes(range(32)))


def count(store: SqlStore) -> int:
    """Count one further, in the setting and in the number of events."""
    with store.transaction() as rows:
        number = int.from_bytes(settings.get(rows, "number") or b"") + 1
        settings.put(rows, "number", number.to_bytes(4))
        rows.insert("INSERT INTO events (event, happened_at) VALUES (x'', ?)", number)
    return number


def main(path: Path, how: str, times: int) -> None:
    """Do it."""
    store = open_store(path, KEY)
    for _ in range(times):
        if how == "come and go":
            store.close()
            store = open_store(path, KEY)
        print(count(store), flush=True)  # noqa: T201 - this is how it says it
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
