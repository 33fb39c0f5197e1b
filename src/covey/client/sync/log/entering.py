"""A commit has taken effect: the next epoch begins, or the group ends for us.

May import the engine, the rows, and what is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.access.member import addresses
from covey.access.member.pointers import NOWHERE
from covey.access.structs.extensions import Right
from covey.client.events import (
    Arrived,
    Branching,
    MemberLeft,
    MembersChanged,
    MessagesLost,
    Rejoining,
    RemovedFromGroup,
    Renamed,
    RolesChanged,
    SettingsChanged,
    Upgrading,
    WishRefused,
)
from covey.client.sync.branches import parting, reinviting, winning
from covey.client.sync.group import capabilities, remembering
from covey.client.sync.group.devices import key_of
from covey.client.sync.group.seat import Seat, log_epoch
from covey.client.sync.group.telling import tell
from covey.client.sync.identity import key_packages
from covey.client.sync.log import copies, hearing, standing
from covey.client.sync.log.moving import following, kept
from covey.client.sync.rows import by_hand, groups, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.sync.rows.wishes import GoOn, OpenDoor, Upgrade
from covey.client.words import profile
from covey.client.words.contents import NewDoor
from covey.client.words.showing import name_of
from covey.mls.group.member import key_package_ref
from covey.mls.structs.proposals import Add
from covey.mls.wire.code_points import LeafNodeSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.access.structs.log import Entry
    from covey.client.sync.rows.queues import UnderWay
    from covey.client.sync.rows.wishes import Wish
    from covey.client.words.profile import GroupProfile
    from covey.mls import Changed, EpochChanged
    from covey.mls.group.events import MemberInfo
    from covey.mls.tree.ratchet_tree import RatchetTree
    from covey.store.port import Rows


class Before(NamedTuple):
    """The group before a commit.

    Attributes:
        profile: Its profile.
        tree: Its tree.
    """

    profile: GroupProfile | None
    tree: RatchetTree

    def is_new(self, member: MemberInfo) -> bool:
        """Whether a member had come, and had not yet renewed the keys of its KeyPackage."""
        leaf = self.tree.leaf(member.index)
        return leaf is not None and leaf.leaf_node_source is LeafNodeSource.key_package


def entered(seat: Seat, rows: Rows, entry: Entry, event: EpochChanged, before: Before) -> None:
    """Take note of a commit that has taken effect.

    Args:
        seat: The group, in its new epoch.
        rows: The transaction.
        entry: The commit in the log.
        event: What the engine says of it.
        before: The group before it.
    """
    changed = event.changed
    seat.proposed_at = None
    seat.replace(began=entry.seq, began_hash=seat.row.hash)
    seat.let_in_at = seat.home.world.now() if changed.added and not event.own else None
    groups.forget_sent(rows, seat.number)
    queues.to_be_encrypted_anew(rows, seat.number)
    _settle(seat, rows, entry)
    if event.removed:
        _ended(seat, rows, changed, before)
        return
    remembering.went_on(seat, rows, changed, before.tree)
    _tell_members(seat, rows, changed, before, own=event.own)
    _tell_profile(seat, rows, changed, before.profile)
    standing = addresses.capabilities_of(seat.group.extensions).capabilities
    groups.keep_doors(rows, seat.number, {each.key for each in standing})
    if event.own:
        seat.replace(renewed_at=seat.home.world.second, sent=0)
        share_recovery(seat, rows, changed)
    if changed.reinit is not None:
        _moves(seat, rows, changed, changed.reinit.cipher_suite, own=event.own)


def _moves(seat: Seat, rows: Rows, changed: Changed, suite: int, *, own: bool) -> None:
    """The group has ended, to go on in another suite; who moves it has KeyPackages of all."""
    wished = map(wishes.decode, queues.wishes(rows, seat.number).values() if own else ())
    packages = [each.packages for each in wished if isinstance(each, Upgrade)]
    following.ended(seat, rows, next(iter(packages), ()))
    tell(seat, rows, Upgrading(seat.hex, by=_name(changed.committer), suite=suite))


def _settle(seat: Seat, rows: Rows, entry: Entry) -> None:
    """Our own commit under way has won, or has lost and is made anew from its wishes."""
    under = queues.under_way(rows, seat.number)
    if under is None:
        return
    queues.end_commit(rows, seat.number)
    wished = queues.wishes(rows, seat.number)
    if under.idem != entry.idem:
        queues.unwish(rows, [each for each in under.wishes if _is_way_back(wished.get(each))])
        return
    done = [number for number in under.wishes if not _goes_on(wished.get(number))]
    fulfilled = tuple(wished[number] for number in done if number in wished)
    taken = queues.Accepted(under.idem, entry.seq, under.epoch, None, fulfilled, under.request)
    queues.taken(rows, seat.number, taken)
    for encoded in fulfilled:
        _fulfilled(seat, rows, wishes.decode(encoded))
    queues.unwish(rows, done)
    _let_in(seat, rows, under)


def _goes_on(wished: bytes | None) -> bool:
    """Whether something is done only when the group after the ReInit is there."""
    return wished is not None and isinstance(wishes.decode(wished), Upgrade)


def _is_way_back(wished: bytes | None) -> bool:
    """Whether something was wished for only since the commit would have left no way back."""
    wish = None if wished is None else wishes.decode(wished)
    return isinstance(wish, OpenDoor) and wish.right == Right.recover


def _let_in(seat: Seat, rows: Rows, under: UnderWay) -> None:
    """The pointers of those who are let in go out, each at a moment of its own."""
    home = seat.home
    for posting in under.postings:
        if posting.inbox == NOWHERE:
            by_hand.keep(rows, posting, home.world.second)
        else:
            due_at = int(home.within(home.pace.posting))
            queues.post_later(rows, posting, due_at, seat.number)


def _fulfilled(seat: Seat, rows: Rows, wish: Wish) -> None:
    """What a wish of ours leads to, now that its commit has won."""
    if isinstance(wish, GoOn):
        _went_on(seat, rows)
    if isinstance(wish, OpenDoor):
        _opened(seat, rows, wish)


def _went_on(seat: Seat, rows: Rows) -> None:
    """Our branch stands."""
    row = seat.row
    before = None if row.predecessor is None else groups.by_gid(rows, row.predecessor)
    if before is not None:
        winning.go_on(rows, Seat(seat.home, before), seat, row.branched_by)


def _opened(seat: Seat, rows: Rows, wish: OpenDoor) -> None:
    """A door of ours stands: the others, who were here before it, need its private key."""
    door = capabilities.keys_of(seat, wish.seed).door
    groups.add_doors(rows, seat.number, (door,))
    hearing.say(seat, rows, NewDoor(door), kept=False)
    if wish.right == Right.recover:
        seat.replace(recovery=capabilities.with_another(seat.row, wish.seed))


def share_recovery(seat: Seat, rows: Rows, changed: Changed) -> None:
    """Tell those whom our commit let in, and all after a change, how to be let in anew.

    Who comes in hears of the older ways back, too: a broker can take back the commits with which
    the later ones came, and those who have never seen them may have its leaf of before.
    """
    known = capabilities.known(seat)
    if changed.added or changed.extensions is not None:
        hearing.tell_ways_back(seat, rows, known if changed.added else known[-1:])


# --- telling -------------------------------------------------------------------------------


def _tell_members(seat: Seat, rows: Rows, changed: Changed, before: Before, *, own: bool) -> None:
    if changed.with_path and not own and before.is_new(changed.committer):
        tell(seat, rows, Arrived(seat.hex, name=_name(changed.committer)))
    if not (changed.added or changed.removed):
        return
    here = {each.signature_key for each in changed.joined}
    gone = {each.signature_key for each in changed.removed} - here
    reinviting.removed(rows, seat.number, gone)
    came, went = _keys(seat.group.tree, changed.joined), _keys(before.tree, changed.removed)
    parting.changed(rows, seat.row, came, went)
    for key in gone:
        groups.counts_anew(rows, seat.number, key)
    told = MembersChanged(
        seat.hex,
        epoch=log_epoch(seat.group, changed.epoch),
        by=_name(changed.committer),
        added=_names(changed.joined),
        removed=_names(each for each in changed.removed if each not in changed.left),
        left=_names(changed.left),
    )
    tell(seat, rows, told)


def _keys(tree: RatchetTree, members: Iterable[MemberInfo]) -> frozenset[bytes]:
    """The devices of members, by their first keys."""
    leaves = (tree.leaf(each.index) for each in members)
    return frozenset(key_of(leaf) for leaf in leaves if leaf is not None)


def _tell_profile(seat: Seat, rows: Rows, changed: Changed, before: GroupProfile | None) -> None:
    after = None if changed.extensions is None else profile.profile_of(changed.extensions)
    if after is None or before is None or after == before:
        return
    name = after.name.decode()
    by = _name(changed.committer)
    if name != seat.row.name:
        tell(seat, rows, Renamed(seat.hex, by=by, before=seat.row.name, name=name))
        seat.replace(name=name)
    if after.roles != before.roles:
        roles, old = profile.names(after), profile.names(before)
        tell(seat, rows, RolesChanged(seat.hex, by=by, roles=roles, before=old))
    if _settings(after) != _settings(before):
        told = SettingsChanged(
            seat.hex,
            by=by,
            inviting=after.inviting.name,
            expires_after=after.expires_after,
            quantum_safe=after.quantum_safe == 1,
            was_quantum_safe=before.quantum_safe == 1,
        )
        tell(seat, rows, told)
        seat.replace(inviting=after.inviting.name, expires_after=after.expires_after)


def _settings(stated: GroupProfile) -> tuple[object, ...]:
    return stated.inviting, stated.expires_after, stated.quantum_safe


# --- the end -------------------------------------------------------------------------------


def _ended(seat: Seat, rows: Rows, changed: Changed, before: Before) -> None:
    """We have been removed, or have left: no secret stays."""
    own = seat.row.status is Status.leaving
    by = _name(changed.committer)
    if _is_let_in_anew(seat, changed, before):
        fell_behind(seat, rows, f"{by} has let us in anew, for we had not come until then")
        return
    if not own and _is_another_store(seat, rows, changed):
        queues.end_commit(rows, seat.number)
        copies.is_one(seat, rows)
        return
    seat.replace(status=Status.left if own else Status.removed, trouble="" if own else f"by {by}")
    tell(seat, rows, MemberLeft(seat.hex) if own else RemovedFromGroup(seat.hex, by=by))
    _forget(seat, rows, "you left the group" if own else f"{by} removed you from the group")


def _is_let_in_anew(seat: Seat, changed: Changed, before: Before) -> bool:
    """Whether our leaf went for another one of ours, since we had not come: a pointer follows.

    For who had come, it is another store of ours that has come back.
    """
    coming = {each.signature_key for each in changed.joined}
    ours = [each for each in changed.removed if each.index == seat.group.own_index]
    return any(each.signature_key in coming and before.is_new(each) for each in ours)


def _is_another_store(seat: Seat, rows: Rows, changed: Changed) -> bool:
    """Whether our leaf went for one that a copy of this store has made, such as a restored one."""
    ours = {each.signature_key for each in changed.removed if each.index == seat.group.own_index}
    adds = (each.proposal for each in changed.proposals if isinstance(each.proposal, Add))
    packages = (each.key_package for each in adds)
    return any(
        each.leaf_node.signature_key in ours
        and key_packages.find(rows, key_package_ref(seat.group.suite, each)) is None
        for each in packages
    )


def leave(seat: Seat, rows: Rows) -> None:
    """Want to be out: the others let us go, also when we have to come back for that.

    Raises:
        StateError: We are not in the group, and do not come back into it.
    """
    if not seat.row.status.comes_back:
        seat.require_in()
        if seat.group.tree.census.members == 1:
            abandoned(seat, rows)
            return
        seat.replace(status=Status.leaving)
    seat.replace(out_since=seat.row.out_since or seat.home.world.second)


def abandoned(seat: Seat, rows: Rows) -> None:
    """We leave a group in which nobody else is: there is nobody to commit it."""
    seat.replace(status=Status.left, trouble="")
    tell(seat, rows, MemberLeft(seat.hex))
    _forget(seat, rows, "you left the group")


def _forget(seat: Seat, rows: Rows, why: str) -> None:
    """Nothing stays of a group that we are not in but what was said, and that we were there."""
    give_up(seat, rows, why)
    groups.forget_all(rows, seat.number)
    reinviting.drop(rows, seat.number)
    seat.replace(recovery=None, out_since=0)
    seat.ended()


def fell_behind(seat: Seat, rows: Rows, why: str) -> None:
    """We cannot follow, and others can: they may let us in anew.

    That a broker denied our epoch once, and we died before that was settled, says nothing of it.
    """
    seat.replace(status=Status.lost, trouble=why)
    standing.settled(rows, seat.row.gid)
    kept.drop(rows, seat.number)
    queues.end_commit(rows, seat.number)
    queues.to_be_encrypted_anew(rows, seat.number)
    tell(seat, rows, Rejoining(seat.hex, why=why))


def broke(seat: Seat, rows: Rows, why: str) -> None:
    """The epoch was closed by a commit that nobody can follow."""
    seat.replace(status=Status.broken, trouble=why)
    kept.drop(rows, seat.number)
    queues.end_commit(rows, seat.number)
    queues.to_be_encrypted_anew(rows, seat.number)
    tell(seat, rows, Branching(seat.hex, why=why))


def give_up(seat: Seat, rows: Rows, why: str) -> None:
    """Nothing of what waits will happen any more: say so."""
    queues.end_commit(rows, seat.number)
    kept.drop(rows, seat.number)
    unsaid = queues.unsay(rows, seat.number)
    if unsaid:
        ids = tuple(each.message.hex() for each in unsaid)
        told = MessagesLost(seat.hex, count=len(unsaid), sender=None, why=why, ids=ids)
        tell(seat, rows, told)
    wished = queues.wishes(rows, seat.number)
    queues.unwish(rows, wished)
    for number, encoded in wished.items():
        what = wishes.sentence(wishes.decode(encoded))
        tell(seat, rows, WishRefused(seat.hex, what=what, why=why, wish=number))


def _name(member: MemberInfo) -> str:
    return name_of(member.identity)


def _names(members: Iterable[MemberInfo]) -> tuple[str, ...]:
    return tuple(_name(each) for each in members)
