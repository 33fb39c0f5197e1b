"""Groups that strangers make to do harm, and groups that break more than once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from client import table as table_of_people
from covey.access.member import addresses, pointers
from covey.access.structs import sealed
from covey.access.structs.extensions import ExtensionCode, GroupCapabilities, Succession
from covey.client import events
from covey.client.sync import account
from covey.client.sync.coming import joining
from covey.client.sync.group import seat
from covey.client.sync.log import entering
from covey.client.sync.rows import wishes
from covey.client.words import profile
from covey.errors import DecodeError
from covey.mls.structs.extensions import Extension

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from client.table import Table
    from covey.client.sync.rows.groups import GroupRow

HUGE = 1 << 63  # SQLite's integers end before that


def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let groups be made whose capabilities nobody can read."""
    real = addresses.with_capabilities

    def written(given: Sequence[Extension], stated: GroupCapabilities) -> tuple[Extension, ...]:
        made = real(given, stated)
        kind = ExtensionCode.capabilities
        return tuple(Extension(kind, b"\xff") if e.extension_type == kind else e for e in made)

    monkeypatch.setattr(addresses, "with_capabilities", written)
    monkeypatch.setattr(addresses, "capabilities_of", lambda _: GroupCapabilities(()))


def test_nobody_comes_into_a_group_that_cannot_be_read(table: Table) -> None:
    mallory, alice, bob = (table.sit(name) for name in ("mallory", "alice", "bob"))
    with pytest.MonkeyPatch.context() as patched:
        unreadable(patched)
        mallory.create("nice")
        mallory.invite("alice")
        table.settle(mallory, rounds=4)
    with pytest.raises(DecodeError):
        addresses.capabilities_of(mallory.place.seat.group.extensions)
    bob.create("friends")
    bob.invite("alice")
    table.settle(alice, bob, rounds=6)
    [place] = alice.peer.places()
    assert place.seat.row.name == "friends"
    told = [each for each in alice.news() if isinstance(each, events.InvitationFailed)]
    assert "capabilities cannot be read" in told[0].why


def outgrown(what: str, patch: pytest.MonkeyPatch) -> None:
    """Let groups be made that count beyond what a store holds."""
    if what == "place":
        first, row = table_of_people.first_profile, joining.new_row
        patch.setattr(profile, "_PLACES", 1 << 64)
        patch.setattr(
            table_of_people,
            "first_profile",
            lambda *named: first(*named).replace(goes_on_from=bytes(32), place=HUGE),
        )
        patch.setattr(  # the store of who does this would not hold it, either
            *(joining, "new_row"),
            lambda *given: storable(row, given, patch),
        )
        return
    real, pointer = addresses.with_capabilities, sealed.Pointer
    succession = addresses.extension(Succession(bytes(32), HUGE))
    patch.setattr(addresses, "with_capabilities", lambda *given: (*real(*given), succession))
    patch.setattr(seat, "epochs_before", lambda _: 0)
    patch.setattr(
        *(pointers, "Pointer"),
        lambda broker, gid, epoch, *rest: pointer(broker, gid, HUGE + epoch, *rest),
    )


def storable(
    row: Callable[..., GroupRow], given: tuple[Any, ...], patch: pytest.MonkeyPatch
) -> GroupRow:
    """A group's row, without the place that the group says."""
    with patch.context() as patched:
        patched.setattr(profile, "profile_of", lambda _: None)
        return row(*given)


@pytest.mark.parametrize("by", ["rules", "store"])
@pytest.mark.parametrize("what", ["place", "epochs"])
def test_a_group_that_counts_beyond_what_a_store_holds_keeps_nobody_from_others(
    table: Table, what: str, by: str
) -> None:
    """Its pointer would stand first in the inbox for ever, and each look would fail at it."""
    mallory, alice, bob = (table.sit(name) for name in ("mallory", "alice", "bob"))
    with pytest.MonkeyPatch.context() as patched:
        outgrown(what, patched)
        mallory.create("nice")
        mallory.invite("alice")
        table.settle(mallory, rounds=4)
    profile._decoded.cache_clear()  # noqa: SLF001 - of what was thought of it above
    bob.create("friends")
    bob.invite("alice")
    with pytest.MonkeyPatch.context() as patched:
        if by == "store":  # whatever else somebody may think of: the store alone minds it
            patched.setattr(profile, "_PLACES", 1 << 64)
            patched.setattr(addresses, "MOST_EPOCHS", 1 << 64)
        table.settle(alice, bob, rounds=6)
    profile._decoded.cache_clear()  # noqa: SLF001 - likewise
    assert [place.seat.row.name for place in alice.peer.places()] == ["friends"]
    [told] = [each for each in alice.news() if isinstance(each, events.InvitationFailed)]
    why = {"place": "the place of a branch", "epochs": "a log has at most"}[what]
    assert (why if by == "rules" else "what no store can hold") in told.why


def test_a_pointer_that_fails_keeps_no_other_from_being_read(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one into a group of ours in which no turn can be taken."""
    alice, bob, carol = table.team("alice", "bob", "carol")
    alice.wish(wishes.Expel((b"carol",)))
    table.settle(alice, rounds=3)
    alice.invite("carol")
    table.settle(alice, rounds=3)
    bob.create("other")
    bob.invite("carol")
    table.settle(bob, rounds=3)
    monkeypatch.setattr(carol.place.turns, "turn", fails)
    carol.run(carol.peer.look_into_inbox())
    assert {each.seat.row.name for each in carol.peer.places()} == {"team", "other"}


def fails() -> None:
    msg = "nobody can read this"
    raise DecodeError(msg)


@pytest.mark.parametrize("days", [0, 2])
def test_a_group_that_breaks_twice_goes_on_twice(table: Table, days: int) -> None:
    people = table.team("alice", "bob", "carol")
    for _ in range(2):
        for each in people:
            seat = next(p.seat for p in each.peer.places() if p.seat.look().status.is_in)
            with seat.change() as rows:
                entering.broke(seat, rows, "a commit that nobody can follow")
        table.settle(*people, rounds=50, step=10.0)
        table.passes(days * 86_400)
        table.settle(*people, rounds=4)
    there = [p.seat for each in people for p in each.peer.places() if p.seat.look().status.is_in]
    assert len(there) == len(people)
    assert len({each.group.epoch_authenticator for each in there}) == 1
    assert len(there[0].group.members) == len(people)


def test_a_branch_that_lies_about_its_place_is_followed_by_nobody(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maker would win over all others."""
    people = alice, bob, carol = table.team("alice", "bob", "carol")
    for each in people:
        each.breaks(each.place)
    monkeypatch.setattr(account, "winning", SimpleNamespace(order=lambda *_: 0))
    table.settle(alice, rounds=20, step=10.0)
    monkeypatch.undo()
    for each in (bob, carol):
        each.run(each.peer.look_into_inbox())
        [told] = [one for one in each.news() if isinstance(one, events.InvitationFailed)]
        assert "goes on from somewhere else" in told.why
        assert len(each.peer.places()) == 1
