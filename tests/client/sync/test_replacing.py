"""A restored store: nobody is handed out a KeyPackage of it whose private keys were not kept."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from client.table import Someone, Table
from covey.client.sync.group.commits import key_package
from covey.client.sync.identity import key_packages
from covey.errors import BrokerError
from covey.mls.crypto.dialects import get_suite
from covey.mls.group.member import key_package_ref
from covey.store import RawKey, open_store, restore_backup, write_backup
from covey.store.faulty import Died

if TYPE_CHECKING:
    from pathlib import Path

    from covey.client.sync.effects import Ask

KEY, WORDS = RawKey(bytes(32)), RawKey(bytes(range(32)))
STEPS = ("add_device", "remove_device")


def restored(table: Table, folder: Path, name: str) -> Someone:
    """Somebody whose store was restored from a backup that is there."""
    restore_backup(folder / "backup", folder / name, KEY, WORDS)
    return Someone(table, "bob", open_store(folder / name, KEY))


def claimed(someone: Someone, name: str) -> list[bytes]:
    """The KeyPackageRefs of all that one is handed out, and of one of last resort."""
    found = []
    for _ in range(40):
        with suppress(BrokerError):
            for message in someone.run(someone.peer.claim(name)):
                package = key_package(message)
                found.append(key_package_ref(get_suite(package.cipher_suite), package))
    return found


@pytest.mark.parametrize("killed_at", [None, 0, 1, 2, 3])
def test_what_was_published_before_is_handed_out_to_nobody(
    tmp_path: Path, killed_at: int | None
) -> None:
    table = Table()
    alice = table.sit("alice")
    bob = Someone(table, "bob", open_store(tmp_path / "bob.covey", KEY, create=True))
    bob.run(bob.peer.enrol(table.identity.broker_id, "bob"))
    bob.run(bob.peer.keep_stock())
    write_backup(bob.store, tmp_path / "backup", WORDS)
    bob.store.close()
    for number in range(2):  # the same backup, once more
        again = restored(table, tmp_path, f"again {number}")
        if killed_at is not None:
            _killed(again, killed_at)
            again.start()
        again.turn()
        references = claimed(alice, "bob")
        assert len(set(references)) > 10
        with again.store.reading() as rows:
            assert all(key_packages.find(rows, each) is not None for each in references)
        assert again.peer.device is not None
        assert again.run(again.peer.device.devices()) == (again.peer.device.key,)
        again.store.close()


@pytest.mark.parametrize("killed_at", [0, 1, 2, 3])
def test_who_restores_once_more_what_was_begun_and_is_gone_has_its_account(
    table: Table, tmp_path: Path, killed_at: int
) -> None:
    bob = Someone(table, "bob", open_store(tmp_path / "bob.covey", KEY, create=True))
    bob.run(bob.peer.enrol(table.identity.broker_id, "bob"))
    bob.run(bob.peer.keep_stock())
    write_backup(bob.store, tmp_path / "backup", WORDS)
    bob.store.close()
    gone = restored(table, tmp_path, "gone")
    _killed(gone, killed_at)
    write_backup(gone.store, tmp_path / "backup of that", WORDS)
    gone.store.close()
    for number, backup in enumerate(("backup", "backup of that")):
        path = tmp_path / f"again {number}"
        restore_backup(tmp_path / backup, path, KEY, WORDS)
        again = Someone(table, "bob", open_store(path, KEY))
        again.run(again.peer.attend())
        assert again.peer.device is not None
        assert again.run(again.peer.device.devices()) == (again.peer.device.key,)
        assert len(set(claimed(table.sit(f"alice {number}"), "bob"))) > 10
        again.store.close()


def _killed(someone: Someone, step: int) -> None:
    """It dies when one of the four requests has arrived."""
    asked: list[str] = []

    def cut(ask: Ask) -> str:
        if ask.operation in STEPS:
            asked.append(ask.operation)
            return "killed" if len(asked) == step + 1 else ""
        return ""

    someone.cut = cut
    with pytest.raises(Died):
        someone.turn()
    someone.cut = lambda _: ""
