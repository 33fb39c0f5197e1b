"""What users ask for, 13: to come back into a group, and be the same member as before.

Whoever loses its state, or was away for longer than anybody keeps the log, has to be let in anew.
Elsewhere such a member comes back as a stranger, at another position, without its role, or at the
wrong moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.table import Someone, Table
from covey.access.member import links
from covey.access.structs.sealed import Link
from covey.client import events
from covey.client.sync.coming import returning
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import profile, safety
from covey.client.words.profile import Role
from covey.store import RawKey, open_store, restore_backup, write_backup

if TYPE_CHECKING:
    from pathlib import Path

    from covey.mls.group.events import MemberInfo


def _team(table: Table, *people: Someone, **roles: Role) -> None:
    """Let the first one create a group, and invite the others."""
    people[0].create()
    people[0].invite(*(each.name for each in people[1:]))
    table.settle(*people, rounds=20)
    people[0].wish(wishes.Describe(roles={name: int(role) for name, role in roles.items()}))
    table.settle(*people)
    for each in people:
        each.news()


def _weeks(table: Table, *there: Someone) -> None:
    """Time for which nobody keeps the log."""
    for _ in range(6):
        table.passes(8 * 86_400)
        table.settle(*there, rounds=3)
        table.copies[0].sweep()


def _leaf(group: Someone, name: str) -> MemberInfo:
    [found] = [each for each in group.place.seat.group.members if each.identity == name.encode()]
    return found


def _role(group: Someone, name: str) -> Role:
    stated = profile.profile_of(group.place.seat.group.extensions)
    assert stated is not None
    return profile.role_of(stated, name.encode())


def test_users_13_who_comes_back_is_who_it_was(table: Table) -> None:
    """Asked for: a member that is resynchronised keeps its identity, its rights and its place.

    Shown: bob, an admin whom alice has verified, comes back after weeks. He has the signature key,
    the role, and the leaf that he had, is in the group once, and still verified; all others have
    the leaves that they had.
    """
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    _team(table, alice, bob, carol, bob=Role.admin)
    before = {name: _leaf(alice, name) for name in ("alice", "bob", "carol")}
    with alice.store.transaction() as rows:
        safety.mark(rows, b"bob", before["bob"].signature_key, 0)
    bob.cut = lambda _: "request"
    _weeks(table, alice, carol)
    bob.cut = lambda _: ""
    table.settle(bob, alice, carol, rounds=30, step=10)
    assert bob.place.seat.look().status is Status.active
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert {name: _leaf(bob, name).index for name in before} == {
        name: each.index for name, each in before.items()
    }
    assert _leaf(alice, "bob").signature_key == before["bob"].signature_key
    assert _role(alice, "bob") is _role(bob, "bob") is Role.admin
    key = _leaf(alice, "bob").signature_key
    with alice.store.reading() as rows:
        assert safety.is_verified(rows, b"bob", key)
    bob.wish(wishes.Describe(name="an admin's"))
    table.settle(alice, bob, carol)
    assert carol.place.seat.look().name == "an admin's"


def test_users_13_the_history_goes_on_where_it_stood(table: Table) -> None:
    """Asked for: the history is not begun anew, and what was written meanwhile is not lost.

    Shown: what bob knew stays, what he wrote while he could not send goes out when he is back,
    once, and behind what he knew; what was said while he was away is the only thing that is
    missing, and he is told that he was away. The others miss nothing.
    """
    alice, bob = table.sit("alice"), table.sit("bob")
    _team(table, alice, bob)
    alice.say("before")
    bob.say("before, too")
    table.settle(alice, bob)
    bob.cut = lambda _: "request"
    bob.say("written while away")
    bob.turn()
    alice.say("said while he was away")
    _weeks(table, alice)
    bob.cut = lambda _: ""
    table.settle(bob, alice, rounds=30, step=10)
    alice.say("after")
    table.settle(alice, bob)
    assert sorted(bob.texts()[:2]) == ["before", "before, too"]
    assert bob.texts()[2:] == ["written while away", "after"]
    assert alice.texts()[2:] == ["said while he was away", "written while away", "after"]
    told = [type(each) for each in bob.news()]
    assert told.count(events.Rejoining) == 1
    assert [each.how for each in _joined(bob)] == ["recovered"]
    assert events.MessagesLost not in [type(each) for each in alice.news()]


def _joined(someone: Someone) -> list[events.Joined]:
    someone.told = 0
    return [each for each in someone.news() if isinstance(each, events.Joined)][-1:]


def test_users_13_a_restored_backup_comes_back_before_it_sends(
    table: Table, tmp_path: Path
) -> None:
    """Asked for: a device that broke is restored from its backup, and goes on as the same member.

    Shown: the backup holds no secret of the group, so it cannot use a key twice. Bob's restored
    store says so, asks to be let in anew, and is the same admin; what was said after the backup
    was made is told from then on.
    """
    key, words = RawKey(bytes(32)), RawKey(bytes(range(32)))
    alice = table.sit("alice")
    bob = Someone(table, "bob", open_store(tmp_path / "bob.covey", key, create=True))
    bob.run(bob.peer.enrol(table.identity.broker_id, "bob"))
    bob.run(bob.peer.keep_stock())
    _team(table, alice, bob, bob=Role.admin)
    bob.say("in the backup")
    table.settle(alice, bob)
    write_backup(bob.store, tmp_path / "backup", words)
    bob.say("after the backup")
    table.settle(alice, bob)
    bob.store.close()

    restore_backup(tmp_path / "backup", tmp_path / "again.covey", key, words)
    again = Someone(table, "bob", open_store(tmp_path / "again.covey", key))
    assert again.place.seat.look().status is Status.restored
    assert again.texts() == ["in the backup"]
    table.settle(again, alice, rounds=30, step=10)
    again.say("I am back")
    table.settle(again, alice)
    assert alice.authenticator == again.authenticator
    assert alice.texts() == ["in the backup", "after the backup", "I am back"]
    assert _role(alice, "bob") is Role.admin
    again.store.close()


def test_users_13_a_knock_that_two_members_answer_at_once_lets_in_once(table: Table) -> None:
    """Asked for: who comes back at a bad moment, while commits race, must not break anything.

    Shown: alice and carol both commit that bob is let in; and bob knocks once more before the
    winner's pointer reaches him. He is in once, and nothing that was wanted is left undone.
    """
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    _team(table, alice, bob, carol)
    _weeks(table, alice, carol)
    for _ in range(3):
        bob.turn()
        table.passes(70)
    assert bob.place.seat.look().status is Status.lost
    held = [each.hold(each.place.turns.turn(), "append") for each in (alice, carol)]
    bob.turn()
    for each in held[::-1]:
        each.go()
    table.settle(alice, carol, bob, rounds=20, step=10)
    assert bob.place.seat.look().status is Status.active
    members = [each.identity for each in alice.place.seat.group.members]
    assert members.count(b"bob") == 1
    assert alice.authenticator == bob.authenticator == carol.authenticator


def test_users_13_those_who_are_lost_at_the_same_time_all_come_back(table: Table) -> None:
    """Asked for: a way back that does not fall with whoever made it.

    Shown: alice, who has opened the group's way back, and carol are both away for too long. Bob
    lets in one after the other.
    """
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    _team(table, alice, bob, carol, bob=Role.owner)
    _weeks(table, bob)
    table.settle(alice, bob, carol, rounds=40, step=10)
    assert {each.place.seat.look().status for each in (alice, bob, carol)} == {Status.active}
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert len(bob.place.seat.group.members) == 3
    assert _role(carol, "alice") is Role.owner


def test_users_13_nobody_comes_back_as_somebody_else(table: Table) -> None:
    """Asked for: an external join that says it is a resynchronisation must prove whose it is.

    Shown: every member knows the way back. Mallory, who has been removed, knocks there as bob, and
    as himself: he is told apart by his signature key, and not let in; the others are told.
    """
    alice, bob, mallory = (table.sit(name) for name in ("alice", "bob", "mallory"))
    _team(table, alice, bob, mallory)
    row = mallory.place.seat.row
    assert row.recovery is not None
    alice.wish(wishes.Expel((b"mallory",)))
    table.settle(alice, bob, mallory)
    for disguise in ("bob", "mallory"):
        forged = table.sit(disguise, enrolled=False)
        inbox, suite = mallory.peer.inbox, forged.peer.home.member.suite.code
        assert inbox is not None
        link = Link(links.VERSION, row.broker_id, row.gid, suite, row.recovery)
        lost = row.replaced(status=Status.restored)
        forged.run(returning.knock(forged.peer.home, inbox, link, lost))
        table.settle(alice, bob, mallory, step=10)
    refused = [each for each in alice.news() if isinstance(each, events.Knocked)]
    assert refused
    assert not any(each.accepted for each in refused)
    assert [each.identity for each in alice.place.seat.group.members] == [b"alice", b"bob"]
    assert mallory.place.seat.look().status is Status.removed
