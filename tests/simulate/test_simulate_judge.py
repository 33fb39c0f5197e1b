"""The judge: each rule, kept and broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from covey.client.events import (
    Branching,
    ForkFound,
    InvitationFailed,
    Joined,
    Knocked,
    MemberLeft,
    MessagesLost,
    Rejoining,
    RemovedFromGroup,
    Renamed,
    RolledBack,
    WishRefused,
)
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.actors import Invite, Knock, Leave, Remove
from covey.lab.simulate.judge import judge
from covey.lab.simulate.lies import Caught, Lie, Shown
from covey.lab.simulate.sealing import Sealed
from covey.lab.simulate.world import Wanted
from simulate.seen import GID, HELLO, OLD, at, changed, denying, evidence, held, rules
from simulate.seen import front as liar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.client.events import Event
    from covey.lab.simulate.evidence import Evidence


OTHER = bytes([1]) * 32
SET_BACK: dict[str, Any] = {"kinds": {"rollback": 1}}


def test_all_is_well() -> None:
    assert judge(evidence()) == []


BROKEN: dict[str, Evidence] = {
    "nothing breaks": evidence(kinds={"stuck": 1}),
    "agree": evidence(bob=held(authenticator=b"b")),
    "owned": evidence(bob=held(owners=())),
    "quiet": evidence(bob=held(waiting=1)),
    "once": evidence(bob=held(messages=(HELLO, HELLO._replace(number=2)))),
    "same order": evidence(bob=held(messages=(HELLO._replace(seq=4),))),
    "nothing lost": evidence(bob=held(messages=())),
    "losses explained": evidence(
        told={"bob": [MessagesLost(GID.hex(), count=1, sender="ann", why="")]}
    ),
    "wishes come true": evidence(wanted=[Wanted("ann", Invite(GID, ("cid",)), 50.0)]),
    "nothing kept": evidence(
        ann=held(members=("ann",)), bob=held(status=Status.removed, members=())
    ),
    "lies noticed": evidence(
        front=liar(caught=[Caught("bob", GID, Lie.drop, 90.0)], longest_fork=0.0)
    ),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_that_is_broken_is_named(rule: str) -> None:
    assert rules(BROKEN[rule]) == {rule}


def test_who_wants_to_leave_when_nobody_is_there_waits() -> None:
    away = held(status=Status.lost, authenticator=b"", members=(), trouble="ask a member")
    told = {"ann": [changed(2, removed=("bob",))]}
    for status, found in ((Status.leaving, False), (Status.active, True)):
        waits = evidence(ann=held(status=status, waiting=1, owners=("ann",)), bob=away, told=told)
        assert ("quiet" in rules(waits)) == found
    both = evidence(ann=held(status=Status.leaving))
    assert rules(both) == {"quiet"}


def test_who_has_lost_its_way_and_is_a_member_is_named() -> None:
    lost = held(status=Status.copy, authenticator=b"", members=())
    assert rules(evidence(bob=lost)) == {"agree", "nobody stranded"}


def test_a_key_that_sealed_two_things_is_named() -> None:
    sealed = Sealed()
    sealed.twice.append("a key")
    assert rules(evidence(sealed=sealed)) == {"keys once"}


def test_a_lie_that_is_told_of_is_noticed() -> None:
    """That one, and none of days before; and to lose one's place is to notice nothing."""
    front = BROKEN["lies noticed"].front
    found = ForkFound(GID.hex(), heads=(), sentence="a lie")
    assert judge(evidence(front=front, told={"bob": [found]})) == []
    assert rules(evidence(front=front, told={"ann": [found]})) == {"lies noticed"}
    before = evidence(front=front)
    at(-100_000, before, "bob", found)
    assert rules(before) == {"lies noticed"}
    lost = evidence(front=front, told={"bob": [back()]})
    assert rules(lost) == {"lies noticed"}


def test_who_has_no_place_in_a_log_only_looks_whether_that_is_so() -> None:
    caught = [Caught("bob", GID, Lie.drop, 150.0)]
    front = liar(caught=caught)
    lost = Rejoining(GID.hex(), why="gone")
    back_in = Joined(GID.hex(), name="covey", how="recovered", epoch=2)
    for told, found in (([lost], set()), ([lost, back_in], {"lies noticed"})):
        assert rules(evidence(told={"bob": told}, front=front)) == found


def test_who_has_lost_its_place_since_knows_nothing_of_a_log_that_is_taken_back() -> None:
    shown = evidence(front=denying("bob", 90.0))
    at(-100_000, shown, "bob", ForkFound(GID.hex(), heads=(), sentence="another lie"))
    at(80, shown, "bob", back())
    assert rules(shown) == {"lies noticed"}
    at(95, shown, "bob", back())
    assert "lies noticed" not in rules(shown)


def test_who_went_out_knows_nothing_of_a_log_that_is_taken_back() -> None:
    assert rules(evidence(front=denying("bob", 90.0))) == {"lies noticed"}
    gone = {"bob": [RemovedFromGroup(GID.hex(), by="ann")]}
    assert judge(evidence(front=denying("bob", 90.0), told=gone)) == []
    assert rules(evidence(front=denying("bob", 110.0), told=gone)) == {"lies noticed"}


def test_who_was_invited_in_vain_is_seen_to_be_missing() -> None:
    """The broker was set back since, or it lay unread for long, or who was invited says so."""
    told = {"ann": [changed(2, added=("bob",))]}
    missing = evidence(ann=held(awaited=("bob",)), told=told)
    missing.observed["bob"].groups.clear()
    assert rules(missing) == {"agree"}
    for kind, after, found in (
        ("rollback", 50.0, set()),
        ("rollback", -50.0, {"agree"}),
        ("leap", 6 * 86_400.0, set()),
        ("away", 3_600.0, {"agree"}),
        ("stale", 50.0, {"agree"}),
        ("honest", 50.0, {"agree"}),
    ):
        assert rules(missing._replace(lately={kind: 100.0 + after})) == found
    fork = missing._replace(kinds={"fork": 1})
    assert judge(fork._replace(lately={"fork": 50.0, "honest": 150.0})) == []
    assert rules(fork._replace(lately={"fork": 50.0, "honest": 60.0})) == {"agree"}
    late = missing._replace(lately={"rollback": 150.0})
    at(200, late, "ann", changed(2, added=("bob",)))  # others hear of it later
    assert judge(late) == []
    late.observed["ann"] = late.observed["ann"]._replace(told=late.observed["ann"].told[:1])
    arrived = evidence(told=told, lately={"rollback": 150.0})
    arrived.observed["bob"].groups.clear()
    assert rules(arrived) == {"agree"}
    at(150, missing, "bob", InvitationFailed(GID.hex(), why="not kept any more"))
    assert judge(missing) == []
    at(160, missing, "ann", changed(3, added=("bob",)))
    assert rules(missing) == {"agree"}


def test_who_is_out_and_had_knocked_may_be_let_in_in_vain() -> None:
    told = {"ann": [changed(2, added=("bob",))]}
    out = held(status=Status.removed, authenticator=b"", secrets=0)
    missing = evidence(ann=held(awaited=("bob",)), bob=out, told=told)
    assert rules(missing) == {"agree"}
    assert judge(missing._replace(wanted=[Wanted("bob", Knock("link"), 50.0)])) == []


def test_who_was_invited_in_vain_by_somebody_who_left_is_seen_to_be_missing() -> None:
    for status, kinds, found in (
        (Status.left, {"rollback": 1}, False),
        (Status.lost, {"rollback": 1}, True),
        (Status.left, {"race": 1}, True),
    ):
        added = msgspec.structs.replace(changed(2, added=("bob",)), by="cid")
        missing = evidence(ann=held(awaited=("bob",)), told={"ann": [added]}, kinds=kinds)
        missing.observed["bob"].groups.clear()
        gone = held(status=status, members=(), secrets=0)
        cid = missing.observed["bob"]._replace(name="cid", groups={GID: gone}, told=())
        missing.observed["cid"] = cid
        assert ("agree" in rules(missing)) == found


def test_who_went_out_in_a_log_that_is_taken_back_is_a_member_there_still() -> None:
    """That some log was taken back is not enough: it is that in which it went out."""
    out = held(status=Status.left, authenticator=b"", secrets=0)
    for moment, told, found in (
        (150.0, [], set()),
        (50.0, [], {"agree"}),
        (150.0, [changed(3, left=("bob",))], {"agree"}),
    ):
        events = {"ann": told, "bob": [MemberLeft(GID.hex())]}
        zombie = evidence(bob=out, told=events, kinds={"rollback": 1}, lately={"rollback": moment})
        assert rules(zombie) == found
    assert rules(zombie._replace(front=denying("bob", 90.0))) == set()
    old = Shown("bob", GID, 3, OLD)
    early = zombie._replace(front=denying("bob", 90.0), lately={"rollback": 50.0})
    assert rules(early) == {"agree"}
    unread = early._replace(front=denying("bob", 90.0, read={}))  # what was there again
    assert rules(unread) == set()
    for seq, later, found in ((3, 95.0, {"agree"}), (2, 95.0, set()), (3, 105.0, set())):
        read = {old: 40.0, Shown("bob", GID, seq, b"new"): later}
        assert rules(early._replace(front=denying("bob", 90.0, read=read))) == found
    on_its_way = {old: 50.1}
    assert rules(early._replace(front=denying("bob", 90.0, read=on_its_way))) == set()
    fork = evidence(bob=out, told={"bob": [MemberLeft(GID.hex())]}, kinds={"fork": 1})
    assert judge(fork._replace(lately={"fork": 50.0, "honest": 150.0})) == []
    assert rules(fork._replace(lately={"fork": 50.0, "honest": 60.0})) == {"agree"}


def test_a_group_in_which_all_are_lost_has_no_end_that_people_know() -> None:
    lost = held(status=Status.lost, authenticator=b"", members=(), trouble="gone")
    assert rules(evidence(ann=lost, bob=lost)) == {"nobody stranded"}


def test_who_is_lost_and_no_member_was_removed_or_is_seen_at_the_door() -> None:
    lost = held(status=Status.lost, authenticator=b"", members=())
    refused = Knocked(GID.hex(), name="bob", accepted=False, why="is no member")
    for told, found in (
        ((), {"nobody stranded"}),
        ((changed(3, removed=("bob",)),), set()),
        ((changed(3, added=("bob",), removed=("bob",)),), {"nobody stranded"}),
        ((refused,), set()),
    ):
        events = {"ann": list(told), "bob": [RolledBack(GID.hex(), seq=3, served=1, heads=())]}
        out = evidence(ann=held(members=("ann",)), bob=lost, told=events, front=denying("bob", 90))
        assert rules(out) == found
    assert rules(out._replace(front=evidence().front)) == {"nobody stranded"}
    back_in = evidence(
        ann=held(members=("ann",)), bob=lost, told={"ann": [changed(3, left=("bob",))]}
    )
    at(120, back_in, "bob", Joined(GID.hex(), name="covey", how="welcome", epoch=4))
    assert rules(back_in) == {"nobody stranded"}
    by_an_old_way = evidence(
        ann=held(members=("ann",)), bob=lost, told={"ann": [changed(3, left=("bob",))]}
    )
    at(120, by_an_old_way, "bob", Joined(GID.hex(), name="covey", how="welcome", epoch=2))
    assert judge(by_an_old_way) == []


def back(gid: bytes = GID) -> Rejoining:
    return Rejoining(gid.hex(), why="gone")


def test_who_was_away_until_the_old_way_back_had_closed_is_told_so() -> None:
    lost = held(status=Status.lost, epoch=1, trouble="ask a member to remove you")
    told = {"ann": [changed(2, removed=("cid",))], "bob": [back()]}
    late = 100.0 + 31 * 86_400
    lately: dict[str, Any] = {"told": told, "lately": {"away": 100.0}, "kinds": {"away": 1}}
    assert judge(evidence(bob=lost, ended=late, **lately)) == []
    assert rules(evidence(bob=lost, **lately)) == {"agree", "nobody stranded"}
    seen = lost._replace(epoch=3)
    assert rules(evidence(bob=seen, ended=late, **lately)) == {"agree", "nobody stranded"}


def test_who_went_away_before_it_was_told_of_another_way_back_has_none() -> None:
    """It has seen the commit by which somebody went: there may be no other word of it yet."""
    lost = held(status=Status.lost, epoch=4, trouble="ask a member to remove you")
    late = 100.0 + 31 * 86_400
    for stayed, found in ((60, set()), (7_200, {"agree", "nobody stranded"})):
        gone = changed(2, removed=("cid",))
        seen = evidence(bob=lost, ended=late, told={"ann": [gone], "bob": [gone]})
        at(100 + stayed, seen, "bob", Renamed(GID.hex(), by="ann", before="a", name="b"))
        at(int(late), seen, "bob", back())
        assert rules(seen) == found


def test_who_came_again_when_the_word_of_another_way_back_was_not_kept_has_none() -> None:
    lost = held(status=Status.lost, epoch=4, trouble="ask a member to remove you")
    late, again = 100 + 71 * 86_400, 100 + 35 * 86_400
    gap = "entries 4 to 9 are held back, or no longer kept"
    for why, found in ((gap, set()), ("something else", {"agree", "nobody stranded"})):
        gone = changed(2, removed=("cid",))
        seen = evidence(bob=lost, ended=float(late), told={"ann": [gone], "bob": [gone]})
        at(again, seen, "bob", MessagesLost(GID.hex(), count=2, sender=None, why=why))
        at(again + 60, seen, "bob", Renamed(GID.hex(), by="ann", before="a", name="b"))
        at(late, seen, "bob", back())
        assert rules(seen) - {"losses explained"} == found


def test_the_commit_by_which_somebody_leaves_may_be_as_old_as_the_wish() -> None:
    lost = held(status=Status.lost, epoch=1, trouble="ask a member to remove you")
    late = 100.0 + 31 * 86_400
    for who, found in (("cid", set()), ("ann", {"agree", "nobody stranded"})):
        seen = evidence(bob=lost, ended=late, wanted=[Wanted(who, Leave(GID), 50.0)])
        seen.observed["cid"] = seen.observed["bob"]._replace(name="cid", groups={})
        at(int(late), seen, "ann", changed(2, left=("cid",)))
        at(int(late) - 5, seen, "bob", back())
        assert rules(seen) - {"wishes come true", "few returns"} == found


def test_who_has_told_nobody_of_the_way_back_that_it_opened_is_let_in_by_nobody() -> None:
    """It has the key of that door alone: what it leaves there is read by no other."""
    late = 100.0 + 31 * 86_400
    lost = held(status=Status.lost, epoch=2, trouble="gone")
    for by, found in (("bob", set()), ("ann", {"agree", "nobody stranded"})):
        gone = msgspec.structs.replace(changed(2, removed=("cid",)), by=by)
        seen = evidence(bob=lost, ended=late, told={"ann": [gone], "bob": [gone]})
        at(int(late), seen, "bob", back())
        assert rules(seen) - {"few returns"} == found


def test_who_knocks_at_a_door_to_which_the_others_lost_the_key_is_let_in_by_nobody() -> None:
    """What they answer to others, and to who also tries an ordinary link, says nothing of that."""
    lost = held(status=Status.lost, epoch=2, trouble="gone")
    keyless, by_link, other = "no key to it", "by a link anybody can say so", "is no member"
    for whys, found in (
        ((keyless,), set()),
        ((keyless, by_link), set()),
        ((keyless, other), {"agree", "nobody stranded"}),
        ((by_link,), {"agree", "nobody stranded"}),
    ):
        seen = evidence(bob=lost, lately={"leap": 50.0}, kinds={"leap": 1})
        at(100, seen, "bob", back())
        at(110, seen, "ann", Knocked(GID.hex(), name="eve", accepted=True, why=""))
        for why in whys:
            name = "?" if why == keyless else "bob"
            at(110, seen, "ann", Knocked(GID.hex(), name=name, accepted=False, why=why))
        assert rules(seen) - {"few returns"} == found


def test_who_was_refused_before_the_others_went_on_in_a_branch_was_turned_away() -> None:
    lost = held(status=Status.lost, authenticator=b"", members=())
    gone_on = held(status=Status.branched, authenticator=b"", members=(), secrets=0)
    refused = Knocked(GID.hex(), name="bob", accepted=False, why="is no member")
    for told, found in (([refused], False), ([], True)):
        events = {"ann": told, "bob": [RolledBack(GID.hex(), seq=3, served=1, heads=())]}
        out = evidence(ann=gone_on, bob=lost, told=events, front=denying("bob", 90))
        branch = held(gid=OTHER, predecessor=GID, members=("ann",))
        out.observed["ann"].groups[OTHER] = branch
        assert ("nobody stranded" in rules(out._replace(kinds={"rollback": 1}))) == found


def test_two_groups_are_one_too_many() -> None:
    other = bytes([1]) * 32
    split = evidence()
    groups = {GID: held(), other: held(gid=other)}
    observed = {name: each._replace(groups=groups) for name, each in split.observed.items()}
    assert rules(split._replace(observed=observed)) == {"one group"}


def test_who_was_invited_where_the_log_is_taken_back_is_alone_until_it_is_invited_again() -> None:
    other = bytes([1]) * 32
    refused = WishRefused(GID.hex(), what="invite bob", why="where they are now, they may be alone")
    for told, members, found in (
        ({"ann": [refused]}, ("ann",), set()),
        ({}, ("ann",), {"one group", "agree"}),
        ({"ann": [refused]}, ("ann", "bob"), {"one group", "agree"}),
    ):
        split = evidence(ann=held(members=members), told=told, kinds={"fork": 1})
        branch = held(gid=other, predecessor=GID, members=("ann", "bob"))
        before = held(status=Status.branched, authenticator=b"", members=(), secrets=0)
        split.observed["bob"].groups.update({GID: before, other: branch})
        assert rules(split) == found


def parted(told: Mapping[str, Sequence[Event]], **kinds: int) -> Evidence:
    """Ann has no bob in her group, and bob goes on in a branch of another one that has her."""
    split = evidence(ann=held(members=("ann",)), told=told, kinds=kinds or {"rollback": 1})
    branch = held(gid=OTHER, predecessor=b"p" * 32, members=("ann", "bob"))
    split.observed["bob"].groups.clear()
    split.observed["bob"].groups[OTHER] = branch
    return split


def test_who_is_gone_may_go_on_with_others_who_are_gone() -> None:
    """Nobody tells who is out what becomes of the others, when a lying broker took the log back."""
    gone = {"ann": [changed(2, removed=("bob",))]}
    assert judge(parted(gone)) == []
    assert rules(parted({})) == {"one group", "agree"}
    assert rules(parted(gone, race=1)) == {"one group", "agree"}
    came_again = {"ann": [changed(2, added=("bob",), removed=("bob",))]}
    assert rules(parted(came_again)) == {"one group", "agree"}
    split = parted(gone)
    ours = held(members=("ann", "bob"))
    split.observed["ann"].groups[GID] = ours
    assert rules(split) == {"one group", "agree"}


def test_those_who_go_on_apart_agree_with_each_other() -> None:
    split = parted({"ann": [changed(2, removed=("bob", "cid"))]})
    theirs = split.observed["bob"].groups[OTHER]._replace(members=("ann", "bob", "cid"))
    split.observed["bob"].groups[OTHER] = theirs
    split.observed["cid"] = split.observed["bob"]._replace(name="cid")
    assert judge(split) == []
    other = {OTHER: theirs._replace(authenticator=b"b")}
    split.observed["cid"] = split.observed["bob"]._replace(name="cid", groups=other)
    assert rules(split) == {"agree"}


def test_two_who_have_removed_each_other_are_a_group_in_two() -> None:
    bob = [msgspec.structs.replace(changed(2, removed=("ann",)), group=OTHER.hex())]
    split = parted({"ann": [changed(2, removed=("bob",))], "bob": bob})
    alone = split.observed["bob"].groups[OTHER]._replace(members=("bob",))
    split.observed["bob"].groups[OTHER] = alone
    assert rules(split) == {"one group"}


def test_who_has_left_the_branch_of_a_group_is_a_member_for_who_had_stayed() -> None:
    before = held(status=Status.branched, authenticator=b"", members=(), secrets=0)
    for status, kinds, found in (
        (Status.left, {"rollback": 1}, set()),
        (Status.branched, {"rollback": 1}, {"agree"}),
        (Status.left, {"race": 1}, {"agree"}),
    ):
        split = evidence(bob=before, kinds=kinds)
        split.observed["bob"].groups[OTHER] = held(
            gid=OTHER, predecessor=GID, status=status, members=(), secrets=0
        )
        assert rules(split) == found


def test_who_has_left_one_branch_is_a_member_of_another_for_who_went_on_there() -> None:
    before = held(status=Status.branched, authenticator=b"", members=(), secrets=0)
    third = b"third".ljust(32)
    for status, kinds, found in (
        (Status.left, {"rollback": 1}, False),
        (Status.active, {"rollback": 1}, True),
        (Status.left, {"race": 1}, True),
    ):
        split = evidence(ann=before, bob=before, kinds=kinds)
        branch = held(gid=OTHER, predecessor=GID)
        split.observed["ann"].groups[OTHER] = branch
        split.observed["bob"].groups[third] = branch._replace(gid=third, status=status)
        assert ("agree" in rules(split)) == found


def test_who_is_alone_in_a_branch_that_all_others_have_left_is_with_them_elsewhere() -> None:
    for members, kinds, found in (
        (("ann",), {"rollback": 1}, False),
        (("ann", "bob"), {"rollback": 1}, True),
        (("ann",), {"race": 1}, True),
    ):
        split = evidence(kinds=kinds)
        branch = held(gid=OTHER, predecessor=GID, members=members)
        split.observed["ann"].groups[OTHER] = branch
        assert ("one group" in rules(split)) == found


def test_who_is_alone_in_a_branch_into_which_nobody_has_come_sees_that() -> None:
    for awaited, came, found in (
        (("bob",), False, False),
        ((), False, True),
        (("bob",), True, True),
    ):
        split = evidence(kinds={"rollback": 1})
        branch = held(gid=OTHER, predecessor=GID, members=("ann", "bob"), awaited=awaited)
        split.observed["ann"].groups[OTHER] = branch
        if came:
            split.observed["bob"].groups[OTHER] = branch._replace(status=Status.left, secrets=0)
        assert ("one group" in rules(split)) == found


def test_who_was_let_into_a_branch_from_outside_may_be_in_both() -> None:
    """Nothing that a group says of itself folds it."""
    for predecessor, kinds, found in (
        (b"", {"rollback": 1}, False),
        (GID, {"rollback": 1}, True),
        (b"", {"race": 1}, True),
    ):
        split = evidence(kinds=kinds)
        folded = held(gid=OTHER, predecessor=GID, status=Status.branched, members=(), secrets=0)
        split.observed["ann"].groups[OTHER] = folded
        branch = held(gid=OTHER, predecessor=predecessor, members=("ann", "bob"))
        split.observed["bob"].groups[OTHER] = branch
        assert ("one group" in rules(split)) == found


def test_people_are_asked_which_branch_is_to_be_of_which_only_one_is_in_both() -> None:
    for holders, asked, kinds, found in (
        (("ann",), True, {"rollback": 1}, False),
        (("ann",), False, {"rollback": 1}, True),
        (("ann", "bob"), True, {"rollback": 1}, True),
        (("ann",), True, {"race": 1}, True),
    ):
        what = f"go on here with what was said in {OTHER.hex()[:8]}"
        told = [WishRefused(GID.hex(), what=what, why="both go on from one")] if asked else []
        split = evidence(told={"ann": told}, kinds=kinds)
        branch = held(gid=OTHER, predecessor=b"o" * 32, members=("ann", "bob"))
        for each in holders:
            split.observed[each].groups[OTHER] = branch
        assert ("one group" in rules(split)) == found


def test_who_is_left_in_a_branch_that_folds_is_told_of() -> None:
    for what, found in (("take bob along", False), ("take cid along", True), ("invite bob", True)):
        refused = WishRefused(GID.hex(), what=what, why="it is over")
        split = evidence(ann=held(members=("ann",)), told={"ann": [refused]}, **SET_BACK)
        folded = "it folded into another one"
        split.observed["ann"].groups[OTHER] = held(
            gid=OTHER,
            predecessor=GID,
            status=Status.branched,
            trouble=folded,
            members=(),
            secrets=0,
        )
        split.observed["bob"].groups.clear()
        split.observed["bob"].groups[OTHER] = held(gid=OTHER, members=("ann", "bob"))
        assert ("one group" in rules(split)) == found


def test_who_was_let_in_by_somebody_who_left_is_known_to_nobody() -> None:
    into = Joined(GID.hex(), name="covey", how="link", inviter="cid", epoch=1)
    branched = held(status=Status.branched, authenticator=b"", members=(), secrets=0)
    for status, began, found in (
        (Status.left, {"rollback": 50.0}, False),
        (Status.left, {"rollback": 150.0}, True),
        (Status.left, {}, True),
        (Status.branched, {"rollback": 50.0}, True),
    ):
        kinds = dict.fromkeys(began, 1)
        split = evidence(ann=branched, told={"bob": [into]}, began=began, kinds=kinds)
        branch = held(gid=OTHER, predecessor=GID, members=("ann",))
        split.observed["ann"].groups[OTHER] = branch
        gone = held(status=status, members=(), secrets=0)
        split.observed["cid"] = split.observed["bob"]._replace(
            name="cid", groups={GID: gone}, told=()
        )
        assert ("one group" in rules(split)) == found


def test_who_is_let_into_a_branch_by_whom_it_cannot_know_is_lost_where_it_was() -> None:
    lost = held(status=Status.lost, epoch=5, authenticator=b"", members=(), secrets=0)
    gone_on = held(status=Status.branched, authenticator=b"", members=(), secrets=0)
    into = Joined(OTHER.hex(), name="covey", how="welcome", inviter="ann", epoch=2)
    for came, kinds, found in ((7, {"fork": 1}, False), (5, {"fork": 1}, True), (7, {}, True)):
        came_in = Joined(GID.hex(), name="covey", how="link", inviter="eve", epoch=came)
        parted = evidence(
            ann=gone_on, bob=lost, told={"ann": [came_in], "bob": [into]}, kinds=kinds
        )
        for name, before in (("ann", GID), ("bob", b"")):
            parted.observed[name].groups[OTHER] = held(gid=OTHER, predecessor=before)
        assert ("nobody stranded" in rules(parted)) == found


def test_a_log_that_is_taken_back_after_a_month_of_sleep_parts_people() -> None:
    """The ways back that all knew were shut before it."""
    lost = held(status=Status.lost, authenticator=b"", trouble="ask a member to remove you")
    refused = WishRefused(GID.hex(), what="come back", why="it is shut: ask a member to remove you")
    for days, kinds, found in (
        (31, {"rollback": 1}, set()),
        (31, {"race": 1}, {"agree", "nobody stranded"}),
        (29, {"rollback": 1}, {"agree", "nobody stranded"}),
    ):
        seen = evidence(bob=lost, told={"bob": [refused]}, kinds=kinds)
        at(100 - days * 86_400, seen, "bob", Renamed(GID.hex(), by="ann", before="", name="b"))
        assert rules(seen) == found


def test_a_fork_that_outlasts_the_old_ways_back_parts_people() -> None:
    """Whoever is on the wrong side knows only doors that were closed since."""
    lost = held(status=Status.lost, authenticator=b"", trouble="ask a member to remove you")
    refused = WishRefused(GID.hex(), what="come back", why="it is shut: ask a member to remove you")
    for days, found in ((31, set()), (29, {"agree", "nobody stranded"})):
        parted = {"fork": 100.0 - days * 86_400.0}
        assert rules(evidence(bob=lost, told={"bob": [refused]}, began=parted)) == found
        into = Joined(OTHER.hex(), name="covey", how="branched", epoch=1)
        split = evidence(told={"bob": [into]}, began=parted)
        before = held(status=Status.branched, authenticator=b"", members=(), secrets=0)
        branch = held(gid=OTHER, predecessor=GID, members=("ann", "bob"))
        split.observed["bob"].groups.update({GID: before, OTHER: branch})
        assert bool(rules(split)) == bool(found)


def test_a_branch_may_be_without_an_owner_who_finds_no_way_back() -> None:
    branch = held(gid=OTHER, predecessor=GID, members=("bob",), owners=())
    before = held(status=Status.branched, authenticator=b"", members=(), secrets=0)
    for trouble, found in (("ask a member to remove you", False), ("gone", True)):
        lost = held(status=Status.lost, authenticator=b"", members=(), trouble=trouble)
        split = evidence(ann=lost)
        split.observed["bob"].groups.update({GID: before, OTHER: branch})
        assert ("owned" in rules(split)) == found


def test_a_branch_of_who_is_parted_from_its_owner_has_none() -> None:
    into = Joined(OTHER.hex(), name="covey", how="branched", epoch=1)
    before = held(status=Status.branched, authenticator=b"", members=(), secrets=0)
    for days, owners, found in ((31, ("ann",), False), (31, (), True), (29, ("ann",), True)):
        parted = {"fork": 100.0 - days * 86_400.0}
        split = evidence(ann=held(owners=owners), told={"bob": [into]}, began=parted)
        branch = held(gid=OTHER, predecessor=GID, members=("ann", "bob"), owners=())
        split.observed["bob"].groups.update({GID: before, OTHER: branch})
        assert ("owned" in {each.rule for each in judge(split) if each.who == "bob"}) == found


def test_a_commit_that_waited_counts_from_when_it_was_wanted() -> None:
    """The old way back closes as long after that, however late the broker has taken it."""
    late = 100.0 + 31 * 86_400
    lost = held(status=Status.lost, epoch=1, trouble="ask a member to remove you")
    told = {"bob": [back()]}
    for wanted, found in ((90.0, set()), (late - 60, {"agree", "nobody stranded"})):
        seen = evidence(bob=lost, ended=late, told=told, kinds={"away": 1})
        at(int(late - 50), seen, "ann", changed(2, removed=("cid",)))
        order = Wanted("ann", Remove(GID, ("cid",)), wanted)
        assert rules(seen._replace(wanted=[order])) == found


def test_who_says_that_entries_are_held_back_has_noticed() -> None:
    """Another log of an epoch looks like a gap in this one, if nothing of it is kept."""
    for why, found in (("entries 2 to 3 are held back", set()), ("gone", {"lies noticed"})):
        told = {"bob": [MessagesLost(GID.hex(), count=2, sender=None, why=why)]}
        began = {"fork": 80.0}
        assert rules(evidence(front=denying("bob", 90.0), told=told, began=began)) == found


def test_people_are_let_in_anew_as_often_as_there_is_a_reason() -> None:
    twice = [back(), back()]
    for kinds, found in (
        ({}, {"few returns"}),
        ({"leap": 1}, set()),
        ({"drop": 1}, {"few returns"}),
    ):
        assert rules(evidence(told={"bob": twice}, kinds=kinds)) == found
    let_in = [changed(epoch, added=("bob",), removed=("bob",)) for epoch in (2, 3)]
    again = evidence(told={"ann": let_in})
    assert rules(again) == {"few returns"}
    assert judge(again._replace(kinds={"fork": 1})) == []
    assert judge(again._replace(wanted=[Wanted("ann", Invite(GID, ("bob",)), 50.0)])) == []
    assert judge(again._replace(front=liar(shut_out={"ann": set(), "bob": {b"parcel"}}))) == []
    for lie_at, found in ((50.0, False), (150.0, True)):
        lied = evidence(
            told={"ann": let_in, "bob": [Branching(GID.hex(), why="entry 3 came after entry 3")]},
            front=liar(caught=[Caught("bob", GID, Lie.replay, lie_at)]),
        )
        assert ("few returns" in rules(lied)) == found
