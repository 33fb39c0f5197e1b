"""What members of a blind broker notice, and how they go on, on both stores.

A broker that drops, changes, reorders or rolls back is caught by the chain, the heads or the
incarnation; a committer that dies, a race that is lost and a state that is lost cost nothing.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest

from blind import Household, household
from covey.access.member.replies import RestoredError, RolledBackError
from covey.access.structs.extensions import Right
from covey.access.structs.log import Entries
from covey.client.sync.rows.wishes import Invite
from covey.client.words.contents import Text
from covey.errors import ForkError
from covey.lab.analyst import places
from covey.lab.analyst.places import KINDS
from covey.lab.company import doors
from covey.lab.company.lines import Lines
from covey.lab.company.person import Person
from lengths import not_on_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from covey.access.structs.log import Entry
    from covey.lab.analyst.places import Kind, Place


@pytest.mark.parametrize("kind", KINDS)
def test_troubles(kind: Kind) -> None:
    not_on_each(kind)
    with household(kind) as home:
        committer_dies(home)
        race_leaves_nothing(home)
        state_is_lost(home)
        broker_lies(home)
        broker_goes_back(home)


def committer_dies(home: Household) -> None:
    alice, bob = home.group("alice", "bobby")
    carols_self = home.person("carol")
    alice.commit(Invite(alice.person.claim(["carol"])), dies=True)
    assert carols_self.run(carols_self.inbox.fetch()) == ()  # and alice is never seen again
    bob.catch_up()
    assert bob.members == ["alice", "bobby", "carol"]
    assert bob.post_missing() == 1
    assert bob.post_missing() == 1  # the same again is one
    carol = carols_self.join()
    assert len(carols_self.run(carols_self.inbox.fetch())) == 0
    carol.say(Text(b"thank you, bob"))
    assert bob.catch_up()[-1].said == Text(b"thank you, bob")


def race_leaves_nothing(home: Household) -> None:
    alice, bob = home.group("alice", "bobby")
    packages = alice.person.claim([home.person("dora").name])
    before = query(home.place, "SELECT id FROM parcel")
    made = alice.prepare(Invite(packages))
    assert made is not None
    bob.renew()
    assert not alice.submit(made)
    assert query(home.place, "SELECT id FROM parcel") == before
    assert alice.commit()  # with the same KeyPackage
    assert len(query(home.place, "SELECT id FROM parcel")) == len(before) + 2
    dora = home.people["dora"].join()
    assert dora.members == ["alice", "bobby", "dora"]


def state_is_lost(home: Household) -> None:
    alice, bob = home.group("alice", "bobby")
    code = doors.open_door(alice, Right.recover)
    bob.catch_up()
    loser = home.people["bobby"]
    loser.forget(bob)
    loser.member = loser.member.rotated()  # the key that signs is lost too
    loser.knock(code, recovers=True)
    answered = doors.answer(alice)
    assert (answered.joined, answered.recovered) == (1, 1)
    again = loser.join()
    assert again.members == alice.members
    assert alice.members.count("bobby") == 1
    assert again.gid == bob.gid
    again.say(Text(b"here again"))
    assert alice.catch_up()[-1].said == Text(b"here again")


# --- a broker that lies ---------------------------------------------------------------------


class Liar(httpx.BaseTransport):
    """A broker's answers to readers, changed on their way."""

    def __init__(self, change: Callable[[Entries], Entries]) -> None:
        self._change = change
        self._wire = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._wire.handle_request(request)
        content = response.read()
        if request.url.path == "/v1/read" and response.status_code == 200:
            content = self._change(Entries.decode(content)).encode()
        return httpx.Response(response.status_code, content=content)

    def close(self) -> None:
        self._wire.close()


def _other_body(entry: Entry) -> Entry:
    return entry.replace(body=entry.body[:-1] + bytes([entry.body[-1] ^ 1]))


LIES: dict[str, Callable[[Entries], Entries]] = {
    "drops one in the middle": lambda told: told.replace(
        entries=(told.entries[0], *told.entries[2:])
    ),
    "drops the last one": lambda told: told.replace(entries=told.entries[:-1]),
    "changes the order": lambda told: told.replace(entries=told.entries[::-1]),
    "changes the order and the numbers": lambda told: told.replace(
        entries=tuple(
            each.replace(seq=told.before.seq + number)
            for number, each in enumerate(told.entries[::-1], 1)
        )
    ),
    "tells one twice": lambda told: told.replace(entries=(told.entries[0], *told.entries)),
    "changes a body": lambda told: told.replace(
        entries=(_other_body(told.entries[0]), *told.entries[1:])
    ),
    "begins elsewhere": lambda told: told.replace(before=told.before.replace(hash=bytes(32))),
}


def broker_lies(home: Household) -> None:
    alice, bob = home.group("alice", "bobby")
    bob.catch_up()
    stolen, seq = bob.person.stolen(), bob.row.seq
    for number in range(3):
        alice.say(Text(b"number %d" % number))
    for lie, change in LIES.items():
        deceived = home.opened(bob, stolen, lambda change=change: Liar(change))
        with pytest.raises(ForkError):
            deceived.catch_up()
        assert deceived.row.seq == seq, lie
    assert len(bob.catch_up()) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_broker_says_that_it_is_another_one(kind: Kind, tmp_path: Path) -> None:
    not_on_each(kind)
    with places.empty(kind, tmp_path) as empty:
        with places.process(empty) as place, ExitStack() as ending:
            home = Household(place, ending)
            alice, _ = home.group("alice", "bobby")
            alice.say(Text(b"before the restore"))
            alice.catch_up()
            stolen = alice.person.stolen()
        query(empty, "UPDATE broker SET incarnation = $1", bytes(16))
        with places.process(empty) as place, Lines(place.url) as lines:
            [again] = Person("alice", lines, stolen=stolen).seats.values()
            with pytest.raises(RestoredError, match="restored from a backup"):
                again.catch_up()


# --- a database that is older, or another one -----------------------------------------------


def broker_goes_back(home: Household) -> None:
    """The last entry vanishes from the database; then it is said to be a restored one."""
    alice, bob = home.group("alice", "bobby")
    bob.catch_up()
    kept = query(home.place, "SELECT seq, hash FROM log WHERE gid = $1", alice.gid)[0]
    alice.say(Text(b"soon forgotten"))
    bob.catch_up()
    query(home.place, "UPDATE log SET seq = $2, hash = $3 WHERE gid = $1", alice.gid, *kept)
    query(home.place, "DELETE FROM entry WHERE gid = $1 AND seq > $2", alice.gid, kept[0])
    with pytest.raises((RolledBackError, ForkError)):
        bob.catch_up()
    # Something else in its place does not help: the members know the hash of what was there.
    assert alice.say(Text(b"in its place"), look_first=False) > kept[0]  # past the checks
    with pytest.raises((ForkError, RestoredError)):
        bob.catch_up()


def query(place: Place, text: str, *args: object) -> list[tuple[object, ...]]:
    """Run a statement past the broker, in the words of PostgreSQL."""
    if place.server is None:
        for number in range(len(args), 0, -1):
            text = text.replace(f"${number}", f"?{number}")
        with closing(sqlite3.connect(place.database, isolation_level=None)) as database:
            return database.execute(text, args).fetchall()
    return asyncio.run(_query(place.server.dsn, text, args))


async def _query(dsn: str, text: str, args: tuple[object, ...]) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(text, *args)]
    finally:
        await connection.close()
