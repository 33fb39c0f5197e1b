"""The vectors of the access protocol: written from a seed, verified, and failing when spoiled."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from click.testing import CliRunner

from covey.cli.main import covey
from covey.lab.conformance.access.structs import STRUCTS
from covey.lab.conformance.access.writer import WRITTEN
from covey.lab.conformance.families import ACCESS
from covey.lab.conformance.runner import verify_case, verify_file
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Key = str | int
Json = dict[str, Any]
BY_NAME = {family.name: family for family in ACCESS}

ANY_OTHER_WILL_DO = {
    ("access-links", "refused.[]"),  # another text that is no link either
    ("access-epochs", "cipher_suite"),  # another suite with the same hash
}
"""Values of which another is as good."""

MAY_BE_SHORTER = {
    ("access-chain", "entries"),
    ("access-epochs", "idems"),
    ("access-links", "same"),
    ("access-links", "refused"),
}
"""Arrays of which each entry is a check of its own."""


class Value(NamedTuple):
    """A value inside a case, by the keys that lead to it."""

    path: tuple[Key, ...]
    value: Any

    @property
    def kind(self) -> str:
        """The keys without the numbers."""
        return ".".join("[]" if isinstance(key, int) else key for key in self.path)


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


@cache
def written(name: str) -> list[Json]:
    """The cases of a family, of two suites, as another program reads them."""
    read: list[Json] = json.loads(json.dumps(list(WRITTEN.cases(name, (1, 2), b"seed"))))
    return read


def kinds(*, arrays: bool) -> list[tuple[str, str]]:
    """Every kind of value of every family; of the structs only a field, for there are 400."""
    found = {
        (name, value.kind): None
        for name in WRITTEN.names
        if name != "access-structs"
        for case in written(name)
        for value in values(case)
        if isinstance(value.value, list) is arrays and value.value != []
    }
    return list(found)


def spoiled(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Another value of the same type; of octets, one bit in the middle is changed."""
    if value is None:
        return "00"
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return value[:-1]
    try:
        octets = bytearray.fromhex(value)
    except ValueError:
        return value + "x"
    if not octets:
        return "00"
    octets[len(octets) // 2] ^= 1
    return octets.hex()


def with_spoiled(case: Json, path: tuple[Key, ...]) -> Json:
    """A copy of a case with one value spoiled."""
    made = copy.deepcopy(case)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = spoiled(inner[path[-1]])
    return made


def test_every_family_is_written() -> None:
    assert sorted(BY_NAME) == sorted(WRITTEN.names)


@pytest.mark.parametrize("name", WRITTEN.names)
def test_what_is_written_is_accepted(name: str, tmp_path: Path) -> None:
    path, count = WRITTEN.write(tmp_path, name, tuple(SUITES), b"seed")
    report = verify_file(path)
    assert report.failures == ()
    assert report.good
    assert (report.cases, report.family) == (count, name)
    other = path.rename(tmp_path / "renamed.json")
    assert verify_file(other).family == name


@pytest.mark.parametrize("name", WRITTEN.names)
def test_a_seed_gives_the_same_cases(name: str) -> None:
    one, same, other = (list(WRITTEN.cases(name, (2,), seed)) for seed in (b"a", b"a", b"b"))
    assert one == same != other


def test_every_struct_is_there_with_something_in_it() -> None:
    shown = {case["struct"] for case in written("access-structs")}
    assert shown == set(STRUCTS)
    paths = {path for case in written("access-structs") for path in case["fields"]}
    assert {"proof.type", "next", "next.parcels[0].id", "frame.type"} <= paths


def fails(name: str, kind: str) -> bool:
    """Whether every case fails in which a value of a kind is spoiled."""
    family = BY_NAME[name]
    reasons = [
        verify_case(family, with_spoiled(case, value.path))
        for case in written(name)
        for value in values(case)
        if value.kind == kind and value.value != []
    ]
    return bool(reasons) and all(reasons)


@pytest.mark.parametrize(("name", "kind"), kinds(arrays=False))
def test_a_spoiled_value_fails(name: str, kind: str) -> None:
    assert fails(name, kind) is ((name, kind) not in ANY_OTHER_WILL_DO)


@pytest.mark.parametrize(("name", "kind"), kinds(arrays=True))
def test_an_array_without_its_last_entry_fails(name: str, kind: str) -> None:
    assert fails(name, kind) is ((name, kind) not in MAY_BE_SHORTER)


@pytest.mark.parametrize("name", STRUCTS)
def test_a_spoiled_struct_fails(name: str) -> None:
    family = BY_NAME["access-structs"]
    for case in written("access-structs"):
        if case["struct"] == name:
            for value in values(case):
                if value.path != ("struct",):
                    assert verify_case(family, with_spoiled(case, value.path))


@pytest.mark.parametrize("name", WRITTEN.names)
def test_a_value_that_is_missing_or_too_much_fails(name: str) -> None:
    case = next(case for case in written(name) if case.get("fields") != {})
    family = BY_NAME[name]
    for key in case:
        assert verify_case(family, {other: case[other] for other in case if other != key})
    assert verify_case(family, {**case, "more": 1}) == "CaseError: not looked at: more"


def test_the_commands_write_and_verify(tmp_path: Path) -> None:
    def run(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(covey, ["vectors", *map(str, arguments)])
        return result.exit_code, result.output

    folder = tmp_path / "made"
    code, shown = run("generate", "--access", folder, "--seed", "x", "--suite", 1)
    assert (code, shown.splitlines()[-1]) == (0, f"{len(WRITTEN.names)} files from seed x")
    assert sorted(path.stem for path in folder.iterdir()) == list(WRITTEN.names)
    code, shown = run("verify", folder)
    assert code == 0
    assert f"{len(WRITTEN.names)} files (none failed)" in shown
    code, shown = run("generate", "--access", folder)
    assert code == 1
    assert "--force replaces it" in shown
    path = folder / "access-handles.json"
    path.write_text(path.read_text("utf-8").replace('"alice"', '"malice"'), "utf-8")
    code, shown = run("verify", folder)
    assert code == 1
    assert "handle is" in shown
    code, shown = run("generate", "--access", "--negative", folder)
    assert code == 2
    assert "choose one" in shown
