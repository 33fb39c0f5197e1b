"""Nothing that goes wrong with a vector file looks like success."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from covey.errors import AuthenticationError
from covey.lab.conformance import runner
from covey.lab.conformance.case import CaseError
from covey.lab.conformance.families import Family
from covey.lab.conformance.runner import Failure, vector_files, verify_case, verify_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from covey.lab.conformance.case import Case

GOOD = [{"vlbytes_header": "05", "length": 5}, {"vlbytes_header": "4040", "length": 64}]


def written(folder: Path, content: object, name: str = "deserialization.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def family(verify: Callable[[Case], None]) -> Family:
    return Family("made-up", verify, frozenset())


def test_a_good_file_is_good(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    report = verify_file(path)
    assert report.good
    assert (report.path, report.family) == (str(path), "deserialization")
    assert (report.cases, report.passed, report.failures, report.suites) == (2, 2, (), ())
    assert report.seconds >= 0


def test_a_bad_case_is_named(tmp_path: Path) -> None:
    report = verify_file(written(tmp_path, [*GOOD, {"vlbytes_header": "4001", "length": 1}]))
    assert not report.good
    assert (report.cases, report.passed) == (3, 2)
    (failure,) = report.failures
    assert (failure.case, failure.suite) == (2, None)
    assert "shortest form (VAL-002, RFC 9420 §2.1.2)" in failure.reason


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[int] = []
    verify_file(written(tmp_path, GOOD), told.append)
    assert told == [2, 0, 0]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CaseError("it differs"), "CaseError: it differs"),
        (AuthenticationError(), "AuthenticationError: authentication failed"),
        (AssertionError(), "AssertionError:  (test_runner.py:"),
        (KeyError("x"), "KeyError: 'x' (test_runner.py:"),
        (RecursionError("deep"), "RecursionError: deep (test_runner.py:"),
        (NotImplementedError(), "NotImplementedError:  (test_runner.py:"),
        (MemoryError(), "MemoryError:  (test_runner.py:"),
    ],
)
def test_a_verifier_that_raises_has_failed(error: Exception, reason: str) -> None:
    """A runner of another project swallowed exceptions, and 91 failures went unseen."""

    def verify(_case: Case) -> None:
        raise error

    assert (verify_case(family(verify), {}) or "").startswith(reason)


def test_a_verifier_that_raises_fails_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(case: Case) -> None:
        if case.number("n") == 1:
            problem = "no"
            raise ZeroDivisionError(problem)

    monkeypatch.setattr(runner, "recognise", lambda *_: family(verify))
    cases = [{"n": 0, "cipher_suite": 2}, {"n": 1, "cipher_suite": 3}]
    report = verify_file(written(tmp_path, cases))
    assert not report.good
    assert report.suites == (2, 3)
    assert report.passed == 0
    assert "not looked at: cipher_suite" in report.failures[0].reason
    assert "ZeroDivisionError: no" in report.failures[1].reason
    assert report.failures[1].suite == 3


def test_an_interruption_is_not_a_failure() -> None:
    def verify(_case: Case) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify_case(family(verify), {})


def test_a_verifier_that_looks_at_nothing_has_failed() -> None:
    assert verify_case(family(lambda _case: None), {"expected": "00"}) == (
        "CaseError: not looked at: expected"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is not JSON"),
        ("[{]", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "is not an array of objects"),
        ("[1]", "is not an array of objects"),
        ("null", "is not an array of objects"),
        ("[]", "holds no case"),
    ],
    ids=["empty", "broken", "deep", "object", "numbers", "null", "no-case"],
)
def test_an_unusable_file_has_failed(tmp_path: Path, content: str, reason: str) -> None:
    path = written(tmp_path, content)
    report = verify_file(path)
    assert not report.good
    assert (report.cases, report.passed, report.family) == (0, 0, None)
    (failure,) = report.failures
    assert failure.case is None
    assert str(path) in failure.reason
    assert reason in failure.reason


def test_a_file_of_no_family_has_failed(tmp_path: Path) -> None:
    report = verify_file(written(tmp_path, [{"x": 1}], "other.json"))
    assert not report.good
    assert "no known family" in report.failures[0].reason


def test_a_missing_file_has_failed(tmp_path: Path) -> None:
    report = verify_file(tmp_path / "absent.json")
    assert not report.good
    assert "cannot be read: No such file" in report.failures[0].reason


def test_a_folder_is_the_files_in_it(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    one, other = written(tmp_path, GOOD, "b.json"), written(below, GOOD, "a.json")
    written(tmp_path, "", "notes.txt")
    assert vector_files([tmp_path]) == [one, other]
    assert vector_files([one, below]) == [one, other]


def test_a_folder_without_a_file_has_failed(tmp_path: Path) -> None:
    assert vector_files([tmp_path]) == [tmp_path]
    report = verify_file(tmp_path)
    assert report.failures == (Failure(None, None, f"{tmp_path} holds no JSON file"),)
    assert not report.good
