"""What users ask for, 6: what was stored is found again, by this covey and by later ones.

Libraries change how they store a group, and apps lose their groups with an update. Here a store
says which schema it has, and goes forward; and a group's rows are the same after a reload.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from client.table import Someone, Table
from covey.client.sync.rows import groups, wishes
from covey.client.sync.rows.groups import Status
from covey.mls import Group, MessageReceived
from covey.mls.wire.code_points import ContentType
from covey.store import RawKey, StoreNewer, open_store
from covey.store.migrating import migrations

if TYPE_CHECKING:
    from covey.store import SqlStore

FIXTURES = Path(__file__).with_name("fixtures")
SCHEMAS = sorted(each.stem.partition("-")[2] for each in FIXTURES.glob("alice-*.covey"))
KEY = RawKey(bytes(range(32)))


def _kept(table: Table, name: str, schema: str, folder: Path) -> Someone:
    """Somebody whose store was written long ago."""
    path = folder / f"{name}.covey"
    shutil.copy(FIXTURES / f"{name}-{schema}.covey", path)  # it may be migrated
    return Someone(table, name, open_store(path, KEY))


def _rows(store: SqlStore, number: int) -> dict[bytes, bytes]:
    with store.reading() as rows:
        return groups.engine_rows(rows, number)


def _says(sender: Someone, receiver: Someone, text: bytes) -> bytes:
    """Let the groups in two stores talk, without a broker; what the receiver reads."""
    speaking, hearing = sender.place.seat, receiver.place.seat
    speaking.reserve(ContentType.application)
    with speaking.change():
        message = speaking.group.protect(text)
    with hearing.change():
        event = hearing.group.receive(message)
    assert isinstance(event, MessageReceived)
    return event.data


def test_users_06_there_are_stores_of_every_schema() -> None:
    """Asked for: a format that does not change without a way from the old one to the new one.

    Shown: for each schema there is a pair of stores that were written by it, and a test opens them.
    """
    assert [f"{each.number:04}" for each in migrations()] == SCHEMAS


@pytest.mark.parametrize("schema", SCHEMAS)
def test_users_06_a_group_that_was_stored_by_an_older_covey_goes_on(
    table: Table, schema: str, tmp_path: Path
) -> None:
    """Asked for: after an update, the groups in the store are still groups.

    Shown: two members' stores of an older schema open; history and state are there; the members
    are in the same epoch, read each other, and commit.
    """
    people = [_kept(table, name, schema, tmp_path) for name in ("alice", "bob")]
    alice, bob = people
    for each in people:
        assert sorted(each.texts()) == ["and answered", "written long ago"]
        row = each.place.seat.look()
        assert (row.name, row.status) == ("kept", Status.active)
    assert alice.authenticator == bob.authenticator
    assert _says(alice, bob, b"still here") == b"still here"
    assert _says(bob, alice, b"me too") == b"me too"
    hers, his = alice.place.seat, bob.place.seat
    his.reserve(ContentType.commit)
    with his.change():
        pending = his.group.commit()
        his.group.accept(pending)
    with hers.change():
        hers.group.receive(pending.message)
    assert alice.authenticator == bob.authenticator
    for each in people:
        each.store.close()


def test_users_06_a_groups_rows_survive_a_reload_byte_for_byte(
    table: Table, tmp_path: Path
) -> None:
    """Asked for: what is loaded is what was stored, not nearly the same.

    Shown: after messages, a proposal and commits, a group loaded from the rows that were written
    step by step is byte for byte the one in memory; and opening the file again
    changes no row.
    """
    path = tmp_path / "alice.covey"
    alice = Someone(table, "alice", open_store(path, KEY, create=True))
    alice.run(alice.peer.enrol(table.identity.broker_id, "alice"))
    others = [table.sit(name) for name in ("bob", "carol", "david")]
    alice.create()
    alice.invite("bob", "carol", "david")
    table.settle(alice, *others, rounds=20)
    for number in range(3):
        others[number].say(f"{number}")
        alice.say(f"answer {number}")
        table.settle(alice, *others, rounds=2)
    alice.wish(wishes.Describe(name="renamed"))
    alice.wish(wishes.Expel((b"carol",)))
    table.settle(alice, *others)
    others[2].leave()
    others[2].turn()
    alice.turn()
    number, before = alice.place.seat.number, _rows(alice.store, alice.place.seat.number)
    assert alice.place.seat.group.proposals  # that of david, who leaves

    snapshot = Group.load(before, alice.place.seat.home.ports).snapshot()
    assert snapshot == alice.place.seat.group.snapshot()

    alice.store.close()
    store = open_store(path, KEY)
    assert _rows(store, number) == before
    store.close()


def test_users_06_a_store_of_a_newer_covey_is_left_alone(tmp_path: Path) -> None:
    """Asked for: an older version must not damage what a newer one has written.

    Shown: it says that the store is newer, and what to do; no byte of the file has changed.
    """
    path = tmp_path / "alice.covey"
    store = open_store(path, KEY, create=True)
    with store.transaction() as rows:
        rows.do(
            "INSERT INTO migration SELECT number + 1, name, checksum FROM migration"
            " ORDER BY number DESC LIMIT 1"
        )
    store.close()
    before = path.read_bytes()
    with pytest.raises(StoreNewer, match="newer covey"):
        open_store(path, KEY)
    assert path.read_bytes() == before
