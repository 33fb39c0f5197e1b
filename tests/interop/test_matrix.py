"""``make interop``, for one stack and one scenario: what it prints, and what it leaves alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from covey.mls.crypto.dialects import SPOKEN, is_known, speak
from interop import bugs, building, matrix
from interop.__main__ import PAGE

TESTS = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "interop", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def test_a_part_is_played_and_nothing_is_written() -> None:
    before = PAGE.read_bytes()
    done = run("tsmls", "--suite", "1", "--scenario", "application/in_order")
    assert done.returncode == 0, done.stderr
    assert "[1/1] tsmls, suite 1: 4 pass, 0 fail, 0 not offered" in done.stderr
    assert any(line.split() == ["application/in_order", "✓"] for line in done.stdout.splitlines())
    assert PAGE.read_bytes() == before


def test_what_covey_has_no_certificate_for_is_not_offered() -> None:
    peer = building.TS_MLS
    part = matrix.Part((peer.name,), 0x0057, (peer.command(),), ("welcome_join/x509",))
    assert {(each.ending, each.detail) for each in matrix.found(part).outcomes} == {
        ("not offered", "there are no X.509 certificates with keys of mldsa87")
    }


def test_workers_know_the_suites_of_the_published_packages() -> None:
    matrix.speak()
    try:
        for codes in bugs.read_all().suites.values():
            assert all(is_known(each) for each in codes)
    finally:
        speak(*SPOKEN)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "no peer nobody; there are tsmls, openmls, mls_rs, mlspp"),
        (["tsmls", "--scenario", "dancing"], "no scenario dancing; kinds are welcome_join"),
        (["tsmls", "--suite", "9"], "invalid choice: 9"),
    ],
)
def test_a_mistake_is_a_sentence(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
