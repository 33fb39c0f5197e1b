"""Inspections as values."""

from __future__ import annotations

from covey.lab.inspect.inspected import Finding, Form, Inspected
from covey.mls.structs.proposals import Remove
from covey.mls.wire.outline import Outline, Stop

OUTLINE = Outline("Remove", "Remove", 0, 4)
HOLDS = Finding("VAL-001", "1", "It holds.", "holds")
BROKEN = Finding("VAL-002", "2", "It is broken.", "broken", "so")
OPEN = Finding("VAL-003", "3", "It is not judged.", "not judged", "needs more")


def inspected(*findings: Finding) -> Inspected:
    form = Form("raw")
    return Inspected("Remove", Remove(1), b"\0\0\0\1", OUTLINE, form, findings=findings)


def test_what_breaks_a_rule_is_not_good() -> None:
    assert inspected(HOLDS, OPEN).good
    assert inspected(HOLDS, OPEN).broken == ()
    assert not inspected(HOLDS, BROKEN).good
    assert inspected(HOLDS, BROKEN).broken == (BROKEN,)


def test_what_does_not_decode_is_not_good() -> None:
    stop = Stop(0, 0, "Remove", "4 bytes", "none", "VAL-004", "2.1.2")
    assert not Inspected("Remove", None, b"", OUTLINE, Form("raw"), stop=stop).good
