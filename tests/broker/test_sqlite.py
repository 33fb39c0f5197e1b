"""The store in a SQLite file."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import asynccontextmanager, closing
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from covey.broker import limits, ordering
from covey.broker.database import Database, migrations
from covey.broker.key_packages import Offer
from covey.broker.messages import (
    Append,
    Appended,
    Claim,
    Create,
    Deliver,
    Entry,
    EpochClosed,
    Fetch,
    InboxEntry,
    KeyPackageMessage,
    Kind,
    Publish,
    Read,
)
from covey.broker.sqlite import SqliteStore
from covey.errors import BrokerError, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine

T = TypeVar("T")

INBOX, OTHER = b"a" * 32, b"b" * 32
GID = b"g" * 32


def idem(number: int) -> bytes:
    return number.to_bytes(16)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore.open(path)
    try:
        yield store
    finally:
        await store.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def code_of(work: Awaitable[object]) -> str:
    with pytest.raises(BrokerError) as refused:
        await work
    return refused.value.code


def an_offer(message: bytes, suite: int = 1, not_after: int = 100, *, last: bool = False) -> Offer:
    return Offer(message, suite, not_after, last)


def publishing(number: int, inbox: bytes = INBOX) -> Publish:
    return Publish(inbox, idem(number), ())


# --- KeyPackages -----------------------------------------------------------------------


def test_a_key_package_is_claimed_once_the_oldest_first(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            offers = [an_offer(b"1"), an_offer(b"2"), an_offer(b"3", suite=2)]
            assert await store.publish(publishing(1), offers, now=0) == 3
            assert await store.claim(Claim(INBOX, 1), now=0) == b"1"
            assert await store.claim(Claim(INBOX, 2), now=0) == b"3"
            assert await store.claim(Claim(INBOX, 1), now=0) == b"2"
            assert await code_of(store.claim(Claim(INBOX, 1), now=0)) == "nothing_to_claim"
            assert await code_of(store.claim(Claim(OTHER, 1), now=0)) == "nothing_to_claim"

    run(work())


def test_a_last_resort_comes_last_and_stays(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            offers = [an_offer(b"last", last=True), an_offer(b"1")]
            assert await store.publish(publishing(1), offers, now=0) == 1
            claims = [await store.claim(Claim(INBOX, 1), now=0) for _ in range(3)]
            assert claims == [b"1", b"last", b"last"]
            await store.publish(publishing(2), [an_offer(b"newer", last=True)], now=0)
            assert await store.claim(Claim(INBOX, 1), now=0) == b"newer"

    run(work())


def test_what_has_expired_is_not_handed_out(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            offers = [an_offer(b"1", not_after=10), an_offer(b"2", not_after=20)]
            await store.publish(publishing(1), offers, now=0)
            assert await store.claim(Claim(INBOX, 1), now=20) == b"2"
            assert await store.publish(publishing(2), [], now=11) == 0

    run(work())


def test_a_retry_does_not_bring_back_what_was_claimed(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            await store.publish(publishing(1), [an_offer(b"1")], now=0)
            await store.claim(Claim(INBOX, 1), now=0)
            assert await store.publish(publishing(1), [an_offer(b"1")], now=0) == 0
            assert await code_of(store.claim(Claim(INBOX, 1), now=0)) == "nothing_to_claim"

    run(work())


def test_an_idem_stands_for_one_publication(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            one, two = (
                Publish(INBOX, idem(1), (KeyPackageMessage(each),)) for each in (b"1", b"2")
            )
            assert await store.publish(one, [an_offer(b"1")], now=0) == 1
            other = store.publish(two, [an_offer(b"2")], now=0)
            assert await code_of(other) == "idem_mismatch"
            assert await store.publish(one, [an_offer(b"1")], now=0) == 1
            elsewhere = two.replace(inbox=OTHER)
            assert await store.publish(elsewhere, [an_offer(b"2")], now=0) == 1

    run(work())


def test_a_key_package_is_taken_once_whatever_the_idem(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            await store.publish(publishing(1), [an_offer(b"1")], now=0)
            for number in (2, 3):  # while it waits, and when it has been claimed
                again = store.publish(
                    publishing(number), [an_offer(b"new"), an_offer(b"1")], now=100
                )
                assert await code_of(again) == "key_package_known"
                if number == 2:
                    assert await store.claim(Claim(INBOX, 1), now=0) == b"1"
            assert await code_of(store.claim(Claim(INBOX, 1), now=0)) == "nothing_to_claim"
            twice = store.publish(publishing(4), [an_offer(b"2"), an_offer(b"2")], now=0)
            assert await code_of(twice) == "key_package_known"
            assert await store.publish(publishing(5), [an_offer(b"2")], now=0) == 1
            assert await store.publish(publishing(1, OTHER), [an_offer(b"1")], now=0) == 1

    run(work())


def test_a_last_resort_may_be_left_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            for number in (1, 2):
                offers = [an_offer(b"last", last=True)]
                assert await store.publish(publishing(number), offers, now=0) == 0
                assert await store.claim(Claim(INBOX, 1), now=0) == b"last"

    run(work())


def test_of_a_key_package_whose_lifetime_is_over_no_hash_is_kept(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            await store.publish(publishing(1), [an_offer(b"1", not_after=10)], now=0)
            await store.publish(publishing(2), [an_offer(b"2", not_after=20)], now=11)

    run(work())
    with closing(sqlite3.connect(tmp_path / "db")) as database:
        kept = database.execute("SELECT hash, not_after FROM offered").fetchall()
    assert kept == [(sha256(b"2").digest(), 20)]


def test_an_inbox_takes_so_many_key_packages(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            most = [an_offer(bytes([number])) for number in range(limits.KEY_PACKAGES)]
            assert await store.publish(publishing(1), most, now=0) == limits.KEY_PACKAGES
            more = store.publish(publishing(2), [an_offer(b"y", last=True)], now=0)
            assert await code_of(more) == "inbox_full"
            assert await store.publish(publishing(3, OTHER), most, now=0)

    run(work())


# --- inboxes ---------------------------------------------------------------------------


def test_an_inbox_keeps_messages_until_they_are_read(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            assert await store.deliver(Deliver(INBOX, idem(1), b"one")) == 1
            assert await store.deliver(Deliver(INBOX, idem(2), b"two")) == 2
            assert await store.deliver(Deliver(INBOX, idem(1), b"one")) == 1
            both = (InboxEntry(1, b"one"), InboxEntry(2, b"two"))
            assert await store.fetch(Fetch(INBOX, 0, 0)) == both
            assert await store.fetch(Fetch(INBOX, 1, 0)) == both[1:]
            assert await store.fetch(Fetch(INBOX, 0, 0)) == both[1:]
            assert await store.fetch(Fetch(INBOX, 2**64 - 1, 0)) == ()
            assert await store.deliver(Deliver(INBOX, idem(3), b"three")) == 3
            assert await store.fetch(Fetch(OTHER, 0, 0)) == ()

    run(work())


def test_an_idem_of_an_inbox_stands_for_one_message(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            await store.deliver(Deliver(INBOX, idem(1), b"one"))
            again = store.deliver(Deliver(INBOX, idem(1), b"two"))
            assert await code_of(again) == "idem_mismatch"
            assert await store.deliver(Deliver(OTHER, idem(1), b"two")) == 1

    run(work())


def test_a_retry_does_not_bring_back_what_was_read(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            assert await store.deliver(Deliver(INBOX, idem(1), b"one")) == 1
            assert await store.fetch(Fetch(INBOX, 1, 0)) == ()
            assert await store.deliver(Deliver(INBOX, idem(1), b"one")) == 1
            again = store.deliver(Deliver(INBOX, idem(1), b"two"))
            assert await code_of(again) == "idem_mismatch"
            assert await store.fetch(Fetch(INBOX, 0, 0)) == ()
            assert await store.deliver(Deliver(INBOX, idem(2), b"one")) == 2

    run(work())


def test_what_is_remembered_of_a_message_differs_from_inbox_to_inbox(tmp_path: Path) -> None:
    """Else who has the file could see, long after it was read, who got the same Welcome."""

    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            for inbox, number in ((INBOX, 1), (OTHER, 1), (OTHER, 2)):
                await store.deliver(Deliver(inbox, idem(number), b"a Welcome"))

    run(work())
    with closing(sqlite3.connect(tmp_path / "db")) as database:
        hashes = database.execute("SELECT hash FROM delivery").fetchall()
    assert len(set(hashes)) == 3


def test_an_inbox_takes_so_many_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            await store.deliver(Deliver(INBOX, idem(1), b"one"))
            await store.deliver(Deliver(INBOX, idem(2), b"two"))
            more = Deliver(INBOX, idem(3), b"three")
            assert await code_of(store.deliver(more)) == "inbox_full"
            await store.fetch(Fetch(INBOX, 1, 0))
            assert await store.deliver(more) == 3

    monkeypatch.setattr("covey.broker.sqlite.WAITING", 2)
    run(work())


# --- logs ------------------------------------------------------------------------------


class LogMachine(RuleBasedStateMachine):
    """Random requests to one log; a list says what should come of them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.store = SqliteStore.open(self.folder / "db")
        self.taken: list[Entry] = []
        self.do(self.store.create(Create(GID, bytes(16), 0)))

    def do(self, work: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await work

        return self.loop.run_until_complete(awaited())

    def teardown(self) -> None:
        self.do(self.store.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    @property
    def epoch(self) -> int:
        return sum(entry.kind is Kind.commit for entry in self.taken)

    @rule(
        back=st.integers(-1, 3),
        kind=st.sampled_from(Kind),
        number=st.integers(0, 30),
        body=st.sampled_from([b"a", b"b"]),
    )
    def append(self, back: int, kind: Kind, number: int, body: bytes) -> None:
        request = Append(GID, max(self.epoch - back, 0), kind, idem(number), body)
        known = next((entry for entry in self.taken if entry.idem == request.idem), None)
        log = ordering.Log(self.epoch, len(self.taken), bytes(16), 0)
        match ordering.append(log, known, request):
            case ordering.Taken(_, entry):
                assert self.do(self.store.append(request)) == Appended(entry.seq)
                self.taken.append(entry)
            case ordering.Repeated(seq):
                assert self.do(self.store.append(request)) == Appended(seq)
            case ordering.Late(epoch):
                [commit] = [e for e in self.taken if e.kind is Kind.commit and e.epoch == epoch]
                assert self.do(self.store.append(request)) == EpochClosed(commit)
            case ordering.Refused(code):
                assert self.do(code_of(self.store.append(request))) == code

    @rule(back=st.integers(0, 3), after=st.integers(0, 40))
    def read(self, back: int, after: int) -> None:
        epoch = max(self.epoch - back, 0)
        entries, closed = self.do(self.store.read(Read(GID, epoch, after, 0)))
        expected = [entry for entry in self.taken if entry.epoch == epoch and entry.seq > after]
        assert list(entries) == expected
        assert closed == (epoch < self.epoch)

    @rule()
    def open_again(self) -> None:
        self.do(self.store.close())
        self.store = SqliteStore.open(self.folder / "db")

    @invariant()
    def an_epoch_has_one_commit(self) -> None:
        commits = [entry.epoch for entry in self.taken if entry.kind is Kind.commit]
        assert commits == list(range(self.epoch))


TestLog = LogMachine.TestCase
TestLog.settings = settings(max_examples=15, stateful_step_count=40)


def test_a_page_ends_but_holds_at_least_one_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> list[int]:
        sizes = []
        async with opened(tmp_path / "db") as store:
            await store.create(Create(GID, bytes(16), 0))
            for number, body in enumerate([b"x" * 50, b"x" * 40, b"x" * 200, b"x"]):
                await store.append(Append(GID, 0, Kind.other, idem(number), body))
            after = 0
            while entries := (await store.read(Read(GID, 0, after, 0))).entries:
                sizes.append(len(entries))
                after = entries[-1].seq
        return sizes

    monkeypatch.setattr("covey.broker.sqlite.PAGE_BYTES", 100)
    assert run(work()) == [2, 1, 1]
    monkeypatch.setattr("covey.broker.sqlite.PAGE_ENTRIES", 1)
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    assert run(work()) == [1, 1, 1, 1]


def test_the_database_itself_knows_one_commit_per_epoch(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "db"):
            pass

    run(work())
    insert = "INSERT INTO entry (gid, seq, epoch, kind, idem, body) VALUES (?, ?, 0, 1, ?, x'')"
    with closing(sqlite3.connect(tmp_path / "db")) as database:
        database.execute(insert, (GID, 1, idem(1)))
        with pytest.raises(sqlite3.IntegrityError):
            database.execute(insert, (GID, 2, idem(2)))


def test_a_log_that_moved_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """Compare and swap: whoever decided on what is no longer so gets nothing done."""

    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            await store.create(Create(GID, bytes(16), 0))
            await store.append(Append(GID, 0, Kind.commit, idem(1), b"first"))
            stale = ordering.Log(0, 0, bytes(16), 0)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("covey.broker.sqlite._log", lambda *_: stale)
                with pytest.raises(StorageError, match="moved"):
                    await store.append(Append(GID, 0, Kind.commit, idem(2), b"second"))
            [entry] = (await store.read(Read(GID, 0, 0, 0))).entries
            assert entry.body == b"first"

    run(work())


# --- the file --------------------------------------------------------------------------


async def _written(path: Path) -> None:
    async with opened(path) as store:
        await store.create(Create(GID, bytes(16), 0))


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "db"
    umask = os.umask(0)
    try:
        run(_written(path))
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_dropped_is_overwritten(tmp_path: Path) -> None:
    secret = b"a KeyPackage with a name in it"

    async def work() -> None:
        async with opened(tmp_path / "db") as store:
            await store.publish(publishing(1), [an_offer(secret), an_offer(b"2")], now=0)
            await store.claim(Claim(INBOX, 1), now=0)

    run(work())
    assert secret not in (tmp_path / "db").read_bytes()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    run(_written(tmp_path / "db"))
    with closing(sqlite3.connect(tmp_path / "db")) as database:
        database.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    with pytest.raises(StorageError, match="knows up to"):
        SqliteStore.open(tmp_path / "db")


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + bytes(100)])
def test_what_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="cannot open"):
        SqliteStore.open(path)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot open"):
        SqliteStore.open(tmp_path / "nowhere" / "db")


def test_writes_are_on_the_disk_when_they_return(tmp_path: Path) -> None:
    async def work() -> list[tuple[str, object]]:
        database = Database.open(tmp_path / "db")
        names = ("journal_mode", "synchronous", "secure_delete")
        try:
            return [
                (
                    name,
                    await database.write(
                        lambda db, n=name: db.execute(f"PRAGMA {n}").fetchone()[0]
                    ),
                )
                for name in names
            ]
        finally:
            await database.close()

    assert run(work()) == [("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1)]


def test_a_transaction_that_fails_does_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        database = Database.open(tmp_path / "db")

        def fail(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO inbox (inbox, seq) VALUES (?, 1)", (INBOX,))
            db.execute("INSERT INTO nowhere VALUES (1)")

        try:
            with pytest.raises(StorageError, match="the database failed"):
                await database.write(fail)
            assert (
                await database.read(lambda db: db.execute("SELECT * FROM inbox").fetchall()) == []
            )
        finally:
            await database.close()

    run(work())
