"""A team of ten, and the three of it who plan a party; one of those is away for weeks."""

from __future__ import annotations

from client.table import Someone, Table
from covey.client import events
from covey.client.sync.rows import parents, wishes
from covey.client.words.suites import CLASSICAL, XWING

NAMES = [f"person {number}" for number in range(10)]
DAY = 86_400


def parent_of(someone: Someone, name: str) -> bytes | None:
    place = someone.called(name)
    assert place is not None
    with someone.store.reading() as rows:
        return parents.of(rows, place.seat.row)


def works(table: Table, people: list[Someone], days: int) -> None:
    """The team renews keys, renames itself, and talks, day after day."""
    for day in range(days):
        one = people[day % len(people)]
        one.wish_in(0, wishes.Renew())
        one.say_in(0, f"day {one.peer.places()[0].seat.epoch}")
        table.settle(*people, rounds=3)
        table.passes(DAY)


def test_who_was_away_for_weeks_finds_itself_in_it() -> None:
    table = Table()
    table.upgrades = (XWING,)
    people = table.team(*NAMES)
    first, planner, friend, away = people[0], people[3], people[4], people[7]
    here = [each for each in people if each is not away]
    works(table, here, 3)

    planner.subgroup("party", friend.name, away.name)
    table.settle(*here, rounds=6)
    planner.say_in(1, "a cake for person 0")
    table.settle(*here, rounds=4)
    assert [each.name for each in people if each.called("party")] == [planner.name, friend.name]

    works(table, here, 8)
    first.wish_in(0, wishes.Describe(name="the team"))
    first.wish_in(0, wishes.Expel((NAMES[9].encode(),)))
    table.settle(*here, rounds=4)
    here.remove(people[9])
    first.upgrade_in(0, XWING)
    table.settle(*here, rounds=10)
    works(table, here, 8)
    assert first.peer.places()[0].seat.look().suite == XWING

    table.settle(*here, away, rounds=60)
    party = [each.called("party") for each in (planner, friend, away)]
    assert None not in party
    assert len({each.seat.group.epoch_authenticator for each in party if each}) == 1
    assert {each.seat.look().suite for each in party if each} == {CLASSICAL}
    assert len({parent_of(each, "party") for each in (planner, friend, away)}) == 1
    assert [place and away.texts_of(place) for place in party[2:]] == [["a cake for person 0"]]
    assert parent_of(away, "party") == first.peer.places()[0].seat.row.gid
    assert away.called("the team") is not None
    assert [each for each in away.news() if isinstance(each, events.InvitationFailed)] == []

    away.say_in(1, "and candles")
    table.settle(*here, away)
    for each in (planner, friend):
        place = each.called("party")
        assert place is not None
        assert each.texts_of(place) == ["a cake for person 0", "and candles"]
    assert all("party" not in str(told) for each in here[:3] for told in each.news())
