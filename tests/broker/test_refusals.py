"""The closed list of errors."""

from __future__ import annotations

import pytest

from covey.broker.refusals import REFUSALS, Code, refused


def test_every_code_has_a_status_and_a_sentence() -> None:
    assert set(REFUSALS) == set(Code)
    for refusal in REFUSALS.values():
        assert 400 <= refusal.status < 600
        assert refusal.sentence.endswith(".")


def test_only_a_lost_race_has_its_status() -> None:
    statuses = [refusal.status for refusal in REFUSALS.values()]
    assert statuses.count(REFUSALS[Code.epoch_closed].status) == 1


@pytest.mark.parametrize("code", Code)
def test_an_error_shows_both(code: Code) -> None:
    error = refused(code)
    assert error.code == code
    assert str(error) == f"{code.value}: {REFUSALS[code].sentence}"
