"""Inboxes: pointers for claimed KeyPackages, notes with a token, each once."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from broker.transactions.desk import HOUR, codes, name, owe
from covey.access.structs.joining import (
    ExpectedPointer,
    InboxEntry,
    InboxKind,
    PostNote,
)
from covey.broker.transactions import inboxes
from covey.broker.transactions.inboxes import Room

if TYPE_CHECKING:
    from broker.transactions.desk import Desk
    from covey.access.structs.joining import EntryDigest

INBOX, REF = name("inbox"), name("ref")
TOKEN = name("token", 0, 16)
ROOM = Room(HOUR, 3)


def waiting(desk: Desk, *taken: EntryDigest) -> list[bytes]:
    """What waits in the inbox, once it is read by who has dealt with something."""
    return [each.body for each in desk.write(lambda: inboxes.fetch(INBOX, taken, 99))]


def pointer(body: bytes) -> EntryDigest:
    return InboxEntry(InboxKind.pointer, body).digest


def a_note(body: bytes) -> EntryDigest:
    return InboxEntry(InboxKind.note, body).digest


def note(text: bytes, idem: int = 0, token: bytes = TOKEN, inbox: bytes = INBOX) -> PostNote:
    return PostNote(inbox, token, name("idem", idem, 16), text)


def test_an_inbox_begins_once(desk: Desk) -> None:
    for _ in range(2):
        desk.write(lambda: inboxes.create(INBOX, b"k" * 32))
    assert desk.rows("SELECT * FROM inbox") == [(INBOX, b"k" * 32, 0)]
    desk.refuses("inbox_exists", lambda: inboxes.create(INBOX, b"l" * 32))
    assert desk.read(lambda: inboxes.read_key(INBOX)) == b"k" * 32
    desk.refuses("inbox_unknown", lambda: inboxes.read_key(name("nobody")))


def test_an_inbox_that_two_begin_at_once_is_one_s(desk: Desk) -> None:
    keys = [name("key", number) for number in range(8)]
    answers = desk.at_once(*[partial(inboxes.create, INBOX, key) for key in keys])
    assert sorted(codes(answers)) == ["NoneType", *["inbox_exists"] * 7]
    again = desk.at_once(*[partial(inboxes.create, name("second"), b"k" * 32)] * 8)
    assert again == [None] * 8


def test_a_pointer_uses_up_a_claim(desk: Desk) -> None:
    owe(desk, INBOX, REF)
    assert desk.write(lambda: inboxes.post(INBOX, REF, b"pointer", ROOM)) is True
    assert waiting(desk) == [b"pointer"]
    assert desk.count("claim") == 0
    desk.refuses("not_claimed", lambda: inboxes.post(INBOX, REF, b"another", ROOM))


def test_a_pointer_needs_a_claim_and_an_inbox(desk: Desk) -> None:
    owe(desk, INBOX, REF)
    desk.refuses("not_claimed", lambda: inboxes.post(INBOX, name("ref", 1), b"p", ROOM))
    desk.refuses("inbox_unknown", lambda: inboxes.post(name("inbox", 1), REF, b"p", ROOM))
    assert desk.write(lambda: inboxes.would_take(INBOX, REF, 1))
    assert not desk.write(lambda: inboxes.would_take(INBOX, REF, 2))
    assert not desk.write(lambda: inboxes.would_take(name("inbox", 1), REF, 1))
    assert not desk.write(lambda: inboxes.would_take(INBOX, name("ref", 1), 1))


def test_the_claims_of_a_last_resort_are_counted(desk: Desk) -> None:
    owe(desk, INBOX, REF, 2)
    for body in (b"one", b"two"):
        assert desk.write(partial(inboxes.post, INBOX, REF, body, ROOM))
    desk.refuses("not_claimed", lambda: inboxes.post(INBOX, REF, b"three", ROOM))
    assert waiting(desk) == [b"one", b"two"]


def test_a_pointer_is_left_once_also_after_it_was_fetched(desk: Desk) -> None:
    owe(desk, INBOX, REF, 2)
    posting = partial(inboxes.post, INBOX, REF, b"pointer", ROOM)
    assert [desk.write(posting) for _ in range(3)] == [True, False, False]
    assert waiting(desk) == [b"pointer"]
    assert waiting(desk, pointer(b"pointer")) == []
    assert desk.write(posting) is False
    assert waiting(desk) == []
    assert desk.rows("SELECT pointers FROM claim") == [(1,)]


def test_one_pointer_ten_times_at_once_is_one(desk: Desk) -> None:
    owe(desk, INBOX, REF)
    answers = desk.at_once(*[partial(inboxes.post, INBOX, REF, b"pointer", ROOM)] * 10)
    assert sorted(answers, key=str) == [*[False] * 9, True]
    assert waiting(desk) == [b"pointer"]


def test_of_ten_pointers_at_once_for_one_claim_one_is_left(desk: Desk) -> None:
    owe(desk, INBOX, REF)
    posts = [partial(inboxes.post, INBOX, REF, b"%d" % number, ROOM) for number in range(10)]
    assert sorted(codes(desk.at_once(*posts))) == ["bool", *["not_claimed"] * 9]
    assert len(waiting(desk)) == 1


def test_a_note_needs_a_slot(desk: Desk) -> None:
    desk.write(lambda: inboxes.create(INBOX, b"k" * 32))
    desk.refuses("inbox_unknown", lambda: inboxes.post_note(note(b"n"), ROOM))
    slots = tuple(sha256(name("token", at, 16)).digest() for at in (0, 1))
    desk.write(lambda: inboxes.set_slots(INBOX, slots))
    assert desk.write(lambda: inboxes.post_note(note(b"n"), ROOM)) is True
    assert desk.write(lambda: inboxes.post_note(note(b"m", 1, name("token", 1, 16)), ROOM)) is True
    desk.write(lambda: inboxes.set_slots(INBOX, slots[1:]))
    desk.refuses("inbox_unknown", lambda: inboxes.post_note(note(b"o", 2), ROOM))
    desk.write(lambda: inboxes.set_slots(INBOX, ()))
    assert desk.count("slot") == 0
    found = desk.read(lambda: inboxes.fetch(INBOX, (), 9))
    assert found == (InboxEntry(InboxKind.note, b"n"), InboxEntry(InboxKind.note, b"m"))
    nowhere = note(b"n", inbox=name("nobody"))
    desk.refuses("inbox_unknown", lambda: inboxes.post_note(nowhere, ROOM))
    desk.refuses("inbox_unknown", lambda: inboxes.set_slots(name("nobody"), slots))


def test_slots_set_at_once_are_those_of_one(desk: Desk) -> None:
    desk.write(lambda: inboxes.create(INBOX, b"k" * 32))
    sets = [tuple(name("slot", 10 * of + at) for at in range(3)) for of in range(8)]
    assert desk.at_once(*[partial(inboxes.set_slots, INBOX, each) for each in sets]) == [None] * 8
    kept = {row[0] for row in desk.rows("SELECT hash FROM slot")}
    assert kept in [set(each) for each in sets]


def with_slot(desk: Desk) -> None:
    desk.write(lambda: inboxes.create(INBOX, b"K" * 32))
    desk.write(lambda: inboxes.set_slots(INBOX, (sha256(TOKEN).digest(),)))


def test_a_note_is_left_once_and_another_under_its_idem_is_refused(desk: Desk) -> None:
    with_slot(desk)
    posting = partial(inboxes.post_note, note(b"n"), ROOM)
    assert [desk.write(posting), desk.write(posting)] == [True, False]
    desk.refuses("idem_mismatch", lambda: inboxes.post_note(note(b"other"), ROOM))
    assert waiting(desk, a_note(b"n")) == []
    assert desk.write(posting) is False
    assert waiting(desk) == []


@pytest.mark.parametrize("size", [0, 65, 3_000])
def test_a_key_package_ref_has_its_length(desk: Desk, size: int) -> None:
    owe(desk, INBOX, REF)
    desk.refuses("malformed", lambda: inboxes.post(INBOX, bytes(size), b"p", ROOM))
    expected = (ExpectedPointer(REF, HOUR, 1), ExpectedPointer(bytes(size), HOUR, 1))
    desk.refuses("malformed", lambda: inboxes.expect(INBOX, expected, HOUR))


@pytest.mark.parametrize("size", [1, 64])
def test_the_shortest_and_the_longest_ref(desk: Desk, size: int) -> None:
    desk.write(lambda: inboxes.create(INBOX, b"k" * 32))
    expected = (ExpectedPointer(bytes(size), HOUR, 1),)
    desk.write(lambda: inboxes.expect(INBOX, expected, HOUR))
    assert desk.write(lambda: inboxes.post(INBOX, bytes(size), b"p", ROOM)) is True


def test_where_a_ref_ends_and_its_pointer_begins_is_told_apart(desk: Desk) -> None:
    desk.write(lambda: inboxes.create(INBOX, b"k" * 32))
    expected = tuple(ExpectedPointer(ref, HOUR, 1) for ref in (b"re", b"ref"))
    desk.write(lambda: inboxes.expect(INBOX, expected, HOUR))
    assert desk.write(lambda: inboxes.post(INBOX, b"re", b"fp", ROOM)) is True
    assert desk.write(lambda: inboxes.post(INBOX, b"ref", b"p", ROOM)) is True
    assert waiting(desk) == [b"fp", b"p"]


def test_so_many_pointers_are_taken_as_are_expected(desk: Desk) -> None:
    desk.write(lambda: inboxes.create(INBOX, b"k" * 32))
    expected = (ExpectedPointer(REF, HOUR + 5, 2), ExpectedPointer(name("ref", 1), HOUR + 9, 1))
    for _ in range(3):
        desk.write(lambda: inboxes.expect(INBOX, expected, HOUR + 7))
    assert sorted(desk.rows("SELECT ref, pointers, not_after FROM claim")) == sorted(
        [(REF, 2, HOUR + 5), (name("ref", 1), 1, HOUR + 7)]
    )
    for body in (b"one", b"two"):
        assert desk.write(partial(inboxes.post, INBOX, REF, body, ROOM))
    more = (ExpectedPointer(REF, HOUR + 6, 1000),)
    desk.write(lambda: inboxes.expect(INBOX, more, HOUR + 7))  # it was expected before
    desk.refuses("not_claimed", lambda: inboxes.post(INBOX, REF, b"three", ROOM))


@pytest.mark.parametrize("pointers", [0, 1001, 65_535])
def test_nobody_expects_no_pointer_nor_very_many(desk: Desk, pointers: int) -> None:
    expected = (ExpectedPointer(REF, HOUR, pointers),)
    desk.refuses("malformed", lambda: inboxes.expect(INBOX, expected, HOUR))


def test_what_somebody_else_expects_stands_in_nobody_s_way(desk: Desk) -> None:
    """Who was given a KeyPackage knows its ref, and may state it at an inbox of its own."""
    for number in (1, 2):
        desk.write(partial(inboxes.create, name("inbox", number), b"k" * 32))
        expected = (ExpectedPointer(REF, HOUR, 1),)
        desk.write(partial(inboxes.expect, name("inbox", number), expected, HOUR))
        assert desk.write(partial(inboxes.post, name("inbox", number), REF, b"pointer", ROOM))


def test_what_was_claimed_and_is_expected_too_takes_both(desk: Desk) -> None:
    owe(desk, INBOX, REF, 2)
    expected = (ExpectedPointer(REF, HOUR, 3),)
    desk.write(lambda: inboxes.expect(INBOX, expected, HOUR))
    assert desk.rows("SELECT pointers FROM claim") == [(5,)]


def test_an_inbox_can_be_full(desk: Desk) -> None:
    with_slot(desk)
    owe(desk, INBOX, REF)
    for idem in range(3):
        desk.write(partial(inboxes.post_note, note(b"%d" % idem, idem), ROOM))
    desk.refuses("full", lambda: inboxes.post_note(note(b"3", 3), ROOM))
    desk.refuses("full", lambda: inboxes.post(INBOX, REF, b"p", ROOM))
    assert desk.write(lambda: inboxes.post_note(note(b"0", 0), ROOM)) is False
    assert desk.write(lambda: inboxes.post(INBOX, REF, b"p", Room(HOUR, None)))
    assert waiting(desk, a_note(b"0"), a_note(b"1")) == [b"2", b"p"]
    assert desk.write(lambda: inboxes.post_note(note(b"3", 3), ROOM))


def test_fetching_drops_what_was_dealt_with(desk: Desk) -> None:
    with_slot(desk)
    for idem in range(3):
        desk.write(partial(inboxes.post_note, note(b"%d" % idem, idem), ROOM))
    assert waiting(desk) == [b"0", b"1", b"2"]
    assert len(desk.read(lambda: inboxes.fetch(INBOX, (), 2))) == 2
    for _ in range(2):
        assert waiting(desk, a_note(b"1"), a_note(b"0")) == waiting(desk) == [b"2"]
    assert waiting(desk, a_note(b"1")) == [b"2"]
    desk.write(lambda: inboxes.post_note(note(b"3", 3), ROOM))
    assert waiting(desk, a_note(b"3")) == [b"2"]


def test_only_what_was_dealt_with_is_dropped(desk: Desk) -> None:
    with_slot(desk)
    owe(desk, INBOX, REF)
    desk.write(lambda: inboxes.post_note(note(b"same"), ROOM))
    desk.write(lambda: inboxes.post(INBOX, REF, b"same", ROOM))
    assert waiting(desk, a_note(b"another"), pointer(b"")) == [b"same", b"same"]
    assert desk.write(lambda: inboxes.fetch(INBOX, (pointer(b"same"),), 9)) == (
        InboxEntry(InboxKind.note, b"same"),
    )
    assert desk.count("inbox_entry") == 1


def test_a_page_is_as_long_with_what_was_dealt_with_as_without(desk: Desk) -> None:
    with_slot(desk)
    for idem in range(9):
        desk.write(partial(inboxes.post_note, note(b"%d" % idem, idem), Room(HOUR, 9)))
    taken = [a_note(b"0"), a_note(b"1"), a_note(b"gone")]
    found = desk.write(lambda: inboxes.fetch(INBOX, taken, 3))
    assert [each.body for each in found] == [b"2", b"3", b"4"]


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_a_restored_inbox_hands_out_what_is_new_under_numbers_that_were_used(
    desk: Desk, lost: int
) -> None:
    """Its reader has dealt with as many as it has now, or more, and names what it had then."""
    with_slot(desk)
    for idem in range(2):
        desk.write(partial(inboxes.post_note, note(b"new %d" % idem, idem), ROOM))
    read = [a_note(b"old %d" % number) for number in range(lost)]
    assert waiting(desk, *read) == [b"new 0", b"new 1"]
    assert desk.rows("SELECT seq FROM inbox") == [(2,)]


def test_notes_at_once_are_numbered_without_a_gap(desk: Desk) -> None:
    with_slot(desk)
    room = Room(HOUR, 20)
    posts = [partial(inboxes.post_note, note(b"%d" % at, at), room) for at in range(30)]
    assert sorted(codes(desk.at_once(*posts))) == [*["bool"] * 20, *["full"] * 10]
    assert len(waiting(desk)) == 20
    assert sorted(desk.rows("SELECT seq FROM inbox_entry")) == [(seq,) for seq in range(1, 21)]


def test_inboxes_do_not_meet(desk: Desk) -> None:
    other = name("inbox", 1)
    owe(desk, INBOX, REF)
    owe(desk, other, REF)
    desk.write(lambda: inboxes.post(INBOX, REF, b"pointer", ROOM))
    desk.write(lambda: inboxes.post(other, REF, b"pointer", ROOM))
    assert waiting(desk) == [b"pointer"]
    assert waiting(desk, pointer(b"pointer")) == []
    assert len(desk.read(lambda: inboxes.fetch(other, (), 9))) == 1
