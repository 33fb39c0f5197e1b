"""Events of who is in a group, and what it is. May import the base."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from covey.client.events.base import Happened, listed
from covey.client.words import suites
from covey.client.words.showing import line


class MembersChanged(Happened, frozen=True, kw_only=True):
    """A commit has opened an epoch of the log.

    Attributes:
        epoch: Its number.
        by: Who committed.
        added: Who came.
        removed: Who was removed.
        left: Who left of their own will.
        updated: Who has new keys, besides who committed.
    """

    epoch: int
    by: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()

    def __str__(self) -> str:
        back = [name for name in self.added if name in self.removed]
        done = [
            words.format(listed(names))
            for words, names in (
                ("added {}", [name for name in self.added if name not in back]),
                ("removed {}", [name for name in self.removed if name not in back]),
                ("let {} in anew", back),
                ("let {} go", self.left),
            )
            if names
        ]
        return f"{self.by} {' and '.join(done) or 'renewed keys'}"


class Renamed(Happened, frozen=True, kw_only=True):
    """The group has another name.

    Attributes:
        by: Who renamed it.
        before: What it was called.
        name: What it is called.
    """

    by: str
    before: str
    name: str

    _unshown: ClassVar[frozenset[str]] = frozenset({"before", "name"})

    def __str__(self) -> str:
        return f"{self.by} renamed the group from {line(self.before)!r} to {line(self.name)!r}"


class RolesChanged(Happened, frozen=True, kw_only=True):
    """Members have other roles: ``admin`` or ``owner``; who is a mere member is not listed.

    Attributes:
        by: Who decided so.
        roles: Who is what, by name.
        before: Who was what.
    """

    by: str
    roles: dict[str, str]
    before: dict[str, str] = msgspec.field(default_factory=dict)

    def __str__(self) -> str:
        changes = [
            f"{name} is {now} now"
            for name in sorted({*self.roles, *self.before})
            if (now := self.roles.get(name, "member")) != self.before.get(name, "member")
        ]
        return f"{self.by} changed roles: {listed(changes) or 'nothing changed'}"


class SettingsChanged(Happened, frozen=True, kw_only=True):
    """Who may invite, when messages disappear, or which suites the group takes, is another.

    Attributes:
        by: Who decided so.
        inviting: Who may invite: ``members`` or ``admins``.
        expires_after: Seconds after which messages disappear; 0 is never.
        quantum_safe: Whether the group refuses every suite that is not.
        was_quantum_safe: Whether it did before.
    """

    by: str
    inviting: str
    expires_after: int
    quantum_safe: bool = False
    was_quantum_safe: bool = False

    def __str__(self) -> str:
        after = f"disappear after {self.expires_after} seconds" if self.expires_after else "stay"
        safe = ""
        if self.quantum_safe:
            safe = ", and every suite is to be quantum-safe"
        elif self.was_quantum_safe:
            safe = ", and no suite has to be quantum-safe any more"
        return f"{self.by} decided: {self.inviting} may invite, and messages {after}{safe}"


class Upgrading(Happened, frozen=True, kw_only=True):
    """The group is being moved to another cipher suite: what is said waits until it is.

    Attributes:
        by: Who moves it.
        suite: The number of the suite.
    """

    by: str
    suite: int

    def __str__(self) -> str:
        return f"{self.by} moves the group to {suites.name(self.suite)}"


class Upgraded(Happened, frozen=True, kw_only=True):
    """The group has another cipher suite, with the same members and roles.

    Attributes:
        before: The number of the suite that it had.
        suite: That of the one that it has.
        epoch: The epoch in which that begins.
    """

    before: int
    suite: int
    epoch: int

    def __str__(self) -> str:
        return f"the group now has {suites.sentence(self.suite)}"


class Joined(Happened, frozen=True, kw_only=True):
    """We are in a group.

    Attributes:
        name: What it is called.
        how: ``created``, ``welcome``, ``subgroup``, ``file``, ``link``, ``recovered`` or
            ``branched``.
        inviter: Who let us in; empty when nobody did.
        epoch: The epoch in which we came.
        parent: The gid of the group of which it is a subgroup, in hex; empty when it is none.
    """

    name: str
    how: str
    inviter: str = ""
    epoch: int = 0
    parent: str = ""

    _unshown: ClassVar[frozenset[str]] = frozenset({"name"})
    _ways: ClassVar[dict[str, str]] = {
        "created": "you created",
        "recovered": "you are back in",
        "branched": "you go on in",
        "subgroup": "you are in the subgroup",
    }

    def __str__(self) -> str:
        by = f", let in by {self.inviter}" if self.inviter else ""
        return f"{self._ways.get(self.how, 'you joined')} {line(self.name)!r}{by}"


class InvitationFailed(Happened, frozen=True, kw_only=True):
    """Somebody has let us into a group, and we cannot come in by that.

    Attributes:
        why: Why not.
    """

    why: str

    def __str__(self) -> str:
        return (
            f"you were let into a group and cannot come in, so ask to be invited again: "
            f"{line(self.why)}"
        )


class RemovedFromGroup(Happened, frozen=True, kw_only=True):
    """We are out; what was said before stays in the history.

    Attributes:
        by: Who removed us.
    """

    by: str

    def __str__(self) -> str:
        return f"{self.by} removed you from the group"


class MemberLeft(Happened, frozen=True, kw_only=True):
    """Somebody left of their own will.

    Attributes:
        name: Who; empty when it was we.
    """

    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or 'you'} left the group"


class Arrived(Happened, frozen=True, kw_only=True):
    """Somebody who was invited is there: the first commit of its own has come.

    Attributes:
        name: Who.
    """

    name: str

    def __str__(self) -> str:
        return f"{self.name} has arrived"


class WishRefused(Happened, frozen=True, kw_only=True):
    """Something that was wanted cannot be done.

    Attributes:
        what: What was wanted.
        why: Why not, and what to do.
        wish: The number of the wish in the store; 0 for what is no commit.
    """

    what: str
    why: str
    wish: int = 0

    _unshown: ClassVar[frozenset[str]] = frozenset({"what"})

    def __str__(self) -> str:
        return f"could not {line(self.what)}: {line(self.why)}"


class Knocked(Happened, frozen=True, kw_only=True):
    """Somebody asked to be let in, by a link or to come back.

    Attributes:
        name: Who it says that it is.
        accepted: Whether we let it in.
        why: By what right, or why not.
    """

    name: str
    accepted: bool
    why: str = ""

    def __str__(self) -> str:
        done = "is let in" if self.accepted else "is not let in"
        return f"{self.name} knocked and {done}" + (f": {line(self.why)}" if self.why else "")
