"""Requests in any order, at any moment, through two stores on one database: one log.

What is said by whom at which moment is drawn; whatever it is, the log stays a chain without a
gap, each epoch has one commit, and every answer that was given fits what was kept.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.transactions.desk import BROKER, HOUR, WIDE, following, name, opened_desk
from covey.access import chain
from covey.access.structs.basics import Kind
from covey.access.structs.log import Append, Appended, Create, EpochClosed, Parcel
from covey.broker.ordering import Admitted
from covey.broker.transactions import log, reading
from covey.broker.transactions.log import Creation
from covey.errors import BrokerError
from stores import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from broker.transactions.desk import Desk
    from covey.access.structs.log import Entry
    from covey.broker.transactions.log import Outcome
    from stores import Kind as StoreKind


class Said(NamedTuple):
    """Something that somebody sends.

    Attributes:
        store: Through which store.
        pauses: How many other things may happen first.
        batch: Epoch, idem and content of each request; an odd content is a commit.
    """

    store: int
    pauses: int
    batch: list[tuple[int, int, int]]


said = st.builds(
    Said,
    st.integers(0, 1),
    st.integers(0, 5),
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 20), st.integers(0, 3)), min_size=1, max_size=4
    ),
)


@pytest.fixture(scope="module", params=KINDS)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """One database for all examples: each has a log of its own."""
    kind: StoreKind = request.param
    with ExitStack() as stack:
        yield stack.enter_context(opened_desk(kind))


COUNT = iter(range(10**9))


def admitted(gid: bytes, epoch: int, idem: int, content: int) -> Admitted:
    """A request; a commit brings a parcel."""
    brought = None
    if content % 2:
        parcel = Parcel(sha256(gid + b"%d %d" % (epoch, content)).digest(), b"p")
        brought = following(epoch + 1, (parcel,))
    request = Append(BROKER, gid, epoch, name("idem", idem, 16), b"%d" % content, brought)
    return Admitted(request, sha256(request.encode()).digest(), 100)


async def say(desk: Desk, gid: bytes, each: Said) -> list[tuple[Admitted, Outcome]]:
    """Send it, and keep what was answered."""
    for _ in range(each.pauses):
        await asyncio.sleep(0)
    batch = [admitted(gid, *one) for one in each.batch]
    answers = await desk.stores[each.store].write(gid, partial(log.append, gid, batch, HOUR))
    return list(zip(batch, answers, strict=True))


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(said, min_size=1, max_size=25))
def test_whatever_is_said_when_there_is_one_log(desk: Desk, saids: Sequence[Said]) -> None:
    request = Create(BROKER, name("any gid", next(COUNT)), 0, b"k" * 32, b"")
    gid = request.gid

    async def work() -> list[tuple[Admitted, Outcome]]:
        begin = Creation(request, sha256(request.encode()).digest(), None, HOUR)
        await desk.stores[0].write(gid, partial(log.create, begin))
        answers = await asyncio.gather(*(say(desk, gid, each) for each in saids))
        return [one for some in answers for one in some]

    answers = desk.run(work())
    entries: list[Entry] = []
    place, epoch, closed = chain.start(request), 0, True
    while closed:
        page = desk.read(partial(reading.page, gid, epoch, 0, WIDE))
        place = chain.follow(place, gid, page.entries)
        assert (page.head, page.complete) == (place, True)
        entries += page.entries
        closed = page.closed
        epoch += 1
    check(gid, entries, answers)
    kept = {row[0] for row in desk.rows("SELECT id FROM parcel WHERE gid = $1", gid)}
    assert kept == {
        sha256(gid + b"%d " % entry.epoch + entry.body).digest()
        for entry in entries
        if entry.kind is Kind.commit
    }


def check(gid: bytes, entries: list[Entry], answers: list[tuple[Admitted, Outcome]]) -> None:
    """The answers fit the log, and nothing is in it that nobody was told of."""
    commits = [entry for entry in entries if entry.kind is Kind.commit]
    assert [entry.epoch for entry in commits] == list(range(len(commits)))
    assert len({entry.idem for entry in entries}) == len(entries)
    told: set[int] = set()
    for (request, *_), answer in answers:
        assert request.gid == gid
        if isinstance(answer, Appended):
            entry = entries[answer.position.seq - 1]
            assert (entry.epoch, entry.idem, entry.body, entry.kind) == (
                request.epoch, request.idem, request.body, request.kind,
            )  # fmt: skip
            told.add(entry.seq)
        elif isinstance(answer, EpochClosed):
            assert answer.commit == commits[request.epoch]
        else:
            assert isinstance(answer, BrokerError)
            assert answer.code in {"idem_mismatch", "epoch_unknown", "parcel_exists"}
            if answer.code == "idem_mismatch":
                assert request.idem in {entry.idem for entry in entries}
            assert answer.code != "parcel_exists" or request.next is not None
    assert told == {entry.seq for entry in entries}
