"""A group, as an application uses it.

May import the parts of it, the engine, the roles and the safety numbers.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from covey.client.conversing import whom
from covey.client.conversing.founding import Founding
from covey.client.conversing.leaving import Leaving
from covey.client.conversing.moving import Moving
from covey.client.conversing.talking import Talking
from covey.client.conversing.whom import identity_of
from covey.client.words import profile, safety, typed
from covey.client.words.safety import GroupNumber
from covey.client.words.showing import name_of
from covey.errors import StateError
from covey.mls.wire.code_points import LeafNodeSource

if TYPE_CHECKING:
    from covey.client.sync.log.place import Place
    from covey.mls import Group
    from covey.store.port import Rows


class MemberView(msgspec.Struct, frozen=True):
    """Somebody in a group.

    Attributes:
        name: Who.
        role: ``owner``, ``admin`` or ``member``.
        devices: How many devices of theirs are in the group.
        verified: Whether we have compared safety numbers for all of them.
        arrived: Whether one of them has been there since it was let in, or the group was moved.
        keys: The signature keys of the devices, in hex.
        own: Whether it is we.
    """

    name: str
    role: str
    devices: int
    verified: bool
    arrived: bool
    keys: tuple[str, ...] = ()
    own: bool = False


class Conversation(Talking, Founding, Moving, Leaving):
    """A group. What is read of it is read from the store, as it is at that moment.

    Made by a :class:`~covey.client.client.Client`.
    """

    def __repr__(self) -> str:
        return f"Conversation({self._number})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Conversation) and (other._engine, other._number) == (
            self._engine,
            self._number,
        )

    def __hash__(self) -> int:
        return hash((id(self._engine), self._number))

    @property
    def name(self) -> str:
        """What it is called."""
        return self._row.name

    @property
    def status(self) -> str:
        """How we stand to it: ``active``, ``leaving``, ``left``, ``removed``, ``lost``, or else."""
        return self._row.status.value

    @property
    def is_in(self) -> bool:
        """Whether we are in it."""
        return self._row.status.is_in

    @property
    def trouble(self) -> str:
        """What is in the way, for people; empty when nothing is."""
        keeper = self._engine.keeper(self._number)
        return self._row.trouble or ("" if keeper is None else keeper.trouble)

    @property
    def epoch(self) -> int:
        """The number of its epoch."""
        return self._row.epoch

    @property
    def waiting(self) -> int:
        """How many messages of ours the broker does not have yet."""
        return self._engine.waiting(self._number)

    @property
    def inviting(self) -> str:
        """Who may invite: ``members`` or ``admins``; empty when the group does not say."""
        return self._row.inviting

    @property
    def expires_after(self) -> int:
        """Seconds after which messages disappear that do not say it themselves; 0 is never."""
        return self._row.expires_after

    @property
    def members(self) -> list[MemberView]:
        """Who is in it, in the order of the tree; nobody when we are not."""
        if not self._row.status.is_in:
            return []
        return self._with_group(self._members)

    def _members(self, place: Place, group: Group) -> list[MemberView]:
        keys: dict[bytes, list[bytes]] = {}
        arrived: set[bytes] = set()
        for member in group.members:
            keys.setdefault(member.identity, []).append(member.signature_key)
            leaf = group.tree.leaf(member.index)
            assert leaf is not None
            if leaf.leaf_node_source is not LeafNodeSource.key_package or group.epoch == 0:
                arrived.add(member.identity)
        stated = profile.profile_of(group.extensions)
        own = place.seat.home.identity
        with place.seat.home.store.reading() as rows:
            return [
                MemberView(
                    name_of(identity),
                    "member" if stated is None else profile.role_of(stated, identity).name,
                    len(found),
                    identity == own or safety.is_verified(rows, identity, *found),
                    identity == own or identity in arrived,
                    tuple(key.hex() for key in found),
                    identity == own,
                )
                for identity, found in keys.items()
            ]

    # --- safety --------------------------------------------------------------------------

    def safety_number(self, name: str) -> str:
        """The number to compare with a member, who sees the same: sixty digits.

        Raises:
            StateError: We are not in the group, or it is not.
        """
        own, ours, them, theirs = self._with_group(partial(_keys, name))
        return safety.member_number(own, ours, them, theirs)

    def group_number(self) -> GroupNumber:
        """The number of the group as it is now: members who see the same agree on all of it.

        On its members, their keys and its whole log, also when the broker would have it otherwise.
        It changes with every entry of the log, and each message is one; so members compare it when
        both have :meth:`~covey.client.client.Client.sync`-ed, and nobody says anything.

        Raises:
            StateError: We are not in it.
        """
        return self._with_group(_group_number)

    async def verify(self, name: str, number: str) -> None:
        """Take note that a member sees the same safety number as we do.

        What is noted are the keys of which this number is made, and no others: those that have come
        since it was shown, nobody has compared.

        Args:
            name: Who.
            number: The number that was compared, as :meth:`safety_number` gave it, or as a camera
                has read it from the other screen; white space does not matter.

        Raises:
            StateError: It is no safety number; we are not in the group, or it is not; or keys of
                one of us have changed since the number was shown, and nothing was noted.
            TypeError: The number is no text.
        """
        safety.require_number(number)
        await self._engine.call(partial(self._note, name, number))

    def _note(self, name: str, number: str) -> None:
        own, ours, them, theirs = self._with_group(partial(_keys, name))
        if safety.digits(number) != safety.digits(safety.member_number(own, ours, them, theirs)):
            who = name_of(them)
            msg = (
                f"nothing was noted: this is not the safety number of you and {who} as it is now."
                f" If it was shown here before, keys of {who} or of yours have changed meanwhile:"
                " see who is in the group, and with how many devices, show the number anew, and"
                f" compare that one. If it is what {who} sees now, somebody stands between you"
            )
            raise StateError(msg)
        now = self._engine.home.world.second
        with self._engine.store.transaction() as rows:
            for key in theirs:
                safety.mark(rows, them, key, now)

    async def unverify(self, name: str) -> bool:
        """Take somebody as not verified, who is in the group or not; whether it was.

        Raises:
            TypeError: The name is no text.
        """
        typed.string("a name", name)
        there = self._with_group(_identities) if self.is_in else set()

        def forget(rows: Rows) -> bool:
            return safety.forget(rows, identity_of(name, there | safety.verified(rows)))

        try:
            return await self._engine.write(forget)
        except StateError:  # nobody is called so
            return False

    def export(self, label: str, context: bytes, length: int) -> bytes:
        """A secret that all members of this epoch can derive, and nobody else (RFC 9420 §8.5).

        Args:
            label: What it is for; it does not begin with ``covey``.
            context: What it is bound to.
            length: Its bytes.

        Raises:
            StateError: We are not in the group, or the label is one of covey's own.
            TypeError: What is given is of another type.
            ValueError: There cannot be so many bytes: at most 255 times those of the suite's hash.
        """
        typed.text("a label", label)
        typed.octets("a context", context)
        typed.number("a length", length)
        if label.startswith("covey"):
            msg = "labels that begin with covey are its own: choose another"
            raise StateError(msg)
        return self._with_group(lambda _, group: group.export(label, context, length))


def _group_number(place: Place, group: Group) -> GroupNumber:
    row = place.seat.row
    number = safety.group_number(group.epoch_authenticator, row.hash)
    return GroupNumber(number, row.epoch, row.seq)


def _identities(_: Place, group: Group) -> set[bytes]:
    return whom.identities(group)


def _keys(
    name: str, place: Place, group: Group
) -> tuple[bytes, tuple[bytes, ...], bytes, tuple[bytes, ...]]:
    """Our identity and our keys, a member's identity and its keys."""
    own = place.seat.home.identity
    found: dict[bytes, list[bytes]] = {}
    for each in group.members:
        found.setdefault(each.identity, []).append(each.signature_key)
    them = identity_of(name, found)
    if them == own:
        msg = "this is you: compare numbers with somebody else of the group"
        raise StateError(msg)
    return own, tuple(found[own]), them, tuple(found[them])
