"""Reading: of an epoch one sees its entries, the commit that closes it, and nothing after."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from broker.transactions.desk import HOUR, WIDE, Chat, codes, following, name
from covey.access import chain
from covey.broker.script import Statement
from covey.broker.transactions import reading
from covey.broker.transactions.reading import AccessKey, Page, Proven, Window

if TYPE_CHECKING:
    from broker.transactions.desk import Desk
    from covey.access.structs.heads import Position
    from covey.broker.script import Script


def a_story(desk: Desk) -> tuple[Chat, list[Position]]:
    """A log with entries 1-3 in epoch 5, 4 in epoch 6, 5 and 6 in epoch 7; and all its places."""
    chat = Chat(desk, epoch=5)
    places = [chat.create()]
    for idem, (epoch, commit) in enumerate(
        [(5, False), (5, False), (5, True), (6, True), (7, False), (7, False)]
    ):
        brought = following(epoch + 1) if commit else None
        body = b"%d" % idem * 10
        [answer] = chat.append(chat.request(epoch, idem, body, brought))
        assert codes([answer]) == ["Appended"]
        places.append(answer.position)  # type: ignore[union-attr]
    return chat, places


def test_an_epoch_is_read_to_its_commit(desk: Desk) -> None:
    chat, places = a_story(desk)
    page = chat.page(5)
    assert [entry.seq for entry in page.entries] == [1, 2, 3]
    assert page == Page(places[0], page.entries, places[3], closed=True)
    assert chain.follow(places[0], chat.gid, page.entries) == places[3]
    assert page.complete
    one = chat.page(6)
    assert (one.before, [entry.seq for entry in one.entries]) == (places[3], [4])
    last = chat.page(7)
    assert last == Page(places[4], last.entries, places[6], closed=False)
    assert last.complete


def test_a_closed_epoch_shows_nothing_of_what_came_after(desk: Desk) -> None:
    """Not even the number of the head: somebody who was removed cannot count what is said."""
    chat, _ = a_story(desk)
    before = [chat.page(5, after) for after in (0, 1, 3, 4, 6, 2**64 - 1)]
    heads = [desk.read(partial(reading.head, chat.gid, epoch)) for epoch in (5, 6)]
    for idem in range(20, 30):
        chat.append(chat.request(7, idem))
    chat.commit(7, 30)
    assert [chat.page(5, after) for after in (0, 1, 3, 4, 6, 2**64 - 1)] == before
    for epoch, head in zip((5, 6), heads, strict=True):
        assert desk.read(partial(reading.head, chat.gid, epoch)) == head


def test_reading_goes_on_after_an_entry(desk: Desk) -> None:
    chat, places = a_story(desk)
    page = chat.page(5, 2)
    assert (page.before, [entry.seq for entry in page.entries]) == (places[2], [3])
    done = chat.page(5, 3)
    assert done == Page(places[3], (), places[3], closed=True)
    assert done.complete


def test_a_joiner_begins_where_its_epoch_begins(desk: Desk) -> None:
    chat, places = a_story(desk)
    page = chat.page(7, 0)
    assert (page.before, page.entries[0].seq) == (places[4], 5)


@pytest.mark.parametrize("after", [7, 2**63 - 1, 2**63, 2**64 - 1])
def test_who_is_ahead_of_the_log_sees_its_head(desk: Desk, after: int) -> None:
    chat, places = a_story(desk)
    assert chat.page(7, after) == Page(places[6], (), places[6], closed=False)


def test_an_epoch_in_which_nothing_was_said_yet(desk: Desk) -> None:
    chat, places = a_story(desk)
    place = chat.commit(7, 10).position
    assert chat.page(8) == Page(place, (), place, closed=False)
    fresh = Chat(desk, 1)
    start = fresh.create()
    assert fresh.page(0) == Page(start, (), start, closed=False)
    assert places


@pytest.mark.parametrize(
    ("window", "numbers"),
    [
        (Window(1, 1000), [1]),
        (Window(2, 1000), [1, 2]),
        (Window(9, 0), [1]),
        (Window(9, 10), [1]),
        (Window(9, 19), [1]),
        (Window(9, 20), [1, 2]),
        (Window(9, 29), [1, 2]),
        (Window(9, 30), [1, 2, 3]),
    ],
)
def test_a_window(desk: Desk, window: Window, numbers: list[int]) -> None:
    chat, places = a_story(desk)
    page = chat.page(5, 0, window)
    assert [entry.seq for entry in page.entries] == numbers
    assert page.complete is (numbers == [1, 2, 3])
    assert page.head == places[3]
    seen, position = 0, places[0]
    while seen < 3:
        part = chat.page(5, seen, window)
        assert part.before == position
        position = chain.follow(part.before, chat.gid, part.entries)
        seen = position.seq
    assert position == places[3]


def test_what_is_not_there(desk: Desk) -> None:
    chat, _ = a_story(desk)
    for epoch, code in ((4, "gone"), (8, "epoch_unknown"), (2**64 - 1, "epoch_unknown")):
        for script in (
            partial(reading.page, chat.gid, epoch, 0, WIDE),
            partial(reading.head, chat.gid, epoch),
            partial(reading.access_key, chat.gid, epoch),
        ):
            desk.refuses(code, script)
    nobody = name("nobody")
    desk.refuses("group_unknown", lambda: reading.page(nobody, 0, 0, WIDE))
    desk.refuses("group_unknown", lambda: reading.head(nobody, 0))
    desk.refuses("group_unknown", lambda: reading.access_key(nobody, 0))


def test_each_epoch_has_its_key(desk: Desk) -> None:
    chat, _ = a_story(desk)
    keys = [desk.read(partial(reading.access_key, chat.gid, epoch)) for epoch in (5, 6, 7)]
    assert all(each.lasting for each in keys)
    assert [each.key for each in keys] == [b"k" * 32, name("access key", 6), name("access key", 7)]


def test_until_a_commit_follows_the_key_of_an_epoch_does_not_last(desk: Desk) -> None:
    """The log may be swept, and somebody else may begin one."""
    chat = Chat(desk)
    chat.create()
    chat.append(chat.request(0, 1))
    assert desk.read(lambda: reading.access_key(chat.gid, 0)) == AccessKey(b"k" * 32, lasting=False)
    chat.commit(0, 2)
    assert desk.read(lambda: reading.access_key(chat.gid, 0)) == AccessKey(b"k" * 32, lasting=True)


def test_who_proved_another_log_of_the_same_gid_is_handed_nothing(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    chat.append(chat.request(0, 1, b"for whoever began it last"))

    def read(key: bytes, gid: bytes = chat.gid) -> Script[Page]:
        return reading.proved(Proven(gid, 0, key), reading.page(chat.gid, 0, 0, WIDE))

    assert desk.read(lambda: read(b"k" * 32)) == chat.page(0)
    desk.refuses("proof_refused", lambda: read(b"s" * 32))
    desk.refuses("gone", lambda: read(b"k" * 32, name("nobody")))


def test_what_is_missing_is_seen_from_where_the_page_begins(desk: Desk) -> None:
    """When old entries of an epoch that goes on were dropped, a reader is told where it is."""
    chat = Chat(desk)
    chat.create()
    answers = chat.append(*[chat.request(0, idem) for idem in range(4)], hour=HOUR)
    desk.write(lambda: drop(chat.gid, 2))
    page = chat.page(0)
    assert page.before == answers[1].position  # type: ignore[union-attr]
    assert [entry.seq for entry in page.entries] == [3, 4]
    desk.write(lambda: drop(chat.gid, 4))
    assert chat.page(0) == Page(page.head, (), page.head, closed=False)


def test_an_epoch_without_its_commit_is_gone(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    chat.commit(0, 1)
    desk.write(lambda: drop(chat.gid, 1))
    desk.refuses("gone", lambda: reading.page(chat.gid, 0, 0, WIDE))
    assert codes(chat.append(chat.request(0, 2))) == ["gone"]


def drop(gid: bytes, last: int) -> Script[None]:
    """Drop entries up to a number."""
    yield Statement("DELETE FROM entry WHERE gid = $1 AND seq <= $2").of(gid, last)
