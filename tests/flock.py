"""A group whose members all live in one process, and the order that a broker would keep.

A member may sleep: what comes for it waits. Commits are taken one per epoch, in the order
in which they are offered; whoever comes later has lost, and hears so from the group. After
each commit, everybody who is awake must agree, or an assertion fails.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pytest

from covey import mls
from covey.errors import MissingKeyError, StateError
from covey.mls.structs.proposals import SelfRemove
from group_samples import UNKNOWN_TYPE, agree, epoch, external_senders

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.mls.group.welcome import Invitation
    from covey.mls.rules.proposal_list import Sent

SHARED_PSK = b"shared"
CUSTOM = UNKNOWN_TYPE
"""The extension and proposal type that only able members support."""


class Open(mls.Policy):
    """A policy that lets strangers propose to add themselves."""

    def accept_proposal(self, sent: Sent, state: mls.PublicState) -> None:
        """Take every proposal."""


ABLE = Open(extension_types=frozenset({CUSTOM}), proposal_types=frozenset({CUSTOM}), threads=1)
PLAIN = Open(threads=1)


class Invited(NamedTuple):
    """A client with a KeyPackage that somebody may commit."""

    client: mls.Member
    package: mls.PrivateKeyPackage


@dataclass
class Letter:
    """An application message on its way.

    Attributes:
        data: What it says.
        message: The MLSMessage.
        epoch: Of its sending.
        sender: Who sent it.
        index: The leaf of the sender.
        readers: Who can read it and has not yet.
    """

    data: bytes
    message: bytes
    epoch: int
    sender: str
    index: int
    readers: set[str] = field(default_factory=set)


def stream(seed: bytes) -> Callable[[int], bytes]:
    """Bytes that look random and are the same in every run."""
    counter = itertools.count()

    def draw(length: int) -> bytes:
        return hashlib.shake_128(seed + next(counter).to_bytes(8)).digest(length)

    return draw


class Flock:
    """The members of one group.

    Attributes:
        suite: The cipher suite.
        groups: The group as each member sees it, by name.
        clients: The members, by name.
        inboxes: What waits for those who sleep.
        gone: The groups of members that were removed.
        letters: Application messages on their way.
        leaving: The SelfRemoves of this epoch, by name.
        since: The epoch in which each member's memory begins.
    """

    def __init__(self, suite: int, founders: int = 1) -> None:
        self.suite = suite
        self.entropy = stream(b"flock")
        self.psks = mls.MemoryPsks()
        self.psks.add(SHARED_PSK, b"s" * 32)
        self.groups: dict[str, mls.Group] = {}
        self.clients: dict[str, mls.Member] = {}
        self.inboxes: dict[str, list[bytes]] = {}
        self.gone: list[mls.Group] = []
        self.letters: list[Letter] = []
        self.leaving: dict[str, bytes] = {}
        self.since: dict[str, int] = {}
        self.invited: dict[bytes, Invited] = {}
        self.count = 0
        self.warden = mls.Member.basic(b"warden", suite, policy=PLAIN, entropy=self.entropy)
        first, *others = [self.invite() for _ in range(founders)]
        self.invited.clear()
        founded = mls.Group.found(
            first.client,
            [each.package.message for each in others],
            group_id=b"flock",
            ports=self.ports(first.client),
        )
        self.seat(first.client, founded.group)
        for each in others:
            ports = self.ports(each.client)
            group = mls.Group.join(each.client, each.package, founded.welcome, ports=ports)
            self.seat(each.client, group)

    # --- looking -----------------------------------------------------------------------

    @property
    def awake(self) -> list[str]:
        """Who is awake, in the order of joining."""
        return [name for name in self.groups if name not in self.inboxes]

    def pick(self, number: int, *, awake: bool = True) -> str:
        """A member by number."""
        names = self.awake if awake else list(self.groups)
        return names[number % len(names)]

    def index(self, name: str) -> int:
        """The leaf of a member, as the others see it."""
        return self.groups[name].own_index

    def is_able(self, name: str) -> bool:
        """Whether a member supports the custom types."""
        return self.clients[name].policy is ABLE

    def all_able(self) -> bool:
        """Whether all members do."""
        return all(self.is_able(name) for name in self.groups)

    def is_leaving(self, name: str) -> bool:
        """Whether a member has asked to leave, and waits for another one to commit that."""
        own = self.groups[name].own_index
        return any(
            isinstance(each.proposal, SelfRemove) and each.sender.leaf_index == own
            for each in self.groups[name].proposals
        )

    @property
    def epoch(self) -> int:
        """The epoch of those who are awake."""
        return self.groups[self.awake[0]].epoch

    # --- coming ------------------------------------------------------------------------

    def ports(self, client: mls.Member) -> mls.Ports:
        """The ports of a member; all know the shared PSK."""
        return mls.Ports(client.policy, self.psks, self.entropy)

    def client(self, *, able: bool = True) -> mls.Member:
        """A client with a name that nobody had before."""
        self.count += 1
        name = f"m{self.count}".encode()
        policy = ABLE if able else PLAIN
        return mls.Member.basic(name, self.suite, policy=policy, entropy=self.entropy)

    def invite(self, *, able: bool = True) -> Invited:
        """A new client with a KeyPackage."""
        client = self.client(able=able)
        invited = Invited(client, client.key_package())
        self.invited[invited.package.reference] = invited
        return invited

    def seat(self, client: mls.Member, group: mls.Group) -> None:
        """Take a new member into the flock."""
        name = name_of(client)
        self.groups[name] = group
        self.clients[name] = client
        self.since[name] = group.epoch

    def leave(self, name: str) -> None:
        """Forget a member that was removed."""
        self.gone.append(self.groups.pop(name))
        self.inboxes.pop(name, None)
        for letter in self.letters:
            letter.readers.discard(name)

    def join(self, invitation: Invitation, tree: bytes | None) -> None:
        """Let those join whom a Welcome is for."""
        for reference in invitation.references:
            client, package = self.invited[reference]
            staged = mls.Group.stage_welcome(
                client,
                package,
                invitation.message,
                ratchet_tree=tree,
                ports=self.ports(client),
            )
            assert name_of(client) in {each.identity.decode() for each in staged.members}
            self.seat(client, staged.accept())

    # --- talking -----------------------------------------------------------------------

    def broadcast(self, message: bytes, sender: str | None = None) -> None:
        """Deliver a proposal to all, its sender included."""
        for name in self.awake:
            event = self.groups[name].receive(message)
            if name == sender:
                assert isinstance(event, mls.OwnMessage)
            else:
                assert isinstance(event, mls.ProposalReceived)
                self._note_leaving(event, message)
        for inbox in self.inboxes.values():
            inbox.append(message)

    def _note_leaving(self, event: mls.ProposalReceived, message: bytes) -> None:
        if isinstance(event.proposal, SelfRemove):
            index = event.sender.leaf_index
            name = next(name for name in self.groups if self.index(name) == index)
            self.leaving[name] = message

    def write(self, name: str) -> None:
        """Send an application message, which is not delivered yet."""
        group = self.groups[name]
        data = f"{len(self.letters)} of {name}".encode()
        message = group.protect(data, b"beside")
        readers = {other for other in self.groups if other != name}
        letter = Letter(data, message, group.epoch, name, group.own_index, readers)
        self.letters.append(letter)

    def read(self, letter: Letter, name: str) -> None:
        """Deliver an application message to somebody who can read it, or cannot."""
        group = self.groups[name]
        kept = group.ports.policy.past_epochs
        reachable = self.since[name] <= letter.epoch and 0 <= group.epoch - letter.epoch <= kept
        before = group.snapshot()
        if letter.sender == name and reachable:
            assert group.receive(letter.message) == mls.OwnMessage(letter.epoch)
        elif name in letter.readers and reachable:
            event = group.receive(letter.message)
            assert isinstance(event, mls.MessageReceived)
            assert (event.data, event.authenticated_data) == (letter.data, b"beside")
            assert event.sender.identity == letter.sender.encode()
            assert (event.sender.index, event.epoch) == (letter.index, letter.epoch)
            letter.readers.discard(name)
            return
        else:
            with pytest.raises(MissingKeyError):
                group.receive(letter.message)
        assert group.snapshot() == before

    # --- committing --------------------------------------------------------------------

    def settle(
        self,
        committer: str,
        pending: mls.PendingCommit,
        *,
        echo: bool = False,
        staged: bool = False,
    ) -> None:
        """The group takes a commit: everybody follows, and new members join."""
        for name in self.awake:
            group = self.groups[name]
            if name == committer:
                event = group.receive(pending.message) if echo else group.accept(pending)
                assert event == mls.EpochChanged(pending.changed, own=True)
            else:
                self.follow(name, pending.message, pending.changed, staged=staged)
        for inbox in self.inboxes.values():
            inbox.append(pending.message)
        self._after(pending.changed)
        tree = pending.ratchet_tree
        for invitation in pending.welcomes:
            self.join(invitation, tree)
        self.check()

    def settle_external(self, joined: mls.JoinedExternally, client: mls.Member) -> None:
        """The group takes an external commit."""
        for name in self.awake:
            self.follow(name, joined.commit, joined.changed)
        for inbox in self.inboxes.values():
            inbox.append(joined.commit)
        self._after(joined.changed)
        self.seat(client, joined.group)
        self.check()

    def follow(
        self, name: str, message: bytes, changed: mls.Changed | None, *, staged: bool = False
    ) -> None:
        """One member receives a commit."""
        group = self.groups[name]
        lost = group.pending is not None
        before = group.snapshot() if staged else b""
        looked = group.stage(message) if staged else group.receive(message)
        if isinstance(looked, mls.StagedCommit):
            assert group.snapshot() == before
            assert changed in {None, looked.changed}
            event = group.apply(looked)
        else:
            event = looked
        assert isinstance(event, mls.EpochChanged)
        assert changed in {None, event.changed}
        assert event.discarded is lost
        assert not event.own
        assert group.pending is None
        assert event.removed is not group.is_active

    def _after(self, changed: mls.Changed) -> None:
        """Let go those who were removed, and what belonged to the epoch."""
        going = {each.identity.decode() for each in changed.removed}
        for name in going:
            if name in self.groups:
                if name not in self.inboxes:
                    assert not self.groups[name].is_active
                self.leave(name)
        self.leaving.clear()

    def check(self) -> None:
        """Everybody who is awake agrees; nobody who is gone hears anything."""
        awake = [self.groups[name] for name in self.awake]
        agree(awake)
        names = {each.identity.decode() for each in awake[0].members}
        assert names == set(self.groups)
        for group in self.gone[-3:]:
            if not group.is_active:
                with pytest.raises(StateError):
                    group.receive(b"")

    # --- sleeping ----------------------------------------------------------------------

    def sleep(self, name: str) -> None:
        """A member goes offline; at least one stays."""
        if len(self.awake) > 1:
            self.inboxes[name] = []

    def wake(self, name: str) -> None:
        """A member comes back, and reads what has waited, in order."""
        for message in self.inboxes.pop(name):
            group = self.groups[name]
            event = group.receive(message)
            assert not isinstance(event, mls.MessageReceived)
            assert group.is_active
        if len(self.awake) > 1:
            self.check()

    def restart(self, name: str) -> None:
        """A member's process ends, and begins again with what it had stored."""
        group = self.groups[name]
        snapshot = group.snapshot()
        again = mls.Group.restore(snapshot, group.ports)
        assert again.snapshot() == snapshot
        assert epoch(again).private.mismatch(again.tree) is None
        self.groups[name] = again

    def warden_extension(self) -> mls.Extension:
        """The extension that lets the warden propose from outside."""
        return external_senders(self.warden)

    def hears_the_warden(self) -> bool:
        """Whether it stands in the group's extensions."""
        return self.warden_extension() in self.groups[self.awake[0]].extensions


def name_of(client: mls.Member) -> str:
    """The name of a client."""
    credential = client.credential
    return credential.identity.decode()  # type: ignore[union-attr]
