"""What is to disappear does so: for who stays, for who only looks in, and unsent."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from client.faults.stolen import laid_open
from covey.client.events import MessageArrived, MessagesLost
from covey.client.running import engine
from covey.errors import StateError, TransportError
from covey.store import open_store
from people import KEY, LATE, group, happens, texts, until

if TYPE_CHECKING:
    from pathlib import Path

    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation
    from covey.store.port import Rows
    from people import Town

pytestmark = pytest.mark.anyio

BRIEF = 2  # seconds; longer than it takes to say something
AFTER = 2.2
_TABLES = ("messages", "outbox")


def count(rows: Rows) -> list[int]:
    """How many rows there are in the history, and in the outbox."""
    found = [rows.one(f"SELECT count(*) FROM {each}") for each in _TABLES]  # noqa: S608 - ours
    return [int(str(each[0])) for each in found if each is not None]


def counted(client: Client) -> list[int]:
    return client._engine.rows(count)  # noqa: SLF001


def kept(path: Path) -> list[int]:
    """The same of a file that nobody has open."""
    store = open_store(path, KEY)
    with store.reading() as rows:
        found = count(rows)
    store.close()
    return found


def words_in(path: Path) -> set[bytes]:
    """Of the words that are looked for, those that the pages of a file hold, and its index."""
    return set(re.findall(rb"vanishing|lasting", laid_open(path, KEY)))


async def test_who_only_looks_in_sees_nothing_of_what_has_disappeared(
    town: Town, tmp_path: Path
) -> None:
    paths = [tmp_path / "alice.covey", tmp_path / "bob.covey"]
    async with town.client("alice", paths[0]) as alice, town.client("bob", paths[1]) as bob:
        ours, theirs = await group(alice, bob)
        await ours.send("lasting words")
        await ours.send("vanishing words", expires_after=BRIEF)
        await until(lambda: len(theirs.history()) == 2)
        assert len(alice.search("vanish")) == len(bob.search("vanish")) == 1  # it is in the index
    assert all(kept(path) == [2, 0] for path in paths)
    await anyio.sleep(AFTER)
    for name, path in zip(("alice", "bob"), paths, strict=True):
        async with town.client(name, path) as client:
            assert texts(client.groups()[0]) == ["lasting words"]
            assert client.search("vanish") == []
        assert kept(path) == [1, 0]
        assert words_in(path) == {b"lasting"}


async def test_what_disappears_is_gone_when_the_client_is_closed(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_TIDY", 600.0)  # the loop is never there in time
    path = tmp_path / "alice.covey"
    async with town.client("alice", path) as alice:
        [ours] = await group(alice)
        said = await ours.send("vanishing", expires_after=BRIEF)
        await anyio.sleep(AFTER)
        assert counted(alice) == [1, 0]
        assert (ours.history(), alice.search("vanish"), ours.reactions(said)) == ([], [], [])
        with pytest.raises(StateError, match="there is no message"):
            ours.message(said.id)
        await alice.backup(tmp_path / "alice.backup", "heron")
        assert counted(alice) == [0, 0]  # none of it is in the backup
        await ours.send("vanishing", expires_after=BRIEF)
        await anyio.sleep(AFTER)
        assert counted(alice) == [1, 0]
    assert kept(path) == [0, 0]
    assert words_in(path) == set()


async def test_an_event_that_waits_to_be_handed_out_says_nothing_later(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        feed = theirs.events(live=False, since=0)
        await ours.send("vanishing", expires_after=BRIEF)
        await until(theirs.history)
        await anext(feed)  # which reads the others, too
        await anyio.sleep(AFTER)
        arrived = await happens(feed, MessageArrived)
        assert (arrived.text, str(arrived)) == ("", "somebody: [a message that is not kept]")


class Cable(httpx.AsyncHTTPTransport):
    """The network.

    Attributes:
        is_out: Whether nothing gets through.
    """

    is_out = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request, or none."""
        if Cable.is_out:
            msg = "the cable is out"
            raise httpx.ConnectError(msg)
        return await super().handle_async_request(request)


async def sends_in_vain(ours: Conversation) -> None:
    """Say what is to disappear in a second; if it is tried just then, it waits, which is said."""
    with anyio.fail_after(LATE):
        while True:
            with suppress(TransportError):
                await ours.send("vanishing too", expires_after=1)


async def test_what_disappears_before_it_was_sent_is_given_up_and_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town.client("alice", transport=Cable) as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        feed = ours.events()
        await until(lambda: all(each.arrived for each in ours.members) and not ours.waiting)
        monkeypatch.setattr(Cable, "is_out", True)
        waiting = await ours.send("vanishing", expires_after=BRIEF, wait=False)
        assert (ours.waiting, waiting.queued) == (1, True)
        told = await happens(feed, MessagesLost)
        assert (told.ids, told.count, told.sender) == ((waiting.id,), 1, None)
        assert "it was to disappear" in str(told)
        await until(lambda: counted(alice) == [0, 0])
        assert ours.waiting == 0
        with pytest.raises(StateError, match="cannot be sent: it was to disappear"):
            await sends_in_vain(ours)
        await until(lambda: counted(alice) == [0, 0])
        monkeypatch.setattr(Cable, "is_out", False)
        await ours.send("lasting")
        await until(theirs.history)
        assert texts(ours) == texts(theirs) == ["lasting"]


async def test_files_and_bytes_disappear_as_texts_do_with_their_reactions(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        file = await ours.attach(b"a plan", "plan.txt", expires_after=BRIEF)
        data = await ours.send_bytes(b"\1", "a/b", expires_after=BRIEF)
        assert await ours.download(file) == b"a plan"
        lasting = await ours.send("lasting")
        await until(lambda: len(theirs.history()) == 3)
        for each in (file, lasting):
            await theirs.react(each.id, "👍")
        await until(lambda: len(ours.history()) == 5)
        for each in (file, data):
            assert each.expires_at == each.received_at + BRIEF
        [reaction] = ours.reactions(file)
        assert reaction.expires_at == file.expires_at
        await until(lambda: counted(alice) == counted(bob) == [2, 0])  # and the keys of the file
        assert [each.kind for each in theirs.history()] == ["text", "reaction"]
        with pytest.raises(StateError, match="there is no message"):
            await ours.download(file.id)
        for refused in (-1, 2**32):
            with pytest.raises(StateError, match="disappear"):
                await ours.attach(b"x", "x", expires_after=refused)
            with pytest.raises(StateError, match="disappear"):
                await ours.send_bytes(b"x", "a/b", expires_after=refused)


async def test_a_reaction_to_what_lasts_lasts(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice, expires_after=1000)
        lasting = await ours.send("lasting", expires_after=0)
        brief = await ours.send("brief")
        assert (await ours.react(lasting, "👍")).expires_at is None
        assert (await ours.react(brief, "👍")).expires_at == brief.expires_at


async def test_a_group_says_who_may_invite_and_when_messages_disappear(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob, expires_after=60, inviting="members")
        for each in (ours, theirs):
            assert (each.inviting, each.expires_after) == ("members", 60)
        await ours.set_expiry(0)
        await ours.set_inviting("admins")
        await until(lambda: theirs.inviting == "admins")
        for each in (ours, theirs):
            assert (each.inviting, each.expires_after) == ("admins", 0)
