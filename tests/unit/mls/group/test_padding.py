"""Padded sizes: never smaller, and few of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.mls.group.padding import no_padding, padme, steps


@pytest.mark.parametrize(
    ("size", "padded"),
    [(0, 0), (1, 1), (2, 2), (7, 7), (8, 8), (9, 10), (100, 104), (1000, 1024), (1025, 1088)],
)
def test_padme(size: int, padded: int) -> None:
    assert padme(size) == padded


@given(size=st.integers(0, 2**30))
def test_padme_adds_little_and_leaves_few_sizes(size: int) -> None:
    padded = padme(size)
    assert size <= padded <= size * 1.12 + 1
    assert padme(padded) == padded


@given(size=st.integers(0, 10_000), step=st.integers(1, 300))
def test_steps(size: int, step: int) -> None:
    padded = steps(step)(size)
    assert size <= padded < size + step
    assert padded % step == 0


def test_a_step_has_a_byte() -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        steps(0)


def test_no_padding() -> None:
    assert no_padding(17) == 17
