"""A clock that is wrong by years: it is said, and once it is right again, all goes on."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from client.faults.scene import agree, said, team
from client.table import Table
from covey.client.sync.rows import queues
from covey.client.sync.rows.groups import Status
from covey.errors import BrokerError, PolicyError
from people import LATE, until

if TYPE_CHECKING:
    from client.faults.scene import Scene
    from client.table import Someone

pytestmark = pytest.mark.anyio

DAY = 86_400
YEAR = 365 * DAY
BOTH = pytest.mark.parametrize("years", [5, -5], ids=["ahead", "behind"])


class Watch:
    """The clock of the clients that are opened while it is worn.

    Attributes:
        ahead: How many seconds it is ahead.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        wrong = SimpleNamespace(time=lambda: time.time() + self.ahead)
        monkeypatch.setattr("covey.client.client.time", wrong)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """A clock to be turned."""
    return Watch(monkeypatch)


@BOTH
async def test_who_enrols_is_told_and_keeps_the_name(
    scene: Scene, watch: Watch, years: int
) -> None:
    watch.ahead = years * YEAR
    with pytest.raises(BrokerError, match="set this machine's clock, it is wrong"):
        async with scene.client("alice"):
            pass
    watch.ahead = 0
    async with scene.client("alice") as alice, scene.client("bob") as bob:
        ours, theirs = await team(alice, bob)
        await ours.send("on time")
        await agree(ours, theirs)


@BOTH
async def test_who_invites_is_told(scene: Scene, watch: Watch, years: int) -> None:
    async with scene.client("bob") as bob, scene.client("carol") as carol:
        async with scene.client("alice") as alice:
            _, theirs = await team(alice, bob)
        watch.ahead = years * YEAR
        async with scene.client("alice") as alice:
            [ours] = alice.groups()
            with pytest.raises(PolicyError, match="clock"):
                await ours.invite(carol.name)
            await ours.send("carol is to come")
            await agree(ours, theirs)
        watch.ahead = 0
        async with scene.client("alice") as alice:
            [ours] = alice.groups()
            await ours.invite(carol.name)
            hers = await carol.next_group()
            await hers.send("here I am")
            await agree(ours, theirs, hers)
    scene.judge()


@BOTH
async def test_who_is_in_a_group_talks_and_commits_all_the_same(
    scene: Scene, watch: Watch, years: int
) -> None:
    async with scene.client("bob") as bob:
        async with scene.client("alice") as alice:
            _, theirs = await team(alice, bob)
        watch.ahead = years * YEAR
        async with scene.client("alice") as alice:
            [ours] = alice.groups()
            await ours.send("what time is it?")
            await ours.rotate()
            await ours.rename("crew")
            await theirs.send("look at the sun")
            await agree(ours, theirs)
        watch.ahead = 0
        async with scene.client("alice") as alice, scene.client("carol") as carol:
            [ours] = alice.groups()
            await ours.send("now I know")
            await theirs.rotate()
            await ours.rotate()
            await ours.invite(carol.name)
            hers = await carol.next_group()
            await hers.send("hello")
            await agree(ours, theirs, hers)
            assert said(ours)[:3] == ["what time is it?", "look at the sun", "now I know"]
            assert ours.name == theirs.name == "crew"
    scene.judge()


@BOTH
async def test_a_clock_that_is_set_while_the_client_runs(
    scene: Scene, watch: Watch, years: int
) -> None:
    """As by a time service, some time after the start."""
    watch.ahead = 0
    async with scene.client("alice") as alice:
        await team(alice)
    watch.ahead = years * YEAR
    async with scene.client("alice") as alice:
        [ours] = alice.groups()
        await ours.send("what time is it?")
        watch.ahead = 0
        link = await ours.link()
        async with scene.client("carol") as carol, scene.client("bob") as bob:
            hers = await carol.join(link)  # which is answered by whoever looks at the door
            await ours.invite(bob.name)
            theirs = await bob.next_group(LATE)
            await hers.send("here I am")
            await ours.send("so am I")
            await agree(ours, hers, theirs)
    scene.judge()


async def test_keys_that_were_renewed_in_the_future_are_renewed_again(
    scene: Scene, watch: Watch
) -> None:
    async with scene.client("alice") as alice:
        await team(alice)
    watch.ahead = 5 * YEAR
    async with scene.client("alice") as alice:
        await alice.group("team").rotate()
    watch.ahead = 0
    async with scene.client("alice") as alice:
        ours = alice.group("team")
        epoch = ours.epoch
        await until(lambda: ours.epoch == epoch + 1)
        await ours.send("once")
        await alice.sync()
        assert ours.epoch == epoch + 1


# --- without a network, on a clock that is turned by hand -------------------------------------


def _at_a_table() -> tuple[Table, Someone, Someone]:
    table = Table()
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    return table, alice, bob


def test_a_pointer_that_waits_for_the_future_is_posted_now() -> None:
    table, alice, bob = _at_a_table()
    alice.skew = 30 * DAY  # for so long KeyPackages are good
    alice.cut = lambda ask: "request" if ask.operation == "post" else ""
    alice.turn()
    with alice.store.reading() as rows:
        [posting] = queues.postings(rows)
    assert posting.due_at >= table.now + 29 * DAY
    alice.skew = 0
    alice.cut = lambda _: ""
    table.settle(alice, bob, rounds=3)
    assert bob.authenticator == alice.authenticator


def test_a_knock_of_the_future_is_not_made_again() -> None:
    """Its KeyPackage is not good yet, and nobody could let its owner in."""
    table, alice, bob = _at_a_table()
    table.settle(alice, bob)
    seat = bob.place.seat
    with seat.change():
        seat.replace(status=Status.lost)
    bob.skew = 5 * YEAR
    bob.turn()
    assert ("bob", "knock") in table.asked
    bob.skew = 0
    bob.start()
    table.settle(bob, alice, bob, alice, rounds=20, step=20)
    assert bob.place.seat.look().status is Status.active
    assert bob.authenticator == alice.authenticator
