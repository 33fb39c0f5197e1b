"""Enough KeyPackages wait at the broker, and whatever waits there can be opened here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from access_samples import POLICY
from covey.access.member.addresses import inbox_of
from covey.access.refusals import Code, refused
from covey.access.structs.extensions import InboxAddress
from covey.access.structs.identity import Publish, Stock, Token
from covey.client.sync.effects import Ask, World
from covey.client.sync.identity import key_packages
from covey.client.sync.identity.device import Device
from covey.client.sync.identity.key_packages import GRACE, LEAST, LIFETIME, Restocked, Where
from covey.errors import BrokerError
from covey.lab.conformance.generate.seeded import Seeded
from covey.mls import Member, PrivateKeyPackage
from covey.mls.group.member import key_package_ref
from covey.mls.structs.key_package import KeyPackage, is_last_resort
from covey.mls.structs.message import MLSMessage
from covey.store import memory_store
from flows import play

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.client.sync.effects import Effect
    from covey.store.port import Store

BROKER = bytes(range(32))
ADDRESS = InboxAddress(BROKER, bytes(32))
DAY = 86_400
NOW = 1_700_000_000


class DroppedError(Exception):
    """The process was killed."""


class Shop:
    """A broker that has KeyPackages, and one client of it.

    Attributes:
        singles: Those for one use that wait, by reference.
        resort: The one of last resort.
        dies_at: The number of the request at which the client is killed.
        late: Whether the broker has done what was asked for by then.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW
        self.member = Member.basic(b"alice", 1, policy=POLICY, entropy=Seeded(b"kp", "member"))
        self.singles: dict[bytes, KeyPackage] = {}
        self.resort: bytes | None = None
        self.known: set[bytes] = set()
        self.answered: set[bytes] = set()
        self.requests = 0
        self.dies_at = -1
        self.late = False
        self.refuses: Code | None = None

    def keep_stock(self, least: int = LEAST) -> Restocked:
        device = Device(BROKER, bytes(32))
        world = World(Seeded(b"kp", "world"), lambda: float(self.now))
        flow = key_packages.keep_stock(self.store, device, self.member, ADDRESS, world, least=least)
        return play(flow, self.answer)

    def answer(self, effect: Effect) -> object:
        assert isinstance(effect, Ask)
        self.requests += 1
        dies = self.requests == self.dies_at
        if dies and not self.late:
            raise DroppedError
        answer = self._done(effect)
        if dies:
            raise DroppedError
        return answer

    def _done(self, effect: Ask) -> object:
        if effect.operation == "authenticate":
            return Token(b"token", 600)
        if isinstance(effect.request, Publish) and effect.request.idem not in self.answered:
            if self.refuses:
                raise refused(self.refuses)
            self._publish(effect.request)
        return Stock(len(self.singles), int(self.resort is not None), 0)

    def _publish(self, request: Publish) -> None:
        packages = [MLSMessage.decode(each.message).message for each in request.key_packages]
        named: dict[bytes, KeyPackage] = {}
        for package in packages:
            assert isinstance(package, KeyPackage)
            named[key_package_ref(self.member.suite, package)] = package
        if self.known & set(named):
            raise refused(Code.key_package_known)
        self.answered.add(request.idem)
        for reference, package in named.items():
            if is_last_resort(package):
                self.resort = reference
            else:
                self.singles[reference] = package
                self.known.add(reference)

    def claim(self) -> bytes:
        return self.singles.popitem()[0]

    def join(self, reference: bytes) -> None:
        with self.store.transaction() as rows:
            package = key_packages.find(rows, reference)
            assert package is not None
            key_packages.use(rows, package, b"pointer", self.now)

    def held(self) -> set[bytes]:
        with self.store.reading() as rows:
            return {each.reference for each in key_packages.of_suite(rows, 1)}

    def private(self, *, last_resort: bool = False) -> PrivateKeyPackage:
        return self.member.key_package(last_resort=last_resort, now=self.now)

    def require_sound(self) -> None:
        """What others can get from the broker, we can open."""
        assert len(self.singles) >= LEAST
        assert self.resort is not None
        assert {*self.singles, self.resort} <= self.held()


@pytest.fixture
def shop() -> Iterator[Shop]:
    store = memory_store()
    yield Shop(store)
    store.close()


# --- rows --------------------------------------------------------------------------------


def test_what_is_added_is_found(shop: Shop) -> None:
    package = shop.private()
    with shop.store.transaction() as rows:
        key_packages.add(rows, package, NOW)
        assert key_packages.find(rows, package.reference) == package
        assert key_packages.find(rows, b"another") is None
        assert key_packages.of_suite(rows, 1) == [package]
        assert key_packages.of_suite(rows, 2) == []


def test_one_for_one_use_is_deleted_when_it_is_used(shop: Shop) -> None:
    package = shop.private()
    with shop.store.transaction() as rows:
        key_packages.add(rows, package, NOW)
        key_packages.use(rows, package, b"pointer", NOW)
        assert key_packages.of_suite(rows, 1) == []


def test_one_of_last_resort_stays_for_a_while(shop: Shop) -> None:
    package = shop.private(last_resort=True)
    with shop.store.transaction() as rows:
        key_packages.add(rows, package, NOW)
        key_packages.use(rows, package, b"pointer", NOW)
        assert key_packages.find(rows, package.reference) == package
        assert key_packages.expired(rows, NOW + GRACE) == []
        assert key_packages.expired(rows, NOW + GRACE + 1) == [package.reference]


def test_a_pointer_for_one_of_last_resort_is_known_as_long_as_that(shop: Shop) -> None:
    package, other = shop.private(last_resort=True), shop.private(last_resort=True)
    with shop.store.transaction() as rows:
        for each in (package, other):
            key_packages.add(rows, each, NOW)
            assert not key_packages.is_used(rows, each, b"pointer")
            key_packages.use(rows, each, b"pointer", NOW)
        assert key_packages.is_used(rows, package, b"pointer")
        assert not key_packages.is_used(rows, package, b"another")
        key_packages.delete(rows, package.reference)
        assert not key_packages.is_used(rows, package, b"pointer")
        assert key_packages.is_used(rows, other, b"pointer")


# --- the stock ---------------------------------------------------------------------------


def test_a_new_device_publishes_enough(shop: Shop) -> None:
    assert shop.keep_stock() == Restocked(2 * LEAST, last_resort=True, deleted=0, waiting=20)
    shop.require_sound()
    package = next(iter(shop.singles.values()))
    lifetime = package.leaf_node.lifetime
    assert lifetime is not None
    assert lifetime.not_after == NOW + LIFETIME
    assert inbox_of(package) == ADDRESS


def test_nothing_is_done_when_enough_wait(shop: Shop) -> None:
    shop.keep_stock()
    shop.requests = 0
    assert shop.keep_stock() == Restocked(0, last_resort=False, deleted=0, waiting=20)
    assert shop.requests == 2  # authenticate, stock


def test_what_is_claimed_is_replaced_when_too_few_are_left(shop: Shop) -> None:
    shop.keep_stock()
    claimed = [shop.claim() for _ in range(LEAST)]
    assert shop.keep_stock().published == 0
    claimed.append(shop.claim())
    assert shop.keep_stock().published == LEAST + 1
    shop.require_sound()
    assert set(claimed) <= shop.held()


def test_one_that_was_joined_by_is_gone(shop: Shop) -> None:
    shop.keep_stock()
    reference = shop.claim()
    shop.join(reference)
    assert reference not in shop.held()


def test_a_last_resort_that_was_used_is_replaced_and_kept_for_others(shop: Shop) -> None:
    shop.keep_stock()
    used = shop.resort
    assert used is not None
    shop.join(used)
    assert shop.keep_stock() == Restocked(0, last_resort=True, deleted=0, waiting=20)
    assert shop.resort != used
    assert used in shop.held()
    shop.now += GRACE
    assert shop.keep_stock().deleted == 0
    shop.now += 1
    assert shop.keep_stock().deleted == 1
    assert used not in shop.held()
    shop.require_sound()


def test_the_grace_of_a_last_resort_begins_when_the_broker_has_another(shop: Shop) -> None:
    shop.keep_stock()
    used = shop.resort
    assert used is not None
    shop.join(used)
    shop.now += GRACE + DAY  # nobody was online meanwhile, and it could still be claimed
    assert shop.keep_stock().deleted == 0
    shop.now += GRACE - DAY
    shop.keep_stock()
    assert used in shop.held()


def test_the_grace_of_one_that_is_replaced_goes_on_when_the_next_one_is(shop: Shop) -> None:
    shop.keep_stock()
    used = shop.resort
    for _ in range(2):
        assert shop.resort is not None
        shop.join(shop.resort)
        shop.keep_stock()
        shop.now += GRACE // 2
    shop.now += 2
    assert shop.keep_stock().deleted == 1
    assert used not in shop.held()


def test_after_half_of_their_lifetime_others_take_their_place(shop: Shop) -> None:
    shop.keep_stock()
    first, resort = set(shop.singles), shop.resort
    shop.now += LIFETIME // 2 - 1
    assert shop.keep_stock().published == 0
    shop.now += 1
    assert shop.keep_stock() == Restocked(2 * LEAST, last_resort=True, deleted=0, waiting=40)
    assert shop.resort != resort
    assert first <= shop.held()


def test_what_nobody_can_use_any_more_is_deleted(shop: Shop) -> None:
    shop.keep_stock()
    first = set(shop.singles)
    shop.singles.clear()
    shop.now += LIFETIME + GRACE + 1
    assert shop.keep_stock().deleted == len(first)  # the last resort has been replaced only now
    assert not first & shop.held()
    shop.require_sound()


def test_packages_that_are_elsewhere_do_not_count(shop: Shop) -> None:
    with shop.store.transaction() as rows:
        for _ in range(LEAST):
            key_packages.add(rows, shop.private(), NOW, Where.elsewhere)
    assert shop.keep_stock().published == 2 * LEAST


def test_packages_whose_keys_are_lost_do_not_count(shop: Shop) -> None:
    shop.keep_stock()
    with shop.store.transaction() as rows:
        for reference in (*shop.singles, shop.resort):
            assert reference is not None
            key_packages.delete(rows, reference)
    done = shop.keep_stock()
    assert (done.published, done.last_resort) == (2 * LEAST, True)


def test_those_that_are_claimed_and_never_used_are_no_reason_to_publish_more_and_more(
    shop: Shop,
) -> None:
    published = 0
    for _ in range(30):
        published += shop.keep_stock().published
        for _ in range(5):
            shop.claim()
        shop.now += 2 * DAY
    assert published <= 30 * 5 + 4 * 2 * LEAST
    for _ in range(5):
        shop.now += 1
        shop.keep_stock()
    assert len(shop.singles) <= 4 * LEAST


# --- faults ------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 4))
def test_killed_at_any_request_nothing_is_lost(shop: Shop, dies_at: int, *, late: bool) -> None:
    shop.dies_at, shop.late = dies_at, late
    with pytest.raises(DroppedError):
        shop.keep_stock()
    assert set(shop.singles) <= shop.held()
    shop.keep_stock()
    shop.require_sound()
    assert len(shop.singles) == 2 * LEAST
    assert shop.keep_stock().published == 0


def test_killed_long_ago_the_broker_knows_some_of_them(shop: Shop) -> None:
    shop.dies_at, shop.late = 3, True
    with pytest.raises(DroppedError):
        shop.keep_stock()
    shop.answered.clear()  # it remembers answers for a day
    shop.now += 2 * DAY
    shop.keep_stock()
    shop.require_sound()
    assert len(shop.singles) == 2 * LEAST


def test_left_over_ones_that_are_old_are_not_published(shop: Shop) -> None:
    shop.dies_at = 3
    with pytest.raises(DroppedError):
        shop.keep_stock()
    old = shop.held()
    shop.now += LIFETIME // 2
    shop.keep_stock()
    assert not old & set(shop.singles)
    shop.require_sound()


def test_what_a_broker_refuses_for_its_time_is_made_anew(shop: Shop) -> None:
    shop.now, shop.refuses = NOW + 10 * 365 * DAY, Code.bad_key_package
    with pytest.raises(BrokerError, match="bad_key_package"):
        shop.keep_stock()
    assert shop.held() == set()
    shop.now, shop.refuses = NOW, None
    shop.keep_stock()
    shop.require_sound()


def test_what_a_broker_has_no_room_for_is_offered_again(shop: Shop) -> None:
    shop.refuses = Code.full
    with pytest.raises(BrokerError, match="full"):
        shop.keep_stock()
    made, shop.refuses = shop.held(), None
    shop.keep_stock()
    assert shop.held() == made
