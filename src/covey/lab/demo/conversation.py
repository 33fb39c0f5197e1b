"""A member of the demo: the client that any application uses, and what it tells the story.

May import the client and the engine. What it does, it does by :class:`covey.client.client.Client`;
what it tells of keys and epochs, the story needs in order to search for them.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final, TypeVar

from covey.client.client import Client
from covey.client.sync.identity.device import Device
from covey.client.sync.identity.home import Pace
from covey.client.words.contents import Attachment
from covey.errors import StateError
from covey.lab.demo.gates import Gates
from covey.lab.demo.observing import Observed
from covey.lab.demo.orders import (
    Caught,
    Changed,
    Drawing,
    DrawnNode,
    Heard,
    Joined,
    Published,
    Stolen,
    Submitted,
)
from covey.mls.structs.tree import ParentNode
from covey.mls.tree.math import node_index
from covey.store import RawKey, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AsyncExitStack
    from pathlib import Path

    from covey.client.conversing.conversation import Conversation as Talk
    from covey.client.running.engine import Engine
    from covey.client.sync.rows.groups import GroupRow
    from covey.client.words.history import Message
    from covey.mls import Group

T = TypeVar("T")

PACE: Final = Pace(posting=0.1, arriving=0.3, slot=0.2, patience=0.5, again=0.1, at_most=1.0)
"""Quicker than people need it: a demo is watched."""

_GLANCE: Final = 0.02
_PATIENCE: Final = 20.0  # seconds until something has come
_MOST: Final = 1_000  # messages that are looked at


class Conversation:
    """One member.

    Args:
        name: Its identity.
        url: Where the broker is.
        folder: Where its store is.
        hoards: Whether it keeps every state it was in.
    """

    def __init__(self, name: str, url: str, folder: Path, *, hoards: bool = False) -> None:
        self.gates: Gates = Gates()
        self._name = name
        self._hoards = hoards
        self._client = Client.open(
            folder / f"{name}.covey",
            broker=url,
            name=name,
            key=RawKey(os.urandom(32)),
            pace=PACE,
            transport=self.gates.transport,
        )
        self._observed: Observed | None = None
        self._engine: Engine | None = None
        self._told = 0
        self._racing: asyncio.Task[None] | None = None

    @property
    def observed(self) -> Observed:
        """The store.

        Raises:
            StateError: There is none yet.
        """
        if self._observed is None:
            msg = "it has not begun yet"
            raise StateError(msg)
        return self._observed

    @property
    def talk(self) -> Talk:
        """The group.

        Raises:
            StateError: The member has never been in one.
        """
        found = self._client.groups()
        if not found:
            msg = "not a member of the group"
            raise StateError(msg)
        return found[0]

    def group(self) -> Group:
        """The engine's group.

        Raises:
            StateError: The member is not in it.
        """
        found = None if self._engine is None else self._read(self.observed.group)
        if found is None:
            msg = "not a member of the group"
            raise StateError(msg)
        return found

    def row(self) -> GroupRow:
        """What the client knows of the group.

        Raises:
            StateError: The member has never been in one.
        """
        found = self._read(self.observed.row)
        if found is None:
            msg = "not a member of the group"
            raise StateError(msg)
        return found

    def _read(self, look: Callable[[], T]) -> T:
        """Look into the store while the client takes no step."""
        assert self._engine is not None
        return self._engine.read(look)

    def fetch_secrets(self) -> dict[str, bytes]:
        """What the store holds that is secret, and was not told yet."""
        return {} if self._observed is None else self._observed.fetched()

    # --- coming in ---------------------------------------------------------------------

    async def begin(self, ending: AsyncExitStack) -> Published:
        """Begin an account, and leave KeyPackages.

        Args:
            ending: Closes the client.
        """
        await ending.enter_async_context(self._client)
        engine = self._engine = self._client._engine  # noqa: SLF001 - no application looks in there
        home = engine.home
        self._observed = Observed(engine.store.inner, home.member, home.ports, hoards=self._hoards)
        engine.store.inner = self._observed
        await self._client.sync()
        engine.read(self.observed.look)
        return engine.read(self._published)

    def _published(self) -> Published:
        """What the broker has been told."""
        with self.observed.reading() as rows:
            broker_id, seed = settings.get(rows, "broker id"), settings.get(rows, "device")
            inbox = settings.get(rows, "inbox")
        assert broker_id is not None
        assert seed is not None
        assert inbox is not None
        device = Device(broker_id, seed)
        packages = self.observed.packages()
        messages, references = (
            [each.message for each in packages],
            [each.reference for each in packages],
        )
        return Published(device.handle(self._name), device.key, inbox, messages, references)

    async def found(self, invite: Sequence[str]) -> Changed:
        """Create a group, and add its first members with one commit."""
        await self._client.create_group("mill", inviting="members")
        return await self.change(invite=invite)

    async def join(self) -> Joined:
        """Wait until we are in the group."""
        await self._until(lambda: bool(self._client.groups()))
        return self._joined()

    async def arrive(self) -> Joined:
        """Wait until everybody who was let in has renewed its keys."""
        await self._until(lambda: all(each.arrived for each in self.talk.members))
        return self._joined()

    def _joined(self) -> Joined:
        return Joined(self.talk.epoch, [each.name for each in self.talk.members])

    async def _until(self, ready: Callable[[], bool]) -> None:
        """Wait for something.

        Raises:
            StateError: It does not come.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                while not ready():  # noqa: ASYNC110 - what is waited for may be another process's
                    await asyncio.sleep(_GLANCE)
        except TimeoutError:
            msg = f"nothing came within {_PATIENCE:g} seconds"
            raise StateError(msg) from None

    # --- reading -----------------------------------------------------------------------

    async def catch_up(self, until: int = 0) -> Caught:
        """Wait for entries up to a number; return the messages that were not told yet."""

        def ready() -> bool:
            row = self.row()
            return row.seq >= until or not row.status.is_in

        await self._until(ready)
        found = self.talk.history(_MOST, after=self._told)
        heard = [await self._heard(each) for each in found if each.seq is not None]
        self._told = max((each.number for each in found), default=self._told)
        group = self._read(self.observed.group)
        if group is None:
            return Caught(heard, self.talk.epoch, None, removed=self.talk.status == "removed")
        return Caught(heard, group.epoch, group.epoch_authenticator, removed=False)

    async def _heard(self, message: Message) -> Heard:
        assert message.seq is not None
        if message.kind == "attachment":
            file = await self.talk.download(message)
            return Heard(message.seq, message.sender, "attachment", message.text, file)
        return Heard(message.seq, message.sender, "message", message.text)

    # --- writing -----------------------------------------------------------------------

    async def say(self, text: str) -> int:
        """Send a message."""
        return _seq_of(await self.talk.send(text))

    async def attach(self, name: str, data: bytes) -> int:
        """Send a file."""
        message = await self.talk.attach(data, name)
        body = message.content.body
        assert isinstance(body, Attachment)
        self.observed.secrets[f"key of {name}"] = body.key
        return _seq_of(message)

    async def change(
        self, *, invite: Sequence[str] = (), remove: str = "", die: bool = False
    ) -> Changed:
        """Let a commit of ours win that adds or removes somebody, or else renews our keys."""
        self.gates.dies = die
        if invite:
            await self.talk.invite(*invite)
        elif remove:
            await self.talk.remove(remove)
        else:
            await self.talk.rotate()
        return self._changed()

    def _changed(self) -> Changed:
        row = self.row()
        return Changed(row.seq, row.epoch, row.gid)

    async def prepare(self) -> int:
        """Make a commit that renews our keys, and keep it back; the epoch that it would open."""
        self.gates.close()
        self._racing = asyncio.create_task(self.talk.rotate())
        await self.gates.reached()
        return self.talk.epoch + 1

    async def submit(self) -> Submitted:
        """Send the commit that was kept back; the client makes another one if that has lost."""
        racing, self._racing = self._racing, None
        if racing is None:
            msg = "no commit was prepared"
            raise StateError(msg)
        before = self.gates.refused
        self.gates.open()
        await racing
        return Submitted(self.gates.refused == before, self.talk.epoch)

    # --- looking -----------------------------------------------------------------------

    def steal(self) -> Stolen:
        """The whole state of the group, as it lies in the store."""
        row = self.row()
        return Stolen(self.group().snapshot(), row.broker_id, row.gid)

    def draw(self) -> Drawing:
        """Describe the ratchet tree."""
        group = self.group()
        return Drawing(group.epoch, _node(group, group.tree.height, 0))


def _node(group: Group, height: int, position: int) -> DrawnNode:
    """Describe the subtree at a place."""
    node = group.tree.node_at(node_index(height, position))
    key = "" if node is None else node.encryption_key.hex()[:8]
    if height == 0:
        return DrawnNode(_name_at(group, position) if key else "", key)
    unmerged = node.unmerged_leaves if isinstance(node, ParentNode) else ()
    children = [_node(group, height - 1, 2 * position + side) for side in (0, 1)]
    return DrawnNode("", key, [_name_at(group, each) for each in unmerged], children)


def _name_at(group: Group, index: int) -> str:
    member = group.member_at(index)
    assert member is not None
    return member.identity.decode()


def _seq_of(message: Message) -> int:
    assert message.seq is not None, "the broker has it"
    return message.seq
