"""Who is in which group, guessed from all that is at rest.

May import the remains and the protocol's structs. The rows themselves join no account with a group;
what is tried here is everything around them. In each order that the files give away, the commit
that let somebody in lies near to what was done for somebody before it (a KeyPackage was
claimed, a claim was noted) and after it (something was left in an inbox). An inbox leads to an
account by the KeyPackages that name it. Where rows tell hours, those are compared, and the size of
a pointer with the number of doors that the group has.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from math import exp
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member.addresses import inbox_of
from covey.access.structs.identity import Claimed
from covey.errors import DecodeError
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from covey.lab.analyst.remains import Mark, Remains, Row

_DOORS_OF_A_POINTER: Final = 66  # bytes of one
_NEAR: Final = 3.0  # places, over which what speaks for something falls to a third
_FAR: Final = 6  # commits that are looked at in one direction
_BY_HOUR: Final = 0.2
_BY_SIZE: Final = 0.05


class Faces(NamedTuple):
    """Which account an inbox, a device, or an answer is about."""

    inboxes: dict[bytes, bytes]
    devices: dict[bytes, bytes]
    answers: dict[bytes, frozenset[bytes]]


class Trail(NamedTuple):
    """One order, as far as it speaks of accounts or of groups.

    Attributes:
        before: What is done before somebody is let in: places and handles.
        after: What is done afterwards, likewise.
        letting_in: Where commits let somebody in: places and gids.
        knocks: Where somebody knocked: places and gids.
    """

    before: set[tuple[int, bytes]]
    after: set[tuple[int, bytes]]
    letting_in: set[tuple[int, bytes]]
    knocks: set[tuple[int, bytes]]


Scores = dict[bytes, dict[bytes, float]]


def guess(remains: Remains) -> Scores:
    """How much speaks for each account being in each group: by handle, then by gid."""
    faces = faces_of(remains)
    scores: Scores = defaultdict(lambda: defaultdict(float))
    for marks in remains.orders.values():
        follow(trail(remains, faces, marks), scores)
    _by_hour(remains, faces, scores)
    _by_size(remains, faces, scores)
    return {handle: dict(row) for handle, row in scores.items()}


def gids(remains: Remains) -> list[bytes]:
    """All groups that there are."""
    return sorted(_bytes(row, "gid") for row in remains.tables["log"])


def faces_of(remains: Remains) -> Faces:
    """Put faces to inboxes and devices, by every KeyPackage that lies about."""
    devices = {_bytes(row, "device"): _bytes(row, "handle") for row in remains.tables["device"]}
    inboxes: dict[bytes, bytes] = {}
    answers: dict[bytes, frozenset[bytes]] = {}
    rows = [*remains.tables["key_package"]]
    rows += [mark.row for marks in remains.orders.values() for mark in marks
             if mark.table == "key_package"]  # fmt: skip
    for row in rows:
        handle = devices.get(_bytes(row, "device"))
        if handle is not None and _bytes(row, "inbox"):
            inboxes[_bytes(row, "inbox")] = handle
    for row in remains.tables["answer"]:
        claimed = _claimed(_bytes(row, "answer"))
        for device, inbox in claimed.items():
            if device in devices:
                inboxes[inbox] = devices[device]
        found = frozenset(devices[each] for each in claimed if each in devices)
        answers[_bytes(row, "idem")] = found
    return Faces(inboxes, devices, answers)


def _claimed(answer: bytes) -> dict[bytes, bytes]:
    """The devices, and their inboxes, of an answer that handed out KeyPackages."""
    found = {}
    try:
        for each in Claimed.decode(answer).key_packages:
            package = MLSMessage.decode(each.message).message
            address = inbox_of(package) if isinstance(package, KeyPackage) else None
            if address is not None:
                found[each.device] = address.inbox
    except DecodeError:
        return {}  # of another operation
    return found


def trail(remains: Remains, faces: Faces, marks: Iterable[Mark]) -> Trail:
    """What an order says of accounts and groups; its places are counted from 0."""
    parcels = {_bytes(row, "id"): _bytes(row, "gid") for row in remains.tables["parcel"]}
    found = Trail(set(), set(), set(), set())
    ranked = list(marks)
    places = {rank: place for place, rank in enumerate(sorted({each.rank for each in ranked}))}
    for mark in ranked:
        row, place = mark.row, places[mark.rank]
        match mark.table:
            case "answer":
                about = faces.answers.get(_bytes(row, "idem"), frozenset())
                found.before.update((place, who) for who in about)
            case "claim":
                found.before.update(_whose(faces, row, place))
            case "inbox_entry" | "inbox" | "slot":
                found.after.update(_whose(faces, row, place))
            case "pointer_list":
                found.letting_in.add((place, _bytes(row, "gid")))
            case "parcel" if _bytes(row, "id") in parcels:
                found.letting_in.add((place, parcels[_bytes(row, "id")]))
            case "knock":
                found.knocks.add((place, _bytes(row, "gid")))
    return found


def _whose(faces: Faces, row: Row, place: int) -> Iterator[tuple[int, bytes]]:
    handle = faces.inboxes.get(_bytes(row, "inbox"))
    if handle is not None:
        yield place, handle


def follow(found: Trail, scores: Scores) -> None:
    """Add what an order speaks for: what is near counts most."""
    letting_in, knocks = sorted(found.letting_in), sorted(found.knocks)
    for place, handle in found.after:
        _near(letting_in, place, -1, scores[handle])
    for place, handle in found.before:
        _near(letting_in, place, 1, scores[handle])
        _near(knocks, place, 1, scores[handle])


def _near(
    places: list[tuple[int, bytes]], place: int, step: int, scores: dict[bytes, float]
) -> None:
    """Look from a place in one direction."""
    at = bisect_left(places, (place, b"")) - (step < 0)
    for found, gid in places[at : at + _FAR] if step > 0 else places[max(at - _FAR, 0) : at + 1]:
        scores[gid] = scores.get(gid, 0.0) + exp(-abs(found - place) / _NEAR)


# --- without any order ----------------------------------------------------------------------


def _by_hour(remains: Remains, faces: Faces, scores: Scores) -> None:
    """Who had something in its inbox about the hour in which somebody knocked."""
    knocks = [(_int(row, "hour"), _bytes(row, "gid")) for row in remains.tables["knock"]]
    for row in remains.tables["inbox_entry"]:
        handle = faces.inboxes.get(_bytes(row, "inbox"))
        if handle is None:
            continue
        for hour, gid in knocks:
            if 0 <= _int(row, "hour") - hour <= 1:
                scores[handle][gid] = scores[handle].get(gid, 0.0) + _BY_HOUR


def _by_size(remains: Remains, faces: Faces, scores: Scores) -> None:
    """A pointer holds a key for each door of its group, and is padded in steps."""
    doors: Mapping[bytes, int] = defaultdict(int)
    for row in remains.tables["capability"]:
        doors[_bytes(row, "gid")] += 1  # type: ignore[index]
    pointers = [row for row in remains.tables["inbox_entry"] if row["kind"] == 1]
    if not pointers:
        return
    least = min(len(_bytes(row, "body")) for row in pointers)
    for row in pointers:
        handle = faces.inboxes.get(_bytes(row, "inbox"))
        if handle is None:
            continue
        more = (len(_bytes(row, "body")) - least) / _DOORS_OF_A_POINTER
        for gid in gids(remains):
            fits = 1 / (1 + abs(doors[gid] - more))
            scores[handle][gid] = scores[handle].get(gid, 0.0) + _BY_SIZE * fits


def _bytes(row: Row, name: str) -> bytes:
    value = row.get(name)
    return value if isinstance(value, bytes) else b""


def _int(row: Row, name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0
