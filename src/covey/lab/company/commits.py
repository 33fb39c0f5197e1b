"""Commits for a broker: what is wanted, and all that goes along with it in one request.

May import the protocol and the engine. A plan is kept until a commit of ours wins, and says
what is wanted by identity: leaf indices mean something else after another commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from covey.access.member import addresses, envelopes, knocks
from covey.access.member.epochs import EpochAccess
from covey.access.member.pointers import letting_in
from covey.access.structs.extensions import (
    ExtensionCode,
    GroupCapabilities,
    GroupCapability,
    NoteSlot,
)
from covey.access.structs.log import AnsweredKnock, BundledPointer, NextEpoch
from covey.access.structs.sealed import Door, Posting, Purpose
from covey.errors import DecodeError
from covey.mls.crypto.entropy import system_entropy
from covey.mls.group.identity import identity
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Remove, SelfRemove
from covey.mls.wire.code_points import ContentType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.access.structs.basics import Signed
    from covey.access.structs.sealed import ClaimedPosition
    from covey.mls import Group, PendingCommit
    from covey.mls.structs.extensions import Extension


class Plan(msgspec.Struct, frozen=True):
    """What a commit is to do.

    Attributes:
        add: KeyPackages, as MLSMessages. Who is in the group already is left out.
        remove: Identities. Who is not in the group any more is left out.
        recover: Whether those who are added take the place of old leaves of their identities; they
            may have kept their signature keys. Who has come in already is known by the leaf of its
            KeyPackage, so this is to be committed soon, and not again once it has renewed that.
        capabilities: New ones.
        answered: The knocks that it deals with.
        bundled: Whether the pointers go along with the commit, which is not blind.
        die_before_pointers: Whether to post no pointers, as who dies at that moment.
    """

    add: tuple[bytes, ...] = ()
    remove: tuple[bytes, ...] = ()
    recover: bool = False
    capabilities: tuple[GroupCapability, ...] = ()
    answered: tuple[bytes, ...] = ()
    bundled: bool = False
    die_before_pointers: bool = False

    @property
    def is_for_others(self) -> bool:
        """Whether it does more than to renew keys."""
        return bool(self.add or self.remove or self.capabilities)


class Made(NamedTuple):
    """A commit, ready to be sent, as often as it takes.

    Attributes:
        plan: What it is for.
        pending: The engine's commit.
        idem: Its idem.
        request: The signed request.
        postings: To be posted once it is accepted.
    """

    plan: Plan
    pending: PendingCommit
    idem: bytes
    request: Signed
    postings: tuple[Posting, ...]


class Circumstances(NamedTuple):
    """What a commit is made in.

    Attributes:
        group: The group.
        access: The keys of its epoch.
        doors: Of all capabilities.
        claimed: What we say of the log.
        slot: Where notes for us may be left, if our leaf is to say so.
        hour: Now, in hours since the epoch.
    """

    group: Group
    access: EpochAccess
    doors: Sequence[Door]
    claimed: ClaimedPosition
    slot: NoteSlot | None
    hour: int


def make(plan: Plan, now: Circumstances) -> Made | None:
    """Make a commit.

    Returns:
        None when others have done meanwhile all that was wanted.

    Raises:
        StateError: A commit is pending, or we have been removed.
        LocalProtocolError: What is wanted may not be committed.
    """
    group, access = now.group, now.access
    packages = [each for each in map(key_package, plan.add) if not _is_in(group, plan, each)]
    removed = _to_remove(group, plan, packages)
    if plan.is_for_others and not (packages or removed or plan.capabilities):
        return None
    stay, extensions = _extensions(plan, now, removed)
    idem = access.idem(
        ContentType.commit, group.own_index, group.next_generation(ContentType.commit)
    )
    pending = group.commit(
        add=packages,
        remove=removed,
        path=True,
        extensions=extensions,
        leaf_extensions=_leaf_extensions(group, now.slot),
        welcome_tree=False,
        authenticated_data=now.claimed.encode(),
    )
    following = EpochAccess.derive(pending.export, access.broker_id, access.gid, group.epoch + 1)
    doors = tuple(each for each in now.doors if each.capability in _keys(stay))
    letting = letting_in(pending, packages, following, doors, idem, system_entropy)
    bundled = tuple(
        BundledPointer(each.inbox, each.key_package_ref, each.pointer) for each in letting.postings
    )
    next_epoch = NextEpoch(
        following.access_key,
        letting.parcels,
        letting.pointers,
        knocks.for_the_broker(stay),
        tuple(map(AnsweredKnock, plan.answered)),
        bundled if plan.bundled else (),
    )
    body = envelopes.seal(access, Purpose.commit, idem, pending.message, system_entropy)
    request = access.append(idem, body, next_epoch)
    return Made(plan, pending, idem, request, () if plan.bundled else letting.postings)


def key_package(message: bytes) -> KeyPackage:
    """The KeyPackage in an MLSMessage that the broker handed out.

    Raises:
        DecodeError: It is none.
    """
    package = MLSMessage.decode(message).message
    if not isinstance(package, KeyPackage):
        msg = "this is no KeyPackage"
        raise DecodeError(msg)
    return package


def _keys(capabilities: GroupCapabilities) -> set[bytes]:
    return {each.key for each in capabilities.capabilities}


def _is_in(group: Group, plan: Plan, package: KeyPackage) -> bool:
    """Whether somebody is in the group already, so that there is nothing to add.

    Who recovers may have an old leaf with the same signature key. That leaf goes in the commit that
    adds the new one, so both keys are unique in the tree that comes of it (RFC 9420 §7.3).
    """
    leaf = package.leaf_node
    if plan.recover:
        return any(each == leaf for _, each in group.tree.members())
    return any(each.signature_key == leaf.signature_key for each in group.members)


def _to_remove(group: Group, plan: Plan, packages: Sequence[KeyPackage]) -> list[int]:
    """The leaves to remove: of those who go, and of those who come back."""
    going = set(plan.remove)
    if plan.recover:
        going |= {identity(each.leaf_node.credential) for each in packages}
    return [each.index for each in group.members if each.identity in going]


def _extensions(
    plan: Plan, now: Circumstances, removed: Sequence[int]
) -> tuple[GroupCapabilities, list[Extension] | None]:
    """The capabilities that the next epoch has, and its extensions if those change."""
    group = now.group
    before = addresses.capabilities_of(group.extensions)
    leaving = {*removed, *_proposed(group)}
    members = {each.index for each in group.members} - leaving
    kept = knocks.restated(before, leaving, members, now.hour).capabilities
    stay = GroupCapabilities((*kept, *plan.capabilities))
    if stay == before:
        return stay, None
    return stay, list(addresses.with_capabilities(group.extensions, stay))


def _leaf_extensions(group: Group, slot: NoteSlot | None) -> list[Extension] | None:
    """The extensions of our leaf, if they have to change for it to name our slot."""
    leaf = group.tree.leaf(group.own_index)
    assert leaf is not None
    if slot is None or addresses.note_slot_of(leaf) == slot:
        return None
    others = [each for each in leaf.extensions if each.extension_type != ExtensionCode.note_slot]
    return [*others, addresses.extension(slot)]


def _proposed(group: Group) -> set[int]:
    """The leaves that proposals of this epoch remove."""
    removed = set()
    for sent in group.proposals:
        if isinstance(sent.proposal, SelfRemove):
            assert sent.sender.leaf_index is not None
            removed.add(sent.sender.leaf_index)
        elif isinstance(sent.proposal, Remove):
            removed.add(sent.proposal.removed)
    return removed
