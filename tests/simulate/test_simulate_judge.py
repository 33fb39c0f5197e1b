"""The judge: each rule, kept and broken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from covey.client.events import (
    ForkFound,
    Joined,
    MemberLeft,
    MembersChanged,
    MessagesLost,
    Rejoining,
    RemovedFromGroup,
    Renamed,
    RolledBack,
    WishRefused,
)
from covey.client.sync.groups import Status
from covey.lab.simulate.actors import Invite, Remove, Rename
from covey.lab.simulate.evidence import Evidence
from covey.lab.simulate.judge import judge
from covey.lab.simulate.lies import Shown
from covey.lab.simulate.observing import Held, Message, Observed, Told
from covey.lab.simulate.sealing import Sealed
from covey.lab.simulate.world import Said, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.client.events import Event
    from covey.lab.simulate.lies import Front

GID = bytes(32)
NOBODY: dict[str, tuple[str, ...]] = {"added": (), "removed": (), "left": ()}
HELLO = Message(1, b"m" * 16, 3, 2, "ann", "hello", 60)


def held(**changed: Any) -> Held:  # noqa: ANN401 - fields of all kinds
    plain = Held(
        gid=GID,
        predecessor=b"",
        status=Status.active,
        trouble="",
        epoch=2,
        authenticator=b"a",
        members=("ann", "bob"),
        awaited=(),
        name="covey",
        seq=3,
        hash=bytes(32),
        joined_at=0,
        messages=(HELLO,),
        waiting=0,
        wishes=0,
        pending=False,
        secrets=9,
    )
    return plain._replace(**changed)


def evidence(
    ann: Held | None = None,
    bob: Held | None = None,
    told: Mapping[str, Sequence[Event]] | None = None,
    **changed: Any,  # noqa: ANN401 - likewise
) -> Evidence:
    events = told or {}
    observed = {
        name: Observed(
            name,
            {GID: each},
            tuple(Told(number, 100, event) for number, event in enumerate(events.get(name, ()))),
        )
        for name, each in (("ann", ann or held()), ("bob", bob or held()))
    }
    front = cast("Front", SimpleNamespace(caught={}, denied=dict))
    plain = Evidence(
        observed, [Said("ann", GID, "hello", 50.0)], [], front, Sealed(), {}, {}, {}, 200.0
    )
    return plain._replace(**changed)


def rules(found: Evidence) -> set[str]:
    return {each.rule for each in judge(found)}


def test_all_is_well() -> None:
    assert judge(evidence()) == []


BROKEN: dict[str, Evidence] = {
    "agree": evidence(bob=held(authenticator=b"b")),
    "quiet": evidence(bob=held(waiting=1)),
    "once": evidence(bob=held(messages=(HELLO, HELLO._replace(number=2, id=b"n" * 16)))),
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
        front=cast("Front", SimpleNamespace(caught={("bob", GID): "drop"}, denied=dict))
    ),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_that_is_broken_is_named(rule: str) -> None:
    assert rules(BROKEN[rule]) == {rule}


def test_who_has_lost_its_way_and_is_a_member_is_named() -> None:
    lost = held(status=Status.copy, authenticator=b"", members=())
    assert rules(evidence(bob=lost)) == {"agree", "nobody stranded"}


def test_a_key_that_sealed_two_things_is_named() -> None:
    sealed = Sealed()
    sealed.twice.append("a key")
    assert rules(evidence(sealed=sealed)) == {"keys once"}


def test_a_loss_that_is_told_is_none() -> None:
    told = {"bob": [MessagesLost(GID.hex(), count=1, sender=None, why="")]}
    assert judge(evidence(bob=held(messages=()), told=told)) == []


def test_a_loss_has_a_reason_when_somebody_has_lied_before() -> None:
    told = {"bob": [MessagesLost(GID.hex(), count=1, sender="ann", why="")]}
    assert judge(evidence(told=told, began={"fork": 90.0})) == []
    assert rules(evidence(told=told, began={"fork": 110.0})) == {"losses explained"}


def test_a_loss_has_a_reason_when_its_sender_tells_of_it() -> None:
    lost = MessagesLost(GID.hex(), count=1, sender="ann", why="")
    told = {"bob": [lost], "ann": [MessagesLost(GID.hex(), count=1, sender=None, why="")]}
    assert judge(evidence(told=told)) == []


def test_who_came_later_misses_nothing() -> None:
    assert judge(evidence(bob=held(messages=(), joined_at=60))) == []


def test_a_wish_that_is_refused_has_an_end() -> None:
    wanted = [Wanted("ann", Rename(GID, "other"), 50.0)]
    assert rules(evidence(wanted=wanted)) == {"wishes come true"}
    told = {"ann": [WishRefused(GID.hex(), what="rename", why="no")]}
    assert judge(evidence(wanted=wanted, told=told)) == []
    assert judge(evidence(ann=held(name="other"), wanted=wanted)) == []


def test_a_lie_that_is_told_of_is_noticed() -> None:
    front = BROKEN["lies noticed"].front
    told = {"bob": [ForkFound(GID.hex(), heads=(), sentence="a lie")]}
    assert judge(evidence(front=front, told=told)) == []


def test_who_was_out_when_it_was_said_again_has_the_place_of_before() -> None:
    later = held(messages=(HELLO._replace(seq=9, epoch=5),))
    assert rules(evidence(bob=later)) == {"same order"}
    for epoch, found in ((6, set()), (5, {"same order"}), (2, {"same order"})):
        told = {"ann": [Joined(GID.hex(), name="covey", how="link", inviter="bob", epoch=epoch)]}
        assert rules(evidence(bob=later, told=told)) == found


def test_who_comes_late_into_a_branch_keeps_the_places_of_before() -> None:
    """Its places are those of the broken group's log, which nothing compares with the branch's."""
    early = held(messages=(HELLO._replace(seq=9, epoch=5),), predecessor=b"p" * 32)
    again = held(messages=(HELLO._replace(seq=4, epoch=2),), predecessor=b"p" * 32)
    for epoch, since, found in (
        (3, 60, set()),
        (2, 60, {"same order"}),
        (3, 110, {"same order"}),
    ):
        joined = Joined(GID.hex(), name="covey", how="branched", epoch=epoch)
        late = early._replace(messages=tuple(m._replace(since=since) for m in early.messages))
        assert rules(evidence(ann=again, bob=late, told={"bob": [joined]})) == found


def denying(name: str, at: float) -> Front:
    shown = {Shown(name, GID, 3, bytes(32)): at}
    return cast("Front", SimpleNamespace(caught={}, denied=lambda: shown))


def test_who_went_out_knows_nothing_of_a_log_that_is_taken_back() -> None:
    assert rules(evidence(front=denying("bob", 90.0))) == {"lies noticed"}
    gone = {"bob": [RemovedFromGroup(GID.hex(), by="ann")]}
    assert judge(evidence(front=denying("bob", 90.0), told=gone)) == []
    assert rules(evidence(front=denying("bob", 110.0), told=gone)) == {"lies noticed"}


def test_last_words_are_missed_like_others() -> None:
    """They were said behind where others were: who is beyond them says so by the log's numbers."""
    gone = {"ann": [MemberLeft(GID.hex())]}
    missed = evidence(bob=held(messages=(), members=("bob",)), told=gone, front=denying("bob", 90))
    missed.observed["ann"].groups[GID] = held(status=Status.left, authenticator=b"", secrets=0)
    at(100, missed, "bob", RolledBack(GID.hex(), seq=3, served=1, heads=()))
    assert rules(missed) == {"nothing lost"}
    at(100, missed, "bob", MessagesLost(GID.hex(), count=1, sender=None, why="put before"))
    assert judge(missed) == []


def test_who_went_out_where_the_log_is_taken_back_says_nothing_again() -> None:
    gone = {"ann": [MemberLeft(GID.hex())]}
    lost = evidence(ann=held(status=Status.left), bob=held(messages=(), members=("bob",)))
    lost = lost._replace(observed=evidence(told=gone).observed | {"bob": lost.observed["bob"]})
    assert "nothing lost" in rules(lost)
    assert "nothing lost" not in rules(lost._replace(front=denying("ann", 90.0)))


def changed(epoch: int, **how: tuple[str, ...]) -> MembersChanged:
    return MembersChanged(GID.hex(), epoch=epoch, by="ann", **{**NOBODY, **how})


def test_who_was_invited_in_vain_is_seen_to_be_missing() -> None:
    told = {"ann": [changed(2, added=("bob",))]}
    missing = evidence(ann=held(awaited=("bob",)), told=told)
    missing.observed["bob"].groups.clear()
    assert rules(missing) == {"agree"}
    assert judge(missing._replace(lately={"leap": 150.0})) == []
    assert rules(missing._replace(lately={"leap": 50.0})) == {"agree"}
    arrived = evidence(told=told, lately={"leap": 150.0})
    arrived.observed["bob"].groups.clear()
    assert rules(arrived) == {"agree"}


def back(gid: bytes = GID) -> Rejoining:
    return Rejoining(gid.hex(), why="gone")


def at(moment: int, found: Evidence, name: str, event: Event) -> None:
    """Let somebody tell something at a moment, beside what it has told."""
    observed = found.observed[name]
    told = (*observed.told, Told(len(observed.told), moment, event))
    found.observed[name] = observed._replace(told=told)


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


def test_who_has_told_nobody_of_the_way_back_that_it_opened_is_let_in_by_nobody() -> None:
    """It has the key of that door alone: what it leaves there is read by no other."""
    late = 100.0 + 31 * 86_400
    lost = held(status=Status.lost, epoch=2, trouble="gone")
    for by, found in (("bob", set()), ("ann", {"agree", "nobody stranded"})):
        gone = msgspec.structs.replace(changed(2, removed=("cid",)), by=by)
        seen = evidence(bob=lost, ended=late, told={"ann": [gone], "bob": [gone]})
        at(int(late), seen, "bob", back())
        assert rules(seen) - {"few returns"} == found


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


def test_who_is_gone_may_go_on_with_others_who_are_gone() -> None:
    """Nobody tells who is out what becomes of the others, when a lying broker took the log back."""
    other = bytes([1]) * 32
    for gone, members, found in (
        ({"removed": ("bob",)}, ("ann",), set()),
        ({}, ("ann",), {"one group", "agree"}),
        ({"removed": ("bob",)}, ("ann", "bob"), {"one group", "agree"}),
    ):
        told = {"ann": [changed(2, **gone)]}
        split = evidence(ann=held(members=members), told=told, kinds={"rollback": 1})
        branch = held(gid=other, predecessor=b"p" * 32, members=("ann", "bob"))
        split.observed["bob"].groups.clear()
        split.observed["bob"].groups[other] = branch
        assert rules(split) == found
        assert rules(split._replace(kinds={})) >= {"one group"}


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
