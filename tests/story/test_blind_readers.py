"""Who may read what of a blind broker, on both stores, over HTTP and over a WebSocket.

Somebody removed reads nothing more, with all that it ever had; somebody away for 50 epochs walks
forward; a fork is refused and says so; a copy of a client is found out at its first message.
"""

from __future__ import annotations

import pytest

from blind import Household, household
from covey.access.structs.basics import ByTicket
from covey.access.structs.joining import FetchKnocks, FetchPointers, Knocks, Pointers
from covey.access.structs.log import Entries, Read
from covey.errors import BrokerError, StateError
from covey.lab.analyst.places import KINDS, Kind
from covey.lab.company.commits import Plan
from covey.lab.company.contents import Text
from covey.lab.company.live import Socket, Subscription
from covey.lab.company.seat import Seat

AWAY = 50


@pytest.mark.parametrize("kind", KINDS)
def test_readers(kind: Kind) -> None:
    with household(kind) as home:
        removed_reads_nothing(home)
        away_walks_forward(home)
        fork_is_refused(home)
        copy_is_found_out(home)


def removed_reads_nothing(home: Household) -> None:
    alice, bob, carol = home.group("alice", "bobby", "carol")
    alice.say(Text(b"all of us"))
    stolen = carol.saved()
    old = carol.log.access
    carol.catch_up()
    begun = carol.log.read()
    assert begun == ()
    ticket = carol.log._prover._ticket  # noqa: SLF001 - all that it ever had
    assert ticket
    last = alice.commit(Plan(remove=(b"carol",)))
    bob.catch_up()
    alice.say(Text(b"the two of us"))
    bob.say(Text(b"indeed"))

    heard = carol.catch_up()
    assert [each.seq for each in heard] == [last]
    assert not carol.group.is_active

    # All proofs that it can still make, and the ticket on the very connection it was given on.
    line = carol.log.line
    proofs = [ByTicket(ticket), old.prove(home.challenge(line))]
    for proof in proofs:
        for epoch in (old.epoch + 1, old.epoch + 2):
            with pytest.raises(BrokerError):
                line.ask("read", Read(old.gid, epoch, 0, 0, proof), Entries)
            with pytest.raises(BrokerError):
                line.ask("pointers", FetchPointers(old.gid, epoch, proof), Pointers)
            with pytest.raises(BrokerError):
                line.ask("knocks", FetchKnocks(old.gid, epoch, proof), Knocks)
        # Its own epoch ends with its removal, and nothing after that is in it.
        proof_again = old.prove(home.challenge(line))
        entries = line.ask("read", Read(old.gid, old.epoch, 0, 0, proof_again), Entries).entries
        assert max(each.seq for each in entries) == last
        after = old.prove(home.challenge(line))
        assert line.ask("read", Read(old.gid, old.epoch, last, 0, after), Entries).entries == ()
    forged = old.prove(home.challenge(line))
    with pytest.raises(BrokerError, match="fork"):
        line.ask("read", Read(old.gid, old.epoch + 1, last, 0, forged), Entries)

    # The same over a WebSocket, from the state before the removal.
    with Socket(home.url) as socket:
        ghost = Seat.opened(stolen, home.lines("ghost"))
        seen = Subscription(ghost, socket).listen(2)
        assert [each.seq for each in seen][-1] == last
        assert not ghost.group.is_active
        assert socket.receive(0.3) is None  # 0 bytes


def away_walks_forward(home: Household) -> None:
    alice, bob = home.group("alice", "bobby")
    for number in range(AWAY):
        if number % 10 == 0:
            alice.say(Text(b"round %d" % number))
        alice.commit(Plan())
    before = bob.group.epoch
    heard = bob.catch_up()
    assert bob.group.epoch == before + AWAY == alice.group.epoch
    said = [each.said.text for each in heard if isinstance(each.said, Text)]
    assert said == [b"round %d" % number for number in range(0, AWAY, 10)]
    assert bob.group.epoch_authenticator == alice.group.epoch_authenticator
    bob.say(Text(b"back again"))
    assert alice.catch_up()[-1].said == Text(b"back again")


def fork_is_refused(home: Household) -> None:
    """Two commits for one epoch: who follows the one that the broker does not have is alone."""
    alice, bob = home.group("alice", "bobby")
    other = Seat.opened(bob.saved(), home.lines("fork"))
    made = other.prepare(Plan())
    assert made is not None
    alice.commit(Plan())  # this one wins, and the fork does not know
    other.group.receive(made.pending.message)
    access = other.log.access
    other.log.enter(
        type(access).derive(other.group.export, access.broker_id, access.gid, other.group.epoch)
    )
    with pytest.raises(BrokerError, match="fork") as refusal:
        other.catch_up()
    assert refusal.value.code == "proof_refused"
    with pytest.raises(BrokerError, match="fork"):
        other.say(Text(b"is anybody there?"), look_first=False)
    assert bob.catch_up()


def copy_is_found_out(home: Household) -> None:
    alice, bob = home.group("alice", "bobby")
    alice.catch_up()
    copy = Seat.opened(alice.saved(), home.lines("copy"))
    alice.say(Text(b"from the original"))
    with pytest.raises(StateError, match="copy"):
        copy.say(Text(b"from the copy"), look_first=False)
    honest = Seat.opened(alice.saved(), home.lines("honest copy"))
    alice.say(Text(b"once more"))
    with pytest.raises(StateError, match="copy"):
        honest.say(Text(b"who reads first sees itself"))
    said = [each.said for each in bob.catch_up() if each.said is not None]
    assert said == [Text(b"from the original"), Text(b"once more")]
