"""Runs files of test vectors, and reports on every one of them.

May import :mod:`.families`. Whatever a case raises is its failure, with its reason; a file
that cannot be read, is of no known family or holds no case has failed as well. So nothing
that goes wrong can look like success.
"""

from __future__ import annotations

import json
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from covey.errors import CoveyError
from covey.lab.conformance.case import Case
from covey.lab.conformance.families import recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.lab.conformance.families import Family


class Failure(msgspec.Struct, frozen=True):
    """Why a case, or a whole file, failed.

    Attributes:
        case: Its index in the file; None when the file itself is at fault.
        suite: The code point of its cipher suite, if it has one.
        reason: A sentence.
    """

    case: int | None
    suite: int | None
    reason: str


class FileReport(msgspec.Struct, frozen=True):
    """What became of one file.

    Attributes:
        path: The file.
        family: The name of its family, if it was recognised.
        suites: Code points of the cipher suites of its cases, in order.
        cases: How many cases it holds.
        passed: How many of them passed.
        failures: The others, and what is wrong with the file itself.
        seconds: How long it took.
    """

    path: str
    family: str | None
    suites: tuple[int, ...]
    cases: int
    passed: int
    failures: tuple[Failure, ...]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether there were cases and all of them passed."""
        return self.cases > 0 and self.passed == self.cases and not self.failures


def vector_files(paths: Iterable[Path]) -> list[Path]:
    """Replace every folder by the JSON files in it and below it, sorted by name.

    A folder without such a file stays in the list, and fails when it is verified.
    """
    files: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*.json")) if path.is_dir() else []
        files += inside or [path]
    return files


def verify_file(path: Path, on_case: Callable[[int], None] | None = None) -> FileReport:
    """Verify every case of a file.

    Args:
        path: The file.
        on_case: Called before the first case with their number, and after each one with 0.
    """
    started = time.perf_counter()
    values = _read(path)
    if isinstance(values, str):
        return _unusable(path, values, started)
    family = recognise(path, values[0])
    if family is None:
        return _unusable(path, f"{path} is of no known family of test vectors", started)
    if on_case is not None:
        on_case(len(values))
    failures = []
    for index, value in enumerate(values):
        reason = verify_case(family, value)
        if reason is not None:
            failures.append(Failure(index, _suite(value), reason))
        if on_case is not None:
            on_case(0)
    suites = sorted({suite for value in values if (suite := _suite(value)) is not None})
    return FileReport(
        str(path),
        family.name,
        tuple(suites),
        len(values),
        len(values) - len(failures),
        tuple(failures),
        time.perf_counter() - started,
    )


def _unusable(path: Path, reason: str, started: float) -> FileReport:
    failure = Failure(None, None, reason)
    return FileReport(str(path), None, (), 0, 0, (failure,), time.perf_counter() - started)


def _read(path: Path) -> list[dict[str, object]] | str:
    """The cases of a file, or why there are none."""
    if path.is_dir():
        return f"{path} holds no JSON file"
    try:
        values = json.loads(path.read_bytes())
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        return f"{path} is not JSON: {error}"
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        return f"{path} is not an array of objects"
    return values or f"{path} holds no case"


def verify_case(family: Family, value: dict[str, object]) -> str | None:
    """Verify one case.

    Args:
        family: What it is a case of.
        value: The JSON object.

    Returns:
        Why it failed, or None when it passed.
    """
    case = Case(value)
    try:
        family.verify(case)
        case.finish()
    except CoveyError as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - a defect of ours fails the case, and is told
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
    return None


def _suite(value: dict[str, object]) -> int | None:
    suite = value.get("cipher_suite")
    return suite if isinstance(suite, int) else None
