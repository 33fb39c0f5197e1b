"""The demo of a move: twenty members go on in post-quantum suites, and go on typing all the while.

May import the processes, the scenes and the client. The broker is a process of its own; the members
are clients in this one, each with a store in a file. Who is offline has closed its own.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from covey import blocking
from covey.client import events
from covey.client.sync.identity.home import Pace
from covey.client.words.suites import CLASSICAL, XWING, XWING_MLDSA44, name, safety_of, sentence
from covey.lab.demo.processes import Company, DemoError
from covey.lab.demo.scenes import Act, Began, Check, Curtain, Note
from covey.store import RawKey

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from covey.lab.demo.scenes import Scenes

_MEMBERS: Final = 20
_AWAY: Final = 5
_FIRST: Final = (
    "alice", "bruno", "carol", "david", "elena", "farid", "grete", "hasan", "ingrid", "jonas",
    "karla", "lev", "mira", "nils", "olga", "petra", "quirin", "rosa", "selim", "tilda",
)  # fmt: skip
_PATIENCE: Final = 60.0  # seconds
_PACE: Final = Pace(posting=0.1, arriving=1.0, slot=0.3, patience=1.0, knocks=2.0, again=0.2)
"""Quicker than usual, so that one can wait for it."""

_KEY: Final = RawKey(b"demo" * 8)
_LOSSES: Final = (events.MessagesLost, events.Unreadable, events.WishRefused, events.Rejoining)


def perform_move(folder: Path) -> Generator[Scenes]:
    """Play the whole story.

    Args:
        folder: For the files of the broker and of the members; empty.

    Yields:
        What there is to see, as it happens; a Curtain at the end.

    Raises:
        DemoError: Something did not happen in time.
        CoveyError: A member could not do what it was told.
    """
    began, checks = time.monotonic(), []
    with Company(folder) as company, ExitStack() as stack:
        for scene in _Move(company, folder, stack).acts():
            if isinstance(scene, Check):
                checks.append(scene.passed)
            yield scene
    yield Curtain(all(checks), len(checks), round(time.monotonic() - began, 1))


class _Move:
    """One performance.

    Args:
        company: Starts the broker.
        folder: For the members' stores.
        stack: Closes the members' clients.
    """

    def __init__(self, company: Company, folder: Path, stack: ExitStack) -> None:
        self._company = company
        self._folder = folder
        self._stack = stack
        self._here: dict[str, blocking.Client] = {}
        self._closes: dict[str, ExitStack] = {}
        self._said: list[str] = []

    def acts(self) -> Iterator[Scenes]:
        """The acts, in order."""
        yield from self._gather()
        for suite in (XWING, XWING_MLDSA44):
            yield from self._move(suite)
        yield from self._come_back()

    def _open(self, who: str) -> blocking.Client:
        path = self._folder / f"{who}.covey"
        broker = None if path.exists() else self._company.url
        client = blocking.Client.open(path, broker=broker, name=who, key=_KEY, pace=_PACE)
        own = self._closes[who] = self._stack.enter_context(ExitStack())
        opened = self._here[who] = own.enter_context(client)
        return opened

    def _group(self, who: str) -> blocking.Conversation:
        return self._here[who].group("team")

    def _gather(self) -> Iterator[Scenes]:
        yield Note(
            "A group has one cipher suite for life. You will see one that is moved to another,"
            " twice, with everybody in it, while people type and some of them are offline."
        )
        yield Act(f"A broker and {_MEMBERS} members", "A group with a classical suite.")
        yield Began("broker", self._company.start_broker().pid, self._company.url)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._open, _FIRST))
        team = self._here[_FIRST[0]].create_group("team")
        team.invite(*_FIRST[1:], timeout=_PATIENCE)
        for who in _FIRST[1:]:
            self._here[who].next_group(_PATIENCE)
        self._until("all have arrived", lambda: all(each.arrived for each in team.members))
        yield Note(f"{_MEMBERS} members are in a group with {sentence(team.suite)}.")
        yield Note("Each of them has left keys for two more suites at the broker, by itself.")
        self._type("before")
        away = _FIRST[-_AWAY:]
        self._sent()
        for who in away:
            del self._here[who]
            self._closes[who].close()
        yield Note(f"{', '.join(away)} go offline: their clients are closed.")
        yield Check("the group has a classical suite", team.suite == CLASSICAL)

    def _type(self, when: str, *, wait: bool = False) -> None:
        """Let each who is here say something."""
        for who in self._here:
            text = f"{who}, {when}"
            self._said.append(text)
            self._group(who).send(text, wait=wait)

    def _sent(self) -> None:
        self._until(
            "all is sent", lambda: all(not self._group(each).waiting for each in self._here)
        )

    def _move(self, suite: int) -> Iterator[Scenes]:
        founder = self._group(_FIRST[0])
        yield Act(f"To {name(suite)}", "One call; all others go on typing.")
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            moving = pool.submit(founder.upgrade, suite, timeout=_PATIENCE)
            rounds = 0
            while not moving.done():
                self._type(f"while it is moved to 0x{suite:04x}, round {rounds}")
                rounds += 1
            moving.result()
        took = time.monotonic() - began
        self._type(f"in 0x{suite:04x}")
        self._until(
            "all who are here have come along",
            lambda: all(self._group(each).suite == suite for each in self._here),
        )
        self._sent()
        typed = rounds * len(self._here)
        yield Note(f"The call took {took:.1f} s; meanwhile {typed} texts were typed.")
        yield Check(
            f"all {len(self._here)} who are here have the new suite",
            all(self._group(each).suite == suite for each in self._here),
            str(safety_of(suite)),
        )

    def _come_back(self) -> Iterator[Scenes]:
        away = _FIRST[-_AWAY:]
        yield Act("The others come back", "They have missed both moves, and read on.")
        for who in away:
            self._open(who)
        wanted = sorted(self._said)
        self._until("all have all that was said", lambda: self._readers(wanted) == [*self._here])
        final = self._group(_FIRST[0]).suite
        yield Check(
            f"all {_MEMBERS} are in the same group, with the last suite",
            {self._group(each).suite for each in self._here} == {final},
        )
        with self._still() as numbers:
            same = "all have the same safety number of the group"
            yield Check(same, len(numbers) == 1, " ".join(numbers))
        readers = self._readers(wanted)
        yield Check(
            f"each of them has all {len(wanted)} texts, and each of these once",
            len(readers) == _MEMBERS,
        )
        told = [event for each in self._here.values() for event in _losses(each)]
        gaps = [str(each) for each in told if isinstance(each, events.MessagesLost)]
        yield Check(
            f"by the counters in what all {_MEMBERS} have said, nothing is missing anywhere",
            not gaps,
            "; ".join(gaps[:3]),
        )
        others = [str(each) for each in told if not isinstance(each, events.MessagesLost)]
        yield Check("nobody was told of any other loss", not others, "; ".join(others[:3]))
        founder = self._group(_FIRST[0])
        founder.set_quantum_safe(timeout=_PATIENCE)
        yield Check("the group takes no other than quantum-safe suites now", founder.quantum_safe)

    def _readers(self, wanted: list[str]) -> list[str]:
        return [each for each in self._here if sorted(self._texts(each)) == wanted]

    def _texts(self, who: str) -> list[str]:
        return [each.text for each in self._group(who).history(limit=10_000)]

    @contextmanager
    def _still(self) -> Iterator[set[str]]:
        """The numbers of the group, once nobody renews keys any more."""
        numbers: set[str] = set()

        def same() -> bool:
            numbers.clear()
            numbers.update(self._group(each).group_number().number for each in self._here)
            return len(numbers) == 1

        self._until("all are at the same place", same)
        yield numbers

    def _until(self, what: str, ready: Callable[[], object]) -> None:
        """Wait for something.

        Raises:
            DemoError: It does not come.
        """
        ends = time.monotonic() + _PATIENCE
        while not ready():
            if time.monotonic() > ends:
                msg = f"it takes too long until {what}"
                raise DemoError(msg)
            time.sleep(0.1)


def _losses(client: blocking.Client) -> list[events.Event]:
    """What a member was told of losses."""
    return [each for each in client.events("demo", live=False) if isinstance(each, _LOSSES)]
