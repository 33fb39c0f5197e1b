"""The judge about what was wanted: done, or refused; and that by a refusal of just that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client.events import RemovedFromGroup, Renamed, RolesChanged, WishRefused
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.actors import (
    Invite,
    Knock,
    Leave,
    Promote,
    Remove,
    Rename,
    Rotate,
)
from covey.lab.simulate.judge import judge
from covey.lab.simulate.world import Wanted
from simulate.seen import GID, at, changed, evidence, held, rules

if TYPE_CHECKING:
    from covey.lab.simulate.actors import Order
    from covey.lab.simulate.evidence import Evidence

ORDERS: dict[str, Order] = {
    "add 1 device": Invite(GID, ("cid",)),
    "remove bob": Remove(GID, ("bob",)),
    "rename the group to other": Rename(GID, "other"),
    "leave": Leave(GID),
    "change what the group's profile says": Promote(GID, "bob"),
    "renew our keys": Rotate(GID),
}


def wanted(order: Order, moment: float = 50.0) -> Evidence:
    return evidence(wanted=[Wanted("ann", order, moment)])


@pytest.mark.parametrize("what", ORDERS)
def test_a_wish_has_an_end_when_it_is_refused_itself(what: str) -> None:
    for refused in ORDERS:
        waits = wanted(ORDERS[what])
        assert rules(waits) == {"wishes come true"}
        at(100, waits, "ann", WishRefused(GID.hex(), what=refused, why="no"))
        assert rules(waits) == ({"wishes come true"} if refused != what else set())


def test_a_refusal_of_before_is_of_another_wish() -> None:
    waits = wanted(Rename(GID, "other"), 150.0)
    at(100, waits, "ann", WishRefused(GID.hex(), what="rename the group to other", why="no"))
    assert rules(waits) == {"wishes come true"}


def test_what_was_wanted_has_come() -> None:
    done = wanted(Rename(GID, "covey"))
    assert judge(done) == []
    invited = wanted(Invite(GID, ("cid",)))
    at(100, invited, "ann", changed(2, added=("cid",)))
    assert judge(invited) == []
    promoted = wanted(Promote(GID, "bob"))
    at(100, promoted, "ann", RolesChanged(GID.hex(), by="ann", roles={"bob": "admin"}))
    assert judge(promoted) == []
    for renewed_at, found in ((60, set()), (40, {"wishes come true"})):
        renewed = evidence(
            ann=held(renewed_at=renewed_at), wanted=[Wanted("ann", Rotate(GID), 50.0)]
        )
        assert rules(renewed) == found
    leaves = evidence(
        ann=held(status=Status.leaving, members=("ann",)),
        bob=held(status=Status.removed, authenticator=b"", secrets=0),
        wanted=[Wanted("ann", Leave(GID), 50.0)],
    )
    assert judge(leaves) == []
    assert judge(wanted(Knock("link"))) == []


def test_who_is_out_waits_for_nothing() -> None:
    out = wanted(Rename(GID, "other"))
    at(100, out, "ann", RemovedFromGroup(GID.hex(), by="bob"))
    assert judge(out) == []


def test_of_two_names_that_are_wanted_before_one_is_given_the_last_counts() -> None:
    both = [Wanted("ann", Rename(GID, "other"), 50.0), Wanted("ann", Rename(GID, "covey"), 60.0)]
    given = evidence(wanted=both)
    assert judge(given) == []
    both.insert(0, Wanted("ann", Rename(GID, "another"), 40.0))
    given = evidence(wanted=both)
    at(55, given, "ann", Renamed(GID.hex(), by="ann", before="a", name="another"))
    assert judge(given) == []  # that one was under way
    assert rules(given._replace(wanted=both[:2])) == {"wishes come true"}
    others = [both[0], Wanted("bob", Rename(GID, "covey"), 60.0)]
    assert rules(evidence(wanted=others)) == {"wishes come true"}


def test_a_name_that_was_wanted_by_who_died_over_it_may_be_the_last_one() -> None:
    waits = wanted(Rename(GID, "other"))
    at(60, waits, "ann", Renamed(GID.hex(), by="bob", name="his", before="covey"))
    assert rules(waits) == {"wishes come true"}
    at(70, waits, "ann", Renamed(GID.hex(), by="ann", name="hers", before="his"))
    assert rules(waits) == set()
