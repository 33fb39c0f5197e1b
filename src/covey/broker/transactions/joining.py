"""What a commit brings for those who are let in, and how it is fetched; who knocks.

All of it lies with the log of its group. Parcels and pointer lists are sealed, and a knock is a
KeyPackage that only members can open: none of these rows knows an inbox or an account.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.refusals import Code, refused
from covey.access.structs.joining import Pointers, WaitingKnock
from covey.access.structs.log import Parcel
from covey.broker.hours import week_of
from covey.broker.limits import BIGGEST
from covey.broker.script import Many, Statement
from covey.broker.transactions import inboxes, reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.access.structs.joining import Knock
    from covey.access.structs.log import NextEpoch
    from covey.broker.script import Script

_PARCELS = Statement("SELECT id, body FROM parcel WHERE gid = $1 AND id IN $2")
_PARCELS_SIZE = Statement("SELECT sum(length(body)) FROM parcel WHERE gid = $1 AND id IN $2")
_TAKEN_IDS = Statement("SELECT id FROM parcel WHERE id IN $1")
_ADD_PARCEL = Statement("INSERT INTO parcel (id, gid, body, week) VALUES ($1, $2, $3, $4)")
_ADD_POINTERS = Statement(
    "INSERT INTO pointer_list (gid, epoch, idem, sealed, week) VALUES ($1, $2, $3, $4, $5)"
)
_POINTERS = Statement("SELECT idem, sealed FROM pointer_list WHERE gid = $1 AND epoch = $2")
_DROP_CAPABILITIES = Statement("DELETE FROM capability WHERE gid = $1")
_ADD_CAPABILITY = Statement("INSERT INTO capability (gid, key, not_after) VALUES ($1, $2, $3)")
_CAPABILITY = Statement("SELECT not_after FROM capability WHERE gid = $1 AND key = $2")
_LOCKED = Statement("SELECT epoch FROM log WHERE gid = $1", lock="FOR NO KEY UPDATE")
_KNOCK = Statement("SELECT digest FROM knock WHERE gid = $1 AND id = $2")
_WAITS = (
    " FROM knock WHERE gid = $1 AND answered = 0 AND EXISTS (SELECT 1 FROM capability"
    " WHERE capability.gid = knock.gid AND capability.key = knock.capability"
    " AND capability.not_after >= $2)"
)
_COUNT_KNOCKS = Statement("SELECT count(*)" + _WAITS)
_ADD_KNOCK = Statement(
    "INSERT INTO knock (gid, id, capability, digest, sealed, answered, hour)"
    " VALUES ($1, $2, $3, $4, $5, 0, $6)"
)
_KNOCKS = Statement("SELECT id, capability, sealed" + _WAITS + " ORDER BY hour, id LIMIT $3")
_ANSWER_KNOCKS = Statement("UPDATE knock SET answered = 1, sealed = $3 WHERE gid = $1 AND id IN $2")
_DROP_UNENTITLED = Statement(
    "DELETE FROM knock WHERE gid = $1 AND NOT EXISTS (SELECT 1 FROM capability"
    " WHERE capability.gid = knock.gid AND capability.key = knock.capability)"
)

_NO_IDEM: Final = bytes(16)
_PORTION: Final = 500  # keys in one statement


# --- with a commit -------------------------------------------------------------------------


def refusal(following: NextEpoch) -> Script[Code | None]:
    """Why a commit cannot be taken although it would win; None if it can."""
    ids = tuple(parcel.id for parcel in following.parcels)
    keys = tuple(each.key for each in following.capabilities)
    refs = (each.key_package_ref for each in following.bundled)
    if _has_twice(ids) or _has_twice(keys) or not all(map(inboxes.is_ref, refs)):
        return Code.malformed
    for portion in _portions(ids):
        if (yield _TAKEN_IDS.of(portion)):
            return Code.parcel_exists
    wanted = Counter((each.inbox, each.key_package_ref) for each in following.bundled)
    for (inbox, ref), pointers in sorted(wanted.items()):
        if not (yield from inboxes.would_take(inbox, ref, pointers)):
            return Code.not_claimed
    return None


def _has_twice(names: tuple[bytes, ...]) -> bool:
    return len(set(names)) < len(names)


def _portions(names: tuple[bytes, ...]) -> Iterable[tuple[bytes, ...]]:
    """As many at a time as a statement of any database takes."""
    return (names[start : start + _PORTION] for start in range(0, len(names), _PORTION))


def store(gid: bytes, epoch: int, idem: bytes, following: NextEpoch, hour: int) -> Script[None]:
    """Keep what a commit brings.

    Args:
        gid: Of the group.
        epoch: That the commit opens.
        idem: Of the commit.
        following: What it brings; :func:`refusal` had nothing against it.
        hour: Now.
    """
    week = week_of(hour)
    if following.parcels:
        yield Many(_ADD_PARCEL, [(each.id, gid, each.body, week) for each in following.parcels])
    if following.pointers:
        yield _ADD_POINTERS.of(gid, epoch, idem, following.pointers, week)
    yield _DROP_CAPABILITIES.of(gid)
    if following.capabilities:
        yield Many(
            _ADD_CAPABILITY,
            [(gid, each.key, min(each.not_after, BIGGEST)) for each in following.capabilities],
        )
    for portion in _portions(tuple(each.id for each in following.answered)):
        yield _ANSWER_KNOCKS.of(gid, portion, b"")
    yield _DROP_UNENTITLED.of(gid)
    for pointer in following.bundled:
        yield from inboxes.post(
            pointer.inbox, pointer.key_package_ref, pointer.pointer, inboxes.Room(hour, None)
        )


# --- for members and joiners ---------------------------------------------------------------


def parcels(
    gid: bytes, ids: tuple[bytes, ...], most: int | None = None
) -> Script[tuple[Parcel, ...]]:
    """Parcels, in the order in which they are asked for.

    Args:
        gid: With which log they lie.
        ids: Theirs.
        most: Bytes of all of them, at most; None for any number.

    Raises:
        BrokerError: ``parcel_unknown``: one of them is not there; ``too_large``.
    """
    if most is not None:
        size = 0
        for portion in _portions(ids):
            [(some,)] = yield _PARCELS_SIZE.of(gid, portion)
            size += some or 0
        if size > most:
            raise refused(Code.too_large)
    found: dict[bytes, bytes] = {}
    for portion in _portions(ids):
        rows = yield _PARCELS.of(gid, portion)
        found.update(rows)
    if len(found) != len(set(ids)):
        raise refused(Code.parcel_unknown)
    return tuple(Parcel(each, found[each]) for each in ids)


def pointers(gid: bytes, epoch: int) -> Script[Pointers]:
    """The pointer list of the commit that opened an epoch."""
    rows = yield _POINTERS.of(gid, epoch)
    return Pointers(*rows[0]) if rows else Pointers(_NO_IDEM, b"")


class Door(NamedTuple):
    """What a knock meets.

    Attributes:
        digest: SHA-256 of the request as it was signed.
        hour: Now.
        most: How many may wait.
        paid: Whether something new can be afforded; what is asked again costs nothing.
    """

    digest: bytes
    hour: int
    most: int
    paid: bool = True


def knock(request: Knock, door: Door) -> Script[None]:
    """Leave somebody's KeyPackage at the door. The same knock twice is one.

    Raises:
        BrokerError: ``capability_refused``: it is not good, or there is no such group;
            ``parcel_exists``: another knock has this number; ``full``.
    """
    yield _LOCKED.of(request.gid)  # a commit drops what may knock no more, all of it
    known = yield _KNOCK.of(request.gid, request.id)
    if known:
        if known[0][0] != door.digest:
            raise refused(Code.parcel_exists)
        return
    if not door.paid:
        raise refused(Code.over_quota)
    capability = yield _CAPABILITY.of(request.gid, request.capability)
    if not capability or capability[0][0] < door.hour:
        raise refused(Code.capability_refused)
    [(waiting,)] = yield _COUNT_KNOCKS.of(request.gid, door.hour)
    if waiting >= door.most:
        raise refused(Code.full)
    yield _ADD_KNOCK.of(
        request.gid, request.id, request.capability, door.digest, request.sealed, door.hour
    )


def knocks(gid: bytes, epoch: int, hour: int, most: int) -> Script[tuple[WaitingKnock, ...]]:
    """Who waits at the door with a capability that is still good; of one hour in no order.

    Args:
        gid: Of the group.
        epoch: That who asks has proved.
        hour: Now.
        most: How many are told.

    Raises:
        BrokerError: ``epoch_passed``: only members of the current epoch are told.
    """
    yield from reading.require_current(gid, epoch)
    rows: Iterable[tuple[bytes, bytes, bytes]] = yield _KNOCKS.of(gid, hour, most)
    return tuple(WaitingKnock(*row) for row in rows)
