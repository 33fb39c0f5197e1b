"""A client's file is stolen, with its log: without its key, and with it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from client.faults.scene import agree, said, team
from client.faults.stolen import contents, everything, laid_open, steal
from covey.access.member import envelopes
from covey.access.structs.sealed import Purpose
from covey.client.sync.rows import groups
from covey.errors import CoveyError
from covey.lab.analyst.searching import Search
from covey.mls import Group, MessageReceived
from covey.store import open_store
from people import KEY, until
from thief import Trace

if TYPE_CHECKING:
    from client.faults.scene import Scene
    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation

pytestmark = pytest.mark.anyio

MANY = 20
_PART = 32
_LEAST = 16
"""Bytes of the shortest value that is looked for."""


async def _live(ours: Conversation, theirs: Conversation) -> None:
    """A chat with something of everything in it."""
    first = await ours.send("the first of many words to look for")
    await theirs.react(first, "👍")
    await theirs.send("an answer, with words of its own", reply_to=first)
    await ours.attach(b"the content of a file that was attached", "a file to be looked for.txt")
    await ours.rename("a name of a group that is looked for")
    await ours.send("gone soon: these words disappear", expires_after=4)
    await ours.link()
    await ours.rotate()
    await agree(ours, theirs)


def _searched(values: dict[str, bytes]) -> Search:
    """A search for the beginning and for the end of each value."""
    parts = {f"{what}, its beginning": each[:_PART] for what, each in values.items()}
    parts |= {f"{what}, its end": each[-_PART:] for what, each in values.items()}
    return Search(parts)


async def test_a_thief_without_the_key_finds_nothing(scene: Scene, tmp_path: Path) -> None:
    values: dict[str, bytes] = {}
    async with scene.client("bob, who is somebody") as bob:
        async with scene.client("alice") as alice:
            ours, theirs = await team(alice, bob)

            def look(moment: str) -> None:
                found = alice._engine.rows(partial(everything, least=_LEAST))  # noqa: SLF001
                values.update({f"{moment}: {what}": each for what, each in found.items()})

            look("at first")
            await _live(ours, theirs)
            look("later")
            await until(lambda: "gone soon" not in " ".join(said(ours)))
            look("in the end")
            values |= {"a name": bob.name.encode(), "an epoch": ours.export("x", b"", 32)}
            open_files = contents(steal(scene.path("alice"), tmp_path / "open"))
        closed = steal(scene.path("alice"), tmp_path / "closed")
    search = _searched(values)
    assert any("wal" in name and len(each) > 100_000 for name, each in open_files.items())
    assert search.everywhere(open_files) == []
    assert search.everywhere(contents(closed)) == []
    in_the_open = {each.what.partition(",")[0] for each in search.of("", laid_open(closed, KEY))}
    last = {what for what in values if what.startswith("in the end")}
    assert len(last & in_the_open) > len(last) // 2, "the search finds what is there"


class Chat:
    """Alice's and bob's messages of one epoch, as they were on the wire.

    Attributes:
        bodies: The MLSMessages, in the order of the log.
    """

    def __init__(self, scene: Scene, alice: Client, ours: Conversation) -> None:
        self._engine = alice._engine  # noqa: SLF001
        self._number = ours._number  # noqa: SLF001
        access = self._engine.peer.place(self._number).seat.access
        self.bodies = [
            envelopes.unseal(access, Purpose.other, each.idem, each.body)
            for each in scene.wire.log(ours.id)
            if each.epoch == ours.epoch
        ]

    def opened_by(self, path: Path) -> int:
        """How many of them the group in a stolen file can open."""
        store = open_store(path, KEY)
        ports = self._engine.home.ports
        with store.reading() as rows:
            kept = groups.engine_rows(rows, self._number)
        store.close()
        return sum(_opens(Group.load(kept, ports), each) for each in self.bodies)


def _opens(group: Group, message: bytes) -> bool:
    try:
        return isinstance(group.receive(message), MessageReceived)
    except CoveyError:
        return False


async def _is_cut(path: Path) -> None:
    """The log beside a store has been cut since all that was written."""
    await until(lambda: Path(f"{path}-wal").stat().st_size == 0)


async def test_a_thief_with_the_key_opens_nothing_of_before(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = Trace(monkeypatch)
    monkeypatch.setattr("covey.client.client.system_entropy", trace.entropy)
    monkeypatch.setattr("covey.client.running.engine._CUT", 0.3)
    path = scene.path("alice")
    async with scene.client("bob") as bob, scene.client("alice") as alice:
        ours, theirs = await team(alice, bob)
        await ours.rotate()
        await agree(ours, theirs)
        before = steal(path, tmp_path / "before")
        for number in range(MANY):
            await ours.send(f"from alice {number}")
            await theirs.send(f"from bob {number}")
        await agree(ours, theirs)
        await _is_cut(path)
        after = steal(path, tmp_path / "after")
        await theirs.send("one more")
        await agree(ours, theirs)
        chat = Chat(scene, alice, ours)
    closed = steal(path, tmp_path / "closed")
    *used, one_more = [trace.key_of(each) for each in chat.bodies]
    assert len(used) == 2 * MANY
    reach = trace.reach(request.encode() for request, _ in scene.wire.appends)
    assert reach.of(laid_open(before, KEY)) >= {*used, one_more}, "the search finds what is there"
    assert chat.opened_by(before) == MANY + 1
    assert reach.of(laid_open(after, KEY)) & {*used, one_more} == {one_more}
    assert chat.opened_by(after) == 1
    assert not reach.of(laid_open(closed, KEY)) & {*used, one_more}
    assert chat.opened_by(closed) == 0
    scene.judge()
