"""`python -m fuzz.coverage_report`: what the inputs that are kept reach.

It replays them, and measures lines and branches of the wire layer, the structs, the framing,
and the codecs that are generated from the structs. Exit code 1 below 90 %.
"""

from __future__ import annotations

import sys
from typing import Final

from fuzz.reached import measuring

_FOLDERS: Final = ("wire", "structs", "framing")
_ENOUGH: Final = 90


def main() -> None:
    """Replay, and report."""
    with measuring(*_FOLDERS) as measured:
        from fuzz import corpus, seeds, targets  # noqa: PLC0415 - the engine is measured

        for name, target in targets.TARGETS.items():
            for data in (*seeds.of(name), *corpus.kept(name)):
                target(data)
        measured.stop()
        percent = measured.report(show_missing=True, skip_covered=True)
    print(f"{percent:.1f} % of all lines and branches of {', '.join(_FOLDERS)} and the codecs")
    sys.exit(0 if percent >= _ENOUGH else 1)


if __name__ == "__main__":
    main()
