"""Every request that writes, sent again because its answer got lost: the same answer, once.

One table holds a case for every script that writes; a script without a case is found.
"""

from __future__ import annotations

import inspect
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from broker.transactions.desk import BROKER, HOUR, Chat, an_offer, asked, following, name, owe
from covey.access.structs.identity import PutOnShelf, ShelvedKeyPackage
from covey.access.structs.joining import (
    ExpectedPointer,
    InboxEntry,
    InboxKind,
    Knock,
    PostNote,
)
from covey.access.structs.log import BundledPointer, Capability, Parcel
from covey.broker.hours import HOUR as SECONDS
from covey.broker.transactions import accounts, birth, inboxes, joining, key_packages, log, sweeping
from covey.broker.transactions.accounts import Evidence
from covey.broker.transactions.inboxes import Room
from covey.broker.transactions.joining import Door
from covey.broker.transactions.key_packages import Shelf
from covey.broker.transactions.sweeping import Ages
from lengths import not_on_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from broker.transactions.desk import Desk
    from covey.broker.script import Script

ALICE, PHONE, INBOX, REF = (name(what) for what in ("alice", "phone", "inbox", "ref"))
TOKEN, ROOM, SHELF = name("token"), Room(HOUR, 9), Shelf(9, 0)
POST_TOKEN = name("post token", 0, 16)
READ = InboxEntry(InboxKind.note, b"7")


@pytest.fixture(autouse=True)
def _on_one_store(request: pytest.FixtureRequest) -> None:
    if "desk" in request.fixturenames:
        not_on_each(request.node.callspec.params["desk"])


# --- what there is before ------------------------------------------------------------------


def scene(desk: Desk) -> Chat:
    """An account, an inbox that is owed a pointer, a shelf, and a group with a capability."""
    desk.write(lambda: accounts.enrol(ALICE, PHONE, Evidence(None, None, HOUR)))
    desk.write(lambda: accounts.add_device(ALICE, name("old device"), 9))
    for purpose in ("enrol", "create"):
        desk.write(partial(accounts.add_invite, name(purpose), purpose, HOUR))
    two = [an_offer(1), an_offer(2)]
    desk.write(lambda: key_packages.publish(PHONE, two, asked(1), SHELF))
    desk.write(shelving(2, 2, 3))
    owe(desk, INBOX, REF, 2)
    desk.write(lambda: inboxes.set_slots(INBOX, (sha256(POST_TOKEN).digest(),)))
    for idem in (7, 8):
        a_note = PostNote(INBOX, POST_TOKEN, name("idem", idem, 16), b"%d" % idem)
        desk.write(partial(inboxes.post_note, a_note, ROOM))
    chat = Chat(desk)
    chat.create()
    stated = (Capability(name("capability"), HOUR),)
    chat.append(chat.request(0, 1, b"c", following(1, capabilities=stated)))
    return chat


def shelving(number: int, *packages: int) -> Callable[[], Script[object]]:
    on_it = tuple(ShelvedKeyPackage((HOUR + 9) * SECONDS, 0, b"%d" % each) for each in packages)
    request = PutOnShelf(name("idem", number, 16), sha256(TOKEN).digest(), on_it)
    return partial(key_packages.put_on_shelf, request, asked(number), SHELF)


def appending(chat: Chat) -> Callable[[], Script[object]]:
    """A message, and a commit with all that one can bring."""
    brought = following(
        2,
        (Parcel(name("parcel"), b"p"),),
        b"pointers",
        (Capability(name("capability"), HOUR),),
        bundled=(BundledPointer(INBOX, REF, b"bundled"),),
    )
    batch = [chat.request(1, 2, b"m"), chat.request(1, 3, b"c", brought)]
    return partial(log.append, chat.gid, batch, HOUR)


def knocking(chat: Chat) -> Callable[[], Script[object]]:
    request = Knock(BROKER, chat.gid, name("knock", 0, 16), name("capability"), b"sealed")
    return partial(joining.knock, request, Door(sha256(request.encode()).digest(), HOUR, 9))


CASES: dict[str, Callable[[Chat], Callable[[], Script[Any]]]] = {
    "log.create": lambda chat: partial(log.create, Chat(chat.desk, 5).creation(name("create"))),
    "log.append": appending,
    "joining.knock": knocking,
    "inboxes.create": lambda _: partial(inboxes.create, name("inbox", 1), b"k" * 32),
    "inboxes.post": lambda _: partial(inboxes.post, INBOX, REF, b"pointer", ROOM),
    "inboxes.post_note": lambda _: partial(
        inboxes.post_note, PostNote(INBOX, POST_TOKEN, name("idem", 0, 16), b"note"), ROOM
    ),
    "inboxes.fetch": lambda _: partial(inboxes.fetch, INBOX, (READ.digest,), 9),
    "inboxes.expect": lambda _: partial(
        inboxes.expect, INBOX, (ExpectedPointer(name("ref", 50), HOUR + 9, 3),), HOUR + 99
    ),
    "inboxes.set_slots": lambda _: partial(inboxes.set_slots, INBOX, (name("slot"),)),
    "accounts.enrol": lambda _: partial(
        accounts.enrol, name("bob"), name("phone", 1), Evidence(name("enrol"), name("bob"), HOUR)
    ),
    "accounts.add_device": lambda _: partial(accounts.add_device, ALICE, name("new device"), 9),
    "accounts.remove_device": lambda _: partial(accounts.remove_device, ALICE, name("old device")),
    "accounts.add_invite": lambda _: partial(accounts.add_invite, name("invite"), "enrol", HOUR),
    "key_packages.publish": lambda _: partial(
        key_packages.publish, PHONE, [an_offer(3)], asked(10), SHELF
    ),
    "key_packages.claim": lambda _: partial(key_packages.claim, ALICE, 1, asked(11)),
    "key_packages.put_on_shelf": lambda _: shelving(12, 4),
    "key_packages.take_from_shelf": lambda _: partial(
        key_packages.take_from_shelf, TOKEN, asked(13)
    ),
    "log.pay": lambda _: partial(log.pay, name("create"), name("request"), HOUR),
    "birth.incarnation": lambda _: partial(birth.incarnation, name("incarnation", 0, 16)),
    "birth.begin_anew": lambda _: partial(birth.begin_anew, name("incarnation", 0, 16)),
}
"""Every script that writes because somebody asks."""

NOT_ASKED_FOR = {
    "log.use_invite",
    "joining.store",
    "sweeping.sweep",
    "sweeping.sweep_epochs",
    "birth.own",
}
"""Parts of others, and what the broker does by itself."""

ANSWERS_NEWLY = {"inboxes.post", "inboxes.post_note"}
"""They tell the caller within the broker whether it is new; who asked is told nothing."""

MODULES: tuple[ModuleType, ...] = (
    log, joining, inboxes, accounts, key_packages, birth, sweeping,
)  # fmt: skip


def test_every_script_that_writes_has_its_case() -> None:
    writing = {
        f"{module.__name__.rpartition('.')[2]}.{called}"
        for module in MODULES
        for called, function in inspect.getmembers(module, inspect.isgeneratorfunction)
        if not called.startswith("_") and function.__module__ == module.__name__
    }
    reading = {
        "joining.refusal", "joining.parcels", "joining.pointers", "joining.knocks",
        "inboxes.read_key", "inboxes.would_take", "log.is_begun", "birth.owner",
        "accounts.handle_of", "accounts.devices", "key_packages.stock",
    }  # fmt: skip
    assert writing - reading == set(CASES) | NOT_ASKED_FOR


@pytest.mark.parametrize("case", CASES)
def test_a_request_whose_answer_got_lost_is_done_once(desk: Desk, case: str) -> None:
    script = CASES[case](scene(desk))
    before = desk.content()
    first = desk.write(script)
    after = desk.content()
    assert after != before
    if case in ANSWERS_NEWLY:
        assert first is True
        first = False
    for _ in range(3):
        assert desk.write(script) == first
        assert desk.content() == after


@pytest.mark.parametrize("case", CASES)
def test_a_request_that_is_sent_again_before_it_was_answered_is_done_once(
    desk: Desk, case: str
) -> None:
    """As an impatient client does, by way of another process of the broker."""
    script = CASES[case](scene(desk))
    answers = desk.at_once(*[script] * 6)
    after = desk.content()
    if case in ANSWERS_NEWLY:
        assert sorted(answers) == [*[False] * 5, True]
    else:
        assert answers == [desk.write(script)] * 6
    assert desk.content() == after


@pytest.mark.parametrize("case", sorted(set(CASES) - {"inboxes.fetch"}))
def test_a_request_is_answered_again_after_a_sweep(desk: Desk, case: str) -> None:
    """In the same day, and whatever was thrown away meanwhile."""
    script = CASES[case](scene(desk))
    first = desk.write(script)
    ages = Ages(HOUR, 24 * 30)
    desk.write(lambda: sweeping.sweep_epochs(ages))
    desk.write(lambda: sweeping.sweep(ages))
    assert desk.write(script) == (False if case in ANSWERS_NEWLY else first)


def test_appends_are_answered_again_after_their_epoch_has_closed(desk: Desk) -> None:
    chat = scene(desk)
    script = appending(chat)
    first = desk.write(script, chat.gid)
    for epoch in range(2, 6):
        chat.commit(epoch, 100 + epoch)
    before = desk.content()
    assert desk.write(script, chat.gid) == first
    assert desk.content() == before
