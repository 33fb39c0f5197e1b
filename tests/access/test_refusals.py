"""The list of refusals is closed: each code has a status and a sentence."""

from __future__ import annotations

import pytest

from covey.access.refusals import REFUSALS, Code, refused


def test_each_code_is_answered_in_one_way() -> None:
    assert set(REFUSALS) == set(Code)
    assert len({each.sentence for each in REFUSALS.values()}) == len(REFUSALS)


@pytest.mark.parametrize("code", Code)
def test_a_refusal_is_a_status_and_a_sentence(code: Code) -> None:
    refusal = REFUSALS[code]
    assert 400 <= refusal.status < 600
    assert refusal.sentence[0].isupper()
    assert refusal.sentence.endswith(".")
    error = refused(code)
    assert (error.code, error.message) == (code.value, refusal.sentence)
    assert str(error) == f"{code.value}: {refusal.sentence}"
