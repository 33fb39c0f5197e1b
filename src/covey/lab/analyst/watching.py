"""Who is in which group, guessed by a broker that watches its own sockets.

May import the tap and the protocol's structs. The watcher runs the broker: it knows which device a
connection has proved, and so whose handle; which inbox was begun by whom; which gid, inbox, shelf
or capability a request names; and all times, sizes and addresses. What it does not see is what
the protocol is made for: no connection of a group says whose it is. The guess adds up

- connections of one address, or one connection of several groups and an inbox;
- an inbox that was handed a pointer, and a connection that asks for parcels soon after;
- a claim of somebody's KeyPackages, a commit with parcels, a pointer left in an inbox, in a row;
- connections that open at the same time, again and again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from math import exp, log
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.operations import OPERATIONS, Plane
from covey.access.structs.basics import Signed
from covey.access.structs.identity import Authenticate, Claim, CreateInbox, Enrol
from covey.access.structs.joining import Fetch, Fetched, FetchParcels, Post, SetSlots
from covey.access.structs.log import Append
from covey.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.lab.analyst.tap import Seen
    from covey.mls.wire.struct import WireStruct

_CERTAIN: Final = 50.0  # weight of what leaves no doubt
_SOON: Final = 120.0  # seconds between a pointer and the parcels that it leads to
_BURST: Final = 3.0  # seconds in which a client opens its connections

Scores = dict[bytes, dict[bytes, float]]


class Opened(NamedTuple):
    """A connection: when it opened, from where, and what was asked for over it."""

    time: float
    address: str
    gids: set[bytes]
    inboxes: set[bytes]
    handles: set[bytes]


class Sights(NamedTuple):
    """What a trace shows, before anything is guessed.

    Attributes:
        connections: By number.
        owners: Whose an inbox is: the handle, as its creation has shown.
        claims: When whose KeyPackage was claimed.
        commits: When a commit with parcels came, for which gid.
        posts: When something was left in whose inbox.
        handed: When whose inbox was read, and a pointer was in it.
        parcels: When parcels of which gid were asked for.
    """

    connections: dict[int, Opened]
    owners: dict[bytes, bytes]
    claims: list[tuple[float, bytes]]
    commits: list[tuple[float, bytes]]
    posts: list[tuple[float, bytes]]
    handed: list[tuple[float, bytes]]
    parcels: list[tuple[float, bytes]]


def look(trace: Sequence[Seen]) -> Sights:
    """What a trace shows."""
    sights = Sights({}, {}, [], [], [], [], [])
    devices: dict[bytes, bytes] = {}
    for seen in trace:
        _look_at(seen, sights, devices)
    return sights


def _look_at(seen: Seen, sights: Sights, devices: dict[bytes, bytes]) -> None:
    if seen.connection not in sights.connections:
        sights.connections[seen.connection] = Opened(seen.time, seen.address, set(), set(), set())
    opened = sights.connections[seen.connection]
    request = _decoded(seen)
    if request is None:
        return
    if OPERATIONS[seen.operation].plane is Plane.identity:
        _who(seen.time, request, opened, sights, devices)
    else:
        _where(seen, request, opened, sights)


def _who(
    when: float, request: WireStruct, opened: Opened, sights: Sights, devices: dict[bytes, bytes]
) -> None:
    """Of the identity plane, where people say who they are."""
    match request:
        case Enrol(handle=handle, device=device):
            devices[device] = handle
            opened.handles.add(handle)
        case Authenticate(device=device) if device in devices:
            opened.handles.add(devices[device])
        case CreateInbox(inbox=inbox):
            for handle in opened.handles:
                sights.owners[inbox] = handle
        case Claim(handle=handle):
            sights.claims.append((when, handle))


def _where(seen: Seen, request: WireStruct, opened: Opened, sights: Sights) -> None:
    """Of the group plane, where nobody does."""
    gid = getattr(request, "gid", None)
    if gid is not None:
        opened.gids.add(gid)
    match request:
        case Append(gid=gid, next=following) if following is not None and following.parcels:
            sights.commits.append((seen.time, gid))
        case Post(inbox=inbox):
            sights.posts.append((seen.time, inbox))
        case Fetch(inbox=inbox) | SetSlots(inbox=inbox):
            opened.inboxes.add(inbox)
            if seen.operation == "fetch" and _holds_a_pointer(seen):
                sights.handed.append((seen.time, inbox))
        case FetchParcels(gid=gid):
            sights.parcels.append((seen.time, gid))


def _decoded(seen: Seen) -> WireStruct | None:
    """What a request says; None for what is no struct, or was refused."""
    operation = OPERATIONS.get(seen.operation)
    if operation is None or seen.status != 200:
        return None
    try:
        body = Signed.decode(seen.request).request if operation.label else seen.request
        return operation.request.decode(body)
    except DecodeError:
        return None


def _holds_a_pointer(seen: Seen) -> bool:
    return any(each.kind == 1 for each in Fetched.decode(seen.response).entries)


def guess(trace: Sequence[Seen]) -> Scores:
    """How much speaks for each account being in each group: by handle, then by gid."""
    sights = look(trace)
    scores: Scores = defaultdict(lambda: defaultdict(float))
    _by_address(sights, scores)
    _by_connection(sights, scores)
    _by_joining(sights, scores)
    _by_bursts(sights, scores)
    return {handle: dict(row) for handle, row in scores.items()}


def _handles(opened: Opened, owners: dict[bytes, bytes]) -> set[bytes]:
    """Whose a connection is: the device that it proved, or the owner of the inbox that it reads."""
    return opened.handles | {owners[each] for each in opened.inboxes if each in owners}


def _by_address(sights: Sights, scores: Scores) -> None:
    """An address of one household says all; one that everybody shares says nothing."""
    handles: dict[str, set[bytes]] = defaultdict(set)
    for opened in sights.connections.values():
        handles[opened.address] |= _handles(opened, sights.owners)
    for opened in sights.connections.values():
        for handle in handles[opened.address]:
            for gid in opened.gids:
                scores[handle][gid] += 1 / len(handles[opened.address]) ** 2


def _by_connection(sights: Sights, scores: Scores) -> None:
    """Whoever reads an inbox and a group over one connection is in that group."""
    for opened in sights.connections.values():
        for handle in _handles(opened, sights.owners):
            for gid in opened.gids:
                scores[handle][gid] += _CERTAIN


def _by_joining(sights: Sights, scores: Scores) -> None:
    """Who is let in: what comes before the commit, after it, and when the joiner goes in."""
    posts = [(when, sights.owners[inbox]) for when, inbox in sights.posts if inbox in sights.owners]
    handed = [
        (when, sights.owners[inbox]) for when, inbox in sights.handed if inbox in sights.owners
    ]
    _follow(posts, sights.commits, -1, scores)
    _follow(sights.claims, sights.commits, 1, scores)
    _follow(handed, sights.parcels, 1, scores)


def _follow(
    whose: Iterable[tuple[float, bytes]],
    where: Sequence[tuple[float, bytes]],
    direction: int,
    scores: Scores,
) -> None:
    """What lies next in time to what is about somebody; rivals nearby share what it is worth."""
    times = [when for when, _ in where]
    for when, handle in whose:
        first, last = (when, when + _SOON) if direction > 0 else (when - _SOON, when)
        near = where[bisect_left(times, first) : bisect_right(times, last)]
        weights = [exp(-abs(time - when) / (_SOON / 4)) for time, _ in near]
        for weight, (_, gid) in zip(weights, near, strict=True):
            scores[handle][gid] += 5 * weight / sum(weights)


def _by_bursts(sights: Sights, scores: Scores) -> None:
    """Connections that open together, more often than they would by chance."""
    named = sorted(
        (opened.time, handle)
        for opened in sights.connections.values()
        for handle in _handles(opened, sights.owners)
    )
    unnamed = sorted(
        (opened.time, gid)
        for opened in sights.connections.values()
        if not _handles(opened, sights.owners)
        for gid in opened.gids
    )
    if not named or not unnamed:
        return
    span = max(max(named)[0], max(unnamed)[0]) - min(min(named)[0], min(unnamed)[0]) or 1.0
    times = [when for when, _ in unnamed]
    how_often: dict[bytes, int] = defaultdict(int)
    for _, gid in unnamed:
        how_often[gid] += 1
    together: dict[tuple[bytes, bytes], int] = defaultdict(int)
    visits: dict[bytes, int] = defaultdict(int)
    for when, handle in named:
        visits[handle] += 1
        near = unnamed[bisect_left(times, when - _BURST) : bisect_right(times, when + _BURST)]
        for gid in {gid for _, gid in near}:
            together[handle, gid] += 1
    for (handle, gid), count in together.items():
        expected = visits[handle] * min(how_often[gid] * 2 * _BURST / span, 1.0)
        scores[handle][gid] += count * max(log(count / max(expected, 0.05)), 0.0)
