"""Members at a real broker, over both stores: what they do, and what they notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from broker_process import LosesAnswers
from covey.access.member import addresses, links
from covey.access.structs.basics import Signed
from covey.access.structs.extensions import Right
from covey.access.structs.log import Append, Appended, Entries, Read
from covey.client.events import CopyFound, RemovedFromGroup, Unreadable
from covey.client.sync import asking
from covey.client.sync.asking import append, ask, challenge
from covey.client.sync.group import capabilities
from covey.client.sync.rows import queues
from covey.client.sync.rows.wishes import Expel, Invite, Renew
from covey.client.words.contents import Attachment, Text
from covey.errors import BrokerError, ForkError, StateError, TransportError
from covey.lab.company import doors, notes
from covey.lab.company.live import Socket, Subscription
from covey.lab.company.person import Person
from covey.lab.company.seat import BrokenEpochError, Seat
from covey.mls import ContentType
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.access.member.epochs import EpochAccess
    from covey.client.sync.effects import Flow
    from covey.lab.company.identity import Stolen
    from covey.lab.company.lines import Lines
    from covey.lab.company.seat import Heard

    Maker = Callable[..., Person]
    Opened = Callable[..., Seat]


def hello(text: str) -> Text:
    return Text(text.encode())


def texts(heard: list[Heard]) -> list[str]:
    return [each.said.text.decode() for each in heard if isinstance(each.said, Text)]


def reading(seat: Seat, access: EpochAccess) -> Flow[Entries]:
    """Read the log of a seat with any keys."""
    lane = seat.place.turns.speaker.lane
    proof = access.prove((yield from challenge(lane)))
    return (yield from ask(lane, "read", Read(access.gid, access.epoch, 0, 0, proof), Entries))


def fork(seat: Seat) -> None:
    """Let a commit of a seat's take effect which nobody else has."""
    group = seat.place.seat
    group.reserve(ContentType.commit)
    with group.change() as rows:
        if group.group.pending is None:
            group.group.commit(path=True)
        assert group.group.pending is not None
        group.group.accept(group.group.pending)
        queues.end_commit(rows, group.number)


def last_of(seat: Seat) -> int:
    """The number of the last entry of the log."""
    seat.read()
    return seat.row.seq


class Noting(httpx.HTTPTransport):
    """A network on which one sees what the broker refuses."""

    def __init__(self, refused: list[str]) -> None:
        super().__init__()
        self._refused = refused

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        content = response.read()
        if not response.is_success:
            self._refused.append(msgspec.json.decode(content)["code"])
        return httpx.Response(response.status_code, headers=response.headers, content=content)


@pytest.fixture
def trio(person: Maker) -> tuple[list[Person], list[Seat]]:
    """Three people in one group, and their seats; all have renewed their keys, and read that."""
    alice, bob, carol = (person(name) for name in ("alice", "bob", "carol"))
    seat = alice.found()
    seat.commit(Invite(alice.claim([bob.name, carol.name])))
    seats = [seat, bob.join(), carol.join()]
    for each in seats:
        each.renew()
    for each in seats:
        each.catch_up()
    return [alice, bob, carol], seats


Trio = tuple[list[Person], list[Seat]]


@pytest.fixture
def opened(lines: Callable[..., Lines]) -> Opened:
    """A seat as it was when it was stolen, in the hands of somebody else."""

    def opened(seat: Seat, stolen: Stolen, **how: object) -> Seat:
        return Person(seat.person.name, lines(**how), stolen=stolen).seats[seat.gid]

    return opened


def test_everybody_reads_what_is_said(trio: Trio) -> None:
    _, seats = trio
    for number, seat in enumerate(seats):
        seat.say(hello(f"message {number}"))
    for number, seat in enumerate(seats):
        others = [f"message {other}" for other in range(3) if other != number]
        assert texts(seat.catch_up()) == others
    assert len({seat.group.epoch_authenticator for seat in seats}) == 1


def test_who_is_late_follows_and_sends_again(trio: Trio) -> None:
    """Its epoch closes between its reading and its sending."""
    _, [alice, bob, _] = trio
    alice.read()
    before = bob.group.epoch
    bob.renew()
    seq = alice.say(hello("late"), look_first=False)
    assert texts(bob.catch_up()) == ["late"]
    assert bob.row.seq == seq
    assert alice.group.epoch == bob.group.epoch == before + 1


def test_of_two_commits_one_wins_and_both_are_made(trio: Trio) -> None:
    people, [alice, bob, carol] = trio
    expel = Expel((people[2].name.encode(),))
    prepared = alice.prepare(Renew()), bob.prepare(expel)
    assert prepared[0] is not None
    assert prepared[1] is not None
    first = alice.row.seq + 1
    assert alice.submit(prepared[0])
    assert not bob.submit(prepared[1])
    assert bob.commit() == first + 1
    assert alice.commit(expel) == 0  # it has been done
    carol.read()
    assert not carol.is_in


def test_a_removed_member_is_out_with_its_removal(trio: Trio) -> None:
    people, [alice, bob, carol] = trio
    access = carol.access
    removed = alice.commit(Expel((people[2].name.encode(),)))
    bob.say(hello("without her"))
    heard = carol.catch_up()
    assert isinstance(heard[-1].event, RemovedFromGroup)
    assert carol.row.seq == removed
    with pytest.raises(BrokerError, match="proof_refused"):
        carol.person.run(reading(carol, msgspec.structs.replace(access, epoch=access.epoch + 1)))
    with pytest.raises(StateError, match="removed"):
        carol.say(hello("still here?"))


def test_who_was_away_for_fifty_epochs_walks_forward(trio: Trio) -> None:
    _, [alice, bob, carol] = trio
    before = carol.group.epoch
    for _ in range(25):
        alice.renew()
        bob.renew()
    alice.say(hello("welcome back"))
    assert texts(carol.catch_up()) == ["welcome back"]
    assert carol.group.epoch == before + 50


def test_a_proposal_is_committed_before_anything_is_said(trio: Trio) -> None:
    _, [alice, bob, carol] = trio
    before = alice.group.epoch
    carol.leave()
    alice.say(hello("she has left"))
    assert texts(bob.catch_up()) == ["she has left"]
    carol.read()
    assert not carol.is_in
    assert len(bob.members) == 2
    assert alice.group.epoch == bob.group.epoch == before + 1


# --- copies and forks ----------------------------------------------------------------------


def test_the_first_append_of_a_copy_is_refused(trio: Trio, opened: Opened) -> None:
    _, [_, bob, _] = trio
    stolen, seq = bob.person.stolen(), bob.row.seq
    bob.say(hello("mine"))
    refused: list[str] = []
    copy = opened(bob, stolen, transport=lambda: Noting(refused))
    with pytest.raises(StateError, match="this store is a copy"):
        copy.say(hello("and mine"), look_first=False)
    assert refused == ["idem_mismatch"]
    assert copy.row.seq == seq + 1  # it has not taken the broker at its word, and has read
    assert [type(each.event) for each in copy.told()] == [CopyFound]


def test_a_copy_that_looks_first_stops_by_itself(trio: Trio, opened: Opened) -> None:
    _, [_, bob, _] = trio
    stolen = bob.person.stolen()
    bob.say(hello("mine"))
    with pytest.raises(StateError, match="this store is a copy"):
        opened(bob, stolen).say(hello("and mine"))


def test_who_was_saved_and_comes_back_alone_goes_on(trio: Trio, opened: Opened) -> None:
    _, [alice, bob, _] = trio
    bob.say(hello("before"))
    again = opened(bob, bob.person.stolen())
    again.say(hello("after"))
    assert texts(alice.catch_up()) == ["before", "after"]


def test_who_holds_a_fork_is_refused_and_told_so(trio: Trio, opened: Opened) -> None:
    """Its epoch has the same number, and other secrets."""
    _, [alice, bob, carol] = trio
    forked = opened(carol, carol.person.stolen())
    fork(forked)
    alice.renew()
    bob.read()
    assert forked.group.epoch == bob.group.epoch
    with pytest.raises(BrokerError, match=r"proof_refused: .*you hold a fork of it"):
        forked.read()


def test_a_broker_that_shows_two_logs_is_found_out_by_what_members_claim(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    bob.read()
    seq = bob.row.seq
    with alice.place.seat.change():  # as if the broker had shown her another entry
        alice.place.seat.replace(hash=bytes(32))
    alice.say(hello(f"I have seen entry {seq}"), look_first=False)
    with pytest.raises(ForkError, match=f"another log up to entry {seq}"):
        bob.catch_up()


def test_a_broker_that_goes_back_is_found_out(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    alice.say(hello("one"))
    bob.read()
    seq = bob.row.seq
    with bob.place.seat.change():  # an entry that is not there any more
        bob.place.seat.replace(seq=seq + 1, hash=bytes(32))
    told = f"the log ends at entry {seq}, and entry {seq + 1} was shown already"
    with pytest.raises(ForkError, match=told):
        bob.read()


def test_a_commit_that_nobody_can_follow_stops_everybody(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    made = bob.prepare(Renew())
    assert made is not None
    bodies = Append.decode(Signed.decode(made.request).request)
    spoiled = bob.access.append(made.idem, b"nothing that was sealed", bodies.next)
    answer = bob.person.run(append(bob.place.turns.speaker.lane, spoiled))
    assert isinstance(answer, Appended)
    seq = answer.position.seq
    with pytest.raises(BrokenEpochError, match=f"nobody can follow the commit of entry {seq}"):
        alice.catch_up()
    with pytest.raises(BrokenEpochError):  # and it does not go away
        alice.catch_up()


def test_what_cannot_be_read_hurts_nobody(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    noise = alice.access.append(system_entropy(16), b"noise")
    alice.person.run(append(alice.place.turns.speaker.lane, noise))
    alice.say(hello("sense"))
    heard = bob.catch_up()
    assert isinstance(heard[0].event, Unreadable)
    assert heard[0].event.why
    assert texts(heard) == ["sense"]
    assert len(heard) == 2


# --- coming in -----------------------------------------------------------------------------


def test_any_member_posts_what_a_dead_committer_did_not(trio: Trio, person: Maker) -> None:
    people, [alice, bob, carol] = trio
    dave = person("dave")
    carol.commit(Invite(people[2].claim([dave.name])), dies=True)
    with pytest.raises(TransportError, match="no pointer came"):
        dave.join(wait=0)
    alice.read()
    bob.read()
    assert alice.post_missing() == bob.post_missing() == 1
    assert len(dave.run(dave.inbox.fetch())) == 1
    seat = dave.join()
    before = seat.group.epoch
    seat.renew()
    bob.read()
    assert bob.group.epoch == seat.group.epoch == before + 1


def test_pointers_are_posted_when_it_is_time(person: Maker) -> None:
    alice, bob = person("alice"), person("bob")
    seat = alice.found()
    later: list[Callable[[], None]] = []
    seat.postpone = later.append
    seat.commit(Invite(alice.claim([bob.name])))
    assert bob.run(bob.inbox.fetch()) == ()
    for post in later:
        post()
    assert bob.join().members == seat.members


def test_a_link_lets_in_and_falls_with_who_made_it(trio: Trio, person: Maker) -> None:
    people, [alice, bob, carol] = trio
    fragment = doors.open_door(carol)
    key = capabilities.key(links.decode(fragment).seed)

    def standing(seat: Seat) -> tuple[bool, bool]:
        """Whether the group states the link's capability, and whether its door is known."""
        stated = addresses.capabilities_of(seat.group.extensions).capabilities
        known = {each.capability for each in seat.doors}
        return any(each.key == key for each in stated), key in known

    alice.read()
    assert standing(alice) == (True, True)
    dave = person("dave")
    dave.knock(fragment)
    assert doors.answer(alice) == doors.Answered(1, 0, ())
    assert doors.answer(bob) == doors.Answered(0, 0, ())
    assert standing(dave.join()) == (True, True)
    alice.commit(Expel((people[2].name.encode(),)))
    assert standing(alice) == (False, False)
    with pytest.raises(BrokerError, match="capability_refused"):
        person("erin").knock(fragment)


def test_a_lost_state_is_recovered(trio: Trio, person: Maker) -> None:
    people, [alice, _, carol] = trio
    code = doors.open_door(alice, Right.recover)
    carol.read()
    again = person("carol's second device")
    again.member = type(again.member).basic(
        people[2].name.encode(), again.member.suite.code, policy=again.member.policy
    )
    again.knock(code, recovers=True)
    assert doors.answer(alice) == doors.Answered(1, 1, ())
    seat = again.join()
    assert sorted(seat.members) == sorted(each.name for each in people)
    carol.read()
    assert not carol.is_in


def test_a_link_for_joining_recovers_nobody(trio: Trio, person: Maker) -> None:
    _, [alice, _, _] = trio
    fragment = doors.open_door(alice)
    person("dave").knock(fragment, recovers=True)
    answered = doors.answer(alice)
    assert answered.joined == 0
    assert "lets one join" in answered.refused[0]


def test_notes_reach_a_member_past_the_log(trio: Trio, person: Maker) -> None:
    [_, bob, _], [alice, bobs, carol] = trio
    dave = person("dave")
    alice.commit(Invite(alice.person.claim([dave.name])))
    daves = dave.join()
    with pytest.raises(StateError, match="no member that takes notes"):
        notes.leave(alice, dave.name, b"too early")
    with pytest.raises(BrokerError):  # its leaf says where, and its inbox takes none
        notes.leave(alice, bob.name, b"too early")
    for each in (bob, dave):
        notes.take(each)
    daves.renew()
    for seat in (bobs, carol):
        seat.read()
    notes.leave(carol, bob.name, b"psst")
    notes.leave(carol, dave.name, b"hush")
    assert notes.fetch(bob) == [b"psst"]
    assert notes.fetch(bob) == []
    assert notes.fetch(dave) == [b"hush"]
    with pytest.raises(StateError, match="no member that takes notes"):
        notes.leave(alice, "nobody", b"")


# --- attachments, live delivery, lost answers ------------------------------------------------


def test_an_attachment_is_read_by_who_was_told_its_key(trio: Trio) -> None:
    people, [alice, bob, _] = trio
    data = bytes(range(256)) * 1_000
    alice.say(alice.attach(data, "numbers", piece=1 << 16))
    [heard] = bob.catch_up()
    assert isinstance(heard.said, Attachment)
    assert people[1].fetch(heard.said) == data


def test_live_entries_come_across_epochs(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    before = bob.group.epoch
    with Socket(alice.person.lines.url) as socket:
        subscription = Subscription(bob, socket)
        subscription.listen()
        alice.say(hello("one"))
        alice.renew()
        alice.say(hello("two"))
        heard: list[Heard] = []
        while texts(heard) != ["one", "two"]:
            heard += subscription.listen()
    assert bob.group.epoch == before + 1


def test_a_subscription_of_who_is_no_member_is_refused(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    fork(bob)
    alice.renew()
    with (
        Socket(alice.person.lines.url) as socket,
        pytest.raises(BrokerError, match="proof_refused"),
    ):
        Subscription(bob, socket).listen()


def test_nothing_is_doubled_or_lost_when_answers_are(
    person: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_PAUSE", 0.0)  # nobody waits for it here
    ways: list[LosesAnswers] = []

    def transport() -> LosesAnswers:
        ways.append(LosesAnswers())
        return ways[-1]

    def lose(*, now: bool) -> None:
        for way in ways:
            way.losing = now

    alice, bob = person("alice", transport=transport), person("bob")
    seat = alice.found()
    seat.commit(Invite(alice.claim([bob.name])))
    bobs = bob.join()
    bobs.renew()
    seat.read()
    lose(now=True)
    with pytest.raises(TransportError):
        seat.say(hello("said once"), look_first=False)
    lose(now=False)
    bobs.renew()  # so that the epoch has closed when it is sent again
    seat.flush()
    assert texts(bobs.catch_up()) == ["said once"]
    before = seat.group.epoch
    made = seat.prepare(Renew())
    assert made is not None
    lose(now=True)
    with pytest.raises(TransportError):
        seat.submit(made)
    lose(now=False)
    assert seat.commit() == last_of(bobs)
    assert seat.group.epoch == bobs.group.epoch == before + 1


def test_one_connection_serves_many_groups_when_told_to(person: Maker) -> None:
    ways: list[LosesAnswers] = []

    def transport() -> LosesAnswers:
        ways.append(LosesAnswers())
        return ways[-1]

    alice = person("alice", multiplexed=True)
    bob = person("bob", multiplexed=True, transport=transport)
    for _ in range(3):
        seat = alice.found()
        seat.commit(Invite(alice.claim([bob.name])))
        bob.join().say(hello("here"))
        assert texts(seat.catch_up()) == ["here"]
    assert len(ways) == 2  # the device's, and that of all else
