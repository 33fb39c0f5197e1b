"""Token buckets and marks of networks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.broker.addresses import Prefixes, is_loopback
from covey.broker.buckets import Bucket, Buckets, Rate, Spending

RATES = dict.fromkeys(Bucket, Rate(60, 60)) | {Bucket.knocks: Rate(5, 100)}


def spend(buckets: Buckets, name: Bucket, key: bytes, amount: int, now: float) -> float:
    """Take an amount out of one bucket."""
    return buckets.spend((Spending(name, key, amount),), now)


def test_a_bucket_begins_full_and_fills_again() -> None:
    buckets = Buckets(RATES)
    for _ in range(5):
        assert spend(buckets, Bucket.knocks, b"a", 1, 1000.0) == 0
    assert spend(buckets, Bucket.knocks, b"a", 1, 1000.0) == pytest.approx(20)
    assert spend(buckets, Bucket.knocks, b"a", 1, 1015.0) == pytest.approx(5)
    assert spend(buckets, Bucket.knocks, b"a", 1, 1020.0) == 0
    assert spend(buckets, Bucket.knocks, b"a", 2, 1020.0) == pytest.approx(40)


def test_what_is_refused_costs_nothing() -> None:
    buckets = Buckets(RATES)
    assert spend(buckets, Bucket.knocks, b"a", 5, 0.0) == 0
    waits = [spend(buckets, Bucket.knocks, b"a", 1, 0.0) for _ in range(100)]
    assert waits == [pytest.approx(20)] * 100


def test_keys_and_names_do_not_share_a_bucket() -> None:
    buckets = Buckets(RATES)
    assert spend(buckets, Bucket.knocks, b"a", 5, 0.0) == 0
    assert spend(buckets, Bucket.knocks, b"b", 5, 0.0) == 0
    assert spend(buckets, Bucket.appends, b"a", 60, 0.0) == 0


def test_more_than_a_bucket_holds_is_had_when_it_is_full() -> None:
    buckets = Buckets(RATES)
    assert spend(buckets, Bucket.knocks, b"a", 10, 0.0) == 0
    assert spend(buckets, Bucket.knocks, b"a", 10, 0.0) == pytest.approx(200)
    assert spend(buckets, Bucket.knocks, b"a", 1, 0.0) == pytest.approx(120)
    assert spend(buckets, Bucket.knocks, b"a", 10, 200.0) == 0


def test_several_are_taken_together_or_not_at_all() -> None:
    buckets = Buckets(RATES)
    both = (Spending(Bucket.claims_of_target, b"t", 10), Spending(Bucket.knocks, b"c", 5))
    assert buckets.spend(both, 0.0) == 0
    assert buckets.spend(both, 0.0) == pytest.approx(100)
    assert spend(buckets, Bucket.claims_of_target, b"t", 50, 0.0) == 0
    assert buckets.spend((), 0.0) == 0


def test_memory_is_bounded_and_a_flood_of_one_kind_forgets_no_other() -> None:
    buckets = Buckets(RATES, kept=10)
    spend(buckets, Bucket.knocks, b"mine", 5, 0.0)
    for number in range(1000):
        spend(buckets, Bucket.creations, str(number).encode(), 1, 0.0)
    assert len(buckets) == 11
    assert spend(buckets, Bucket.knocks, b"mine", 1, 0.0) > 0


def test_a_bucket_that_is_full_again_is_forgotten() -> None:
    buckets = Buckets(RATES)
    for number in range(100):
        spend(buckets, Bucket.creations, str(number).encode(), 1, float(number))
    spend(buckets, Bucket.creations, b"last", 1, 10_000.0)
    assert len(buckets) == 1


def test_no_key_lies_in_memory() -> None:
    buckets = Buckets(RATES, secret=bytes(32))
    key = b"a gid of a group that has 32 byt"
    spend(buckets, Bucket.appends, key, 1, 0.0)
    assert key not in repr(vars(buckets)).encode()


@given(st.lists(st.tuples(st.floats(0, 50), st.integers(1, 8)), max_size=40))
def test_it_is_a_bucket(asked: list[tuple[float, int]]) -> None:
    """Against the plain reading: a level that rises to the brim and is taken from."""
    buckets = Buckets(RATES)
    now, level = 0.0, 5.0
    for pause, amount in asked:
        now += pause
        level = min(5.0, level + pause / 20)
        wait = spend(buckets, Bucket.knocks, b"k", amount, now)
        lacking = min(amount, 5) - level
        assert wait == pytest.approx(max(0.0, lacking * 20), abs=1e-6)
        if wait == 0:
            level -= amount


def test_every_name_has_a_rate() -> None:
    with pytest.raises(KeyError):
        Buckets({Bucket.knocks: Rate(1, 1)})


SAME = [
    ("192.0.2.1", "192.0.2.254"),
    ("192.0.2.1", "::ffff:192.0.2.9"),
    ("2001:db8:1::1", "2001:db8:1:ffff::2"),
    ("fe80::1%eth0", "fe80::2%eth1"),
    (None, "unix"),
]
OTHER = [
    ("192.0.2.1", "192.0.3.1"),
    ("2001:db8:1::1", "2001:db8:2::1"),
    (None, "192.0.2.1"),
    ("0.0.0.0", "::"),  # noqa: S104 - nobody listens
]


@pytest.mark.parametrize(("one", "another"), SAME)
def test_a_network_has_one_mark(one: str | None, another: str | None) -> None:
    prefixes = Prefixes()
    assert prefixes.of(one) == prefixes.of(another)
    assert len(prefixes.of(one)) == 16


@pytest.mark.parametrize(("one", "another"), OTHER)
def test_other_networks_have_others(one: str | None, another: str | None) -> None:
    prefixes = Prefixes()
    assert prefixes.of(one) != prefixes.of(another)


def test_a_mark_says_nothing_to_another_process() -> None:
    assert Prefixes().of("192.0.2.1") != Prefixes().of("192.0.2.1")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_the_machine_itself_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.1", "::", "localhost.example"])  # noqa: S104 - nobody listens
def test_others_are_not_it(host: str) -> None:
    assert not is_loopback(host)


def test_to_look_costs_nothing_and_to_charge_asks_nobody() -> None:
    buckets = Buckets(RATES)
    knock = (Spending(Bucket.knocks, b"a"),)
    assert [buckets.wait(knock, 0.0) for _ in range(10)] == [0.0] * 10
    for _ in range(7):
        buckets.charge(knock, 0.0)
    assert buckets.wait(knock, 0.0) == pytest.approx(60)  # two are owed, and then one more
    assert spend(buckets, Bucket.knocks, b"a", 1, 59.0) == pytest.approx(1)
    assert spend(buckets, Bucket.knocks, b"a", 1, 60.5) == 0
