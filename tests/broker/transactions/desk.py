"""A database that two stores share, asked by plain calls; and what to ask it for."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from covey.access.structs.log import Append, Appended, Create, NextEpoch
from covey.broker.hours import WEEK, week_of
from covey.broker.offers import Offer
from covey.broker.ordering import Admitted
from covey.broker.script import Statement
from covey.broker.transactions import accounts, inboxes, key_packages, log, reading
from covey.broker.transactions.accounts import Evidence
from covey.broker.transactions.key_packages import Asked, Shelf
from covey.broker.transactions.log import Creation
from covey.broker.transactions.reading import Page, Window
from covey.errors import BrokerError
from stores import opened_at, opened_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from covey.access.structs.heads import Position
    from covey.access.structs.log import AnsweredKnock, BundledPointer, Capability, Parcel
    from covey.broker.script import Row, Script
    from covey.broker.stores.port import Store
    from covey.broker.transactions.log import Outcome
    from stores import Kind

T = TypeVar("T")

HOUR = 2_900 * WEEK + 50
"""Now; two days into a week."""

BROKER = b"B" * 32
WIDE = Window(1000, 1_000_000)


def name(kind: str, number: int = 0, size: int = 32) -> bytes:
    """Names something; the same again names the same."""
    return sha256(f"{kind} {number}".encode()).digest()[:size]


class Desk:
    """Two stores over one database, as two processes have them."""

    def __init__(self, kind: Kind, runner: asyncio.Runner, stores: Sequence[Store]) -> None:
        self.kind = kind
        self.stores = stores
        self._runner = runner

    def write(self, script: Callable[[], Script[T]], key: bytes | None = None) -> T:
        """Run a script in a transaction of the first store."""
        return self._runner.run(self.stores[0].write(key, script))

    def read(self, script: Callable[[], Script[T]], key: bytes | None = None) -> T:
        """Run a script that changes nothing."""
        return self._runner.run(self.stores[0].read(key, script))

    def at_once(self, *scripts: Callable[[], Script[Any]], key: bytes | None = None) -> list[Any]:
        """Run scripts at the same time, now in one store and now in the other.

        Returns:
            What each returned or raised.
        """

        async def work() -> list[Any]:
            both = enumerate(scripts)
            tasks = (self.stores[at % 2].write(key, script) for at, script in both)
            return await asyncio.gather(*tasks, return_exceptions=True)

        return self._runner.run(work())

    def refuses(
        self, code: str, script: Callable[[], Script[object]], key: bytes | None = None
    ) -> None:
        """Run a script that is refused, and has done nothing."""
        before = self.content()
        with pytest.raises(BrokerError) as raised:
            self.write(script, key)
        assert raised.value.code == code
        assert self.content() == before

    def run(self, work: Any) -> Any:  # noqa: ANN401 - whatever it returns
        """Wait for anything that is awaitable."""
        return self._runner.run(work)

    def rows(self, statement: str, *args: bytes | int | str) -> list[Row]:
        """What is in the database."""

        def script() -> Script[list[Row]]:
            return (yield Statement(statement).of(*args))

        return self.read(script)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        count: int = self.rows(f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608 - by us
        return count

    def content(self) -> dict[str, list[Row]]:
        """Everything."""
        return {
            table: sorted(self.rows(f"SELECT * FROM {table}"), key=repr)  # noqa: S608 - by us
            for table in TABLES
        }


TABLES = (
    "broker", "account", "device", "invite", "key_package", "published", "shelved", "claim",
    "answer", "inbox", "inbox_entry", "posted", "slot", "log", "epoch", "entry", "parcel",
    "pointer_list", "capability", "knock",
)  # fmt: skip


@contextmanager
def opened_desk(kind: Kind) -> Iterator[Desk]:
    """A new database until the end of the block."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def open_both() -> list[Store]:
            place = await stack.enter_async_context(opened_place(kind))
            stores = [await stack.enter_async_context(opened_at(place)) for _ in range(2)]
            await stores[0].turn_weeks(week_of(HOUR), week_of(HOUR) - 5)
            return stores

        try:
            yield Desk(kind, runner, runner.run(open_both()))
        finally:
            runner.run(stack.aclose())


def following(
    number: int,
    parcels: tuple[Parcel, ...] = (),
    pointers: bytes = b"",
    capabilities: tuple[Capability, ...] = (),
    answered: tuple[AnsweredKnock, ...] = (),
    bundled: tuple[BundledPointer, ...] = (),
) -> NextEpoch:
    """What a commit brings, with the access key of a number."""
    return NextEpoch(name("access key", number), parcels, pointers, capabilities, answered, bundled)


class Chat:
    """A group's log, seen from outside."""

    def __init__(self, desk: Desk, number: int = 0, epoch: int = 0) -> None:
        self.desk = desk
        self.gid = name("gid", number)
        self.first = epoch

    def creation(
        self, invite: bytes | None = None, hour: int = HOUR, key: bytes = b"k" * 32
    ) -> Creation:
        """A request to begin the log."""
        request = Create(BROKER, self.gid, self.first, key, b"")
        return Creation(request, sha256(request.encode()).digest(), invite, hour)

    def create(self, hour: int = HOUR) -> Position:
        """Begin the log."""
        return self.desk.write(lambda: log.create(self.creation(hour=hour)), self.gid)

    def request(
        self, epoch: int, idem: int, body: bytes = b"", following: NextEpoch | None = None
    ) -> Admitted:
        """A request to append."""
        request = Append(BROKER, self.gid, epoch, name("idem", idem, 16), body, following)
        return Admitted(request, sha256(request.encode()).digest(), 100)

    def append(self, *batch: Admitted, hour: int = HOUR) -> list[Outcome]:
        """Append."""
        return self.desk.write(lambda: log.append(self.gid, batch, hour), self.gid)

    def commit(self, epoch: int, idem: int, hour: int = HOUR) -> Appended:
        """Append a plain commit, which wins."""
        request = self.request(epoch, idem, b"commit", following(epoch + 1))
        [answer] = self.append(request, hour=hour)
        assert isinstance(answer, Appended)
        return answer

    def page(self, epoch: int, after: int = 0, window: Window = WIDE) -> Page:
        """Read."""
        return self.desk.read(lambda: reading.page(self.gid, epoch, after, window), self.gid)


def an_offer(
    number: int,
    inbox: bytes = b"i" * 32,
    suite: int = 1,
    not_after: int = HOUR + 100,
    ref: bytes | None = None,
    *,
    last_resort: bool = False,
) -> Offer:
    """A KeyPackage as it was read, with a ref of its number."""
    message = b"KeyPackage %d" % number
    return Offer(message, ref or name("ref", number), inbox, suite, not_after, last_resort)


def asked(number: int, content: bytes = b"", hour: int = HOUR) -> Asked:
    """A request that is answered once, whatever is asked for."""
    return Asked(name("asked", number), sha256(content).digest(), hour)


def owe(desk: Desk, inbox: bytes, ref: bytes, pointers: int = 1) -> None:
    """Begin an inbox, and claim a KeyPackage of it so often."""
    offer = an_offer(0, inbox, ref=ref, last_resort=True)
    handle, device = sha256(inbox).digest(), sha256(inbox + ref).digest()
    desk.write(lambda: inboxes.create(inbox, b"K" * 32))
    desk.write(lambda: accounts.enrol(handle, device, Evidence(None, None, HOUR)))
    publishing = Asked(sha256(inbox + ref + b"publish").digest(), handle, HOUR)
    desk.write(lambda: key_packages.publish(device, [offer], publishing, Shelf(9, 0)))
    for number in range(pointers):
        claiming = Asked(sha256(inbox + ref + b"%d" % number).digest(), handle, HOUR)
        desk.write(partial(key_packages.claim, handle, 1, claiming))


def codes(outcomes: Sequence[object]) -> list[str]:
    """What became of requests, in short: the codes of those that were refused."""
    return [
        each.code if isinstance(each, BrokerError) else type(each).__name__ for each in outcomes
    ]
