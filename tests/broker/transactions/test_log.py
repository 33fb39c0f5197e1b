"""Logs are begun, and appended to in batches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from broker.transactions.desk import BROKER, HOUR, Chat, codes, following, name, owe
from covey.access import chain
from covey.access.structs.basics import Kind
from covey.access.structs.heads import Position
from covey.access.structs.log import (
    Appended,
    BundledPointer,
    Capability,
    Create,
    Entry,
    EpochClosed,
    Parcel,
)
from covey.broker.limits import BIGGEST, FIRST_EPOCH
from covey.broker.transactions import accounts, inboxes, joining, log

if TYPE_CHECKING:
    from broker.transactions.desk import Desk


# --- beginning -----------------------------------------------------------------------------


def test_a_log_begins_empty(desk: Desk) -> None:
    chat = Chat(desk, epoch=5)
    start = chain.start(Create(BROKER, chat.gid, 5, b"k" * 32, b""))
    assert chat.create() == start
    assert desk.rows("SELECT * FROM log") == [
        (chat.gid, 5, 0, start.hash, 5, chat.creation().digest, start.hash, HOUR)
    ]
    assert desk.rows("SELECT * FROM epoch") == [(chat.gid, 5, b"k" * 32, 0, start.hash, None)]


def test_the_same_request_begins_it_once_whatever_came_since(desk: Desk) -> None:
    chat = Chat(desk)
    start = chat.create()
    chat.commit(0, 1)
    before = desk.content()
    assert chat.create(HOUR + 1) == start
    assert desk.content() == before


def test_another_request_for_the_same_gid_is_refused(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    other = chat.creation(key=b"l" * 32)
    desk.refuses("group_exists", lambda: log.create(other), chat.gid)
    far = Chat(desk, 1, FIRST_EPOCH).creation()
    desk.refuses("malformed", lambda: log.create(far))


def test_an_invite_is_used_once(desk: Desk) -> None:
    one, two = Chat(desk, 1), Chat(desk, 2)
    invite = name("invite")
    for _ in range(2):
        desk.write(lambda: accounts.add_invite(invite, "create", HOUR))
    late = one.creation(invite, HOUR + 1)
    desk.refuses("invite_needed", lambda: log.create(late))
    first, second = one.creation(invite), two.creation(invite)
    start = desk.write(lambda: log.create(first))
    assert desk.count("invite") == 0
    assert desk.write(lambda: log.create(first)) == start
    desk.refuses("invite_needed", lambda: log.create(second))


def test_an_invite_for_an_account_begins_no_group(desk: Desk) -> None:
    invite = name("invite")
    desk.write(lambda: accounts.add_invite(invite, "enrol", HOUR))
    creation = Chat(desk).creation(invite)
    desk.refuses("invite_needed", lambda: log.create(creation))


def test_the_same_request_ten_times_at_once_begins_it_once(desk: Desk) -> None:
    invite = name("invite")
    desk.write(lambda: accounts.add_invite(invite, "create", HOUR))
    creation = Chat(desk).creation(invite)
    answers = desk.at_once(*[lambda: log.create(creation)] * 10)
    assert set(answers) == {chain.start(creation.request)}
    assert desk.count("log") == desk.count("epoch") == 1


def test_of_different_requests_at_once_one_begins_it(desk: Desk) -> None:
    chat = Chat(desk)
    creations = [chat.creation(key=name("key", number)) for number in range(10)]
    answers = desk.at_once(*[partial(log.create, each) for each in creations])
    assert sorted(codes(answers)) == ["Position", *["group_exists"] * 9]
    assert desk.count("log") == desk.count("epoch") == 1


def test_of_groups_that_cost_the_same_invite_one_begins(desk: Desk) -> None:
    invite = name("invite")
    desk.write(lambda: accounts.add_invite(invite, "create", HOUR))
    creations = [Chat(desk, number).creation(invite) for number in range(8)]
    answers = desk.at_once(*[partial(log.create, each) for each in creations])
    assert sorted(codes(answers)) == ["Position", *["invite_needed"] * 7]
    assert desk.count("log") == desk.count("epoch") == 1


# --- appending -----------------------------------------------------------------------------


def test_a_batch_is_taken_in_order(desk: Desk) -> None:
    chat = Chat(desk)
    place = chat.create()
    bodies = [b"one", b"", b"three" * 20]
    answers = chat.append(*[chat.request(0, at, body) for at, body in enumerate(bodies)])
    for at, body in enumerate(bodies):
        entry = Entry(at + 1, 0, Kind.other, name("idem", at, 16), body)
        place = chain.link(place, chat.gid, entry)
        assert answers[at] == Appended(place)
    assert desk.rows("SELECT epoch, seq, hash FROM log") == [(0, 3, place.hash)]
    assert [entry.body for entry in chat.page(0).entries] == bodies


def test_of_several_commits_in_a_batch_the_first_wins(desk: Desk) -> None:
    chat = Chat(desk)
    start = chat.create()
    batch = [
        chat.request(0, 0, b"before"),
        *[chat.request(0, at, b"c%d" % at, following(at)) for at in (1, 2, 3)],
        chat.request(0, 4, b"after"),
    ]
    answers = chat.append(*batch)
    commit = Entry(2, 0, Kind.commit, name("idem", 1, 16), b"c1")
    assert codes(answers[:2]) == ["Appended", "Appended"]
    assert answers[2:] == [EpochClosed(commit)] * 3
    assert desk.rows("SELECT epoch, access_key FROM epoch ORDER BY epoch") == [
        (0, b"k" * 32),
        (1, name("access key", 1)),
    ]
    assert chain.follow(start, chat.gid, chat.page(0).entries) == chat.page(1).head
    # and the same in a later transaction
    assert chat.append(*batch) == answers
    assert desk.count("entry") == 2


def test_commits_of_several_epochs_in_a_batch_each_open_the_next(desk: Desk) -> None:
    chat = Chat(desk)
    start = chat.create()
    answers = chat.append(
        chat.request(0, 1, b"first", following(1, pointers=b"p1")),
        chat.request(1, 2, b"said"),
        chat.request(1, 3, b"second", following(2, pointers=b"p2")),
        chat.request(0, 4, b"late for the first"),
        chat.request(1, 5, b"late for the second"),
        chat.request(2, 6, b"in time"),
    )
    assert codes(answers) == [
        "Appended", "Appended", "Appended", "EpochClosed", "EpochClosed", "Appended",
    ]  # fmt: skip
    late = [answer.commit.body for answer in answers if isinstance(answer, EpochClosed)]
    assert late == [b"first", b"second"]
    assert desk.rows("SELECT epoch, access_key, before_seq FROM epoch ORDER BY epoch") == [
        (0, b"k" * 32, 0),
        (1, name("access key", 1), 1),
        (2, name("access key", 2), 3),
    ]
    walked = start
    for epoch in range(3):
        walked = chain.follow(walked, chat.gid, chat.page(epoch).entries)
    assert walked == chat.page(2).head == Position(4, walked.hash)
    for epoch, sealed in ((1, b"p1"), (2, b"p2")):
        pointers = desk.read(partial(joining.pointers, chat.gid, epoch))
        assert pointers.sealed == sealed


def test_the_same_twice_in_a_batch_is_once(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    plain, commit = chat.request(0, 1, b"m"), chat.request(0, 2, b"c", following(1))
    answers = chat.append(plain, plain, chat.request(0, 1, b"other"), commit, commit)
    assert codes(answers) == ["Appended", "Appended", "idem_mismatch", "Appended", "Appended"]
    assert answers[0] == answers[1]
    assert answers[3] == answers[4]
    assert desk.count("entry") == 2


def test_a_batch_in_which_each_has_its_own_answer(desk: Desk) -> None:
    chat = Chat(desk, epoch=3)
    chat.create()
    chat.append(chat.request(3, 0, b"known"))
    chat.commit(3, 1)
    answers = chat.append(
        chat.request(3, 0, b"known"),
        chat.request(3, 0, b"unknown"),
        chat.request(3, 5),
        chat.request(2, 6),
        chat.request(5, 7),
        chat.request(2**64 - 1, 8),
        chat.request(4, 9, bytes(101)),
        chat.request(4, 10, bytes(100)),
    )
    assert codes(answers) == [
        "Appended", "idem_mismatch", "EpochClosed", "gone", "epoch_unknown", "epoch_unknown",
        "too_large", "Appended",
    ]  # fmt: skip


def test_a_group_that_is_not_there_takes_nothing(desk: Desk) -> None:
    chat = Chat(desk)
    assert codes(chat.append(chat.request(0, 1), chat.request(0, 2))) == ["group_unknown"] * 2
    assert chat.append() == []
    chat.create()
    assert chat.append() == []


def test_groups_do_not_meet(desk: Desk) -> None:
    one, two = Chat(desk, 1), Chat(desk, 2)
    one.create()
    two.create()
    one.commit(0, 1)
    two.commit(0, 1)
    assert one.page(0).head.seq == two.page(0).head.seq == 1
    assert one.page(0).head != two.page(0).head


def test_two_at_once_in_both_stores_take_turns(desk: Desk) -> None:
    chat = Chat(desk)
    start = chat.create()
    requests = [chat.request(0, at, b"%d" % at) for at in range(40)]
    scripts = [partial(log.append, chat.gid, [each], HOUR) for each in requests]
    answers = desk.at_once(*scripts, key=chat.gid)
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    entries = chat.page(0).entries
    assert chain.follow(start, chat.gid, entries) == chat.page(0).head
    assert sorted(entry.body for entry in entries) == sorted(each.request.body for each in requests)


# --- what a commit brings ------------------------------------------------------------------


def a_parcel(number: int, body: bytes = b"welcome") -> Parcel:
    return Parcel(name("parcel", number), body)


def test_parcels_are_those_of_the_winner(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    winner, loser = [
        chat.request(0, at, b"c", following(1, (a_parcel(at), a_parcel(at + 10)), b"list %d" % at))
        for at in (1, 2)
    ]
    assert codes(chat.append(winner, loser)) == ["Appended", "EpochClosed"]
    kept = {row[0] for row in desk.rows("SELECT id FROM parcel")}
    assert kept == {a_parcel(1).id, a_parcel(11).id}
    [(sealed, epoch)] = desk.rows("SELECT sealed, epoch FROM pointer_list")
    assert (sealed, epoch) == (b"list 1", 1)


def test_a_parcel_has_its_number_alone(desk: Desk) -> None:
    one, two = Chat(desk, 1), Chat(desk, 2)
    one.create()
    two.create()
    commits = [each.request(0, 1, b"c", following(1, (a_parcel(1),))) for each in (one, two)]
    assert codes(one.append(commits[0])) == ["Appended"]
    assert codes(two.append(two.request(0, 5), commits[1])) == ["Appended", "parcel_exists"]
    twice = two.request(0, 2, b"c", following(1, (a_parcel(2), a_parcel(2))))
    assert codes(two.append(twice)) == ["malformed"]
    assert two.page(0).closed is False
    assert codes(two.append(two.request(0, 2, b"c", following(1, (a_parcel(2),))))) == ["Appended"]


def test_two_groups_that_bring_the_same_parcel_at_once(desk: Desk) -> None:
    chats = [Chat(desk, number) for number in range(6)]
    for chat in chats:
        chat.create()
    scripts = [
        partial(
            log.append, chat.gid, [chat.request(0, 1, b"c", following(1, (a_parcel(1),)))], HOUR
        )
        for chat in chats
    ]
    answers = desk.at_once(*scripts)
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    told = sorted(code for answer in answers for code in codes(answer))
    assert told == ["Appended", *["parcel_exists"] * 5]


# --- bundled pointers ----------------------------------------------------------------------


def pointer(number: int, body: bytes = b"pointer") -> BundledPointer:
    return BundledPointer(name("inbox", number), name("ref", number), body)


def waiting(desk: Desk, number: int) -> list[bytes]:
    """The pointers in an inbox."""
    return [each.body for each in desk.read(lambda: inboxes.fetch(name("inbox", number), (), 9))]


def test_bundled_pointers_arrive_with_the_commit(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    for number in (1, 2):
        owe(desk, name("inbox", number), name("ref", number))
    commit = chat.request(0, 1, b"c", following(1, bundled=(pointer(1), pointer(2, b"other"))))
    first = chat.append(commit)
    assert codes(first) == ["Appended"]
    assert chat.append(commit) == first
    assert (waiting(desk, 1), waiting(desk, 2)) == ([b"pointer"], [b"other"])
    assert desk.count("claim") == 0


@pytest.mark.parametrize(
    "bundled",
    [
        (pointer(9),),
        (pointer(1), pointer(9)),
        (pointer(1, b"one"), pointer(1, b"two")),
        (pointer(2),),
    ],
)
def test_a_pointer_that_nobody_waits_for_takes_only_its_commit_along(
    desk: Desk, bundled: tuple[BundledPointer, ...]
) -> None:
    chat = Chat(desk)
    chat.create()
    owe(desk, name("inbox", 1), name("ref", 1))
    owe(desk, name("inbox", 2), name("another ref", 2))
    answers = chat.append(
        chat.request(0, 1, b"before"),
        chat.request(0, 2, b"c", following(1, bundled=bundled)),
        chat.request(0, 3, b"after"),
    )
    assert codes(answers) == ["Appended", "not_claimed", "Appended"]
    assert waiting(desk, 1) == waiting(desk, 2) == []
    assert desk.count("claim") == 2
    assert codes(chat.append(chat.request(0, 4, b"c", following(1)))) == ["Appended"]


def test_who_loses_the_race_bundles_nothing(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    owe(desk, name("inbox", 1), name("ref", 1))
    winner = chat.request(0, 1, b"c", following(1))
    loser = chat.request(0, 2, b"c", following(1, bundled=(pointer(1),)))
    assert codes(chat.append(winner, loser)) == ["Appended", "EpochClosed"]
    assert waiting(desk, 1) == []
    again = chat.request(1, 3, b"c", following(2, bundled=(pointer(1),)))
    assert codes(chat.append(again)) == ["Appended"]
    assert waiting(desk, 1) == [b"pointer"]


def test_of_two_groups_that_bundle_for_one_claim_at_once_one_wins(desk: Desk) -> None:
    chats = [Chat(desk, number) for number in range(8)]
    for chat in chats:
        chat.create()
    for number in (1, 2):
        owe(desk, name("inbox", number), name("ref", number))
    scripts = []
    for at, chat in enumerate(chats):
        both = (pointer(1, b"%d" % at), pointer(2, b"%d" % at))
        commit = chat.request(0, 1, b"c", following(1, bundled=both if at % 2 else both[::-1]))
        scripts.append(partial(log.append, chat.gid, [commit], HOUR))
    answers = desk.at_once(*scripts)
    told = [code for each in answers if isinstance(each, list) for code in codes(each)]
    assert sorted(told) == ["Appended", *["not_claimed"] * 7]
    assert waiting(desk, 1) == waiting(desk, 2) == [b"%d" % told.index("Appended")]


# --- what no database can hold -------------------------------------------------------------


def test_numbers_beyond_a_database_s_integers_are_cut(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    forever = (Capability(name("capability"), 2**64 - 1),)
    answers = chat.append(chat.request(0, 1, b"c", following(1, capabilities=forever)))
    assert codes(answers) == ["Appended"]
    assert desk.rows("SELECT not_after FROM capability") == [(BIGGEST,)]
