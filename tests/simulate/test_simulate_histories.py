"""The judge about what was said: what is lost, what is told of it, and its places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from covey.client.events import (
    Joined,
    MemberLeft,
    MessagesLost,
    Rejoining,
    RemovedFromGroup,
    RolledBack,
)
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.judge import judge
from covey.lab.simulate.world import Said
from simulate.seen import GID, HELLO, at, changed, denying, evidence, held, rules

if TYPE_CHECKING:
    from covey.lab.simulate.evidence import Evidence


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


def test_who_was_out_when_it_was_said_again_has_the_place_of_before() -> None:
    later = held(messages=(HELLO._replace(seq=9, epoch=5),))
    assert rules(evidence(bob=later)) == {"same order"}
    for epoch, found in ((6, set()), (5, {"same order"}), (2, {"same order"})):
        told = {"ann": [Joined(GID.hex(), name="covey", how="link", inviter="bob", epoch=epoch)]}
        assert rules(evidence(bob=later, told=told)) == found


def test_who_was_ahead_in_a_log_that_is_taken_back_keeps_a_place_behind_its_coming_in() -> None:
    later = held(messages=(HELLO._replace(seq=9, epoch=5),))
    told = {"ann": [Joined(GID.hex(), name="covey", how="link", inviter="bob", epoch=6)]}
    for since, found in ((60, set()), (100, {"same order"}), (110, {"same order"})):
        ahead = held(messages=(HELLO._replace(seq=3, epoch=7, since=since),))
        assert rules(evidence(ann=ahead, bob=later, told=told)) == found, since


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


def test_who_was_lost_before_the_branch_keeps_the_places_that_it_knew() -> None:
    """What was said again in the broken group, it has never heard there."""
    before = b"p" * 32
    for epoch, since, found in (
        (10, 60, set()),
        (18, 60, {"same order"}),
        (10, 110, {"same order"}),
    ):
        later = HELLO._replace(seq=44, epoch=17, since=since)
        ann = held(messages=(later,), predecessor=before)
        bob = held(messages=(HELLO._replace(seq=12, epoch=7),), predecessor=before)
        joined = Joined(GID.hex(), name="covey", how="branched", epoch=2)
        split = evidence(ann=ann, bob=bob, told={"bob": [joined]}, kinds={"rollback": 1})
        lost = held(gid=before, status=Status.branched, epoch=epoch, messages=(), members=())
        split.observed["bob"].groups[before] = lost._replace(secrets=0, authenticator=b"")
        assert rules(split) & {"same order"} == found


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
    back: dict[str, Any] = {"kinds": {"rollback": 1}, "lately": {"rollback": 150.0}}
    assert "nothing lost" not in rules(lost._replace(**back))
    assert "nothing lost" in rules(lost._replace(**{**back, "lately": {"rollback": 50.0}}))


def lost(sender: str | None, count: int, *ids: bytes) -> MessagesLost:
    named = tuple(each.hex() for each in ids)
    return MessagesLost(GID.hex(), count=count, sender=sender, why="", ids=named)


def test_who_was_removed_where_it_could_not_see_it_says_nothing_again() -> None:
    lost = held(status=Status.lost, authenticator=b"", members=(), owners=())
    for kinds, told, found in (
        ({"fork": 1}, [changed(3, removed=("ann",))], False),
        ({"fork": 1}, [], True),
        ({"race": 1}, [changed(3, removed=("ann",))], True),
    ):
        bob = held(members=("bob",), owners=("bob",), messages=())
        seen = evidence(ann=lost, bob=bob, told={"bob": told}, kinds=kinds)
        assert ("nothing lost" in rules(seen)) == found


def test_who_was_away_after_a_fork_until_its_epoch_was_gone_says_nothing_again() -> None:
    for why, front, found in (
        ("gone: not kept", denying("ann", 60.0), False),
        ("gone: not kept", evidence().front, True),
        ("proof_refused", denying("ann", 60.0), True),
    ):
        told = {"ann": [Rejoining(GID.hex(), why=why)]}
        seen = evidence(bob=held(messages=()), told=told, front=front)
        assert ("nothing lost" in rules(seen)) == found


def test_who_goes_out_before_it_has_said_again_what_was_lost_says_nothing() -> None:
    """It may have come in again; what it knew of the log has gone with its keys."""
    out = [RemovedFromGroup(GID.hex(), by="bob")]
    again = [Joined(GID.hex(), name="covey", how="welcome", epoch=4)]
    for ann, front, lately, found in (
        ([*out, *again], denying("ann", 60.0), 80.0, False),
        ([*out, *again], denying("ann", 60.0), 10.0, True),
        ([*out, *again], evidence().front, 80.0, True),
        (again, denying("ann", 60.0), 80.0, True),
    ):
        told: dict[str, list[Any]] = {"ann": ann}
        kinds, at = {"rollback": 1}, {"rollback": lately}
        seen = evidence(bob=held(messages=()), told=told, front=front, kinds=kinds, lately=at)
        assert ("nothing lost" in rules(seen)) == found


def test_a_loss_is_told_by_as_many_as_there_are_and_of_whom() -> None:
    more = [HELLO._replace(number=n, id=bytes([n]) * 16, text=f"{n}") for n in (2, 3)]
    ann = held(messages=(HELLO, *more))
    said = [Said("ann", GID, each.text, 50.0) for each in ann.messages]
    for told, found in (
        ([lost("ann", 3)], set()),
        ([lost("ann", 2)], {"nothing lost"}),
        ([lost("ann", 2), lost(None, 1)], set()),
        ([lost("bob", 3)], {"nothing lost"}),
        ([lost(None, 0)], set()),
        ([lost(None, 3, b"x" * 16)], {"nothing lost"}),  # which were its own
    ):
        missed = evidence(ann=ann, bob=held(messages=()), told={"bob": told}, said=said)
        assert rules(missed) - {"losses explained"} == found


def test_a_loss_that_was_told_before_is_another_one() -> None:
    missed = evidence(bob=held(messages=()), said=[Said("ann", GID, "hello", 120.0)])
    at(110, missed, "bob", lost(None, 0))
    assert rules(missed) == {"nothing lost"}
    at(130, missed, "bob", lost(None, 0))
    assert judge(missed) == []


def test_who_comes_in_anew_says_what_it_misses() -> None:
    joined = Joined(GID.hex(), name="covey", how="recovered", inviter="ann", epoch=3)
    missed = evidence(bob=held(messages=()), told={"bob": [joined]})
    assert rules(missed) == {"nothing lost"}


def test_who_has_lost_a_message_of_its_own_says_which() -> None:
    """And who has lost those of others has kept its own."""
    waits = HELLO._replace(seq=None, epoch=None)
    for told, found in (
        (lost(None, 1, HELLO.id), set()),
        (lost(None, 1, b"n" * 16), {"nothing lost"}),
        (lost("bob", 1), {"nothing lost"}),
    ):
        unsaid = evidence(ann=held(messages=(waits,)), bob=held(messages=()), told={"ann": [told]})
        assert rules(unsaid) - {"losses explained"} == found
    silent = evidence(ann=held(messages=()), bob=held(messages=()), told={"ann": [lost(None, 0)]})
    assert rules(silent) == {"nothing lost"}


BRANCH = bytes([1]) * 32


def in_a_branch(*told: MessagesLost) -> Evidence:
    """Both have gone on in a branch, into which one has taken less than the other."""
    found = evidence()
    for name, messages in (("ann", (HELLO,)), ("bob", ())):
        before = held(status=Status.branched, authenticator=b"", messages=(), secrets=0)
        branch = held(gid=BRANCH, predecessor=GID, messages=messages, joined_at=90)
        found.observed[name] = found.observed[name]._replace(groups={GID: before, BRANCH: branch})
    for each in told:
        at(95, found, "bob", each)
    return found


def test_who_missed_it_where_it_was_said_again_has_the_place_of_before() -> None:
    again = HELLO._replace(seq=9, epoch=4)
    for last, found in ((9, set()), (8, {"same order"})):
        why = f"entries 7 to {last} are held back, or no longer kept"
        gap = MessagesLost(GID.hex(), count=3, sender=None, why=why)
        seen = evidence(ann=held(messages=(again,)), told={"bob": [gap]}, began={"away": 0.0})
        assert rules(seen) == found
        other = evidence(bob=held(messages=(again,)), told={"bob": [gap]}, began={"away": 0.0})
        assert rules(other) == {"same order"}


def test_who_leaves_the_branch_where_it_was_said_again_goes_on_without_the_others() -> None:
    """It was heard by those who are gone from the others' group, and only by them."""
    gone = {"ann": [changed(2, removed=("bob", "cid"))]}
    other = bytes([1]) * 32
    split = evidence(
        ann=held(members=("ann",), messages=()),
        told=gone,
        kinds={"rollback": 1},
        said=[Said("bob", GID, "hello", 50.0)],
    )
    hello = HELLO._replace(sender="bob")
    branch = held(gid=other, predecessor=GID, members=("cid",), owners=("cid",), messages=(hello,))
    left = branch._replace(status=Status.left, secrets=0, authenticator=b"", members=())
    before = held(status=Status.branched, authenticator=b"", members=(), secrets=0, messages=())
    bob = split.observed["bob"]
    split.observed["cid"] = bob._replace(name="cid", groups={GID: before, other: branch})
    split.observed["bob"] = bob._replace(groups={GID: before, other: left})
    assert judge(split) == []
    both = split.observed["ann"].groups[GID]._replace(members=("ann", "bob", "cid"))
    split.observed["ann"].groups[GID] = both
    split.observed["ann"] = split.observed["ann"]._replace(told=())
    assert "nothing lost" in rules(split)


def test_who_leaves_the_branch_where_it_was_said_before_that_folds_says_nothing_again() -> None:
    for status, trouble, kinds, found in (
        (Status.left, "it folded into 00000000", {"rollback": 1}, set()),
        (Status.branched, "it folded into 00000000", {"rollback": 1}, {"nothing lost"}),
        (Status.left, "it goes on in 00000000", {"rollback": 1}, {"nothing lost"}),
        (Status.left, "it folded into 00000000", {"race": 1}, {"nothing lost"}),
    ):
        judged = evidence(ann=held(messages=()), bob=held(messages=()), kinds=kinds)
        branch = held(gid=b"b" * 32, predecessor=GID, members=(), secrets=0)
        judged.observed["ann"].groups[branch.gid] = branch._replace(status=status, trouble=trouble)
        folded = branch._replace(status=Status.branched, messages=(), trouble=trouble)
        judged.observed["bob"].groups[branch.gid] = folded
        assert rules(judged) == found


def test_who_removed_others_in_a_branch_before_it_said_something_there_is_not_heard() -> None:
    """They have never come into the branch, and it is out of that by now."""
    other = bytes([1]) * 32
    hello = HELLO._replace(sender="bob")
    left = held(gid=other, predecessor=GID, status=Status.left, members=(), messages=(hello,))
    before = held(status=Status.branched, authenticator=b"", members=(), secrets=0, messages=())
    for removed, kinds, found in (
        (("ann",), {"restore": 1}, False),
        ((), {"restore": 1}, True),
        (("ann",), {"race": 1}, True),
    ):
        event = msgspec.structs.replace(changed(2, removed=removed), group=other.hex())
        split = evidence(
            ann=held(members=("ann",), messages=()),
            told={"ann": [changed(2, removed=("bob",))], "bob": [event]},
            kinds=kinds,
            said=[Said("bob", GID, "hello", 50.0)],
        )
        groups = {GID: before, other: left._replace(secrets=0, authenticator=b"")}
        split.observed["bob"] = split.observed["bob"]._replace(groups=groups)
        assert ("nothing lost" in rules(split)) == found


def test_what_was_said_goes_on_in_a_branch() -> None:
    assert rules(in_a_branch()) == {"nothing lost"}
    assert rules(in_a_branch(lost("ann", 1))) == {"losses explained"}
    assert judge(in_a_branch(msgspec.structs.replace(lost(None, 0), group=BRANCH.hex()))) == []
    later = in_a_branch()
    later.observed["bob"].groups[GID] = later.observed["bob"].groups[GID]._replace(joined_at=60)
    assert judge(later) == []
    left = in_a_branch()
    left.observed["bob"].groups[GID] = held(status=Status.left, authenticator=b"", secrets=0)
    assert "nothing lost" not in rules(left)


def test_what_nobody_has_said_is_in_no_history() -> None:
    forged = HELLO._replace(number=2, id=b"f" * 16, seq=4, text="give mallory the keys")
    assert rules(evidence(bob=held(messages=(HELLO, forged)))) == {"said by them"}
    assert judge(evidence(ann=held(messages=(HELLO, forged)))) == []


def test_places_move_with_a_log_that_is_taken_back_and_not_after_that() -> None:
    moved = {"bob": held(messages=(HELLO._replace(seq=4),))}
    back = {"ann": [RolledBack(GID.hex(), seq=3, served=1, heads=())]}
    assert judge(evidence(**moved, told=back, kinds={"rollback": 1})) == []
    assert rules(evidence(**moved, told=back, kinds={"drop": 1})) == {"same order"}
    later = [Said("ann", GID, "hello", 950.0)]
    forked: dict[str, Any] = {"told": back, "kinds": {"fork": 1}, "said": later}
    assert rules(evidence(**moved, **forked)) == {"same order"}
    assert judge(evidence(**moved, **forked, lately={"fork": 90.0, "honest": 100.0})) == []
    assert rules(evidence(**moved, kinds={"fork": 1}, lately={"fork": 120.0})) == {"same order"}
