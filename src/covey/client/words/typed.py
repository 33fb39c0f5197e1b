"""What an application hands in: of the type that is needed, or a TypeError that names it.

May import the errors. Types are looked at here, and meanings where they are known. Each call takes
what the value is, for people, and the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from covey.errors import StateError


def text(what: str, given: object) -> bytes:
    """A text, in UTF-8.

    Args:
        what: What it is, for people.
        given: The text.

    Raises:
        TypeError: It is something else.
        StateError: It holds halves of characters, which are not text.
    """
    try:
        return string(what, given).encode()
    except UnicodeEncodeError:
        msg = f"{what} is not text that UTF-8 can write: type it again"
        raise StateError(msg) from None


def string(what: str, given: object) -> str:
    """A str, also one that is no text, as a name can be that somebody else has chosen.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(given, str):
        raise _wrong(what, "a str", given)
    return given


def octets(what: str, given: object) -> bytes:
    """Bytes.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(given, bytes):
        raise _wrong(what, "bytes", given)
    return given


def number(what: str, given: object) -> int:
    """A whole number.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(given, int) or isinstance(given, bool):
        raise _wrong(what, "an int", given)
    return given


def count(what: str, given: object) -> int:
    """A whole number of things that a store can hold.

    Raises:
        TypeError: It is none.
        StateError: It is less than nothing, or more than there can be.
    """
    found = number(what, given)
    if not 0 <= found < 1 << 63:
        msg = f"{what} is 0 or more, and less than 2^63, not {found}"
        raise StateError(msg)
    return found


def duration(what: str, given: object) -> float:
    """A number of seconds.

    Raises:
        TypeError: It is none.
        StateError: It is less than nothing.
    """
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise _wrong(what, "a number of seconds", given)
    if not given >= 0:
        msg = f"{what} is in seconds, 0 or more, not {given}"
        raise StateError(msg)
    return given


def texts(what: str, given: object) -> list[str]:
    """Several texts, and not one, whose letters they would be.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise _wrong(what, "a list of str", given)
    return [string(what, each) for each in given]


def functions(what: str, given: object) -> tuple[Callable[..., Any], ...]:
    """Functions, each of which is what is said.

    Raises:
        TypeError: One of them is none, or they are no list.
    """
    if not isinstance(given, Iterable):
        raise _wrong(what, "one of a list of functions", given)
    found = tuple(given)
    for each in found:
        if not callable(each):
            raise _wrong(what, "a function", each)
    return found


def instance(what: str, kinds: tuple[type, ...], given: object) -> None:
    """One of some classes.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(given, kinds):
        raise _wrong(what, f"a {' or '.join(each.__name__ for each in kinds)}", given)


def _wrong(what: str, needed: str, given: object) -> TypeError:
    return TypeError(f"{what} is {needed}, not {type(given).__name__}")
