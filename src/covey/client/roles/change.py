"""What a commit changes, as people and policies of applications look at it.

May import the engine and the profile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import msgspec

from covey.access.member.addresses import capabilities_of, epochs_before
from covey.access.structs.extensions import ExtensionCode, GroupCapability
from covey.client.events.base import listed
from covey.client.words import profile, suites
from covey.client.words.profile import GROUP_PROFILE, GroupProfile, Role
from covey.client.words.showing import line, name_of
from covey.mls.group.events import MemberInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.mls.group.epoch import PublicState
    from covey.mls.group.events import Changed
    from covey.mls.structs.extensions import Extension


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit changes; ``str()`` of it is a sentence.

    Attributes:
        epoch: The epoch of the log that it opens.
        who: Who commits.
        external: Whether who commits comes in by this.
        added: Whom it adds; one for each device.
        removed: Whom it removes.
        left: Whose wish to leave it fulfils.
        updated: Who has new keys, besides who commits.
        before: The group's profile before it, or None.
        after: The group's profile after it, or None.
        opened: Capabilities that it adds: doors at which others may knock.
        closed: Capabilities that it takes away.
        other: The types of other GroupContext extensions that it changes.
        moves_to: The cipher suite in which the group goes on; None when it stays in its own.
        custom: The types of proposals in it that only the application knows.
    """

    epoch: int
    who: MemberInfo
    external: bool = False
    added: tuple[MemberInfo, ...] = ()
    removed: tuple[MemberInfo, ...] = ()
    left: tuple[MemberInfo, ...] = ()
    updated: tuple[MemberInfo, ...] = ()
    before: GroupProfile | None = None
    after: GroupProfile | None = None
    opened: tuple[GroupCapability, ...] = ()
    closed: tuple[GroupCapability, ...] = ()
    other: tuple[int, ...] = ()
    moves_to: int | None = None
    custom: tuple[int, ...] = ()

    @classmethod
    def of(cls, changed: Changed, state: PublicState) -> Self:
        """The change of a commit.

        Args:
            changed: What the engine says of it.
            state: The public state before it.

        Raises:
            DecodeError: The profile or the capabilities are none, before it or after it.
        """
        before = state.context.extensions
        after = before if changed.extensions is None else changed.extensions
        old, new = capabilities_of(before).capabilities, capabilities_of(after).capabilities
        left = changed.left
        return cls(
            epoch=epochs_before(before) + changed.epoch,
            who=changed.committer,
            external=changed.external,
            added=changed.added,
            removed=tuple(each for each in changed.removed if each not in left),
            left=left,
            updated=changed.updated,
            before=profile.profile_of(before),
            after=profile.profile_of(after),
            opened=tuple(each for each in new if each not in old),
            closed=tuple(each for each in old if each not in new),
            other=tuple(
                code
                for code in differing(before, after)
                if code not in {GROUP_PROFILE, ExtensionCode.capabilities}
            ),
            moves_to=None if changed.reinit is None else changed.reinit.cipher_suite,
            custom=tuple(each.proposal_type for each in changed.custom),
        )

    @property
    def renamed(self) -> tuple[str, str] | None:
        """The name of the group before and after; None when it stays."""
        before, after = (each.name.decode() if each else "" for each in (self.before, self.after))
        return None if before == after else (before, after)

    @property
    def roles(self) -> dict[str, tuple[Role, Role]]:
        """Whose role changes: what it was, and what it will be, by name."""
        listed_ones = {
            each.identity for given in (self.before, self.after) if given for each in given.roles
        }
        changes = {
            name_of(identity): (_role(self.before, identity), _role(self.after, identity))
            for identity in sorted(listed_ones)
        }
        return {name: change for name, change in changes.items() if change[0] is not change[1]}

    def __str__(self) -> str:
        done = [*self._people(), *self._settings()]
        return f"{name_of(self.who.identity)} {listed(done) or 'renews keys'}"

    def _people(self) -> Iterable[str]:
        if self.external:
            yield "comes in by itself"
        for word, members in (
            ("adds", self.added),
            ("removes", self.removed),
            ("lets go", self.left),
        ):
            if members:
                yield f"{word} {listed([name_of(each.identity) for each in members])}"

    def _settings(self) -> Iterable[str]:
        if self.renamed is not None:
            yield f"renames the group to {line(self.renamed[1])!r}"
        for name, (_, role) in self.roles.items():
            yield f"makes {name} {role.name}"
        if self.after is not None:
            yield from _stated(self.before, self.after)
        for each in self.opened:
            yield f"opens a door to {each.right.name}"
        for each in self.closed:
            yield f"closes a door to {each.right.name}"
        if self.other:
            yield f"changes extensions {', '.join(f'0x{code:04x}' for code in self.other)}"
        if self.moves_to is not None:
            yield f"moves the group to {suites.name(self.moves_to)}"


def differing(before: Sequence[Extension], after: Sequence[Extension]) -> list[int]:
    """The types of extensions that two lists differ in; their order says nothing."""
    old = {each.extension_type: each.extension_data for each in before}
    new = {each.extension_type: each.extension_data for each in after}
    return sorted(code for code in old.keys() | new.keys() if old.get(code) != new.get(code))


def _role(given: GroupProfile | None, identity: bytes) -> Role:
    return Role.member if given is None else profile.role_of(given, identity)


def _stated(before: GroupProfile | None, after: GroupProfile) -> Iterable[str]:
    """What the profile of a group says that it did not say before."""
    if before is None or before.inviting is not after.inviting:
        yield f"lets {after.inviting.name} invite"
    if before is None or before.expires_after != after.expires_after:
        yield f"lets messages disappear after {after.expires_after} seconds"
    if after.quantum_safe != (0 if before is None else before.quantum_safe):
        does = "refuses" if after.quantum_safe else "takes"
        yield f"{does} suites that are not quantum-safe"
