"""``covey inspect``, as a user runs it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from broker_process import COVEY
from covey import mls
from group_samples import member
from vectors_path import vectors_path

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
PACKAGE = member("alice").key_package().message


def covey(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - our own program
        [*COVEY, "inspect", *arguments], input=stdin, capture_output=True, timeout=60, check=False
    )


def test_a_pipe_is_inspected() -> None:
    ended = covey("-", stdin=PACKAGE)
    assert ended.returncode == 0
    assert ended.stderr == b""
    assert ended.stdout.decode().startswith(f"KeyPackage, {len(PACKAGE)} bytes\n")
    assert b"\x1b" not in ended.stdout


def test_json_is_for_machines() -> None:
    tree = json.loads(vectors_path("mls", "tree-validation.json").read_bytes())[0]["tree"]
    ended = covey("-", "--json", stdin=tree.encode())
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["kind"] == "RatchetTree"


@pytest.mark.parametrize("given", ["0xfc01", "64513"])
def test_a_bare_tree_is_judged_in_a_post_quantum_suite(given: str) -> None:
    alice = mls.Member.basic(b"alice", 0xFC01)
    tree = mls.Group.create(alice).tree.encode()
    ended = covey("-", "--suite", given, "--json", stdin=tree)
    assert ended.returncode == 0, ended.stdout
    assert json.loads(ended.stdout)["kind"] == "RatchetTree"
    assert b"VAL-010" in covey("-", "--suite", "1", "--all", stdin=tree).stdout


def test_a_suite_has_a_name_and_is_judged() -> None:
    """What is recorded today can be opened when there is a quantum computer."""
    ended = covey("-", "--suite", "x-wing", stdin=PACKAGE)
    assert b"quantum computers: confidentiality not quantum-safe" in ended.stdout


@pytest.mark.parametrize("given", ["99", "x", "0xeeee"])
def test_a_suite_that_is_not_known_is_refused(given: str) -> None:
    ended = covey("-", "--suite", given, stdin=PACKAGE)
    assert ended.returncode == 2
    assert f"there is no suite {given}: ".encode() in ended.stderr


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"hello", PACKAGE[:77], b"[{", bytes(1000)],
    ids=["nothing", "a zero", "a word", "a part", "a bracket", "zeros"],
)
def test_nothing_ends_with_a_traceback(data: bytes) -> None:
    ended = covey("-", stdin=data)
    assert ended.returncode in {0, 1}
    assert ended.stderr == b""
    assert b"Traceback" not in ended.stdout


def test_an_output_that_lacks_characters_is_no_error() -> None:
    ended = subprocess.run(  # noqa: S603 - our own program
        [*COVEY, "inspect", "-"],
        input=PACKAGE,
        capture_output=True,
        timeout=60,
        check=False,
        env={"PYTHONIOENCODING": "latin-1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.returncode == 0, ended.stderr
    assert b": HPKEPublicKey  " in ended.stdout
    assert b"...\n" in ended.stdout  # the end of what is shortened
    assert b"?" not in ended.stdout


def test_a_standard_input_that_is_closed_is_one_sentence() -> None:
    ended = subprocess.run(  # noqa: S602 - our own program, without standard input
        f"exec {shlex.join(COVEY)} inspect - <&-",
        shell=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"Error: standard input is closed")


@needs_full
def test_an_output_that_is_full_is_one_sentence() -> None:
    with FULL.open("w") as output:
        ended = subprocess.run(  # noqa: S603 - our own program
            [*COVEY, "inspect", "-"],
            input=PACKAGE,
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == b"Error: No space left on device\n"
