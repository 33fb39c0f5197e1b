"""Inspections as text and as JSON."""

from __future__ import annotations

import json

import msgspec

from covey.lab.inspect.examine import inspect, inspect_as
from covey.lab.inspect.inspected import Finding, Form
from covey.lab.inspect.judging.verdicts import Surroundings
from covey.lab.inspect.opening import Unopened
from covey.lab.inspect.telling import (
    as_json,
    finding_lines,
    lines,
    outline_lines,
    plain,
    unopened_as_json,
    unopened_lines,
    vector_lines,
    vectors_as_json,
)
from covey.lab.inspect.vector_file import inspect_vectors
from covey.mls.structs.welcome import GroupSecrets, PathSecret
from covey.mls.wire.outline import Outline
from group_samples import found as groups
from group_samples import member
from vectors_path import vectors_path

PACKAGE = member("alice").key_package().message


def test_an_object_is_told_with_places_sections_and_rules() -> None:
    text = [line.text for line in lines(inspect(PACKAGE))]
    assert text[0] == f"KeyPackage, {len(PACKAGE)} bytes"
    assert text[1].startswith(f"  raw: {len(PACKAGE)} bytes, taken as they are; it decodes as")
    assert f"     0 {len(PACKAGE):8}  MLSMessage  §6" in text
    assert any('identity: opaque<V>  "alice"' in line for line in text)
    assert any(line.startswith("Rules: ") for line in text)
    assert not any(line.startswith("  holds") for line in text)
    everything = [line.text for line in lines(inspect(PACKAGE), everything=True)]
    assert any(line.startswith("  holds       VAL-055 §10.1") for line in everything)


def test_what_stops_is_told_with_what_was_expected() -> None:
    told = [line.text for line in lines(inspect(PACKAGE[:50]))]
    assert told[0] == "No MLSMessage, 50 bytes"
    assert told[-2].startswith("Read ")
    assert told[-1].startswith("At offset 50, in MLSMessage.message.")
    assert "expected" in told[-1]
    assert told[-1].endswith("(VAL-004, §2.1.2)")


def test_a_drawing_stands_between_the_outline_and_the_rules() -> None:
    told = [line.text for line in lines(inspect(PACKAGE), draw=lambda _: "a\nb")]
    at = told.index("a")
    assert told[at - 1 : at + 3] == ["", "a", "b", ""]


def test_verdicts_are_counted_and_broken_ones_come_first() -> None:
    findings = [
        Finding("VAL-001", "1", "One holds.", "holds"),
        Finding("", "2", "Two is open.", "not judged", "needs more"),
        Finding("X-1", "a draft", "Three is broken.", "broken", "so", "leaf 3"),
    ]
    told = list(finding_lines(findings))
    assert [line.text for line in told] == [
        "Rules: 1 hold, 1 broken, 1 not judged",
        "  BROKEN      X-1 a draft  Three is broken.: so [leaf 3]",
        "  not judged  §2  Two is open.: needs more",
    ]
    assert [line.tone for line in told] == ["bad", "bad", "faint"]
    assert next(iter(finding_lines([]))).text == "Rules: none were looked at."


def test_a_terminal_is_safe() -> None:
    outline = Outline("a", "opaque<V>", 0, 1, "\x1b[2J", "draft-x")
    [line] = outline_lines(outline)
    assert line.text == "     0        1  a: opaque<V>  \\u{1b}[2J  draft-x"


def test_json_has_all_of_it() -> None:
    shown = json.loads(msgspec.json.encode(as_json(inspect(PACKAGE))))
    assert (shown["kind"], shown["good"], shown["stop"]) == ("KeyPackage", True, None)
    assert shown["bytes"] == shown["outline"]["length"] == len(PACKAGE)
    assert shown["facts"].keys() == {"cipher suite", "quantum computers", "KeyPackageRef (§5.2)"}
    assert {"rule", "section", "statement", "verdict", "detail", "where"} == shown["findings"][
        0
    ].keys()
    cut = as_json(inspect(PACKAGE[:50]))
    assert cut["stop"]["offset"] == 50


def test_json_has_the_tree() -> None:
    group = groups("abc")[0]
    shown = as_json(inspect(group.tree.encode(), around=Surroundings(suite=1)), 1)["tree"]
    assert [each["name"] for each in shown["members"]] == ["a", "b", "c"]
    assert [each["node"] for each in shown["parents"]] == [1, 3, 5]
    assert shown["parents"][0]["holders"] == [0, 1]
    assert [each["resolution"] for each in shown["parents"]] == [[1], [3], [4]]
    assert [each["held"] for each in shown["parents"]] == [True, True, False]
    assert shown["leaf"]["holds"] == [2, 1, 3]
    assert "leaf" not in as_json(inspect(group.tree.encode(), around=Surroundings(suite=1)))["tree"]


def test_an_input_without_bytes_is_a_sentence() -> None:
    [line] = unopened_lines(Unopened("this is text"))
    assert line.text == "Nothing to inspect: this is text."
    assert unopened_as_json(Unopened("x")) == {"kind": None, "good": False, "problem": "x"}


def test_a_message_after_a_message_is_pointed_at() -> None:
    told = [line.text for line in lines(inspect(PACKAGE + PACKAGE))]
    rest = f"The other {len(PACKAGE)} bytes begin with another MLSMessage: inspect one at a time."
    assert told[-1] == rest
    assert "begin with" not in [line.text for line in lines(inspect(PACKAGE + b"\0"))][-1]
    assert next(lines(inspect(b"\0", kind="Welcome"))).text == "No Welcome, 1 byte"


def test_an_output_without_our_signs_gets_others() -> None:
    assert plain("■ §7 … → é", "utf-8") == "■ §7 … → é"
    assert plain("■ §7 … → é", "latin-1") == "# §7 ... -> é"
    assert plain("● §7 雪", "ascii") == "@ sec. 7 \\u96ea"


def test_secrets_stand_in_neither() -> None:
    secrets = GroupSecrets(b"\x11" * 32, PathSecret(b"\x22" * 32), ())
    found = inspect_as("GroupSecrets", secrets.encode(), Form("raw"))
    told = "\n".join(line.text for line in lines(found)) + str(as_json(found))
    assert "1111" not in told
    assert "2222" not in told


def test_a_case_is_told_with_its_objects() -> None:
    found = inspect_vectors(vectors_path("mls", "welcome.json").read_bytes())
    told = [line.text for line in vector_lines(found)]
    assert told[0] == "Test vectors, welcome: case 0 of 7"
    assert told[2] == "  --case N opens another, up to 6"
    assert any(line.startswith("welcome: Welcome, ") for line in told)
    assert sum(line.startswith("Rules: ") for line in told) == 2
    shown = json.loads(msgspec.json.encode(vectors_as_json(found)))
    assert (shown["family"], shown["cases"]) == ("welcome", 7)
    kinds = [each["opened"] and each["opened"]["kind"] for each in shown["entries"]]
    assert {"Welcome", "KeyPackage"} <= set(kinds)


def test_a_file_of_no_vectors_is_told_in_a_sentence() -> None:
    [line] = vector_lines(inspect_vectors(b"[]"))
    assert line.text == (
        "JSON: it is JSON without anything to inspect: expected an object, or an array of objects "
        "as files of test vectors are, with MLS objects in hexadecimal digits"
    )
