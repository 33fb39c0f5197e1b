"""What a client makes of KeyPackages with credentials that no client of ours would make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from client.table import PACE, end
from covey.access.member import addresses, knocks, links
from covey.access.structs.basics import Nothing
from covey.access.structs.extensions import Right
from covey.access.structs.sealed import Link
from covey.client import events
from covey.client.sync.asking import alone, ask
from covey.client.sync.rows.groups import Status
from covey.client.sync.rows.wishes import OpenDoor
from covey.mls import Member, get_suite
from covey.mls.structs.credentials import Certificate, X509Credential
from insider import lawless

if TYPE_CHECKING:
    from client.table import Someone, Table
    from covey.mls import PrivateKeyPackage

OTHER = 2
CHAINS = pytest.mark.parametrize(
    "chain", [(), (Certificate(b"no certificate"),)], ids=["empty", "rubbish"]
)


def odd(
    someone: Someone, chain: tuple[Certificate, ...], suite: int, patch: pytest.MonkeyPatch
) -> PrivateKeyPackage:
    """A KeyPackage of somebody whose chain of certificates is none."""
    home = someone.peer.home
    signer, _ = get_suite(suite).generate_signature_keys(home.world.entropy)
    credential = X509Credential(chain)
    with lawless(patch):
        member = Member.from_credential(credential, suite, signer=signer, policy=home.member.policy)
        return member.key_package(
            last_resort=True,
            lifetime=30 * 86_400,
            extensions=[addresses.extension(home.inbox)],
            now=int(someone.table.now),
        )


@CHAINS
def test_a_knock_with_it_is_refused_and_the_next_one_is_answered(
    table: Table, chain: tuple[Certificate, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = people = table.team("alice", "bob")
    seed = table.entropy(32)
    alice.wish(OpenDoor(seed, Right.join, int(table.now) // 3600 + 48))
    table.settle(*people)
    row = alice.place.seat.look()
    link = Link(links.VERSION, row.broker_id, row.gid, 1, seed)
    stranger, dan = table.sit("stranger"), table.sit("dan")
    knock = knocks.knock(link, odd(stranger, chain, 1, monkeypatch).message, table.entropy)
    stranger.run(alone(stranger.peer.home.world, lambda lane: ask(lane, "knock", knock, Nothing)))
    dan.run(dan.peer.knock(links.encode(link)))
    table.settle(*people, dan, rounds=20)
    assert dan.place.seat.look().status is Status.active
    told = [each for one in people for each in one.news() if isinstance(each, events.Knocked)]
    assert {(each.name, each.accepted) for each in told} == {("?", False), ("dan", True)}
    assert [each.place.turns.troubles.now for each in people] == ["", ""]


@CHAINS
def test_whoever_finishes_a_move_passes_it_over(
    table: Table, chain: tuple[Certificate, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner does not come along, so the group goes on in a branch, as if there were none."""
    table.upgrades = (OTHER,)
    alice, bob, mallory = table.team("alice", "bob", "mallory")
    end(alice, OTHER)
    package = odd(mallory, chain, OTHER, monkeypatch)
    assert mallory.peer.device is not None
    mallory.run(mallory.peer.device.publish([package.message], bytes(16)))
    bob.say("waits")
    table.settle(bob, rounds=200, step=12 * PACE.patience)
    assert bob.place.seat.look().predecessor is not None
    assert bob.texts() == ["waits"]


def test_a_bug_that_a_knock_brings_out_is_told_and_the_next_one_is_answered(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = table.sit("alice")
    alice.create()
    seed = table.entropy(32)
    alice.wish(OpenDoor(seed, Right.join, int(table.now) // 3600 + 48))
    alice.turn()
    row = alice.place.seat.look()
    link = links.encode(Link(links.VERSION, row.broker_id, row.gid, 1, seed))
    dan, erin = table.sit("dan"), table.sit("erin")
    entitled = knocks.entitled
    seen: list[bytes] = []

    def broken(*given: Any) -> object:  # noqa: ANN401 - whatever it is given
        seen.append(given[1].id)
        if given[1].id == seen[0]:
            raise KeyError
        return entitled(*given)

    monkeypatch.setattr(knocks, "entitled", broken)
    for each in (dan, erin):
        each.run(each.peer.knock(link))
    table.settle(alice, dan, erin, rounds=20)
    told = [each for each in alice.news() if isinstance(each, events.Knocked)]
    assert sorted(each.accepted for each in told) == [False, True]
    assert ["a bug of covey: KeyError" in each.why for each in told if not each.accepted] == [True]
