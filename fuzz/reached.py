"""What inputs reach: lines and branches of the engine, generated codecs among them.

The engine has to be imported after the measurement has begun, so that its codecs are compiled
under it; so this module imports it late.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

ENGINE: Final = Path(__file__).parent.parent / "src" / "covey" / "mls"


@contextlib.contextmanager
def measuring(*folders: str) -> Iterator[coverage.Coverage]:
    """Measure some folders of the engine, and the codecs of its structs.

    Args:
        folders: Below ``covey/mls``; none means all of it.
    """
    with tempfile.TemporaryDirectory() as codecs:
        include = [f"{ENGINE / name}/*" for name in folders or ("",)]
        measured = coverage.Coverage(branch=True, include=[*include, f"{codecs}/*"], data_file=None)
        measured.start()
        from covey.mls.wire import compiler  # noqa: PLC0415

        vars(compiler)["compile"] = _writing(Path(codecs))
        yield measured
        measured.stop()


def _writing(folder: Path) -> Callable[[str, str, str], CodeType]:
    """Compile generated code as that of a file, which coverage can read.

    The codecs of the structs of the RFC only; a store has others.
    """

    def compile_file(source: str, name: str, mode: str) -> CodeType:
        stem = name.strip("<>").replace(" ", "_")
        if stem.endswith(("Row", "Rows")):
            return compile(source, name, mode)
        path = folder / f"{stem}.py"
        path.write_text(source, encoding="utf-8")
        return compile(source, str(path), mode)

    return compile_file
