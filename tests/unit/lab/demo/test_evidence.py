"""What is searched for is found, in whatever form it stands in a file."""

from __future__ import annotations

import base64
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.lab.demo import evidence

if TYPE_CHECKING:
    from pathlib import Path

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
    data, count = evidence.blanked(b"alice--[alice in a package]--[alice in a package]", [
        b"[alice in a package]",
    ])  # fmt: skip
    assert count == 2
    assert evidence.sightings(data, {"alice": b"alice"}) == ["alice, as it is"]
    assert len(data) == 49


def test_the_write_ahead_log_is_searched_too(tmp_path: Path) -> None:
    file = tmp_path / "db"
    secret = os.urandom(32)
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE held (secret BLOB)")
        database.execute("INSERT INTO held VALUES (?)", (secret,))
        assert secret not in file.read_bytes()
        assert evidence.sightings(evidence.bytes_of(file), {"x": secret}) == ["x, as it is"]
