"""Our KeyPackages: as rows, and a flow that keeps enough of them at the broker (RFC 9420 §10).

May import the store's port, the effects and the engine. A KeyPackage with its private keys is in
the store before anybody else sees it, and stays there until it is used, or until nobody can use
it any more.
"""

from __future__ import annotations

from contextlib import suppress
from enum import IntEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from covey.access.member.addresses import extension
from covey.access.refusals import Code
from covey.errors import BrokerError
from covey.mls import PrivateKeyPackage
from covey.mls.group.identities import NotSpokenError
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.access.structs.extensions import InboxAddress
    from covey.access.structs.identity import Stock
    from covey.client.sync.effects import Flow, World
    from covey.client.sync.identity.device import Device
    from covey.mls import Extension, Member
    from covey.store.port import Rows, Store

_DAY: Final = 86_400

LIFETIME: Final = 90 * _DAY
"""Seconds for which a KeyPackage may be used, the most that brokers take. After half of them
another one takes its place."""

GRACE: Final = 31 * _DAY
"""Seconds after which the private keys of one that cannot be used any more are deleted; until
then a Welcome for it may lie in the inbox."""

LEAST: Final = 10
"""KeyPackages for one use that wait at the broker."""

_IDEM: Final = 16  # bytes
_LABEL: Final = b"covey client 1 publish"


class Where(IntEnum):
    """Who has a KeyPackage: the column ``published``."""

    here = 0
    """Nobody, as far as we know: it is to be published."""
    broker = 1
    """The broker, or who claimed it there."""
    replaced = 2
    """Who claimed it at the broker, which has another one of last resort by now."""
    elsewhere = 3
    """Who got it from us in another way: by a knock, a file, a shelf."""


class Further(NamedTuple):
    """Who we are in a suite to which groups can be moved.

    Attributes:
        member: With the keys of that suite.
        vouched: By what a leaf of it says of which device it is.
    """

    member: Member
    vouched: tuple[Extension, ...]


class Restocked(NamedTuple):
    """What was done for the stock.

    Attributes:
        published: KeyPackages for one use that were published.
        last_resort: Whether one of last resort was.
        deleted: Those whose private keys were deleted.
        waiting: KeyPackages for one use that now wait at the broker.
    """

    published: int
    last_resort: bool
    deleted: int
    waiting: int


# --- rows --------------------------------------------------------------------------------


def add(rows: Rows, package: PrivateKeyPackage, now: int, where: Where = Where.elsewhere) -> None:
    """Keep a KeyPackage, before anybody else sees it.

    Args:
        rows: The transaction.
        package: It.
        now: The time, in seconds since the epoch.
        where: Who is to have it. One that is ``here`` is published by :func:`keep_stock`.
    """
    lifetime = package.package.leaf_node.lifetime
    assert lifetime is not None, "a KeyPackage's leaf has a lifetime (RFC 9420 §7.2)"
    rows.do(
        "INSERT INTO packages (reference, private, suite, last_resort, published, made_at,"
        " not_after) VALUES (?, ?, ?, ?, ?, ?, ?)",
        package.reference, package.encode(), package.package.cipher_suite,
        int(package.last_resort), int(where), now, lifetime.not_after,
    )  # fmt: skip


def every(rows: Rows) -> list[PrivateKeyPackage]:
    """All that a pointer may have come for, of each suite that is spoken; the newest first."""
    found = rows.all("SELECT private FROM packages ORDER BY suite, made_at DESC, reference")
    return _spoken(found)


def of_suite(rows: Rows, suite: int) -> list[PrivateKeyPackage]:
    """All of a cipher suite; the newest first."""
    found = rows.all(
        "SELECT private FROM packages WHERE suite = ? ORDER BY made_at DESC, reference", suite
    )
    return _spoken(found)


def are_all_spoken(rows: Rows) -> bool:
    """Whether all are of a dialect that is spoken here."""
    return rows.one("SELECT count(*) FROM packages") == (len(every(rows)),)


def find(rows: Rows, reference: bytes) -> PrivateKeyPackage | None:
    """One by its KeyPackageRef."""
    found = rows.one("SELECT private FROM packages WHERE reference = ?", reference)
    return None if found is None else _package(found[0])


def use(rows: Rows, package: PrivateKeyPackage, pointer: bytes, now: int) -> None:
    """Take note that we have joined by a KeyPackage: in the transaction that keeps the group.

    One for one use is deleted. Others may have claimed the same one of last resort: it is kept
    for a while, and replaced at the broker.

    Args:
        rows: The transaction.
        package: It.
        pointer: By which we have joined, opened. It is good once, also when the broker forgets
            that it was read.
        now: The time, in seconds since the epoch.
    """
    if package.last_resort:
        settings.put(rows, _used(package.reference, pointer), b"")
        replace(rows, package, now)
    else:
        delete(rows, package.reference)


def replace(rows: Rows, package: PrivateKeyPackage, now: int) -> None:
    """Let another one of last resort take the place of this one, which somebody has claimed.

    Its leaf may stand in a tree, where it can be let in anew only by another one. Who has claimed
    it as well can still let us in by it, for a while.

    Args:
        rows: The transaction.
        package: It.
        now: The time, in seconds since the epoch.
    """
    rows.do(
        "UPDATE packages SET not_after = ? WHERE reference = ? AND not_after > ?",
        *(now, package.reference, now),
    )


def is_used(rows: Rows, package: PrivateKeyPackage, pointer: bytes) -> bool:
    """Whether we have joined by a pointer for a KeyPackage that we still have."""
    return settings.get(rows, _used(package.reference, pointer)) is not None


def _used(reference: bytes, pointer: bytes = b"") -> str:
    return f"used {reference.hex()} {sha256(pointer).hexdigest() if pointer else ''}"


def delete(rows: Rows, reference: bytes) -> None:
    """Delete one with its private keys."""
    rows.do("DELETE FROM packages WHERE reference = ?", reference)
    for name, _ in settings.beginning(rows, _used(reference)):
        settings.drop(rows, name)


def expired(rows: Rows, now: int) -> list[bytes]:
    """Those that were of use for the last time so long ago that they can be deleted."""
    found = rows.all("SELECT reference FROM packages WHERE not_after < ?", now - GRACE)
    return [cast("bytes", reference) for (reference,) in found]


def _spoken(found: Iterable[Sequence[object]]) -> list[PrivateKeyPackage]:
    """Those of a dialect that is spoken here; another program of ours may have left others."""
    packages = []
    for (private,) in found:
        with suppress(NotSpokenError):
            packages.append(_package(private))
    return packages


def _package(private: object) -> PrivateKeyPackage:
    assert isinstance(private, bytes)
    return PrivateKeyPackage.decode(private)


# --- the stock ---------------------------------------------------------------------------


def keep_stock(
    store: Store,
    device: Device,
    member: Member,
    address: InboxAddress,
    world: World,
    *,
    least: int = LEAST,
    further: Sequence[Further] = (),
) -> Flow[Restocked]:
    """See to it that enough KeyPackages wait at the broker, and that none gets too old.

    When fewer than ``least`` wait there, or have half of their lifetime before them, so many are
    published that twice as many do. The broker counts those of a device, of all cipher suites
    together. Of further suites there is one each, of last resort: groups are moved seldom, and it
    is replaced as soon as it was used.

    Args:
        store: Where they are kept.
        device: Whose they are at the broker.
        member: Whose they are in groups.
        address: Our inbox.
        world: Randomness and time.
        least: How many for one use have to wait.
        further: Who we are in suites to which groups can be moved.

    Raises:
        BrokerError: The broker refuses; ``bad_key_package`` when this machine's clock is wrong.
        TransportError: It does not answer.
    """
    suite, now = member.suite.code, world.second
    suites = (suite, *(each.member.suite.code for each in further))
    with store.reading() as rows:
        ready = [found for each in suites for found in _left_over(rows, each, now)]
    published = list(ready)
    stock = yield from (_publish(store, device, ready, now) if ready else device.stock())
    with store.reading() as rows:
        short = _short(rows, suite, now, stock, least)
        lack = [each for each in further if _lacks(rows, each.member.suite.code, now, stock)]
    if any(short) or lack:
        ready = _new(member, address, now, *short)
        ready += [_last_resort(each, address, now) for each in lack]
        with store.transaction() as rows:
            for each in ready:
                add(rows, each, now, Where.here)
        stock = yield from _publish(store, device, ready, now)
        published += ready
    deleted = _delete_expired(store, now)
    resorts = sum(each.last_resort for each in published)
    return Restocked(len(published) - resorts, resorts > 0, deleted, stock.waiting)


def _left_over(rows: Rows, suite: int, now: int) -> list[PrivateKeyPackage]:
    """Those of which nobody knows whether they were published, because that was interrupted.

    One that is old by now is better not published; the broker may have it for all that.
    """
    found = rows.all(
        "SELECT private FROM packages WHERE suite = ? AND published = ? AND not_after > ?"
        " ORDER BY reference",
        *(suite, int(Where.here), _fresh_until(now)),
    )
    return _spoken(found)


def _short(rows: Rows, suite: int, now: int, stock: Stock, least: int) -> tuple[int, int]:
    """How many for one use, and of last resort, are to be made."""
    counts = rows.all(
        "SELECT last_resort, count(*) FROM packages"
        " WHERE suite = ? AND published = ? AND not_after > ? GROUP BY last_resort",
        *(suite, int(Where.broker), _fresh_until(now)),
    )
    fresh = {kind: cast("int", count) for kind, count in counts}
    waiting = min(stock.waiting, fresh.get(0, 0))
    return (2 * least - waiting if waiting < least else 0), int(_lacks(rows, suite, now, stock))


def _lacks(rows: Rows, suite: int, now: int, stock: Stock) -> bool:
    """Whether one of last resort is to be made: there is none that is fresh, or some are lost."""
    fresh = {
        found
        for (found,) in rows.all(
            "SELECT suite FROM packages WHERE published = ? AND not_after > ? AND last_resort = 1",
            *(int(Where.broker), _fresh_until(now)),
        )
    }
    return suite not in fresh or stock.last_resorts < len(fresh)


def _fresh_until(now: int) -> int:
    """The end of the lifetime of one that has just half of it left."""
    return now + LIFETIME // 2


def _new(
    member: Member, address: InboxAddress, now: int, singles: int, resorts: int
) -> list[PrivateKeyPackage]:
    """New ones, by their references."""
    inbox = [extension(address)]
    made = [
        member.key_package(
            lifetime=LIFETIME, last_resort=number >= singles, extensions=inbox, now=now
        )
        for number in range(singles + resorts)
    ]
    return sorted(made, key=lambda each: each.reference)


def _last_resort(further: Further, address: InboxAddress, now: int) -> PrivateKeyPackage:
    return further.member.key_package(
        lifetime=LIFETIME,
        last_resort=True,
        extensions=[extension(address)],
        leaf_extensions=further.vouched,
        now=now,
    )


def _publish(
    store: Store, device: Device, ready: Sequence[PrivateKeyPackage], now: int
) -> Flow[Stock]:
    """Leave KeyPackages at the broker; the same ones again, if they may be there already."""
    named = sha256(_LABEL + b"".join(each.reference for each in ready)).digest()
    try:
        stock = yield from device.publish([each.message for each in ready], named[:_IDEM])
    except BrokerError as error:
        if error.code == Code.key_package_known:
            return (yield from _publish_each(store, device, ready, now))
        if error.code == Code.bad_key_package:
            with store.transaction() as rows:
                _drop(rows, ready)
            msg = f"{error.message} They were made just now: set this machine's clock, it is wrong."
            raise BrokerError(error.code, msg) from None
        raise
    with store.transaction() as rows:
        _mark(rows, ready, now)
    return stock


def _publish_each(
    store: Store, device: Device, ready: Sequence[PrivateKeyPackage], now: int
) -> Flow[Stock]:
    """Leave each of them for itself: some are at the broker, since long ago."""
    for each in ready if len(ready) > 1 else ():
        yield from _publish(store, device, [each], now)
    with store.transaction() as rows:
        _mark(rows, ready, now)
    return (yield from device.stock())


def _mark(rows: Rows, ready: Sequence[PrivateKeyPackage], now: int) -> None:
    """Take note that the broker has these, and no other one of last resort any more.

    Those that were used, or deleted, meanwhile stay so.
    """
    for each in ready:
        if each.last_resort:
            rows.do(
                "UPDATE packages SET published = ?, not_after = ? WHERE suite = ?"
                " AND last_resort = 1 AND published = ? AND reference <> ?",
                *(int(Where.replaced), now, each.package.cipher_suite),
                *(int(Where.broker), each.reference),
            )
    rows.many(
        "UPDATE packages SET published = ? WHERE reference = ? AND published = ?",
        [(int(Where.broker), each.reference, int(Where.here)) for each in ready],
    )


def _drop(rows: Rows, ready: Sequence[PrivateKeyPackage]) -> None:
    for each in ready:
        delete(rows, each.reference)


def _delete_expired(store: Store, now: int) -> int:
    """Delete those that nobody can use any more; how many they were."""
    with store.reading() as rows:
        if not expired(rows, now):
            return 0
    with store.transaction() as rows:
        gone = expired(rows, now)
        for reference in gone:
            delete(rows, reference)
    return len(gone)
