"""Events: typed, kept until all have seen them, and a sentence for people each."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from rich.pretty import pretty_repr

from client.conftest import add_group
from covey.client import events
from covey.client.events import (
    Arrived,
    Branching,
    ClockOff,
    CopyFound,
    EphemeralArrived,
    Event,
    EventsMissed,
    ForkFound,
    InvitationFailed,
    Joined,
    Knocked,
    MemberLeft,
    MembersChanged,
    MessageArrived,
    MessageSent,
    MessagesLost,
    Rejoining,
    RemovedFromGroup,
    Renamed,
    RolesChanged,
    RolledBack,
    SettingsChanged,
    Unreadable,
    Upgraded,
    Upgrading,
    WishRefused,
    keeping,
)
from covey.client.sync.rows import queues
from covey.client.words import contents, expiring, history
from covey.client.words.contents import VERSION, Content, Data, Recovery, Text
from covey.errors import StateError, StorageError
from covey.mls.crypto.dialects import get_suite
from covey.store import RawKey, memory_store, open_store, restore_backup, write_backup

if TYPE_CHECKING:
    from pathlib import Path

    from covey.client.words.contents import Body
    from covey.store.port import Rows

GROUP = bytes(range(32)).hex()
ID = bytes(range(16))
NOW = 1_700_000_000
SAFE = "confidentiality quantum-safe, authentication quantum-safe"

SENTENCES: list[tuple[Event, str]] = [
    (
        MessageArrived(GROUP, id="00", sender="bob", kind="text", text="hi\x1b[2J"),
        "bob: hi\\x1b[2J",
    ),
    (MessageArrived(GROUP, id="00"), "somebody: [a message that is not kept]"),
    (MessageSent(GROUP, id="00", kind="attachment", text="a.txt"), "you: [file a.txt]"),
    (MessageSent(GROUP, id="00", kind="reaction", text="👍", withdrawn=True), "you: takes back 👍"),
    (MessageSent(GROUP, id="00", kind="a/b", data=b"123"), "you: [3 bytes of a/b]"),
    (
        MessageSent(GROUP, id="00", kind="unknown"),
        "you: [something that a newer covey can read]",
    ),
    (
        EphemeralArrived(GROUP, sender="bob", content_type="a/typing", data=b"\1"),
        "bob sent 1 bytes of a/typing",
    ),
    (
        MembersChanged(GROUP, epoch=3, by="amy", added=("bob", "cat", "dan"), removed=("eve",)),
        "amy added bob, cat and dan and removed eve",
    ),
    (MembersChanged(GROUP, epoch=3, by="amy", left=("bob",)), "amy let bob go"),
    (
        MembersChanged(GROUP, epoch=3, by="amy", added=("bob", "cat"), removed=("bob",)),
        "amy added cat and let bob in anew",
    ),
    (MembersChanged(GROUP, epoch=3, by="amy"), "amy renewed keys"),
    (Renamed(GROUP, by="amy", before="a", name="b"), "amy renamed the group from 'a' to 'b'"),
    (
        RolesChanged(GROUP, by="amy", roles={"bob": "owner"}, before={"amy": "owner"}),
        "amy changed roles: amy is member now and bob is owner now",
    ),
    (RolesChanged(GROUP, by="amy", roles={}), "amy changed roles: nothing changed"),
    (
        Upgrading(GROUP, by="amy", suite=0xFC01),
        "amy moves the group to MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519",
    ),
    (
        Upgraded(GROUP, before=1, suite=0xFC09, epoch=4),
        f"the group now has {get_suite(0xFC09).name} ({SAFE})",
    ),
    (
        SettingsChanged(GROUP, by="amy", inviting="admins", expires_after=60),
        "amy decided: admins may invite, and messages disappear after 60 seconds",
    ),
    (Joined(GROUP, name="team", how="file", inviter="amy"), "you joined 'team', let in by amy"),
    (Joined(GROUP, name="team", how="created"), "you created 'team'"),
    (
        InvitationFailed(GROUP, why="x"),
        "you were let into a group and cannot come in, so ask to be invited again: x",
    ),
    (RemovedFromGroup(GROUP, by="amy"), "amy removed you from the group"),
    (MemberLeft(GROUP, name="bob"), "bob left the group"),
    (MemberLeft(GROUP), "you left the group"),
    (Arrived(GROUP, name="bob"), "bob has arrived"),
    (WishRefused(GROUP, what="remove bob", why="no"), "could not remove bob: no"),
    (MessagesLost(GROUP, count=0, sender=None, why="x"), "messages lost: x"),
    (MessagesLost(GROUP, count=1, sender="bob", why="x"), "a message of bob lost: x"),
    (MessagesLost(GROUP, count=3, sender="bob", why="x"), "3 messages of bob lost: x"),
    (Unreadable(GROUP, seq=4, why="x"), "entry 4 cannot be read: x"),
    (ForkFound(GROUP, heads=("00", "01"), sentence="x"), "the broker is caught: x"),
    (
        RolledBack(GROUP, seq=4, served=2, sentence="x"),
        "the broker was set back, its last entry is 2, and ours 4: x",
    ),
    (CopyFound(GROUP, sentence="x"), "this store is a copy: x"),
    (Rejoining(GROUP, why="x"), "you ask to be taken in anew: x"),
    (
        ClockOff("", hours=-26_280),
        (
            "this machine's clock is 1095 days behind the broker's: see which one is wrong; until "
            "it is set, messages disappear at the wrong time, and what is made now may be refused"
        ),
    ),
    (
        EventsMissed("", up_to=7),
        "what happened up to event 7 was dropped unseen: read the histories anew",
    ),
    (Branching(GROUP, why="x"), "the group goes on as a new one: x"),
    (Knocked(GROUP, name="bob", accepted=True), "bob knocked and is let in"),
    (
        Knocked(GROUP, name="bob", accepted=False, why="expired"),
        "bob knocked and is not let in: expired",
    ),
]


@pytest.mark.parametrize(
    ("event", "sentence"),
    SENTENCES,
    ids=[f"{i}-{type(e).__name__}" for i, (e, _) in enumerate(SENTENCES)],
)
def test_every_event_has_a_sentence_and_survives_json(event: Event, sentence: str) -> None:
    assert str(event) == sentence
    encoded = events.encode(event)
    assert f'"event":"{type(event).__name__}"'.encode() in encoded
    assert events.decode(encoded) == event


@pytest.mark.parametrize(
    "event",
    [
        MessageArrived(GROUP, id="00", sender="bob", kind="text", text="secret", data=b"secret"),
        MessageSent(GROUP, id="00", sender="bob", kind="a/b", text="secret", data=b"secret"),
        EphemeralArrived(GROUP, sender="bob", content_type="a/b", data=b"secret"),
        Joined(GROUP, name="secret", how="welcome", inviter="bob"),
        Renamed(GROUP, by="bob", before="secret", name="another secret"),
        WishRefused(GROUP, what="rename the group to secret", why="bob may not"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_the_repr_of_an_event_shows_nothing_that_was_said(event: Event) -> None:
    for shown in (repr(event), pretty_repr(event), repr([event])):
        assert "bob" in shown
        assert "secret" not in shown


def test_every_kind_of_event_is_tried_here() -> None:
    assert {type(each) for each, _ in SENTENCES} == set(Event.__args__)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"event":"Nothing"}', b"\xff"], ids=repr)
def test_what_is_no_event_says_so(data: bytes) -> None:
    with pytest.raises(StorageError, match="no event"):
        events.decode(data)


def said(rows: Rows, group: int, body: Body, expires_after: int = 0) -> None:
    content = Content(VERSION, ID, 0, NOW, expires_after, 1, body)
    history.keep(
        rows, group, content, sender=b"bob", leaf=1, now=NOW, place=history.Place(5, 2, bytes(16))
    )


def test_events_come_in_order_and_by_pages(rows: Rows, group: int) -> None:
    numbers = [events.add(rows, group, Arrived(GROUP, name=str(each)), NOW) for each in range(5)]
    assert numbers == sorted(numbers)
    first = events.after(rows, 0, 2, now=NOW)
    assert [str(event) for _, event in first] == ["0 has arrived", "1 has arrived"]
    rest = events.after(rows, first[-1][0], 9, now=NOW)
    assert [number for number, _ in rest] == numbers[2:]


def test_what_a_message_says_stands_in_the_history_alone(rows: Rows, group: int) -> None:
    said(rows, group, Text(b"between us", ID))
    events.add(rows, group, MessageArrived(GROUP, id=ID.hex(), text="between us", kind="text"), NOW)
    assert rows.one("SELECT 1 FROM events WHERE instr(event, CAST('between' AS BLOB)) > 0") is None
    [(_, event)] = events.after(rows, 0, now=NOW)
    assert isinstance(event, MessageArrived)
    assert (event.text, event.kind, event.about) == ("between us", "reply", ID.hex())
    assert (event.sender, event.leaf, event.seq, event.epoch) == ("bob", 1, 5, 2)
    assert (event.sent_at, event.received_at, event.number) == (NOW, NOW, 1)


def test_bytes_come_with_the_event(rows: Rows, group: int) -> None:
    said(rows, group, Data(b"a/b", b"\0\1"))
    events.add(rows, group, MessageSent(GROUP, id=ID.hex(), seq=5), NOW)
    [(_, event)] = events.after(rows, 0, now=NOW)
    assert isinstance(event, MessageSent)
    assert (event.kind, event.data) == ("a/b", b"\0\1")


def test_what_went_on_into_a_branch_is_found_there(rows: Rows, group: int, other: int) -> None:
    said(rows, group, Text(b"hello"))
    events.add(rows, group, MessageArrived(GROUP, id=ID.hex()), NOW)
    rows.do("UPDATE messages SET group_ = ?", other)
    [(_, event)] = events.after(rows, 0, now=NOW)
    assert isinstance(event, MessageArrived)
    assert event.text == ""
    rows.do("UPDATE groups SET predecessor = ? WHERE id = ?", bytes.fromhex(GROUP), other)
    [(_, event)] = events.after(rows, 0, now=NOW)
    assert isinstance(event, MessageArrived)
    assert (event.text, event.group) == ("hello", GROUP)


def test_what_has_disappeared_is_gone_from_the_events(rows: Rows, group: int) -> None:
    said(rows, group, Text(b"secret"), expires_after=10)
    events.add(rows, group, MessageArrived(GROUP, id=ID.hex(), text="secret"), NOW)
    expiring.expire(rows, NOW + 10)
    [(_, event)] = events.after(rows, 0, now=NOW)
    assert event == MessageArrived(GROUP, id=ID.hex())


def test_a_consumer_goes_on_where_it_was(rows: Rows, group: int) -> None:
    number = events.add(rows, group, Arrived(GROUP, name="bob"), NOW)
    assert events.acknowledged(rows, "bot") == 0
    events.acknowledge(rows, "bot", number)
    events.acknowledge(rows, "bot", number - 1)
    assert events.acknowledged(rows, "bot") == number
    assert events.acknowledged(rows, "screen") == 0


def test_what_has_not_happened_is_not_acknowledged(rows: Rows, group: int) -> None:
    with pytest.raises(StateError, match="no event 1 to be acknowledged yet: the last one is 0"):
        events.acknowledge(rows, "bot", 1)
    number = events.add(rows, group, Arrived(GROUP, name="bob"), NOW)
    for wrong in (number + 1, 10**9, -1):
        with pytest.raises(StateError, match=f"no event {wrong} .* the last one is {number}"):
            events.acknowledge(rows, "bot", wrong)
    assert events.acknowledged(rows, "bot") == 0
    rows.do("DELETE FROM events")
    events.acknowledge(rows, "bot", number)  # it was one
    assert events.acknowledged(rows, "bot") == number


def test_only_what_all_have_seen_and_is_old_is_dropped(rows: Rows, group: int) -> None:
    later = NOW + events.WEEK + 1
    first, second = (events.add(rows, group, Arrived(GROUP, name="b"), NOW) for _ in range(2))
    third = events.add(rows, group, Arrived(GROUP, name="b"), later)
    events.acknowledge(rows, "bot", third)
    events.acknowledge(rows, "screen", first)
    assert events.trim(rows, NOW + 1) == 0
    assert events.trim(rows, later) == 1
    assert [number for number, _ in events.after(rows, 0, now=NOW)] == [second, third]
    events.forget(rows, "screen")
    assert events.trim(rows, later) == 1
    assert [number for number, _ in events.after(rows, 0, now=NOW)] == [third]


def test_numbers_are_not_used_again(rows: Rows, group: int) -> None:
    first = events.add(rows, group, Arrived(GROUP, name="b"), NOW)
    assert events.trim(rows, NOW + events.WEEK + 1) == 1
    assert events.add(rows, None, Arrived("", name="c"), NOW) > first


def test_what_is_ephemeral_is_gone_once_all_consumers_have_seen_it(rows: Rows, group: int) -> None:
    typing = EphemeralArrived(GROUP, sender="bob", content_type="a/typing", data=b"words")
    first = events.add(rows, group, typing, NOW)
    events.begin(rows, "bot")
    events.begin(rows, "screen")
    events.acknowledge(rows, "bot", first)
    assert events.next_ephemeral(rows, 0, NOW) == NOW + events.MOMENT  # the screen has not seen it
    events.acknowledge(rows, "screen", first)
    stays = events.add(rows, group, Arrived(GROUP, name="bob"), NOW)
    assert events.next_ephemeral(rows, 0, NOW) == NOW + events.LINGERS
    assert events.next_ephemeral(rows, first, NOW) is None
    events.drop_ephemeral(rows, NOW)
    assert len(events.after(rows, 0, now=NOW)) == 2
    events.drop_ephemeral(rows, NOW + events.LINGERS)
    assert [number for number, _ in events.after(rows, 0, now=NOW)] == [stays]


def test_what_is_ephemeral_waits_for_nobody_for_long(rows: Rows, group: int) -> None:
    typing = EphemeralArrived(GROUP, sender="bob", content_type="a/typing", data=b"words")
    events.add(rows, group, typing, NOW)
    events.drop_ephemeral(rows, NOW + events.MOMENT - 1)
    assert len(events.after(rows, 0, now=NOW)) == 1
    events.drop_ephemeral(rows, NOW + events.MOMENT)
    assert events.after(rows, 0, now=NOW) == []


def test_what_came_while_the_clock_was_years_ahead_is_gone_as_soon_as_all_else(
    rows: Rows, group: int
) -> None:
    typing = EphemeralArrived(GROUP, sender="bob", content_type="a/typing", data=b"words")
    events.begin(rows, "bot")
    events.add(rows, group, typing, NOW + 5 * 365 * 86_400)
    events.add(rows, group, typing, NOW)
    assert events.next_ephemeral(rows, 0, NOW + 1) == NOW + 1  # there is something to be done
    events.drop_ephemeral(rows, NOW + 1)
    assert len(events.after(rows, 0, now=NOW)) == 2  # nobody has seen it yet
    assert events.next_ephemeral(rows, 0, NOW + 1) == NOW + 1 + events.MOMENT
    events.drop_ephemeral(rows, NOW + 1 + events.MOMENT)
    assert events.after(rows, 0, now=NOW) == []
    seen = events.add(rows, group, typing, NOW + 5 * 365 * 86_400)
    events.acknowledge(rows, "bot", seen)
    for now in (NOW + 700, NOW + 700 + events.LINGERS):
        assert events.after(rows, 0, now=NOW)
        events.drop_ephemeral(rows, now)
    assert events.after(rows, 0, now=NOW) == []


def test_a_name_does_not_pass_for_what_is_ephemeral(rows: Rows, group: int) -> None:
    name = '"event":"EphemeralArrived"'
    events.add(rows, group, Arrived(GROUP, name=name), NOW)
    events.drop_ephemeral(rows, NOW + events.MONTH)
    assert len(events.after(rows, 0, now=NOW)) == 1


def test_no_consumer_keeps_events_for_ever(rows: Rows, group: int) -> None:
    events.begin(rows, "abandoned")
    first = events.add(rows, group, Arrived(GROUP, name="b"), NOW)
    second = events.add(rows, group, Arrived(GROUP, name="c"), NOW + 1)
    later = NOW + events.MONTH + 1
    assert events.trim(rows, later) == 1
    assert [number for number, _ in events.after(rows, 0, now=NOW)] == [second]
    assert events.missed(rows, "abandoned") == first
    events.acknowledge(rows, "abandoned", first)
    assert events.missed(rows, "abandoned") == 0


def test_there_are_never_more_events_than_can_be_kept(
    rows: Rows, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST", 3)
    events.begin(rows, "abandoned")
    numbers = [events.add(rows, group, Arrived(GROUP, name="b"), NOW) for _ in range(5)]
    assert events.trim(rows, NOW) == 2
    assert [number for number, _ in events.after(rows, 0, now=NOW)] == numbers[2:]
    assert events.missed(rows, "abandoned") == numbers[1]


def test_who_begins_later_has_missed_nothing(rows: Rows, group: int) -> None:
    events.begin(rows, "abandoned")
    first = events.add(rows, group, Arrived(GROUP, name="b"), NOW)
    events.trim(rows, NOW + events.MONTH + 1)
    events.begin(rows, "new")
    assert events.missed(rows, "new") == 0
    assert events.acknowledged(rows, "new") == first
    events.begin(rows, "abandoned")  # once more: it goes on where it was
    assert events.missed(rows, "abandoned") == first


def test_a_backup_holds_nothing_that_is_ephemeral(tmp_path: Path) -> None:
    with closing(memory_store()) as store:
        with store.transaction() as rows:
            number = add_group(rows, bytes(range(32)))
            for data, kept in ((b"typing", 0), (b"said", 1)):
                content = Content(VERSION, data.ljust(16), 0, NOW, 0, kept, Data(b"a/b", data))
                queues.say(rows, number, content.id, contents.encode(content))
                told = EphemeralArrived(GROUP, sender="bob", content_type="a/b", data=data)
                events.add(rows, number, told, NOW)
            door = Content(VERSION, bytes(16), 0, NOW, 0, 0, Recovery(bytes(32), bytes(32)))
            queues.say(rows, number, door.id, contents.encode(door))
            queues.say(rows, number, b"leaves", b"")
            events.add(rows, number, Arrived(GROUP, name="bob"), NOW)
        key = RawKey(bytes(32))
        write_backup(store, tmp_path / "backup", key)
    restore_backup(tmp_path / "backup", tmp_path / "store", key, key)
    with closing(open_store(tmp_path / "store", key)) as store, store.reading() as rows:
        waiting = [each for (each,) in rows.all("SELECT message FROM outbox ORDER BY id")]
        assert waiting == [b"said".ljust(16), bytes(16), b"leaves"]
        assert [event for _, event in events.after(rows, 0, now=NOW)] == [
            Arrived(GROUP, name="bob")
        ]


def test_why_a_message_was_lost_is_said_for_this_one_alone(rows: Rows, group: int) -> None:
    ids = ["a1" * 16, "b2" * 16, "c3" * 16]
    since = events.add(
        rows, group, MessagesLost(GROUP, count=1, sender=None, why="before", ids=(ids[0],)), NOW
    )
    events.add(rows, group, MessageSent(GROUP, id=ids[0], seq=1), NOW)
    assert events.why_lost(rows, since, ids[0]) == ""
    told = MessagesLost(GROUP, count=1, sender=None, why=f"not {ids[2]}", ids=tuple(ids[:2]))
    events.add(rows, group, told, NOW)
    events.add(rows, group, MessagesLost(GROUP, count=3, sender="bob", why="a gap"), NOW)
    assert events.why_lost(rows, since, ids[0]) == events.why_lost(rows, since, ids[1]) == told.why
    assert events.why_lost(rows, since, ids[2]) == ""
    assert events.why_lost(rows, events.latest(rows), ids[0]) == ""


def test_why_a_wish_was_refused_is_said_for_this_one_alone(rows: Rows, group: int) -> None:
    since = events.add(rows, group, WishRefused(GROUP, what="x", why="before", wish=1), NOW)
    leave = WishRefused(GROUP, what="leave", why="the last owner")
    eleven = WishRefused(GROUP, what='say "wish":1', why="no", wish=11)
    for each in (leave, eleven, MessagesLost(GROUP, count=0, sender=None, why='"wish":1')):
        events.add(rows, group, each, NOW)
    assert list(events.refusals(rows, since, 11)) == [eleven]
    assert list(events.refusals(rows, since, 1)) == []
    assert list(events.refusals(rows, since)) == [eleven, leave]
