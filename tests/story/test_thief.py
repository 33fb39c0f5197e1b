"""The thief: forward secrecy and post-compromise security, shown instead of claimed.

The whole live state of a member is stolen. With it alone no message that the member had
read or sent before can be decrypted; after the member has committed with a path, and so has
another, no later one either; in between, all can. Once this is tried with the engine itself
in the thief's hands, and once with everything that follows from the stolen bytes by any
sequence of derivations (:mod:`thief`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import CoveyError, MissingKeyError, StateError
from group_samples import PRIVATE, PUBLIC, agree
from thief import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = pytest.mark.parametrize("form", [PUBLIC, PRIVATE], ids=["public", "private"])
SUITES = pytest.mark.parametrize("suite", [1, 2, 4, 7])
"""One of each curve; where keys are derived in the same way there is nothing else to see."""


@dataclass
class Sent:
    """A private message.

    Attributes:
        message: The MLSMessage.
        sender: Who sent it.
        epoch: When.
        time: Its place among everything that happened.
        read: When each member read it, or sent it.
    """

    message: bytes
    sender: str
    epoch: int
    time: int
    read: dict[str, int] = field(default_factory=dict)


@dataclass
class Loot:
    """The stolen state of a member.

    Attributes:
        victim: Whose it is.
        state: A snapshot.
        epoch: When it was stolen.
        time: Its place among everything that happened.
    """

    victim: str
    state: bytes
    epoch: int
    time: int


class Story:
    """A group that talks and commits, while a thief comes again and again."""

    def __init__(self, suite: int, form: mls.WireFormat, trace: Trace) -> None:
        self.trace = trace
        self.suite = suite
        self.policy = mls.Policy(handshake=form, threads=1)
        self.time = 0
        self.groups: dict[str, mls.Group] = {}
        self.out: dict[str, int] = {}
        self.joined: dict[str, int] = {}
        self.wire: list[bytes] = []
        self.sent: list[Sent] = []
        self.loots: list[Loot] = []
        self.healed: dict[str, list[tuple[int, int]]] = {}
        """(time when the fresh keys were made, epoch that they protect), by name."""
        names = ["alice", "bob", "carol", "dave", "erin"]
        clients = [self.client(name) for name in names]
        packages = [client.key_package() for client in clients[1:]]
        founded = mls.Group.found(
            clients[0], [each.message for each in packages], ports=self.ports()
        )
        self.seat("alice", founded.group)
        for client, package in zip(clients[1:], packages, strict=True):
            group = mls.Group.join(client, package, founded.welcome, ports=self.ports())
            self.seat(client.credential.identity.decode(), group)  # type: ignore[union-attr]

    def client(self, name: str) -> mls.Member:
        """A client whose randomness is traced."""
        return mls.Member.basic(
            name.encode(), self.suite, policy=self.policy, entropy=self.trace.entropy
        )

    def ports(self) -> mls.Ports:
        """Ports whose randomness is traced."""
        return mls.Ports(self.policy, entropy=self.trace.entropy)

    def seat(self, name: str, group: mls.Group) -> None:
        """A member begins."""
        self.groups[name] = group
        self.joined[name] = group.epoch
        self.healed.setdefault(name, [])

    def tick(self) -> int:
        """A moment later."""
        self.time += 1
        return self.time

    def send(self, name: str, message: bytes) -> Sent:
        """Something goes over the wire."""
        self.wire.append(message)
        sent = Sent(message, name, self.groups[name].epoch, self.tick())
        sent.read[name] = sent.time
        if int.from_bytes(message[2:4]) == PRIVATE:  # the wire_format of an MLSMessage
            self.sent.append(sent)
        return sent

    def write(self, name: str, *, unread_by: tuple[str, ...] = ()) -> Sent:
        """Everybody reads an application message, some excepted."""
        sent = self.send(name, self.groups[name].protect(b"from " + name.encode()))
        for other in self.groups:
            if other not in (name, *unread_by):
                self.read(sent, other)
        return sent

    def read(self, sent: Sent, name: str) -> None:
        """One member reads it."""
        assert isinstance(self.groups[name].receive(sent.message), mls.MessageReceived)
        sent.read[name] = self.tick()

    def propose(self, name: str, make: Callable[[mls.Group], bytes]) -> int:
        """Everybody hears a proposal; the moment at which it was made."""
        made = self.tick()
        sent = self.send(name, make(self.groups[name]))
        for other, group in self.groups.items():
            group.receive(sent.message)
            sent.read[other] = self.tick()
        return made

    def commit(self, name: str, **options: object) -> None:
        """Everybody follows a commit."""
        made = self.tick()
        pending = self.groups[name].commit(**options)  # type: ignore[arg-type]
        self.settle(name, pending, made)

    def settle(self, name: str, pending: mls.PendingCommit, made: int) -> None:
        """Everybody follows a commit that was made before."""
        sent = self.send(name, pending.message)
        sent.time = sent.read[name] = made
        self.wire += [each.message for each in pending.welcomes]
        self.groups[name].accept(pending)
        for other, group in self.groups.items():
            if other != name:
                group.receive(sent.message)
                sent.read[other] = self.tick()
        for gone in pending.changed.removed:
            who = gone.identity.decode()
            self.groups.pop(who)
            self.healed[who].append((self.tick(), pending.changed.epoch))
        if pending.changed.with_path:
            self.healed[name].append((made, pending.changed.epoch))
        agree(self.groups.values())

    def steal(self) -> None:
        """Steal the states of all members."""
        for name, group in self.groups.items():
            self.loots.append(Loot(name, group.snapshot(), group.epoch, self.tick()))

    def heals_in(self, loot: Loot) -> float:
        """The first epoch that keys protect which the victim made after the theft."""
        epochs = [epoch for time, epoch in self.healed[loot.victim] if time > loot.time]
        return min(epochs, default=float("inf"))


def tell(story: Story) -> None:
    """What happens; the thief comes between any two things."""
    story.steal()
    late = story.write("bob", unread_by=("alice", "carol"))
    for name in list(story.groups):
        story.write(name)
    story.steal()
    story.read(late, "alice")
    story.steal()
    story.commit("bob")
    story.write("erin")
    story.steal()
    story.read(late, "carol")
    made = story.propose("carol", lambda group: group.propose_update())
    story.steal()
    story.commit("dave")
    story.healed["carol"].append((made, story.groups["dave"].epoch))
    story.write("carol")
    story.steal()
    _welcome(story, "frank", "alice", path=False)
    story.write("frank")
    story.steal()
    story.commit("alice", remove=[story.groups["erin"].own_index])
    story.write("bob")
    story.steal()
    _enter(story, "grace", "bob")
    story.write("grace")
    story.steal()
    made, pending = story.tick(), story.groups["frank"].commit()
    story.steal()  # and with it the keys of an epoch that has not begun
    story.settle("frank", pending, made)
    story.write("dave")
    made, pending = story.tick(), story.groups["bob"].commit()
    story.groups["bob"].discard(pending)
    story.steal()
    story.commit("carol", psks=[story.groups["carol"].resumption_psk_id(story.groups["bob"].epoch)])
    story.write("alice")
    for name in list(story.groups):
        story.commit(name)
        story.write(name)
        story.steal()


def _welcome(story: Story, name: str, by: str, *, path: bool) -> None:
    client = story.client(name)
    package = client.key_package()
    story.wire.append(package.message)
    made, pending = story.tick(), story.groups[by].commit(add=[package.message], path=path)
    story.settle(by, pending, made)
    story.seat(name, mls.Group.join(client, package, pending.welcome, ports=story.ports()))
    agree(story.groups.values())


def _enter(story: Story, name: str, by: str) -> None:
    info = story.groups[by].group_info()
    made = story.tick()
    joined = mls.Group.join_externally(story.client(name), info, ports=story.ports())
    story.wire += [info, joined.commit]
    for group in story.groups.values():
        group.receive(joined.commit)
    story.seat(name, joined.group)
    story.healed[name].append((made, joined.group.epoch))
    agree(story.groups.values())


@SUITES
@FORMS
def test_whatever_follows_from_a_stolen_state(
    suite: int, form: mls.WireFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = Trace(monkeypatch)
    story = Story(suite, form, trace)
    tell(story)
    counted = {"before": 0, "waiting": 0, "between": 0, "after": 0, "too early": 0}
    thief = trace.reach(story.wire)
    for loot in story.loots:
        reach = thief.of(loot.state)
        heals = story.heals_in(loot)
        for sent in story.sent:
            case, expected = _expected(sent, loot, heals, story.joined[loot.victim])
            counted[case] += 1
            known = trace.key_of(sent.message) in reach
            assert known is expected, (case, loot.victim, loot.epoch, sent.sender, sent.epoch)
    assert all(counted.values()), counted


def _expected(sent: Sent, loot: Loot, heals: float, joined: int) -> tuple[str, bool]:
    """Whether a message must be within the thief's reach."""
    if sent.epoch < joined:
        return "too early", False
    if sent.epoch >= heals:
        return "after", False
    if sent.read.get(loot.victim, loot.time + 1) < loot.time:
        return "before", False
    if sent.time < loot.time:
        return "waiting", True
    return "between", True


class Thief:
    """Somebody with the engine and a stolen state."""

    def __init__(self, state: bytes) -> None:
        self._state = state

    def opens(self, *messages: bytes) -> bool:
        """Whether the last message can be read, once those before it were taken in."""
        group = mls.Group.restore(self._state)
        try:
            for message in messages[:-1]:
                group.receive(message)
            return isinstance(group.receive(messages[-1]), mls.MessageReceived)
        except (MissingKeyError, StateError, CoveyError):
            return False


@pytest.mark.parametrize("suite", list(mls.CipherSuite), ids=lambda suite: f"suite{suite.value}")
@FORMS
def test_the_engine_in_the_thiefs_hands(suite: int, form: mls.WireFormat) -> None:
    alice, bob, carol = _three(suite, form)
    first = bob.protect(b"read before the theft")
    assert isinstance(alice.receive(first), mls.MessageReceived)
    own = alice.protect(b"sent before the theft")
    waiting = bob.protect(b"sent before, and not read yet")
    thief = Thief(alice.snapshot())
    assert not thief.opens(first)
    assert not thief.opens(own)
    assert thief.opens(waiting)
    between = [bob.protect(b"between, in the same epoch")]
    assert thief.opens(*between)
    by_carol = _commit(carol, alice, bob)
    between = bob.protect(b"between, after somebody else's path")
    assert thief.opens(by_carol, between)
    by_alice = _commit(alice, bob, carol)
    after = bob.protect(b"after the victim's path")
    assert not thief.opens(by_carol, by_alice, after)
    by_bob = _commit(bob, alice, carol)
    after = carol.protect(b"after the victim's and another's path")
    assert not thief.opens(by_carol, by_alice, by_bob, after)
    assert isinstance(alice.receive(after), mls.MessageReceived)
    for earlier in (first, own):
        assert not thief.opens(by_carol, earlier)


@FORMS
def test_keys_kept_for_late_messages_are_stolen_until_they_are_used(form: mls.WireFormat) -> None:
    alice, bob, carol = _three(1, form)
    messages = [bob.protect(bytes([number])) for number in range(4)]
    alice.receive(messages[3])
    assert [Thief(alice.snapshot()).opens(message) for message in messages] == [True] * 3 + [False]
    alice.receive(messages[1])
    thief = Thief(alice.snapshot())
    assert [thief.opens(message) for message in messages] == [True, False, True, False]
    _commit(carol, alice, bob)
    alice.receive(messages[0])
    thief = Thief(alice.snapshot())
    assert [thief.opens(message) for message in messages] == [False, False, True, False]
    for _ in range(alice.ports.policy.past_epochs):
        _commit(carol, alice, bob)
    assert not Thief(alice.snapshot()).opens(messages[2])


@FORMS
def test_a_removed_member_reads_nothing_more(form: mls.WireFormat) -> None:
    alice, bob, carol = _three(1, form)
    before = Thief(carol.snapshot())
    pending = alice.commit(remove=[carol.own_index])
    alice.accept(pending)
    bob.receive(pending.message)
    carol.receive(pending.message)
    after = Thief(carol.snapshot())
    message = bob.protect(b"not for carol")
    for thief in (before, after):
        assert not thief.opens(message)
        assert not thief.opens(pending.message, message)
    assert isinstance(alice.receive(message), mls.MessageReceived)


def test_a_stolen_pending_commit_does_not_heal() -> None:
    alice, bob, carol = _three(1, PRIVATE)
    pending = alice.commit()
    state = alice.snapshot()
    alice.accept(pending)
    for group in (bob, carol):
        group.receive(pending.message)
    stolen = mls.Group.restore(state)
    assert stolen.pending is not None
    stolen.accept(stolen.pending)
    assert Thief(stolen.snapshot()).opens(bob.protect(b"the thief had the next keys"))
    _commit(alice, bob, carol)
    assert not Thief(stolen.snapshot()).opens(bob.protect(b"fresh ones"))


def test_a_clone_notices_that_its_own_leaf_has_committed() -> None:
    alice, bob, carol = _three(1, PUBLIC)
    clone = mls.Group.restore(alice.snapshot())
    message = _commit(alice, bob, carol)
    with pytest.raises(StateError, match="cloned"):
        clone.receive(message)


def _three(suite: int, form: mls.WireFormat) -> tuple[mls.Group, mls.Group, mls.Group]:
    policy = mls.Policy(handshake=form, threads=1)
    alice, bob, carol = (
        mls.Member.basic(name, suite, policy=policy) for name in (b"alice", b"bob", b"carol")
    )
    packages = [bob.key_package(), carol.key_package()]
    founded = mls.Group.found(alice, [each.message for each in packages])
    return (
        founded.group,
        mls.Group.join(bob, packages[0], founded.welcome),
        mls.Group.join(carol, packages[1], founded.welcome),
    )


def _commit(by: mls.Group, *others: mls.Group) -> bytes:
    pending = by.commit()
    by.accept(pending)
    for group in others:
        group.receive(pending.message)
    return pending.message
