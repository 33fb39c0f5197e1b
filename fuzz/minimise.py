"""`python -m fuzz.minimise [TARGET …]`: keep, of what fuzzing has found, what reaches anything new.

It tries the inputs in `.cache/fuzz/TARGET` and those that are kept, the short ones first, and
writes the few that reach a line or a branch that none before them did into `fuzz/corpus`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz.reached import measuring

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coverage import Coverage


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.minimise", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all by default")
    parser.add_argument("--folder", type=Path, default=Path(".cache/fuzz"), help="what was found")
    options = parser.parse_args()
    with measuring() as measured:
        from fuzz import corpus, targets  # noqa: PLC0415 - the engine is measured

        for name in options.targets or targets.TARGETS:
            inputs = corpus.found(name, options.folder / name)
            best = _best(name, inputs, targets.TARGETS[name], measured)
            corpus.keep(name, best)
            print(f"{name}: {len(best)} of {len(inputs)} inputs kept")


def _best(
    name: str, inputs: Sequence[bytes], target: Callable[[bytes], bool], measured: Coverage
) -> list[bytes]:
    """The inputs that reach something which none before them did."""
    for number, data in enumerate(inputs):
        measured.switch_context(f"{name} {number}")
        target(data)
    measured.switch_context("")
    reached, best = measured.get_data(), []
    seen: set[tuple[str, tuple[int, int]]] = set()
    for number, data in enumerate(inputs):
        reached.set_query_context(f"{name} {number}")
        files = reached.measured_files()
        arcs = {(file, arc) for file in files for arc in reached.arcs(file) or ()}
        if arcs - seen:
            seen |= arcs
            best.append(data)
    return best


if __name__ == "__main__":
    main()
