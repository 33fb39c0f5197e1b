"""Accounts and their devices, and the invites that they cost."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from broker.transactions.desk import HOUR, an_offer, asked, codes, name
from covey.broker.transactions import accounts, key_packages
from covey.broker.transactions.accounts import Evidence
from covey.broker.transactions.key_packages import Shelf

if TYPE_CHECKING:
    from broker.transactions.desk import Desk

ALICE, BOB = name("alice"), name("bob")
OPEN = Evidence(None, None, HOUR)


def device(number: int) -> bytes:
    return name("device", number)


def test_an_account_begins_once(desk: Desk) -> None:
    for _ in range(2):
        desk.write(lambda: accounts.enrol(ALICE, device(1), OPEN))
    assert desk.rows("SELECT handle, subject FROM account") == [(ALICE, None)]
    assert desk.read(lambda: accounts.handle_of(device(1))) == ALICE
    assert desk.read(lambda: accounts.devices(ALICE)) == (device(1),)


def test_a_name_is_one_account(desk: Desk) -> None:
    desk.write(lambda: accounts.enrol(ALICE, device(1), OPEN))
    desk.refuses("handle_taken", lambda: accounts.enrol(ALICE, device(2), OPEN))
    desk.refuses("handle_taken", lambda: accounts.enrol(BOB, device(1), OPEN))
    desk.refuses("account_unknown", lambda: accounts.handle_of(device(2)))
    assert desk.read(lambda: accounts.devices(BOB)) == ()


def test_an_invite_is_used_once_and_only_by_who_gets_the_account(desk: Desk) -> None:
    invite = Evidence(name("invite"), None, HOUR)
    desk.refuses("enrolment_refused", lambda: accounts.enrol(ALICE, device(1), invite))
    desk.write(lambda: accounts.add_invite(name("invite"), "enrol", HOUR))
    late = invite._replace(hour=HOUR + 1)
    desk.refuses("enrolment_refused", lambda: accounts.enrol(ALICE, device(1), late))
    desk.write(lambda: accounts.enrol(BOB, device(2), OPEN))
    desk.refuses("handle_taken", lambda: accounts.enrol(BOB, device(1), invite))
    for _ in range(2):
        desk.write(lambda: accounts.enrol(ALICE, device(1), invite))
    assert desk.count("invite") == 0
    desk.refuses("enrolment_refused", lambda: accounts.enrol(name("carol"), device(3), invite))


def test_an_invite_for_a_group_begins_no_account(desk: Desk) -> None:
    desk.write(lambda: accounts.add_invite(name("invite"), "create", HOUR))
    invite = Evidence(name("invite"), None, HOUR)
    desk.refuses("enrolment_refused", lambda: accounts.enrol(ALICE, device(1), invite))


def test_a_subject_has_one_account(desk: Desk) -> None:
    shown = Evidence(None, name("subject"), HOUR)
    for _ in range(2):
        desk.write(lambda: accounts.enrol(ALICE, device(1), shown))
    desk.refuses("enrolment_refused", lambda: accounts.enrol(BOB, device(2), shown))
    desk.refuses("handle_taken", lambda: accounts.enrol(ALICE, device(2), shown))
    other = Evidence(None, name("subject", 1), HOUR)
    desk.refuses("handle_taken", lambda: accounts.enrol(ALICE, device(2), other))
    desk.write(lambda: accounts.enrol(BOB, device(2), other))
    assert desk.rows("SELECT handle FROM account WHERE subject = $1", name("subject")) == [(ALICE,)]


def test_one_enrolment_ten_times_at_once_is_one(desk: Desk) -> None:
    desk.write(lambda: accounts.add_invite(name("invite"), "enrol", HOUR))
    evidence = Evidence(name("invite"), name("subject"), HOUR)
    answers = desk.at_once(*[partial(accounts.enrol, ALICE, device(1), evidence)] * 10)
    assert answers == [None] * 10
    assert desk.count("account") == desk.count("device") == 1


@pytest.mark.parametrize("evidence", [OPEN, Evidence(name("invite"), None, HOUR)])
def test_of_ten_who_want_a_name_at_once_one_gets_it(desk: Desk, evidence: Evidence) -> None:
    desk.write(lambda: accounts.add_invite(name("invite"), "enrol", HOUR))
    wanted = [partial(accounts.enrol, ALICE, device(number), evidence) for number in range(10)]
    assert sorted(codes(desk.at_once(*wanted))) == ["NoneType", *["handle_taken"] * 9]
    assert desk.count("account") == desk.count("device") == 1


def test_of_ten_who_use_an_invite_or_a_subject_at_once_one_does(desk: Desk) -> None:
    desk.write(lambda: accounts.add_invite(name("invite"), "enrol", HOUR))
    both = [Evidence(name("invite"), None, HOUR), Evidence(None, name("subject"), HOUR)]
    for number, evidence in enumerate(both):
        enrolling = [
            partial(accounts.enrol, name("handle", each), device(each), evidence)
            for each in range(10 * number, 10 * number + 10)
        ]
        assert sorted(codes(desk.at_once(*enrolling))) == ["NoneType", *["enrolment_refused"] * 9]
    assert desk.count("account") == desk.count("device") == 2


# --- devices -------------------------------------------------------------------------------


def test_devices_are_added_and_removed(desk: Desk) -> None:
    desk.write(lambda: accounts.enrol(ALICE, device(1), OPEN))
    for _ in range(2):
        both = desk.write(lambda: accounts.add_device(ALICE, device(2), 3))
        assert both == tuple(sorted((device(1), device(2))))
    for _ in range(2):
        assert desk.write(lambda: accounts.remove_device(ALICE, device(1))) == (device(2),)
    desk.refuses("account_unknown", lambda: accounts.handle_of(device(1)))


def test_there_is_room_for_some_devices(desk: Desk) -> None:
    desk.write(lambda: accounts.enrol(ALICE, device(1), OPEN))
    desk.write(lambda: accounts.add_device(ALICE, device(2), 2))
    desk.refuses("full", lambda: accounts.add_device(ALICE, device(3), 2))
    assert len(desk.write(lambda: accounts.add_device(ALICE, device(2), 2))) == 2
    adding = [partial(accounts.add_device, ALICE, device(each), 5) for each in range(10, 20)]
    assert sorted(codes(desk.at_once(*adding))) == [*["full"] * 7, *["tuple"] * 3]


def test_a_device_is_one_account_s(desk: Desk) -> None:
    desk.write(lambda: accounts.enrol(ALICE, device(1), OPEN))
    desk.write(lambda: accounts.enrol(BOB, device(2), OPEN))
    desk.refuses("handle_taken", lambda: accounts.add_device(ALICE, device(2), 9))
    assert desk.write(lambda: accounts.remove_device(ALICE, device(2))) == (device(1),)
    assert desk.read(lambda: accounts.devices(BOB)) == (device(2),)
    for number in range(10, 20):
        both = [partial(accounts.add_device, whose, device(number), 99) for whose in (ALICE, BOB)]
        assert sorted(codes(desk.at_once(*both))) == ["handle_taken", "tuple"]


def test_a_removed_device_leaves_no_key_package_and_publishes_none(desk: Desk) -> None:
    desk.write(lambda: accounts.enrol(ALICE, device(1), OPEN))
    desk.write(lambda: accounts.add_device(ALICE, device(2), 9))
    for number in (1, 2):
        desk.write(
            partial(
                key_packages.publish, device(number), [an_offer(number)], asked(number), Shelf(9, 0)
            )
        )
    desk.write(lambda: accounts.remove_device(ALICE, device(1)))
    assert desk.rows("SELECT device FROM key_package") == [(device(2),)]
    desk.refuses(
        "account_unknown",
        lambda: key_packages.publish(device(1), [an_offer(3)], asked(3), Shelf(9, 0)),
    )
