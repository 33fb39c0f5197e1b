"""A harness that dies, hangs or prints rubbish: its last words, and never a run without end."""

from __future__ import annotations

import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from covey.errors import TransportError
from covey.lab.interop.calls import CallError
from covey.lab.interop.lines import Process
from covey.lab.interop.play.runner import Outcome, Play, perform, play
from covey.lab.interop.play.scenarios.catalogue import ALL
from covey.lab.interop.proto import mls_client_pb2 as pb
from covey.lab.interop.service.client import Covey
from covey.lab.interop.targets import Seat

if TYPE_CHECKING:
    from pathlib import Path

HONEST = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["call"] == "Name":
        print(json.dumps({"response": {"name": "fake 1"}}), flush=True)
        continue
"""
"""A harness that says its name, and then does what a test appends."""


def harness(then: str, patience: float = 10) -> Process:
    program = HONEST + textwrap.indent(textwrap.dedent(then), "    ")
    return Process([sys.executable, "-c", program], patience=patience)


def protect() -> pb.ProtectRequest:
    return pb.ProtectRequest(state_id=1, plaintext=b"x")


def failure(then: str, patience: float = 10, request: pb.ProtectRequest | None = None) -> str:
    """What is said about a harness that does this when it is asked for the first time."""
    began = time.monotonic()
    with harness(then, patience) as process, pytest.raises(TransportError) as raised:
        process.answer("Protect", request or protect())
    assert time.monotonic() - began < patience + 8
    return str(raised.value)


def test_an_answer_is_read() -> None:
    then = 'print(json.dumps({"response": {"ciphertext": "AAEC"}}), flush=True)'
    with harness(then) as process:
        assert process.name == "fake 1"
        answer = process.answer("Protect", protect())
    assert answer == pb.ProtectResponse(ciphertext=b"\0\1\2")


def test_a_request_has_the_fields_own_names() -> None:
    then = """
    assert asked == {"call": "Protect", "request": {"state_id": 1, "plaintext": "eA=="}}, asked
    print(json.dumps({"response": {}}), flush=True)
    """
    with harness(then) as process:
        assert process.answer("Protect", protect()) == pb.ProtectResponse()


def test_a_refusal_is_a_call_error_with_its_code() -> None:
    then = 'print(json.dumps({"error": {"code": "ABORTED", "message": "no"}}), flush=True)'
    with harness(then) as process, pytest.raises(CallError) as raised:
        process.answer("Protect", protect())
    assert str(raised.value) == "fake 1: Protect: ABORTED: no"


def test_one_that_dies_shows_its_last_words() -> None:
    said = failure('sys.exit("panicked at the wrong moment")')
    assert "fake 1 ended during Protect (exit code 1)" in said
    assert "| panicked at the wrong moment" in said


def test_one_that_hangs_is_stopped() -> None:
    said = failure('import time; print("thinking", file=sys.stderr); time.sleep(600)', patience=1)
    assert "gave no answer to Protect in 1 s" in said
    assert "| thinking" in said


def test_what_it_was_saying_is_shown_without_an_end_of_line_too() -> None:
    said = failure('sys.stdout.write("half a li"); sys.stdout.flush(); sys.exit(1)')
    assert "| half a li" in said


def test_what_it_has_started_ends_with_it(tmp_path: Path) -> None:
    sign = tmp_path / "alive"
    child = (
        f"import time, pathlib\nwhile True:\n pathlib.Path({str(sign)!r}).touch(); time.sleep(.05)"
    )
    then = f"""
    import subprocess, time
    subprocess.Popen([sys.executable, "-c", {child!r}])
    while not __import__("os").path.exists({str(sign)!r}):
        time.sleep(.01)
    time.sleep(600)
    """
    failure(then, patience=3)
    sign.unlink(missing_ok=True)
    time.sleep(0.3)
    assert not sign.exists()


def test_one_that_does_not_read_is_stopped() -> None:
    large = pb.ProtectRequest(plaintext=bytes(1 << 22))
    program = (
        'import sys, time\nprint(\'{"response": {"name": "deaf"}}\', flush=True)\ntime.sleep(600)'
    )
    deaf = Process([sys.executable, "-c", program], patience=1)
    with deaf, pytest.raises(TransportError, match="deaf did not take Protect in 1 s"):
        deaf.answer("Protect", large)


@pytest.mark.parametrize(
    "line",
    [
        "rubbish",
        "[]",
        "{}",
        '{"response": 5}',
        '{"error": "no"}',
        '{"response": {"no_such_field": 1}}',
        '{"response": {"ciphertext": "not base64!"}}',
        "[" * 100_000,
    ],
)
def test_rubbish_is_shown(line: str) -> None:
    said = failure(f"print({line!r}, flush=True)")
    assert "answered Protect with something else than an answer" in said
    assert f"| {line[:1000]}" in said


def test_what_it_said_is_shown_from_the_end_only() -> None:
    then = """
    for number in range(100_000):
        print("line", number, "x" * 50, file=sys.stderr)
    sys.exit(3)
    """
    said = failure(then, patience=60)
    assert "exit code 3" in said
    assert len(said.splitlines()) < 30


def test_one_that_was_stopped_stays_so() -> None:
    with harness("sys.exit(0)") as process:
        for _ in range(2):
            with pytest.raises(TransportError):
                process.answer("Protect", protect())


@pytest.mark.parametrize("command", [["no-such-program-anywhere"], [sys.executable, "-c", ""]])
def test_one_that_cannot_be_started_is_a_sentence(command: list[str]) -> None:
    with pytest.raises(TransportError):
        Process(command, patience=5)


def test_a_broken_client_fails_its_play_and_is_started_anew() -> None:
    (scenario,) = (each for each in ALL if each.id == "application/in_order")
    started: list[Process] = []

    def start() -> Process:
        started.append(harness('sys.exit("gone")'))
        return started[-1]

    with Seat(Covey) as ours, Seat(start) as theirs:
        planned = [Play(scenario, (ours, theirs), 1, encrypt=False)] * 2
        outcomes = list(perform(planned))
    assert [each.ending for each in outcomes] == ["fail", "fail"]
    assert all("| gone" in each.detail and each.broken for each in outcomes)
    assert len(started) == 2


def test_an_actor_that_answers_wrongly_fails_its_play() -> None:
    class Liar(Covey):
        """Answers as covey does, but for one bit of what it exports."""

        def answer(self, call: str, request):  # noqa: ANN001, ANN202 - as in Covey
            answer = super().answer(call, request)
            if isinstance(answer, pb.ExportResponse):
                secret = bytearray(answer.exported_secret)
                secret[0] ^= 1
                return pb.ExportResponse(exported_secret=bytes(secret))
            return answer

    (scenario,) = (each for each in ALL if each.id == "commit/empty")
    outcome: Outcome = play(scenario, [Covey(), Liar()], 1, encrypt=True)
    assert outcome.ending == "fail"
    assert "not the same exported secret in epoch 1" in outcome.detail
