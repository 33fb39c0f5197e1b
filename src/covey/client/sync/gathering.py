"""Inviting once more who has not come, where that may be the broker's fault.

May import the flows below, the engine and the rows. The first commit of a branch lets all in who
were in the broken group. But a broker that was set back hands out KeyPackages whose keys nobody has
any more, and forgets which ones were claimed; and who was behind cannot follow. So whoever has come
looks who is missing, one member after the other, and lets them in anew; for a month, and more and
more seldom. Likewise in any group of which a broker has taken back the log. And whom a commit of
ours had let in that nobody has now is invited again by us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.client.events import WishRefused
from covey.client.events.base import listed
from covey.client.sync.branches import reinviting, winning
from covey.client.sync.group import electing
from covey.client.sync.group.inviting import invitation, key_package
from covey.client.sync.group.telling import tell
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.waking import Waking
from covey.client.words.showing import name_of
from covey.errors import BrokerError, DecodeError, PolicyError, StateError
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from covey.client.sync.account import Account
    from covey.client.sync.branches.reinviting import Person
    from covey.client.sync.effects import Flow
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.groups import GroupRow
    from covey.mls import Group
    from covey.mls.structs.tree import LeafNode

_LOOKS: Final = 4
"""For how many looks at a door who was let in may take to come."""

_SLOWER: Final = 4
"""How many times as long each further one may take."""

_MOST: Final = 8
"""How many members look at different moments."""

_UNDONE: Final = (
    "a broker that was set back has undone it, and there is no new KeyPackage of theirs: look who "
    "is in the group, and invite again who is missing; where they are now, they may be alone"
)

_CLAIMS: Final = 3
"""How many KeyPackages are tried at once, of who has been let in by the first."""

_FOR: Final = 30 * 86_400
"""Seconds after we have come into a branch, or the log was set back: for as long as a broker keeps
what is left for people. Who is missing then is invited by people."""


class _Awaited(NamedTuple):
    """Who has not come into a group, and until when they may.

    Attributes:
        keys: The encryption keys of their leaves.
        due: When they are let in anew, in seconds since the epoch.
        tries: How often they were.
    """

    keys: frozenset[bytes]
    due: float
    tries: int


class _Missing(NamedTuple):
    """Who has not come into a group, as one of its epochs has it.

    Attributes:
        of: The hash of that epoch's tree, and our leaf in it.
        leaves: Their leaves.
        keys: The encryption keys of those.
    """

    of: tuple[bytes, int]
    leaves: list[LeafNode]
    keys: frozenset[bytes]


class Gathering:
    """Those who are missing in one identity's groups.

    Args:
        peer: The identity.
    """

    def __init__(self, peer: Account) -> None:
        self._peer = peer
        self._awaited: dict[int, _Awaited] = {}
        self._known_missing: dict[int, _Missing] = {}
        self._waking = Waking(peer.home)

    def attend(self) -> Flow[float]:
        """Let those in anew who are due; when to look again, in seconds since the epoch."""
        home, slept = self._peer.home, self._waking.slept()
        self._awaited = {
            number: each._replace(due=each.due + slept) for number, each in self._awaited.items()
        }
        with home.store.reading() as rows:
            every = groups.every(rows)
        due = electing.FOREVER
        for row in every:
            if not _is_concerned(row, home.world.second):
                self._awaited.pop(row.id, None)
                self._known_missing.pop(row.id, None)
                continue
            seat = self._peer.place(row.id).seat
            missing = self._missing(seat)
            if not missing.leaves:
                self._awaited.pop(row.id, None)
                continue
            awaited = self._awaited[row.id] = self._known(seat, missing.keys)
            if home.world.now() >= awaited.due:
                yield from self._let_in(seat, missing.leaves)
                awaited = self._awaited[row.id] = self._waited(seat, awaited)
            due = min(due, awaited.due, self._waking.next_look())
        return due

    def _missing(self, seat: Seat) -> _Missing:
        """Who is missing; all leaves are looked at once in an epoch, not whenever a group moves."""
        group = seat.group
        of = group.context.tree_hash, group.own_index
        known = self._known_missing.get(seat.number)
        if known is None or known.of != of:
            leaves = _missing(group)
            known = self._known_missing[seat.number] = _Missing(of, leaves, _keys(leaves))
        return known

    def _known(self, seat: Seat, keys: frozenset[bytes]) -> _Awaited:
        """Since when they are awaited; somebody else may have let them in anew meanwhile."""
        known = self._awaited.get(seat.number)
        if known is None:
            return self._due(seat, keys, 0)
        if keys is known.keys:
            return known
        if keys < known.keys:  # who still waits may have waited for who has come
            return min(
                known._replace(keys=keys), self._due(seat, keys, 0), key=lambda each: each.due
            )
        if keys == known.keys:
            return known._replace(keys=keys)
        return self._due(seat, keys, known.tries)

    def _waited(self, seat: Seat, awaited: _Awaited) -> _Awaited:
        return self._due(seat, awaited.keys, awaited.tries + 1)

    def _due(self, seat: Seat, keys: frozenset[bytes], tries: int) -> _Awaited:
        home = self._peer.home
        place = min(winning.leaf_order(seat), _MOST)
        wait = _LOOKS * home.pace.knocks * _SLOWER**tries
        wait += home.pace.patience * (place + home.world.random() / 2)
        return _Awaited(keys, home.world.now() + wait, tries)

    def _let_in(self, seat: Seat, missing: list[LeafNode]) -> Flow[None]:
        """Wish for their old leaves to go, and for new ones of the same owners."""
        packages: list[bytes] = []
        for name in sorted({identity(each.credential) for each in missing}):
            try:
                packages += yield from self._claimed(name.decode(), missing, seat.row.suite)
            except (BrokerError, DecodeError, PolicyError, UnicodeDecodeError):
                continue  # who cannot be reached now may be so the next time
            except StateError:
                return  # without an account nobody can be reached: others do it
        if not packages:
            return
        with seat.change() as rows:
            if not seat.is_in or queues.wishes(rows, seat.number):
                return
            theirs = _of(packages, missing, self._missing(seat).keys)
            if not theirs:  # others were faster
                return
            wish = invitation(seat.group, theirs)
            if wish.anew:
                queues.wish(rows, seat.number, wishes.encode(wish))

    def _claimed(self, name: str, missing: list[LeafNode], suite: int) -> Flow[list[bytes]]:
        """KeyPackages of somebody that are not in the tree already.

        A broker that was set back hands out once more the one that was claimed last.
        """
        keys = {each.signature_key for each in missing}
        used = {each.encryption_key for each in missing}
        for _ in range(_CLAIMS):
            claimed = yield from self._peer.claim(name, suite)
            leaves = [(each, key_package(each).leaf_node) for each in claimed]
            theirs = [(each, leaf) for each, leaf in leaves if leaf.signature_key in keys]
            fresh = [each for each, leaf in theirs if leaf.encryption_key not in used]
            if fresh or not theirs:
                return fresh
        return []


def _is_concerned(row: GroupRow, now: int) -> bool:
    """Whether somebody may be missing in a group without having had a chance to come."""
    since = row.set_back_at if row.predecessor is None else max(row.joined_at, row.set_back_at)
    return row.status.is_in and row.epoch > 0 and 0 <= now - since < _FOR


def _of(packages: list[bytes], missing: list[LeafNode], still: frozenset[bytes]) -> list[bytes]:
    """Those of some KeyPackages whose owners are still missing, as they were."""
    owners = {each.signature_key for each in missing if each.encryption_key in still}
    return [each for each in packages if key_package(each).leaf_node.signature_key in owners]


def _keys(missing: list[LeafNode]) -> frozenset[bytes]:
    return frozenset(each.encryption_key for each in missing)


def _missing(group: Group) -> list[LeafNode]:
    """The leaves of those who were let in and never came."""
    return [
        leaf
        for index, leaf in group.tree.members()
        if winning.has_not_come(leaf) and index != group.own_index
    ]


# --- whom we had let in --------------------------------------------------------------------


def invite_again(peer: Account) -> Flow[None]:
    """Invite whom we had let in, and who is missing where we are now.

    Raises:
        TransportError: The broker does not answer; it is tried again.
    """
    with peer.home.store.reading() as rows:
        noted = reinviting.every(rows)
    for number, people in noted.items():
        with peer.home.store.reading() as rows:
            row = groups.of(rows, number)
        if row is not None and not row.status.is_over:
            if not row.status.is_in or not row.epoch or peer.place(number).seat.again:
                continue
            yield from _invite(peer, peer.place(number).seat, people)
            with peer.home.store.transaction() as rows:
                reinviting.settle(rows, number, people)
            continue
        with peer.home.store.transaction() as rows:
            reinviting.drop(rows, number)


def _invite(peer: Account, seat: Seat, people: list[Person]) -> Flow[None]:
    """Wish for those to come who are not there; say who cannot be reached."""
    there = {each.signature_key for each in seat.group.members}
    missing = {each.key: each.identity for each in people if each.key not in there}
    packages: list[bytes] = []
    unreached: list[bytes] = []
    for who in sorted(set(missing.values())):
        try:
            claimed = yield from peer.claim(who.decode(), seat.row.suite)
        except (BrokerError, DecodeError, PolicyError, StateError, UnicodeDecodeError):
            unreached.append(who)
            continue
        theirs = [each for each in claimed if key_package(each).leaf_node.signature_key in missing]
        packages += theirs
        if not theirs:
            unreached.append(who)
    with seat.change() as rows:
        if packages and seat.is_in:  # what the broker hands out may be of before, too
            seat.replace(set_back_at=peer.home.world.second)
            queues.wish(rows, seat.number, wishes.encode(invitation(seat.group, packages)))
        if unreached:
            names = listed([name_of(each) for each in unreached])
            tell(seat, rows, WishRefused(seat.hex, what=f"invite {names}", why=_UNDONE))
