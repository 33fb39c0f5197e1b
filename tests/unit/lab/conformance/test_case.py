"""Reading a case: types, comparisons, and that nothing is left out."""

from __future__ import annotations

import pytest

from covey.errors import CoveyError, UnsupportedError
from covey.lab.conformance.case import Case, CaseError, ensure

VALUES = {
    "cipher_suite": 3,
    "bytes": "00FF",
    "none": None,
    "label": "MLS",
    "several": ["", "01"],
    "maybe": [None, "02"],
    "inside": {"number": 7},
    "list": [{"x": 1}, {"x": 2}],
    "nested": [[{"y": 1}], []],
}


def test_values_are_read_by_type() -> None:
    case = Case(VALUES)
    assert case.suite().code == 3
    assert case.octets("bytes") == b"\x00\xff"
    assert case.maybe_octets("bytes") == b"\x00\xff"
    assert case.maybe_octets("none") is None
    assert case.text("label") == "MLS"
    assert case.octets_list("several") == [b"", b"\x01"]
    assert case.maybe_octets_list("maybe") == [None, b"\x02"]
    assert case.part("inside").number("number") == 7
    assert [part.number("x") for part in case.parts("list")] == [1, 2]
    assert [[part.number("y") for part in row] for row in case.nested_parts("nested")] == [[1], []]
    case.finish()


@pytest.mark.parametrize(
    ("read", "key", "problem"),
    [
        (Case.octets, "absent", "absent is missing"),
        (Case.octets, "label", "label is not in hexadecimal digits"),
        (Case.octets, "cipher_suite", "not in hexadecimal digits"),
        (Case.number, "label", "label is not a number"),
        (Case.text, "cipher_suite", "cipher_suite is not a string"),
        (Case.part, "label", "label is not an object"),
        (Case.parts, "label", "label is not an array"),
        (Case.parts, "several", r"several\[0\] is not an object"),
        (Case.octets_list, "maybe", r"maybe\[0\] is not in hexadecimal digits"),
    ],
)
def test_a_value_of_another_type_fails_the_case(read: object, key: str, problem: str) -> None:
    assert callable(read)
    with pytest.raises(CaseError, match=problem):
        read(Case(VALUES), key)


@pytest.mark.parametrize("number", [-1, True, 1.0])
def test_a_number_is_an_integer_and_not_negative(number: object) -> None:
    with pytest.raises(CaseError, match="not a number"):
        Case({"n": number}).number("n")


def test_an_unknown_suite_is_unsupported() -> None:
    with pytest.raises(UnsupportedError):
        Case({"cipher_suite": 0xF000}).suite()


@pytest.mark.parametrize(
    ("expected", "computed"),
    [
        ("00ff", b"\x00\xff"),
        ("00FF", b"\x00\xff"),
        ("", b""),
        (5, 5),
        (None, None),
        ("text", "text"),
        ([], []),
        (["00", None, [1]], [b"\x00", None, [1]]),
        ([1, 2], (1, 2)),
    ],
)
def test_equal_values_are_equal(expected: object, computed: object) -> None:
    case = Case({"x": expected})
    case.expect("x", computed)  # type: ignore[arg-type]
    case.finish()


@pytest.mark.parametrize(
    ("expected", "computed", "problem"),
    [
        ("00ff", b"\x00\xfe", "x is 00ff, computed was 00fe"),
        ("00ff", b"\x00", "x is 00ff, computed was 00"),
        (None, b"", "x is null, computed was"),
        (0, b"\x00", "x is 0"),
        (True, 1, "x is True"),
        (1.0, 1, "x is 1.0"),
        (0, None, "x is 0, computed was null"),
        ([1, 2], [1], "x has 2 entries, computed were 1"),
        (None, [1], "x has no entries, computed were 1"),
        ([1, [2]], [1, [3]], r"x\[1\]\[0\] is 2, computed was 3"),
        ("00" * 40, b"\x01" * 40, r"x is 0{24}… \(80 digits\)"),
    ],
)
def test_a_difference_fails_the_case(expected: object, computed: object, problem: str) -> None:
    with pytest.raises(CaseError, match=problem):
        Case({"x": expected}).expect("x", computed)  # type: ignore[arg-type]


def test_what_nobody_looked_at_fails_the_case() -> None:
    case = Case({"a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 4}]})
    case.number("a")
    case.part("b").number("c")
    case.parts("e")
    assert case.unread() == ["b.d", "e[0].f"]
    with pytest.raises(CaseError, match=r"not looked at: b\.d, e\[0\]\.f"):
        case.finish()


def test_ensure_says_what_should_be() -> None:
    ensure(True, "it holds")  # noqa: FBT003 - a fact
    with pytest.raises(CaseError, match="it does not hold"):
        ensure(False, "it does not hold")  # noqa: FBT003 - a fact
    assert issubclass(CaseError, CoveyError)
