"""The store in one SQLite file.

May import the port, the decisions and the database. Each method reads what a decision
depends on, asks :mod:`covey.broker.ordering`, and writes what it says, in one transaction.
The statements are plain SQL that other databases understand too.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self, TypeVar

from covey.broker import ordering
from covey.broker.database import Database
from covey.broker.limits import KEY_PACKAGES, PAGE_BYTES, PAGE_ENTRIES, WAITING
from covey.broker.messages import Appended, Entry, EpochClosed, InboxEntry, Kind
from covey.broker.ordering import Log
from covey.broker.refusals import Code, refused
from covey.broker.store import Page
from covey.errors import StorageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from covey.broker.key_packages import Offer
    from covey.broker.messages import (
        Append,
        Claim,
        Create,
        Deliver,
        Fetch,
        Publish,
        Read,
    )

T = TypeVar("T")

_CLAIM_ONE = """
    DELETE FROM key_package WHERE id = (
        SELECT id FROM key_package
        WHERE inbox = ? AND cipher_suite = ? AND not_after >= ? AND last_resort = 0
        ORDER BY id LIMIT 1
    ) RETURNING message
"""
_CLAIM_LAST_RESORT = """
    SELECT message FROM key_package
    WHERE inbox = ? AND cipher_suite = ? AND not_after >= ? AND last_resort = 1
"""
_ENTRY = "SELECT seq, epoch, kind, idem, body FROM entry"


class SqliteStore:
    """A :class:`~covey.broker.store.Store` in one SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, or begin one.

        Raises:
            StorageError: The file cannot be used.
        """
        return cls(Database.open(path))

    async def close(self) -> None:
        """Finish what is under way, and close the file."""
        await self._database.close()

    # --- inboxes -----------------------------------------------------------------------

    async def publish(self, request: Publish, offers: Sequence[Offer], now: int) -> int:
        """Keep KeyPackages."""
        inbox, idem, digest = request.inbox, request.idem, _hash(request)

        def work(db: sqlite3.Connection) -> int:
            earlier = db.execute(
                "SELECT hash FROM publication WHERE inbox = ? AND idem = ?", (inbox, idem)
            ).fetchone()
            if earlier is not None:
                if earlier[0] != digest:
                    raise refused(Code.idem_mismatch)
                return _count(db, inbox)[0]
            db.execute(
                "INSERT INTO publication (inbox, idem, hash) VALUES (?, ?, ?)",
                (inbox, idem, digest),
            )
            db.execute("DELETE FROM key_package WHERE not_after < ?", (now,))
            db.execute("DELETE FROM offered WHERE not_after < ?", (now,))
            for offer in offers:
                _keep(db, inbox, offer)
            waiting, last_resorts = _count(db, inbox)
            if waiting + last_resorts > KEY_PACKAGES:
                raise refused(Code.inbox_full)
            return waiting

        return await self._database.write(work)

    async def claim(self, request: Claim, now: int) -> bytes:
        """Take a KeyPackage out."""

        def work(db: sqlite3.Connection) -> bytes:
            wanted = (request.inbox, request.cipher_suite, now)
            found = (
                db.execute(_CLAIM_ONE, wanted).fetchall()
                or db.execute(_CLAIM_LAST_RESORT, wanted).fetchall()
            )
            if not found:
                raise refused(Code.nothing_to_claim)
            return bytes(found[0][0])

        return await self._database.write(work)

    async def deliver(self, request: Deliver) -> int:
        """Keep a message for an inbox."""
        digest = _hash(request)

        def work(db: sqlite3.Connection) -> int:
            earlier = db.execute(
                "SELECT seq, hash FROM delivery WHERE inbox = ? AND idem = ?",
                (request.inbox, request.idem),
            ).fetchone()
            if earlier is not None:
                if earlier[1] != digest:
                    raise refused(Code.idem_mismatch)
                return int(earlier[0])
            key = (request.inbox,)
            [(count,)] = db.execute("SELECT count(*) FROM inbox_entry WHERE inbox = ?", key)
            if count >= WAITING:
                raise refused(Code.inbox_full)
            [(seq,)] = db.execute(
                "INSERT INTO inbox (inbox, seq) VALUES (?, 1)"
                " ON CONFLICT (inbox) DO UPDATE SET seq = inbox.seq + 1 RETURNING seq",
                key,
            ).fetchall()
            db.execute(
                "INSERT INTO inbox_entry (inbox, seq, message) VALUES (?, ?, ?)",
                (request.inbox, seq, request.message),
            )
            db.execute(
                "INSERT INTO delivery (inbox, idem, seq, hash) VALUES (?, ?, ?, ?)",
                (request.inbox, request.idem, seq, digest),
            )
            return int(seq)

        return await self._database.write(work)

    async def fetch(self, request: Fetch) -> tuple[InboxEntry, ...]:
        """Drop what was read, and return what comes after it."""
        after = min(request.after, 2**63 - 1)

        def work(db: sqlite3.Connection) -> tuple[InboxEntry, ...]:
            if after:
                db.execute(
                    "DELETE FROM inbox_entry WHERE inbox = ? AND seq <= ?", (request.inbox, after)
                )
            rows = db.execute(
                "SELECT seq, message FROM inbox_entry WHERE inbox = ? AND seq > ?"
                " ORDER BY seq LIMIT ?",
                (request.inbox, after, PAGE_ENTRIES),
            )
            return _page((InboxEntry(*row) for row in rows), lambda entry: entry.message)

        run = self._database.write if after else self._database.read
        return await run(work)

    # --- logs --------------------------------------------------------------------------

    async def create(self, request: Create) -> int:
        """Begin a log."""

        def work(db: sqlite3.Connection) -> int:
            known = _log(db, request.gid)
            decision = ordering.create(known, request)
            if isinstance(decision, ordering.Refused):
                raise refused(decision.code)
            if known is None:
                db.execute(
                    "INSERT INTO log (gid, epoch, seq, idem, first_epoch) VALUES (?, ?, ?, ?, ?)",
                    (request.gid, *decision.log),
                )
            return decision.log.first_epoch

        return await self._database.write(work)

    async def append(self, request: Append) -> Appended | EpochClosed:
        """Add an entry, or say which commit was faster."""

        def work(db: sqlite3.Connection) -> Appended | EpochClosed:
            known = _log(db, request.gid)
            decision = ordering.append(known, _earlier(db, request), request)
            match decision:
                case ordering.Taken(log, entry):
                    assert known is not None
                    _advance(db, request.gid, known, log)
                    db.execute(
                        "INSERT INTO entry (gid, seq, epoch, kind, idem, body)"
                        " VALUES (?, ?, ?, ?, ?, ?)",
                        (request.gid, entry.seq, entry.epoch, entry.kind, entry.idem, entry.body),
                    )
                    return Appended(entry.seq)
                case ordering.Repeated(seq):
                    return Appended(seq)
                case ordering.Late(epoch):
                    return EpochClosed(_closing(db, request.gid, epoch))
                case ordering.Refused(code):
                    raise refused(code)

        return await self._database.write(work)

    async def read(self, request: Read) -> Page:
        """The entries of an epoch after a number."""

        def work(db: sqlite3.Connection) -> Page:
            log = _log(db, request.gid)
            decision = ordering.read(log, request)
            if isinstance(decision, ordering.Refused):
                raise refused(decision.code)
            assert log is not None
            rows = db.execute(
                f"{_ENTRY} WHERE gid = ? AND seq > ? AND epoch = ? ORDER BY seq LIMIT ?",
                (request.gid, min(request.after, log.seq), request.epoch, PAGE_ENTRIES),
            )
            entries = _page((_entry(row) for row in rows), lambda entry: entry.body)
            return Page(entries, decision.closed)

        return await self._database.read(work)


def _hash(request: Publish | Deliver) -> bytes:
    """What is remembered of a request, to know it again: 32 bytes."""
    return sha256(request.encode()).digest()


def _keep(db: sqlite3.Connection, inbox: bytes, offer: Offer) -> None:
    """Keep a KeyPackage. One for one use is kept once, a last resort in place of the one before."""
    if not offer.last_resort:
        inserted = db.execute(
            "INSERT INTO offered (inbox, hash, not_after) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (inbox, sha256(offer.message).digest(), offer.not_after),
        )
        if not inserted.rowcount:
            raise refused(Code.key_package_known)
    else:
        db.execute(
            "DELETE FROM key_package WHERE inbox = ? AND cipher_suite = ? AND last_resort = 1",
            (inbox, offer.cipher_suite),
        )
    db.execute(
        "INSERT INTO key_package (inbox, cipher_suite, not_after, last_resort, message)"
        " VALUES (?, ?, ?, ?, ?)",
        (inbox, offer.cipher_suite, offer.not_after, int(offer.last_resort), offer.message),
    )


def _count(db: sqlite3.Connection, inbox: bytes) -> tuple[int, int]:
    """KeyPackages that wait in an inbox: those for one use, and last resorts."""
    [(waiting, last_resorts)] = db.execute(
        "SELECT coalesce(sum(1 - last_resort), 0), coalesce(sum(last_resort), 0)"
        " FROM key_package WHERE inbox = ?",
        (inbox,),
    )
    return int(waiting), int(last_resorts)


def _log(db: sqlite3.Connection, gid: bytes) -> Log | None:
    row = db.execute(
        "SELECT epoch, seq, idem, first_epoch FROM log WHERE gid = ?", (gid,)
    ).fetchone()
    return None if row is None else Log(*row)


def _advance(db: sqlite3.Connection, gid: bytes, known: Log, log: Log) -> None:
    """Compare and swap: the log is as the decision saw it, or nothing happens."""
    swapped = db.execute(
        "UPDATE log SET epoch = ?, seq = ? WHERE gid = ? AND epoch = ? AND seq = ?",
        (log.epoch, log.seq, gid, known.epoch, known.seq),
    )
    if swapped.rowcount != 1:
        msg = "the log moved while a request was decided"
        raise StorageError(msg)


def _earlier(db: sqlite3.Connection, request: Append) -> Entry | None:
    row = db.execute(f"{_ENTRY} WHERE gid = ? AND idem = ?", (request.gid, request.idem)).fetchone()
    return None if row is None else _entry(row)


def _closing(db: sqlite3.Connection, gid: bytes, epoch: int) -> Entry:
    """The commit that closed an epoch; ordering says that there is one."""
    [row] = db.execute(
        f"{_ENTRY} WHERE gid = ? AND epoch = ? AND kind = ?", (gid, epoch, Kind.commit)
    ).fetchall()
    return _entry(row)


def _entry(row: Sequence[Any]) -> Entry:
    seq, epoch, kind, idem, body = row
    return Entry(seq, epoch, Kind(kind), idem, body)


def _page(entries: Iterable[T], body: Callable[[T], bytes]) -> tuple[T, ...]:
    """As many entries as fit into one answer, and at least one."""
    page: list[T] = []
    size = 0
    for entry in entries:
        size += len(body(entry))
        if page and size > PAGE_BYTES:
            break
        page.append(entry)
    return tuple(page)
