"""``covey vectors``: official MLS test vectors, verified and written.

May import :mod:`covey.lab.conformance`. One line goes to standard output for each file,
progress to standard error if that is a terminal.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec

from covey.cli.paths import GivenPath
from covey.errors import StorageError
from covey.lab.adversary import vectors as adversary
from covey.lab.adversary.cases import ALL_CASES
from covey.lab.conformance.access import writer as access
from covey.lab.conformance.generate import writer as official
from covey.lab.conformance.runner import vector_files, verify_file
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from covey.lab.conformance.runner import FileReport

_REASONS = 10  # failed cases of a file that are shown, but for --json


@click.group()
def command() -> None:
    """Verify official MLS test vectors, or write new ones."""


@command.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=GivenPath())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with every failure.")
@click.pass_context
def verify(context: click.Context, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Verify files or folders of test vectors, official ones and ours.

    Official ones are of any of the 16 families; of ours, negative ones hold what must be
    refused, the others are of the protocol between members and broker.

    Exits with 1 if a case failed, if a file is of no known family or holds no case, or if
    there is nothing at PATH.
    """
    files = vector_files(paths)
    width = max(len(str(path)) for path in files)
    reports = []
    for path in files:
        with _progress(path.name) as on_case:
            report = verify_file(path, on_case)
        reports.append(report)
        if not as_json:
            _print(report, width)
    if as_json:
        click.echo(json.dumps(_summary(reports), indent=2))
    else:
        click.echo(_total(reports))
    if not all(report.good for report in reports):
        context.exit(1)


@command.command()
@click.argument("folder", metavar="DIR", type=GivenPath(file_okay=False))
@click.option("--seed", help="Any text; the same seed writes the same files. Random by default.")
@click.option("--suite", "suites", type=click.IntRange(1, 7), multiple=True, help="Only this one.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--negative", is_flag=True, help="Write what must be refused, instead.")
@click.option("--access", "of_access", is_flag=True, help="Write the broker's protocol, instead.")
def generate(
    folder: Path,
    seed: str | None,
    suites: tuple[int, ...],
    *,
    force: bool,
    negative: bool,
    of_access: bool,
) -> None:
    """Write test vectors of all families into a folder, for all suites.

    With --negative: messages, Welcomes and GroupInfos that every implementation must refuse,
    each with the rule that it breaks; for suite 1 unless --suite says otherwise.

    With --access: the protocol between members and broker, by which clients in other languages
    check themselves.
    """
    if negative and of_access:
        msg = "--negative and --access write different files: choose one"
        raise click.UsageError(msg)
    chosen = system_entropy(16).hex() if seed is None else seed
    names = _names(negative=negative, of_access=of_access)
    codes = sorted(set(suites)) or ([1] if negative else list(SUITES))
    with _writing(folder):
        present = [name for name in names if (folder / f"{name}.json").exists()]
    if present and not force:
        msg = f"{folder} holds {present[0]}.json already; --force replaces it"
        raise click.ClickException(msg)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if negative:
        _write_negative(folder, codes, chosen.encode())
    else:
        families = access.WRITTEN if of_access else official.WRITTEN
        for name in names:
            with _writing(folder):
                path, cases = families.write(folder, name, codes, chosen.encode())
            click.echo(f"{path}  {cases} cases")
    click.echo(f"{len(names)} files from seed {chosen}")


def _names(*, negative: bool, of_access: bool) -> tuple[str, ...]:
    if negative:
        return tuple(adversary.FILES)
    return access.WRITTEN.names if of_access else official.WRITTEN.names


def _write_negative(folder: Path, suites: Sequence[int], seed: bytes) -> None:
    with _progress("vectors") as on_case:
        made = list(adversary.vectors(ALL_CASES, suites, seed, on_case))
    with _writing(folder):
        written = adversary.write(folder, made)
    for path, cases in written.items():
        click.echo(f"{path}  {cases} cases")


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn the errors of the file system into StorageError."""
    try:
        yield
    except OSError as error:
        msg = f"cannot write into {folder}: {error.strerror}"
        raise StorageError(msg) from error


def _print(report: FileReport, width: int) -> None:
    mark = click.style("ok  ", fg="green") if report.good else click.style("FAIL", fg="red")
    failed = report.cases - report.passed
    click.echo(
        f"{mark}  {report.path:<{width}}  {report.cases:>4} cases  {_suites(report.suites):<11}"
        f"  {report.passed:>4} passed  {failed:>4} failed  {report.seconds:6.2f} s"
    )
    for failure in report.failures[:_REASONS]:
        case = "" if failure.case is None else f"case {failure.case}"
        suite = "" if failure.suite is None else f" (suite {failure.suite})"
        click.echo(f"      {case}{suite}{': ' if case else ''}{failure.reason}")
    if len(report.failures) > _REASONS:
        click.echo(f"      and {len(report.failures) - _REASONS} more; --json shows all")


def _suites(codes: Sequence[int]) -> str:
    """Code points in order, runs of them shortened."""
    if not codes:
        return "no suite"
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][-1] + 1 == code:
            runs[-1].append(code)
        else:
            runs.append([code])
    shown = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"suite{'s' if len(codes) > 1 else ''} {shown}"


def _summary(reports: Sequence[FileReport]) -> dict[str, object]:
    cases = sum(report.cases for report in reports)
    passed = sum(report.passed for report in reports)
    return {
        "good": all(report.good for report in reports),
        "cases": cases,
        "passed": passed,
        "failed": cases - passed,
        "files": [{**msgspec.to_builtins(each), "good": each.good} for each in reports],
    }


def _total(reports: Sequence[FileReport]) -> str:
    bad = sum(not report.good for report in reports)
    summary = _summary(reports)
    return (
        f"{len(reports)} files ({bad or 'none'} failed), {summary['cases']} cases: "
        f"{summary['passed']} passed, {summary['failed']} failed"
    )


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int], None] | None]:
    """A bar on a terminal, gone when all is done; called with a number first, then with 0."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - half of the time that a start takes
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=None)

        def on_case(total: int) -> None:
            if total:
                progress.update(task, total=total)
            else:
                progress.advance(task)

        yield on_case
