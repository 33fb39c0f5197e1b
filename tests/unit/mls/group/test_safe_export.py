"""SafeExportSecret of a group: once an epoch, kept and deleted with it (extensions draft)."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import MissingKeyError, StateError, StorageError
from covey.mls.group import rows
from group_samples import agree, epoch, found, member


def reloaded(group: mls.Group) -> mls.Group:
    """The group as its snapshot says."""
    return mls.Group.restore(group.snapshot(), group.ports)


def test_members_of_an_epoch_get_the_same_secrets() -> None:
    groups = found("abc")
    for component in (0, 7, 0x8001, 0xFFFF):
        secrets = {each.safe_export_secret(component) for each in groups}
        assert len(secrets) == 1
    assert len({groups[0].safe_export_secret(each) for each in range(8, 16)}) == 8
    agree(groups)


def test_the_next_epoch_has_others() -> None:
    groups = found("ab")
    first = groups[0].safe_export_secret(7)
    pending = groups[0].commit()
    groups[1].receive(pending.message)
    groups[0].accept(pending)
    assert {each.safe_export_secret(7) for each in groups} != {first}
    agree(groups)


def test_who_joins_gets_them_too() -> None:
    groups = found("ab")
    new = member("c")
    made = mls.Group.join_externally(new, groups[0].group_info())
    for each in groups:
        each.receive(made.commit)
    assert len({each.safe_export_secret(7) for each in [*groups, made.group]}) == 1


def test_a_second_one_is_refused_and_changes_nothing() -> None:
    alices = found("ab")[0]
    alices.safe_export_secret(7)
    before = alices.snapshot()
    with pytest.raises(MissingKeyError, match="0x0007"):
        alices.safe_export_secret(7)
    assert alices.snapshot() == before


def test_what_was_exported_is_not_kept() -> None:
    alices = found("ab")[0]
    root = next(iter(epoch(alices).exporter.nodes.values()))
    assert root in alices.snapshot()
    secret = alices.safe_export_secret(7)
    assert root not in alices.snapshot()
    assert secret not in alices.snapshot()


def test_it_is_stored_with_the_group() -> None:
    alices, bobs = found("ab")
    alices.safe_export_secret(7)
    again = reloaded(alices)
    with pytest.raises(MissingKeyError):
        again.safe_export_secret(7)
    assert again.safe_export_secret(8) == bobs.safe_export_secret(8)


def test_a_store_is_told_what_to_delete() -> None:
    alices, bobs = found("ab")
    store: dict[bytes, bytes] = {}
    alices.changes().apply_to(store)
    alices.safe_export_secret(7)
    changes = alices.changes()
    assert len(changes.put) == 16
    assert len(changes.delete) == 1
    changes.apply_to(store)
    assert store == {
        each.key: each.value for each in rows.SnapshotRows.decode(alices.snapshot()).rows
    }
    again = mls.Group.load(store, alices.ports)
    assert again.safe_export_secret(6) == bobs.safe_export_secret(6)
    pending = alices.commit()
    alices.accept(pending)
    alices.changes().apply_to(store)
    assert sum(key.startswith(rows.EXPORTER) for key in store) == 1


def test_a_pending_commit_keeps_that_of_its_epoch() -> None:
    alices, bobs = found("ab")
    pending = alices.commit()
    again = reloaded(alices)
    assert again.pending is not None
    again.accept(again.pending)
    bobs.receive(pending.message)
    assert again.safe_export_secret(7) == bobs.safe_export_secret(7)
    assert not any(
        each.key.startswith(rows.PENDING_EXPORTER)
        for each in rows.SnapshotRows.decode(again.snapshot()).rows
    )


def test_a_commit_may_be_pending_meanwhile() -> None:
    alices, bobs = found("ab")
    pending = alices.commit()
    assert alices.safe_export_secret(7) == bobs.safe_export_secret(7)
    assert alices.pending is pending
    alices.accept(pending)
    bobs.receive(pending.message)
    agree([alices, bobs])


def test_who_was_removed_gets_none() -> None:
    alices, bobs = found("ab")
    pending = alices.commit(remove=[1])
    bobs.receive(pending.message)
    assert epoch(bobs).exporter.nodes == {}
    with pytest.raises(StateError, match="removed"):
        bobs.safe_export_secret(7)


def test_a_group_that_was_stored_before_there_were_any() -> None:
    alices, bobs = found("ab")
    stored = {each.key: each.value for each in rows.SnapshotRows.decode(alices.snapshot()).rows}
    old = {key: value for key, value in stored.items() if not key.startswith(rows.EXPORTER)}
    again = mls.Group.load(old, alices.ports)
    with pytest.raises(MissingKeyError):
        again.safe_export_secret(7)
    pending = bobs.commit()
    again.receive(pending.message)
    bobs.accept(pending)
    assert again.safe_export_secret(7) == bobs.safe_export_secret(7)


def test_damaged_rows_are_refused() -> None:
    alices = found("ab")[0]
    stored = {each.key: each.value for each in rows.SnapshotRows.decode(alices.snapshot()).rows}
    [key] = (each for each in stored if each.startswith(rows.EXPORTER))
    for damaged in ({key: b"short"}, {key + b"x": stored[key]}):
        with pytest.raises(StorageError):
            mls.Group.load({**stored, **damaged}, alices.ports)
