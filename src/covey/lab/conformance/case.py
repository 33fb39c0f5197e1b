"""One case of a vector file, which remembers what has been read of it.

May import :mod:`covey.errors` and :mod:`covey.mls.crypto`. A verifier asks a case for its
inputs and tells it what was computed for the expected values. A value that nobody asked
for is a failure too, so that no verifier can forget one. Messages show the values of test
vectors, which are public; nothing here ever sees a secret of a real group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from covey.errors import CoveyError
from covey.mls.crypto.dialects import get_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from covey.mls.crypto.suite import Suite

    Computed = bytes | int | str | None | Sequence["Computed"]
    """What a verifier may compute; bytes stand in a vector as hexadecimal digits."""

_SHOWN = 24  # digits of a value that a message shows
_T = TypeVar("_T")


class CaseError(CoveyError):
    """A case of a vector file is malformed, or expects another value than was computed."""


def ensure(fact: bool, statement: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """Fail the case unless ``fact`` holds.

    Raises:
        CaseError: It does not; ``statement`` says what should.
    """
    if not fact:
        raise CaseError(statement)


class Case:
    """A JSON object with typed access.

    Args:
        values: The object.
        place: Where it stands in its case, such as ``"epochs[2]."``.
    """

    __slots__ = ("_parts", "_place", "_unread", "_values")

    def __init__(self, values: Mapping[str, object], place: str = "") -> None:
        self._values = values
        self._place = place
        self._unread = dict.fromkeys(values)
        self._parts: list[Case] = []

    def suite(self) -> Suite:
        """The suite that ``cipher_suite`` names."""
        return get_suite(self.number("cipher_suite"))

    def octets(self, key: str) -> bytes:
        """A value in hexadecimal digits."""
        return _octets(self._take(key), self._place + key)

    def maybe_octets(self, key: str) -> bytes | None:
        """A value in hexadecimal digits, or null."""
        value = self._take(key)
        return None if value is None else _octets(value, self._place + key)

    def octets_list(self, key: str) -> list[bytes]:
        """An array of values in hexadecimal digits."""
        return self._list(key, _octets)

    def maybe_octets_list(self, key: str) -> list[bytes | None]:
        """An array of values in hexadecimal digits or null."""
        return self._list(
            key, lambda value, place: None if value is None else _octets(value, place)
        )

    def number(self, key: str) -> int:
        """An integer, not negative."""
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            msg = f"{self._place}{key} is not a number"
            raise CaseError(msg)
        return value

    def text(self, key: str) -> str:
        """A string that is not in hexadecimal digits."""
        value = self._take(key)
        if not isinstance(value, str):
            msg = f"{self._place}{key} is not a string"
            raise CaseError(msg)
        return value

    def texts(self, key: str) -> list[str]:
        """An array of strings."""
        found = self._list(key, lambda value, _: value)
        if not all(isinstance(each, str) for each in found):
            msg = f"{self._place}{key} is not an array of strings"
            raise CaseError(msg)
        return [str(each) for each in found]

    def part(self, key: str) -> Case:
        """A nested object."""
        return self._part(self._take(key), self._place + key)

    def parts(self, key: str) -> list[Case]:
        """An array of objects."""
        return self._list(key, self._part)

    def nested_parts(self, key: str) -> list[list[Case]]:
        """An array of arrays of objects."""

        def inner(value: object, place: str) -> list[Case]:
            return [self._part(item, at) for item, at in _items(value, place)]

        return self._list(key, inner)

    def expect(self, key: str, computed: Computed) -> None:
        """Compare an expected value with what was computed for it.

        Raises:
            CaseError: They differ.
        """
        difference = _difference(self._take(key), computed, self._place + key)
        if difference is not None:
            raise CaseError(difference)

    def finish(self) -> None:
        """Fail if a value was neither read nor compared.

        Raises:
            CaseError: There is such a value.
        """
        unread = self.unread()
        if unread:
            msg = f"not looked at: {', '.join(unread)}"
            raise CaseError(msg)

    def unread(self) -> list[str]:
        """The values that nobody has asked for."""
        own = [self._place + key for key in self._unread]
        return own + [key for part in self._parts for key in part.unread()]

    def _take(self, key: str) -> object:
        if key not in self._values:
            msg = f"{self._place}{key} is missing"
            raise CaseError(msg)
        self._unread.pop(key, None)
        return self._values[key]

    def _list(self, key: str, read: Callable[[object, str], _T]) -> list[_T]:
        return [read(item, at) for item, at in _items(self._take(key), self._place + key)]

    def _part(self, value: object, place: str) -> Case:
        if not isinstance(value, dict):
            msg = f"{place} is not an object"
            raise CaseError(msg)
        made = Case(value, place + ".")
        self._parts.append(made)
        return made


def _items(value: object, place: str) -> list[tuple[object, str]]:
    if not isinstance(value, list):
        msg = f"{place} is not an array"
        raise CaseError(msg)
    return [(item, f"{place}[{index}]") for index, item in enumerate(value)]


def _octets(value: object, place: str) -> bytes:
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    msg = f"{place} is not in hexadecimal digits"
    raise CaseError(msg)


def _difference(expected: object, computed: Computed, place: str) -> str | None:
    """Where and how two values differ, as a sentence."""
    if isinstance(computed, bytes):
        same = isinstance(expected, str) and expected.lower() == computed.hex()
    elif computed is None or isinstance(computed, int | str):
        same = expected == computed and not isinstance(expected, bool | float)
    elif not isinstance(expected, list) or len(expected) != len(computed):
        length = len(expected) if isinstance(expected, list) else "no"
        return f"{place} has {length} entries, computed were {len(computed)}"
    else:
        for index, pair in enumerate(zip(expected, computed, strict=True)):
            found = _difference(*pair, f"{place}[{index}]")
            if found is not None:
                return found
        return None
    return None if same else f"{place} is {_shown(expected)}, computed was {_shown(computed)}"


def _shown(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    if value is None:
        return "null"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} digits)"
