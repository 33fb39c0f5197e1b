"""The story of a seed: who wants what, what goes wrong and when, until all is mended.

May import this folder. A seed first draws which kinds of trouble it has, each of them in a third of
all seeds or more; then step after step is drawn from what can be done at that moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.simulate.actors import Invite, Knock, Leave, Move, Promote, Remove, Rename, Rotate
from covey.lab.simulate.lies import TAKES_BACK, Lie
from covey.lab.simulate.observing import observe, standing, standings
from covey.lab.simulate.troubles import Troubles

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.simulate.actors import Order
    from covey.lab.simulate.clients import Client
    from covey.lab.simulate.observing import Standing
    from covey.lab.simulate.world import Simulated

NAMES: Final = ("ann", "bob", "cid", "dot", "eve", "flo", "gus", "hal")

_DAY: Final = 86_400.0
_HOUR: Final = 3_600.0
_ROUND: Final = 660.0  # seconds; longer than anything is put off for
_SEEKING: Final = frozenset({"lost", "restored", "broken", "branched"})
"""Who stands so may ask anew to be let in, with another KeyPackage."""

_PATIENCE: Final = 6
"""For how many rounds all has to be still then."""

_LONGEST: Final = 14
"""For how many where somebody was let in and has not come: the second look is late."""

_SETTLING: Final = 900.0  # seconds that a beginning may take
_DRAWS: Final = 50
"""How often a step is drawn anew, when nobody can do what was drawn."""

_SUITES: Final = (1, 2, 3)

_LIE_LASTS: Final = 25  # steps, on average
_LONG: Final = 5.0  # days; several of them are longer than the broker keeps anything


class Script:
    """Plays the story of a seed in a world.

    Args:
        world: The world.
        steps: How many steps it has.
        moves: Whether groups are moved to other cipher suites, too.
    """

    def __init__(self, world: Simulated, steps: int, *, moves: bool = False) -> None:
        self._world = world
        self._steps = steps
        self._moves = moves
        self._chance = world.chance
        self._names = list(world.clients)
        self.troubles: Troubles = Troubles.drawn(world.chance, steps)
        self._count = 0
        self._lie_ends: int | None = None
        self._copied = False

    # --- from beginning to end -------------------------------------------------------------

    def begin(self) -> None:
        """Let everybody enrol, and somebody create a group and invite a few."""
        world = self._world
        for client in world.clients.values():
            client.live()
        world.run_until(lambda: all(each.begun for each in world.clients.values()), _SETTLING)
        first, *others = self._names
        gid = world.create(first, "the covey")
        world.order(first, Invite(gid, tuple(others[:2])))
        world.order(first, Invite(gid, tuple(others[2:4])))
        world.run(60.0)
        world.order(first, Promote(gid, others[0]))
        world.run(30.0)

    def play(self) -> None:
        """Play all steps."""
        for step in range(self._steps):
            self._lie(step)
            self._step()
            self._world.run(self._pause())

    def mend(self, rounds: int = 14) -> None:
        """End all trouble, and let time pass until all is quiet, or much too long."""
        world = self._world
        world.front.end()
        world.front.is_down = False
        world.network.heal()
        world.story.tell("network", "all is mended")
        before: list[Standing] = []
        still = 0
        for _ in range(rounds):
            for client in world.clients.values():
                client.is_away = False
                client.live()
                client.wake()
            world.run(_ROUND)
            theirs = [standings(each.store) for each in world.clients.values()]
            now = [stand for each in theirs for stand in each]
            is_quiet = now == before and not any(each.waits for each in now)
            still = still + 1 if is_quiet and self._all_live() else 0
            is_enough = still >= (_PATIENCE if self._is_sought(theirs) else 1)
            if is_enough and not (_PATIENCE <= still < _LONGEST and self._is_awaited()):
                return
            before = now

    def _all_live(self) -> bool:
        """Whether nobody has died just now, of what it was doomed to before."""
        return all(each.actor is not None for each in self._world.clients.values())

    def _is_sought(self, standings: list[list[Standing]]) -> bool:
        """Whether somebody may ask anew to be let in, or be let in anew since the log went back."""
        if any(each.status in _SEEKING for theirs in standings for each in theirs):
            return True
        went_back = any(self._world.story.kinds.get(each, 0) for each in TAKES_BACK)
        return went_back and not all(
            any(each.status == "active" for each in theirs) for theirs in standings
        )

    def _is_awaited(self) -> bool:
        """Whether somebody who was let in has not come yet, as a member sees it."""
        observed = [observe(name, each.store) for name, each in self._world.clients.items()]
        return any(held.awaited for each in observed for held in each.groups.values())

    def _pause(self) -> float:
        draw = self._chance.random()
        if draw < 0.4:
            return self._chance.uniform(0.0, 0.5)
        return self._chance.uniform(1.0, 40.0)

    # --- lies ------------------------------------------------------------------------------

    def _lie(self, step: int) -> None:
        """Begin what is planned for a step, and end what has lasted long enough."""
        front = self._world.front
        if self._lie_ends is not None and step >= self._lie_ends:
            front.end()
            self._lie_ends = None
        for at, lie in self.troubles.lies:
            if lie in {Lie.rollback, Lie.restore} and step == max(at - self._short(), 1):
                front.keep_copy()
            if at == step:
                front.begin(lie, self._victims())
                self._lie_ends = step + 1 + int(self._chance.expovariate(1 / _LIE_LASTS))

    def _short(self) -> int:
        """How many steps before a rollback the copy is made to which it goes back."""
        return 1 + self._steps // 10

    def _victims(self) -> frozenset[str]:
        count = self._chance.randrange(1, len(self._names))
        return frozenset(self._chance.sample(self._names, count))

    # --- steps -----------------------------------------------------------------------------

    def _step(self) -> None:
        """Let one thing happen: draw until somebody can do what was drawn.

        Much time passes only if that was drawn first: else those who can do nothing would sleep.
        """
        self._count += 1
        kinds = self._kinds()
        weights = [weight for weight, _ in kinds]
        drawn = [do for _, do in self._chance.choices(kinds, weights, k=_DRAWS)]
        slow = (self._away, self._leap)
        if not drawn[0]():
            any(do() for do in drawn[1:] if do not in slow)

    def _kinds(self) -> list[tuple[float, Callable[[], bool]]]:
        """What may happen, and how often each does; each says whether somebody could do it."""
        kinds: list[tuple[float, Callable[[], bool]]] = [
            (45, self._say),
            (7, self._invite),
            (4, self._remove),
            (2, self._leave),
            (4, self._rename),
            (5, self._rotate),
            (3, self._link),
            (3, self._knock),
            (4, self._revive),
        ]
        troubles = self.troubles
        if self._moves:
            kinds += [(6, self._move)]
        if troubles.race:
            kinds += [(6, self._race)]
        if troubles.crash:
            kinds += [(6, self._kill), (6, self._doom)]
        if troubles.partition:
            kinds += [(6, self._partition)]
        if troubles.away:
            kinds += [(1, self._away), (2, self._leap)]
        if troubles.down:
            kinds += [(2, self._down)]
        return kinds

    def _alive(self) -> list[Client]:
        return [each for each in self._world.clients.values() if each.actor is not None]

    def _member(self) -> tuple[str, bytes] | None:
        """Somebody whose process runs, and a group that it takes itself to be in."""
        alive = self._alive()
        if not alive:
            return None
        client = self._chance.choice(alive)
        gids = standing(client.store)
        return (client.name, self._chance.choice(gids)) if gids else None

    def _say(self) -> bool:
        found = self._member()
        if found is None:
            return False
        name, gid = found
        self._world.say(name, gid, f"{self._count} from {name}")
        return True

    def _invite(self) -> bool:
        found = self._member()
        if found is None:
            return False
        name, gid = found
        outside = [each.name for each in self._world.clients.values()
                   if each.name != name and gid not in standing(each.store)]  # fmt: skip
        count = self._chance.randrange(1, 3)
        return self._wish(name, Invite(gid, tuple(outside[:count]))) if outside else False

    def _remove(self) -> bool:
        found = self._member()
        if found is None:
            return False
        name, gid = found
        inside = [each.name for each in self._world.clients.values()
                  if each.name != name and gid in standing(each.store)]  # fmt: skip
        if len(inside) < 2:
            return False
        return self._wish(name, Remove(gid, (self._chance.choice(inside),)))

    def _leave(self) -> bool:
        return self._wished(Leave)

    def _rename(self) -> bool:
        return self._wished(lambda gid: Rename(gid, f"name {self._count}"))

    def _rotate(self) -> bool:
        return self._wished(Rotate)

    def _move(self) -> bool:
        """Let somebody move a group; only owners can, so it is mostly the founder."""
        found = self._member()
        if found is None:
            return False
        name, gid = found
        founder = self._world.clients[self._names[0]]
        if founder.actor is not None and gid in standing(founder.store):
            name = founder.name
        return self._wish(name, Move(gid, self._chance.choice(_SUITES)))

    def _wished(self, order: Callable[[bytes], Order]) -> bool:
        """Let somebody wish for something in a group."""
        found = self._member()
        return found is not None and self._wish(found[0], order(found[1]))

    def _wish(self, name: str, order: Order) -> bool:
        self._world.order(name, order)
        return True

    def _race(self) -> bool:
        """Let several want commits in the same moment."""
        if self._member() is None:
            return False
        self._world.story.tell("network", "several commit at once", "race")
        for _ in range(self._chance.randrange(2, 5)):
            self._chance.choice((self._rotate, self._rename, self._invite, self._remove))()
        return True

    def _link(self) -> bool:
        found = self._member()
        if found is not None:
            self._world.link(*found)
        return found is not None

    def _knock(self) -> bool:
        if not self._world.links:
            return False
        gid, link = self._chance.choice(self._world.links)
        outside = [each.name for each in self._alive() if gid not in standing(each.store)]
        return self._wish(self._chance.choice(outside), Knock(link)) if outside else False

    # --- trouble -----------------------------------------------------------------------------

    def _somebody(self) -> Client:
        return self._world.clients[self._chance.choice(self._names)]

    def _kill(self) -> bool:
        client = self._somebody()
        if client.actor is None:
            return False
        client.kill()
        self._back_after(client, self._chance.choice((1.0, 30.0, 600.0)))
        return True

    def _doom(self) -> bool:
        """Let somebody die soon: after some effects, at a write, or after a commit."""
        client = self._somebody()
        if client.actor is None:
            return False
        match self._chance.randrange(3):
            case 0:
                client.doom_yield(self._chance.randrange(1, 12))
            case 1:
                client.doom_write(self._chance.randrange(60))
            case _:
                client.doom_commit(self._chance.randrange(1, 12))
        self._back_after(client, self._chance.choice((30.0, 120.0, 900.0)))
        return True

    def _back_after(self, client: Client, seconds: float) -> None:
        self._world.agenda.after(seconds, client.live)

    def _revive(self) -> bool:
        dead = [each for each in self._world.clients.values()
                if each.actor is None and not each.is_away]  # fmt: skip
        for client in dead:
            client.live()
        return bool(dead)

    def _partition(self) -> bool:
        seconds = self._chance.choice((10.0, 60.0, 600.0, _HOUR))
        names = self._chance.sample(self._names, self._chance.randrange(1, len(self._names)))
        self._world.story.tell("network", f"{', '.join(names)} cut off for {seconds:.0f} s",
                               "partition")  # fmt: skip
        for name in names:
            self._world.network.cut(name, seconds)
            self._world.agenda.after(seconds + 1, self._world.clients[name].wake)
        return True

    def _away(self) -> bool:
        """Let somebody shut its machine, and come back much later."""
        client = self._somebody()
        if client.actor is None or client.is_away:
            return False
        days = self.troubles.away * self._chance.uniform(0.1, 1.0)
        self._world.story.tell(client.name, f"is away for {days:.1f} days", _long("away", days))
        client.go_away()
        self._world.agenda.after(days * _DAY, client.come_back)
        return True

    def _leap(self) -> bool:
        """Let much time pass."""
        days = self.troubles.away * self._chance.choice((0.1, 0.3, 1.0))
        self._world.story.tell("network", f"{days:.1f} days pass", _long("leap", days))
        self._world.leap(days * _DAY)
        self._world.story.ends(_long("leap", days))
        return True

    def _down(self) -> bool:
        self._world.front.is_down = True
        self._world.story.tell("broker", "is down", "down")
        self._world.agenda.after(self._chance.choice((5.0, 60.0, _HOUR)), self._up)
        return True

    def _up(self) -> None:
        self._world.front.is_down = False


def _long(kind: str, days: float) -> str:
    """What a time is counted as: one in which the broker may throw away what is needed, or less."""
    return kind if days > _LONG else f"short {kind}"
