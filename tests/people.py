"""People with clients of the SDK, who do everything quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from covey.client.client import Client
from covey.client.sync.identity.home import Pace
from covey.store import RawKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from covey.client.conversing.conversation import Conversation
    from covey.client.running.feeds import Feed

E = TypeVar("E")

PACE = Pace(posting=0.05, arriving=0.1, slot=0.1, patience=0.3, knocks=0.2, again=0.1, at_most=0.5)
"""Everything at once, for tests."""

KEY = RawKey(b"k" * 32)
LATE = 20.0


class Town:
    """People at one broker.

    Args:
        url: The broker.
        number: Which town it is: names are taken once at a broker.
    """

    def __init__(self, url: str, number: int = 0) -> None:
        self.url = url
        self._number = number

    def called(self, name: str) -> str:
        """What somebody is called at the broker."""
        return f"{name}-{self._number}"  # so that bob1 of one is not bob of another one

    def client(self, name: str, path: Path | None = None, **options: Any) -> Client:  # noqa: ANN401
        """Somebody's client."""
        given: dict[str, Any] = {"broker": self.url, "pace": PACE, **options}
        key = None if path is None else KEY
        return Client.open(path, name=self.called(name), key=key, **given)


async def group(*clients: Client, **options: Any) -> list[Conversation]:  # noqa: ANN401
    """A new group of these, whose first makes it; the conversation of each."""
    first, *others = clients
    made = await first.create_group("team", **options)
    if others:
        await made.invite(*(each.name for each in others))
    return [made, *[await each.next_group(LATE) for each in others]]


async def happens(feed: Feed, kind: type[E], wanted: Callable[[E], bool] = lambda _: True) -> E:
    """The next event of a kind."""
    with anyio.fail_after(LATE):
        async for event in feed:
            if isinstance(event, kind) and wanted(event):
                return event
    msg = f"the events end without {kind.__name__}"
    raise AssertionError(msg)


async def until(ready: Callable[[], object]) -> None:
    """Wait for something."""
    with anyio.fail_after(LATE):
        while not ready():  # noqa: ASYNC110 - what it waits for may be done by another process
            await anyio.sleep(0.02)


def texts(conversation: Conversation) -> list[str]:
    """What was said, in order."""
    return [each.text for each in conversation.history()]
