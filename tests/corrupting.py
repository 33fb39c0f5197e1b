"""Values inside a vector, and vectors with one of them changed."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Key = str | int
Json = dict[str, Any]


class Value(NamedTuple):
    """A value inside a case, by the keys that lead to it."""

    path: tuple[Key, ...]
    value: Any

    @property
    def kind(self) -> str:
        """The keys without the numbers; null apart, since it says something else."""
        keys = ".".join("[]" if isinstance(key, int) else key for key in self.path)
        return f"{keys} (null)" if self.value is None else keys


def values(value: Any, path: tuple[Key, ...] = ()) -> Iterator[Value]:  # noqa: ANN401 - JSON
    """All values of a case that hold no others, and all arrays."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from values(inner, (*path, key))
        return
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from values(inner, (*path, index))
    yield Value(path, value)


def corrupted(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Another value of the same type; of octets, one bit in the middle is changed."""
    if value is None:
        return "00"
    if isinstance(value, int):
        return value + 1
    try:
        octets = bytearray.fromhex(value)
    except ValueError:
        return value + "x"
    if not octets:
        return "00"
    octets[len(octets) // 2] ^= 1
    return octets.hex()


def with_change(case: Json, path: tuple[Key, ...], change: Callable[[Any], Any]) -> Json:
    """A copy of a case with one value changed."""
    made = copy.deepcopy(case)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = change(inner[path[-1]])
    return made
