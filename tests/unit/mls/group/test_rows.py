"""How rows are laid out: their keys sort, and they show no secret."""

from __future__ import annotations

import pytest

from covey.mls.group import rows
from group_samples import found


def test_numbers_in_keys_sort() -> None:
    numbers = [0, 1, 255, 256, 2**32, 2**64 - 1]
    assert sorted(map(rows.number, numbers)) == [rows.number(each) for each in numbers]


def test_every_table_has_its_own_letter() -> None:
    letters = [
        rows.FORMAT,
        rows.EPOCH,
        rows.PAST,
        rows.NODE,
        rows.SECRET,
        rows.RESUMPTION,
        rows.PROPOSAL,
        rows.UPDATE,
        rows.STATUS,
        rows.PENDING,
        rows.PENDING_NODE,
        rows.PENDING_SECRET,
    ]
    assert len(set(letters)) == len(letters)
    assert all(len(letter) == 1 for letter in letters)


def test_a_snapshot_is_sorted_and_says_its_version() -> None:
    snapshot = rows.SnapshotRows.decode(found("ab")[0].snapshot())
    keys = [row.key for row in snapshot.rows]
    assert keys == sorted(keys)
    assert snapshot.version == rows.VERSION
    assert rows.encode_snapshot({row.key: row.value for row in snapshot.rows}) == snapshot.encode()


@pytest.mark.parametrize(
    "row",
    [
        rows.Row(b"key", b"secret value"),
        rows.SnapshotRows(1, (rows.Row(b"key", b"secret value"),)),
        rows.UpdateRow(b"secret value", b"secret value"),
        rows.PathKeyRow(1, b"secret value"),
    ],
    ids=lambda row: type(row).__name__,
)
def test_rows_show_no_secret(row: rows.SecretRow) -> None:
    assert "secret value" not in repr(row)
    assert b"secret value".hex() not in repr(row)
