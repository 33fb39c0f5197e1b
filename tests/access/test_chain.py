"""The hash chain: what is dropped, reordered, replayed or changed is seen."""

from __future__ import annotations

from hashlib import sha256

import pytest

from access_samples import BROKER, GID, Log, changed
from covey.access import chain
from covey.access.structs.basics import Kind
from covey.errors import ForkError


def test_the_chain_is_that_of_the_specification() -> None:
    log = Log().fill("oc")
    key = log.create.access_key
    label = b"covey access 1 chain"
    begun = bytes((len(label),)) + label + BROKER + GID + bytes(8) + key
    h0 = sha256(begun).digest()
    assert log.positions[0].hash == h0
    one, two = log.entries
    body = sha256(one.body).digest()
    h1 = sha256(h0 + GID + (1).to_bytes(8) + bytes(8) + b"\x02" + body).digest()
    assert (log.positions[1].seq, log.positions[1].hash) == (1, h1)
    body = sha256(two.body).digest()
    h2 = sha256(h1 + GID + (2).to_bytes(8) + bytes(8) + b"\x01" + body).digest()
    assert log.positions[2].hash == h2


def test_a_log_is_followed_to_its_end() -> None:
    log = Log().fill("oococ")
    assert chain.follow(log.positions[0], GID, log.entries) == log.positions[-1]
    assert chain.follow(log.positions[2], GID, log.entries[2:]) == log.positions[-1]
    assert chain.follow(log.positions[3], GID, ()) == log.positions[3]


@pytest.mark.parametrize("order", ["13", "2", "1123", "213", "0", "1232"])
def test_entries_that_are_not_dense_are_refused(order: str) -> None:
    log = Log().fill("ooo")
    spare = log.entries[0].replace(seq=0)
    entries = [log.entries[int(each) - 1] if each != "0" else spare for each in order]
    with pytest.raises(ForkError, match="held back"):
        chain.follow(log.positions[0], GID, entries)


def test_every_field_but_the_idem_is_in_the_hash() -> None:
    log = Log().fill("o")
    entry, before = log.entries[0], log.positions[0]
    others = [
        entry.replace(epoch=1),
        entry.replace(kind=Kind.commit),
        entry.replace(body=changed(entry.body, 3)),
    ]
    hashes = {chain.link(before, GID, each).hash for each in [entry, *others]}
    hashes.add(chain.link(before.replace(seq=4), GID, entry).hash)
    hashes.add(chain.link(before.replace(hash=bytes(32)), GID, entry).hash)
    hashes.add(chain.link(before, changed(GID, 0), entry).hash)
    assert len(hashes) == 7


def test_a_log_begins_with_all_of_its_create() -> None:
    create = Log().create
    begun = [
        create,
        create.replace(broker_id=bytes(32)),
        create.replace(gid=bytes(32)),
        create.replace(epoch=1),
        create.replace(access_key=bytes(32)),
    ]
    assert len({chain.start(each).hash for each in begun}) == len(begun)
    assert chain.start(create.replace(invite=b"code")) == chain.start(create)
