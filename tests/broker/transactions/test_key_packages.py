"""KeyPackages: published once, handed out once, and then the last resort."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from broker.transactions.desk import HOUR, an_offer, asked, codes, name
from covey.access.structs.identity import (
    Claimed,
    ClaimedKeyPackage,
    PutOnShelf,
    Shelved,
    ShelvedKeyPackage,
    Stock,
    TakenFromShelf,
)
from covey.broker.hours import HOUR as SECONDS
from covey.broker.transactions import accounts, key_packages
from covey.broker.transactions.accounts import Evidence
from covey.broker.transactions.key_packages import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from broker.transactions.desk import Desk
    from covey.broker.offers import Offer
    from covey.broker.script import Script

ALICE = name("alice")
PHONE, LAPTOP = sorted((name("phone"), name("laptop")))
SHELF = Shelf(most=30, low=3)
TOKEN = name("token")


@pytest.fixture
def alice(desk: Desk) -> Desk:
    """A database in which Alice has two devices."""
    desk.write(lambda: accounts.enrol(ALICE, PHONE, Evidence(None, None, HOUR)))
    desk.write(lambda: accounts.add_device(ALICE, LAPTOP, 9))
    return desk


def publish(
    number: int, *offers: Offer, device: bytes = PHONE, shelf: Shelf = SHELF, hour: int = HOUR
) -> Callable[[], Script[Stock]]:
    content = b"".join(each.message for each in offers)
    return partial(key_packages.publish, device, offers, asked(number, content, hour), shelf)


def claim(
    number: int, suite: int = 1, handle: bytes = ALICE, hour: int = HOUR
) -> Callable[[], Script[Claimed]]:
    return partial(
        key_packages.claim, handle, suite, asked(number + 1000, b"%d" % suite + handle, hour)
    )


def messages(claimed: Claimed) -> list[bytes]:
    return [each.message for each in claimed.key_packages]


# --- publishing ----------------------------------------------------------------------------


def test_the_stock_is_told_and_whether_it_is_low(alice: Desk) -> None:
    assert alice.write(publish(1, an_offer(1), an_offer(2))) == Stock(2, 0, 1)
    assert alice.write(publish(2, an_offer(3), an_offer(9, last_resort=True))) == Stock(3, 1, 0)
    assert alice.read(lambda: key_packages.stock(PHONE, HOUR, 4)) == Stock(3, 1, 1)
    assert alice.read(lambda: key_packages.stock(LAPTOP, HOUR, 0)) == Stock(0, 0, 0)


def test_the_same_request_publishes_once(alice: Desk) -> None:
    first = alice.write(publish(1, an_offer(1)))
    before = alice.content()
    assert alice.write(publish(1, an_offer(1))) == first
    assert alice.content() == before
    alice.refuses("idem_mismatch", publish(1, an_offer(2)))
    alice.write(claim(1))
    assert alice.write(publish(1, an_offer(1))) == Stock(0, 0, 1)


def test_a_key_package_for_one_use_is_published_once_also_after_it_was_claimed(
    alice: Desk,
) -> None:
    alice.write(publish(1, an_offer(1)))
    alice.refuses("key_package_known", publish(2, an_offer(2), an_offer(1)))
    alice.write(claim(1))
    alice.refuses("key_package_known", publish(3, an_offer(1)))
    alice.refuses("key_package_known", publish(4, an_offer(1), device=LAPTOP))
    alice.refuses("key_package_known", publish(5, an_offer(4), an_offer(4)))


def test_a_last_resort_takes_the_place_of_the_one_before(alice: Desk) -> None:
    alice.write(publish(1, an_offer(1, last_resort=True), an_offer(2, suite=2, last_resort=True)))
    assert alice.write(publish(2, an_offer(3, last_resort=True))) == Stock(0, 2, 1)
    kept = {row[0] for row in alice.rows("SELECT ref FROM key_package")}
    assert kept == {name("ref", 2), name("ref", 3)}
    assert alice.write(publish(3, an_offer(1, last_resort=True))) == Stock(0, 2, 1)


def test_so_many_and_no_more(alice: Desk) -> None:
    narrow = Shelf(3, 0)
    alice.write(publish(1, an_offer(1), an_offer(2), an_offer(3, last_resort=True), shelf=narrow))
    alice.refuses("full", publish(2, an_offer(4), shelf=narrow))
    assert alice.write(publish(1, an_offer(1), an_offer(2), an_offer(3), shelf=narrow)).waiting == 2
    alice.write(claim(1))
    alice.write(publish(3, an_offer(5), shelf=narrow))
    alice.refuses("account_unknown", publish(6, an_offer(6), device=name("nobody")))


def test_a_request_that_is_sent_ten_times_at_once_publishes_once(alice: Desk) -> None:
    offers = [an_offer(number) for number in range(5)]
    answers = alice.at_once(*[publish(1, *offers)] * 10)
    assert answers == [Stock(5, 0, 0)] * 10
    assert alice.count("key_package") == alice.count("published") == 5


def test_requests_at_once_keep_to_the_room_and_leave_one_last_resort(alice: Desk) -> None:
    narrow = Shelf(4, 0)
    requests = [publish(at, an_offer(at), shelf=narrow) for at in range(10)]
    assert sorted(codes(alice.at_once(*requests))) == [*["Stock"] * 4, *["full"] * 6]
    last = [publish(at, an_offer(at, last_resort=True), device=LAPTOP) for at in range(20, 30)]
    assert codes(alice.at_once(*last)) == ["Stock"] * 10
    assert alice.read(lambda: key_packages.stock(LAPTOP, HOUR, 0)) == Stock(0, 1, 0)


# --- claiming ------------------------------------------------------------------------------


def test_one_of_each_device_is_claimed(alice: Desk) -> None:
    alice.write(publish(1, an_offer(1), an_offer(2)))
    alice.write(publish(2, an_offer(3), device=LAPTOP))
    first = alice.write(claim(1))
    assert [(each.device, each.last_resort) for each in first.key_packages] == [
        (PHONE, 0),
        (LAPTOP, 0),
    ]
    second = alice.write(claim(2))
    assert [each.device for each in second.key_packages] == [PHONE]
    told = messages(first) + messages(second)
    assert sorted(told) == [b"KeyPackage 1", b"KeyPackage 2", b"KeyPackage 3"]
    alice.refuses("nothing_to_claim", claim(3))


def test_a_claim_that_is_retried_gives_the_same(alice: Desk) -> None:
    alice.write(publish(1, an_offer(1), an_offer(2), an_offer(3, last_resort=True)))
    first = alice.write(claim(1))
    before = alice.content()
    assert alice.write(claim(1)) == first
    assert alice.content() == before
    alice.refuses("idem_mismatch", claim(1, suite=2))
    assert alice.at_once(*[claim(2)] * 10) == [alice.write(claim(2))] * 10
    assert alice.read(lambda: key_packages.stock(PHONE, HOUR, 0)) == Stock(0, 1, 0)


def test_a_claim_says_where_a_pointer_may_be_left_and_not_who_claimed(alice: Desk) -> None:
    alice.write(publish(1, an_offer(1, name("inbox")), an_offer(2, name("inbox"))))
    alice.write(publish(2, an_offer(3, name("inbox"), not_after=HOUR + 7, last_resort=True)))
    for number in range(4):
        alice.write(claim(number))
    assert sorted(alice.rows("SELECT * FROM claim")) == sorted(
        [
            (name("inbox"), name("ref", 1), 1, HOUR + 100),
            (name("inbox"), name("ref", 2), 1, HOUR + 100),
            (name("inbox"), name("ref", 3), 2, HOUR + 7),
        ]
    )


def test_the_last_resort_is_handed_out_when_there_is_nothing_else(alice: Desk) -> None:
    last = an_offer(3, last_resort=True)
    alice.write(publish(1, an_offer(1), last))
    told = [alice.write(claim(number)).key_packages for number in range(3)]
    assert told[0] == (ClaimedKeyPackage(PHONE, 0, b"KeyPackage 1"),)
    assert told[1] == told[2] == (ClaimedKeyPackage(PHONE, 1, last.message),)


def test_suites_do_not_meet(alice: Desk) -> None:
    alice.write(publish(1, an_offer(1, suite=1), an_offer(2, suite=2, last_resort=True)))
    assert messages(alice.write(claim(1, suite=2))) == [b"KeyPackage 2"]
    assert messages(alice.write(claim(2, suite=1))) == [b"KeyPackage 1"]
    alice.refuses("nothing_to_claim", claim(3, suite=1))
    alice.refuses("nothing_to_claim", claim(4, suite=0xFFFF))


def test_what_expires_in_this_hour_is_not_handed_out(alice: Desk) -> None:
    alice.write(publish(1, an_offer(1, not_after=HOUR + 1)))
    alice.write(publish(2, an_offer(2, not_after=HOUR + 1, last_resort=True)))
    assert alice.read(lambda: key_packages.stock(PHONE, HOUR + 1, 9)) == Stock(0, 0, 1)
    alice.refuses("nothing_to_claim", claim(1, hour=HOUR + 1))
    assert messages(alice.write(claim(2))) == [b"KeyPackage 1"]


def test_nobody_has_no_key_packages(alice: Desk) -> None:
    alice.refuses("account_unknown", claim(1, handle=name("nobody")))
    alice.refuses("nothing_to_claim", claim(1))


def test_forty_claims_of_twenty_hand_out_each_once_and_then_the_last_resort(alice: Desk) -> None:
    offers = [an_offer(number) for number in range(20)]
    alice.write(publish(1, *offers))
    alice.write(publish(2, an_offer(99, last_resort=True)))
    answers = alice.at_once(*[claim(number) for number in range(40)])
    told: list[bytes] = [message for answer in answers for message in messages(answer)]
    once = [message for message in told if message != b"KeyPackage 99"]
    assert sorted(once) == sorted(each.message for each in offers)
    assert told.count(b"KeyPackage 99") == 20
    [(owed,)] = alice.rows("SELECT pointers FROM claim WHERE ref = $1", name("ref", 99))
    assert owed == 20
    assert alice.count("claim") == 21


# --- the private directory -----------------------------------------------------------------


def a_package(
    number: int, not_after: int = HOUR + 100, *, last_resort: bool = False
) -> ShelvedKeyPackage:
    return ShelvedKeyPackage(not_after * SECONDS, int(last_resort), b"sealed %d" % number)


def put(
    number: int, packages: Sequence[ShelvedKeyPackage], shelf: Shelf = SHELF, token: bytes = TOKEN
) -> Callable[[], Script[Shelved]]:
    request = PutOnShelf(name("idem", number, 16), sha256(token).digest(), tuple(packages))
    return partial(key_packages.put_on_shelf, request, asked(number, request.encode()), shelf)


def take(
    number: int, token: bytes = TOKEN, hour: int = HOUR
) -> Callable[[], Script[TakenFromShelf]]:
    return partial(key_packages.take_from_shelf, token, asked(number + 1000, token, hour))


def test_a_shelf_is_opened_by_its_token(desk: Desk) -> None:
    assert desk.write(put(1, [a_package(1)])) == Shelved(1)
    assert desk.write(put(2, [a_package(2), a_package(3, last_resort=True)])) == Shelved(3)
    desk.refuses("nothing_to_claim", take(1, name("another token")))
    told = [desk.write(take(number)) for number in range(4)]
    assert {each.sealed for each in told[:2]} == {b"sealed 1", b"sealed 2"}
    assert told[2:] == [TakenFromShelf(1, b"sealed 3")] * 2
    assert desk.rows("SELECT name FROM shelved") == [(sha256(b"sealed 3").digest(),)]


def test_who_takes_from_a_shelf_may_leave_nothing_anywhere_for_that(desk: Desk) -> None:
    """Else anybody could put the address of a stranger there, and fill that inbox."""
    desk.write(put(1, [a_package(1), a_package(2, last_resort=True)]))
    for number in range(9):
        desk.write(take(number))
    assert desk.count("claim") == 0


def test_putting_and_taking_are_answered_once(desk: Desk) -> None:
    packages = [a_package(1), a_package(2), a_package(3)]
    assert [desk.write(put(1, packages)) for _ in range(2)] == [Shelved(3)] * 2
    desk.refuses("idem_mismatch", put(1, packages[:1]))
    desk.refuses("key_package_known", put(2, [a_package(4), a_package(1)]))
    first = desk.write(take(1))
    assert desk.write(take(1)) == first
    assert desk.at_once(*[take(2)] * 10) == [desk.write(take(2))] * 10
    assert desk.count("shelved") == 1
    desk.refuses("key_package_known", put(3, packages[:1]))


def test_a_shelf_s_last_resort_is_one_and_its_room_has_an_end(desk: Desk) -> None:
    desk.write(put(1, [a_package(1, last_resort=True)]))
    assert desk.write(put(2, [a_package(2, last_resort=True)], Shelf(1, 0))) == Shelved(1)
    desk.refuses("full", put(3, [a_package(3)], Shelf(1, 0)))
    assert desk.write(put(2, [a_package(2, last_resort=True)], Shelf(0, 0))) == Shelved(1)
    assert desk.write(take(1)).sealed == b"sealed 2"


def test_what_expires_on_a_shelf_is_not_handed_out(desk: Desk) -> None:
    desk.write(put(1, [a_package(1, HOUR + 1), a_package(2, HOUR + 1, last_resort=True)]))
    desk.refuses("nothing_to_claim", take(1, hour=HOUR + 1))


def test_of_a_shelf_each_is_taken_once(desk: Desk) -> None:
    desk.write(put(1, [a_package(number) for number in range(10)]))
    answers = desk.at_once(*[take(number) for number in range(20)])
    told = [answer.sealed for answer in answers if isinstance(answer, TakenFromShelf)]
    assert sorted(told) == sorted(a_package(number).sealed for number in range(10))
    assert codes(answers).count("nothing_to_claim") == 10
