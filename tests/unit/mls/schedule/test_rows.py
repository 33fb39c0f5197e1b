"""The rows of a stored secret tree: what is written comes back, and rubbish does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.errors import StorageError
from covey.mls.crypto.dialects import get_suite
from covey.mls.schedule import rows
from covey.mls.schedule.secret_tree import SecretTree

SUITE = get_suite(1)
UINT32 = st.integers(0, 2**32 - 1)


@given(st.sampled_from([rows.NODE, rows.HEAD, rows.SKIPPED]), UINT32, st.integers(0, 1), UINT32)
def test_keys_round_trip(table: bytes, index: int, kind: int, generation: int) -> None:
    value = bytes({rows.NODE: 32, rows.HEAD: 40, rows.SKIPPED: 28}[table])
    row = (table, index, kind, generation)
    assert list(rows.read(SUITE, {rows.encode_key(row): value})) == [(row, value)]


def test_a_head_may_stand_above_the_last_generation() -> None:
    assert rows.decode_head(rows.encode_head(1 << 32, b"secret")) == (1 << 32, b"secret")


def test_skipped_keys_come_in_order() -> None:
    stored = {
        rows.encode_key((rows.SKIPPED, 3, 1, generation)): bytes(28)
        for generation in (70_000, 2, 300)
    }
    assert [row[3] for row, _ in rows.read(SUITE, stored)] == [2, 300, 70_000]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"", bytes(32)),
        (b"n" + bytes(8), bytes(32)),
        (b"n" + bytes(10), bytes(32)),
        (b"x" + bytes(9), bytes(32)),
        (b"n" + bytes(9), bytes(31)),
        (b"n" + bytes(9), b""),
        (b"h" + bytes(9), bytes(32)),
        (b"s" + bytes(9), bytes(32)),
        (b"h" + bytes(4) + b"\x02" + bytes(4), bytes(40)),
    ],
)
def test_what_is_no_row_is_refused(key: bytes, value: bytes) -> None:
    with pytest.raises(StorageError):
        SecretTree.from_rows(SUITE, 8, {key: value})


def test_rows_of_another_suite_are_refused() -> None:
    puts, _ = SecretTree(SUITE, 8, bytes(32)).drain_changes()
    with pytest.raises(StorageError):
        SecretTree.from_rows(get_suite(7), 8, puts)
