"""Twenty people move to X-Wing, and on to X-Wing with ML-DSA-44, and go on typing all the while."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from client.table import Table
from covey.client import events
from covey.client.sync.rows.groups import Status
from covey.client.words.suites import CLASSICAL, XWING, XWING_MLDSA44, safety_of
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from client.table import Someone
    from covey.client.sync.effects import Ask

PEOPLE = [f"person {number:02}" for number in range(20)]
AWAY = 5

_LOSSES = events.MessagesLost | events.Unreadable | events.WishRefused | events.Rejoining


class Town:
    """A group of twenty, most of whom type.

    Attributes:
        people: All of them; the last ones go away.
        said: What was said, by whom.
    """

    def __init__(self) -> None:
        self.table = Table()
        self.table.upgrades = (XWING, XWING_MLDSA44)
        self.people = self.table.team(*PEOPLE)
        self.said: Counter[str] = Counter()

    @property
    def here(self) -> list[Someone]:
        return self.people[:-AWAY]

    def type_on(self, rounds: int = 4) -> None:
        """Let those who are here type, one in each round, and everybody take turns."""
        for _ in range(rounds):
            for each in self.here[sum(self.said.values()) % 3 :: 3]:
                self.said[each.name] += 1
                each.say(f"{each.name}: {self.said[each.name]}")
            self.table.settle(*self.here, rounds=1)

    def end(self, suite: int) -> None:
        """Let the first one end the group, and be cut off; all who are here type then."""
        first = self.people[0]
        first.upgrade(suite)
        appended = 0

        def cut(ask: Ask) -> str:
            nonlocal appended
            appended += ask.operation == "append"
            return "request" if appended > 1 else ""

        first.cut = cut
        self.table.settle(*self.here, rounds=1)
        for each in self.here:
            assert each.place.seat.group.reinit is not None  # and the next one is not there yet
            self.said[each.name] += 1
            each.say(f"{each.name}: {self.said[each.name]}")
        first.cut = lambda _: ""

    def suites(self, *people: Someone) -> set[int]:
        return {each.place.seat.look().suite for each in people}


def test_twenty_move_twice_and_nothing_is_lost() -> None:
    town = Town()
    away = town.people[-AWAY:]
    town.type_on()
    assert town.suites(*town.people) == {CLASSICAL}
    for suite in (XWING, XWING_MLDSA44):
        town.end(suite)
        town.type_on()
        town.table.settle(*town.here, rounds=30)
        assert town.suites(*town.here) == {suite}
        town.type_on()
    assert town.suites(*away) == {CLASSICAL}
    town.table.settle(*town.people, rounds=60)
    assert town.suites(*town.people) == {XWING_MLDSA44}
    safety = safety_of(XWING_MLDSA44)
    assert safety is not None
    assert safety == (True, True)
    every = sorted(f"{name}: {number + 1}" for name, n in town.said.items() for number in range(n))
    authenticators = set()
    for each in town.people:
        assert each.place.seat.look().status is Status.active
        assert sorted(each.texts()) == every, each.name
        assert [told for told in each.news() if isinstance(told, _LOSSES)] == [], each.name
        authenticators.add(each.authenticator)
    assert len(authenticators) == 1
    counters = {who.name: who.place.seat.look().counter for who in town.people}
    assert min(counters[each.name] for each in town.here) > 0
    for each in town.people:
        assert counted(each) == counters


def counted(someone: Someone) -> dict[str, int]:
    """How many contents of each member somebody has, by the numbers in them."""
    seat = someone.place.seat
    names = {leaf.signature_key: identity(leaf.credential) for _, leaf in seat.group.tree.members()}
    with someone.store.reading() as rows:
        found = rows.all("SELECT signature_key, next FROM counters WHERE group_ = ?", seat.number)
    nobody = dict.fromkeys(map(bytes.decode, names.values()), 0)
    own = {someone.name: seat.row.counter}
    return nobody | {names[key].decode(): next_ for key, next_ in found} | own  # type: ignore[index]
