"""Files of test vectors, opened case by case."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from covey.cli.main import covey
from covey.lab.conformance.families import FAMILIES, NEGATIVE
from covey.lab.inspect.judging.verdicts import Surroundings
from covey.lab.inspect.kinds import KINDS
from covey.lab.inspect.vector_file import OPENED, TESTED, inspect_vectors
from group_samples import member
from vectors_path import vectors_path

HOLDING: dict[str, set[str]] = {
    "messages": {"Welcome", "GroupInfo", "KeyPackage", "RatchetTree", "GroupSecrets", "Add",
                 "Update", "Remove", "PreSharedKey", "ReInit", "ExternalInit",
                 "GroupContextExtensions", "Commit", "PublicMessage", "PrivateMessage"},
    "key-schedule": {"GroupContext"},
    "transcript-hashes": {"AuthenticatedContent"},
    "message-protection": {"PublicMessage", "PrivateMessage", "Proposal", "Commit"},
    "tree-operations": {"RatchetTree", "Proposal"},
    "tree-validation": {"RatchetTree"},
    "treekem": {"RatchetTree", "UpdatePath"},
    "welcome": {"KeyPackage", "Welcome"},
    "passive-client-welcome": {"KeyPackage", "Welcome", "RatchetTree"},
    "passive-client-handling-commit": {"KeyPackage", "Welcome", "PublicMessage"},
    "passive-client-random": {"KeyPackage", "Welcome", "PublicMessage"},
}  # fmt: skip
"""The kinds of objects that stand in the cases of a family."""

NAMES = [family.name for family in FAMILIES]


def test_every_family_is_explained_and_every_kind_is_known() -> None:
    assert {family.name for family in (*FAMILIES, *NEGATIVE)} == TESTED.keys()
    assert {kind for kinds in OPENED.values() for kind in kinds} <= KINDS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_all_official_vectors_open(name: str) -> None:
    given_ = vectors_path("mls", f"{name}.json").read_bytes()
    cases = len(json.loads(given_))
    seen: set[str] = set()
    for case in range(0, cases, max(1, cases // 12)):
        found = inspect_vectors(given_, f"{name}.json", case=case)
        assert (found.family, found.cases, found.case, found.problem) == (name, cases, case, "")
        assert found.entries
        for place, opened in found.opened:
            assert opened.stop is None, place
            seen.add(opened.kind)
    assert HOLDING.get(name, set()) <= seen


def test_the_suite_and_the_group_of_a_case_are_used() -> None:
    given_ = vectors_path("mls", "tree-validation.json").read_bytes()
    found = inspect_vectors(given_, case=8)
    [(place, tree)] = found.opened
    assert (found.family, place) == ("tree-validation", "tree")
    assert found.good
    signatures = [each for each in tree.findings if each.rule == "VAL-029"]
    assert [each.verdict for each in signatures] == ["holds"]


def test_what_is_only_syntax_is_not_judged() -> None:
    found = inspect_vectors(vectors_path("mls", "messages.json").read_bytes())
    assert all(opened.findings == () for _, opened in found.opened)
    assert found.good


def test_what_must_be_refused_is_seen() -> None:
    [case] = json.loads(vectors_path("mls", "passive-client-random.json").read_bytes())
    message = bytearray(bytes.fromhex(case["epochs"][0]["commit"]))
    message[1] = 9
    case["negative"] = {"message": message.hex()}
    found = inspect_vectors(json.dumps([case]).encode(), fold=2)
    assert found.family == "negative-welcome"
    assert not found.good
    [bad] = [opened for place, opened in found.opened if place == "negative.message"]
    assert {finding.rule for finding in bad.broken} == {"VAL-008"}
    assert found.entries[-2].place == "epochs[2…]"
    assert found.entries[-2].text.endswith("more, folded")


def test_values_are_shown_short() -> None:
    case = {
        "n_leaves": 1,
        "sibling": [None] * 20,
        "text": "x" * 100,
        "data": "00" * 50,
        "empty": [],
    }
    found = inspect_vectors(json.dumps([case]).encode())
    shown = {entry.place: entry.text for entry in found.entries}
    assert shown["n_leaves"] == "1"
    assert shown["sibling"].startswith("[null, null, ")
    assert shown["sibling"].endswith(", and 8 more]")
    assert shown["text"] == "x" * 32 + "… (100 characters)"
    assert shown["data"] == "0" * 32 + "… (50 bytes)"
    assert shown["empty"] == "[]"


def test_an_object_that_does_not_decode_is_told() -> None:
    found = inspect_vectors(b'[{"signer_pub": "00", "welcome": "0001", "key_package": null}]')
    [(place, opened)] = found.opened
    assert (place, opened.kind) == ("welcome", "MLSMessage")
    assert opened.stop is not None
    assert not found.good


@pytest.mark.parametrize(
    ("given_", "problem"),
    [
        (b"[", "it begins like JSON, and is none"),
        (b"[" * 100_000, "it begins like JSON, and is none"),
        (b"\xff", "it begins like JSON, and is none"),
        (b"{}", "expected an object, or an array of objects"),
        (b"[1]", "JSON without anything to inspect: expected an object"),
        (b"[]", "expected an object, or an array of objects"),
        (b'[{"cipher_suite": ' + b"9" * 9999 + b"}]", "a number of 9,999 digits is in it"),
        (b'{"a": 1}', "known by its name, such as welcome.json, or by the members"),
        (b'[{"a": 1, "b": 2}]', "of no known family of test vectors; its cases have a, b"),
    ],
)
def test_what_is_no_file_of_vectors_is_told(given_: bytes, problem: str) -> None:
    found = inspect_vectors(given_)
    assert problem in found.problem
    assert not found.good


def test_an_object_of_no_family_is_opened() -> None:
    package = member("alice").key_package().message.hex()
    for case in ({"key_package": package}, {"answer": {"key_package": package}}):
        found = inspect_vectors(json.dumps(case).encode())
        assert (found.family, found.cases, found.problem) == ("", 1, "")
        [(place, opened)] = found.opened
        assert (place.endswith("key_package"), opened.kind) == (True, "KeyPackage")
    late = Surroundings(now=4_102_444_800)
    assert not inspect_vectors(json.dumps(case).encode(), around=late).good


def test_half_a_surrogate_is_told_as_text() -> None:
    found = inspect_vectors(b'[{"signer_pub": "\\ud800", "welcome": "00", "\\udfff": 1}]')
    assert found.entries[0].text == "\\ud800"
    assert found.entries[-1].place == "\\udfff"


def nested(depth: int) -> bytes:
    return b'[{"n_leaves": 1, "sibling": ' + b"[" * depth + b"1" + b"]" * depth + b"}]"


def test_a_case_that_is_nested_too_deeply_is_told() -> None:
    assert inspect_vectors(nested(50)).good
    for depth in (5_000, 500_000):
        problem = inspect_vectors(nested(depth)).problem
        assert "nested deeper than any vector" in problem or "and is none" in problem


def test_a_case_that_is_not_there_is_told() -> None:
    found = inspect_vectors(b'[{"vlbytes_header": "05", "length": 5}]', case=1)
    assert found.problem == "there is no case 1: the file holds 1"


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
KEYS = st.sampled_from([*OPENED, "x", "cipher_suite", "group_id"])
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES | st.binary(max_size=9).map(bytes.hex),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(case=st.dictionaries(st.sampled_from([*OPENED, "y"]), JSON), name=st.sampled_from(NAMES))
def test_any_case_can_be_opened(case: dict[str, Any], name: str) -> None:
    found = inspect_vectors(json.dumps([case]).encode(), f"{name}.json")
    assert found.family == name


@pytest.mark.parametrize("number", range(5))
def test_the_tree_between_proposal_and_path_is_not_called_broken(number: int) -> None:
    path = vectors_path("mls", "tree-operations.json")
    done = CliRunner().invoke(covey, ["inspect", str(path), "--case", str(number)])
    assert done.exit_code == 0, done.output
