"""Which request wins: the decisions, one by one and against a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.broker import limits, ordering
from covey.broker.messages import Append, Create, Entry, Kind, Read
from covey.broker.ordering import Allowed, Began, Late, Log, Refused, Repeated, Taken
from covey.broker.refusals import Code

if TYPE_CHECKING:
    from collections.abc import Sequence

GID = bytes(32)
LOG = Log(epoch=7, seq=12, idem=bytes(16), first_epoch=3)


def an_append(
    epoch: int = 7, kind: Kind = Kind.other, idem: bytes = b"i" * 16, body: bytes = b"body"
) -> Append:
    return Append(GID, epoch, kind, idem, body)


def test_a_message_is_taken_and_its_epoch_goes_on() -> None:
    decision = ordering.append(LOG, None, an_append())
    entry = Entry(13, 7, Kind.other, b"i" * 16, b"body")
    assert decision == Taken(LOG._replace(seq=13), entry)


def test_a_commit_is_taken_and_closes_its_epoch() -> None:
    decision = ordering.append(LOG, None, an_append(kind=Kind.commit))
    assert isinstance(decision, Taken)
    assert decision.log == LOG._replace(seq=13, epoch=8)


@pytest.mark.parametrize("kind", Kind)
def test_who_comes_after_the_commit_is_late(kind: Kind) -> None:
    assert ordering.append(LOG, None, an_append(6, kind)) == Late(6)


@pytest.mark.parametrize("epoch", [2, 8, 2**64 - 1])
def test_an_epoch_that_is_not_there_is_unknown(epoch: int) -> None:
    assert ordering.append(LOG, None, an_append(epoch)) == Refused(Code.epoch_unknown)
    assert ordering.read(LOG, Read(GID, epoch, 0, 0)) == Refused(Code.epoch_unknown)


def test_a_group_that_is_not_there_is_unknown() -> None:
    assert ordering.append(None, None, an_append()) == Refused(Code.group_unknown)
    assert ordering.read(None, Read(GID, 0, 0, 0)) == Refused(Code.group_unknown)


def test_a_retry_is_answered_as_the_first_try_was_though_its_epoch_closed_since() -> None:
    request = an_append(5)
    earlier = Entry(9, 5, request.kind, request.idem, request.body)
    assert ordering.append(LOG, earlier, request) == Repeated(9)


@pytest.mark.parametrize(
    "request_", [an_append(7), an_append(5, Kind.commit), an_append(5, body=b"other")]
)
def test_another_request_under_a_used_idem_is_refused(request_: Append) -> None:
    earlier = Entry(9, 5, Kind.other, request_.idem, b"body")
    assert ordering.append(LOG, earlier, request_) == Refused(Code.idem_mismatch)


@pytest.mark.parametrize("kind", Kind)
def test_a_body_has_a_limit(kind: Kind) -> None:
    limit = limits.BODY[kind]
    assert isinstance(ordering.append(LOG, None, an_append(7, kind, body=bytes(limit))), Taken)
    refused = ordering.append(LOG, None, an_append(7, kind, body=bytes(limit + 1)))
    assert refused == Refused(Code.too_large)


def test_who_is_late_learns_of_the_commit_whatever_the_size() -> None:
    assert ordering.append(LOG, None, an_append(6, body=bytes(2**17))) == Late(6)


def test_a_log_begins_once() -> None:
    request = Create(GID, b"i" * 16, 4)
    began = ordering.create(None, request)
    assert began == Began(Log(4, 0, b"i" * 16, 4))
    assert ordering.create(began.log._replace(epoch=9, seq=5), request) == Began(
        Log(9, 5, b"i" * 16, 4)
    )
    assert ordering.create(began.log, Create(GID, b"j" * 16, 4)) == Refused(Code.group_exists)
    assert ordering.create(began.log, Create(GID, b"i" * 16, 5)) == Refused(Code.idem_mismatch)
    assert ordering.create(None, Create(GID, b"i" * 16, 2**63)) == Refused(Code.bad_request)


def test_reading_says_whether_more_will_come() -> None:
    assert ordering.read(LOG, Read(GID, 7, 0, 0)) == Allowed(closed=False)
    assert ordering.read(LOG, Read(GID, 3, 0, 0)) == Allowed(closed=True)


requests = st.lists(
    st.builds(
        an_append,
        epoch=st.integers(0, 6),
        kind=st.sampled_from(Kind),
        idem=st.integers(0, 12).map(lambda number: bytes([number]) * 16),
        body=st.sampled_from([b"", b"a", b"b"]),
    ),
    max_size=40,
)


@given(requests)
def test_a_log_is_what_a_list_would_be(sent: Sequence[Append]) -> None:
    """The model: a list of what was taken; an epoch is the number of commits before."""
    log = Log(0, 0, bytes(16), 0)
    taken: list[Entry] = []
    for request in sent:
        known = [entry for entry in taken if entry.idem == request.idem]
        epoch = sum(entry.kind is Kind.commit for entry in taken)
        decision = ordering.append(log, known[0] if known else None, request)
        match decision:
            case Taken(log, entry):
                assert not known
                assert request.epoch == epoch
                assert entry.seq == len(taken) + 1
                taken.append(entry)
            case Repeated(seq):
                [same] = known
                expected = Entry(seq, request.epoch, request.kind, request.idem, request.body)
                assert same == expected == taken[seq - 1]
            case Late(closed):
                assert not known
                assert closed == request.epoch < epoch
            case Refused(code):
                expected_code = Code.idem_mismatch if known else Code.epoch_unknown
                assert code is expected_code
                assert known or request.epoch > epoch
    assert (log.epoch, log.seq) == (sum(e.kind is Kind.commit for e in taken), len(taken))
    commits = [entry.epoch for entry in taken if entry.kind is Kind.commit]
    assert commits == list(range(len(commits)))
