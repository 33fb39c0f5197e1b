"""Killed at every write: of a send, a receive, a commit, a join, a leave.

Each scenario is played once to count its writes, then once for each of them, and for each commit,
with a store that dies there; `make test` tries each fourth, `.ci/run` every one. What comes after
is the same as if nothing had been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from client.table import Someone, Table
from covey.client import events
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.sealing import noted
from covey.store.faulty import Died, FaultyStore
from lengths import some

if TYPE_CHECKING:
    from collections.abc import Callable


SETTLED = 3
"""The epoch in which nobody wants anything more: bob is in, has arrived, and has a role."""


class Scene(NamedTuple):
    """Three people; the first two are in a group, the second one will be killed.

    Attributes:
        acknowledged: What bob has been promised: it happens, or an event says why it does not.
    """

    table: Table
    alice: Someone
    bob: Someone
    carol: Someone
    acknowledged: list[str]


def _scene() -> Scene:
    table = Table()
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob, rounds=6)
    alice.wish(wishes.Describe(roles={"bob": 2}))
    table.settle(alice, bob, rounds=2)
    assert alice.place.seat.group.epoch == bob.place.seat.group.epoch == SETTLED
    return Scene(table, alice, bob, carol, [])


def _send(scene: Scene) -> None:
    scene.bob.say("said")
    scene.acknowledged.append("said")
    scene.bob.turn()


def _receive(scene: Scene) -> None:
    scene.alice.say("heard")
    scene.alice.turn()
    scene.bob.turn()


def _commit(scene: Scene) -> None:
    scene.bob.invite("carol")
    scene.acknowledged.append("carol")
    scene.bob.turn()
    scene.bob.turn()


def _rename(scene: Scene) -> None:
    """Both commit at the same time, and alice is faster."""
    scene.alice.wish(wishes.Describe(name="hers"))
    scene.bob.wish(wishes.Describe(name="his"))
    scene.acknowledged.append("his")
    held = scene.bob.hold(scene.bob.place.turns.turn(), "append")
    scene.alice.turn()
    held.go()
    scene.bob.turn()


def _leave(scene: Scene) -> None:
    scene.bob.leave()
    scene.acknowledged.append("left")
    scene.bob.turn()
    scene.alice.turn()
    scene.table.passes(20)
    scene.alice.turn()
    scene.bob.turn()


_SCENES = {"send": _send, "receive": _receive, "commit": _commit, "race": _rename, "leave": _leave}


def _joined() -> Scene:
    table = Table()
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    alice.create()
    alice.invite("bob")
    table.settle(alice, rounds=2)
    return Scene(table, alice, bob, carol, [])


def _join(scene: Scene) -> None:
    scene.bob.turn()
    scene.table.passes(30)
    scene.bob.turn()


def _kill(begin: Callable[[], Scene], act: Callable[[Scene], None], **deaths: int) -> Scene:
    """Play a scene in which bob dies, and lives again."""
    scene = begin()
    bob = scene.bob
    alive = bob.store
    bob.store = FaultyStore(alive, **deaths)
    try:
        bob.start()
        act(scene)
    except Died:
        pass
    else:
        pytest.fail("nobody died")
    bob.store = alive
    bob.start()
    return scene


def _counted(begin: Callable[[], Scene], act: Callable[[Scene], None]) -> tuple[int, int]:
    scene = begin()
    store = FaultyStore(scene.bob.store)
    scene.bob.store = store
    scene.bob.start()
    act(scene)
    return store.writes, store.commits


def _every_death(
    begin: Callable[[], Scene], act: Callable[[Scene], None], judge: Callable[[Scene], None]
) -> None:
    writes, commits = _counted(begin, act)
    assert writes > commits > 0
    deaths = [{"die_at": each} for each in range(1, writes + 1)]
    deaths += [{"die_after_commit": each} for each in range(1, commits + 1)]
    for death in some(deaths):
        with noted(lambda: None) as sealed:
            judge(_kill(begin, act, **death))
        assert not sealed.twice, (death, sealed.twice)


def _healthy(scene: Scene, *people: Someone) -> None:
    """Everybody is in the same epoch, and has the same history, with nothing in it twice."""
    first = people[0]
    for each in people:
        assert each.place.seat.look().status is Status.active
        assert each.authenticator == first.authenticator
        assert each.texts() == first.texts()
        assert len(set(each.texts())) == len(each.texts())
        assert not [e for e in each.news() if isinstance(e, events.Unreadable | events.CopyFound)]
    scene.alice.say("goes on")
    scene.table.settle(*people, rounds=12)
    assert all(each.texts()[-1] == "goes on" for each in people)


def _sent(scene: Scene) -> None:
    if scene.acknowledged:
        assert scene.alice.texts() == ["said"]


def _received(scene: Scene) -> None:
    assert scene.bob.texts() == ["heard"]


def _invited(scene: Scene) -> None:
    members = {each.identity for each in scene.alice.place.seat.group.members}
    assert members >= {b"alice", b"bob"}
    if scene.acknowledged:
        assert [each.seat.look().status for each in scene.carol.peer.places()] == [Status.active]
        assert members == {b"alice", b"bob", b"carol"}


def _renamed(scene: Scene) -> None:
    """It had both names, one after the other; neither was refused."""
    with scene.alice.store.reading() as rows:
        told = [each for _, each in events.after(rows, 0, 1000, now=0)]
    names = [each.name for each in told if isinstance(each, events.Renamed)]
    assert names == ["hers", "his"] or (names == ["hers"] and not scene.acknowledged)
    assert {each.place.seat.look().name for each in (scene.alice, scene.bob)} == {names[-1]}


_CAME_ABOUT = {"send": _sent, "receive": _received, "commit": _invited, "race": _renamed}


@pytest.mark.parametrize("name", _CAME_ABOUT)
def test_killed_at_every_write(name: str) -> None:
    def judge(scene: Scene) -> None:
        scene.table.settle(scene.alice, scene.bob, scene.carol, rounds=8)
        _CAME_ABOUT[name](scene)
        people = [scene.alice, scene.bob]
        if scene.carol.peer.places():
            people.append(scene.carol)
        _healthy(scene, *people)

    _every_death(_scene, _SCENES[name], judge)


def test_killed_at_every_write_of_a_join() -> None:
    def judge(scene: Scene) -> None:
        scene.table.settle(scene.alice, scene.bob)
        _healthy(scene, scene.alice, scene.bob)

    _every_death(_joined, _join, judge)


def _make_subgroup(scene: Scene) -> None:
    scene.bob.subgroup("two", "alice")
    scene.acknowledged.append("two")
    for _ in range(3):
        scene.bob.turn()


def test_killed_at_every_write_a_subgroup_is_made_or_not() -> None:
    def judge(scene: Scene) -> None:
        scene.table.settle(scene.alice, scene.bob, rounds=8)
        found = [each.called("two") for each in (scene.alice, scene.bob)]
        if None in found:
            assert found == [None, None]
            assert not scene.acknowledged
            return
        agreed = {each.seat.group.epoch_authenticator for each in found if each is not None}
        assert len(agreed) == 1

    _every_death(_scene, _make_subgroup, judge)


def test_killed_at_every_write_of_coming_into_a_subgroup() -> None:
    def begun() -> Scene:
        scene = _scene()
        scene.alice.subgroup("two", "bob")
        scene.table.settle(scene.alice, rounds=3)
        return scene

    def judge(scene: Scene) -> None:
        scene.table.settle(scene.alice, scene.bob, rounds=8)
        found = [each.called("two") for each in (scene.alice, scene.bob)]
        agreed = {each and each.seat.group.epoch_authenticator for each in found}
        assert len(agreed) == 1
        assert None not in agreed

    _every_death(begun, _join, judge)


def test_killed_at_every_write_of_leaving() -> None:
    def judge(scene: Scene) -> None:
        scene.table.settle(scene.alice, scene.bob, rounds=20)
        status = scene.bob.place.seat.look().status
        if status is Status.left:
            assert [each.identity for each in scene.alice.place.seat.group.members] == [b"alice"]
            return
        assert not scene.acknowledged  # the wish itself was not durable yet
        _healthy(scene, scene.alice, scene.bob)

    _every_death(_scene, _leave, judge)
