"""Names that strangers choose come into events as one function shows them, whatever happens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from client.sync.test_names_at_the_door import link_of
from client.table import Someone, Table
from covey.cli.chat.options import escaped
from covey.client import events
from covey.client.events import kinds
from covey.client.sync.log import hearing
from covey.client.sync.rows import wishes
from covey.client.words.contents import Data
from covey.client.words.profile import Role
from covey.client.words.showing import name_of
from covey.store.memory import memory_store
from hostile import ATTACK, every_event, is_tame

if TYPE_CHECKING:
    from covey.client.events import Event

SHOWN = name_of(ATTACK.encode())
GID = "ab" * 32


@pytest.mark.parametrize("event", every_event(GID), ids=lambda each: type(each).__name__)
def test_the_sentence_of_every_event_is_tame(event: Event) -> None:
    assert is_tame(str(event))
    assert is_tame(repr(event))
    encoded = kinds.encode(event).decode()
    assert is_tame(escaped(encoded))
    assert kinds.decode(escaped(encoded).encode()) == event


def test_nothing_else_makes_text_of_an_identity() -> None:
    """Another way from an identity to what people read would show it as it is."""
    source = Path(events.__file__).parents[1]
    for file in source.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert ".identity.decode(errors" not in text, file
        assert "credential).decode(errors" not in text, file


def zoe(table: Table) -> Someone:
    """Somebody with an account, whose credential says something else than its name."""
    someone = Someone(table, ATTACK, memory_store())
    someone.run(someone.peer.enrol(table.identity.broker_id, "zoe"))
    return someone


def hostile_group(table: Table) -> tuple[Someone, Someone, Someone]:
    """A group that such a one has founded."""
    founder, alice, bob = zoe(table), table.sit("alice"), table.sit("bob")
    founder.create(ATTACK)
    founder.invite("alice", "bob")
    table.settle(founder, alice, bob)
    return founder, alice, bob


def told(someone: Someone) -> dict[str, Event]:
    found = {type(each).__name__: each for each in someone.news()}
    assert all(is_tame(str(each)) for each in found.values())
    return found


def test_what_a_member_does_is_told_by_a_name_that_does_nothing(table: Table) -> None:
    founder, alice, bob = people = hostile_group(table)
    joined = told(alice)["Joined"]
    assert isinstance(joined, events.Joined)
    assert joined.inviter == SHOWN
    table.sit("carol")
    founder.invite("carol")
    founder.wish(
        wishes.Describe(
            name=f"{ATTACK}2", inviting=2, expires_after=60, roles={"alice": Role.owner}
        )
    )
    seat = founder.place.seat
    with seat.change() as rows:
        hearing.say(seat, rows, Data(f"a/{ATTACK}".encode(), b"x"), kept=False)
    table.settle(*people)
    found = told(alice)
    for kind in ("MembersChanged", "Renamed", "RolesChanged", "SettingsChanged"):
        assert getattr(found[kind], "by", None) == SHOWN, kind
    assert getattr(found["EphemeralArrived"], "sender", None) == SHOWN
    alice.wish(wishes.Expel((ATTACK.encode(),)))
    assert wishes.sentence(wishes.Expel((ATTACK.encode(),))) == f"remove {SHOWN}"
    table.settle(*people)
    changed = told(bob)["MembersChanged"]
    assert isinstance(changed, events.MembersChanged)
    assert changed.removed == (SHOWN,)


def test_who_removes_us_is_told_so(table: Table) -> None:
    founder, alice, bob = people = hostile_group(table)
    founder.wish(wishes.Expel((b"alice",)))
    table.settle(*people)
    removed = told(alice)["RemovedFromGroup"]
    assert isinstance(removed, events.RemovedFromGroup)
    assert removed.by == SHOWN
    assert is_tame(alice.place.seat.look().trouble)
    assert is_tame(str(told(bob)["MembersChanged"]))


def test_who_knocks_is_told_so(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    link = link_of(alice)
    stranger = zoe(table)
    stranger.run(stranger.peer.knock(link))
    table.settle(alice, bob, stranger)
    knocked = (told(alice) | told(bob))["Knocked"]
    assert isinstance(knocked, events.Knocked)
    assert knocked.name == SHOWN
    assert not knocked.accepted
