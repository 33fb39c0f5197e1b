"""Commits for a broker: what is wished for, and all that goes along with it in one request.

May import the protocol, the engine and the rows. It is made anew from the same wishes whenever
another commit was faster.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from covey.access.member import addresses, envelopes, knocks
from covey.access.member.epochs import EpochAccess
from covey.access.member.pointers import letting_in
from covey.access.structs.extensions import (
    ExtensionCode,
    GroupCapabilities,
    GroupCapability,
    NoteSlot,
    Right,
)
from covey.access.structs.log import AnsweredKnock, NextEpoch
from covey.access.structs.sealed import Purpose
from covey.client.sync.group import capabilities, parentage, proposed, reiniting
from covey.client.sync.group.inviting import concerns, invited, key_package, require_strangers
from covey.client.sync.rows import groups
from covey.client.sync.rows.queues import UnderWay
from covey.client.sync.rows.wishes import (
    CloseDoor,
    Describe,
    Expel,
    GoOn,
    Invite,
    OpenDoor,
    Renew,
    Subgroup,
    Upgrade,
)
from covey.client.words import made_for, profile
from covey.mls.group import psks
from covey.mls.group.identity import identity
from covey.mls.wire.code_points import ContentType, ResumptionPSKUsage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.access.structs.sealed import Door
    from covey.client.sync.group.proposed import References
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.wishes import Wish
    from covey.mls import Group
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.schedule import PreSharedKeyID
    from covey.store.port import Rows


class _Linked(TypedDict, total=False):
    """What a commit says besides, when it begins a branch."""

    psks: tuple[PreSharedKeyID, ...]
    successor: bool


class Merged(NamedTuple):
    """Several wishes as one commit, in the group as it is now.

    Attributes:
        add: KeyPackages of those who are not in it yet.
        remove: Leaf indices of those who are.
        extensions: Of the GroupContext, if they change.
        stay: The capabilities that the next epoch has.
        answered: The knocks that it deals with.
        renews: Whether it renews our keys and does nothing else.
        branches: From which group this one goes on, or of which it is a subgroup.
        references: Which of the proposals of this epoch it takes; None for all that fit together.
        upgrade: To which suite it moves the group; then it does nothing else.
    """

    add: tuple[KeyPackage, ...]
    remove: tuple[int, ...]
    extensions: tuple[Extension, ...] | None
    stay: GroupCapabilities
    answered: tuple[bytes, ...]
    renews: bool
    branches: GoOn | Subgroup | None = None
    references: References = None
    upgrade: Upgrade | None = None

    @property
    def is_needed(self) -> bool:
        """Whether there is something to be done."""
        return bool(
            self.upgrade or self.add or self.remove or self.extensions is not None or self.renews
        )


def merge(seat: Seat, wished: Sequence[Wish], references: References = None) -> Merged:
    """What a commit would have to do for all of these wishes, as the group is now.

    Args:
        seat: The group.
        wished: The wishes.
        references: Which of the proposals of this epoch it takes; all by default.

    Raises:
        PolicyError: A stranger has a name that the group knows, or there is no room for a link.
        StateError: Nobody is left in the parent who is to be in this subgroup of it.
    """
    group = seat.group
    if wished and isinstance(upgrade := wished[0], Upgrade):  # it is alone
        return _moved(seat, upgrade)
    out = proposed.removed(group, references)
    add: list[KeyPackage] = []
    strangers: set[bytes] = set()
    expelled = _expelled(group, wished)
    back: set[int] = set()
    answered: list[bytes] = []
    renews = not wished
    for wish in wished:
        match wish:
            case Invite():
                new, old = invited(group, wish, expelled)
                add += new
                if wish.of_strangers:
                    strangers |= {each.leaf_node.signature_key for each in new}
                back |= old
                answered += wish.answered
            case Expel():
                add = [each for each in add if not concerns(wish, each)]  # wished for before that
            case GoOn() | Subgroup():
                add += _same_people(seat, wish)
            case Renew():
                renews = True
            case _:
                pass
    add = list({each.leaf_node.signature_key: each for each in add}.values())  # the last of each
    remove = expelled - out
    goes = remove | out
    stay, extensions = _extensions(seat, wished, goes, back)
    unknown = [each for each in add if each.leaf_node.signature_key in strangers]
    require_strangers(group, unknown, add, extensions)
    remove |= back
    renews = renews or bool(group.proposals)
    branches = next((each for each in wished if isinstance(each, GoOn | Subgroup)), None)
    goes_and_comes = tuple(add), tuple(sorted(remove))
    return Merged(*goes_and_comes, extensions, stay, tuple(answered), renews, branches, references)


def _moved(seat: Seat, upgrade: Upgrade) -> Merged:
    """The commit that ends a group, to go on as one of another suite."""
    reiniting.require_possible(seat, upgrade)
    stay = addresses.capabilities_of(seat.group.extensions)
    return Merged((), (), None, stay, (), renews=False, references=(), upgrade=upgrade)


def _same_people(seat: Seat, wish: GoOn | Subgroup) -> list[KeyPackage]:
    """The KeyPackages of members, by their signature keys: a broker can hand out any others."""
    if isinstance(wish, Subgroup):
        return parentage.coming(seat, wish)
    packages = map(key_package, wish.packages)
    return [each for each in packages if each.leaf_node.signature_key in wish.keys]


def together(group: Group, wished: Mapping[int, Wish]) -> dict[int, Wish]:
    """The wishes, by their numbers, that one commit can fulfil; the others wait for the next one.

    Who is to go, or has asked to, and then to be invited again has to be out before: in the same
    commit, it would count as being in already. To move the group takes a commit of its own, when
    there is nothing else to be done.
    """
    going = proposed.leaving(group)
    chosen: dict[int, Wish] = {}
    expelling: list[Expel] = []
    moving = {number: wish for number, wish in wished.items() if isinstance(wish, Upgrade)}
    if moving and len(moving) == len(wished) and not group.proposals:
        return dict(islice(moving.items(), 1))
    for number, wish in wished.items():
        if number in moving:
            continue
        if isinstance(wish, Expel):
            expelling.append(wish)
        elif isinstance(wish, Invite) and not wish.recovers:
            packages = list(map(key_package, wish.packages))
            if any(concerns(each, package) for each in expelling for package in packages):
                continue
            if any(package.leaf_node.signature_key in going for package in packages):
                continue
        chosen[number] = wish
    return chosen


def _expelled(group: Group, wished: Sequence[Wish]) -> set[int]:
    expelling = [each for each in wished if isinstance(each, Expel)]
    signature = group.tree.keys.signature
    found = {signature[key] for each in expelling for key in each.keys if key in signature}
    identities = {who for each in expelling for who in each.identities}
    if identities:  # of which there is no index
        found |= {
            index for index, leaf in group.tree.members() if identity(leaf.credential) in identities
        }
    return found


def _extensions(
    seat: Seat, wished: Sequence[Wish], goes: set[int], back: set[int]
) -> tuple[GroupCapabilities, tuple[Extension, ...] | None]:
    """The capabilities of the next epoch, and its extensions if those change.

    Args:
        seat: The group.
        wished: The wishes.
        goes: The leaves of those who are not in it any more.
        back: Those whose place is taken by their owners.
    """
    group = seat.group
    before = addresses.capabilities_of(group.extensions)
    leaves = filter(None, map(group.tree.leaf, goes | back))
    leaving = {profile.opener_at(each) for each in leaves}
    own, hour = seat.home.opener, seat.home.world.hour
    kept = knocks.restated(before, leaving, hour).capabilities
    kept += capabilities.inherited(before, leaving, own, hour)
    if goes:
        kept = capabilities.superseded(kept, hour)
    closed = {wish.key for wish in wished if isinstance(wish, CloseDoor)}
    stay = [each for each in kept if each.key not in closed]
    stated = capabilities.with_opened(seat, stay, _opened(wished, own))
    extensions = list(group.extensions)
    if stated != before:
        extensions = list(addresses.with_capabilities(extensions, stated))
    extensions = list(_described(extensions, wished))
    changed = tuple(extensions) if extensions != list(group.extensions) else None
    return stated, changed


def _opened(wished: Sequence[Wish], own: bytes) -> list[GroupCapability]:
    """The doors that are wished for."""
    return [
        GroupCapability(capabilities.key(each.seed), own, each.not_after, Right(each.right))
        for each in wished
        if isinstance(each, OpenDoor)
    ]


def _described(extensions: Sequence[Extension], wished: Sequence[Wish]) -> Sequence[Extension]:
    before = profile.profile_of(extensions)
    after = before
    for wish in wished:
        if isinstance(wish, Describe) and after is not None:
            after = profile.changed(
                after,
                name=wish.name,
                expires_after=wish.expires_after,
                inviting=wish.inviting,
                roles=wish.roles,
                quantum_safe=wish.quantum_safe,
            )
    return (
        extensions if after == before or after is None else profile.with_profile(extensions, after)
    )


def make(seat: Seat, rows: Rows, merged: Merged, numbers: Sequence[int]) -> UnderWay:
    """Make a commit; inside of :meth:`Seat.change`, with a generation reserved.

    Args:
        seat: The group.
        rows: The transaction.
        merged: What it is to do.
        numbers: The wishes that it fulfils.

    Raises:
        StateError: A commit is pending, or we have been removed.
        LocalProtocolError: What is wanted may not be committed.
        PolicyError: Likewise, by the group's roles.
        ValueError: There are too many for one commit.
    """
    group, access, entropy = seat.group, seat.access, seat.home.world.entropy
    idem = seat.idem(ContentType.commit)
    pending = group.commit(
        add=merged.add,
        remove=merged.remove,
        path=True,
        extensions=merged.extensions,
        reinit=None if merged.upgrade is None else reiniting.reinit(seat, merged.upgrade),
        leaf_extensions=leaf_extensions(seat, rows),
        welcome_tree=False,
        authenticated_data=seat.claimed.encode(),
        references=merged.references,
        **_linked(seat, merged),
    )
    following = EpochAccess.derive(pending.export, access.broker_id, access.gid, access.epoch + 1)
    letting = letting_in(
        *(pending, merged.add, following, _doors(seat, rows, merged), idem, entropy),
        ways_back=capabilities.told(seat),
        by_hand=True,
    )
    next_epoch = NextEpoch(
        following.access_key,
        letting.parcels,
        letting.pointers,
        knocks.for_the_broker(merged.stay),
        tuple(map(AnsweredKnock, merged.answered)),
        (),
    )
    body = envelopes.seal(access, Purpose.commit, idem, pending.message, entropy)
    request = access.append(idem, body, next_epoch).encode()
    return UnderWay(access.epoch, idem, request, tuple(numbers), letting.postings)


def _linked(seat: Seat, merged: Merged) -> _Linked:
    """The PSK by which a branch is linked to the group that it goes on from (RFC 9420 §11.3)."""
    if merged.branches is None:
        return {}
    before = merged.branches if isinstance(merged.branches, GoOn) else parentage.linked(seat)
    suite, usage = seat.group.suite, ResumptionPSKUsage.branch
    nonce = seat.home.world.entropy(suite.Nh)
    psk = psks.resumption_id(usage, before.group_id, before.epoch, nonce)
    return {"psks": (psk,), "successor": True}


def _doors(seat: Seat, rows: Rows, merged: Merged) -> tuple[Door, ...]:
    keys = {each.key for each in merged.stay.capabilities}
    return tuple(each for each in groups.doors(rows, seat.number) if each.capability in keys)


def leaf_extensions(seat: Seat, rows: Rows) -> list[Extension]:
    """The extensions of our next leaf: when it was made, and our slot."""
    leaf = seat.group.tree.leaf(seat.group.own_index)
    assert leaf is not None
    ours = {ExtensionCode.note_slot, made_for.MADE_FOR}
    others = [each for each in leaf.extensions if each.extension_type not in ours]
    made = made_for.extension(made_for.after(leaf, seat.home.world.millisecond))
    token, inbox = groups.slot_of(rows, seat.number), seat.home.inbox
    if token is None or inbox is None:
        return [*others, made]
    slot = NoteSlot(inbox.broker_id, inbox.inbox, token)
    return [*others, made, addresses.extension(slot)]
