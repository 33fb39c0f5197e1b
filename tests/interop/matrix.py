"""Plays everything with everybody: each stack with covey in all suites, and all stacks at once.

Parts of the matrix are played in processes of their own, as many at a time as there are
processors; what they find is put in order afterwards.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from covey import mls
from covey.errors import TransportError
from covey.lab.interop.lines import Process
from covey.lab.interop.play import runner
from covey.lab.interop.play.scenarios.catalogue import ALL, chosen
from covey.lab.interop.play.scene import Scene
from covey.lab.interop.service.client import Covey
from covey.lab.interop.targets import Seat
from interop import bugs, building

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from covey.lab.interop.calls import Client
    from covey.lab.interop.play.scenarios.registry import Scenario

STORY: Final = "deep_random/steps_200"
"""The scenario that several stacks play at once."""

PATIENCE: Final = 120.0
"""Seconds that one call to a stack may take."""


SPOKEN: Final = ("private", "openmls-0.9", "mlspp", "ts-mls-1", "ts-mls")
"""The dialects of the published packages, which mean the other stacks' own suites."""


def speak() -> None:
    """Have this process know the other stacks' own suites by their numbers."""
    mls.speak(*(mls.DIALECTS[each] for each in SPOKEN))


class Part(msgspec.Struct, frozen=True):
    """A part of the matrix, played in one go.

    Attributes:
        company: The folders of the stacks that play with covey: one, or several at once.
        suite: The cipher suite.
        commands: The commands that start them.
        scenarios: Ids of what is played.
    """

    company: tuple[str, ...]
    suite: int
    commands: tuple[list[str], ...]
    scenarios: tuple[str, ...]


class Found(msgspec.Struct, frozen=True):
    """What a part of the matrix has shown."""

    part: Part
    outcomes: tuple[runner.Outcome, ...]


class Matrix(msgspec.Struct, frozen=True):
    """All that was found.

    Attributes:
        names: What each stack calls itself, by its folder.
        suites: The suites that each stack has, by its folder.
        found: What was played, in the order of the table.
    """

    names: dict[str, str]
    suites: dict[str, list[int]]
    found: tuple[Found, ...]


def play(
    peers: Sequence[building.Peer],
    say: Callable[[str], None],
    *,
    suites: Sequence[int] = (),
    scenarios: Sequence[str] = (),
) -> Matrix:
    """Build the stacks, and play the matrix.

    Args:
        peers: The stacks.
        say: Is told what is going on, a line at a time.
        suites: The cipher suites; all by default.
        scenarios: Ids or kinds of scenarios; all by default.

    Raises:
        BuildError: A stack cannot be built.
        TransportError: A stack cannot be started, or has other suites than it should.
    """
    commands = {peer.name: peer.command(say) for peer in peers}
    names, offered = {}, {}
    for name, command in commands.items():
        with Process(command, patience=PATIENCE) as client:
            names[name] = client.name
            theirs = _suites(name, client)
            offered[name] = sorted(theirs & set(suites) if suites else theirs)
    played = tuple(each.id for each in chosen(tuple(scenarios)))
    parts = [
        Part((name,), suite, (commands[name],), played)
        for name in commands
        for suite in offered[name]
    ]
    if STORY in played:
        parts += _together(commands, offered)
    return Matrix(names, offered, tuple(_all_found(parts, say)))


def _suites(name: str, client: Client) -> set[int]:
    """The suites of a stack, which are those that it is known to have.

    Raises:
        TransportError: They are others.
    """
    found, known = Scene.suites_of(client), set(bugs.read_all().suites[name])
    if found != known:
        msg = f"{client.name} has suites {sorted(found)}; bugs.toml says {sorted(known)}"
        raise TransportError(msg)
    return found


def _together(commands: dict[str, list[str]], offered: dict[str, list[int]]) -> Iterable[Part]:
    """The parts in which several stacks are in one group."""
    known = bugs.read()
    listed = [
        (company, suite)
        for suite in sorted(set().union(*offered.values()))
        for company in bugs.companies(
            [name for name in commands if suite in offered[name]], suite, known
        )
    ]
    listed.sort(key=lambda each: (-len(each[0]), each))
    for company, suite in listed:
        yield Part(company, suite, tuple(commands[name] for name in company), (STORY,))


def _all_found(parts: Sequence[Part], say: Callable[[str], None]) -> Iterable[Found]:
    """Play the parts, the slowest suites first; returns them in their own order."""
    played: dict[tuple[tuple[str, ...], int], Found] = {}
    with ProcessPoolExecutor(os.cpu_count() or 1, initializer=speak) as workers:
        under_way = [workers.submit(found, each) for each in reversed(parts)]
        for done in as_completed(under_way):
            each = done.result()
            played[each.part.company, each.part.suite] = each
            say(_line(each, len(played), len(parts)))
    return [played[each.company, each.suite] for each in parts]


def _line(part: Found, number: int, total: int) -> str:
    endings = [each.ending for each in part.outcomes]
    seconds = sum(each.seconds for each in part.outcomes)
    counts = ", ".join(f"{endings.count(each)} {each}" for each in ("pass", "fail", "not offered"))
    who = ", ".join(part.part.company)
    return f"[{number}/{total}] {who}, suite {part.part.suite}: {counts}; {seconds:.0f} s"


def found(part: Part) -> Found:
    """Play one part."""
    play_part = _with_covey if len(part.company) == 1 else _all_at_once
    return Found(part, tuple(play_part(part)))


AGAIN: Final = "failed at first: "
"""What a note begins with that tells of a play which passed when it was played again."""


_TRIES: Final = 3


def _tried(part: Part, once: Callable[[], runner.Outcome]) -> runner.Outcome:
    """Play; what fails by no known bug is played again, with new processes, and that is told.

    Args:
        part: Who plays.
        once: Starts whom it needs, and plays.
    """
    failed: list[str] = []
    outcome = once()
    while outcome.ending == "fail" and len(failed) + 1 < _TRIES:
        if any(each.explains(part.company, outcome) for each in bugs.read()):
            return outcome
        failed.append(AGAIN + outcome.detail)
        outcome = once()
    if outcome.ending != "pass":
        return outcome
    return msgspec.structs.replace(outcome, left_out=(*outcome.left_out, *failed))


def _with_covey(part: Part) -> Iterable[runner.Outcome]:
    """Every scenario with covey, in both orders of roles and both forms of handshakes."""
    (name,), (command,) = part.company, part.commands
    known = [each for each in bugs.read() if each.peer == name]
    with Seat(lambda: Process(command, patience=PATIENCE)) as theirs:

        def once(scenario: Scenario, encrypt: bool, covey_first: bool) -> runner.Outcome:  # noqa: FBT001 - passed on
            peer = bugs.Careful(theirs.client, known if scenario.id == STORY else ())
            cast: list[Client] = [Covey(), peer] if covey_first else [peer, Covey()]
            outcome = runner.play(scenario, cast, part.suite, encrypt=encrypt)
            if outcome.ending == "fail":
                theirs.close()
            return outcome

        for scenario in chosen(part.scenarios):
            for covey_first in (True, False):
                for encrypt in (False, True):
                    yield _tried(part, partial(once, scenario, encrypt, covey_first))


def _all_at_once(part: Part) -> Iterable[runner.Outcome]:
    """The random story with several stacks and covey, each of them in turn its founder."""
    (story,) = (each for each in ALL if each.id == STORY)
    known = bugs.read()

    def once(first: int, encrypt: bool) -> runner.Outcome:  # noqa: FBT001 - passed on
        with ExitStack() as stack:
            cast: list[Client] = [Covey()]
            for name, command in zip(part.company, part.commands, strict=True):
                client = stack.enter_context(Process(command, patience=PATIENCE))
                cast.append(bugs.Careful(client, [each for each in known if each.peer == name]))
            turned = cast[first:] + cast[:first]
            return runner.play(story, turned, part.suite, encrypt=encrypt, seed=first)

    for first in range(len(part.company) + 1):
        for encrypt in (False, True):
            yield _tried(part, partial(once, first, encrypt))
