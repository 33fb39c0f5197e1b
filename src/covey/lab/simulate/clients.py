"""Clients as processes: their flows take turns, they are killed, and begin again.

May import the client's effects, and this folder. A client has one store for all of its lives, and
in each life some flows under way: its own turn, and what its person wants. A flow that is killed is
never heard of again; what it would have done at its end is undone with its process.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from covey.client.sync.effects import World
from covey.errors import CoveyError
from covey.lab.conformance.generate.seeded import Seeded
from covey.lab.simulate.mortal import Died, Mortal
from covey.lab.simulate.network import Back

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from covey.client.sync.effects import Flow
    from covey.lab.simulate.actors import Actor, Begin
    from covey.lab.simulate.network import Network
    from covey.lab.simulate.story import Story
    from covey.lab.simulate.virtual import Agenda
    from covey.store.port import Store

_SOON: Final = 5.0
"""Seconds between two turns, at least, unless something new has come."""

_LATER: Final = 30.0
"""Seconds after a turn that failed until the next."""


class Task:
    """A flow under way.

    Args:
        what: In words.
        flow: The flow.
        done: Is told what it returns.
        failed: Is told why it ended otherwise.
    """

    def __init__(
        self,
        what: str,
        flow: Flow[Any],
        done: Callable[[Any], None],
        failed: Callable[[CoveyError], None],
    ) -> None:
        self.what: str = what
        self.flow: Flow[Any] = flow
        self.done: Callable[[Any], None] = done
        self.failed: Callable[[CoveyError], None] = failed


class Surroundings:
    """What clients live in.

    Args:
        seed: What their randomness follows from.
        agenda: The time.
        chance: When they die.
        network: What they talk over.
        story: Is told of their fates.
        begin: Begins a life.

    Attributes:
        asleep: Whether no client does anything by itself: everybody's machine is shut.
    """

    def __init__(
        self,
        seed: bytes,
        agenda: Agenda,
        chance: Random,
        network: Network,
        story: Story,
        begin: Begin,
    ) -> None:
        self.seed: bytes = seed
        self.agenda: Agenda = agenda
        self.chance: Random = chance
        self.network: Network = network
        self.story: Story = story
        self.begin: Begin = begin
        self.asleep: bool = False


class Client:
    """A client, in all of its lives.

    Args:
        name: Whose.
        store: What outlives each life.
        around: What it lives in.
        skew: Seconds by which its clock is wrong.

    Attributes:
        name: Whose.
        store: What outlives each life.
        lives: How many there were.
        turns: How many turns were begun.
        begun: Whether it has enrolled.
        is_away: Whether its machine is shut, and nothing begins its process.
    """

    def __init__(self, name: str, store: Store, around: Surroundings, skew: float = 0.0) -> None:
        self.name: str = name
        self.store: Store = store
        self.lives: int = 0
        self.turns: int = 0
        self.begun: bool = False
        self.is_away: bool = False
        self._around = around
        self._skew = skew
        self._mortal = Mortal(store)
        self._actor: Actor | None = None
        self._tasks: dict[Task, None] = {}
        self._yields = 0
        self._last_yield: int | None = None
        self._turning = False
        self._again = False
        self._due: float | None = None

    @property
    def actor(self) -> Actor | None:
        """Its process; None while there is none."""
        return self._actor

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return bool(self._tasks)

    # --- lives ---------------------------------------------------------------------------

    def live(self) -> None:
        """Begin a process, if there is none and somebody is there."""
        if self._actor is not None or self.is_away:
            return
        self.lives += 1
        around = self._around
        entropy = Seeded(around.seed, f"{self.name} {self.lives}")
        world = World(entropy, lambda: around.agenda.now + self._skew)
        self._mortal = Mortal(self.store)
        self._tasks.clear()
        self._turning = self._again = False
        self._last_yield = self._due = None
        try:
            self._actor = around.begin(self.name, self._mortal, world)
        except Died:
            self._bury()
            return
        if not self.begun:
            self.run("enrols", self._actor.begin(), self._has_begun, self._begin_later)
        else:
            self.wake()

    def kill(self) -> None:
        """End the process at once; nothing of it is done any more."""
        self._mortal.die()
        self._bury()

    def go_away(self) -> None:
        """Shut the machine."""
        self.is_away = True
        if self._actor is not None:
            self.kill()

    def come_back(self) -> None:
        """Open the machine again."""
        if self.is_away:
            self.is_away = False
            self.live()

    def doom_yield(self, yields: int) -> None:
        """Kill the process when so many more effects have been asked for."""
        self._last_yield = self._yields + yields

    def doom_write(self, writes: int) -> None:
        """Kill the process before the write that comes after so many."""
        self._mortal.doom(writes)

    def doom_commit(self, commits: int) -> None:
        """Kill the process after so many more commits."""
        self._mortal.doom_commit(commits)

    def _bury(self) -> None:
        around = self._around
        if not self.is_away:
            around.story.tell(self.name, "is dead", "crash")
        tasks = list(self._tasks)
        self._tasks.clear()
        self._actor = None
        for task in tasks:
            with suppress(Died, CoveyError, RuntimeError, ValueError):
                task.flow.close()  # whatever it wants to tidy up, its store is dead
        around.network.hang_up(self.name)

    # --- flows ---------------------------------------------------------------------------

    def run(
        self,
        what: str,
        flow: Flow[Any],
        done: Callable[[Any], None],
        failed: Callable[[CoveyError], None],
    ) -> None:
        """Begin a flow.

        Args:
            what: In words.
            flow: The flow.
            done: Is told what it returns, unless the process dies before.
            failed: Is told why it ended otherwise.
        """
        task = Task(what, flow, done, failed)
        self._tasks[task] = None
        self._advance(task, Back())

    def call(self, do: Callable[[Actor], None]) -> bool:
        """Let a person use the process now; returns whether it lived through that."""
        if self._actor is None:
            return False
        try:
            do(self._actor)
        except Died:
            self._bury()
            return False
        self.wake()
        return True

    def _advance(self, task: Task, back: Back) -> bool:
        """Go on with a flow, with what has come back for its last effect; whether it lived."""
        if task not in self._tasks:
            return False
        try:
            flow = task.flow
            effect = flow.send(back.value) if back.error is None else flow.throw(back.error)
        except StopIteration as end:
            del self._tasks[task]
            self._mortal.rest()  # a turn may ask for nothing, time after time
            task.done(end.value)
        except CoveyError as error:
            del self._tasks[task]
            task.failed(error)
        except Died:
            self._bury()
            return False
        else:
            self._yields += 1
            self._mortal.rest()
            self._around.network.do(self.name, effect, partial(self._advance, task))
            if self._last_yield is not None and self._yields >= self._last_yield:
                self.kill()
        return True

    # --- turns ---------------------------------------------------------------------------

    def hear(self, *, inbox: bool) -> None:
        """The broker has something new, in the inbox or elsewhere."""
        if inbox and self._actor is not None:
            self._actor.called()
        self.wake()

    def wake(self) -> None:
        """There may be something to do."""
        if self._actor is None or not self.begun or self._around.asleep:
            return
        if self._turning:
            self._again = True
            return
        self._turning, self._again, self._due = True, False, None
        self.turns += 1
        self.run("turns", self._actor.turn(), self._turned, self._failed)

    def _turned(self, seconds: float | None) -> None:
        self._turning = False
        if self._again:
            self.wake()
        elif seconds is not None:
            self._wake_in(max(seconds, _SOON))

    def _failed(self, error: CoveyError) -> None:
        self._turning = False
        self._around.story.tell(
            self.name, f"cannot go on: {type(error).__name__}: {error}", "stuck"
        )
        self._wake_in(_LATER)

    def _wake_in(self, seconds: float) -> None:
        agenda, life = self._around.agenda, self.lives
        self._due = due = agenda.now + seconds

        def wake() -> None:
            if self.lives == life and self._due == due:
                self.wake()

        agenda.after(seconds, wake)

    def _has_begun(self, _: None) -> None:
        self.begun = True
        self._around.story.tell(self.name, "has enrolled")
        self.wake()

    def _begin_later(self, error: CoveyError) -> None:
        self._around.story.tell(self.name, f"cannot enrol: {error}")
        life = self.lives

        def again() -> None:
            if self.lives == life and self._actor is not None and not self.begun:
                self.run("enrols", self._actor.begin(), self._has_begun, self._begin_later)

        self._around.agenda.after(_LATER, again)
