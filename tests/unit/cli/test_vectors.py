"""``covey vectors verify`` and ``covey vectors generate``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from covey.cli import vectors
from covey.cli.main import covey
from covey.lab.conformance.generate import writer as official
from covey.lab.conformance.generate.written import Written
from vectors_path import vectors_path

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(covey, ["vectors", *map(str, arguments)])


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file with fourteen bad cases."""
    cases = [{"vlbytes_header": "05", "length": 5}]
    cases += [{"vlbytes_header": "05", "length": 6}] * 14
    path = tmp_path / "deserialization.json"
    path.write_text(json.dumps(cases))
    return path


def test_good_files_have_a_line_each() -> None:
    one, other = vectors_path("mls", "welcome.json"), vectors_path("mls", "tree-math.json")
    result = run("verify", one, other)
    assert result.exit_code == 0
    first, second, total = result.output.splitlines()
    assert first.split()[:6] == ["ok", str(one), "7", "cases", "suites", "1-7"]
    assert "7 passed     0 failed" in first
    assert "10 cases  no suite" in second
    assert total == "2 files (none failed), 17 cases: 17 passed, 0 failed"


def test_failures_are_told_and_exit_with_1(bad: Path) -> None:
    result = run("verify", bad)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith(f"FAIL  {bad}")
    assert lines[1] == "      case 1: CaseError: length is 6, computed was 5"
    assert len(lines) == 1 + 10 + 1 + 1
    assert lines[-2] == "      and 4 more; --json shows all"
    assert lines[-1] == "1 files (1 failed), 15 cases: 1 passed, 14 failed"


def test_json_has_every_failure(bad: Path) -> None:
    result = run("verify", "--json", bad, bad.parent / "absent.json")
    assert result.exit_code == 1
    summary = json.loads(result.output)
    assert (summary["good"], summary["cases"], summary["failed"]) == (False, 15, 14)
    one, other = summary["files"]
    assert (one["good"], one["family"], len(one["failures"])) == (False, "deserialization", 14)
    assert one["failures"][0] == {
        "case": 1,
        "suite": None,
        "reason": "CaseError: length is 6, computed was 5",
    }
    assert other["good"] is False
    assert "cannot be read" in other["failures"][0]["reason"]


@pytest.mark.parametrize("name", ["absent.json", "empty"])
def test_nothing_there_exits_with_1(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    result = run("verify", tmp_path / name)
    assert result.exit_code == 1
    assert str(tmp_path / name) in result.output


def test_a_failed_suite_is_named(tmp_path: Path) -> None:
    case = json.loads(vectors_path("mls", "welcome.json").read_bytes())[4]
    path = tmp_path / "welcome.json"
    path.write_text(json.dumps([{**case, "signer_pub": "00"}]))
    result = run("verify", path)
    assert "1 cases  suite 5" in result.output
    assert "case 0 (suite 5): " in result.output


@pytest.mark.parametrize(
    ("codes", "shown"),
    [((), "no suite"), ((2,), "suite 2"), ((1, 2, 3), "suites 1-3"), ((1, 3, 4), "suites 1, 3-4")],
)
def test_suites_are_shown_short(codes: tuple[int, ...], shown: str) -> None:
    assert vectors._suites(codes) == shown  # noqa: SLF001 - the column of a line


def test_a_terminal_shows_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with vectors._progress(tmp_path / "x.json") as on_case:  # noqa: SLF001
        assert on_case is not None
        on_case(2)
        on_case(0)


def test_no_terminal_shows_no_progress(tmp_path: Path) -> None:
    with vectors._progress(tmp_path / "x.json") as on_case:  # noqa: SLF001
        assert on_case is None


def _only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Write these families only: all of them take a minute."""
    few = Written({}, {name: official.WRITTEN.for_each_suite[name] for name in names})
    monkeypatch.setattr(official, "WRITTEN", few)


def test_what_is_generated_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, "crypto-basics", "psk_secret", "welcome")
    folder = tmp_path / "new"
    result = run("generate", folder, "--seed", "s", "--suite", "2", "--suite", "1")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"{folder / 'crypto-basics.json'}  2 cases",
        f"{folder / 'psk_secret.json'}  22 cases",
        f"{folder / 'welcome.json'}  2 cases",
        "3 files from seed s",
    ]
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run("verify", folder).exit_code == 0
    again = run("generate", folder, "--seed", "s")
    assert again.exit_code == 1
    assert "crypto-basics.json already; --force replaces it" in again.output
    assert run("generate", folder, "--seed", "s", "--suite", "1", "--suite", "2", "--force")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == written


def test_without_a_seed_one_is_drawn_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(monkeypatch, "psk_secret")
    seeds = [run("generate", tmp_path / name).output.split()[-1] for name in ("a", "b")]
    assert len(seeds[0]) == 32
    assert seeds[0] != seeds[1]
