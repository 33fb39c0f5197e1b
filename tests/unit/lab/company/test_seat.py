"""Members at a real broker, over both stores: what they do, and what they notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from broker_process import LosesAnswers
from covey.access.member import addresses
from covey.access.structs.extensions import Right
from covey.access.structs.heads import Position
from covey.access.structs.log import EpochClosed
from covey.errors import BrokerError, ForkError, StateError, TransportError
from covey.lab.company import attachments, doors
from covey.lab.company.commits import Plan
from covey.lab.company.contents import Attachment, NewDoor, Text
from covey.lab.company.listening import BrokenEpochError
from covey.lab.company.live import Socket, Subscription
from covey.lab.company.seat import Seat
from covey.mls import EpochChanged, Group
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.company.listening import Heard
    from covey.lab.company.person import Person

    Maker = Callable[..., Person]


def hello(text: str) -> Text:
    return Text(text.encode())


def texts(heard: list[Heard]) -> list[str]:
    return [each.said.text.decode() for each in heard if isinstance(each.said, Text)]


@pytest.fixture
def trio(person: Maker) -> tuple[list[Person], list[Seat]]:
    """Three people in one group, and their seats."""
    alice, bob, carol = (person(name) for name in ("alice", "bob", "carol"))
    seat = alice.found()
    alice.invite(seat, [bob.name, carol.name])
    return [alice, bob, carol], [seat, bob.join(), carol.join()]


Trio = tuple[list["Person"], list[Seat]]


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
    bob.renew()
    seq = alice.say(hello("late"), look_first=False)
    assert texts(bob.catch_up(seq)) == ["late"]
    assert alice.group.epoch == bob.group.epoch == 2


def test_of_two_commits_one_wins_and_both_are_made(trio: Trio) -> None:
    people, [alice, bob, carol] = trio
    prepared = alice.prepare(Plan()), bob.prepare(Plan(remove=(people[2].name.encode(),)))
    assert prepared[0] is not None
    assert prepared[1] is not None
    alice.submit(prepared[0])
    assert isinstance(bob.submit(prepared[1]), EpochClosed)
    assert bob.commit(prepared[1].plan) == 3
    assert alice.commit(prepared[1].plan) == 0  # it has been done
    carol.read()
    assert not carol.group.is_active


def test_a_removed_member_is_out_with_its_removal(trio: Trio) -> None:
    people, [alice, bob, carol] = trio
    carols = carol.log.access
    removed = alice.commit(Plan(remove=(people[2].name.encode(),)))
    bob.say(hello("without her"))
    heard = carol.catch_up()
    assert isinstance(heard[-1].event, EpochChanged)
    assert heard[-1].event.removed
    assert carol.log.seq == removed
    carol.log.enter(msgspec.structs.replace(carols, epoch=carols.epoch + 1))
    with pytest.raises(BrokerError, match="proof_refused"):
        carol.log.read()
    with pytest.raises(StateError, match="removed"):
        carol.say(hello("still here?"))


def test_who_was_away_for_fifty_epochs_walks_forward(trio: Trio) -> None:
    _, [alice, bob, carol] = trio
    for _ in range(25):
        alice.renew()
        bob.renew()
    alice.say(hello("welcome back"))
    assert texts(carol.catch_up()) == ["welcome back"]
    assert carol.group.epoch == 51


def test_a_proposal_is_committed_before_anything_is_said(trio: Trio) -> None:
    _, [alice, bob, carol] = trio
    carol.propose(Group.leave)
    alice.say(hello("she has left"))
    assert texts(bob.catch_up()) == ["she has left"]
    carol.read()
    assert not carol.group.is_active
    assert len(bob.members) == 2


# --- copies and forks ----------------------------------------------------------------------


def test_the_first_append_of_a_copy_is_refused(trio: Trio) -> None:
    people, [_, bob, _] = trio
    saved = bob.saved()
    bob.say(hello("mine"))
    copy = Seat.opened(saved, people[1].lines)
    with pytest.raises(StateError, match="this client is a copy") as caught:
        copy.say(hello("and mine"), look_first=False)
    assert isinstance(caught.value.__cause__, BrokerError)
    assert caught.value.__cause__.code == "idem_mismatch"


def test_a_copy_that_looks_first_stops_by_itself(trio: Trio) -> None:
    people, [_, bob, _] = trio
    saved = bob.saved()
    bob.say(hello("mine"))
    with pytest.raises(StateError, match="this client is a copy"):
        Seat.opened(saved, people[1].lines).say(hello("and mine"))


def test_who_was_saved_and_comes_back_alone_goes_on(trio: Trio) -> None:
    people, [alice, bob, _] = trio
    bob.say(hello("before"))
    again = Seat.opened(bob.saved(), people[1].lines)
    again.say(hello("after"))
    assert texts(alice.catch_up()) == ["before", "after"]


def test_who_holds_a_fork_is_refused_and_told_so(trio: Trio) -> None:
    """Its epoch has the same number, and other secrets."""
    people, [alice, bob, carol] = trio
    forked = Seat.opened(carol.saved(), people[2].lines)
    pending = forked.group.commit(path=True)
    forked.group.accept(pending)
    forked.log.enter(type(carol.log.access).derive(
        forked.group.export, alice.log.access.broker_id, alice.gid, 2
    ))  # fmt: skip
    alice.renew()
    bob.read()
    with pytest.raises(BrokerError, match=r"proof_refused: .*you hold a fork of it"):
        forked.read()


def test_a_broker_that_shows_two_logs_is_found_out_by_what_members_claim(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    bob.read()
    bob.log.history[1] = bytes(32)  # as if the broker had shown bob another entry 1
    alice.say(hello("I have seen entry 1"))
    with pytest.raises(ForkError, match="another log up to entry 1"):
        bob.catch_up()


def test_a_broker_that_goes_back_is_found_out(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    alice.say(hello("one"))
    bob.read()
    shown = Position(bob.log.seq + 1, bytes(32))  # an entry that is not there any more
    bob.log.followed = msgspec.structs.replace(bob.log.followed, position=shown)
    with pytest.raises(ForkError, match="the log ends at entry 2, and entry 3 was shown already"):
        bob.read()


def test_a_commit_that_nobody_can_follow_stops_everybody(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    made = bob.prepare(Plan())
    assert made is not None
    spoiled = bob.log.access.append(made.idem, b"nothing that was sealed", _next_of(made))
    bob.log.append(spoiled)
    with pytest.raises(BrokenEpochError, match="nobody can follow the commit of entry 2"):
        alice.catch_up()
    with pytest.raises(BrokenEpochError):  # and it does not go away
        alice.catch_up()


def _next_of(made: Any) -> Any:  # noqa: ANN401 - read back from the request
    from covey.access.structs.log import Append  # noqa: PLC0415

    return Append.decode(made.request.request).next


def test_what_cannot_be_read_hurts_nobody(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    access = alice.log.access
    alice.log.append(access.append(system_entropy(16), b"noise"))
    commit = alice.group.commit(path=True)
    alice.group.discard(commit)
    seq = alice.say(hello("sense"))
    noise, sense = bob.catch_up(seq)
    assert noise.event is None
    assert noise.trouble
    assert texts([sense]) == ["sense"]


# --- coming in -----------------------------------------------------------------------------


def test_any_member_posts_what_a_dead_committer_did_not(trio: Trio, person: Maker) -> None:
    people, [alice, bob, carol] = trio
    dave = person("dave")
    people[2].invite(carol, [dave.name], die_before_pointers=True)
    with pytest.raises(TransportError, match="no pointer came"):
        dave.join(wait=0)
    alice.read()
    bob.read()
    assert alice.post_missing() == bob.post_missing() == 1
    assert len(dave.inbox.fetch()) == 1
    seat = dave.join()
    seat.renew()
    assert bob.catch_up()[-1].epoch == seat.group.epoch - 1


def test_pointers_are_posted_when_it_is_time(person: Maker) -> None:
    alice, bob = person("alice"), person("bob")
    seat = alice.found()
    later: list[Callable[[], None]] = []
    seat.postpone = later.append
    alice.invite(seat, [bob.name])
    assert bob.inbox.fetch() == ()
    for post in later:
        post()
    assert bob.join().members == seat.members


def test_a_link_lets_in_and_falls_with_who_made_it(trio: Trio, person: Maker) -> None:
    people, [alice, bob, carol] = trio
    fragment = doors.open_door(carol)
    assert any(isinstance(each.said, NewDoor) for each in alice.catch_up())
    dave = person("dave")
    dave.knock(fragment)
    assert doors.answer(alice) == doors.Answered(1, 0, ())
    assert doors.answer(bob) == doors.Answered(0, 0, ())
    seat = dave.join()
    assert len(seat.doors) == 1
    alice.commit(Plan(remove=(people[2].name.encode(),)))
    assert alice.doors == []
    assert addresses.capabilities_of(alice.group.extensions).capabilities == ()
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
    assert not carol.group.is_active


def test_a_link_for_joining_recovers_nobody(trio: Trio, person: Maker) -> None:
    _, [alice, _, _] = trio
    fragment = doors.open_door(alice)
    person("dave").knock(fragment, recovers=True)
    answered = doors.answer(alice)
    assert answered.joined == 0
    assert "lets one join" in answered.refused[0]


def test_notes_reach_a_member_past_the_log(trio: Trio) -> None:
    [alices_self, bob, carols_self], [alice, bobs, carol] = trio
    with pytest.raises(StateError, match="no member that takes notes"):
        carols_self.leave_note(carol, bob.name, b"too early")
    bob.take_notes()
    bobs.renew()
    carol.read()
    carols_self.leave_note(carol, bob.name, b"psst")
    assert bob.notes() == [b"psst"]
    assert bob.notes() == []
    with pytest.raises(StateError, match="no member that takes notes"):
        alices_self.leave_note(alice, "nobody", b"")


# --- attachments, live delivery, lost answers ------------------------------------------------


def test_an_attachment_is_read_by_who_was_told_its_key(trio: Trio) -> None:
    people, [alice, bob, _] = trio
    data = bytes(range(256)) * 1_000
    alice.say(attachments.attach(alice, data, "numbers", piece=1 << 16))
    [heard] = bob.catch_up()
    assert isinstance(heard.said, Attachment)
    assert attachments.fetch(people[1].lines, heard.said) == data


def test_live_entries_come_across_epochs(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    with Socket(alice.lines.url) as socket:
        subscription = Subscription(bob, socket)
        subscription.listen()
        alice.say(hello("one"))
        alice.renew()
        alice.say(hello("two"))
        heard: list[Heard] = []
        while texts(heard) != ["one", "two"]:
            heard += subscription.listen()
    assert bob.group.epoch == 2


def test_a_subscription_of_who_is_no_member_is_refused(trio: Trio) -> None:
    _, [alice, bob, _] = trio
    bob.log.enter(msgspec.structs.replace(bob.log.access, signing_key=bytes(32)))
    with (
        Socket(alice.lines.url) as socket,
        pytest.raises(BrokerError, match="proof_refused"),
    ):
        Subscription(bob, socket).listen()


def test_nothing_is_doubled_or_lost_when_answers_are(person: Maker) -> None:
    ways: list[LosesAnswers] = []

    def transport() -> LosesAnswers:
        ways.append(LosesAnswers())
        return ways[-1]

    alice, bob = person("alice", transport=transport), person("bob")
    seat = alice.found()
    alice.invite(seat, [bob.name])
    bobs = bob.join()
    seat.log.line._pause = 0  # noqa: SLF001 - nobody waits for it here
    for way in ways:
        way.losing = True
    with pytest.raises(TransportError):
        seat.say(hello("said once"), look_first=False)
    for way in ways:
        way.losing = False
    bobs.renew()  # so that the epoch has closed when it is sent again
    seat.flush()
    assert texts(bobs.catch_up()) == ["said once"]
    made = seat.prepare(Plan())
    assert made is not None
    for way in ways:
        way.losing = True
    with pytest.raises(TransportError):
        seat.submit(made)
    for way in ways:
        way.losing = False
    assert seat.renew() == bobs.catch_up()[-1].seq
    assert seat.group.epoch == bobs.group.epoch == 4


def test_one_connection_serves_many_groups_when_told_to(person: Maker) -> None:
    alice, bob = person("alice", multiplexed=True), person("bob", multiplexed=True)
    for _ in range(3):
        seat = alice.found()
        alice.invite(seat, [bob.name])
        bobs = bob.join()
        bobs.say(hello("here"))
        assert texts(seat.catch_up()) == ["here"]
    assert len({id(each.log.line) for each in bob.seats.values()}) == 1
