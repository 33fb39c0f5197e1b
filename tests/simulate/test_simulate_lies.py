"""Lies: what a client can see of each, and what the judge learns of them."""

from __future__ import annotations

from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING

import pytest

from covey.access.member.epochs import EpochAccess
from covey.access.member.replies import Followed, RestoredError, RolledBackError
from covey.access.operations import OPERATIONS
from covey.access.structs.basics import Challenge, Nothing
from covey.access.structs.log import Entries, Read
from covey.client.sync.effects import Ask, Lane, Use
from covey.errors import BrokerError, ForkError
from covey.lab.conformance.generate.seeded import Seeded
from covey.lab.simulate import broker
from covey.lab.simulate.broker import Line, answering_at_once
from covey.lab.simulate.lies import Caught, Front, Lie
from covey.lab.simulate.story import Story
from covey.lab.simulate.virtual import BEGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.mls.wire.struct import WireStruct

GID = bytes(range(32))
LANE = Lane(Use.speak, GID)


class Table:
    """Somebody with a log of one epoch at a broker that lies."""

    def __init__(self) -> None:
        story = Story(lambda: BEGIN)
        chance = Random("lies")  # noqa: S311 - it has to be the same each time
        self.front = Front(Seeded(b"s", "broker"), lambda: BEGIN, lambda _: None, 30, chance, story)
        secret = Seeded(b"s", "epoch")(32)
        self.access = EpochAccess.derive(
            lambda _, __, length: secret[:length], self.front.broker_id, GID, 0
        )
        self.line = Line(Seeded(b"s", "line"))
        self.followed = Followed(self.front.broker_id, GID)
        self.ask("create", self.access.create())

    def ask(self, operation: str, request: WireStruct, client: str = "ann") -> WireStruct:
        ask = Ask(LANE, operation, request)
        answered = self.front.answer(client, self.line, ask, request.encode())
        found: WireStruct = answered.kind.decode(answered.answer)
        assert isinstance(found, OPERATIONS[operation].answer)
        self.front.shown(client, ask, found, answered.lie)
        return found

    def append(self, number: int, client: str = "ann") -> None:
        idem = number.to_bytes(16)
        self.ask("append", self.access.append(idem, f"message {number}".encode()), client)

    def read(self, client: str = "ann") -> Entries:
        challenge = self.ask("challenge", Nothing())
        assert isinstance(challenge, Challenge)
        after = 0 if self.followed.position is None else self.followed.position.seq
        proof = self.access.prove(challenge.nonce)
        answer = self.ask("read", Read(GID, 0, after, 0, proof), client)
        assert isinstance(answer, Entries)
        return answer

    def follow_anew(self, times: int) -> None:
        """Read all from the beginning, again and again."""
        for _ in range(times):
            self.followed = Followed(self.front.broker_id, GID)
            self.follow()

    def follow(self, client: str = "ann") -> int:
        """Read; how many entries came."""
        answer = self.read(client)
        self.followed = self.followed.read(0, answer)
        return len(answer.entries)


@pytest.fixture
def table() -> Iterator[Table]:
    broker.prepare()
    with ExitStack() as stack:
        stack.enter_context(answering_at_once())
        table = Table()
        for number in range(1, 6):
            table.append(number)
        yield table


ALL = frozenset({"ann", "bob"})


def test_an_honest_broker_is_followed(table: Table) -> None:
    assert table.follow() == 5
    assert not table.front.denied()


@pytest.mark.parametrize("lie", [Lie.drop, Lie.reorder, Lie.replay])
def test_a_blatant_lie_is_seen_by_whoever_hears_it_and_noted(table: Table, lie: Lie) -> None:
    table.front.begin(lie, ALL)
    with pytest.raises(ForkError):
        table.follow_anew(times=20)
    assert table.front.caught == [Caught("ann", GID, lie, BEGIN)]
    table.front.end()
    table.front.begin(lie, ALL)
    with pytest.raises(ForkError):
        table.follow_anew(times=20)
    assert [each.lie for each in table.front.caught] == [lie, lie]


def test_what_is_withheld_cannot_be_seen_and_comes_later(table: Table) -> None:
    table.front.begin(Lie.withhold, ALL)
    came = [table.follow() for _ in range(10)]
    assert 0 < len([each for each in came if each]) <= 10
    table.front.end()
    assert sum(came) + table.follow() == 5
    assert not table.front.caught
    assert not table.front.denied()


def test_only_victims_are_lied_to(table: Table) -> None:
    table.front.begin(Lie.drop, frozenset({"bob"}))
    assert all(len(table.read().entries) == 5 for _ in range(10))


def test_a_fork_has_two_logs_until_it_ends(table: Table) -> None:
    table.follow()
    table.front.begin(Lie.fork, frozenset({"bob"}))
    table.append(6)
    table.append(7, "bob")
    [ann], [bob] = table.read().entries, table.read("bob").entries
    assert (ann.seq, bob.seq) == (6, 6)
    assert ann.body != bob.body
    table.front.end()
    assert table.read("bob").entries == (ann,)
    assert {each.client for each in table.front.denied()} == {"bob"}


def test_what_was_shown_in_a_fork_is_remembered_when_nothing_shows_it_any_more(
    table: Table,
) -> None:
    table.follow()
    table.front.begin(Lie.fork, frozenset({"bob"}))
    table.append(6, "bob")
    table.append(7)
    table.front.sweep()
    table.front.places = {each: at for each, at in table.front.places.items() if each.seq < 6}
    table.front.end()
    assert not table.front.denied()
    assert {each.client for each in table.front.ever_denied()} == {"bob"}


@pytest.mark.parametrize(
    ("lie", "error"), [(Lie.rollback, RolledBackError), (Lie.restore, RestoredError)], ids=str
)
def test_a_broker_that_was_set_back_is_seen(table: Table, lie: Lie, error: type[Exception]) -> None:
    table.front.keep_copy()
    table.append(6)
    table.follow()
    table.front.begin(lie, frozenset())
    with pytest.raises(error):
        table.follow()
    assert {each.seq for each in table.front.denied()} == {6}


def test_a_broker_that_kept_no_copy_cannot_be_set_back(table: Table) -> None:
    table.follow()
    table.front.begin(Lie.rollback, frozenset())
    assert table.follow() == 0


def test_what_is_offered_again_is_no_lie(table: Table) -> None:
    table.front.keep_copy()
    table.append(6)
    table.front.begin(Lie.rollback, frozenset())
    assert table.front.denied()
    table.append(6)
    assert not table.front.denied()


def test_a_stranger_is_refused_whatever_the_broker_says(table: Table) -> None:
    other = EpochAccess.derive(lambda _, __, length: bytes(length), table.front.broker_id, GID, 0)
    with pytest.raises(BrokerError, match="proof_refused"):
        table.ask("append", other.append(bytes(16), b"hello"))
