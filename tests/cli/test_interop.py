"""``covey interop`` as people use it: in processes of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from covey.lab.interop.play.scenarios.catalogue import ALL

COVEY = [sys.executable, "-m", "covey", "interop"]


def covey(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [*COVEY, *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_scenarios_are_listed_with_what_they_do() -> None:
    done = covey("scenarios")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [each.id for each in ALL]
    assert "commit/update" in done.stdout
    assert all(line.endswith(".") for line in done.stdout.splitlines())


def test_covey_plays_with_itself() -> None:
    done = covey("run", "covey", "--scenario", "application", "--suite", "1", "--suite", "3")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["suite", "1", "3"]
    assert ["application/in_order", "✓", "✓"] in [line.split() for line in lines]
    assert lines[-1] == "48 plays: 48 passed, 0 failed, 0 not offered"


def test_every_play_is_told_in_json() -> None:
    done = covey("run", "covey", "--scenario", "commit/update", "--suite", "2", "--json")
    plays = json.loads(done.stdout)["plays"]
    assert len(plays) == 4
    assert {each["ending"] for each in plays} == {"pass"}
    assert {(each["suite"], each["encrypt"]) for each in plays} == {(2, False), (2, True)}


def test_one_form_of_handshakes_can_be_chosen() -> None:
    options = ("--scenario", "commit/empty", "--suite", "1", "--handshake", "private", "--json")
    plays = json.loads(covey("run", "covey", *options).stdout)["plays"]
    assert [each["encrypt"] for each in plays] == [True, True]


def test_a_harness_that_is_none_fails_its_plays_and_is_quoted() -> None:
    program = f"exec:{sys.executable} -c 'print(1)'"
    done = covey("run", program, "--scenario", "commit/empty", "--suite", "1")
    assert done.returncode == 1
    assert "Name" in done.stderr  # which it was asked, or was gone before
    assert "| 1" in done.stderr


def _as_in_a_terminal() -> None:
    """Do not ignore an interrupt, as whoever runs the tests in the background may do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_shows_what_has_been_played() -> None:
    command = [*COVEY, "run", "covey", "--scenario", "deep_random", "--json"]
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_as_in_a_terminal,  # noqa: PLW1509 - no threads here
    ) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=6)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGINT
    assert all(each["ending"] == "pass" for each in json.loads(out)["plays"])
    assert "interrupted after" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run"], 2, "Missing argument 'CLIENT...'"),
        (["run", "nowhere"], 2, "give covey, HOST:PORT, or exec: and a command"),
        (["run", "exec:'abc"], 2, "cannot be split into words"),
        (["run", "covey", "--scenario", "dance"], 2, "`covey interop scenarios` lists them"),
        (["run", "covey", "--patience", "0"], 2, "not in the range"),
        (["run", "exec:no-such-program"], 1, "cannot start no-such-program"),
    ],
)
def test_a_mistake_is_a_sentence(arguments: list[str], code: int, said: str) -> None:
    done = covey(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
