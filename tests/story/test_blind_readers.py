"""Who may read what of a blind broker, on both stores, over HTTP and over a WebSocket.

Somebody removed reads nothing more, with all that it ever had; somebody away for 50 epochs walks
forward; a fork is refused and says so; a copy of a client is found out at its first message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blind import Household, household
from covey.access.structs.basics import ByTicket, Fresh
from covey.access.structs.joining import FetchKnocks, FetchPointers, Knocks, Pointers
from covey.access.structs.log import Entries, Read
from covey.client.sync.asking import ask, challenge
from covey.client.sync.rows import queues
from covey.client.sync.rows.wishes import Expel, Renew
from covey.client.words.contents import Text
from covey.errors import BrokerError, StateError
from covey.lab.analyst.places import KINDS, Kind
from covey.lab.company.live import Socket, Subscription
from lengths import not_on_each

if TYPE_CHECKING:
    from covey.lab.company.seat import Seat

AWAY = 50


@pytest.mark.parametrize("kind", KINDS)
def test_readers(kind: Kind) -> None:
    not_on_each(kind)
    with household(kind) as home:
        removed_reads_nothing(home)
        away_walks_forward(home)
        fork_is_refused(home)
        copy_is_found_out(home)


def removed_reads_nothing(home: Household) -> None:
    alice, bob, carol = home.group("alice", "bobby", "carol")
    alice.say(Text(b"all of us"))
    stolen = carol.person.stolen()
    old = carol.access
    carol.catch_up()
    reader = carol.place.turns.speaker
    assert carol.catch_up() == []
    assert reader._prover is not None  # noqa: SLF001 - all that it ever had
    ticket = reader._prover._ticket  # noqa: SLF001 - likewise
    assert ticket
    last = alice.commit(Expel((b"carol",)))
    bob.catch_up()
    alice.say(Text(b"the two of us"))
    bob.say(Text(b"indeed"))

    carol.catch_up()
    assert carol.row.seq == last
    assert not carol.is_in

    # All proofs that it can still make, and the ticket on the very connection it was given on.
    lane, run = reader.lane, carol.person.run

    def fresh() -> Fresh:
        return old.prove(run(challenge(lane)))

    def read(epoch: int, after: int, proof: ByTicket | Fresh) -> Entries:
        return run(ask(lane, "read", Read(old.gid, epoch, after, 0, proof), Entries))

    proofs = [ByTicket(ticket), fresh()]
    for proof in proofs:
        for epoch in (old.epoch + 1, old.epoch + 2):
            with pytest.raises(BrokerError):
                read(epoch, 0, proof)
            with pytest.raises(BrokerError):
                run(ask(lane, "pointers", FetchPointers(old.gid, epoch, proof), Pointers))
            with pytest.raises(BrokerError):
                run(ask(lane, "knocks", FetchKnocks(old.gid, epoch, proof), Knocks))
        # Its own epoch ends with its removal, and nothing after that is in it.
        assert max(each.seq for each in read(old.epoch, 0, fresh()).entries) == last
        assert read(old.epoch, last, fresh()).entries == ()
    with pytest.raises(BrokerError, match="fork"):
        read(old.epoch + 1, last, fresh())

    # The same over a WebSocket, from the state before the removal.
    with Socket(home.url) as socket:
        ghost = home.opened(carol, stolen)
        Subscription(ghost, socket).listen(2)
        assert ghost.row.seq == last
        assert not ghost.is_in
        assert socket.receive(0.3) is None  # 0 bytes


def away_walks_forward(home: Household) -> None:
    alice, bob = home.group("alice", "bobby")
    before = bob.group.epoch
    for number in range(AWAY):
        if number % 10 == 0:
            alice.say(Text(b"round %d" % number))
        alice.renew()
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
    other = home.opened(bob)
    follow_own_commit(other)
    alice.renew()  # this one wins, and the fork does not know
    with pytest.raises(BrokerError, match="fork") as refusal:
        other.catch_up()
    assert refusal.value.code == "proof_refused"
    with pytest.raises(BrokerError, match="fork"):
        other.say(Text(b"is anybody there?"), look_first=False)
    bob.catch_up()
    assert bob.group.epoch == alice.group.epoch == other.group.epoch
    assert bob.group.epoch_authenticator == alice.group.epoch_authenticator


def follow_own_commit(seat: Seat) -> None:
    """Let a commit take effect that the broker has never seen."""
    made, group = seat.prepare(Renew()), seat.place.seat
    assert made is not None
    with group.change() as rows:
        assert group.group.pending is not None
        group.group.accept(group.group.pending)
        queues.end_commit(rows, group.number)


def copy_is_found_out(home: Household) -> None:
    alice, bob = home.group("alice", "bobby")
    alice.catch_up()
    copy = home.opened(alice)
    alice.say(Text(b"from the original"))
    with pytest.raises(StateError, match="copy"):
        copy.say(Text(b"from the copy"), look_first=False)
    honest = home.opened(alice)
    alice.say(Text(b"once more"))
    with pytest.raises(StateError, match="copy"):
        honest.say(Text(b"who reads first sees itself"))
    said = [each.said for each in bob.catch_up() if each.said is not None]
    assert said == [Text(b"from the original"), Text(b"once more")]
