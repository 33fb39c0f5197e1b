"""The broker's own operations, on databases in memory, answering at once.

May import the broker. The store runs the broker's transactions on ``sqlite3`` in memory; nothing
in it waits, so an operation is a coroutine that ends at its first step. What a broker over HTTP
would wait for is left to who asks: :class:`Answered` says what to wait for.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from unittest.mock import patch

from covey.access.heads import HeadSigner
from covey.access.operations import OPERATIONS, Operation, Plane
from covey.access.refusals import Code, refused
from covey.access.structs.basics import Signed, TicketKind
from covey.access.tickets import Mint
from covey.broker.buckets import Bucket, Buckets, Rate
from covey.broker.config import Config
from covey.broker.connections import Connection
from covey.broker.hours import DAY
from covey.broker.metrics import Metrics
from covey.broker.operations import waiting
from covey.broker.operations.ports import Caller, Clock, Ports
from covey.broker.operations.table import Operations
from covey.broker.script import Query, play
from covey.broker.stores.migrating import packaged
from covey.broker.stores.wakes import Wakes
from covey.broker.transactions import birth, log, sweeping
from covey.broker.transactions.sweeping import Ages
from covey.errors import BrokerError, DecodeError, StorageError
from covey.migrating import migrations_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from covey.access.structs.log import Appended, EpochClosed
    from covey.broker.operations.waiting import Wait
    from covey.broker.ordering import Admitted
    from covey.broker.script import Row, Script, Step
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.wire.struct import WireStruct

T = TypeVar("T")

_NETWORK: Final = bytes(16)  # all come from the same one
_PLENTY: Final = Rate(1 << 40, 3600)
_HEAD_KEY_HOURS: Final = 20 * 366 * 24
_WAITS: Final[list[Wait]] = []  # what the operation that runs would have waited for


class Answered(NamedTuple):
    """The answer of an operation.

    Attributes:
        answer: Its bytes.
        kind: The struct that they are.
        wait: What the broker would wait for before it says so little; None when it would not.
        lie: What is wrong with it; empty when nothing is.
    """

    answer: bytes
    kind: type[WireStruct]
    wait: Wait | None
    lie: str = ""


class MemoryStore:
    """A broker's database, in memory.

    Args:
        wakes: Is told of what is new.
        database: What it begins with; an empty one by default.

    Attributes:
        wakes: Is told of what is new.
        shards: 1.
    """

    def __init__(self, wakes: Wakes, database: sqlite3.Connection | None = None) -> None:
        self.wakes: Wakes = wakes
        self.shards: int = 1
        self._database = _copy(_empty() if database is None else database)

    def copy(self) -> MemoryStore:
        """A second database that holds the same, and goes its own way from here."""
        return MemoryStore(self.wakes, self._database)

    async def read(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script that changes nothing."""
        del key
        return self.play(script)

    async def write(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script in a transaction."""
        del key
        execute = self._database.execute
        execute("BEGIN")
        try:
            answer = self.play(script)
        except BaseException:
            execute("ROLLBACK")
            raise
        execute("COMMIT")
        return answer

    def play(self, script: Callable[[], Script[T]]) -> T:
        """Run a script as it is."""
        return play(script(), self._run)

    async def every(self, script: Callable[[], Script[T]]) -> list[T]:
        """Run a script in a transaction."""
        return [await self.write(None, script)]

    async def turn_weeks(self, week: int, oldest: int) -> None:
        """Do nothing: a week is a column here."""
        del week, oldest

    async def forget_order(self) -> None:
        """Do nothing: nobody finds a file here."""

    async def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _run(self, step: Step) -> list[Row]:
        execute = self._database.execute
        try:
            if isinstance(step, Query):
                return execute(*step.statement.sqlite(step.args)).fetchall()
            for row in step.rows:
                execute(*step.statement.sqlite(row))
        except sqlite3.Error as error:
            msg = f"the database in memory failed: {error}"
            raise StorageError(msg) from error
        return []


class _Alone:
    """Appends one by one, where a broker that serves many at once combines."""

    def __init__(self, store: MemoryStore, hour: Callable[[], int]) -> None:
        self._store = store
        self._hour = hour

    async def append(self, admitted: Admitted) -> Appended | EpochClosed:
        """Append.

        Raises:
            BrokerError: It was refused.
        """
        gid, hour = admitted.request.gid, self._hour()
        [outcome] = await self._store.write(gid, lambda: log.append(gid, [admitted], hour))
        if isinstance(outcome, BrokerError):
            raise outcome
        return outcome


class Told(Wakes):
    """Wake-ups that are told to somebody, since nobody waits in here."""

    def __init__(self, tell: Callable[[bytes], None]) -> None:
        super().__init__()
        self._tell = tell

    def wake(self, key: bytes) -> None:
        """Tell that there is something new under a key."""
        self._tell(key)


class Line(Connection):
    """A connection, whose number is drawn from the seed."""

    def __init__(self, entropy: Entropy) -> None:  # the parent's draws from the system
        self.id: bytes = entropy(16)
        self.network: bytes = _NETWORK
        self.plane: Plane | None = None


class Copy:
    """A broker on one database.

    Args:
        identity: Who it is; two copies of one broker share it.
        store: Its database.
        days: For how many days it keeps epochs that are closed.

    Attributes:
        store: Its database.
        ports: What it stands on.
    """

    def __init__(self, identity: Identity, store: MemoryStore, days: int) -> None:
        self.store: MemoryStore = store
        incarnation = done(store.write(None, lambda: birth.incarnation(identity.fresh)))
        self.ports: Ports = Ports(
            config=_config(days),
            store=store,
            blobs=None,
            signer=identity.signer,
            incarnation=incarnation,
            mint=identity.mint,
            buckets=Buckets(dict.fromkeys(Bucket, _PLENTY), secret=bytes(32)),
            clock=identity.clock,
            metrics=_metrics(),
            issuer=None,
        )
        self._operations = Operations(self.ports)
        self._operations.logs.combiner = _Alone(store, lambda: identity.clock.hour)  # type: ignore[assignment]

    def answer(self, line: Connection, name: str, request: bytes, token: bytes) -> Answered:
        """Answer a request as it came.

        Raises:
            BrokerError: It is refused.
        """
        operation = OPERATIONS[name]
        caller = _caller(line, operation, token, self.ports.mint)
        _WAITS.clear()
        try:
            asked = (Signed if operation.label else operation.request).decode(request)
            answer = done(self._operations.by_name[name](caller, asked))
        except DecodeError:
            raise refused(Code.malformed) from None
        except StorageError:
            raise refused(Code.unavailable) from None
        return Answered(answer.encode(), type(answer), _WAITS[0] if _WAITS else None)

    def sweep(self) -> None:
        """Throw away what is too old."""
        ages = Ages(self.ports.clock.hour, self.ports.config.retention_days * DAY)
        for script in (sweeping.sweep_epochs, sweeping.sweep):
            while sweeping.is_full(done(self.store.write(None, lambda: script(ages)))):  # noqa: B023 - called at once
                pass

    def limits(self) -> dict[str, int]:
        """How large, and how many."""
        limits: dict[str, int] = self.ports.limits.model_dump(mode="json")
        return limits


class Identity(NamedTuple):
    """What copies of one broker share.

    Attributes:
        signer: Signs heads.
        mint: Makes tickets.
        clock: The time.
        fresh: The incarnation of an empty database.
    """

    signer: HeadSigner
    mint: Mint
    clock: Clock
    fresh: bytes

    @classmethod
    def drawn(cls, entropy: Entropy, now: Callable[[], float]) -> Identity:
        """A new one."""
        clock = Clock(now, now)
        signer = HeadSigner(entropy(32), clock.hour + _HEAD_KEY_HOURS, entropy)
        return cls(signer, Mint(entropy(32), now), clock, entropy(16))

    @property
    def broker_id(self) -> bytes:
        """Who it is."""
        return self.signer.broker_id


def _caller(line: Connection, operation: Operation, token: bytes, mint: Mint) -> Caller:
    """Who asks, as :mod:`covey.broker.reception` has it, without headers."""
    if operation.plane is Plane.group and token:
        raise refused(Code.wrong_plane)
    line.enter(Plane.identity if token else operation.plane)
    if not operation.token:
        return Caller(line)
    if not token:
        raise refused(Code.unauthenticated)
    ticket = mint.read(TicketKind.device, line.id, token)
    if ticket is None:
        raise refused(Code.stale_proof)
    return Caller(line, ticket.subject)


def done(work: Awaitable[T] | Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that waits for nothing."""
    step = work.__await__()
    try:
        next(step)
    except StopIteration as end:
        answer: T = end.value
        return answer
    msg = "a broker in memory has nothing to wait for"
    raise AssertionError(msg)


@contextmanager
def answering_at_once() -> Iterator[None]:
    """Let nobody wait in a broker's operations while the block lasts; to be around all of it."""
    with patch.object(waiting, "until", _look_once):
        yield


async def _look_once(
    _: Wakes, wait: Wait, look: Callable[[], Awaitable[T]], enough: Callable[[T], bool]
) -> T:
    found = await look()
    if wait.seconds > 0 and not enough(found):
        _WAITS.append(wait)
    return found


def _copy(database: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
    database.backup(copy)
    return copy


def prepare() -> None:
    """Do what is done once for all runs, and reads files and clocks."""
    _empty()
    _metrics()


@cache
def _empty() -> sqlite3.Connection:
    """A database with the broker's schema, and nothing in it."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    for migration in migrations_in(packaged("sqlite")):
        database.executescript(migration.text)
    return database


@contextmanager
def letting_idems_recur() -> Iterator[None]:
    """Let databases that begin meanwhile hold an idem twice, which the schema forbids."""
    index = "CREATE UNIQUE INDEX entry_idem ON entry (gid, idem)"
    _empty().execute("DROP INDEX entry_idem")
    try:
        yield
    finally:
        _empty().execute(index)


@cache
def _config(days: int) -> Config:
    # By construction: neither a file nor the environment has a say.
    return Config.model_construct(retention_days=days)


@cache
def _metrics() -> Metrics:
    return Metrics((), ())
