"""Who commits what is proposed in a busy group: one after the other, while the others wait.

RFC 9420 §12.4 lets nobody send application data before the proposals that were seen have been
committed. Here all take their turns at the same moment, and nobody sees what others send in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from client.table import PACE
from covey.access.structs.basics import Signed
from covey.access.structs.log import Append
from covey.client.sync.rows import queues, wishes
from covey.client.sync.rows.groups import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from client.table import Held, Someone, Table

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy")
LEAVER = "judy"
MOMENT = 0.1
"""Seconds: as long as it takes a request to come to the broker, and to the others."""


class Asked(NamedTuple):
    """An entry that somebody is about to append.

    Attributes:
        someone: Who.
        held: The flow, which stands there.
        after: How long after the proposal was seen, in seconds.
        is_commit: Whether it is a commit.
    """

    someone: Someone
    held: Held[float | None]
    after: float
    is_commit: bool


class Group:
    """A group from which somebody wants to go, as all others have seen just now."""

    def __init__(self, table: Table) -> None:
        self._table = table
        *self.people, leaver = table.team(*NAMES)
        leaver.leave()
        leaver.turn()
        self.leaver = leaver
        self._seen_at = table.now
        self.epoch = self.people[0].place.seat.group.epoch

    def moment(self, people: Iterable[Someone]) -> list[Asked]:
        """Let all take their turns until they are about to append something; time passes."""
        found = []
        for each in people:
            try:
                held = each.hold(each.place.turns.turn(), "append")
            except StopIteration:
                continue
            assert isinstance(held.effect.request, Signed)
            asked = Append.decode(held.effect.request.request)
            after = round(self._table.now - self._seen_at, 1)
            found.append(Asked(each, held, after, asked.next is not None))
        self._table.passes(MOMENT)
        return found

    def talks(self, people: list[Someone], seconds: float) -> list[Asked]:
        """All that these people append, to each moment's end, until some time has passed."""
        found = []
        for _ in range(round(seconds / MOMENT)):
            asked = self.moment(people)
            for each in asked:
                each.held.go()
            found += asked
        return found

    def dies(self, seconds: float) -> list[Asked]:
        """Who is about to commit, and dies; until some time has passed."""
        alive, found = list(self.people), []
        for _ in range(round(seconds / MOMENT)):
            asked = self.moment(alive)
            found += asked
            alive = [each for each in alive if each not in [one.someone for one in asked]]
        return found


def _rank(someone: Someone) -> int:
    return someone.place.turns.election.rank()


@pytest.fixture
def group(table: Table) -> Group:
    return Group(table)


def _waiting(someone: Someone) -> bool:
    number = someone.place.seat.number
    with someone.store.reading() as rows:
        return queues.first(rows, number) is not None


def test_one_of_many_who_speak_commits_and_the_others_wait_for_it(group: Group) -> None:
    for each in group.people:
        each.say(f"{each.name} speaks")
    asked = group.talks(group.people, 4 * PACE.slot)
    commits = [each for each in asked if each.is_commit]
    assert len(commits) == 1
    assert 0 < commits[0].after < PACE.slot
    assert asked[0] is commits[0]  # nobody has said anything before
    assert not any(_waiting(each) for each in group.people)
    first, *others = group.people
    assert first.place.seat.group.epoch == group.epoch + 1
    assert sorted(first.texts()) == sorted(f"{each.name} speaks" for each in group.people)
    for each in others:
        assert (each.texts(), each.authenticator) == (first.texts(), first.authenticator)
    group.leaver.turn()
    assert group.leaver.place.seat.look().status is Status.left


def test_who_waits_for_somebody_dead_commits_itself(group: Group) -> None:
    speaker = max(group.people, key=_rank)  # all others are before it, and dead
    speaker.say("waited")
    assert group.talks([speaker], PACE.patience / 2) == []
    asked = group.talks([speaker], PACE.patience / 2)
    assert [each.is_commit for each in asked] == [True]  # and what was to be said, after it
    assert speaker.texts() == ["waited"]
    assert not _waiting(speaker)


def test_each_commits_in_its_slot_in_the_order_of_leaves(group: Group) -> None:
    asked = group.dies(len(NAMES) * PACE.slot)
    assert all(each.is_commit for each in asked)
    assert len({each.someone.name for each in asked}) == len(group.people)
    leaves = [each.someone.place.seat.group.own_index for each in asked]
    start = leaves.index(min(leaves))
    assert leaves[start:] + leaves[:start] == sorted(leaves)
    slots = [int((each.after - MOMENT / 2) / PACE.slot) for each in asked]
    assert sorted([*slots, _rank(group.leaver)]) == list(range(len(NAMES)))
    assert len({round(each.after % PACE.slot, 1) for each in asked}) > len(asked) / 2  # jitter


def test_few_of_many_who_speak_commit_when_those_before_them_are_dead(group: Group) -> None:
    alive = sorted(group.people, key=_rank)[3:]
    for each in alive:
        each.say(f"{each.name} speaks")
    asked = group.talks(alive, 4 * PACE.slot)
    commits = [each for each in asked if each.is_commit]
    assert 1 <= len(commits) <= 2
    assert commits[0].after <= PACE.patience
    assert not any(_waiting(each) for each in alive)
    assert len({each.authenticator for each in alive}) == 1


def test_who_waits_for_others_to_let_it_go_does_not_look_all_the_time(table: Table) -> None:
    """Its own proposal is due, and nothing of ours can be done about it."""
    alice, bob = table.team("alice", "bob")
    table.settle(alice, bob)
    bob.leave()
    table.settle(bob, rounds=3)
    assert bob.place.seat.look().status is Status.leaving
    when = bob.run(bob.place.turns.turn())
    assert when is not None
    assert when - table.now > PACE.knocks / 4  # until it looks at the door once more
    bob.wish(wishes.Renew())
    when = bob.run(bob.place.turns.turn())
    assert when is not None
    assert when > table.now
    table.settle(alice, bob)
    assert bob.place.seat.look().status is Status.left


def test_of_two_who_want_to_go_one_lets_the_other_go_when_all_others_are_lost(
    table: Table,
) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    del alice  # is never seen again
    for each in (bob, carol):
        each.leave()
    table.settle(bob, carol, rounds=40)
    statuses = {each.place.seat.look().status for each in (bob, carol)}
    assert statuses == {Status.left, Status.leaving}
