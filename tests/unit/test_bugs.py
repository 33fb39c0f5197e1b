"""The fence: what is ours goes through, what is foreign becomes an error of ours."""

from __future__ import annotations

import pytest

from covey import bugs
from covey.errors import BugError, StateError
from covey.mls.wire import varint

SAID = "what alice has said"


def fall() -> None:
    raise KeyError(SAID)


def test_what_is_foreign_is_told_by_its_place_and_kept_as_the_cause() -> None:
    with (
        pytest.raises(BugError, match="a bug of covey: KeyError in an unk") as caught,
        bugs.fenced(),
    ):
        fall()
    assert isinstance(caught.value.__cause__, KeyError)
    text = bugs.told(caught.value)
    assert "in fall" in text
    assert text.index("BugError") < text.index("KeyError")
    assert SAID not in text.replace("raise KeyError(SAID)", "")
    assert SAID not in str(caught.value)


def test_the_place_is_the_last_one_in_covey() -> None:
    with (
        pytest.raises(BugError, match=r"in covey\.mls\.wire\.varint, line [0-9]+;"),
        bugs.fenced(),
    ):
        varint.header("no number")  # type: ignore[arg-type]


def test_of_several_the_first_is_told() -> None:
    both = ExceptionGroup("several", [KeyError(SAID), ValueError(SAID)])
    with pytest.raises(BugError, match=r"KeyError") as caught, bugs.fenced():
        raise both
    text = bugs.told(caught.value)
    assert "ValueError" in text
    assert SAID not in text


@pytest.mark.parametrize("error", [StateError("not now"), OSError(5, "known"), KeyboardInterrupt()])
def test_what_is_known_goes_through(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, bugs.fenced(OSError):
        raise error
    assert caught.value is error


def test_what_is_known_comes_out_of_the_group_of_tasks_that_met_it() -> None:
    met = BrokenPipeError("nobody reads")
    group = ExceptionGroup("tasks", [ExceptionGroup("task", [met])])
    with pytest.raises(BrokenPipeError) as raised, bugs.fenced(OSError):
        raise group
    assert raised.value is met
