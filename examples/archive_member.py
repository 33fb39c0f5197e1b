"""A member that keeps what everybody says, in plain SQLite: who invites it wants that.

`python archive_member.py http://127.0.0.1:8440 archive.db`, then invite archive. COVEY_PASSPHRASE
is what its own store is encrypted by, which the archive is not. An event is acknowledged when the
next one is asked for, after its row is on the disk: none is missed, and none stands there twice.
"""

from __future__ import annotations

import os
import sqlite3
import sys

from covey import blocking, events


def main(broker: str, file: str) -> None:
    """Write down every message."""
    database = sqlite3.connect(file)
    database.execute(
        "CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, team TEXT, sent_at INTEGER,"
        " sender TEXT, kind TEXT, text TEXT, data BLOB)"
    )
    words = os.environ["COVEY_PASSPHRASE"]
    with blocking.Client.open(
        "archive.covey", broker=broker, name="archive", passphrase=words
    ) as archive:
        print("archive listens", flush=True)
        for event in archive.events("archive"):
            if isinstance(event, events.MessageArrived):
                row = (event.id, archive.group(event.group).name, event.sent_at)
                row += (event.sender, event.kind, event.text, event.data)
                with database:
                    database.execute("INSERT OR IGNORE INTO message VALUES (?,?,?,?,?,?,?)", row)


main(*sys.argv[1:])
