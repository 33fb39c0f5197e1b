"""What users ask for, 14: several devices of one person, and what each of them can read.

Each device is a member of its own, with its own keys; the person is who all of them say they are,
and what is decided about the person is decided about all of its devices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client import events
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import history, profile
from covey.client.words.profile import Role
from covey.errors import BrokerError

if TYPE_CHECKING:
    from client.table import Someone, Table


def _pair(table: Table) -> tuple[Someone, Someone, Someone]:
    """Alice, and two devices of bob, in one group."""
    alice, phone = table.sit("alice"), table.sit("bob")
    laptop = table.second_device(phone)
    alice.create()
    alice.invite("bob")
    table.settle(alice, phone, laptop, rounds=20)
    for each in (alice, phone, laptop):
        each.news()
    return alice, phone, laptop


def _key(someone: Someone) -> bytes:
    return someone.peer.home.member.signature_key


def _senders(someone: Someone) -> list[tuple[str, str]]:
    """Who said what, and whether this device takes it for its person's own."""
    number = someone.place.seat.number
    with someone.store.reading() as rows:
        found = history.read(rows, number, limit=100, now=0)
    own = someone.name.encode()
    return [(each.text, each.state(own)) for each in sorted(found, key=lambda each: each.seq or 0)]


def test_users_14_who_is_invited_comes_with_all_devices(table: Table) -> None:
    """Asked for: to invite a person, and not to look for each of its clients.

    Shown: by one name, one claim and one commit, both devices are in; both read and send, and each
    knows what the other one said for its own person's.
    """
    alice, phone, laptop = _pair(table)
    assert [each.identity for each in alice.place.seat.group.members] == [b"alice", b"bob", b"bob"]
    alice.say("to both")
    table.settle(alice, phone, laptop, rounds=2)
    phone.say("from the phone")
    table.settle(alice, phone, laptop, rounds=2)
    laptop.say("from the laptop")
    table.settle(alice, phone, laptop, rounds=4)
    expected = [("to both", "received"), ("from the phone", "sent"), ("from the laptop", "sent")]
    assert _senders(phone) == _senders(laptop) == expected
    assert [text for text, _ in _senders(alice)] == [text for text, _ in expected]


def test_users_14_a_role_is_the_persons_on_every_device(table: Table) -> None:
    """Asked for: rights that do not depend on which client is at hand."""
    alice, phone, laptop = _pair(table)
    alice.wish(wishes.Describe(roles={"bob": int(Role.admin)}))
    table.settle(alice, phone, laptop)
    for each, name in ((phone, "by phone"), (laptop, "by laptop")):
        each.wish(wishes.Describe(name=name))
        table.settle(alice, phone, laptop)
        assert alice.place.seat.look().name == name
    stated = profile.profile_of(alice.place.seat.group.extensions)
    assert stated is not None
    assert profile.role_of(stated, b"bob") is Role.admin


@pytest.mark.parametrize("lost", [0, 1], ids=["phone", "laptop"])
def test_users_14_either_device_removes_the_other(table: Table, lost: int) -> None:
    """Asked for: a lost phone is thrown out from the laptop, and the other way round.

    Shown: it takes no admin; the account forgets it, so that nobody adds it any more; it can read
    nothing that is said later, and the group goes on with the other one.
    """
    alice, phone, laptop = _pair(table)
    gone, stays = (phone, laptop) if lost == 0 else (laptop, phone)
    assert stays.peer.device is not None
    assert gone.peer.device is not None
    stays.run(stays.peer.device.remove_device(gone.peer.device.key))
    stays.wish(wishes.Expel(keys=(_key(gone),)))
    table.settle(stays, alice)
    stays.say("without it")
    table.settle(alice, stays, gone)
    assert gone.place.seat.look().status is Status.removed
    assert gone.texts() == []
    assert alice.texts() == stays.texts() == ["without it"]
    with pytest.raises(BrokerError):
        gone.run(gone.peer.keep_stock())
    alice.run(alice.peer.claim("bob"))
    assert alice.authenticator == stays.authenticator


def test_users_14_who_is_removed_is_removed_with_all_devices(table: Table) -> None:
    """Asked for: a removed person must not read on with another client.

    Shown: both leaves go in one commit; both devices are told by whom.
    """
    alice, phone, laptop = _pair(table)
    alice.wish(wishes.Expel((b"bob",)))
    table.settle(alice, phone, laptop)
    assert [each.identity for each in alice.place.seat.group.members] == [b"alice"]
    for each in (phone, laptop):
        assert each.place.seat.look().status is Status.removed
        [told] = [event for event in each.news() if isinstance(event, events.RemovedFromGroup)]
        assert told.by == "alice"


def test_users_14_a_new_device_reads_from_its_coming_on(table: Table) -> None:
    """Asked for: a new device, added to the groups that one is in, and what of the history it has.

    Shown: the laptop is added by the phone, which takes no admin, though only admins invite here.
    Which words were said before, it cannot read from the log: their keys are gone, and that is
    meant so. They stay in the phone's history; from its first epoch on, both have the same.
    """
    alice, phone = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, phone)
    alice.wish(wishes.Describe(inviting=2))
    alice.say("before the laptop")
    table.settle(alice, phone)
    laptop = table.second_device(phone)
    phone.invite("bob")
    table.settle(alice, phone, laptop, rounds=20)
    assert laptop.authenticator == alice.authenticator
    alice.say("after")
    phone.say("from the phone")
    table.settle(alice, phone, laptop)
    assert len(phone.texts()) == 3
    assert laptop.texts() == phone.texts()[1:]
    refused = [each for each in phone.news() if isinstance(each, events.WishRefused)]
    assert not refused


def test_users_14_two_devices_that_commit_at_once_are_both_heard(table: Table) -> None:
    """Asked for: devices of one person race each other more than anybody else does."""
    alice, phone, laptop = _pair(table)
    alice.wish(wishes.Describe(roles={"bob": int(Role.admin)}))
    table.settle(alice, phone, laptop)
    phone.wish(wishes.Describe(name="by phone"))
    laptop.wish(wishes.Describe(expires_after=3600))
    held = [each.hold(each.place.turns.turn(), "append") for each in (phone, laptop)]
    for each in held:
        each.go()
    table.settle(alice, phone, laptop)
    stated = profile.profile_of(alice.place.seat.group.extensions)
    assert stated is not None
    assert (stated.name, stated.expires_after) == (b"by phone", 3600)
    assert alice.authenticator == phone.authenticator == laptop.authenticator
