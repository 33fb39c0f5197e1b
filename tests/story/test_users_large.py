"""What users ask for, 7: groups of hundreds.

A Welcome that holds the whole tree, once for each of hundreds of joiners, is the largest message
of MLS, and others have given up large groups over it. Here a joiner gets a pointer of a few hundred
bytes; what all joiners need stands once beside the log.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from client.table import SUITE, Someone, Table
from covey.access.member.addresses import extension
from covey.access.structs.extensions import InboxAddress
from covey.access.structs.joining import Post
from covey.access.structs.log import Append
from covey.client.roles import GroupPolicy
from covey.client.sync.log import entering
from covey.client.sync.rows import wishes
from covey.mls import Group, Member

if TYPE_CHECKING:
    from covey.access.structs.basics import Signed
    from covey.client.sync.effects import Ask

POLICY = GroupPolicy()
FIRST, SECOND = 200, 105
"""How many strangers are added by the first commit, and by the second."""


class Large:
    """A group of more than 300, in which five take turns; the others are never there.

    Attributes:
        appends: All appends that were sent.
        pointers: The bytes of all pointers.
        first: The commit that added 202.
        second: The commit that added 107.
    """

    def __init__(self) -> None:
        self.table: Table = Table()
        self.appends: list[Append] = []
        self.pointers: list[int] = []
        self.first: Append
        self.second: Append
        names = ("alice", "bob", "carol", "david", "erin")
        self.people = [self._sit(name) for name in names]
        self.alice, *self.others = self.people
        self.alice.create()

    def _sit(self, name: str) -> Someone:
        someone = self.table.sit(name)
        someone.cut = self._weigh
        return someone

    def _weigh(self, ask: Ask) -> str:
        if ask.operation == "append":
            signed: Signed = ask.request  # type: ignore[assignment]
            self.appends.append(Append.decode(signed.request))
        if ask.operation == "post":
            assert isinstance(ask.request, Post)
            self.pointers.append(len(ask.request.pointer))
        return ""

    def strangers(self, count: int) -> tuple[bytes, ...]:
        """KeyPackages of people whom nobody will see."""
        return tuple(self._stranger(number) for number in range(count))

    def _stranger(self, number: int) -> bytes:
        entropy = self.table.entropy
        name = f"stranger {number} {entropy(4).hex()}".encode()
        member = Member.basic(name, SUITE, policy=POLICY, entropy=entropy)
        inbox = extension(InboxAddress(self.table.identity.broker_id, entropy(32)))
        return member.key_package(
            lifetime=86_400, extensions=[inbox], now=int(self.table.now)
        ).message

    def add(self, *known: Someone, strangers: int) -> Append:
        """Let alice add people by one commit; returns its request."""
        packages = self.strangers(strangers)
        for each in known:
            packages += self.alice.run(self.alice.peer.claim(each.name))
        self.alice.wish(wishes.Invite(packages))
        before = len(self.appends)
        self.alice.turn()
        commit = self.appends[before]
        self.table.settle(*self.people, rounds=2)
        return commit


@pytest.fixture(scope="module")
def large() -> Large:
    """The group, with two large commits behind it."""
    large = Large()
    bob, carol, david, erin = large.others
    large.first = large.add(bob, carol, strangers=FIRST)
    large.second = large.add(david, erin, strangers=SECOND)
    return large


def test_users_07_hundreds_are_added_by_one_commit(large: Large) -> None:
    """Asked for: groups beyond 250 members, without a limit that a Welcome's size sets.

    Shown: 202 people come by one commit, 107 by another; those who are there are in one epoch.
    """
    assert len(large.alice.place.seat.group.members) == FIRST + SECOND + 5
    large.table.settle(*large.people, rounds=60)
    assert len({each.authenticator for each in large.people}) == 1
    large.others[-1].say("hello, all of you")
    large.table.settle(*large.people, rounds=4)
    assert all(each.texts() == ["hello, all of you"] for each in large.people)


def test_users_07_a_joiner_gets_a_few_hundred_bytes(large: Large) -> None:
    """Asked for: Welcomes whose size others pay for (800 members: 436,092 bytes of tree, for each).

    Shown: each joiner's pointer has 563 bytes, however many join. What else they need is stored
    once for all of them, beside the commit: 386 bytes that all Welcomes share, and the tree, of
    47,140 bytes for 203 members. The commit that adds 202 has 83,968 bytes, padded.
    """
    assert len(large.pointers) >= FIRST + SECOND
    assert len(set(large.pointers)) == 1
    assert large.pointers[0] <= 600
    for commit, members in ((large.first, FIRST + 3), (large.second, FIRST + SECOND + 5)):
        assert commit.next is not None
        shared, tree = sorted(len(each.body) for each in commit.next.parcels)
        assert shared <= 500
        assert tree <= 250 * members
        assert len(commit.body) <= 90_000


def test_users_07_each_commit_is_processed_once(
    large: Large, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for: in groups of thousands, each commit was processed twice by every member.

    Shown: who reads the log over two connections stages and applies each commit once.
    """
    staged: Counter[tuple[int, int]] = Counter()
    entered: Counter[tuple[bytes, int]] = Counter()
    stage, enter = Group.stage, entering.entered

    def counting(self: Group, message: bytes) -> object:
        event = stage(self, message)
        staged[self.own_index, self.epoch] += type(event).__name__ == "StagedCommit"
        return event

    def noting(seat, rows, entry, event, profile) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - as the original
        entered[seat.home.member.signature_key, event.changed.epoch] += 1
        enter(seat, rows, entry, event, profile)

    monkeypatch.setattr(Group, "stage", counting)
    monkeypatch.setattr(entering, "entered", noting)
    before = large.alice.place.seat.group.epoch
    for number in range(3):
        large.alice.wish(wishes.Describe(name=f"name {number}"))
        large.alice.turn()
        for each in large.others:
            each.run(each.place.listener.catch_up())
            each.turn()
    commits = large.alice.place.seat.group.epoch - before
    assert commits >= 3
    assert set(staged.values()) <= {0, 1}
    assert set(entered.values()) == {1}
    assert len(entered) == commits * len(large.people)
