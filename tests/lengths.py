"""How much of the long tests is played: as little as `make test` wants, all of it, or for hours."""

from __future__ import annotations

import faulthandler
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def is_full() -> bool:
    """Whether what takes minutes is played on each store, as `.ci/run` has it."""
    return settings().max_examples >= settings.get_profile("full").max_examples


def is_soak() -> bool:
    """Whether `make soak` runs the tests; these then take longer than what hangs."""
    if settings().max_examples < settings.get_profile("soak").max_examples:
        return False
    faulthandler.cancel_dump_traceback_later()
    return True


def only_in_full(why: str) -> None:
    """Skip the test where `make test` runs it."""
    if not is_full():
        pytest.skip(f"{why}; `.ci/run` plays it")


def not_on_each(store: str) -> None:
    """Skip the test on a second store where `make test` runs it."""
    if store != "sqlite":
        only_in_full("a second store")


def some(every: Sequence[T], step: int = 4) -> Sequence[T]:
    """All of many where `.ci/run` plays; else one of so many, and the last."""
    return every if is_full() else [*every[:-1:step], every[-1]]


def only_in_soak(why: str) -> None:
    """Skip the test unless `make soak` runs it."""
    if not is_soak():
        pytest.skip(f"{why}; `make soak` plays it")
