"""The analyst is an honest adversary: it finds what is there to be found, and nothing else.

One run each, and many when `make soak` runs them; the tables of
docs/explanation/what-the-broker-sees.md are made by ``python -m covey.lab.analyst``.
"""

from __future__ import annotations

import base64
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import pytest

from covey.lab.analyst import places, postgres_pages, scoring, sqlite_pages
from covey.lab.analyst.__main__ import CLIENTS, at_rest, main, watched
from covey.lab.analyst.searching import PAGE, Search, changed_pages, outside, pages
from lengths import is_soak, only_in_full, only_in_soak

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.lab.analyst.places import Kind
    from covey.lab.analyst.scoring import Scored

SEED = 3
SECRET = b"\xab123456789abcdef"
GIDS = [bytes([number]) * 32 for number in range(5)]


class Runs(NamedTuple):
    """How many runs are compared, and what may be luck in their mean.

    By luck, the share of accounts whose group is found varies by 10 points in one run, and the
    share of pairs by 6; each limit is four times as far away, so that it is passed by luck less
    than once in ten thousand times.

    Attributes:
        seeds: Of the runs.
        hits: By how much more accounts' groups may be found than by chance.
        pairs: By how much more pairs may be.
    """

    seeds: Sequence[int]
    hits: float
    pairs: float


@pytest.fixture
def runs() -> Runs:
    """As the profile of hypothesis says."""
    if is_soak():
        return Runs(range(1, 13), hits=0.12, pairs=0.12)
    return Runs([SEED], hits=0.4, pairs=0.3)


def lifts(scored: Sequence[Scored]) -> tuple[float, float]:
    """How much better than chance accounts' groups, and pairs, are found on average."""
    pairs = fmean(each.precision - each.precision_chance for each in scored)
    return fmean(each.lift for each in scored), pairs


@pytest.mark.parametrize("kind", places.KINDS)
def test_order_says_much_and_nothing_once_the_broker_has_tidied_up(kind: Kind, runs: Runs) -> None:
    """The same analyst: it would find what there is to be found."""
    only_in_full("it takes a minute on each store")
    found = [at_rest(kind, seed) for seed in runs.seeds]

    hits, pairs = lifts([each.before for each in found])
    assert hits > 0.15
    assert pairs > 0.25

    for scored in ([each.rows for each in found], [each.after for each in found]):
        hits, pairs = lifts(scored)
        assert hits < runs.hits
        assert pairs < runs.pairs
    left = {name for each in found for name in each.left}
    assert left == ({"pages"} if kind == "sqlite" else {"xid"})

    for each in found:  # who watches the same run finds most groups
        assert each.watched.hits > 0.8
        assert each.watched.p < 0.01


def test_a_watcher_finds_most_groups_though_all_come_from_one_address() -> None:
    """What the default client shows is seen above."""
    only_in_soak("it takes as long as a run above")
    scored = watched(CLIENTS["default, relayed"], SEED)
    assert scored.hits > 0.8
    assert scored.p < 0.01


def test_the_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["dream"])
    assert "dream" in capsys.readouterr().err


# --- scores ---------------------------------------------------------------------------------


def test_knowing_everything_scores_all_and_knowing_nothing_scores_chance() -> None:
    random = Random(1)  # noqa: S311 - no secret
    truth = {f"p{number}": {random.choice(GIDS)} for number in range(40)}
    knows = {name: dict.fromkeys(where, 1.0) for name, where in truth.items()}
    right = scoring.scored(knows, truth, GIDS, 1)
    assert (right.hits, right.precision, right.p) == (1.0, 1.0, 0.0)
    assert right.chance < 0.5
    blind = scoring.scored({}, truth, GIDS, 1)
    assert abs(blind.lift) < 0.25
    assert blind.p > 0.01


def test_to_know_the_largest_group_is_no_lift() -> None:
    truth = {f"p{number}": {GIDS[0]} if number % 4 else {GIDS[1]} for number in range(40)}
    same = {name: {GIDS[0]: 1.0} for name in truth}
    scored = scoring.scored(same, truth, GIDS, 1)
    assert scored.hits == scored.chance == 0.75
    assert scored.lift == 0


def test_an_interval_is_as_wide_as_the_runs_differ() -> None:
    assert scoring.over([0.5, 0.5, 0.5]) == (0.5, 0.5, 0.5)
    rate = scoring.over([0.4, 0.6])
    assert rate.mean == pytest.approx(0.5)
    assert rate.low < 0
    assert rate.high > 1
    assert str(rate) == "50% (0%-100%)"


# --- the search -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("as it is", SECRET),
        ("in hex", SECRET.hex().encode()),
        ("in hex", SECRET.hex().upper().encode()),
        ("in base64", base64.b64encode(SECRET)),
        ("in base64", base64.b64encode(b"x" + SECRET)),
        ("in base64", base64.urlsafe_b64encode(b"xx" + SECRET)),
    ],
)
def test_every_form_is_found(form: str, data: bytes) -> None:
    search = Search({"it": SECRET})
    found = search.of("here", b"xyz" + data + b"xyz")
    assert any((each.form, each.what) == (form, "it") for each in found)
    assert search.of("here", b"xyz" + data[:12] + b"!" + data[12:]) == []


@pytest.mark.parametrize("before", range(9))
@pytest.mark.parametrize("length", [5, 8, 10, 11, 12, 16])
def test_it_is_found_wherever_it_stands(length: int, before: int) -> None:
    data = bytes(before) + SECRET[:length] + b"..." + SECRET[:length]
    found = Search({"it": SECRET[:length]}).of("here", data)
    assert [(each.form, each.offset) for each in found] == [("as it is", before)]
    at_the_end = data[: before + length]
    assert [each.offset for each in Search({"it": SECRET[:length]}).of("here", at_the_end)] == [
        before
    ]


def test_what_is_short_is_found_too_and_what_is_shorter_refused() -> None:
    assert Search({"it": b"abcde"}).of("here", b"...abcde...")
    with pytest.raises(ValueError, match="too short"):
        Search({"it": b"abcd"})


def test_a_name_at_home_is_no_sighting() -> None:
    home = bytes(range(64)) + b"alice" + bytes(range(64, 128))
    assert outside(b"..." + home + b"...", b"alice", [home]) == []
    assert outside(b"..." + home[40:] + b"...", b"alice", [home]) == []  # cut by a page
    assert outside(b"to alice: " + home, b"alice", [home]) == [3]


def test_only_pages_that_changed_are_searched() -> None:
    old = bytes([1]) * PAGE
    new = bytes([2]) * PAGE
    assert (
        changed_pages(old + new + bytes(PAGE) + new, pages([old]))
        == bytes(8) + new + bytes(8) + new
    )


# --- the files of databases -----------------------------------------------------------------


def test_varints_and_records_of_sqlite() -> None:
    assert sqlite_pages.varint(b"\x81\x00", 0) == (128, 2)
    assert sqlite_pages.varint(b"\xff" * 9, 0) == (2**64 - 1, 9)
    row = bytes([5, 0, 1, 14 + 4, 13 + 4]) + b"\xff" + b"abc" + b"de"
    assert list(sqlite_pages.record(row, 4)) == [None, -1, b"abc", "de"]


def test_the_log_of_postgres_is_read_across_pages() -> None:
    first = bytes([7]) * 40 + b"a" * (PAGE - 40)
    second = bytes([7]) * 24 + b"b" * (PAGE - 24)
    records = postgres_pages.wal_records(first + second + bytes(PAGE))
    assert records == b"a" * (PAGE - 40) + b"b" * (PAGE - 24)
