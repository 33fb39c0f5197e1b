"""`python -m fuzz.coverage_report`: what the inputs that are kept reach, in edges.

It replays them, and measures the branches of the wire layer, the structs, the framing, and
the codecs that are generated from declarations. Exit code 1 below 90 %.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import coverage

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

_ENGINE: Final = Path(__file__).parent.parent / "src" / "covey" / "mls"
_FOLDERS: Final = ("wire", "structs", "framing")
_ENOUGH: Final = 90


def main() -> None:
    """Replay, and report."""
    with tempfile.TemporaryDirectory() as folder:
        include = [f"{_ENGINE / name}/*" for name in _FOLDERS] + [f"{folder}/*"]
        measured = coverage.Coverage(branch=True, include=include, data_file=None)
        measured.start()
        _replay(Path(folder))
        measured.stop()
        percent = measured.report(show_missing=True, skip_covered=True)
    print(f"{percent:.1f} % of all lines and branches of {', '.join(_FOLDERS)} and the codecs")
    sys.exit(0 if percent >= _ENOUGH else 1)


def _replay(folder: Path) -> None:
    """Give every target the inputs that are kept for it."""
    from covey.mls.wire import compiler  # noqa: PLC0415 - its lines are measured, too

    vars(compiler)["compile"] = _writing(folder)
    from fuzz import corpus, seeds, targets  # noqa: PLC0415

    for name, target in targets.TARGETS.items():
        for data in (*seeds.of(name), *corpus.kept(name)):
            target(data)


def _writing(folder: Path) -> Callable[[str, str, str], CodeType]:
    """Compile generated code as that of a file, which coverage can read."""

    def compile_file(source: str, name: str, mode: str) -> CodeType:
        path = folder / f"{name.strip('<>').replace(' ', '_')}.py"
        path.write_text(source, encoding="utf-8")
        return compile(source, str(path), mode)

    return compile_file


if __name__ == "__main__":
    main()
