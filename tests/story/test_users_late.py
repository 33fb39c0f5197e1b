"""What users ask for, 4: messages that come late, twice, too early, or before what they need.

In this protocol the broker's log gives everything one order, which each member checks; so most of
it cannot happen, and is a lie when it does. The engine below copes with it for other transports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.access.structs.basics import Kind
from covey.access.structs.log import Entries
from covey.client import events
from covey.client.sync.rows import queues, wishes
from covey.errors import MissingKeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from client.table import Someone, Table
    from covey.access.structs.log import Entry
    from covey.broker.connections import Connection
    from covey.lab.simulate.broker import Answered, Copy

SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519


def _team(table: Table, *names: str) -> list[Someone]:
    people = [table.sit(name) for name in names]
    people[0].create()
    people[0].invite(*names[1:])
    table.settle(*people, rounds=20)
    for each in people:
        each.news()
    return people


# --- as the client has it -------------------------------------------------------------------


def test_users_04_what_comes_too_late_for_its_epoch_is_said_in_the_next(table: Table) -> None:
    """Asked for: a message that was encrypted just before a commit must not be lost.

    Shown: bob's message is on its way when alice's commit closes the epoch. The broker does not
    take it into a closed epoch; bob encrypts it anew, and everybody has it once.
    """
    alice, bob = _team(table, "alice", "bob")
    bob.say("on its way")
    held = bob.hold(bob.place.turns.turn(), "append")
    alice.wish(wishes.Describe(name="faster"))
    table.settle(alice, rounds=2)
    held.go()
    table.settle(alice, bob)
    assert alice.texts() == bob.texts() == ["on its way"]
    wrong = events.Unreadable | events.MessagesLost
    assert not [each for each in (*alice.news(), *bob.news()) if isinstance(each, wrong)]


def test_users_04_who_was_away_for_fifty_epochs_reads_all_of_them(table: Table) -> None:
    """Asked for: libraries that keep few past epochs lose what was said in older ones.

    Shown: bob walks forward through the log, epoch by epoch, and reads each message with the keys
    of its own epoch; how many past epochs are kept does not matter.
    """
    alice, bob = _team(table, "alice", "bob")
    for number in range(50):
        alice.say(f"{number}")
        alice.turn()
        alice.wish(wishes.Describe(name=f"name {number}"))
        alice.turn()
    epochs = alice.place.seat.group.epoch - bob.place.seat.group.epoch
    assert epochs == 50
    table.settle(bob, rounds=1)
    assert bob.texts() == [f"{number}" for number in range(50)]
    assert bob.authenticator == alice.authenticator


def test_users_04_the_same_content_twice_stands_once(table: Table) -> None:
    """Asked for: a client that is not sure sends again; nobody may see it twice.

    Shown: a content is known by its id, in whichever epoch and however often it comes.
    """
    alice, bob = _team(table, "alice", "bob")
    bob.say("once")
    number = bob.place.seat.number
    with bob.store.transaction() as rows:
        waiting = queues.first(rows, number)
        assert waiting is not None
        queues.say(rows, number, waiting.message, waiting.content)
    table.settle(bob, alice, rounds=1)
    with bob.store.transaction() as rows:
        queues.say(rows, number, waiting.message, waiting.content)
    alice.wish(wishes.Describe(name="another epoch"))
    table.settle(alice, bob)
    assert alice.place.seat.row.seq >= 4
    assert alice.texts() == ["once"]
    assert [type(each) for each in alice.news()].count(events.MessageArrived) == 1


class _Bent:
    """A broker that changes what it shows of a log.

    Args:
        copy: It, when it is honest.
        bend: Changes entries.
    """

    def __init__(self, copy: Copy, bend: Callable[[tuple[Entry, ...]], tuple[Entry, ...]]) -> None:
        self._copy = copy
        self._bend = bend
        self.lies = 0

    def answer(self, line: Connection, name: str, request: bytes, token: bytes) -> Answered:
        answered = self._copy.answer(line, name, request, token)
        if name != "read":
            return answered
        entries = Entries.decode(answered.answer)
        bent = entries.replace(entries=self._bend(entries.entries))
        self.lies += bent != entries
        return answered._replace(answer=bent.encode())


def _early(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """What comes last says that it belongs to the epoch after the next one."""
    return tuple(
        each.replace(epoch=each.epoch + 2) if each is entries[-1] else each for each in entries
    )


def _commit_first(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The commit before the proposals that it refers to."""
    return tuple(sorted(entries, key=lambda each: each.kind is not Kind.commit))


LIES: dict[str, Callable[[tuple[Entry, ...]], tuple[Entry, ...]]] = {
    "twice": lambda entries: (*entries[:1], *entries),
    "left out": lambda entries: entries[1:],
    "backwards": lambda entries: entries[::-1],
    "commit before its proposals": _commit_first,
    "of a future epoch": _early,
}


def _sizes(someone: Someone) -> dict[str, int]:
    """How many rows each table has, but for what the application is told, and that it lied."""
    with someone.store.reading() as rows:
        tables = rows.all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        lied = rows.one("SELECT count(*) FROM settings WHERE name LIKE 'contradicted %'")
        counts = {str(name): rows.one(f"SELECT count(*) FROM {name}") for (name,) in tables}  # noqa: S608 - names of our own
    sizes = {name: int(str(count[0])) for name, count in counts.items() if count}
    assert lied is not None
    return sizes | {"events": 0, "settings": sizes["settings"] - int(str(lied[0]))}


@pytest.mark.parametrize("lie", LIES)
def test_users_04_disorder_is_refused_told_and_kept_nowhere(table: Table, lie: str) -> None:
    """Asked for: disorder neither wedges a client, nor splits a group, nor is buffered for ever.

    Shown: the log is a chain of hashes, so each of these is seen at once. Nothing of the answer is
    taken in, nothing is kept for later, the application is told; and when the broker is honest
    again, bob reads all, once, in its order.
    """
    alice, bob, carol = _team(table, "alice", "bob", "carol")
    alice.say("first")
    alice.turn()
    carol.leave()
    carol.turn()
    alice.turn()
    table.passes(60)
    alice.turn()
    assert len(alice.place.seat.group.members) == 2  # she has committed carol's proposal

    honest = table.copies[0]
    bent = _Bent(honest, LIES[lie])
    table.copies[0] = bent  # type: ignore[call-overload]
    sizes, before = _sizes(bob), (bob.authenticator, bob.place.seat.row.seq)
    while bent.lies < 2:  # he asks again, later
        bob.turn()
        table.passes(1)
    assert (bob.authenticator, bob.place.seat.row.seq) == before
    assert all(count <= sizes[name] for name, count in _sizes(bob).items())
    trouble = events.ForkFound | events.RolledBack | events.MessagesLost
    assert [each for each in bob.news() if isinstance(each, trouble)]

    table.copies[0] = honest
    table.passes(60)
    table.settle(bob, alice)
    assert bob.texts() == ["first"]
    assert bob.authenticator == alice.authenticator
    assert [type(each) for each in bob.news()].count(events.MessageArrived) == 1


# --- as the engine has it, for other transports -----------------------------------------------


def _groups() -> tuple[mls.Group, mls.Group, mls.Group]:
    alice, bob, carol = (mls.Member.basic(name, SUITE) for name in (b"alice", b"bob", b"carol"))
    packages = [each.key_package() for each in (bob, carol)]
    founded = mls.Group.found(alice, [each.message for each in packages])
    joined = [
        mls.Group.join(member, package, founded.welcome)
        for member, package in zip((bob, carol), packages, strict=True)
    ]
    return founded.group, joined[0], joined[1]


def _commit(alice: mls.Group, *others: mls.Group) -> None:
    pending = alice.commit()
    for each in others:
        each.receive(pending.message)
    alice.accept(pending)


def test_users_04_late_messages_are_read_as_far_back_as_the_policy_says() -> None:
    """Asked for: messages of past epochs; none are kept in some libraries, and all are lost.

    Shown: a message is read three epochs later. After that the error says of which epoch the keys
    are gone, which is another one than that for an epoch that has not begun; nothing has changed.
    """
    alice, bob, carol = _groups()
    late = [bob.protect(f"late {number}".encode()) for number in range(2)]
    for _ in range(3):
        _commit(alice, bob, carol)
    received = carol.receive(late[0])
    assert isinstance(received, mls.MessageReceived)
    assert (received.data, received.epoch) == (b"late 0", 1)
    _commit(alice, bob, carol)
    before = carol.snapshot()
    with pytest.raises(MissingKeyError, match="past") as caught:
        carol.receive(late[1])
    assert caught.value.epoch == 1
    assert carol.snapshot() == before


def test_users_04_the_engine_keeps_nothing_of_a_future_epoch() -> None:
    """Asked for: messages of an epoch that has not begun here, told apart from other errors.

    Shown: the error names the epoch, so that whoever has another transport can wait for the commit;
    the group is byte for byte what it was, and reads the message once the commit has come.
    """
    alice, bob, carol = _groups()
    pending = alice.commit()
    bob.receive(pending.message)
    early = bob.protect(b"early")
    before = carol.snapshot()
    for _ in range(3):
        with pytest.raises(MissingKeyError, match="not begun") as caught:
            carol.receive(early)
        assert caught.value.epoch == 2
    assert carol.snapshot() == before
    carol.receive(pending.message)
    received = carol.receive(early)
    assert isinstance(received, mls.MessageReceived)
    with pytest.raises(MissingKeyError):  # a second time
        carol.receive(early)


def test_users_04_a_commit_before_its_proposals_changes_nothing() -> None:
    """Asked for: a commit that comes before the proposals in it must not wedge the group.

    Shown: it is refused, nothing has changed, and it is taken once the proposals are there.
    """
    alice, bob, carol = _groups()
    proposal = bob.propose_update()
    alice.receive(proposal)
    pending = alice.commit()
    before = carol.snapshot()
    with pytest.raises(MissingKeyError, match="has not been received"):
        carol.receive(pending.message)
    assert carol.snapshot() == before
    carol.receive(proposal)
    assert isinstance(carol.receive(pending.message), mls.EpochChanged)
    alice.accept(pending)
    assert carol.epoch_authenticator == alice.epoch_authenticator
