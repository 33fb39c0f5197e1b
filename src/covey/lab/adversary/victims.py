"""Who can be attacked: whoever takes something from somebody else. May import the engine.

A victim tries what it is given. It can be copied, so that one bad message can be tried with
and without the check that refuses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

from covey.mls.group.group import Group

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.mls.group.core import Ports
    from covey.mls.group.member import Member, PrivateKeyPackage
    from covey.mls.group.public_group import PublicGroup


class Victim(Protocol):
    """Somebody who tries what it is given."""

    def attempt(self, given: Any) -> object:  # noqa: ANN401 - each victim says what it takes
        """Try it.

        Raises:
            CoveyError: It is refused.
        """

    def snapshot(self) -> bytes:
        """All that must be the same after a refusal."""

    def copy(self) -> Self:
        """Another one in the same state."""


def _restored(group: Group) -> Group:
    """A group from what it would store; all of it is decoded now, as long as nothing is spoiled."""
    again = Group.restore(group.snapshot(), group.ports)
    assert again.members == group.members
    return again


class MemberVictim(NamedTuple):
    """A member, which receives an MLSMessage."""

    group: Group

    def attempt(self, given: bytes) -> object:
        """Receive it."""
        return self.group.receive(given)

    def snapshot(self) -> bytes:
        """The state of the group."""
        return self.group.snapshot()

    def copy(self) -> MemberVictim:
        """The same member, restored from what it would store."""
        return MemberVictim(_restored(self.group))


class ObserverVictim(NamedTuple):
    """An observer without secrets, which receives an MLSMessage; ``again`` makes it anew."""

    group: PublicGroup
    again: Callable[[], PublicGroup]

    def attempt(self, given: bytes) -> object:
        """Receive it."""
        return self.group.receive(given)

    def snapshot(self) -> bytes:
        """The GroupContext, and the proposals, that it knows."""
        return self.group.context.encode() + b"".join(self.group.proposals)

    def copy(self) -> ObserverVictim:
        """The same observer."""
        return ObserverVictim(self.again(), self.again)


class JoinerVictim(NamedTuple):
    """A client with a KeyPackage, which joins by a Welcome.

    Attributes:
        client: Who it is.
        package: The KeyPackage it was added by.
        ports: What its group will work with.
        tree: The ratchet tree, when it does not come in the Welcome.
        groups: The group_ids of its other groups.
        continues: Its group that the new one continues, by ReInit or branch.
    """

    client: Member
    package: PrivateKeyPackage
    ports: Ports
    tree: bytes | None = None
    groups: tuple[bytes, ...] = ()
    continues: Group | None = None

    def attempt(self, given: bytes | tuple[bytes, bytes]) -> Group:
        """Join by a Welcome, or by a Welcome and a ratchet tree."""
        welcome, tree = given if isinstance(given, tuple) else (given, self.tree)
        return Group.join(
            self.client,
            self.package,
            welcome,
            ratchet_tree=tree,
            successor_of=self.continues,
            groups=self.groups,
            ports=self.ports,
        )

    def snapshot(self) -> bytes:
        """Its KeyPackage with its private keys, and the state of the group it comes from."""
        before = b"" if self.continues is None else self.continues.snapshot()
        return self.package.encode() + before

    def copy(self) -> JoinerVictim:
        """Itself: nothing changes in it."""
        return self


class OutsiderVictim(NamedTuple):
    """A client without an invitation, which joins by a GroupInfo."""

    client: Member
    ports: Ports

    def attempt(self, given: bytes | tuple[bytes, bytes]) -> object:
        """Join by a GroupInfo, or by a GroupInfo and a ratchet tree."""
        info, tree = given if isinstance(given, tuple) else (given, None)
        return Group.join_externally(self.client, info, ratchet_tree=tree, ports=self.ports)

    def snapshot(self) -> bytes:
        """Its signature key."""
        return self.client.signature_key

    def copy(self) -> OutsiderVictim:
        """Itself: nothing changes in it."""
        return self


class SenderVictim(NamedTuple):
    """A member whose own application asks for something; who is attacked are the others.

    Attributes:
        group: The member's group.
        ask: What the application does with the group and what it is given.
    """

    group: Group
    ask: Callable[[Group, Any], object]

    def attempt(self, given: Any) -> object:  # noqa: ANN401 - whatever ``ask`` takes
        """Do it."""
        return self.ask(self.group, given)

    def snapshot(self) -> bytes:
        """The state of the group."""
        return self.group.snapshot()

    def copy(self) -> SenderVictim:
        """The same member, restored from what it would store."""
        return SenderVictim(_restored(self.group), self.ask)


class DecoderVictim(NamedTuple):
    """Whoever decodes bytes, or checks a value, and keeps nothing."""

    take: Callable[[Any], object]

    def attempt(self, given: Any) -> object:  # noqa: ANN401 - whatever ``take`` takes
        """Decode them."""
        return self.take(given)

    def snapshot(self) -> bytes:
        """Nothing."""
        return b""

    def copy(self) -> DecoderVictim:
        """Itself."""
        return self


class Trial(NamedTuple):
    """Somebody is attacked.

    Attributes:
        victim: Who.
        bad: What breaks the check, and nothing else.
        good: The same with its one fault repaired.
    """

    victim: Victim
    bad: Any
    good: Any
