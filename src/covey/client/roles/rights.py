"""The rules: who may add, remove, describe, open doors. Pure; a rule refuses by PolicyError.

May import the engine and the profile. A rule sees what every member sees, the state before a
commit and the commit, and no clock: members who judged by theirs would part ways. A capability
may therefore be taken away by everyone, for nobody can tell whether it has expired.

A role belongs to an identity. Who adds a device for somebody of a higher role could make itself
that person, where credentials are taken at their word. So such a device is added by the person
itself, or by somebody of its role; or when it takes the place of a leaf with the same signature
key, whose owner has made the new one for that, and later than the leaf that it replaces. Who was
let in and never came is let in anew, by whoever may invite. And a branch without any owner takes
them back by the devices that the broken group knew.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from covey.access.member.addresses import epochs_before, first_group_id, moved_on
from covey.access.structs.extensions import ExtensionCode, Right
from covey.client.roles.change import differing
from covey.client.roles.stated import (
    capabilities_in,
    profile_in,
    require_another,
    require_quantum_safe,
)
from covey.client.words import made_for, profile
from covey.client.words.names import is_name
from covey.client.words.profile import (
    GROUP_PROFILE,
    GroupProfile,
    Inviting,
    Role,
    opener_at,
    role_of,
)
from covey.client.words.showing import name_of
from covey.errors import PolicyError
from covey.mls.group.identity import identity
from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    SelfRemove,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.access.structs.extensions import GroupCapabilities, GroupCapability
    from covey.mls.group.epoch import PublicState
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.tree import LeafNode


_MOST_DOORS: Final = 32
"""How many doors of a kind one device may open, so that nobody takes the room of all."""


class Actor(NamedTuple):
    """Somebody who wants something.

    Attributes:
        identity: Who.
        opener: How capabilities name its device.
        role: By the profile before the commit.
    """

    identity: bytes
    opener: bytes
    role: Role

    @property
    def name(self) -> str:
        """For sentences."""
        return name_of(self.identity)


class Judging:
    """Some proposals, and the state that they are to change.

    Args:
        state: The public state before them.
        given: The group's profile in it.
        proposals: All that are to take effect together.
    """

    def __init__(self, state: PublicState, given: GroupProfile, proposals: Iterable[Sent]) -> None:
        self._state = state
        self._profile = given
        self._items = tuple(proposals)
        self._adds: dict[bytes, list[LeafNode]] = {}
        self._removed: dict[bytes, list[LeafNode]] = {}
        self._actors: dict[int, Actor] = {}
        self._gone: set[int] = set()
        for sent in self._items:
            self._note(sent)

    def _note(self, sent: Sent) -> None:
        if isinstance(sent.proposal, Add):
            leaf = sent.proposal.key_package.leaf_node
            self._adds.setdefault(identity(leaf.credential), []).append(leaf)
        elif isinstance(sent.proposal, Remove):
            old = self._state.tree.leaf(sent.proposal.removed)
            if old is not None:
                self._removed.setdefault(identity(old.credential), []).append(old)
                self._gone.add(sent.proposal.removed)
        elif isinstance(sent.proposal, SelfRemove) and sent.sender.leaf_index is not None:
            self._gone.add(sent.sender.leaf_index)

    @property
    def is_alone(self) -> bool:
        """Whether the group has one member, who may do as it likes: it founds it."""
        return self._state.tree.census.members == 1

    def actor(self, leaf_index: int | None) -> Actor:
        """The member at a leaf.

        Raises:
            PolicyError: There is none.
        """
        if leaf_index in self._actors:
            return self._actors[leaf_index]
        leaf = None if leaf_index is None else self._state.tree.leaf(leaf_index)
        if leaf_index is None or leaf is None:
            _refuse("only members may propose something in this group")
        who = identity(leaf.credential)
        actor = Actor(who, opener_at(leaf), role_of(self._profile, who))
        return self._actors.setdefault(leaf_index, actor)

    # --- one proposal ----------------------------------------------------------------------

    def proposal(self, proposal: Proposal, actor: Actor) -> None:
        """Whether somebody may propose, or commit, something.

        Raises:
            PolicyError: It may not.
        """
        self._require_safe(proposal)
        if self.is_alone:
            return
        if isinstance(proposal, Add):
            self._add(proposal.key_package.leaf_node, actor)
        elif isinstance(proposal, Remove):
            self._remove(proposal.removed, actor)
        elif isinstance(proposal, GroupContextExtensions):
            self._describe(proposal.extensions, actor)
        elif isinstance(proposal, PreSharedKey):
            _refuse("no pre-shared keys are mixed in here: who came later does not have them")
        elif isinstance(proposal, ReInit):
            self._move(proposal, actor)

    def _require_safe(self, proposal: Proposal) -> None:
        """Refuse what would make a group that is to be quantum-safe be no such one."""
        if isinstance(proposal, ReInit) and self._profile.quantum_safe:
            require_quantum_safe(proposal.cipher_suite)
        if isinstance(proposal, GroupContextExtensions):
            after = profile_in(proposal.extensions)
            if after is not None and after.quantum_safe:
                require_quantum_safe(self._state.context.cipher_suite)

    def _move(self, reinit: ReInit, actor: Actor) -> None:
        """A group ends only to go on in another suite, and all of it stays as it was."""
        if actor.role is not Role.owner:
            _refuse(f"{actor.name} may not move the group to another suite: that is for owners")
        context = self._state.context
        if reinit.cipher_suite == context.cipher_suite:
            _refuse("the group has this suite already")
        require_another(reinit, context)
        stated = capabilities_in(context.extensions)  # refuses what cannot be read
        del stated
        wanted = moved_on(context.group_id, context.extensions, context.epoch + 1)
        if tuple(reinit.extensions) != wanted:
            _refuse("a group that is moved to another suite would not stay what it is")

    def _add(self, leaf: LeafNode, actor: Actor) -> None:
        who = identity(leaf.credential)
        replaced = self._removed.get(who, ())
        if who == actor.identity or any(self._brings_back(leaf, each) for each in replaced):
            return
        role = role_of(self._profile, who)
        if self._may_invite_again(actor, role) and any(
            made_for.never_came(each, leaf) for each in replaced
        ):
            return
        if not self._may_invite(actor):
            _refuse(f"{actor.name} may not add {name_of(who)}: in this group admins invite")
        if role > actor.role and not (self._is_orphaned(who) and self._is_known(leaf)):
            _refuse(
                f"{actor.name} may not add {name_of(who)}, who is {role.name} here: "
                f"that is for {name_of(who)}, or for another {role.name}"
            )

    def _remove(self, index: int, actor: Actor) -> None:
        leaf = self._state.tree.leaf(index)
        if leaf is None:
            return  # refused by the RFC's rules (VAL-117)
        who = identity(leaf.credential)
        back = self._adds.get(who, ())
        role = role_of(self._profile, who)
        if who == actor.identity or any(self._brings_back(each, leaf) for each in back):
            return
        if self._may_invite_again(actor, role) and any(
            made_for.never_came(leaf, each) for each in back
        ):
            return
        if any(made_for.never_came(leaf, each) for each in back) and self._may_invite(actor):
            _refuse(
                f"{name_of(who)} has not been there since the group was moved, and is {role.name}:"
                f" another {role.name} may invite them again"
            )
        if actor.role < max(Role.admin, role):
            by = "owners remove owners" if role is Role.owner else "admins remove members"
            _refuse(f"{actor.name} may not remove {name_of(who)}: in this group {by}")

    def _may_invite(self, actor: Actor) -> bool:
        return self._profile.inviting is Inviting.members or actor.role >= Role.admin

    def _may_invite_again(self, actor: Actor, role: Role) -> bool:
        """Whether somebody may let another one in anew who seems to have never come.

        In a group that was moved, all look so until they renew their keys.
        """
        was_moved = epochs_before(self._state.context.extensions) > 0
        return self._may_invite(actor) and (actor.role >= role or not was_moved)

    def _brings_back(self, new: LeafNode, old: LeafNode) -> bool:
        context = self._state.context
        known_as = first_group_id(context.group_id, context.extensions)
        return made_for.brings_back(new, old, known_as)

    def _is_orphaned(self, who: bytes) -> bool:
        """Whether the group lost all of its owners, as by branching, and this is no member."""
        owners = {each.identity for each in self._profile.roles if each.role is Role.owner}
        return not self._present({who, *owners}, after=False)

    def _is_known(self, leaf: LeafNode) -> bool:
        """Whether it is a device that the group has known since it branched."""
        return profile.device_of(leaf) in self._profile.known

    # --- the GroupContext ------------------------------------------------------------------

    def _describe(self, extensions: Sequence[Extension], actor: Actor) -> None:
        for code in differing(self._state.context.extensions, extensions):
            if code == GROUP_PROFILE:
                self._profiled(extensions, actor)
            elif code == ExtensionCode.capabilities:
                self._doors(capabilities_in(extensions), actor)
            elif actor.role is not Role.owner:
                _refuse(f"{actor.name} may not change extension 0x{code:04x}: that is for owners")

    def _profiled(self, extensions: Sequence[Extension], actor: Actor) -> None:
        before, after = self._profile, profile_in(extensions)
        if after is None:
            _refuse("a group does not lose its profile: it says who may do what")
        if _origin(before) != _origin(after):
            _refuse("of which group another one is a branch never changes, nor whom that knew")
        self._safety(after, actor)
        if before.replace(roles=()) != after.replace(roles=()) and actor.role < Role.admin:
            _refuse(f"{actor.name} may not change the group's name or settings: that is for admins")
        listed = {each.identity for each in (*before.roles, *after.roles)}
        changed = {each for each in listed if role_of(before, each) is not role_of(after, each)}
        if not changed:
            return
        present = self._present(changed)
        for who in sorted(changed):
            old, new = role_of(before, who), role_of(after, who)
            lays_down = who == actor.identity and new < old
            is_gone = who not in present
            if is_gone and new is not Role.member:
                _refuse(f"{name_of(who)} cannot become {new.name}: it is no member of the group")
            if new > old and not is_name(who):
                _refuse(f"{name_of(who)} cannot become {new.name}: this is no name")
            if actor.role is not Role.owner and not lays_down and not is_gone:
                _refuse(
                    f"{actor.name} may not make {name_of(who)} {new.name}: roles are for owners"
                )

    def _safety(self, after: GroupProfile, actor: Actor) -> None:
        if self._profile.quantum_safe > after.quantum_safe and actor.role is not Role.owner:
            _refuse(f"{actor.name} may not let the group be less safe: that is for owners")

    def _doors(self, after: GroupCapabilities, actor: Actor) -> None:
        before = capabilities_in(self._state.context.extensions).capabilities
        known = {each.key: each for each in before}
        for right in {each.right for each in after.capabilities if each.key not in known}:
            ours = [each.right for each in after.capabilities if each.creator == actor.opener]
            if ours.count(right) > _MOST_DOORS:
                _refuse(f"{actor.name} may have {_MOST_DOORS} such doors open: close some first")
        for each in after.capabilities:
            old = known.get(each.key, each)
            if each.key in known and each == old.replace(
                not_after=min(old.not_after, each.not_after)
            ):
                continue  # as it was, or for less long: everyone may close it
            if self._inherits(old, each, actor):
                continue
            if {each.creator, old.creator} != {actor.opener}:
                _refuse(f"{actor.name} may not open or change a door in another's name")
            if each.right is Right.join and not self._may_invite(actor):
                _refuse(f"{actor.name} may not open a door to join: in this group admins invite")

    def _inherits(self, old: GroupCapability, new: GroupCapability, actor: Actor) -> bool:
        """Whether a way back goes on, for no longer, under who commits that its maker goes.

        Else whoever is lost at that time could not come back any more.
        """
        return (
            old.right is Right.recover
            and old.creator in self._leaving
            and new == old.replace(creator=actor.opener, not_after=new.not_after)
            and new.not_after <= old.not_after
        )

    # --- all of it -------------------------------------------------------------------------

    def doors_fall(self) -> None:
        """A capability falls with who opened it, who knows the door.

        Raises:
            PolicyError: One of them would stay.
        """
        for each in capabilities_in(self._after).capabilities if self._gone else ():
            if each.creator in self._leaving:
                _refuse("a door would stay open whose opener goes: it has to be closed, too")

    def has_owner(self, joining: bytes | None = None) -> None:
        """A group that has an owner keeps one.

        Args:
            joining: Who comes in by this commit without being added.

        Raises:
            PolicyError: The last one would go.
        """
        after = profile_in(self._after)
        if after is None:
            _refuse("a group does not lose its profile: it says who may do what")
        before, following = _owners(self._profile), _owners(after)
        if before <= following and not any(map(self._is_owner, self._gone)):
            return
        if (
            joining in following
            or self._present(following)
            or not self._present(before, after=False)
        ):
            return
        who = ", ".join(name_of(each) for each in sorted(before))
        _refuse(f"the group would be without an owner: {who} first has to make somebody else owner")

    @cached_property
    def _leaving(self) -> set[bytes]:
        """Who goes, as capabilities name the devices."""
        leaves = filter(None, map(self._state.tree.leaf, self._gone))
        return {opener_at(each) for each in leaves}

    @property
    def _after(self) -> Sequence[Extension]:
        for sent in self._items:
            if isinstance(sent.proposal, GroupContextExtensions):
                return sent.proposal.extensions
        return self._state.context.extensions

    def _is_owner(self, index: int) -> bool:
        leaf = self._state.tree.leaf(index)
        return leaf is not None and (
            role_of(self._profile, identity(leaf.credential)) is Role.owner
        )

    def _present(self, wanted: set[bytes], *, after: bool = True) -> set[bytes]:
        """Which identities have a leaf, before the proposals or after them. Looks at all leaves."""
        found: set[bytes] = set()
        if after:
            found = wanted & self._adds.keys()
        for index, leaf in self._state.tree.members():
            if found == wanted:
                break
            if not (after and index in self._gone):
                found |= wanted & {identity(leaf.credential)}
        return found


def _origin(given: GroupProfile) -> tuple[object, ...]:
    return given.goes_on_from, given.place, given.known


def _owners(given: GroupProfile) -> set[bytes]:
    return {each.identity for each in given.roles if each.role is Role.owner}


def _refuse(sentence: str) -> NoReturn:
    raise PolicyError(sentence)
