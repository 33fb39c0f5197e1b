"""Coming in: by a pointer in the inbox, by one that was given by hand, in the place of an old seat.

May import the flows below, the engine and the rows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member.addresses import capabilities_of, first_group_id
from covey.access.member.pointers import let_in, open_pointer
from covey.access.structs.joining import FetchParcels, Parcels, WantedParcel
from covey.client import roles
from covey.client.events import Joined
from covey.client.sync.asking import alone, ask
from covey.client.sync.branches import ahead, parting, winning
from covey.client.sync.coming import origins
from covey.client.sync.group import capabilities
from covey.client.sync.group.devices import key_of, keys_of
from covey.client.sync.group.seat import Seat, log_epoch
from covey.client.sync.group.telling import tell, tell_missed
from covey.client.sync.identity import key_packages
from covey.client.sync.rows import groups, parents, places, queues, wishes
from covey.client.sync.rows.groups import GroupRow, Status
from covey.client.words import made_for, profile
from covey.client.words.safety import is_verified
from covey.client.words.showing import name_of
from covey.errors import (
    AuthenticationError,
    DecodeError,
    MissingKeyError,
    PolicyError,
    StateError,
    UnstorableError,
)
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.access.structs.extensions import InboxAddress
    from covey.access.structs.log import Parcel
    from covey.access.structs.sealed import Pointer
    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.home import Home
    from covey.mls import Group, PrivateKeyPackage, StagedWelcome
    from covey.mls.structs.schedule import GroupContext
    from covey.mls.structs.tree import LeafNode
    from covey.store.port import Rows

_TOKEN: Final = 16
_WELL: Final = "this goes on from a group that is well, as far as we know"
_GONE_ON: Final = frozenset({Status.broken, Status.branched, Status.lost})


class TooEarlyError(StateError):
    """A pointer into a branch of a group of ours, of which we do not know that it is broken.

    Attributes:
        gid: The log of our group.
    """

    def __init__(self, gid: bytes) -> None:
        self.gid = gid
        super().__init__(_WELL)


class NeedlessError(StateError):
    """A pointer into a group in which we are, or into a branch that another one wins over."""


class Found(NamedTuple):
    """A pointer that is for us.

    Attributes:
        package: The KeyPackage that it is for.
        pointer: What it says.
        how: The way in which we come in: ``welcome``, ``file``, ``link``, ``recovered``, …
    """

    package: PrivateKeyPackage
    pointer: Pointer
    how: str


def opened(home: Home, address: InboxAddress, sealed: bytes) -> Found | None:
    """The pointer in an inbox, if it is for one of our KeyPackages; anybody can leave anything."""
    with home.store.reading() as rows:
        packages = key_packages.every(rows)
    for package in packages:
        try:
            return Found(package, open_pointer(package, address, sealed), "welcome")
        except (AuthenticationError, DecodeError):
            continue
    return None


def join(
    home: Home, found: Found, parcels: Iterable[Parcel] = (), *, has_read: bool = True
) -> Flow[Seat]:
    """Come in by a pointer.

    Args:
        home: What all groups share.
        found: The pointer.
        parcels: Those that it names, if they were given by hand too.
        has_read: Whether we have just read on in our groups; else no subgroup is come into, since
            we may have been removed from its parent, and not know of it.

    Raises:
        StateError: We are in that group already, or something is missing.
        AheadError: It begins in an epoch of a group of ours that we have not reached yet, or that
            is to be read first.
        PolicyError: It says that it is a group of ours, and is let in to by nobody whom we know.
        BrokerError: ``parcel_unknown``: they are not kept any more.
        ProtocolError: A rule is broken.
        AuthenticationError: Something does not verify.
    """
    pointer = found.pointer
    given = tuple(parcels) or (yield from _fetched(home, pointer))
    with home.store.reading() as rows:
        old = groups.by_gid(rows, pointer.gid)
        others = [
            each.group_id
            for each in groups.every(rows)
            if each.status.is_in and each.gid != pointer.gid
        ]
    if old is not None and old.status.is_in:
        msg = "we are in this group already"
        raise NeedlessError(msg)
    staged, before, parent = _staged(home, found, given, others)
    _require_readable(staged.joined.epoch.public.context)
    if parent is not None:
        origins.require_maker(home, parent, staged, has_read=has_read)
    if old is not None:
        _require_the_same(home, found, old, staged)
    linked = max((each.psk_epoch or 0 for each in staged.joined.psks), default=0)
    if before is not None:
        linked = log_epoch(before.group, linked)
    whence = _Whence(before, linked, parent)
    try:
        return _keep(home, found, staged.accept(), staged.joined.info.signer, whence)
    except UnstorableError as error:  # our store is well
        msg = "the group says of itself what no store can hold: ask who invites you"
        raise PolicyError(msg) from error


def _fetched(home: Home, pointer: Pointer) -> Flow[tuple[Parcel, ...]]:
    """The parcels that a pointer names."""
    wanted = tuple(WantedParcel(each.id) for each in (pointer.welcome, pointer.ratchet_tree))
    request = FetchParcels(pointer.gid, wanted)
    found = yield from alone(home.world, lambda lane: ask(lane, "parcels", request, Parcels))
    return found.parcels


def _require_readable(context: GroupContext) -> None:
    """Refuse a group that says of itself what nobody can read, or what it is not.

    Raises:
        PolicyError: It does.
    """
    roles.capabilities_in(context.extensions)
    stated = roles.profile_in(context.extensions)
    if stated is not None and stated.quantum_safe:
        roles.require_quantum_safe(context.cipher_suite)


class _Whence(NamedTuple):
    """From which group of ours another one goes on, if it does.

    Attributes:
        broken: Ours, which goes on in it.
        since: The epoch of that one's log from which it does.
        parent: Ours, of which it is a subgroup.
    """

    broken: Seat | None
    since: int
    parent: GroupRow | None


def _staged(
    home: Home, found: Found, parcels: tuple[Parcel, ...], others: list[bytes]
) -> tuple[StagedWelcome, Seat | None, GroupRow | None]:
    """The Welcome, verified; the group of ours that goes on in it, or that is its parent."""
    let = partial(
        let_in,
        *(home.member_of(found.pointer.cipher_suite), found.package, found.pointer, parcels),
        groups=others,
        ports=home.ports,
    )
    try:
        return let(), None, None
    except MissingKeyError as missing:
        origin = origins.find(home, missing, found.pointer.cipher_suite)
        staged = let(successor_of=origin.known)
        if origins.is_subgroup(staged, missing):
            return staged, None, origin.row
    if origin.row.status.is_in:
        raise TooEarlyError(origin.row.gid)
    return staged, Seat(home, origin.row), None


def _require_the_same(home: Home, found: Found, old: GroupRow, staged: StagedWelcome) -> None:
    """Refuse another group under the number of one of ours: it would get what waits there.

    Who has left a group, or was removed, comes in as into any other; nothing of it waits.

    Raises:
        PolicyError: It is another one; or we are to come back, by a KeyPackage that we have not
            made for that, and are let in by nobody who was there.
    """
    public = staged.joined.epoch.public
    context = public.context
    if first_group_id(context.group_id, context.extensions) != old.group_id:
        msg = "this is another group, under the number of one that we know: ask who invites you"
        raise PolicyError(msg)
    if old.status.is_out or made_for.is_for(found.package.package.leaf_node, old.group_id):
        return
    inviter = public.tree.leaf(staged.joined.info.signer)
    if inviter is None or not _is_known(home, old, inviter):
        msg = "somebody who was not there, as far as we know, wants to let us into our group again"
        raise PolicyError(msg)


def _is_known(home: Home, row: GroupRow, inviter: LeafNode) -> bool:
    """Whether somebody was in a group of ours when we were last there, by its signature key.

    A backup has no tree: it knows those only who had said something, or whom we have verified. Who
    is in no tree that we have is not known by that: it may have been removed since.
    """
    key = inviter.signature_key
    with home.store.reading() as rows:
        if not groups.engine_rows(rows, row.id):
            who = identity(inviter.credential)
            return groups.has_spoken(rows, row.id, key) or is_verified(rows, who, key)
    return key_of(inviter) in keys_of(Seat(home, row).group)


def _keep(home: Home, found: Found, group: Group, inviter: int, whence: _Whence) -> Seat:
    """Keep a group that we have come into, in the place of what we had of it before."""
    pointer, now = found.pointer, home.world.second
    parent = whence.parent
    old, by = _gone_on_from(home, group, inviter, whence.broken, whence.since)
    with home.store.transaction() as rows:
        before = groups.by_gid(rows, pointer.gid)
        row = new_row(home, group, pointer.broker_id, pointer.gid)
        row = row.replaced(recovery=capabilities.joined(pointer.ways_back))
        if old is not None:
            row = row.replaced(predecessor=old.row.gid)
        row = groups.insert(rows, row) if before is None else _in_place_of(rows, before, row)
        groups.apply(rows, row.id, group.changes())
        groups.add_doors(rows, row.id, pointer.doors)
        if groups.slot_of(rows, row.id) is None:
            groups.add_slot(rows, row.id, home.world.entropy(_TOKEN))
        key_packages.use(rows, found.package, pointer.encode(), now)
        if parent is not None:
            parents.put(rows, pointer.gid, parent.gid)
        elif before is not None and before.status.is_out:  # and is let in like anybody else
            parents.drop(rows, pointer.gid)
        seat = Seat(home, row, group)
        _close_planted(seat, rows)
        if old is not None:
            if not winning.go_on(rows, old, seat, by):
                msg = "we go on in another branch, which wins"
                raise NeedlessError(msg)
            if before is None:
                return seat
        if before is not None and before.status in _GONE_ON:
            parting.go_back(rows, seat)
        member = group.member_at(inviter)
        name = "" if member is None else name_of(member.identity)
        how = found.how if parent is None else "subgroup"
        how = how if before is None else "recovered"
        of = "" if parent is None else parent.gid.hex()
        event = Joined(seat.hex, name=row.name, how=how, inviter=name, epoch=row.epoch, parent=of)
        tell(seat, rows, event)
        if before is not None and before.status.comes_back:
            tell_missed(seat, rows)
    return seat


def _close_planted(seat: Seat, rows: Rows) -> None:
    """Close the doors that somebody has opened in our name: we have just come, and opened none.

    Who is alone in a group may state any, and would come in by it after having been removed.
    """
    for each in capabilities_of(seat.group.extensions).capabilities:
        if each.creator == seat.home.opener:
            queues.wish(rows, seat.number, wishes.encode(wishes.CloseDoor(each.key)))


def _gone_on_from(
    home: Home, group: Group, inviter: int, broken: Seat | None, since: int
) -> tuple[Seat | None, int]:
    """The group of ours of which another one is a branch, and its place among the branches.

    Raises:
        BehindError: It goes on from an epoch that is over for us.
        TooEarlyError: We do not know yet that our group is broken.
        PolicyError: It is no branch that we follow.
    """
    if broken is not None:
        leaf = winning.maker(broken.group, group, inviter)
        winning.require_sound(broken, group, leaf, since)
        stated, place = profile.profile_of(group.extensions), winning.order(since, leaf)
        if stated is None or (stated.goes_on_from, stated.place) != (broken.row.gid, place):
            msg = "the branch says that it goes on from somewhere else than it does"
            raise PolicyError(msg)
        return broken, place
    with home.store.reading() as rows:
        row = ahead.before(rows, group)
    leaf_node = group.tree.leaf(inviter)
    if row is None or leaf_node is None:
        return None, 0
    is_known = _is_known(home, row, leaf_node)
    have_come = is_known and row.status.is_in and ahead.have_all_come(home, row, group, leaf_node)
    if row.status.is_in and not have_come:
        if is_known:
            raise TooEarlyError(row.gid)
        msg = "somebody who is no member of a group of ours says that this one goes on from it"
        raise PolicyError(msg)
    if not is_known or not (have_come or ahead.is_like(home, row, group, leaf_node)):
        return None, 0
    return Seat(home, row), ahead.place(home, row, group)


def _in_place_of(rows: Rows, before: GroupRow, row: GroupRow) -> GroupRow:
    """The group's old secrets go; its history stays, and what waited is said anew."""
    groups.forget_engine(rows, before.id)
    queues.end_commit(rows, before.id)
    queues.to_be_encrypted_anew(rows, before.id)
    kept = row.replaced(
        id=before.id,
        version=before.version + 1,
        counter=before.counter,
        recovery=row.recovery or before.recovery,
        predecessor=row.predecessor or before.predecessor,
        set_back_at=before.set_back_at,
        status=Status.leaving if before.out_since else row.status,
        out_since=before.out_since,
    )
    places.forget(rows, before.id)
    rows.do("DELETE FROM counters WHERE group_ = ?", before.id)
    groups.update(rows, kept)
    return kept


def new_row(home: Home, group: Group, broker_id: bytes, gid: bytes) -> GroupRow:
    """The row of a group that we have just come into, or created."""
    stated = profile.profile_of(group.extensions)
    name = "" if stated is None else stated.name.decode()
    return GroupRow(
        id=0,
        gid=gid,
        broker_id=broker_id,
        group_id=first_group_id(group.group_id, group.extensions),
        suite=group.suite.code,
        status=Status.active,
        trouble="",
        name=name,
        version=1,
        epoch=log_epoch(group, group.epoch),
        seq=-1,
        hash=b"",
        head=None,
        counter=0,
        recovery=None,
        joined_at=home.world.second,
        renewed_at=0 if group.epoch else home.world.second,
        sent=0,
        predecessor=None,
        branch_of=None if stated is None else stated.goes_on_from or None,
        branched_by=0 if stated is None else stated.place,
        began=-1,
        began_hash=b"",
        unsure_to=-1,
        set_back_at=0,
        inviting="" if stated is None else stated.inviting.name,
        expires_after=0 if stated is None else stated.expires_after,
    )
