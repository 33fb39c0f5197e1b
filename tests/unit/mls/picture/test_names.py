"""How identities, keys and sets of nodes are written in pictures."""

from __future__ import annotations

import pytest

from certificates import Authority
from covey.mls.picture.names import (
    clipped,
    clipped_list,
    columns,
    name_of,
    padded,
    ranges,
    short,
    text_of,
)
from covey.mls.structs.credentials import (
    BasicCredential,
    Certificate,
    UnknownCredential,
    X509Credential,
)
from group_samples import member


def test_a_basic_credential_is_named_by_its_text() -> None:
    assert name_of(BasicCredential(b"alice")) == "alice"
    assert name_of(BasicCredential("Zoë 雪".encode())) == "Zoë 雪"
    assert name_of(BasicCredential(b"")) == "(empty)"


def test_what_is_no_text_is_named_by_its_bytes() -> None:
    assert name_of(BasicCredential(b"\xff\x00")) == "0xff00"
    assert name_of(UnknownCredential(0x3A3A, b"grease")) == "credential type 0x3a3a: grease"


def test_a_name_that_is_very_long_is_shortened() -> None:
    assert columns(name_of(BasicCredential(b"x" * 100_000))) == 120
    assert columns(name_of(BasicCredential(b"\xff" * 100_000))) == 120


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"),
        ("\u202eevil", "\\u{202e}evil"),
        ("zero\u200bwidth", "zero\\u{200b}width"),
        ("\U000e0041", "\\u{e0041}"),
    ],
)
def test_no_name_can_act_on_a_terminal(identity: str, name: str) -> None:
    assert text_of(identity.encode()) == name
    assert name.isprintable()


def test_an_x509_credential_is_named_by_its_subject() -> None:
    chain = Authority().chain("alice", member("alice").signature_key, 1)
    assert name_of(X509Credential(tuple(map(Certificate, chain)))) == "CN=alice"


def test_a_certificate_that_is_none_is_said_to_be_so() -> None:
    assert name_of(X509Credential((Certificate(b"none"),))) == "undecodable certificate"
    assert name_of(X509Credential(())) == "no certificate"


def test_keys_are_shortened() -> None:
    assert short(bytes(range(32))) == "00010203…"
    assert short(b"\x01\x02") == "0102"
    assert short(b"") == ""


@pytest.mark.parametrize(
    ("numbers", "written"),
    [
        ((), "none"),
        ((4,), "4"),
        ((4, 5), "4, 5"),
        ((0, 1, 2, 3), "0–3"),
        ((0, 1, 2, 5, 7, 8), "0–2, 5, 7, 8"),
        (range(10_000), "0–9999"),
        (range(0, 40, 2), "0, 2, 4, 6, 8, 10, … (20 in all)"),
    ],
)
def test_numbers_are_written_as_ranges(numbers: tuple[int, ...], written: str) -> None:
    assert ranges(numbers) == written


def test_all_numbers_are_written_where_they_are_wanted() -> None:
    assert ranges(range(0, 20, 2), whole=True) == "0, 2, 4, 6, 8, 10, 12, 14, 16, 18"


@pytest.mark.parametrize(
    ("width", "written"),
    [(20, "leaves 10, 20, 30"), (15, "leaves 10, …"), (12, "leaves 10, …"), (8, "leaves…")],
)
def test_a_list_is_clipped_after_an_item(width: int, written: str) -> None:
    assert clipped_list("leaves 10, 20, 30", width) == written


def test_columns_are_those_of_a_terminal() -> None:
    assert columns("alice") == 5
    assert columns("雪") == 2
    assert columns("e\u0301") == 1
    assert padded("雪", 4) == "雪  "


def test_text_is_clipped_to_columns() -> None:
    assert clipped("alice", 5) == "alice"
    assert clipped("alice", 4) == "ali…"
    assert clipped("雪雪雪", 5) == "雪雪…"
    assert clipped("key …", 4) == "key…"
