"""Who could not come into a branch, or where a log was set back, is let in anew by the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.table import PACE
from covey.client import events
from covey.client.sync.branches import winning
from covey.client.sync.group import remembering
from covey.client.sync.log import entering
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.client.words.profile import Role

if TYPE_CHECKING:
    from client.table import Someone, Table
    from covey.client.sync.log.place import Place

DAY = 86_400


def breaks(*people: Someone) -> None:
    """Nobody of them can follow the commit that closes the epoch of their group."""
    for each in people:
        each.breaks(each.place)


def there(someone: Someone) -> Place:
    """The group in which somebody is."""
    [place] = [each for each in someone.peer.places() if each.seat.look().status.is_in]
    return place


def agree(*people: Someone) -> bool:
    """Whether they are all in one group, in one epoch, and nobody else is."""
    seats = [there(each).seat for each in people]
    assert {len(each.group.members) for each in seats} == {len(people)}
    return len({each.group.epoch_authenticator for each in seats}) == 1


def joined(someone: Someone) -> list[str]:
    """In which ways it has come in."""
    return [each.how for each in someone.news() if isinstance(each, events.Joined)]


def asked(table: Table, *operations: str) -> list[str]:
    """Who has asked for something since the last look."""
    found = [who for who, operation in table.asked if operation in operations]
    table.asked.clear()
    return found


def slowly(table: Table, *people: Someone) -> None:
    table.settle(*people, rounds=40, step=10)


def test_whom_no_pointer_reaches_is_let_into_the_branch_anew(table: Table) -> None:
    people = alice, bob, carol = table.team("alice", "bob", "carol")
    alice.say("before")
    table.settle(*people)
    old = carol.place
    carol.say("waits")
    breaks(*people)
    carol.forgets_key_packages()
    for each in people:
        each.news()
    table.settle(alice, bob, rounds=20)
    assert there(alice).seat.row.predecessor == old.seat.row.gid
    asked(table)
    for _ in range(3):
        carol.turn()
    assert "carol" in asked(table, "publish")  # what is at the broker opens nothing: it goes
    assert old.seat.look().status is Status.broken
    table.settle(alice, bob, rounds=16)
    table.settle(*people)
    assert agree(*people)
    assert joined(carol) == ["branched"]
    assert old.seat.look().status is Status.branched
    for each in people:
        assert sorted(each.texts_of(there(each))) == ["before", "waits"]


def test_who_is_let_in_anew_twice_before_it_looks_loses_nothing_that_waits(table: Table) -> None:
    """By the first pointer it comes in, and reads that it goes, for a leaf of the second one."""
    people = alice, bob, carol = table.team("alice", "bob", "carol")
    carol.say("waits")
    breaks(*people)
    carol.forgets_key_packages()
    table.settle(alice, bob, rounds=20)
    for _ in range(3):
        carol.turn()
    carol.news()
    slowly(table, alice, bob)
    table.settle(*people)
    assert agree(*people)
    told = carol.news()
    assert not [each for each in told if isinstance(each, events.RemovedFromGroup)]
    assert not [each for each in told if isinstance(each, events.MessagesLost) and each.ids]
    assert [each.texts_of(there(each)) for each in people] == [["waits"]] * 3


def test_who_is_let_in_anew_before_it_has_come_is_not_told_that_it_was_removed(
    table: Table,
) -> None:
    """A pointer follows; when that gets lost, too, it knocks."""
    alice, carol = has_not_come(table)
    slowly(table, alice, carol)
    told = carol.news()
    assert not [each for each in told if isinstance(each, events.RemovedFromGroup)]
    assert alice.authenticator == carol.authenticator


def test_who_is_let_in_anew_before_it_has_come_has_no_secret_from_which_another_group_goes_on(
    table: Table,
) -> None:
    """Also if the log is gone by then, and there are two branches of it (seed 10006457)."""
    _, carol = has_not_come(table)
    seat = carol.place.seat
    assert seat.group.resumption_psk(seat.group.epoch) is None
    with carol.store.reading() as rows:
        for epoch in range(seat.group.epoch + 3):
            assert remembering.of(seat, rows, seat.row.group_id, epoch) is None


def has_not_come(table: Table) -> tuple[Someone, Someone]:
    """Two, of whom the first one has let in the second one anew, who does not come by that."""
    alice, _, carol = [table.sit(name) for name in ("alice", "bob", "carol")]
    alice.create()
    alice.invite("carol")
    table.settle(alice, rounds=4)
    alice.invite("carol", "bob")  # once more, since she has not come
    alice.cut = lambda asked: "request" if asked.operation == "post" else ""
    table.settle(alice, rounds=4)
    with alice.store.transaction() as rows:
        rows.do("DELETE FROM postings WHERE due_at > 0")
    alice.cut = lambda _: ""
    slowly(table, carol)
    assert carol.place.seat.look().status is Status.lost
    return alice, carol


def test_who_wants_to_leave_and_is_let_in_anew_meanwhile_leaves_later(table: Table) -> None:
    """Its leaf went for another one of its own: the others have it for a member still."""
    alice, bob, carol = people = [table.sit(name) for name in ("alice", "bob", "carol")]
    alice.create()
    alice.invite("bob", "carol")
    table.settle(alice, bob)
    carol.run(carol.peer.attend())
    alice.invite("carol")  # once more, since nobody has seen her come
    table.settle(alice, bob)
    carol.leave()
    carol.run(carol.place.turns.turn())
    assert carol.place.seat.look().status is Status.lost
    slowly(table, *people)
    assert carol.place.seat.look().status is Status.left
    for each in (alice, bob):
        assert "carol" not in {found.identity.decode() for found in each.place.seat.group.members}


def taken_back(table: Table) -> tuple[Someone, Someone, Someone]:
    """Carol was invited into a group, and has not come; the broker forgets that she was."""
    alice, bob = table.team("alice", "bob")
    carol = table.sit("carol")
    alice.say("so that it is noticed")
    table.settle(alice, bob)
    backup = table.snapshot()
    alice.invite("carol")
    table.settle(alice, bob, rounds=4)
    table.copies[0] = backup
    table.settle(alice, bob, rounds=6, step=5)
    assert {each.place.seat.look().set_back_at > 0 for each in (alice, bob)} == {True}
    return alice, bob, carol


def test_whom_a_broker_forgot_is_let_in_by_a_key_package_that_is_not_in_the_tree(
    table: Table,
) -> None:
    """The broker hands out once more the one that was claimed last, for it has forgotten that."""
    alice, bob, carol = people = taken_back(table)
    before = waits(alice, "carol")
    asked(table)
    table.settle(alice, bob, rounds=10)
    assert asked(table, "claim") == ["alice", "alice"]
    assert waits(alice, "carol") != before
    slowly(table, *people)
    assert agree(*people)
    carol.say("here")
    table.settle(*people)
    assert "here" in alice.texts()
    assert bob.authenticator == carol.authenticator


def waits(someone: Someone, name: str) -> bytes:
    """The leaf of somebody who has not come."""
    tree = someone.place.seat.group.tree
    leaves = [tree.leaf(each.index) for each in someone.place.seat.group.members]
    [found] = [each for each in leaves if each is not None and winning.has_not_come(each)]
    assert name.encode() in found.encode()
    return found.encryption_key


def test_who_is_missing_is_let_in_anew_for_a_month_and_more_and_more_seldom(table: Table) -> None:
    alice, bob, _ = taken_back(table)
    for each in (alice, bob):
        each.pace = PACE._replace(knocks=1_800.0)
        each.start()
    asked(table)
    claims = []
    for days in (1, 6, 23):
        table.settle(alice, bob, rounds=days * 48, step=1_800)
        claims.append(len(asked(table, "claim")) / days)
    first, second, third = claims
    assert first > second > third > 0
    table.settle(alice, bob, rounds=240, step=1_800)
    assert asked(table, "claim") == []


def test_time_in_which_all_slept_is_no_time_for_which_somebody_was_awaited(table: Table) -> None:
    alice, bob, carol = taken_back(table)
    asked(table)
    for each in (alice, bob):
        each.start()
    table.settle(alice, bob, rounds=1)
    table.passes(DAY)
    table.settle(alice, bob, rounds=1)
    assert asked(table, "claim") == []
    slowly(table, alice, bob, carol)
    assert agree(alice, bob, carol)


def test_who_goes_on_alone_says_that_others_may_have_spoken_meanwhile(table: Table) -> None:
    """Its log was set back: they may have another one, in which they do not have it any more."""
    people = alice, _, carol = [table.sit(name) for name in ("alice", "bob", "carol")]
    shelves = table.snapshot()
    alice.create()
    alice.invite("bob", "carol")
    table.settle(*people)
    old = carol.place
    table.copies[0] = shelves
    table.settle(carol, rounds=80, step=30)
    assert old.seat.look().status is Status.branched
    told = [each for each in carol.news() if each.group == there(carol).seat.hex]
    kinds = [type(each) for each in told]
    assert events.MessagesLost in kinds[kinds.index(events.Joined) :]


def test_nobody_is_let_in_anew_where_no_log_was_set_back(table: Table) -> None:
    """There people invite again, who know whom they want."""
    alice, bob = table.team("alice", "bob")
    table.sit("carol")
    alice.invite("carol")
    table.settle(alice, bob)
    asked(table)
    table.settle(alice, bob, rounds=100, step=60)
    assert asked(table, "claim") == []


def test_whom_we_had_let_in_is_invited_again_where_an_earlier_branch_wins(table: Table) -> None:
    """Carol never saw that bob was let in; her branch wins, and only alice comes over into it."""
    people = alice, bob, carol = [table.sit(name) for name in ("alice", "bob", "carol")]
    backup = table.snapshot()
    alice.create()
    alice.invite("carol")
    table.settle(alice, carol)
    alice.invite("bob")
    table.settle(alice, bob)
    table.copies[0] = backup  # it knows nothing of the group any more
    bob.cut = lambda asked: "request" if asked.operation == "create" else ""
    table.settle(alice, bob, rounds=30, step=60)
    assert there(alice).seat.row.gid == there(bob).seat.row.gid
    for _ in range(60):  # she does not look into her inbox, and makes one, too
        for place in carol.peer.places():
            carol.run(place.turns.turn())
        carol.run(carol.peer.attend(None))
        table.passes(60)
    assert there(carol).seat.row.gid != there(alice).seat.row.gid
    slowly(table, *people)
    slowly(table, *people)
    assert agree(*people)
    assert there(alice).seat.look().set_back_at > 0  # for who may have been given old KeyPackages


def test_who_is_lost_ahead_of_a_branch_comes_into_it(table: Table) -> None:
    """It reads no more where it was, and hears of nobody else that the log was set back."""
    people = alice, bob, carol, dave = [
        table.sit(name) for name in ("alice", "bob", "carol", "dave")
    ]
    shelves = table.snapshot()
    alice.create()
    alice.invite("bob", "carol", "dave")
    table.settle(*people)
    carol.wish(wishes.Renew())
    table.settle(carol, dave, rounds=3)
    assert dave.place.seat.row.epoch > alice.place.seat.row.epoch
    seat = dave.place.seat
    with seat.change() as rows:
        entering.fell_behind(seat, rows, "what comes next is not kept any more")
    table.copies[0] = shelves
    table.settle(alice, bob, rounds=80, step=30)
    table.settle(alice, bob, dave, rounds=80, step=30)
    assert len({there(each).seat.group.epoch_authenticator for each in (alice, bob, dave)}) == 1


def test_who_is_lost_follows_no_branch_with_people_who_were_removed_since(table: Table) -> None:
    """What waits to be said is for those who were there."""
    names = "alice", "bob", "carol", "dave", "mallory"
    people = alice, bob, carol, dave, mallory = [table.sit(name) for name in names]
    shelves = table.snapshot()
    alice.create()
    alice.invite(*names[1:])
    table.settle(*people)
    alice.wish(wishes.Describe(roles={"carol": Role.admin}))
    table.settle(*people)
    carol.wish(wishes.Expel(identities=(b"mallory",)))
    table.settle(carol, dave, rounds=3)
    assert dave.place.seat.row.epoch > alice.place.seat.row.epoch
    dave.say("not for mallory")
    seat = dave.place.seat
    with seat.change() as rows:
        entering.fell_behind(seat, rows, "what comes next is not kept any more")
    table.copies[0] = shelves
    table.settle(alice, bob, mallory, rounds=80, step=30)
    table.settle(alice, bob, mallory, dave, rounds=80, step=30)
    assert dave.place.seat.look().status is Status.lost
    assert mallory.texts_of(there(mallory)) == []
