"""What is searched for is found, in whatever form it stands in a file."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.lab.demo import evidence

if TYPE_CHECKING:
    from covey.lab.demo.stolen import Tables

around = st.binary(max_size=10)
secrets = st.binary(min_size=evidence.SHORTEST, max_size=70)


@given(before=around, secret=secrets, after=around)
def test_a_secret_is_found_in_every_form(before: bytes, secret: bytes, after: bytes) -> None:
    whole = before + secret + after
    for data, form in (
        (whole, "as it is"),
        (whole.hex().encode(), "in hex"),
        (whole.hex().upper().encode(), "in hex"),
        (base64.b64encode(whole), "in base64"),
        (base64.urlsafe_b64encode(whole), "in base64"),
    ):
        assert f"the secret, {form}" in evidence.sightings(data, {"the secret": secret})


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=1_000))
def test_what_is_not_there_is_not_found(secret: bytes, data: bytes) -> None:
    if secret not in data:
        assert evidence.sightings(data, {"the secret": secret}) == []


def test_what_is_too_short_to_say_anything_is_not_searched_for() -> None:
    with pytest.raises(ValueError, match="too short"):
        evidence.sightings(b"", {"a name": b"bob"})


def test_pieces_are_blanked_and_counted() -> None:
    whole = b"alice--[alice in a package]--[alice in a package]"
    data, count = evidence.blanked(whole, [b"[alice in a package]"], [b"alice", b"bob"])
    assert count == 2
    assert evidence.sightings(data, {"alice": b"alice"}) == ["alice, as it is"]
    assert len(data) == 49


def test_remains_of_pieces_are_blanked_if_they_are_long_enough() -> None:
    piece = bytes(range(100)) + b"alice" + bytes(range(100, 200))
    for remains in (piece[80:150], piece[100:], piece[:105]):
        data, count = evidence.blanked(b"--" + remains + b"--", [piece], [b"alice"])
        assert (data, count) == (b"--" + bytes(len(remains)) + b"--", 1)
    short = b"--" + piece[90:110] + b"--"
    assert evidence.blanked(short, [piece], [b"alice"]) == (short, 0)


@given(
    before=st.binary(max_size=30),
    piece=st.binary(min_size=1, max_size=40),
    after=st.binary(max_size=30),
)
def test_a_quick_search_finds_what_a_slow_one_does(
    before: bytes, piece: bytes, after: bytes
) -> None:
    assert piece in evidence.Haystack(before + piece + after)
    assert (piece in evidence.Haystack(before + after)) == (piece in before + after)


def test_a_path_leads_over_rows_that_share_a_value() -> None:
    gid, epoch_key, inbox, handle = (bytes([number]) * 32 for number in range(1, 5))
    tables: Tables = {
        "log": [{"gid": gid, "seq": 7}],
        "epoch": [{"gid": gid, "key": epoch_key}],
        "inbox": [{"inbox": inbox, "seq": 7}],
        "account": [{"inbox": inbox, "handle": handle}],
    }
    assert evidence.reached(tables, gid) == {gid, epoch_key}
    assert evidence.reached(tables, handle) == {handle, inbox}
    assert evidence.largest_number(tables) == 7


def test_what_is_short_joins_nothing() -> None:
    tables: Tables = {"a": [{"x": b"1" * 32, "y": b"s"}], "b": [{"y": b"s", "z": b"2" * 32}]}
    assert evidence.reached(tables, b"1" * 32) == {b"1" * 32}
