"""A thief gets what a stolen state can open, and the attack is a real one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from covey import mls
from covey.broker.messages import Entry, Kind
from covey.broker.refusals import Code, refused
from covey.lab.demo import thief
from covey.lab.demo.orders import Attack, Attacked

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
GID = b"g" * 32


class _Log:
    """A broker that only has a log."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def read(self, gid: bytes, epoch: int, after: int = 0) -> tuple[Entry, ...]:
        assert gid == GID
        known = sum(entry.kind is Kind.commit for entry in self.entries)
        if epoch > known:
            raise refused(Code.epoch_unknown)
        return tuple(e for e in self.entries if e.epoch == epoch and e.seq > after)

    def write(self, kind: Kind, body: bytes) -> bytes:
        epoch = sum(entry.kind is Kind.commit for entry in self.entries)
        self.entries.append(Entry(len(self.entries) + 1, epoch, kind, bytes(16), body))
        return body


class _Pair:
    """Alice and bob in epoch 1, and their log, which begins there with an empty epoch 0."""

    def __init__(self) -> None:
        alice, bob = mls.Member.basic(b"alice", SUITE), mls.Member.basic(b"bob", SUITE)
        package = bob.key_package()
        self.alices = mls.Group.create(alice)
        self.log = _Log()
        commit = self.alices.commit(add=[package.message])
        self.log.write(Kind.commit, commit.message)
        self.alices.accept(commit)
        self.bobs = mls.Group.join(bob, package, commit.welcome)

    def say(self, sender: mls.Group, receiver: mls.Group, text: bytes) -> None:
        receiver.receive(self.log.write(Kind.other, sender.protect(text)))

    def renew(self, sender: mls.Group, receiver: mls.Group) -> None:
        commit = sender.commit()
        receiver.receive(self.log.write(Kind.commit, commit.message))
        sender.accept(commit)

    def attack(self, folder: Path, *states: bytes) -> Attacked:
        file = folder / "db"
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS entry (gid, seq, body)")
            database.execute("DELETE FROM entry")
            rows = [(GID, entry.seq, entry.body) for entry in self.log.entries]
            database.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)
        order = Attack(GID, str(file), list(states))
        return thief.attack(order, order.states, self.log)  # type: ignore[arg-type]


def test_a_stolen_state_opens_what_comes_until_the_victim_renews_its_keys(tmp_path: Path) -> None:
    pair = _Pair()
    pair.say(pair.alices, pair.bobs, b"before")
    stolen = pair.bobs.snapshot()
    pair.say(pair.alices, pair.bobs, b"between")
    pair.renew(pair.alices, pair.bobs)
    pair.say(pair.alices, pair.bobs, b"still")
    pair.renew(pair.bobs, pair.alices)
    pair.renew(pair.alices, pair.bobs)
    pair.say(pair.alices, pair.bobs, b"after")
    attacked = pair.attack(tmp_path, stolen)
    texts = {each.seq: each.text for each in attacked.attempts if each.text}
    assert texts == {3: "between", 5: "still"}
    assert not attacked.attempts[-1].opened
    assert attacked.attempts[-1].secrets > 0
    assert attacked.in_file == len(attacked.attempts) == 8


def test_who_was_removed_stays_at_the_door_and_gets_no_further(tmp_path: Path) -> None:
    pair = _Pair()
    pair.say(pair.alices, pair.bobs, b"before")
    states = [pair.bobs.snapshot()]
    commit = pair.alices.commit(remove=[1])
    assert pair.bobs.receive(pair.log.write(Kind.commit, commit.message)).removed  # type: ignore[union-attr]
    pair.alices.accept(commit)
    pair.log.write(Kind.other, pair.alices.protect(b"after"))
    *_, removal, after = pair.attack(tmp_path, *states).attempts
    assert removal.opened
    assert not after.opened
    assert after.error.startswith("MissingKeyError")


def test_the_attack_by_hand_would_open_what_it_has_the_secret_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest secret, handed to the thief, opens: so the attempt by hand is not in vain."""
    pair = _Pair()
    stolen = pair.bobs.snapshot()
    pair.renew(pair.bobs, pair.alices)
    pair.log.write(Kind.other, pair.alices.protect(b"after"))
    assert not pair.attack(tmp_path, stolen).attempts[-1].opened
    newest = thief.sender_data_secrets(pair.bobs.snapshot())
    monkeypatch.setattr(thief, "sender_data_secrets", lambda _: newest)
    assert pair.attack(tmp_path, stolen).attempts[-1].opened
