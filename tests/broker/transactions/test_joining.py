"""What a commit leaves for joiners, and who knocks."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from broker.transactions.desk import BROKER, HOUR, Chat, codes, following, name
from covey.access.structs.joining import Knock, Pointers, WaitingKnock
from covey.access.structs.log import AnsweredKnock, BundledPointer, Capability, Parcel
from covey.broker.script import Query, play
from covey.broker.transactions import joining, log
from covey.broker.transactions.joining import Door
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker.transactions.desk import Desk
    from covey.access.structs.log import NextEpoch
    from covey.broker.script import Row, Script, Step


# --- parcels and pointer lists -------------------------------------------------------------


def test_parcels_come_in_the_order_in_which_they_are_asked_for(desk: Desk) -> None:
    chat, other = Chat(desk, 1), Chat(desk, 2)
    chat.create()
    other.create()
    parcels = [Parcel(name("parcel", at), b"p%d" % at) for at in range(3)]
    chat.append(chat.request(0, 1, b"c", following(1, tuple(parcels))))
    one, two, three = (each.id for each in parcels)
    for wanted in ((one,), (three, one), (two, three, one), (one, one)):
        found = desk.read(partial(joining.parcels, chat.gid, wanted))
        assert tuple(each.id for each in found) == wanted
        assert all(each in parcels for each in found)
    desk.refuses("parcel_unknown", lambda: joining.parcels(chat.gid, (one, name("parcel", 9))))
    desk.refuses("parcel_unknown", lambda: joining.parcels(other.gid, (one,)))
    assert desk.read(lambda: joining.parcels(chat.gid, ())) == ()


def test_a_pointer_list_is_of_the_epoch_that_its_commit_opened(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    chat.append(chat.request(0, 1, b"c", following(1, pointers=b"sealed")))
    chat.commit(1, 2)
    found = [desk.read(partial(joining.pointers, chat.gid, epoch)) for epoch in range(4)]
    nobody = Pointers(bytes(16), b"")
    assert found == [nobody, Pointers(name("idem", 1, 16), b"sealed"), nobody, nobody]


@pytest.mark.parametrize("ref", [b"", bytes(65)])
def test_a_pointer_that_goes_along_is_for_a_key_package_ref(desk: Desk, ref: bytes) -> None:
    chat = Chat(desk)
    chat.create()
    bundled = (BundledPointer(name("inbox"), ref, b"pointer"),)
    assert codes(chat.append(chat.request(0, 1, b"c", following(1, bundled=bundled)))) == [
        "malformed"
    ]


def test_parcels_are_looked_up_in_portions(desk: Desk) -> None:
    """A statement takes some thousands of keys, and no more."""
    chat = Chat(desk)
    chat.create()
    many = tuple(Parcel(name("parcel", number), b"p") for number in range(1_200))
    assert codes(chat.append(chat.request(0, 1, b"c", following(1, many)))) == ["Appended"]
    ids = tuple(each.id for each in many)
    steps = [step.args[-1] for step in steps_of(joining.parcels(chat.gid, ids, 1_200))]
    assert {len(each) for each in steps if isinstance(each, tuple)} == {500, 200}
    assert desk.read(lambda: joining.parcels(chat.gid, ids, 1_200)) == many
    desk.refuses("too_large", lambda: joining.parcels(chat.gid, ids, 1_199))
    again = (*(Parcel(name("other", number), b"p") for number in range(1_100)), many[7])
    assert codes(chat.append(chat.request(1, 2, b"c", following(2, again)))) == ["parcel_exists"]


def steps_of(script: Script[object]) -> list[Query]:
    """What a script asks, when each question is answered with nothing."""
    steps: list[Query] = []

    def run(step: Step) -> list[Row]:
        assert isinstance(step, Query)
        steps.append(step)
        return [(None,)] if "sum(" in step.statement.postgres else []

    with pytest.raises(BrokerError, match="parcel_unknown"):
        play(script, run)
    return steps


# --- knocks --------------------------------------------------------------------------------


def capabilities(*numbers: int, not_after: int = HOUR) -> NextEpoch:
    """A commit that states these."""
    stated = tuple(Capability(name("capability", number), not_after) for number in numbers)
    return following(1, capabilities=stated)


def a_knock(
    chat: Chat, number: int, capability: int = 1, sealed: bytes = b"sealed", hour: int = HOUR
) -> Callable[[], Script[None]]:
    """Somebody's KeyPackage at the door of at most three."""
    request = Knock(
        BROKER, chat.gid, name("knock", number, 16), name("capability", capability), sealed
    )
    door = Door(sha256(request.encode()).digest(), hour, 3)
    return partial(joining.knock, request, door)


def waiting(desk: Desk, chat: Chat, epoch: int) -> set[bytes]:
    """Who waits at the door."""
    return {each.id for each in desk.read(lambda: joining.knocks(chat.gid, epoch, HOUR, 99))}


@pytest.fixture
def chat(desk: Desk) -> Chat:
    """A log in epoch 1, at which the capabilities 1 and 2 may knock."""
    begun = Chat(desk)
    begun.create()
    begun.append(begun.request(0, 1, b"c", capabilities(1, 2)))
    return begun


def test_a_knock_waits_once_however_often_it_comes(desk: Desk, chat: Chat) -> None:
    for _ in range(3):
        desk.write(a_knock(chat, 1))
    desk.write(a_knock(chat, 2, 2, b"other"))
    found = desk.read(lambda: joining.knocks(chat.gid, 1, HOUR, 9))
    assert set(found) == {
        WaitingKnock(name("knock", 1, 16), name("capability", 1), b"sealed"),
        WaitingKnock(name("knock", 2, 16), name("capability", 2), b"other"),
    }
    assert len(desk.read(lambda: joining.knocks(chat.gid, 1, HOUR, 1))) == 1


def test_who_may_not_knock(desk: Desk, chat: Chat) -> None:
    desk.refuses("capability_refused", a_knock(chat, 1, 3))
    desk.refuses("capability_refused", a_knock(chat, 1, hour=HOUR + 1))
    desk.refuses("capability_refused", a_knock(Chat(desk, 9), 1))
    desk.write(a_knock(chat, 1))
    desk.refuses("parcel_exists", a_knock(chat, 1, 1, b"other"))
    desk.refuses("parcel_exists", a_knock(chat, 1, 2))


def test_the_door_is_narrow(desk: Desk, chat: Chat) -> None:
    for number in range(3):
        desk.write(a_knock(chat, number))
    desk.refuses("full", a_knock(chat, 3))
    desk.write(a_knock(chat, 2))


def test_ten_knocks_at_once_do_not_overfill_the_door(desk: Desk, chat: Chat) -> None:
    answers = desk.at_once(*[a_knock(chat, number) for number in range(10)], key=chat.gid)
    assert sorted(codes(answers)) == [*["NoneType"] * 3, *["full"] * 7]
    assert len(waiting(desk, chat, 1)) == 3


def test_one_knock_ten_times_at_once_is_one(desk: Desk, chat: Chat) -> None:
    assert desk.at_once(*[a_knock(chat, 1)] * 10, key=chat.gid) == [None] * 10
    assert len(waiting(desk, chat, 1)) == 1


def test_only_members_of_the_current_epoch_are_told(desk: Desk, chat: Chat) -> None:
    desk.refuses("epoch_passed", lambda: joining.knocks(chat.gid, 0, HOUR, 9))
    desk.refuses("epoch_passed", lambda: joining.knocks(chat.gid, 2, HOUR, 9))
    desk.refuses("group_unknown", lambda: joining.knocks(name("nobody"), 0, HOUR, 9))


def test_a_capability_that_is_not_stated_again_falls_with_its_knocks(
    desk: Desk, chat: Chat
) -> None:
    desk.write(a_knock(chat, 1, 1))
    desk.write(a_knock(chat, 2, 2))
    chat.append(chat.request(1, 2, b"c", capabilities(2, 3)))
    assert waiting(desk, chat, 2) == {name("knock", 2, 16)}
    desk.refuses("capability_refused", a_knock(chat, 1, 1))
    desk.write(a_knock(chat, 3, 3))
    chat.commit(2, 3)
    assert waiting(desk, chat, 3) == set()
    assert desk.count("knock") == desk.count("capability") == 0


def test_a_capability_is_stated_once(desk: Desk, chat: Chat) -> None:
    stating = partial(chat.append, chat.request(1, 2, b"c", capabilities(2, 3, 2)))
    assert codes(stating()) == ["malformed"]
    assert sorted(desk.rows("SELECT key FROM capability")) == sorted(
        (name("capability", number),) for number in (1, 2)
    )


def test_nobody_is_told_of_a_knock_whose_capability_has_expired(desk: Desk) -> None:
    """It takes no room at the door either."""
    chat = Chat(desk)
    chat.create()
    stated = [Capability(name("capability", number), HOUR + number) for number in (1, 2)]
    chat.append(chat.request(0, 1, b"c", following(1, capabilities=tuple(stated))))
    for number, capability in ((1, 1), (2, 1), (3, 2)):
        desk.write(a_knock(chat, number, capability))
    desk.refuses("full", a_knock(chat, 4, 2))
    told = {
        hour: {each.id for each in desk.read(partial(joining.knocks, chat.gid, 1, hour, 9))}
        for hour in (HOUR + 1, HOUR + 2, HOUR + 3)
    }
    last = {name("knock", 3, 16)}
    assert [len(told[HOUR + 1]), told[HOUR + 2], told[HOUR + 3]] == [3, last, set()]
    desk.write(a_knock(chat, 4, 2, hour=HOUR + 2))


def test_who_loses_the_race_states_nothing(desk: Desk, chat: Chat) -> None:
    winner = chat.request(1, 2, b"c", capabilities(1))
    loser = chat.request(1, 3, b"c", capabilities(3))
    chat.append(winner, loser)
    assert desk.rows("SELECT key FROM capability") == [(name("capability", 1),)]


def test_an_answered_knock_is_over_and_may_be_sent_again(desk: Desk, chat: Chat) -> None:
    desk.write(a_knock(chat, 1))
    desk.write(a_knock(chat, 2))
    stated = capabilities(1, 2).capabilities
    answered = (AnsweredKnock(name("knock", 1, 16)), AnsweredKnock(name("knock", 7, 16)))
    chat.append(chat.request(1, 2, b"c", following(2, capabilities=stated, answered=answered)))
    assert waiting(desk, chat, 2) == {name("knock", 2, 16)}
    desk.write(a_knock(chat, 1))
    assert waiting(desk, chat, 2) == {name("knock", 2, 16)}
    assert desk.rows("SELECT sealed FROM knock WHERE answered = 1") == [(b"",)]


def test_another_group_s_commit_answers_nothing_here(desk: Desk, chat: Chat) -> None:
    desk.write(a_knock(chat, 1))
    other = Chat(desk, 5)
    other.create()
    answered = (AnsweredKnock(name("knock", 1, 16)),)
    other.append(other.request(0, 1, b"c", following(1, answered=answered)))
    assert waiting(desk, chat, 1) == {name("knock", 1, 16)}


def test_a_knock_never_outlives_its_capability(desk: Desk) -> None:
    """Knocks and the commit that drops their capability come at the same time, many times."""
    for number in range(10):
        chat = Chat(desk, number)
        chat.create()
        chat.append(chat.request(0, 1, b"c", capabilities(1)))
        commit = chat.request(1, 2, b"c", following(2))

        committing = partial(log.append, chat.gid, [commit], HOUR)
        knocking = a_knock(chat, 1)
        both: list[Callable[[], Script[object]]] = [committing, knocking]
        desk.at_once(*(both if number % 2 else both[::-1]))
    assert desk.count("capability") == 0
    assert desk.count("knock") == 0
