"""What all parts of a client stand on. May import the engine and the conversations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from covey.client.conversing.conversation import Conversation
from covey.client.sync.rows import groups
from covey.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.running.engine import Engine
    from covey.client.running.opening import Given
    from covey.client.sync.rows.groups import GroupRow


class Held:
    """A client, with an engine while it is open."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._running: Engine | None = None

    @property
    def _engine(self) -> Engine:
        if self._running is None:
            msg = "the client is not open: use it inside of `async with Client.open(…) as client`"
            raise StateError(msg)
        return self._running

    def _conversation(self, row: GroupRow) -> Conversation:
        return Conversation(self._engine, row.id)

    def _group_rows(self, wanted: Callable[[GroupRow], bool] = lambda _: True) -> list[GroupRow]:
        return [each for each in self._engine.rows(groups.every) if wanted(each)]

    def _by_gid(self, gid: bytes) -> GroupRow | None:
        return self._engine.rows(partial(groups.by_gid, gid=gid))
