"""What a member's store holds that is secret is seen as soon as it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.client.sync.identity import key_packages
from covey.client.sync.rows import groups
from covey.client.sync.rows.groups import GroupRow, Status
from covey.lab.demo.observing import Observed
from covey.store import memory_store, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.store import Rows

SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
ALICE = mls.Member.basic(b"alice", SUITE)


@pytest.fixture
def observed() -> Iterator[Observed]:
    made = Observed(memory_store(), ALICE, mls.Ports(ALICE.policy), hoards=True)
    yield made
    made.close()


def write(observed: Observed, group: mls.Group) -> None:
    """Keep a group as a client does."""
    with observed.transaction() as rows:
        number = _row(rows, group)
        groups.apply(rows, number, group.changes())


def _row(rows: Rows, group: mls.Group) -> int:
    known = groups.every(rows)
    if known:
        groups.update(rows, known[0].replaced(epoch=group.epoch))
        return known[0].id
    fields = dict.fromkeys(GroupRow.__struct_fields__, 0)
    empty = dict.fromkeys(("trouble", "name"), "")
    none = dict.fromkeys(("head", "recovery", "predecessor", "branch_of"))
    bytes_ = {
        "gid": b"g" * 32,
        "broker_id": b"b" * 32,
        "group_id": b"id",
        "hash": b"",
        "began_hash": b"",
    }
    made = GroupRow(**{**fields, **empty, **none, **bytes_, "status": Status.active})
    return groups.insert(rows, made).id


def test_the_secrets_of_each_epoch_are_seen_once(observed: Observed) -> None:
    group = mls.Group.create(ALICE)
    write(observed, group)
    first = observed.fetched()
    assert "epoch 0 exported secret" in first
    assert "signature private key" in first
    write(observed, group)
    assert observed.fetched() == {}
    group.accept(group.commit())
    write(observed, group)
    assert "epoch 1 exported secret" in observed.fetched()
    assert [mls.Group.restore(each).epoch for each in observed.states] == [0, 1]


def test_the_group_is_read_from_the_store(observed: Observed) -> None:
    assert observed.group() is observed.row() is None
    group = mls.Group.create(ALICE)
    write(observed, group)
    found, row = observed.group(), observed.row()
    assert found is not None
    assert row is not None
    assert found.epoch_authenticator == group.epoch_authenticator
    assert row.gid == b"g" * 32


def test_seeds_and_key_packages_are_seen(observed: Observed) -> None:
    package = ALICE.key_package()
    with observed.transaction() as rows:
        settings.put(rows, "device", b"d" * 32)
        key_packages.add(rows, package, 0)
    assert [each.reference for each in observed.packages()] == [package.reference]
    seen = observed.fetched()
    assert seen["device private key"] == b"d" * 32
    assert package.init_private in seen.values()
