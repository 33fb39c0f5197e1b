"""KeyPackages: published by a device, or laid on a shelf, and handed out once (RFC 9420 §10).

A claim leaves a row that says for which KeyPackage a pointer may be left in which inbox, and
nothing about who claimed. What lies on a shelf is sealed, and the broker believes nothing that is
said about it: taking it leaves no such row, its owner says at the inbox what is expected there.
What was answered to a device is kept for a day under a hash, so that
a retry gets the same KeyPackage and not another one. Nothing is handed out in the hour in which
it expires.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from covey.access.refusals import Code, refused
from covey.access.structs.identity import (
    Claimed,
    ClaimedKeyPackage,
    Shelved,
    Stock,
    TakenFromShelf,
)
from covey.broker.hours import hour_of
from covey.broker.script import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.access.structs.identity import PutOnShelf, ShelvedKeyPackage
    from covey.broker.offers import Offer
    from covey.broker.script import Script

_ANSWER = Statement("SELECT digest, answer FROM answer WHERE idem = $1")
_ASK = Statement(
    "INSERT INTO answer (idem, digest, answer, hour) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (idem) DO NOTHING RETURNING idem"
)
_KEEP_ANSWER = Statement("UPDATE answer SET answer = $2 WHERE idem = $1")
_PUBLISHED = Statement(
    "INSERT INTO published (ref, not_after) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING ref"
)
_ADD = Statement(
    "INSERT INTO key_package (device, cipher_suite, last_resort, ref, inbox, not_after, message)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
_DROP_LAST_RESORT = Statement(
    "DELETE FROM key_package WHERE device = $1 AND cipher_suite = $2 AND last_resort = 1"
)
_COUNT = Statement(
    "SELECT last_resort, count(*) FROM key_package"
    " WHERE device = $1 AND not_after > $2 GROUP BY last_resort"
)
_PUBLISHER = Statement("SELECT device FROM device WHERE device = $1", lock="FOR NO KEY UPDATE")
_DEVICES = Statement("SELECT device FROM device WHERE handle = $1 ORDER BY device")
_PICK = Statement(
    "SELECT ref, inbox, not_after, message FROM key_package WHERE device = $1"
    " AND cipher_suite = $2 AND last_resort = $3 AND not_after > $4 ORDER BY ref LIMIT 1",
    lock="FOR UPDATE SKIP LOCKED",
)
_LAST_RESORT = Statement(
    "SELECT ref, inbox, not_after, message FROM key_package WHERE device = $1"
    " AND cipher_suite = $2 AND last_resort = 1 AND not_after > $3 LIMIT 1"
)
_DROP = Statement(
    "DELETE FROM key_package"
    " WHERE device = $1 AND cipher_suite = $2 AND last_resort = 0 AND ref = $3"
)
_CLAIM = Statement(
    "INSERT INTO claim (inbox, ref, pointers, not_after) VALUES ($1, $2, 1, $3)"
    " ON CONFLICT (inbox, ref) DO UPDATE SET pointers = claim.pointers + 1"
)
_SHELVE = Statement(
    "INSERT INTO shelved (shelf, last_resort, name, not_after, sealed) VALUES ($1, $2, $3, $4, $5)"
)
_COUNT_SHELF = Statement("SELECT count(*) FROM shelved WHERE shelf = $1 AND not_after > $2")
_DROP_SHELF_LAST_RESORT = Statement("DELETE FROM shelved WHERE shelf = $1 AND last_resort = 1")
_TAKE = Statement(
    "SELECT name, sealed FROM shelved WHERE shelf = $1 AND last_resort = 0"
    " AND not_after > $2 ORDER BY name LIMIT 1",
    lock="FOR UPDATE SKIP LOCKED",
)
_TAKE_LAST_RESORT = Statement(
    "SELECT name, sealed FROM shelved WHERE shelf = $1 AND last_resort = 1"
    " AND not_after > $2 LIMIT 1"
)
_DROP_SHELVED = Statement("DELETE FROM shelved WHERE shelf = $1 AND last_resort = 0 AND name = $2")


class Asked(NamedTuple):
    """A request that is answered once, however often it is sent.

    Attributes:
        idem: SHA-256 of who asks and the idem that was given (32 bytes).
        digest: SHA-256 of the request.
        hour: Now.
        paid: Whether something new can be afforded; what is asked again costs nothing.
    """

    idem: bytes
    digest: bytes
    hour: int
    paid: bool = True


class Shelf(NamedTuple):
    """How much may lie about.

    Attributes:
        most: KeyPackages that wait, of one device or on one shelf.
        low: Below so many, it is time to publish more.
    """

    most: int
    low: int


def publish(device: bytes, offers: Sequence[Offer], asked: Asked, shelf: Shelf) -> Script[Stock]:
    """Keep KeyPackages of a device.

    Raises:
        BrokerError: ``account_unknown``: the device was removed; ``key_package_known``, ``full``
            or ``idem_mismatch``; nothing is kept then.
    """
    if not (yield _PUBLISHER.of(device)):
        raise refused(Code.account_unknown)
    if (yield from _earlier(asked)) is not None:
        return (yield from stock(device, asked.hour, shelf.low))
    for offer in offers:
        yield from _keep(device, offer)
    found = yield from stock(device, asked.hour, shelf.low)
    if found.waiting + found.last_resorts > shelf.most:
        raise refused(Code.full)
    return found


def stock(device: bytes, hour: int, low: int) -> Script[Stock]:
    """How many KeyPackages of a device wait, and whether they are few."""
    rows = yield _COUNT.of(device, hour)
    counts: dict[int, int] = dict(rows)
    waiting = counts.get(0, 0)
    return Stock(waiting, counts.get(1, 0), int(waiting < low))


def claim(handle: bytes, cipher_suite: int, asked: Asked) -> Script[Claimed]:
    """Take one KeyPackage of each device of an account.

    Raises:
        BrokerError: ``account_unknown``, ``nothing_to_claim`` or ``idem_mismatch``.
    """
    earlier = yield from _earlier(asked)
    if earlier is not None:
        return Claimed.decode(earlier)
    devices = yield _DEVICES.of(handle)
    if not devices:
        raise refused(Code.account_unknown)
    taken = []
    for (device,) in devices:
        one = yield from _take(device, cipher_suite, asked.hour)
        if one is not None:
            taken.append(one)
    if not taken:
        raise refused(Code.nothing_to_claim)
    answer = Claimed(tuple(taken))
    yield _KEEP_ANSWER.of(asked.idem, answer.encode())
    return answer


def put_on_shelf(request: PutOnShelf, asked: Asked, shelf: Shelf) -> Script[Shelved]:
    """Keep KeyPackages for whoever has the token of the shelf.

    Raises:
        BrokerError: ``key_package_known``, ``full`` or ``idem_mismatch``; nothing is kept then.
    """
    known = (yield from _earlier(asked)) is not None
    for each in () if known else request.key_packages:
        yield from _shelve(request.shelf, each)
    [(waiting,)] = yield _COUNT_SHELF.of(request.shelf, asked.hour)
    if waiting > shelf.most and not known:
        raise refused(Code.full)
    return Shelved(waiting)


def _shelve(shelf: bytes, package: ShelvedKeyPackage) -> Script[None]:
    """As :func:`_keep`, on a shelf."""
    not_after, name = hour_of(package.not_after), sha256(package.sealed).digest()
    if package.last_resort:
        yield _DROP_SHELF_LAST_RESORT.of(shelf)
    else:
        yield from _publish_once(name, not_after)
    yield _SHELVE.of(shelf, package.last_resort, name, not_after, package.sealed)


def take_from_shelf(token: bytes, asked: Asked) -> Script[TakenFromShelf]:
    """Take one KeyPackage from the shelf that a token opens.

    Raises:
        BrokerError: ``nothing_to_claim`` or ``idem_mismatch``.
    """
    earlier = yield from _earlier(asked)
    if earlier is not None:
        return TakenFromShelf.decode(earlier)
    shelf = sha256(token).digest()
    rows = yield _TAKE.of(shelf, asked.hour)
    last_resort = 0
    if rows:
        yield _DROP_SHELVED.of(shelf, rows[0][0])
    else:
        rows = yield _TAKE_LAST_RESORT.of(shelf, asked.hour)
        last_resort = 1
    if not rows:
        raise refused(Code.nothing_to_claim)
    answer = TakenFromShelf(last_resort, rows[0][1])
    yield _KEEP_ANSWER.of(asked.idem, answer.encode())
    return answer


def _earlier(asked: Asked) -> Script[bytes | None]:
    """What was answered to the same request before; None if it is new.

    What is new is noted at once, so that the same request, when it comes again meanwhile, waits
    until it is answered.
    """
    if (yield _ASK.of(asked.idem, asked.digest, b"", asked.hour)):
        if not asked.paid:
            raise refused(Code.over_quota)
        return None
    rows = yield _ANSWER.of(asked.idem)
    if not rows:  # it was thrown away at this moment
        return (yield from _earlier(asked))
    digest, answer = rows[0]
    if digest != asked.digest:
        raise refused(Code.idem_mismatch)
    return bytes(answer)


def _keep(device: bytes, offer: Offer) -> Script[None]:
    """Keep a KeyPackage: one for one use once, a last resort in place of the one before."""
    if offer.last_resort:
        yield _DROP_LAST_RESORT.of(device, offer.cipher_suite)
    else:
        yield from _publish_once(offer.ref, offer.not_after)
    yield _ADD.of(
        device, offer.cipher_suite, int(offer.last_resort), offer.ref, offer.inbox,
        offer.not_after, offer.message,
    )  # fmt: skip


def _publish_once(ref: bytes, not_after: int) -> Script[None]:
    if not (yield _PUBLISHED.of(ref, not_after)):
        raise refused(Code.key_package_known)


def _take(device: bytes, cipher_suite: int, hour: int) -> Script[ClaimedKeyPackage | None]:
    rows = yield _PICK.of(device, cipher_suite, 0, hour)
    last_resort = 0
    if rows:
        yield _DROP.of(device, cipher_suite, rows[0][0])
    else:
        rows = yield _LAST_RESORT.of(device, cipher_suite, hour)
        last_resort = 1
    if not rows:
        return None
    [(ref, inbox, not_after, message)] = rows
    yield _CLAIM.of(inbox, ref, not_after)
    return ClaimedKeyPackage(device, last_resort, message)
