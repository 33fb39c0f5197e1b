"""What users ask for, 1 and 2: no limbo after a crash, and one's own echoes understood.

A client of MLS hands its commit to somebody who orders commits. Whoever is killed between handing
it over and hearing of it does not know in which epoch the group is; and whatever it said comes
back to it, though it cannot decrypt what it has encrypted itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.table import Someone, Table
from covey.client import events
from covey.client.sync.rows import queues, wishes
from covey.client.sync.rows.groups import Status
from covey.store import RawKey, open_store
from covey.store.faulty import Died

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from covey.client.sync.effects import Ask
    from covey.store import SqlStore


def _three(table: Table) -> tuple[Someone, Someone, Someone]:
    """Alice and bob are in a group; carol is not, yet."""
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    alice.wish(wishes.Describe(roles={"bob": 2}))
    table.settle(alice, bob)
    alice.news()
    return alice, bob, carol


def _at_append(what: str) -> Callable[[Ask], str]:
    return lambda ask: what if ask.operation == "append" else ""


def _killed(someone: Someone, what: str) -> None:
    """Let somebody take a turn, and be killed at its first append."""
    someone.cut = _at_append(what)
    if what == "killed":
        with pytest.raises(Died):
            someone.turn()
    else:
        someone.turn()
    someone.cut = lambda _: ""


def _waits(someone: Someone) -> tuple[int, int, bool]:
    """What waits: messages, wishes, and a commit whose fate is not known."""
    number = someone.place.seat.number
    with someone.store.reading() as rows:
        wished = len(queues.wishes(rows, number))
        return queues.waits(rows, number), wished, queues.under_way(rows, number) is not None


def _heads(someone: Someone) -> list[str]:
    """What commits have done, as the application is told."""
    return [str(each) for each in someone.news() if isinstance(each, events.MembersChanged)]


def test_users_01_no_limbo_after_a_crash_between_publish_and_confirm(table: Table) -> None:
    """Asked for: who dies after a commit was published strands neither itself nor the group.

    Shown: the others go on at once; the newcomer gets its pointer from another member while the
    committer is dead; and the committer, once it is back, finds its commit to be its own, is in
    the same epoch, has nothing left to do, and is told once of what it did.
    """
    alice, bob, carol = _three(table)
    alice.invite("carol")
    before = alice.authenticator
    _killed(alice, "killed")
    assert _waits(alice) == (0, 1, True)

    table.settle(bob, carol)
    assert bob.authenticator == carol.authenticator != before
    bob.say("while you were away")
    table.settle(bob, carol)
    assert carol.texts() == ["while you were away"]

    alice.start()
    table.settle(alice, bob, carol)
    assert _waits(alice) == (0, 0, False)
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert alice.texts() == ["while you were away"]
    assert _heads(alice) == ["alice added carol"]


def test_users_01_nothing_has_happened_when_the_commit_never_arrived(table: Table) -> None:
    """Asked for: the other half of the same limbo, the commit that was written down and not sent.

    Shown: nobody has moved; after the restart the very same commit is sent, and wins.
    """
    alice, bob, carol = _three(table)
    alice.invite("carol")
    _killed(alice, "request")
    number = alice.place.seat.number
    with alice.store.reading() as rows:
        under = queues.under_way(rows, number)
    assert under is not None
    table.settle(bob, carol, rounds=3)
    assert not carol.peer.places()

    alice.start()
    sent = alice.hold(alice.place.turns.turn(), "append")
    assert sent.effect.request.encode() == under.request  # type: ignore[union-attr]
    sent.go()
    table.settle(alice, bob, carol)
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert _heads(alice) == ["alice added carol"]


def test_users_01_who_was_killed_with_a_commit_that_lost_makes_it_anew(table: Table) -> None:
    """Asked for: the pending commit must not stand in the way when somebody else's was faster.

    Shown: what was wanted is committed anew on top of the winner, with the same KeyPackage.
    """
    alice, bob, carol = _three(table)
    alice.invite("carol")
    _killed(alice, "request")
    bob.wish(wishes.Describe(name="bob's"))
    table.settle(bob, rounds=2)

    alice.start()
    table.settle(alice, bob, carol)
    assert _waits(alice) == (0, 0, False)
    assert {each.place.seat.look().name for each in (alice, bob, carol)} == {"bob's"}
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert [operation for _, operation in table.asked].count("claim") == 2  # bob's and carol's


@pytest.mark.parametrize("when", ["request", "killed"])
def test_users_01_who_is_removed_by_a_commit_in_limbo_is_out_once(table: Table, when: str) -> None:
    """Asked for: a removal must not be half done.

    Shown: in everybody's view the member is in before the commit, and out after it, whenever the
    committer dies.
    """
    alice, bob, carol = _three(table)
    alice.invite("carol")
    table.settle(alice, bob, carol)
    alice.wish(wishes.Expel((b"carol",)))
    _killed(alice, when)
    table.settle(bob, carol, rounds=3)
    done = when == "killed"
    assert (carol.place.seat.look().status is Status.removed) is done
    assert len(bob.place.seat.group.members) == (2 if done else 3)

    alice.start()
    table.settle(alice, bob, carol)
    assert carol.place.seat.look().status is Status.removed
    assert alice.authenticator == bob.authenticator
    assert len(alice.place.seat.group.members) == 2


@pytest.mark.parametrize("when", ["request", "killed"])
def test_users_01_what_was_said_in_limbo_is_said_once(table: Table, when: str) -> None:
    """Asked for: a message whose answer got lost is neither lost nor there twice.

    Shown: also when the epoch has ended before its sender is back.
    """
    alice, bob, _ = _three(table)
    alice.say("once")
    _killed(alice, when)
    bob.wish(wishes.Describe(name="meanwhile"))
    table.settle(bob, rounds=2)
    alice.start()
    table.settle(alice, bob)
    assert alice.texts() == bob.texts() == ["once"]
    assert _waits(alice) == (0, 0, False)
    sent = [each for each in alice.news() if isinstance(each, events.MessageSent)]
    assert len(sent) == 1


def test_users_02_own_messages_and_commits_come_back_and_are_known(table: Table) -> None:
    """Asked for: a delivery service echoes to the sender; that must not be an error.

    Shown: all that alice says and commits comes back to her in the log, which she reads from the
    broker like everybody; nothing is unreadable, nothing happens twice, and it is the echo that
    says in which place of the order it stands.
    """
    alice, bob, carol = _three(table)
    for number in range(3):
        alice.say(f"number {number}")
        alice.wish(wishes.Describe(name=f"name {number}"))
    alice.invite("carol")
    table.settle(alice, bob, carol)
    news = alice.news()
    assert alice.texts() == bob.texts() == ["number 0", "number 1", "number 2"]
    assert not [each for each in news if isinstance(each, events.Unreadable | events.MessagesLost)]
    sent = [each.id for each in news if isinstance(each, events.MessageSent)]
    assert len(sent) == len(set(sent)) == 3
    assert alice.place.seat.row.seq == bob.place.seat.row.seq  # her own entries are counted in


def test_users_02_an_echo_that_is_read_twice_changes_nothing(table: Table) -> None:
    """Asked for: own commits cannot be replayed; an echo delivered again must be harmless.

    Shown: the listening connection and the speaking one both read alice's echoes.
    """
    alice, bob, _ = _three(table)
    alice.say("hello")
    alice.wish(wishes.Describe(name="again"))
    table.settle(alice, rounds=2)
    before = (alice.authenticator, alice.place.seat.row.seq, alice.texts())
    alice.news()
    for _ in range(3):
        alice.run(alice.place.listener.catch_up())
        alice.run(alice.place.turns.turn())
    assert (alice.authenticator, alice.place.seat.row.seq, alice.texts()) == before
    assert not alice.news()
    table.settle(alice, bob)
    assert alice.authenticator == bob.authenticator


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], SqlStore]]:
    """Open one file again and again, each time as another process would."""
    path, key = tmp_path / "alice.covey", RawKey(bytes(32))
    stores: list[SqlStore] = []

    def again() -> SqlStore:
        stores.append(open_store(path, key, create=not path.exists()))
        return stores[-1]

    yield again
    for each in stores:
        each.close()


def _processes(table: Table, opened: Callable[[], SqlStore]) -> tuple[Someone, Someone, Someone]:
    """Two processes of alice, on one file, and bob."""
    one = Someone(table, "alice", opened())
    one.run(one.peer.enrol(table.identity.broker_id, "alice"))
    one.run(one.peer.keep_stock())
    bob = table.sit("bob")
    one.create()
    one.invite("bob")
    table.settle(one, bob)
    other = Someone(table, "alice", opened())
    other.turn()
    one.news()
    return one, other, bob


def test_users_02_what_another_process_sent_is_our_own(
    table: Table, opened: Callable[[], SqlStore]
) -> None:
    """Asked for: two processes of one app, on one store, know each other's echoes for their own.

    Shown: one process sends and dies before it hears of it; the other one reads the echo, knows
    it, and says that it was sent. No copy is suspected, and both speak on.
    """
    one, other, bob = _processes(table, opened)
    one.say("from one")
    _killed(one, "killed")
    other.turn()
    assert _waits(other) == (0, 0, False)
    assert [type(each) for each in other.news()][-1] is events.MessageSent
    other.say("from the other")
    table.settle(other, bob)
    one.start()
    one.say("from one again")
    table.settle(one, other, bob)
    said = ["from one", "from the other", "from one again"]
    assert one.texts() == other.texts() == bob.texts() == said
    assert one.place.seat.look().status is Status.active


def test_users_02_what_another_process_committed_takes_effect_once(
    table: Table, opened: Callable[[], SqlStore]
) -> None:
    """Asked for: the same of commits, which nobody can process who made them.

    Shown: the other process goes on from the pending commit that it finds in the store: both are
    in the epoch that it opened, though neither could have read it as a stranger's.
    """
    one, other, bob = _processes(table, opened)
    carol = table.sit("carol")
    one.invite("carol")
    _killed(one, "killed")
    other.turn()
    assert _waits(other) == (0, 0, False)
    table.settle(other, bob, carol)
    assert other.authenticator == bob.authenticator == carol.authenticator
    one.turn()
    assert one.authenticator == bob.authenticator
    assert _heads(one) == ["alice added carol"]
    appended = [name for name, operation in table.asked if operation == "append"]
    one.run(one.place.turns.turn())
    assert [name for name, operation in table.asked if operation == "append"] == appended
