"""Seeds: each run is the same again, most things happen, and planted bugs are found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from covey.lab.simulate import __main__ as command
from covey.lab.simulate import bugs, many
from covey.lab.simulate.hunting import found, is_found_by, line
from covey.lab.simulate.many import played_with
from covey.lab.simulate.running import Size, run
from covey.lab.simulate.tallying import REQUIRED, Tally
from lengths import only_in_soak

if TYPE_CHECKING:
    from covey.lab.simulate.running import Run

SMALL = Size(clients=4, steps=40)

QUICK = {
    "outbox-emptied-too-early": 0,
    "own-echo-twice": 0,
    "pointers-never-posted": 1,
}
"""Bugs that are found at once, and by which seed; the others are looked for in the soak."""

FEW = Size(steps=20)
"""In which they are found: long runs find them too, and nothing more."""


ONCE_WRONG = {
    "let-into-a-branch-from-outside": 100285,
    "let-in-by-a-member-who-left": 100344,
    "dead-when-all-was-quiet": 1001269,
}
"""Seeds in which something was wrong once, by what happens there, since stories are as they are."""


MOVED = {
    "two-suites-wanted-at-once": 500,
    "doors-of-another-suite-after-a-fork": 510,
    "claimed-in-vain-and-never-again": 7000,
}
"""Likewise, of those in which groups are moved to other suites."""


@pytest.fixture(scope="module")
def first() -> Run:
    return run(3, SMALL)


def test_a_seed_is_the_same_run_each_time(first: Run) -> None:
    again = run(3, SMALL)
    assert again.mark == first.mark
    assert again.story == first.story


def test_a_seed_is_the_same_run_whatever_python_hashes_with() -> None:
    marks = set()
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-m", "covey.lab.simulate", "--json", "--seed", "5", "--steps", "30"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=False,
            text=True,
        )
        marks.add(json.loads(found.stdout)["mark"])
    assert len(marks) == 1


def test_other_seeds_are_other_runs(first: Run) -> None:
    assert run(4, SMALL).mark != first.mark


def test_a_run_has_a_group_in_which_something_is_said(first: Run) -> None:
    assert first.kinds["say"] > 5
    assert first.requests > 100
    assert first.sealed > 20


def test_everybody_agrees(first: Run) -> None:
    assert first.findings == (), first.story.as_text()


@pytest.mark.parametrize("seed", ONCE_WRONG.values(), ids=ONCE_WRONG)
def test_what_was_wrong_once_is_right(seed: int) -> None:
    played = run(seed, Size())
    assert played.findings == (), played.story.as_text()


@pytest.mark.parametrize("seed", MOVED.values(), ids=MOVED)
def test_groups_are_moved_amid_all_troubles(seed: int) -> None:
    played = run(seed, Size(moves=True))
    assert played.findings == (), played.story.as_text()
    assert played.kinds["move"] > 0


@pytest.mark.parametrize(("name", "seed"), QUICK.items())
def test_a_planted_bug_is_found(name: str, seed: int) -> None:
    assert is_found_by(played_with(name, seed, FEW))


def test_what_a_seed_finds_anyway_is_not_the_planted_bug() -> None:
    with bugs.BUGS["pointers-never-posted"].planted():  # as if the client itself were wrong
        wrong = run(1, Size(steps=10))
        assert wrong.findings
        assert not is_found_by(wrong)
    assert is_found_by(wrong)


def test_a_bug_is_gone_with_its_block() -> None:
    for bug in bugs.BUGS.values():
        right = getattr(bug.owner, bug.name)
        with bug.planted():
            assert getattr(bug.owner, bug.name) is not right
        assert getattr(bug.owner, bug.name) is right


def test_there_are_enough_bugs_and_each_says_what_it_is() -> None:
    assert len(bugs.BUGS) >= 12
    assert all(bug.what.endswith(".") for bug in bugs.BUGS.values())


def test_the_command_tells_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seed", "3", "--clients", "4", "--steps", "40"]) == 0
    told = capsys.readouterr().out
    assert "has enrolled" in told
    assert "seed 3: all agree" in told


def test_the_command_says_how_to_see_a_failure_again(capsys: pytest.CaptureFixture[str]) -> None:
    bug = ["--bug", "pointers-never-posted"]
    arguments = ["--seed", "1", "--steps", "10", *bug]
    assert command.main([*arguments, "--seeds", "2", "--workers", "1", "--stop"]) == 1
    told = capsys.readouterr().out
    assert "--seed 1 --clients 5 --steps 10 --bug pointers-never-posted" in told
    assert "1 seeds failed" in told


def test_the_command_says_how_many_seeds_it_takes_to_find_each_bug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bugs, "NAMES", ("lies-unsaid", "pointers-never-posted"))
    arguments = ["--bug", "all", "--seed", "1", "--steps", "10", "--seeds", "1", "--workers", "1"]
    assert command.main(arguments) == 1
    missed, seen = capsys.readouterr().out.splitlines()
    assert missed.split() == ["lies-unsaid", "not", "found", "in", "1", "seeds"]
    assert seen.split()[:3] == ["pointers-never-posted", "1", "seeds"]


def test_the_command_speaks_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seed", "3", "--clients", "4", "--steps", "40", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["findings"] == []
    assert tree["story"][0]["who"] == "network"


def test_the_tally_counts_seeds_by_what_they_contain(first: Run) -> None:
    tally = Tally()
    tally.add(first)
    assert tally.runs == 1
    assert any(line.startswith("  say") for line in tally.lines(1.0))


# --- for the soak ----------------------------------------------------------------------------


@pytest.fixture
def long() -> None:
    """Only where `make soak` runs the tests."""
    only_in_soak("many seeds take long")


@pytest.mark.usefixtures("long")
def test_a_fifth_of_all_seeds_has_each_kind_of_trouble_and_all_agree() -> None:
    tally = Tally()
    for played in many.played(range(1_000), Size(), None, 2):
        tally.add(played)
    assert not tally.failed
    assert all(tally.kinds[each] >= tally.runs / 5 for each in REQUIRED), tally.kinds


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("name", bugs.NAMES)
def test_each_planted_bug_is_found_within_a_thousand_seeds(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = range(1_000)
    run = found(name, seeds, Size(), 1)  # each bug in a process of its own already
    with capsys.disabled():
        print(f"\n{line(name, run, seeds)}")  # noqa: T201 - how many it took
    assert run is not None
