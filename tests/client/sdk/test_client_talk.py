"""Two people talk: texts, replies, reactions, files, bytes, what disappears, what is ephemeral."""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from covey.client import events
from covey.client.events import EphemeralArrived, EventsMissed, MessageArrived, MessageSent
from covey.errors import BrokerError, StateError, StorageError
from covey.store import open_store
from people import KEY, group, happens, texts, until

if TYPE_CHECKING:
    from pathlib import Path

    from people import Town

pytestmark = pytest.mark.anyio


async def test_two_people_talk(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        feed, heard = theirs.events(), ours.events()
        said = await ours.send("hello")
        assert said.seq is not None
        arrived = await happens(feed, MessageArrived)
        assert (arrived.sender, arrived.text, arrived.id) == (alice.name, "hello", said.id)
        answer = await theirs.send("hello yourself", reply_to=theirs.history()[-1])
        assert (answer.kind, answer.about) == ("reply", said.id)
        assert (await happens(heard, MessageArrived)).text == "hello yourself"
        assert texts(ours) == texts(theirs) == ["hello", "hello yourself"]


async def test_reactions_are_counted_and_taken_back(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        said = await ours.send("shall we?")
        await until(theirs.history)
        await theirs.react(said, "👍")
        await until(lambda: ours.reactions(said))
        assert [(each.sender, each.text) for each in ours.reactions(said)] == [(bob.name, "👍")]
        await theirs.react(said.id, "👍", withdraw=True)
        await until(lambda: not ours.reactions(said))


async def test_a_file_goes_over_with_progress(town: Town, tmp_path: Path) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        data = bytes(range(256)) * 10_000
        (tmp_path / "photo.png").write_bytes(data)
        sent: list[tuple[int, int]] = []
        said = await ours.attach(
            tmp_path / "photo.png", progress=lambda done, of: sent.append((done, of))
        )
        assert (said.kind, said.text) == ("attachment", "photo.png")
        assert sent[-1][0] == sent[-1][1] >= len(data)
        await until(theirs.history)
        [came] = theirs.history()
        got: list[tuple[int, int]] = []
        found = await theirs.download(came, progress=lambda done, of: got.append((done, of)))
        assert found == data
        assert got[-1][0] == got[-1][1]


async def test_a_file_that_is_larger_than_is_allowed_is_not_fetched(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        said = await ours.attach(b"x" * 5000, "a.txt")
        asked: list[tuple[int, int]] = []
        with pytest.raises(StateError, match=r"no more than 1000 are fetched.*allow more"):
            await ours.download(said, most=1000, progress=lambda *done: asked.append(done))
        assert asked == []
        assert await ours.download(said, most=10_000) == b"x" * 5000


async def test_bytes_need_a_name_and_missing_files_are_said(town: Town, tmp_path: Path) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        sent: list[object] = []
        with pytest.raises(StateError, match="say what the file is called"):
            await ours.attach(b"bytes")
        with pytest.raises(StorageError, match="cannot read"):
            await ours.attach(tmp_path / "none")
        for name, media_type in (("n" * 1025, None), ("n", "m" * 1025)):
            with pytest.raises(ValueError, match="at most 1024 bytes, not 1025"):
                await ours.attach(
                    b"bytes", name, media_type=media_type, progress=lambda *at: sent.append(at)
                )
        assert sent == []
        said = await ours.send("no file")
        with pytest.raises(StateError, match="has no file"):
            await ours.download(said)


async def test_bytes_with_a_content_type_stand_in_the_history(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        await ours.send_bytes(b"\x00\x01", "application/counter")
        await until(theirs.history)
        [came] = theirs.history()
        assert (came.kind, came.data) == ("application/counter", b"\x00\x01")
        with pytest.raises(ValueError, match="attachment"):
            await ours.send_bytes(bytes(70_000), "application/counter")


async def test_what_is_ephemeral_is_an_event_and_no_history(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        feed = theirs.events()
        await ours.send_ephemeral(b"", "application/typing")
        event = await happens(feed, EphemeralArrived)
        assert (event.sender, event.content_type) == (alice.name, "application/typing")
        assert ours.history() == theirs.history() == []


async def test_what_is_ephemeral_does_not_survive_being_told(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        beside, feed = theirs.events(), bob.events("screen")
        await ours.send_ephemeral(b"", "application/typing")
        told = await happens(feed, EphemeralArrived)
        assert (told.leaf, told.sent_at > 0) == (0, True)
        await bob.acknowledge("screen", feed.number)
        assert await happens(beside, EphemeralArrived) == told  # who does not acknowledge
        kept = [each async for each in bob.events("another", live=False)]
        assert told in kept
        fleeting = partial(events.next_ephemeral, since=0, now=0)
        await until(lambda: bob._engine.rows(fleeting) is None)  # noqa: SLF001
        later = [each async for each in bob.events("a third", live=False)]
        assert later == [each for each in kept if each != told]


async def test_who_was_away_for_a_month_is_told_that_something_is_missing(
    town: Town, tmp_path: Path
) -> None:
    path = tmp_path / "alice.covey"
    async with town.client("alice", path) as alice:
        alice.events("bot")
        await alice.create_group("one")
    later = time.time() + events.MONTH + 60
    with closing(open_store(path, KEY)) as store, store.transaction() as rows:
        assert events.trim(rows, int(later)) > 0
    async with town.client("alice", path) as alice:
        await alice.create_group("two")
        missed, joined = [each async for each in alice.events("bot", live=False)]
        assert isinstance(missed, EventsMissed)
        assert str(joined) == "you created 'two'"
        await alice.acknowledge("bot", alice.last_number)
        assert [each async for each in alice.events("bot", live=False)] == []
        await alice.forget_consumer("bot")
        again = [each async for each in alice.events("bot", live=False)]
        assert again == [joined]  # as for one that is new


async def test_a_message_disappears_on_both_sides(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        await ours.send("for ever")
        await ours.send("for some seconds", expires_after=5)
        await until(lambda: len(theirs.history()) == 2)
        await until(lambda: len(theirs.history()) == len(ours.history()) == 1)
        assert ours.search("seconds") == []


async def test_the_group_says_when_messages_disappear(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice, expires_after=1000)
        said = await ours.send("later gone")
        assert said.expires_at == said.received_at + 1000
        await ours.set_expiry(0)
        assert (await ours.send("stays")).expires_at is None


async def test_history_is_read_in_pages_and_searched(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        for number in range(6):
            await ours.send(f"message {number}")
        last = ours.history(2)
        assert [each.text for each in last] == ["message 4", "message 5"]
        assert [each.text for each in ours.history(2, before=last[0].number)] == [
            "message 2",
            "message 3",
        ]
        assert [each.text for each in ours.history(2, after=last[0].number)] == ["message 5"]
        assert [each.text for each in alice.search("mess 3")] == ["message 3"]


async def test_events_of_a_consumer_come_until_they_are_acknowledged(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        await ours.send("one")
        await ours.send("two")
        kinds = [type(each).__name__ async for each in alice.events("bot", live=False)]
        assert kinds.count("MessageSent") == 2
        again = [each async for each in alice.events("bot", live=False)]
        assert len(again) == 0  # each was acknowledged when the next one was asked for
        feed = alice.events("other", live=False)
        first = await anext(feed)
        assert await anext(alice.events("other", live=False)) == first
        with pytest.raises(StateError, match="the last one is"):
            await alice.acknowledge("other", 10**9)
        with pytest.raises(TypeError, match="the number of an event is an int, not str"):
            await alice.acknowledge("other", "1")  # type: ignore[arg-type]
        await alice.acknowledge("other", alice.last_number)
        assert await anext(alice.events("other", live=False)) != first


async def test_what_is_said_without_waiting_goes_out_by_itself(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        feed = ours.events()
        said = await ours.send("soon", wait=False)
        sent = await happens(feed, MessageSent)
        assert sent.id == said.id
        assert ours.waiting == 0


async def test_a_name_that_is_taken_is_refused_and_leaves_no_file(
    town: Town, tmp_path: Path
) -> None:
    async with town.client("alice"):
        with pytest.raises(BrokerError, match="handle_taken"):
            await town.client("alice", tmp_path / "other.covey").__aenter__()
    assert [each async for each in anyio.Path(tmp_path).iterdir()] == []


async def test_an_error_in_the_block_comes_out_as_it_is(town: Town) -> None:
    async def fails() -> None:
        async with town.client("alice"):
            await anyio.lowlevel.checkpoint()
            raise KeyError

    with pytest.raises(KeyError):
        await fails()


async def test_what_cannot_be_said_is_refused_before_it_is_kept(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        said = await ours.send("hello")
        loose: Any = ours
        for refused in (
            partial(loose.send, b"x"),
            partial(loose.send, "x", reply_to=1),
            partial(loose.send, "x", expires_after=0.5),
            partial(loose.send_bytes, "x", "a/b"),
            partial(loose.send_ephemeral, b"x", 5),
            partial(loose.set_expiry, 1.5),
            partial(loose.rename, 5),
            partial(loose.link, 1.5),
            partial(loose.set_inviting, []),
            partial(loose.set_role, alice.name, []),
        ):
            with pytest.raises(TypeError, match=", not "):
                await refused()
        for refused in (
            partial(ours.send, "x\ud800"),
            partial(ours.send, "x", expires_after=-1),
            partial(ours.send, "x", expires_after=2**70),
            partial(ours.react, said, ""),
            partial(ours.attach, b"x", "x\ud800"),
            partial(ours.rename, "\n"),
            partial(ours.link, 0),
        ):
            with pytest.raises(StateError):
                await refused()
        with pytest.raises(StateError, match="seconds"):
            ours.dry_run(expires_after=-1)
        with pytest.raises(TypeError, match="name of a group"):
            loose.dry_run(name=5)
        assert texts(ours) == ["hello"]
        assert ours.name == "team"
