"""Going on in a branch, when a commit has closed the epoch that nobody can follow.

May import the flows below, the engine and the rows (RFC 9420 §11.3). The members of the broken
epoch, one after the other in leaf order until one has done it, make a new group of the old one's
members, linked to it by its resumption PSK, with a log of its own. When several did, the one whose
maker has the lowest leaf in the old group wins, and the others fold in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

import msgspec

from covey.client.events import WishRefused
from covey.client.sync.branches import parting, twins, winning
from covey.client.sync.group import commits, electing
from covey.client.sync.group.impossible import IMPOSSIBLE
from covey.client.sync.group.inviting import key_package
from covey.client.sync.group.seat import Seat
from covey.client.sync.group.telling import tell
from covey.client.sync.log import hearing
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.sync.rows.wishes import GoOn
from covey.client.sync.waking import Waking
from covey.client.words import profile
from covey.client.words.contents import Parting
from covey.client.words.explaining import explained
from covey.client.words.showing import name_of
from covey.errors import BrokerError, DecodeError, PolicyError, StateError
from covey.mls.group.identity import identity
from covey.mls.wire.code_points import ContentType

if TYPE_CHECKING:
    from covey.client.sync.account import Account
    from covey.client.sync.branches.parting import Bound
    from covey.client.sync.effects import Flow
    from covey.client.sync.rows.groups import GroupRow
    from covey.mls import Group
    from covey.store.port import Rows

_ANSWERS: Final = 6
"""For how many looks at the door we wait, in case it is only we who cannot follow."""

_MOST: Final = 8
"""How many members make a branch at different moments; all others wait as long as the last."""

_KEPT: Final = 86_400
"""Seconds for which the broken group's secrets are kept, for other branches to be known by."""


class Branches:
    """The branches of one identity's broken groups.

    Args:
        peer: The identity.
    """

    def __init__(self, peer: Account) -> None:
        self._peer = peer
        self._due: dict[int, float] = {}
        self._waking = Waking(peer.home)

    def attend(self) -> Flow[float]:
        """Make the branches that are due; when to look again, in seconds since the epoch."""
        home = self._peer.home
        with home.store.reading() as rows:
            every = groups.every(rows)
            followed = {
                each.predecessor
                for each in every
                if each.status.is_in and not _is_barren(rows, each)
            }
        asks = twins.fold(home, every)
        parts = self._part()
        slept = self._waking.slept()
        self._due = {number: when + slept for number, when in self._due.items()}
        due = electing.FOREVER if asks is None else home.world.now() + asks
        due = min(due, home.world.now() + home.pace.patience) if parts else due
        for row in every:
            if row.status is Status.branched:
                self._forget(row, every)
            if row.status is not Status.broken:
                continue
            if row.gid in followed:
                self._follow(row)
                continue
            when = self._when(row)
            if home.world.now() < when:
                due = min(due, when, self._waking.next_look())
                continue
            yield from self._branch(row)
        return due

    def _part(self) -> bool:
        """Say in what is to fold where we go on, and fold it; whether something is left to do."""
        home, left = self._peer.home, False
        with home.store.reading() as rows:
            bound = parting.every(rows)
        for number, each in bound.items():
            with home.store.transaction() as rows:
                tells = self._parts(rows, number, each)
            left |= tells
            if tells and not each.said:
                seat = self._peer.place(number).seat
                with seat.change() as rows:
                    content = hearing.say(seat, rows, Parting(each.into), kept=False)
                    parting.said(rows, number, each, content.id)
        return left

    def _parts(self, rows: Rows, number: int, bound: Bound) -> bool:
        """Fold a group if it is time for that; whether its people have to be told first."""
        home = self._peer.home
        row, into = groups.of(rows, number), groups.by_gid(rows, bound.into)
        if row is None or not (row.status.is_in or row.status.comes_back):
            parting.drop(rows, number)
            return False
        branch = Seat(home, row)
        if into is None or not into.status.is_in:
            if into is not None:
                parting.give_up(rows, into, branch, bound)
            return False
        if not parting.may_fold(rows, branch, Seat(home, into), bound):
            return False
        if not parting.is_told(rows, branch, bound):
            return True
        winning.fold(rows, row, into=Seat(home, into))
        parting.drop(rows, number)
        return False

    def _forget(self, row: GroupRow, every: list[GroupRow]) -> None:
        """Delete the secrets of a group that went on so long ago that no better branch comes."""
        home = self._peer.home
        joined = [each.joined_at for each in every if each.predecessor == row.gid]
        if not row.opens or not joined or home.world.second - min(joined) < _KEPT:
            return
        with home.store.transaction() as rows:
            groups.forget_engine(rows, row.id)
            groups.update(rows, row.replaced(epoch=-1, version=row.version + 1))

    def _follow(self, row: GroupRow) -> None:
        """Somebody's branch has come before we knew that our group is broken."""
        home = self._peer.home
        with home.store.transaction() as rows:
            found = [
                each
                for each in groups.every(rows)
                if each.predecessor == row.gid and each.status.is_in and each.epoch
            ]
            if found:
                best = min(found, key=lambda each: (each.branched_by, each.gid))
                winning.go_on(rows, Seat(home, row), Seat(home, best), best.branched_by)

    def _when(self, row: GroupRow) -> float:
        if row.id not in self._due:
            home = self._peer.home
            place = min(winning.leaf_order(Seat(home, row)), _MOST)
            alone = _ANSWERS * home.pace.knocks  # for if others could follow, they let us in
            wait = alone + home.pace.patience * (place + home.world.random() / 2)
            self._due[row.id] = home.world.now() + wait
        return self._due[row.id]

    def _branch(self, row: GroupRow) -> Flow[None]:
        """Make a group of the old one's members; they come in by its first commit."""
        peer, old = self._peer, Seat(self._peer.home, row).group
        self._due[row.id] = peer.home.world.now() + peer.home.pace.at_most
        if old.tree.census.members == 1:
            self._branch_alone(row, old)
            return
        try:
            packages, left_out = yield from self._claimed(old)
        except StateError:
            return  # without an account nobody can be reached: others make the branch
        if not packages:
            return  # nobody can be reached now
        known = tuple(sorted({each.signature_key for each in old.members}))
        seat = self._begun(row, old)
        fitting = _fitting(seat, GoOn(packages, old.group_id, old.epoch, known))
        if not fitting.wish.packages:
            return
        with seat.change() as rows:
            if _is_barren(rows, seat.row):  # or another process was faster
                queues.wish(rows, seat.number, wishes.encode(fitting.wish))
                for name, why in (left_out | fitting.left_out).items():
                    tell(seat, rows, WishRefused(seat.hex, what=f"go on with {name}", why=why))

    def _branch_alone(self, row: GroupRow, old: Group) -> None:
        """Go on where nobody else is: the broker has lost a log of ours alone."""
        seat = self._begun(row, old)
        with seat.change() as rows:
            winning.go_on(rows, Seat(self._peer.home, row), seat, seat.row.branched_by)

    def _claimed(self, old: Group) -> Flow[tuple[tuple[bytes, ...], dict[str, str]]]:
        """KeyPackages of a group's other members; and who has none that is good, and why.

        Raises:
            StateError: We have no account.
        """
        packages: list[bytes] = []
        left_out: dict[str, str] = {}
        known = {each.signature_key for each in old.members}
        for name in sorted({each.identity for each in old.members} - {self._peer.home.identity}):
            try:
                claimed = yield from self._peer.claim(name.decode(), old.suite.code)
                packages += [each for each in claimed if _key(each) in known]
            except (BrokerError, UnicodeDecodeError):
                continue  # who cannot be reached now is invited by people later
            except (DecodeError, PolicyError) as error:
                left_out[name_of(name)] = _why(error)
        return tuple(packages), left_out

    def _begun(self, row: GroupRow, old: Group) -> Seat:
        """A group of one, to go on in: one that came to nothing, or a new one."""
        peer = self._peer
        with peer.home.store.reading() as rows:
            ours = [each for each in groups.every(rows) if each.predecessor == row.gid]
            barren = next((each for each in ours if _is_barren(rows, each)), None)
        if barren is not None:
            return peer.place(barren.id).seat
        stated = profile.profile_of(old.extensions)
        stated = stated or profile.first_profile("", peer.home.identity)
        leaves = (leaf for _, leaf in old.tree.members())
        stated = stated.replace(known=profile.known_devices(stated, leaves))
        return peer.create(stated, row.broker_id, after=row).seat


class _Fitting(NamedTuple):
    """The wish to go on with those who can be added together, and why the others cannot."""

    wish: GoOn
    left_out: dict[str, str]


def _fitting(seat: Seat, wish: GoOn) -> _Fitting:
    """Leave those out with whom no commit can be made: who broke a group may try it once more.

    Halves are tried where all together do not fit, so that few who do not fit cost little.
    """
    left_out: dict[str, str] = {}

    def grown(taken: tuple[bytes, ...], more: tuple[bytes, ...]) -> tuple[bytes, ...]:
        why = _tried(seat, msgspec.structs.replace(wish, packages=taken + more))
        if why is None:
            return taken + more
        if len(more) == 1:
            credential = key_package(more[0]).leaf_node.credential
            left_out[name_of(identity(credential))] = _why(why)
            return taken
        half = len(more) // 2
        return grown(grown(taken, more[:half]), more[half:])

    packages = grown((), wish.packages)
    return _Fitting(msgspec.structs.replace(wish, packages=packages), left_out)


class _TriedError(Exception):
    """A commit can be made; this takes it back."""


def _tried(seat: Seat, wish: GoOn) -> Exception | None:
    """Make the first commit of a branch and take it back; why it cannot be made."""
    seat.reserve(ContentType.commit)
    try:
        with seat.change() as rows:
            _make_and_take_back(seat, rows, wish)
    except _TriedError:
        return None
    except IMPOSSIBLE as error:
        return error


def _make_and_take_back(seat: Seat, rows: Rows, wish: GoOn) -> NoReturn:
    commits.make(seat, rows, commits.merge(seat, (wish,)), ())
    raise _TriedError


def _is_barren(rows: Rows, row: GroupRow) -> bool:
    """Whether a branch was begun, and nobody has come into it, nor is to."""
    return (
        row.predecessor is not None
        and row.status.is_in
        and not row.epoch
        and not queues.wishes(rows, row.id)
        and queues.under_way(rows, row.id) is None
    )


def _key(package: bytes) -> bytes:
    return key_package(package).leaf_node.signature_key


def _why(error: Exception) -> str:
    return f"{explained(error)}; invite them later, with new keys"
