"""The section about the post-quantum suites says what was found, and replaces only itself."""

from __future__ import annotations

import pytest
from benchmarks.quantum import MEASURED, SUITES, Lengths, Quantum
from benchmarks.timing import Figure

from benchmarks import quantum_page

SIZES = {"commit": 1_234, "Welcome": 567, "tree": 8_900}


def figure(operation: str, time: float) -> Figure:
    return Figure(operation, "full", "private", 10, None, False, [time], [time / 2], SIZES)  # noqa: FBT003 - no aim


FOUND = Quantum(
    figures={
        suite: [figure(operation, 1e-3 * (1 + place)) for operation in MEASURED]
        for place, suite in enumerate(SUITES)
    },
    lengths={(suite, 10): Lengths(2_700, 310, 4_100, 98_765) for suite in SUITES},
    prices={suite: {"Encap": 66e-6, "check": 3e-6} for suite in SUITES},
    loads=((1.5, 2.5, 3.5), (4.0, 5.0, 6.0)),
    seconds=90.0,
)


def test_every_suite_stands_beside_suite_1_for_every_operation() -> None:
    text = quantum_page.section(FOUND)
    assert text.startswith(f"{quantum_page.HEADING}\n")
    assert text.count("| `0x0001` DHKEMX25519 AES128GCM Ed25519 | 1.00 / 0.500 |\n") == len(
        MEASURED
    )
    row = "| `0xfc0b` MLKEM1024 AES256GCM MLDSA87 | 12.0 / 6.00 / ×12.00 |\n"
    assert text.count(row) == len(MEASURED)
    assert "| `0xfc01` MLKEM768X25519 AES128GCM Ed25519 | 66 | 3 |\n" in text
    assert "| `0xfc01` MLKEM768X25519 AES128GCM Ed25519 | 2,700 | 310 | 4,100 |\n" in text
    assert "| 1,234 + 567 + 1,234 + 98,765 |\n" in text
    assert "load was 1.5 / 2.5 / 3.5 before and 4.0 / 5.0 / 6.0 after the\n1.5 minutes" in text


def test_what_was_not_measured_has_no_table() -> None:
    figures = {suite: found[:1] for suite, found in FOUND.figures.items()}
    text = quantum_page.section(Quantum(figures, FOUND.lengths, FOUND.prices, FOUND.loads, 1.0))
    assert "### Build by one commit\n" in text
    assert "### Join\n" not in text


@pytest.mark.parametrize("after", ["", "\n## After\n\nThat.\n"], ids=["last", "followed"])
def test_the_section_replaces_itself_and_nothing_else(after: str) -> None:
    before = "# Performance\n\nThis.\n\n## Before\n\n"
    old = f"{quantum_page.HEADING}\n\n### Old\n\n- what was\n"
    new = f"{quantum_page.HEADING}\n\n### New\n"
    assert quantum_page.placed(before + old + after, new) == before + new + after
    with pytest.raises(ValueError, match="not found"):
        quantum_page.placed(before + after, new)
