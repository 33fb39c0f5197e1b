"""Every defect that another implementation had is tested for here, or belongs elsewhere."""

from __future__ import annotations

import ast
import tomllib
from functools import cache

import pytest

from tracked import ROOT, python_files

TESTS = ROOT / "tests"
TRAPS: dict[str, dict[str, list[str] | str]] = tomllib.loads(
    (TESTS / "traps.toml").read_text(encoding="utf-8")
)

IDS = {
    "ghsa-8x3w-qj7j-gqhf",
    "mls-rs-320",
    "bc-2026-08-18",
    "mls-rs-371",
    "openmls-1691",
    "openmls-1944",
    "mls-rs-361",
    "openmls-2143",
    "openmls-2149",
    "mdk-55",
    "mdk-50",
    "mdk-728",
    "ghsa-rrmv-c79f-cf5r",
    "openmls-2134",
    "openmls-2147",
    "bc-2026-06",
    "bc-2026-07",
    "mls-rs-286",
    "openmls-1998",
    "bc-2026-06-14",
    "varint-minimal",
    "ts-mls-449",
    "mls-rs-315",
    "mls-rs-342",
    "mls-rs-352",
    "mls-rs-360",
    "mlspp-430",
    "mls-rs-365",
    "mls-rs-321",
    "mls-rs-339",
    "openmls-1797",
    "ts-mls-436",
    "mlspp-363",
    "openmls-1702",
    "mls-go-2026-04",
    "mls-go-2026-06",
    "ghsa-qr9h-x63w-vqfm",
    "persist-before-plaintext",
    "mls-rs-228",
    "openmls-453",
    "mlspp-341",
    "failed-aead",
    "reserved-generations",
    "mls-architecture-271",
    "openmls-1928",
    "openmls-1122",
    "psk-usage",
    "openmls-1703",
    "mls-rs-319",
    "mls-rs-313",
    "openmls-1943",
    "openmls-1868",
    "openmls-1793",
    "mls-rs-274",
    "self-remove-form",
    "update-by-value",
    "bc-2026-08-08",
    "mls-rs-308",
    "mls-rs-151",
    "mls-rs-201",
    "openmls-2125",
    "openmls-0.9.0",
    "openmls-1929",
    "openmls-1503",
    "key-package-deletion",
    "mdk-963",
    "leaked-proposals",
    "ghsa-435g-fcv3-8j26",
    "ghsa-g433-pq76-6cmf",
    "p-521-padding",
    "openmls-2146",
    "mdk-64",
    "mdk-67",
    "audits",
    "vector-runner",
    "mls-architecture-251",
}


@cache
def functions(name: str) -> frozenset[str]:
    """The test functions of a file below tests/."""
    tree = ast.parse((TESTS / name).read_bytes())
    return frozenset(each.name for each in tree.body if isinstance(each, ast.FunctionDef))


def named() -> set[str]:
    """All tests that some entry names."""
    return {test for trap in TRAPS.values() for test in trap.get("tests", [])}


def test_every_trap_has_its_entry() -> None:
    assert set(TRAPS) == IDS


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_tested_or_belongs_elsewhere(name: str) -> None:
    trap = TRAPS[name]
    assert len(trap) == 1
    assert trap.get("tests") or trap.get("elsewhere")


@pytest.mark.parametrize("test", sorted(named()))
def test_a_named_test_exists(test: str) -> None:
    path, function = test.split("::")
    assert function in functions(path)


def test_every_test_of_a_trap_is_named() -> None:
    found = {
        f"{path.relative_to(TESTS).as_posix()}::{function}"
        for path in python_files("tests")
        for function in functions(path.relative_to(TESTS).as_posix())
        if function.startswith("test_trap_")
    }
    assert found <= named()
