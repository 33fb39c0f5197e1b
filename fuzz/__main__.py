"""`python -m fuzz TARGET [--runs N] [--corpus DIR]`: fuzz one target with atheris.

It says as it goes how many inputs it tried, how many got past decoding and how many past the
verification of a signature, and how long it took; a finding ends it with exit status 77 and
leaves the input in ``crash-…``, as libFuzzer does. `python -m fuzz.minimise` keeps the best.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

with atheris.instrument_imports(include=["covey"]):
    from covey.mls.wire import compiler
    from fuzz import corpus, targets
    from fuzz.attacks import PLAN
    from fuzz.depth import Depth


def _instrumented(source: str, name: str, mode: str) -> CodeType:
    """Compile generated code so that the fuzzer sees into it, as it does into files."""
    code = compile(source, name, mode)
    patched: CodeType = atheris.patch_code(code, trace_dataflow=True, nested=True)
    return patched


vars(compiler)["compile"] = _instrumented  # codecs are generated at their first use

if TYPE_CHECKING:
    from types import CodeType


def main() -> None:
    """Run one target."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(targets.TARGETS))
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs to try")
    parser.add_argument("--report", type=int, default=100_000, help="inputs per progress line")
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer's choices")
    parser.add_argument("--corpus", type=Path, default=None, help="where inputs are kept")
    options = parser.parse_args()
    options.corpus = options.corpus or Path(".cache/fuzz") / options.target
    corpus.unpack(options.target, options.corpus)
    target, depth = targets.TARGETS[options.target], Depth()
    counts = {"inputs": 0, "past decoding": 0}
    began = time.monotonic()

    def tell() -> None:
        seconds = time.monotonic() - began
        shown = [f"{number:,} {name}" for name, number in counts.items()]
        shown.append(f"{depth.verified:,} past a signature ({depth.private:,} of them private)")
        print(f"{options.target}: {', '.join(shown)}, {seconds:.0f} s", flush=True)

    def try_one(data: bytes) -> None:
        counts["inputs"] += 1
        counts["past decoding"] += target(data)
        if counts["inputs"] % options.report == 0:
            tell()

    arguments = [f"-runs={options.runs}", f"-seed={options.seed}", "-print_final_stats=1"]
    longest = PLAN if options.target in targets.PLANNED else 8192
    arguments += [f"-max_len={longest}", str(options.corpus)]
    atheris.Setup([sys.argv[0], *arguments], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
