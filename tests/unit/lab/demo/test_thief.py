"""A thief gets what a stolen state can open, and the attack is a real one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import msgspec

from covey import mls
from covey.access.member import envelopes
from covey.access.member.epochs import EpochAccess
from covey.access.refusals import REFUSALS, Code
from covey.access.structs.basics import Challenge, Kind
from covey.access.structs.heads import (
    Head,
    HeadCertificate,
    HeadKey,
    Position,
    SignedHead,
)
from covey.access.structs.log import Entries, Entry, Read
from covey.access.structs.sealed import Purpose
from covey.client.words import contents
from covey.client.words.contents import Content, Text
from covey.lab.company.lines import Lines
from covey.lab.demo import thief
from covey.lab.demo.orders import Attack, Attacked
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
GID, BROKER = b"g" * 32, b"b" * 32
START = Position(0, bytes(32))
KEY = HeadCertificate(HeadKey(bytes(32), bytes(32), 0), bytes(64))
HEAD = SignedHead(Head(bytes(16), GID, START), bytes(64), KEY)  # nobody looks at it here


class _Broker(httpx.BaseTransport):
    """A broker that only has a log, and gives each epoch to who asks for it as its member."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.keys: dict[int, bytes] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        if request.url.path == "/v1/challenge":
            return httpx.Response(200, content=Challenge(b"nonce", 600).encode())
        asked = Read.decode(request.read())
        if asked.epoch not in self.keys:
            return _refusal(Code.epoch_unknown)
        made = EpochAccess(BROKER, GID, asked.epoch, b"", self.keys[asked.epoch], b"", b"")
        if made.prove(b"nonce") != asked.proof:
            return _refusal(Code.proof_refused)
        found = tuple(
            each for each in self.entries if each.epoch == asked.epoch and each.seq > asked.after
        )
        page = Entries(START, found[:1], HEAD, int(len(found) <= 1), b"")
        return httpx.Response(200, content=page.encode())


def _refusal(code: Code) -> httpx.Response:
    body = {"code": code.value, "sentence": ""}
    return httpx.Response(REFUSALS[code].status, json=body)


class _Pair:
    """Alice and bob in epoch 1, and their log, which begins there with the commit of epoch 0."""

    def __init__(self) -> None:
        alice, bob = mls.Member.basic(b"alice", SUITE), mls.Member.basic(b"bob", SUITE)
        package = bob.key_package()
        self.alices = mls.Group.create(alice)
        self.broker = _Broker()
        commit = self.alices.commit(add=[package.message])
        self.write(self.alices, Kind.commit, commit.message)
        self.alices.accept(commit)
        self.bobs = mls.Group.join(bob, package, commit.welcome)
        self.access(self.alices)

    def access(self, group: mls.Group) -> EpochAccess:
        access = EpochAccess.derive(group.export, BROKER, GID, group.epoch)
        self.broker.keys[group.epoch] = access.signing_key
        return access

    def write(self, group: mls.Group, kind: Kind, message: bytes) -> bytes:
        access, seq = self.access(group), len(self.broker.entries) + 1
        idem = seq.to_bytes(16)
        body = envelopes.seal(access, Purpose(kind), idem, message, system_entropy)
        self.broker.entries.append(Entry(seq, access.epoch, kind, idem, body))
        return message

    def say(self, sender: mls.Group, text: bytes, receiver: mls.Group | None = None) -> None:
        content = Content(1, bytes(16), 0, 0, 0, 1, Text(text))
        message = sender.protect(contents.encode(content))
        self.write(sender, Kind.other, message)
        if receiver is not None:
            receiver.receive(message)

    def renew(self, sender: mls.Group, receiver: mls.Group) -> None:
        commit = sender.commit()
        receiver.receive(self.write(sender, Kind.commit, commit.message))
        sender.accept(commit)
        self.access(sender)

    def attack(self, folder: Path, *states: bytes, after: int = 0) -> Attacked:
        file = folder / "db"
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS entry (gid, seq, epoch, kind, idem, body)")
            database.execute("DELETE FROM entry")
            rows = [
                (GID, each.seq, each.epoch, int(each.kind), each.idem, each.body)
                for each in self.broker.entries
            ]
            database.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", rows)
        order = Attack(str(file), BROKER, GID, after, list(states))
        with Lines("http://broker", transport=lambda: self.broker) as lines:
            return thief.attack(order, order.states, lines)


def test_a_stolen_state_opens_what_comes_until_the_victim_renews_its_keys(tmp_path: Path) -> None:
    pair = _Pair()
    pair.say(pair.alices, b"before", pair.bobs)
    stolen = pair.bobs.snapshot()
    pair.say(pair.alices, b"between", pair.bobs)
    pair.renew(pair.alices, pair.bobs)
    pair.say(pair.alices, b"still", pair.bobs)
    pair.renew(pair.bobs, pair.alices)
    pair.renew(pair.alices, pair.bobs)
    pair.say(pair.alices, b"after", pair.bobs)
    attacked = pair.attack(tmp_path, stolen)
    texts = {each.seq: each.text for each in attacked.attempts if each.text}
    assert texts == {3: "between", 5: "still"}
    assert attacked.attempts[1].error.startswith("MissingKeyError")
    assert not attacked.attempts[-1].opened
    assert attacked.attempts[-1].error.startswith("AuthenticationError")
    assert attacked.attempts[-1].secrets == 2
    assert attacked.given == attacked.same == 5  # of epochs 1 and 2
    assert attacked.refusals == ["proof_refused", "proof_refused", "epoch_unknown"]


def test_who_was_removed_stays_at_the_door_and_gets_no_further(tmp_path: Path) -> None:
    pair = _Pair()
    pair.say(pair.alices, b"before", pair.bobs)
    states = [pair.bobs.snapshot()]
    commit = pair.alices.commit(remove=[1])
    removal = pair.write(pair.alices, Kind.commit, commit.message)
    assert pair.bobs.receive(removal).removed  # type: ignore[union-attr]
    pair.alices.accept(commit)
    pair.say(pair.alices, b"after")
    attacked = pair.attack(tmp_path, *states, after=3)
    *_, removed, after = attacked.attempts
    assert removed.opened
    assert not after.opened
    assert attacked.later == 0
    assert attacked.refusals[0] == "proof_refused"


def test_a_broker_that_gives_out_too_much_is_noticed(tmp_path: Path) -> None:
    pair = _Pair()
    stolen = pair.bobs.snapshot()
    pair.renew(pair.bobs, pair.alices)
    pair.say(pair.alices, b"after")
    mine = EpochAccess.derive(mls.Group.restore(stolen).export, BROKER, GID, 1).signing_key
    pair.broker.keys[2] = mine  # as if it let the thief's key pass for the next epoch
    assert pair.attack(tmp_path, stolen, after=2).refusals[0] == "gave out 1 entries"
    pair.broker.entries[-1] = msgspec.structs.replace(pair.broker.entries[-1], epoch=1)
    assert pair.attack(tmp_path, stolen, after=2).later > 0


def test_the_attack_by_hand_would_open_what_it_has_the_key_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest envelope key, handed to the thief, opens: so the attempt is not in vain."""
    pair = _Pair()
    stolen = pair.bobs.snapshot()
    pair.renew(pair.bobs, pair.alices)
    pair.say(pair.alices, b"after")
    assert not pair.attack(tmp_path, stolen).attempts[-1].opened
    newest = pair.access(pair.alices).envelope_key
    real = EpochAccess.derive

    def derive(*arguments: object) -> EpochAccess:
        return msgspec.structs.replace(real(*arguments), envelope_key=newest)  # type: ignore[arg-type]

    monkeypatch.setattr(EpochAccess, "derive", derive)
    assert pair.attack(tmp_path, stolen).attempts[-1].opened
