"""With any one value of a vector corrupted, the verifier must fail: else it checks nothing.

Every kind of value of every family is corrupted once, in a copy: expected values, and inputs
too, since an input that nothing depends on has not been used.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from corrupting import Json, Key, corrupted, values, with_change
from covey.lab.conformance.families import FAMILIES
from covey.lab.conformance.runner import verify_case
from vectors_path import vectors_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.lab.conformance.families import Family

BY_NAME = {family.name: family for family in FAMILIES}

# Here a value is a whole message, and its verification is that it decodes and encodes. With
# other contents it still does, so it is cut instead.
CUT = {"messages"}

# A chain of 200 epochs: the first ones have all kinds of values.
SHORTENED = {"passive-client-random": ("epochs", 3)}

# Arrays whose last entry may be missing: each entry is a check of its own, or an input that
# only some other entry uses.
MAY_BE_SHORTER = {
    ("key-schedule", "epochs"),
    ("secret-tree", "leaves.[]"),
    ("treekem", "update_paths"),
    ("passive-client-handling-commit", "epochs"),
    ("passive-client-random", "epochs"),
}


# Only the first bytes of it are used (RFC 9420 §6.3.2).
USED_AT_THE_START = {("secret-tree", "sender_data.ciphertext")}

# Only an Update depends on who sends it, so not every case sees the change.
SEEN_SOMEWHERE = {("tree-operations", "proposal_sender")}


@cache
def cases(name: str) -> list[Json]:
    """The cases of a family, the small ones first."""
    found: list[Json] = json.loads(vectors_path("mls", f"{name}.json").read_bytes())
    if name in SHORTENED:
        key, length = SHORTENED[name]
        found = [{**case, key: case[key][:length]} for case in found]
    return sorted(found, key=lambda case: len(json.dumps(case)))


def _kinds(*, arrays: bool) -> list[tuple[str, str]]:
    found = {
        (name, value.kind): None
        for name in BY_NAME
        for case in cases(name)
        for value in values(case)
        if isinstance(value.value, list) is arrays and value.value != []
    }
    return list(found)


def changed_at_the_start(value: str) -> str:
    octets = bytearray.fromhex(value)
    octets[0] ^= 1
    return octets.hex()


def other_suite(value: int) -> int:
    """A suite with another hash."""
    return {4: 1}.get(value, 8 - value)


def cut(value: str) -> str:
    return value[:-2]


def shortened(value: list[Any]) -> list[Any]:
    return value[:-1]


def _instances(name: str, kind: str) -> Iterator[tuple[Json, tuple[Key, ...]]]:
    """One value of the kind in each case that has it."""
    for case in cases(name):
        found = [value for value in values(case) if value.kind == kind and value.value != []]
        if found:
            yield case, found[len(found) // 2].path


def _is_seen(family: Family, kind: str, change: Callable[[Any], Any]) -> bool:
    """Whether a case that passes fails with one value changed."""
    instances = list(_instances(family.name, kind))
    if (family.name, kind) not in SEEN_SOMEWHERE:
        del instances[1:]
    assert all(verify_case(family, copy.deepcopy(case)) is None for case, _ in instances)
    return any(
        verify_case(family, with_change(case, path, change)) is not None for case, path in instances
    )


def _change(name: str, kind: str) -> Callable[[Any], Any]:
    if kind == "cipher_suite":
        return other_suite
    if (name, kind) in USED_AT_THE_START:
        return changed_at_the_start
    return cut if name in CUT else corrupted


@pytest.mark.parametrize(("name", "kind"), _kinds(arrays=False))
def test_a_corrupted_value_is_seen(name: str, kind: str) -> None:
    assert _is_seen(BY_NAME[name], kind, _change(name, kind))


@pytest.mark.parametrize(("name", "kind"), _kinds(arrays=True))
def test_a_missing_entry_is_seen(name: str, kind: str) -> None:
    if (name, kind) not in MAY_BE_SHORTER:
        assert _is_seen(BY_NAME[name], kind, shortened)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_missing_or_a_needless_value_is_seen(name: str) -> None:
    family, case = BY_NAME[name], cases(name)[0]
    for key in case:
        without = {other: value for other, value in case.items() if other != key}
        assert f"{key} is missing" in (verify_case(family, without) or "")
    reason = verify_case(family, {**copy.deepcopy(case), "surprise": "00"})
    assert reason is not None
    assert "not looked at: surprise" in reason
