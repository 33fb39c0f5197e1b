"""What is thrown away, when, and what stays; in portions, and in weekly parts on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from broker.transactions.desk import (
    BROKER,
    HOUR,
    Chat,
    an_offer,
    asked,
    codes,
    following,
    name,
    opened_desk,
    owe,
)
from covey.access.structs.joining import Knock, PostNote
from covey.access.structs.log import Append, Capability, Parcel
from covey.broker.hours import DAY, WEEK, week_of
from covey.broker.script import Many, Statement
from covey.broker.transactions import (
    accounts,
    inboxes,
    joining,
    key_packages,
    log,
    reading,
    sweeping,
)
from covey.broker.transactions.accounts import Evidence
from covey.broker.transactions.inboxes import Room
from covey.broker.transactions.joining import Door
from covey.broker.transactions.key_packages import Shelf
from covey.broker.transactions.sweeping import PORTION, SWEPT, Ages

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker.transactions.desk import Desk
    from covey.broker.script import Script

KEPT = 30 * DAY


def sweep(desk: Desk, hour: int) -> Counter[str]:
    """Sweep as the broker does; what was thrown away."""
    ages = Ages(hour, KEPT)
    swept: Counter[str] = Counter()
    for script in (sweeping.sweep_epochs, sweeping.sweep):
        full = True
        while full:
            portion = desk.write(partial(script, ages))
            full = sweeping.is_full(portion)
            swept += portion
        desk.run(desk.stores[0].turn_weeks(week_of(hour), ages.oldest_week))
    return swept


def test_nothing_is_swept_from_nothing(desk: Desk) -> None:
    assert sweep(desk, HOUR) == Counter()
    assert set(desk.write(lambda: sweeping.sweep(Ages(HOUR, KEPT)))) | {"epochs"} == set(SWEPT)


def test_what_has_an_end_is_kept_to_its_last_hour(desk: Desk) -> None:
    end = HOUR + 5
    desk.write(lambda: accounts.enrol(name("alice"), name("phone"), Evidence(None, None, HOUR)))
    desk.write(lambda: accounts.add_invite(name("invite"), "enrol", end))
    offers = [an_offer(number, not_after=end) for number in (1, 2)]
    desk.write(lambda: key_packages.publish(name("phone"), offers, asked(1), Shelf(9, 0)))
    desk.write(lambda: key_packages.claim(name("alice"), 1, asked(2)))
    chat = Chat(desk)
    chat.create()
    stated = (Capability(name("capability"), end),)
    chat.append(chat.request(0, 1, b"c", following(1, capabilities=stated)))
    before = desk.content()
    assert sweep(desk, end) == Counter()
    assert desk.content() == before
    # one that waits, two that were published, and a claim
    assert sweep(desk, end + 1) == Counter(key_packages=4, invites=1, capabilities=1)
    for table in ("key_package", "published", "claim", "invite", "capability"):
        assert desk.count(table) == 0


def test_a_shelf_is_cleared_too(desk: Desk) -> None:
    from broker.transactions.test_key_packages import a_package, put  # noqa: PLC0415

    desk.write(put(1, [a_package(1, HOUR + 5), a_package(2, HOUR + 6, last_resort=True)]))
    assert sweep(desk, HOUR + 6)["key_packages"] == 2
    assert desk.count("shelved") == 1


def test_answers_are_kept_for_a_day(desk: Desk) -> None:
    owe(desk, name("inbox"), name("ref"))
    room = Room(HOUR, None)
    desk.write(lambda: inboxes.post(name("inbox"), name("ref"), b"p", room))
    answers = desk.count("answer")
    assert sweep(desk, HOUR + DAY) == Counter()
    assert sweep(desk, HOUR + DAY + 1)["answers"] == answers + 1
    assert desk.count("answer") == desk.count("posted") == 0


def test_what_waits_in_an_inbox_is_kept_as_long_as_logs_are(desk: Desk) -> None:
    inbox, token = name("inbox"), name("token", 0, 16)
    desk.write(lambda: inboxes.create(inbox, b"k" * 32))
    desk.write(lambda: inboxes.set_slots(inbox, (sha256(token).digest(),)))
    for at in range(2):
        note = PostNote(inbox, token, name("idem", at, 16), b"%d" % at)
        desk.write(partial(inboxes.post_note, note, Room(HOUR + at, None)))
    assert sweep(desk, HOUR + KEPT)["inbox"] == 0
    assert sweep(desk, HOUR + KEPT + 1)["inbox"] == 1
    assert [each.body for each in desk.read(lambda: inboxes.fetch(inbox, (), 9))] == [b"1"]
    assert desk.count("inbox") == desk.count("slot") == 1


def test_a_knock_is_kept_for_two_weeks(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    stated = (Capability(name("capability"), HOUR + 99 * DAY),)
    chat.append(chat.request(0, 1, b"c", following(1, capabilities=stated)))
    request = Knock(BROKER, chat.gid, name("knock", 0, 16), name("capability"), b"sealed")
    desk.write(lambda: joining.knock(request, Door(b"d" * 32, HOUR, 9)))
    assert sweep(desk, HOUR + 14 * DAY)["knocks"] == 0
    assert sweep(desk, HOUR + 14 * DAY + 1)["knocks"] == 1


# --- groups that nobody confirmed ----------------------------------------------------------


def test_a_group_that_no_second_epoch_confirms_is_gone_after_a_day(desk: Desk) -> None:
    unproven, proven, quiet = (Chat(desk, number) for number in range(3))
    for chat in (unproven, proven, quiet):
        chat.create()
        chat.append(chat.request(0, 1, b"m"))
    proven.commit(0, 2)
    quiet.append(quiet.request(0, 2, b"m"))
    assert sweep(desk, HOUR + DAY) == Counter()
    assert sweep(desk, HOUR + DAY + 1) == Counter(groups=2)
    assert [desk.count(table) for table in ("log", "epoch", "entry")] == [1, 2, 2]
    assert codes(unproven.append(unproven.request(0, 3))) == ["group_unknown"]
    assert len(proven.page(0).entries) == 2
    unproven.create(HOUR + DAY + 1)
    assert sweep(desk, HOUR + DAY + 2) == Counter()


def test_a_group_that_is_confirmed_while_it_is_swept_is_there_or_not_at_all(desk: Desk) -> None:
    chats = [Chat(desk, number) for number in range(10)]
    for chat in chats:
        chat.create()
    scripts: list[Callable[[], Script[object]]] = []
    late = HOUR + DAY + 1
    for chat in chats:
        commit = chat.request(0, 1, b"c", following(1, (Parcel(chat.gid, b"p"),)))
        scripts += [
            partial(log.append, chat.gid, [commit], late),
            partial(sweeping.sweep, Ages(late, KEPT)),
        ]
    answers = desk.at_once(*scripts)
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    won = [chat for chat, answer in zip(chats, answers[::2], strict=True)
           if codes(answer) == ["Appended"]]  # fmt: skip
    assert [desk.count(table) for table in ("log", "entry", "parcel", "epoch")] == [
        len(won), len(won), len(won), 2 * len(won),
    ]  # fmt: skip


# --- retention -----------------------------------------------------------------------------


def weeks_of_a_chat(desk: Desk) -> Chat:
    """A log that is one epoch older each week: epoch n is closed in the n-th week after HOUR."""
    chat = Chat(desk)
    chat.create()
    chat.commit(0, 100)
    for week in range(1, 7):
        hour = HOUR + week * WEEK
        desk.run(desk.stores[0].turn_weeks(week_of(hour), week_of(HOUR)))
        chat.append(chat.request(week, week, b"m"), hour=hour)
        parcel = Parcel(name("parcel", week), b"p")
        brought = following(week + 1, (parcel,), pointers=b"list")
        chat.append(chat.request(week, 100 + week, b"c", brought), hour=hour)
    return chat


def test_old_epochs_are_gone_and_all_that_is_kept_is_whole(desk: Desk) -> None:
    chat = weeks_of_a_chat(desk)
    now = HOUR + 6 * WEEK
    oldest = Ages(now, KEPT).oldest_week - week_of(HOUR)  # the first week that is kept
    assert oldest == 2
    swept = sweep(desk, now)
    # on PostgreSQL the week's entries went with their table
    assert swept - Counter(entries=swept["entries"]) == Counter(epochs=2, parcels=2)
    desk.refuses("gone", lambda: reading.access_key(chat.gid, 1))
    assert codes(chat.append(chat.request(1, 50))) == ["gone"]
    for epoch in range(2, 7):
        page = chat.page(epoch)
        assert (page.closed, page.complete) == (True, True)
        assert [each.epoch for each in page.entries] == [epoch] * 2
        assert codes(chat.append(chat.request(epoch, 60 + epoch))) == ["EpochClosed"]
    assert chat.page(7).head.seq == 13
    # Two weeks later, nobody having said anything.
    swept = sweep(desk, now + 2 * WEEK)
    assert (swept["epochs"], swept["parcels"]) == (2, 4)
    assert desk.rows("SELECT floor FROM log") == [(4,)]
    assert desk.rows("SELECT min(epoch), count(*) FROM epoch") == [(4, 4)]
    assert len(desk.rows("SELECT id FROM parcel WHERE week < $1", week_of(HOUR) + 4)) == 0
    # And when all is old, the current epoch stays, with an empty log.
    sweep(desk, now + 20 * WEEK)
    assert desk.rows("SELECT epoch, floor, seq FROM log") == [(7, 7, 13)]
    assert desk.count("entry") == desk.count("parcel") == desk.count("pointer_list") == 0
    assert chat.page(7) == (chat.page(7).head, (), chat.page(7).head, False)
    [answer] = chat.append(chat.request(7, 200, b"again"), hour=now + 20 * WEEK)
    assert codes([answer]) == ["Appended"]
    assert [each.seq for each in chat.page(7).entries] == [14]


def test_postgresql_keeps_each_week_in_a_part_of_its_own() -> None:
    with opened_desk("postgres") as desk:
        weeks_of_a_chat(desk)
        parts = "SELECT count(*) FROM pg_class WHERE relname = $1"
        first = f"entry_w{week_of(HOUR)}"
        assert desk.rows(parts, first) == [(1,)]
        assert sweep(desk, HOUR + 6 * WEEK)["entries"] == 0
        assert desk.rows(parts, first) == [(0,)]


def test_more_than_a_portion_is_swept_in_several(desk: Desk) -> None:
    many = 2 * PORTION + 7
    gids = [name("gid", number) for number in range(many)]
    key, digest = b"k" * 32, b"d" * 32

    def fill() -> Script[None]:
        yield Many(
            Statement(
                "INSERT INTO log (gid, epoch, seq, hash, floor, digest, start, unproven)"
                " VALUES ($1, 1, 1, $2, 0, $2, $2, $3)"
            ),
            [(gid, digest, HOUR if number % 2 else None) for number, gid in enumerate(gids)],
        )
        for epoch, closed in ((0, week_of(HOUR)), (1, None)):
            yield Many(
                Statement(
                    "INSERT INTO epoch (gid, epoch, access_key, before_seq, before_hash,"
                    " closed_week) VALUES ($1, $2, $3, 0, $4, $5)"
                ),
                [(gid, epoch, key, digest, closed) for gid in gids],
            )
        yield Many(
            Statement("INSERT INTO published (ref, not_after) VALUES ($1, $2)"),
            [(gid, HOUR) for gid in gids],
        )

    desk.write(fill)
    first = desk.write(lambda: sweeping.sweep_epochs(Ages(HOUR + 9 * WEEK, KEPT)))
    assert first == Counter(epochs=PORTION)
    swept = sweep(desk, HOUR + 9 * WEEK)
    assert swept == Counter(epochs=many - PORTION, groups=many // 2, key_packages=many)
    assert desk.rows("SELECT DISTINCT floor FROM log") == [(1,)]
    assert desk.count("epoch") == desk.count("log") == many - many // 2


def test_who_sweeps_at_the_same_time_sweeps_once(desk: Desk) -> None:
    for number in range(20):
        desk.write(partial(accounts.add_invite, name("invite", number), "enrol", HOUR))
        chat = Chat(desk, number)
        chat.create()
    sweeps = [partial(sweeping.sweep, Ages(HOUR + DAY + 1, KEPT))] * 6
    assert sum(desk.at_once(*sweeps), Counter()) == Counter(invites=20, groups=20)


def test_a_request_is_of_its_week(desk: Desk) -> None:
    chat = Chat(desk)
    chat.create()
    request = chat.request(0, 1)
    assert isinstance(request.request, Append)
    chat.append(request, hour=HOUR + WEEK)
    assert desk.rows("SELECT week FROM entry") == [(week_of(HOUR) + 1,)]
