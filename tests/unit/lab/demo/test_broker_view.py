"""What a broker knows is read off its rows, and a broker that knows too much fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.demo import broker_view
from covey.lab.demo.orders import Published
from covey.lab.demo.scenes import KnownLog

if TYPE_CHECKING:
    from covey.lab.demo.stolen import Row, Tables

GID, HANDLE, DEVICE, INBOX, REF = (bytes([number]) * 32 for number in range(1, 6))
PUBLISHED = {"alice": Published(HANDLE, DEVICE, INBOX, [b"KeyPackage of alice"], [REF])}


def tables(*, size: int = 512, hour: int = 498_681, also: bytes = bytes(32)) -> Tables:
    """The rows of a broker with one group and one account."""
    entry: Row = {"gid": GID, "seq": 1, "digest": also, "week": 2_968, "body": b"b" * size}
    return {
        "log": [{"gid": GID, "seq": 1}],
        "epoch": [{"gid": GID, "epoch": 0}, {"gid": GID, "epoch": 1}],
        "entry": [entry, {**entry, "seq": 2}],
        "account": [{"handle": HANDLE}],
        "device": [{"device": DEVICE, "handle": HANDLE}],
        "key_package": [{"device": DEVICE, "ref": REF, "inbox": INBOX}],
        "answer": [{"idem": b"i" * 32, "hour": hour}],
        "parcel": [],
    }


def failed(found: Tables) -> list[str]:
    return [each.what for each in broker_view.checks(found, GID, PUBLISHED) if not each.passed]


def test_a_blind_broker_passes() -> None:
    assert failed(tables()) == []


def test_a_row_that_joins_a_group_and_an_inbox_fails() -> None:
    assert "no path from row to row" in failed(tables(also=INBOX))[0]


def test_a_row_that_only_contains_one_in_another_value_fails() -> None:
    assert "no path from row to row" in failed(tables(also=b"in front of " + HANDLE))[0]


def test_a_size_that_tells_something_fails() -> None:
    assert "a size that many have" in failed(tables(size=513))[0]
    assert failed(tables(size=1 << 17)) == []


def test_a_time_in_seconds_fails() -> None:
    assert "finer than an hour" in failed(tables(hour=1_795_252_000))[0]


def test_what_there_is_is_listed() -> None:
    known = broker_view.known(tables())
    assert known.logs == [KnownLog(GID.hex(), 2, 2, {512: 2})]
    assert known.times == {"hour": [498_681], "week": [2_968]}
    assert "parcel" not in known.rows
    assert known.rows["entry"] == 2
