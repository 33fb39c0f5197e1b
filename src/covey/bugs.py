"""Bugs of covey: a fence at which one ends, and what may be told of it.

May import the errors. What a foreign exception says may be what somebody else has said, or worse;
so it is told by its type and its place only. The exception itself is the cause of the error.
"""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from covey.errors import BugError, CoveyError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def fenced(*passing: type[Exception]) -> Iterator[None]:
    """Let nothing foreign out: an exception that is none of ours is a bug, and said to be one.

    Args:
        passing: Foreign ones that are known to whoever is outside, such as ``OSError``.

    What tasks beside each other have met comes in a group; the first of it counts.

    Raises:
        BugError: In the place of a foreign one, which is its cause.
    """
    known: tuple[type[Exception], ...] = (CoveyError, *passing)
    try:
        yield
    except known:
        raise
    except Exception as error:
        first = _first(error)
        if isinstance(first, known):
            raise first from error
        msg = f"a bug of covey: {type(first).__name__} in {_place(first)}; what was said is kept"
        raise BugError(msg) from error


def told(error: BaseException) -> str:
    """An exception's type and place, and those of what is in it and of its cause, in lines."""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    cause = () if error.__cause__ is None else (error.__cause__,)
    frames = "".join(traceback.format_tb(error.__traceback__))
    return "\n".join([f"{frames}{type(error).__name__}", *map(told, (*inner, *cause))])


def _first(error: Exception) -> BaseException:
    """What went wrong first, when it was several things."""
    found: BaseException = error
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


def _place(error: BaseException) -> str:
    """The last place in covey that an exception came through."""
    place = "an unknown place"
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = str(frame.f_globals.get("__name__"))
        if name.partition(".")[0] == "covey" and name != __name__:
            place = f"{name}, line {line}"
    return place
