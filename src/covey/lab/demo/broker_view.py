"""What a broker knows: read off its rows, and compared with what is true.

May import the scenes and the evidence.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from covey.access.member.envelopes import SIZES
from covey.lab.demo import dates, evidence
from covey.lab.demo.scenes import Check, Known, KnownLog
from covey.mls.group.padding import padme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covey.lab.demo.orders import Published
    from covey.lab.demo.stolen import Row, Tables

_UNITS: Final = ("hour", "week")
_FINEST: Final = 1_000_000  # no hour has as large a number before the year 2084


def known(tables: Tables) -> Known:
    """What there is to be read."""
    logs = []
    for log in tables["log"]:
        sizes = Counter(_size(row) for row in tables["entry"] if row["gid"] == log["gid"])
        epochs = sum(row["gid"] == log["gid"] for row in tables["epoch"])
        gid = log["gid"]
        assert isinstance(gid, bytes)
        logs.append(KnownLog(gid.hex(), epochs, sizes.total(), dict(sorted(sizes.items()))))
    rows = {table: len(found) for table, found in sorted(tables.items()) if found}
    return Known(logs, rows, {unit: _times(tables, unit) for unit in _UNITS})


def _times(tables: Tables, unit: str) -> list[int]:
    found = {row.get(unit) for rows in tables.values() for row in rows}
    return sorted(each for each in found if isinstance(each, int))


def _size(row: Row) -> int:
    body = row["body"]
    assert isinstance(body, bytes)
    return len(body)


def checks(tables: Tables, gid: bytes, published: Mapping[str, Published]) -> Iterator[Check]:
    """Whether the broker knows no more than it should.

    Args:
        tables: All its rows.
        gid: Of the group.
        published: What each member has told it of itself.
    """
    yield _unlinked(tables, gid, published)
    sizes = {_size(row) for row in tables["entry"]}
    yield Check(
        "every entry has a size that many have: a bucket's, or Padmé's",
        all(size in SIZES or (size > SIZES[-1] and padme(size) == size) for size in sizes),
        ", ".join(map(str, sorted(sizes))),
    )
    finest = evidence.largest_number(tables)
    passed = finest < _FINEST
    shown = f"of an hour: {dates.of_hour(finest)}" if passed else "of no hour"
    detail = f"the largest number in it, {finest}, is that {shown}"
    yield Check("no row has a time finer than an hour", passed, detail)


def _unlinked(tables: Tables, gid: bytes, published: Mapping[str, Published]) -> Check:
    """Whether no way leads from the group to an account, though one leads from each inbox."""
    whose = {
        f"{name}'s {what}": value
        for name, each in published.items()
        for what, value in (
            ("account", each.handle),
            ("device", each.device),
            ("inbox", each.inbox),
            *((f"KeyPackage {number}", ref) for number, ref in enumerate(each.references)),
            *((f"KeyPackage {n}", package) for n, package in enumerate(each.key_packages)),
        )
    }
    from_group = evidence.reached(tables, gid)
    found = evidence.sightings(b"".join(from_group), whose)
    traced = [
        name
        for name, each in published.items()
        if each.handle in evidence.reached(tables, each.inbox)
    ]
    return Check(
        "no path from row to row leads from the group to an account, a device or an inbox",
        not found and len(from_group) > 1 and len(traced) == len(published),
        "; ".join(found)
        or "from an inbox one can reach its account, through KeyPackages; from the group, neither: "
        f"{len(from_group)} values lie on its paths",
    )
