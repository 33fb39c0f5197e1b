"""One seed, from its beginning to the verdict.

May import this folder, and the client's store.
"""

from __future__ import annotations

import traceback
from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from covey.lab.simulate import broker, sealing
from covey.lab.simulate.actors import Mover, Person
from covey.lab.simulate.evidence import Evidence, Finding
from covey.lab.simulate.judge import judge
from covey.lab.simulate.observing import observe, watch
from covey.lab.simulate.script import NAMES, Script
from covey.lab.simulate.troubles import weather
from covey.lab.simulate.virtual import BEGIN, nothing_real
from covey.lab.simulate.world import Plan, Simulated
from covey.store import memory_store

if TYPE_CHECKING:
    from covey.lab.simulate.actors import Begin
    from covey.lab.simulate.story import Story, Tale
    from covey.store.port import Store


class Size(NamedTuple):
    """How large a run is.

    Attributes:
        clients: How many clients.
        steps: How many steps the script has.
        moves: Whether groups are moved to other cipher suites, too.
    """

    clients: int = 5
    steps: int = 100
    moves: bool = False


class Run(NamedTuple):
    """What came of a seed.

    Attributes:
        seed: The seed.
        size: How large it was.
        findings: What is wrong; empty when nothing is.
        kinds: How often each kind of thing has happened.
        lasted: How long it took, in virtual seconds.
        requests: How many requests there were.
        sealed: How many things were sealed.
        mark: The same for the same run: a digest of where everybody is at the end.
        story: What happened.
    """

    seed: int
    size: Size
    findings: tuple[Finding, ...]
    kinds: dict[str, int]
    lasted: float
    requests: int
    sealed: int
    mark: str
    story: Tale

    def as_tree(self, *, story: bool = True) -> dict[str, Any]:
        """All of it, for programs."""
        tree: dict[str, Any] = {
            "seed": self.seed,
            **self.size._asdict(),
            "findings": [each._asdict() for each in self.findings],
            "kinds": self.kinds,
            "virtual_seconds": round(self.lasted),
            "requests": self.requests,
            "sealed": self.sealed,
            "mark": self.mark,
        }
        if story:
            tree["story"] = self.story.as_tree()
        return tree


def run(
    seed: int, size: Size | None = None, *, begin: Begin | None = None, fine: bool = False
) -> Run:
    """Run a seed.

    Args:
        seed: Its number.
        size: How large.
        begin: Begins a life of a client, if it is no usual one.
        fine: Whether the story tells of each request.
    """
    size = size or Size()
    begin = begin or (Mover if size.moves else Person)
    _prepare()
    chance = Random(f"covey simulate {seed} weather")  # noqa: S311 - a run has to be repeatable
    with ExitStack() as stack:
        stack.enter_context(nothing_real())
        stack.enter_context(broker.answering_at_once())
        stack.enter_context(sealing.signing_once())
        world = Simulated(Plan(seed, NAMES[: size.clients], weather(chance), begin, _store, fine))
        sealed = stack.enter_context(sealing.noted(lambda: _tell_reuse(world)))
        script = Script(world, size.steps, moves=size.moves)
        world.story.tell("network", f"{world.network.weather}")
        world.story.tell("network", f"{script.troubles}")
        findings = _played(script, world.story)
        if not findings:
            evidence = _evidence(world, sealed)
            findings = judge(evidence)
            _tell_end(world.story, evidence)
        for finding in findings:
            world.story.tell("judge", str(finding))
        tale = world.story.tale()
        return Run(
            seed,
            size,
            tuple(findings),
            dict(sorted(world.story.kinds.items())),
            world.agenda.now - BEGIN,
            world.network.requests,
            sealed.count,
            tale.mark(),
            tale,
        )


def _evidence(world: Simulated, sealed: sealing.Sealed) -> Evidence:
    """What there is to be seen in the end."""
    return Evidence(
        {name: observe(name, each.store) for name, each in world.clients.items()},
        world.said,
        world.wanted,
        world.front,
        sealed,
        dict(world.story.kinds),
        world.story.began,
        world.story.lately,
        world.agenda.now,
    )


def _prepare() -> None:
    """Do what is done once for all runs, and reads files and clocks."""
    broker.prepare()
    memory_store().close()


def _played(script: Script, story: Story) -> list[Finding]:
    """Play a script; what breaks in it is a finding."""
    try:
        script.begin()
        script.play()
        script.mend()
    except Exception as error:  # noqa: BLE001 - whatever it is, the story says how it came about
        where = traceback.extract_tb(error.__traceback__)[-1]
        story.tell("judge", "".join(traceback.format_exception(error)))
        what = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
        return [Finding("no exception", "", what)]
    return []


def _tell_end(story: Story, evidence: Evidence) -> None:
    """Tell where everybody is."""
    for name, observed in evidence.observed.items():
        for held in observed.groups.values():
            story.tell(
                name,
                f"{held.gid.hex()[:8]}: {held.status}, epoch {held.epoch}"
                f" {held.authenticator.hex()[:8]}, entry {held.seq}, {len(held.messages)}"
                f" messages, {', '.join(held.members)} {held.trouble}",
            )


def _tell_reuse(world: Simulated) -> None:
    trace = "".join(traceback.format_stack(limit=12)[:-2])
    world.story.tell("judge", f"a key seals a second thing:\n{trace}")


def _store() -> Store:
    store = memory_store()
    watch(store)
    return store
