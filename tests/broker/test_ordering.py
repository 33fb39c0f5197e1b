"""Which request wins: the decisions, one by one and against a model."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.access import chain
from covey.access.refusals import Code
from covey.access.structs.basics import Kind
from covey.access.structs.heads import Position
from covey.access.structs.log import Append, Create, Entry, NextEpoch
from covey.broker import ordering
from covey.broker.limits import FIRST_EPOCH
from covey.broker.ordering import (
    Admitted,
    Began,
    Begun,
    Earlier,
    Late,
    Log,
    Refused,
    Repeated,
    Taken,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

BROKER, GID, KEY = b"B" * 32, b"g" * 32, b"k" * 32
LIMIT = 8
LOG = Log(epoch=7, head=Position(12, b"h" * 32), floor=3)
NEXT = NextEpoch(b"n" * 32, (), b"", (), (), ())


def an_append(
    epoch: int = 7, idem: bytes = b"i" * 16, body: bytes = b"body", *, commit: bool = False
) -> Admitted:
    """A request whose signature was looked at."""
    request = Append(BROKER, GID, epoch, idem, body, NEXT if commit else None)
    return Admitted(request, sha256(request.encode()).digest(), LIMIT)


def a_create(epoch: int = 4, key: bytes = KEY) -> tuple[Create, bytes]:
    """A request to begin a log, and its digest."""
    request = Create(BROKER, GID, epoch, key, b"")
    return request, sha256(request.encode()).digest()


# --- beginning -----------------------------------------------------------------------------


def test_a_log_begins_once() -> None:
    request, digest = a_create()
    began = ordering.create(None, request, digest)
    assert began == Began(Begun(digest, chain.start(request)))
    assert ordering.create(began.begun, request, digest) == began


@pytest.mark.parametrize("other", [a_create(5), a_create(4, b"l" * 32)])
def test_a_gid_is_one_log(other: tuple[Create, bytes]) -> None:
    request, digest = a_create()
    begun = Begun(digest, chain.start(request))
    assert ordering.create(begun, *other) == Refused(Code.group_exists)


def test_a_log_begins_where_there_is_room_for_epochs() -> None:
    assert isinstance(ordering.create(None, *a_create(FIRST_EPOCH - 1)), Began)
    for epoch in (FIRST_EPOCH, 2**64 - 1):
        refused = ordering.create(None, *a_create(epoch))
        assert refused == Refused(Code.malformed)


# --- appending -----------------------------------------------------------------------------


def test_a_message_is_taken_and_its_epoch_goes_on() -> None:
    decision = ordering.append(LOG, None, an_append())
    entry = Entry(13, 7, Kind.other, b"i" * 16, b"body")
    after = chain.link(LOG.head, GID, entry)
    assert decision == Taken(LOG._replace(head=after), entry, LOG.head.hash)


def test_a_commit_is_taken_and_closes_its_epoch() -> None:
    decision = ordering.append(LOG, None, an_append(commit=True))
    assert isinstance(decision, Taken)
    assert decision.entry.kind is Kind.commit
    assert decision.log == LOG._replace(epoch=8, head=chain.link(LOG.head, GID, decision.entry))


@pytest.mark.parametrize("commit", [False, True])
@pytest.mark.parametrize("body", [b"", bytes(LIMIT + 1)])
def test_who_is_late_learns_of_the_commit_whatever_the_size(*, commit: bool, body: bytes) -> None:
    assert ordering.append(LOG, None, an_append(6, body=body, commit=commit)) == Late(6)
    assert ordering.append(LOG, None, an_append(3, body=body, commit=commit)) == Late(3)


@pytest.mark.parametrize(
    ("epoch", "code"),
    [(2, Code.gone), (0, Code.gone), (8, Code.epoch_unknown), (2**64 - 1, Code.epoch_unknown)],
)
def test_an_epoch_that_is_not_there(epoch: int, code: Code) -> None:
    assert ordering.append(LOG, None, an_append(epoch)) == Refused(code)
    assert ordering.epoch_is_kept(LOG, epoch) is code


@pytest.mark.parametrize("epoch", [3, 6, 7])
def test_an_epoch_that_is_kept(epoch: int) -> None:
    assert ordering.epoch_is_kept(LOG, epoch) is None


@pytest.mark.parametrize("epoch", [1, 5, 7, 9])
def test_a_retry_is_answered_as_the_first_try_was_whatever_became_of_its_epoch(epoch: int) -> None:
    admitted = an_append(epoch, body=bytes(LIMIT + 1))
    place = Position(9, b"p" * 32)
    assert ordering.append(LOG, Earlier(place, admitted.digest), admitted) == Repeated(place)


@pytest.mark.parametrize(
    "other", [an_append(), an_append(5, commit=True), an_append(5, body=b"other")]
)
def test_another_request_under_a_used_idem_is_refused(other: Admitted) -> None:
    earlier = Earlier(Position(9, b"p" * 32), an_append(5).digest)
    assert ordering.append(LOG, earlier, other) == Refused(Code.idem_mismatch)


@pytest.mark.parametrize("commit", [False, True])
def test_a_body_has_a_limit(*, commit: bool) -> None:
    fits = ordering.append(LOG, None, an_append(body=bytes(LIMIT), commit=commit))
    assert isinstance(fits, Taken)
    refused = ordering.append(LOG, None, an_append(body=bytes(LIMIT + 1), commit=commit))
    assert refused == Refused(Code.too_large)


# --- against a model -----------------------------------------------------------------------


class Model:
    """What a log is: a list of what was taken, and a dictionary of what was taken for which idem.

    Its epoch is the number of commits in it.
    """

    def __init__(self) -> None:
        self.taken: list[Append] = []
        self.floor = 0

    @property
    def epoch(self) -> int:
        """The current epoch."""
        return sum(each.next is not None for each in self.taken)

    def expect(self, request: Append) -> int | str:
        """The number that a request gets, or why it gets none; what is taken is kept."""
        known = {each.idem: number for number, each in enumerate(self.taken, 1)}
        number = known.get(request.idem)
        if number is not None:
            return number if self.taken[number - 1] == request else "idem_mismatch"
        if request.epoch > self.epoch:
            return "epoch_unknown"
        if request.epoch < self.floor:
            return "gone"
        if request.epoch < self.epoch:
            return "late"
        if len(request.body) > LIMIT:
            return "too_large"
        self.taken.append(request)
        return len(self.taken)


def word_for(
    decision: Taken | Repeated | Late | Refused, request: Append, model: Model
) -> int | str:
    """A decision in the words of the model."""
    match decision:
        case Taken(_, entry, _):
            assert entry == Entry(
                entry.seq, request.epoch, request.kind, request.idem, request.body
            )
            return entry.seq
        case Repeated(position):
            return position.seq
        case Late(epoch):
            assert epoch == request.epoch < model.epoch
            return "late"
        case Refused(code):
            return code.value


sent = st.builds(
    an_append,
    epoch=st.integers(0, 6),
    idem=st.integers(0, 12).map(lambda number: bytes([number]) * 16),
    body=st.sampled_from([b"", b"a", b"b", bytes(LIMIT), bytes(LIMIT + 1)]),
    commit=st.booleans(),
)
floors = st.integers(0, 3)


@given(st.lists(sent | floors, max_size=60))
def test_a_log_is_what_a_list_would_be(steps: Sequence[Admitted | int]) -> None:
    """Whatever is asked for; a number is the sweeper, which raises the floor to it."""
    request, digest = a_create(0)
    began = ordering.create(None, request, digest)
    assert isinstance(began, Began)
    log, model = Log(0, began.begun.start, 0), Model()
    places: dict[bytes, Earlier] = {}
    entries: list[Entry] = []
    for step in steps:
        if isinstance(step, int):
            model.floor = max(model.floor, min(step, model.epoch))
            log = log._replace(floor=model.floor)
            continue
        expected = model.expect(step.request)
        decision = ordering.append(log, places.get(step.request.idem), step)
        assert word_for(decision, step.request, model) == expected
        if isinstance(decision, Taken):
            assert decision.previous == log.head.hash
            log = decision.log
            entries.append(decision.entry)
            places[decision.entry.idem] = Earlier(log.head, step.digest)
        elif isinstance(decision, Repeated):
            assert decision.position == places[step.request.idem].position
    assert log == Log(model.epoch, log.head, model.floor)
    assert chain.follow(began.begun.start, GID, entries) == log.head
    commits = [entry.epoch for entry in entries if entry.kind is Kind.commit]
    assert commits == list(range(log.epoch))
    assert [entry.epoch for entry in entries] == sorted(entry.epoch for entry in entries)
