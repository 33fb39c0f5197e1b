"""The group's capabilities: the doors at which people knock, and the one for coming back.

May import the engine and the protocol.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from covey.access.member import addresses, knocks
from covey.access.structs.extensions import GroupCapabilities, GroupCapability, Right
from covey.access.structs.sealed import Door, WayBack
from covey.client.sync.rows.wishes import OpenDoor
from covey.client.words import profile
from covey.errors import PolicyError
from covey.mls.crypto.dialects import get_suite

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.access.member.knocks import CapabilityKeys
    from covey.client.sync.effects import World
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.groups import GroupRow
    from covey.mls.crypto.suite import Suite

RECOVERY_HOURS: Final = 24 * 365 * 10
"""For how long the recovery capability of a group is good, unless somebody goes before that."""

OLD_WAY_HOURS: Final = 24 * 30
"""For how long it is good from then on, beside the one that takes its place."""


_OLD_WAYS: Final = 8
"""How many ways back stand beside the last one, for who was away when they were replaced."""

_TELLING: Final = 24
"""Hours after which who opens a way back has told the others of it, or may never do so."""

_SEED: Final = 32  # bytes
_SEEDS: Final = 16
"""How many ways back are kept: a broker may take back the commits with which the last ones came."""

_TOLD: Final = 4
"""How many of them a joiner is told."""


def way_back(world: World) -> OpenDoor:
    """The wish for a capability with which members can ask to be let in anew."""
    return OpenDoor(world.entropy(_SEED), Right.recover, world.hour + RECOVERY_HOURS)


def keys(seed: bytes, suite: Suite) -> CapabilityKeys:
    """The keys of a capability, by its seed (32 bytes) and the group's suite."""
    return knocks.capability_keys(seed, suite)


def keys_of(seat: Seat, seed: bytes) -> CapabilityKeys:
    """The keys of a capability in a group."""
    return keys(seed, seat.group.suite)


def key(seed: bytes) -> bytes:
    """The public key of a capability, which is the same whatever the suite of its door is."""
    return knocks.capability_key(seed)


def doors_of(seat: Seat, capability: bytes) -> tuple[Door, ...]:
    """The doors of a way back whose seed we know, in each suite of ours.

    Who comes back may have been moved to another one, in a log that the broker has taken back.
    """
    found = [seed for seed in seeds(seat.row) if key(seed) == capability]
    return tuple(keys(seed, get_suite(each)).door for seed in found for each in seat.home.suites)


def standing(seat: Seat, right: Right) -> list[GroupCapability]:
    """The capabilities of the group that are good for something."""
    hour = seat.home.world.hour
    stated = addresses.capabilities_of(seat.group.extensions).capabilities
    return [each for each in stated if each.right is right and each.not_after >= hour]


def recovery(seat: Seat) -> bytes | None:
    """The seed with which members come back for longest, if one is known and stands."""
    return next(reversed(known(seat)), None)


def known(seat: Seat) -> tuple[bytes, ...]:
    """The seeds with which members come back, that we know and that stand; the longest one last.

    Of those that stand equally long, the one that we heard last is the last.
    """
    ends = [(until(seat, each), each) for each in reversed(seeds(seat.row))]
    standing = [(end, each) for end, each in ends if end is not None]
    return tuple(each for _, each in sorted(standing, key=itemgetter(0)))


def opened(seat: Seat) -> tuple[bytes, ...]:
    """The seeds of those ways back that we have opened, and that stand."""
    own = seat.home.opener
    ours = {each.key for each in standing(seat, Right.recover) if each.creator == own}
    return tuple(each for each in known(seat) if key(each) in ours)


def seeds(row: GroupRow) -> tuple[bytes, ...]:
    """The seeds with which members came back, and may still; the last one that we heard first."""
    kept = row.recovery or b""
    return tuple(kept[at : at + _SEED] for at in range(0, len(kept), _SEED))


def told(seat: Seat) -> tuple[WayBack, ...]:
    """What a joiner is told of the ways back: of those that stand, the longest ones first."""
    return tuple(map(WayBack, known(seat)[: -_TOLD - 1 : -1]))


def joined(ways_back: Iterable[WayBack]) -> bytes | None:
    """The seeds that a joiner was told, as its row keeps them; None for none."""
    return b"".join(each.seed for each in islice(ways_back, _TOLD)) or None


def with_seed(row: GroupRow, seed: bytes) -> bytes:
    """The seeds of a group with another one, as its row keeps them.

    A broker may take the commit back with which it came: so those before it are kept.
    """
    others = [each for each in seeds(row) if each != seed]
    return b"".join((seed, *others[: _SEEDS - 1]))


def with_another(row: GroupRow, seed: bytes) -> bytes:
    """The seeds of a group with one at which we do not knock first.

    It is older, or nobody else knows it yet.
    """
    others = [each for each in seeds(row) if each != seed]
    return b"".join((*others[:1], seed, *others[1 : _SEEDS - 1]))


def until(seat: Seat, seed: bytes) -> int | None:
    """Until when one can come back by a seed, in hours since the epoch; None if one cannot."""
    ours = key(seed)
    ends = [each.not_after for each in standing(seat, Right.recover) if each.key == ours]
    return max(ends, default=None)


def is_of_a_member(seat: Seat, door: GroupCapability) -> bool:
    """Whether somebody is there who has opened a door. Looks at all leaves until it finds one."""
    leaves = (leaf for _, leaf in seat.group.tree.members())
    return any(profile.opener_at(each) == door.creator for each in leaves)


# --- in a commit ---------------------------------------------------------------------------


def inherited(
    before: GroupCapabilities, leaving: set[bytes], heir: bytes, hour: int
) -> tuple[GroupCapability, ...]:
    """The ways back that would fall with their maker: they go on in our name."""
    return tuple(
        each.replace(creator=heir)
        for each in before.capabilities
        if each.right is Right.recover and each.creator in leaving and each.not_after >= hour
    )


def superseded(standing: tuple[GroupCapability, ...], hour: int) -> tuple[GroupCapability, ...]:
    """What stands when somebody goes, who knows the way back: another one takes its place.

    For a while the old one stands, too: who is away knows no other yet. Who was removed can knock
    there until then; but only members are let in by it.
    """
    soon = hour + OLD_WAY_HOURS
    others = tuple(each for each in standing if each.right is not Right.recover)
    ways = [
        each.replace(not_after=min(each.not_after, soon))
        for each in standing
        if each.right is Right.recover
    ]
    return (*others, *sorted(ways, key=lambda each: each.not_after)[-_OLD_WAYS:])


def with_opened(
    seat: Seat, stay: Sequence[GroupCapability], opened: Sequence[GroupCapability]
) -> GroupCapabilities:
    """What stands after a commit that opens doors.

    There is always room for a way back, without which nobody could be removed: everybody may close
    any door, so others make room for it, and none for a link.

    Args:
        seat: The group.
        stay: What stays of what stood before.
        opened: What is opened; what stands already is passed over.

    Raises:
        PolicyError: There is no room for a link.
    """
    standing = {each.key for each in stay}
    new = [each for each in opened if each.key not in standing]
    ways = sum(each.right is Right.recover for each in new)
    surplus = len(stay) + len(new) - addresses.MOST_CAPABILITIES
    if surplus > ways:
        msg = f"a group has at most {addresses.MOST_CAPABILITIES} doors open: close its links first"
        raise PolicyError(msg)
    return GroupCapabilities((*_fewer(seat, stay, surplus), *new))


def _fewer(seat: Seat, stay: Sequence[GroupCapability], surplus: int) -> list[GroupCapability]:
    """The doors without some: of those first who are no members, then of who has most of them."""
    left = list(stay)
    if surplus > 0:  # seldom, so that we may look at all leaves
        members = {profile.opener_at(leaf) for _, leaf in seat.group.tree.members()}
    for _ in range(surplus):
        crowds = Counter(each.creator for each in left)
        left.remove(
            min(
                left,
                key=lambda each: (
                    each.creator in members,
                    each.right is Right.recover,
                    -crowds[each.creator],
                    each.not_after,
                ),
            )
        )
    return left


def lacks_recovery(seat: Seat, stay: GroupCapabilities) -> bool:
    """Whether such a commit would leave no way back that lasts, as when somebody goes.

    One of which we have not been told for long is none: who opened it may never come again.
    """
    hour = seat.home.world.hour
    known = {key(seed) for seed in seeds(seat.row)}
    is_new_here = hour - seat.row.joined_at // 3600 <= _TELLING
    lasting = hour + 2 * OLD_WAY_HOURS
    fresh = hour + RECOVERY_HOURS - _TELLING
    return not any(
        each.right is Right.recover
        and each.not_after > lasting
        and (is_new_here or each.key in known or each.not_after > fresh)
        for each in stay.capabilities
    )
