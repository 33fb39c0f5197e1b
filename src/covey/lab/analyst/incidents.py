"""What else happens in groups: races, losses, removals, a death, a recovery.

May import the stage and the company.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from covey.access.structs.extensions import Right
from covey.client.sync.rows.wishes import Expel, Invite, Renew
from covey.client.words.contents import Text
from covey.errors import BrokerError, StateError
from covey.lab.analyst.life import MINUTE
from covey.lab.company import notes
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from covey.lab.analyst.life import Somebody, Stage
    from covey.lab.company.seat import Seat


class Circle:
    """A group as the script sees it.

    Args:
        number: Of the group.
        members: Who is to be in it, its founder first.
        leaving: Who has asked to leave any group.
    """

    def __init__(self, number: int, members: list[Somebody], leaving: set[Seat]) -> None:
        self._leaving = leaving
        self.number = number
        self.members = members
        self.gid = b""
        self.dead: set[Somebody] = set()
        self.recovery = ""

    def seated(self) -> list[tuple[Somebody, Seat]]:
        """Who is in it now, and can act."""
        return [
            (person, person.seats[self.gid])
            for person in self.members
            if person not in self.dead
            and self.gid in person.seats
            and person.seats[self.gid].is_in
            and person.seats[self.gid] not in self._leaving
        ]


class Director(Protocol):
    """What incidents ask of a script.

    Attributes:
        random: Decides everything.
        stage: Where it plays.
    """

    random: Random
    stage: Stage

    @property
    def listed(self) -> list[Somebody]:
        """Everybody of whom a KeyPackage can be claimed."""

    def visit(self, person: Somebody) -> None:
        """Somebody is there for a while."""

    def somebody(self, circle: Circle, *others: Somebody) -> tuple[Somebody, Seat] | None:
        """A member who acts, and is none of these."""

    def link(self, seat: Seat, right: Right) -> str:
        """Make a link, or a recovery code; returns its fragment."""

    def knock(
        self, circle: Circle, person: Somebody, fragment: str, *, recovers: bool = False
    ) -> None:
        """Somebody knocks; a member looks who is at the door a little later."""


class Incidents:
    """What happens in every group, and what happens once.

    Args:
        script: Whose.

    Attributes:
        everywhere: What happens in every group.
        once: What happens in one group each.
    """

    def __init__(self, script: Director) -> None:
        self._script: Director = script
        self._stage: Stage = script.stage
        self._random: Random = script.random
        self.everywhere: tuple[Callable[[Circle], None], ...] = (
            self.race, self.attach, self.leave_note, self.remove, self.lose_answers,
        )  # fmt: skip
        self.once: tuple[Callable[[Circle], None], ...] = (
            self.leave, self.recover, self.die, self.knock_in_vain, self.remove,
        )  # fmt: skip

    def say(self, circle: Circle, person: Somebody, number: int) -> None:
        """Somebody writes a message, if it is in the group by now."""
        seat = person.seats.get(circle.gid)
        if person in circle.dead or seat is None or not seat.is_in:
            return
        self._script.visit(person)
        text = f"{person.name} remarks in circle {circle.number}: {self._random.getrandbits(80):x}"
        self._stage.known[f"text {number} of {person.name} in {circle.number}"] = text.encode()
        self._stage.learned(seat, lambda: seat.say(Text(text.encode())))
        self._stage.happened("message")

    def attach(self, circle: Circle) -> None:
        """Somebody sends a file."""
        found = self._script.somebody(circle)
        if found is None:
            return
        seat = found[1]
        name = f"minutes of circle {circle.number}, {self._random.getrandbits(40):x}.pdf"
        content = f"what was resolved: {self._random.getrandbits(200):x} ".encode() * 400
        self._stage.known[f"file name {circle.number}"] = name.encode()
        self._stage.known[f"file {circle.number}"] = content[:60]
        attachment = seat.attach(content, name)
        self._stage.known[f"key of file {circle.number}"] = attachment.key
        self._stage.learned(seat, lambda: seat.say(attachment))
        self._stage.happened("attachment")

    def leave_note(self, circle: Circle) -> None:
        """Somebody leaves a note for another member."""
        found = self._script.somebody(circle)
        if found is None or len(circle.seated()) == 1:
            return
        host, seat = found
        seat.read()
        other = self._random.choice(
            [p for p, _ in circle.seated() if p.name != host.name] or [host]
        )
        if other.name in seat.members and other.name != host.name:
            note = f"a word for {other.name} alone {self._random.getrandbits(60):x}".encode()
            self._stage.known[f"note in {circle.number}"] = note
            try:
                notes.leave(seat, other.name, note)
            except (BrokerError, StateError):  # its reader has not said where since it joined
                self._stage.happened("note refused")
            else:
                self._stage.happened("note")

    def race(self, circle: Circle) -> None:
        """Two make a commit at the same time; who comes second follows, and commits again."""
        one = self._script.somebody(circle)
        two = None if one is None else self._script.somebody(circle, one[0])
        if one is None or two is None:
            return
        for _, seat in (one, two):
            self._stage.known.learn(seat)
        made = [seat.prepare(Renew()) for _, seat in (one, two)]
        for (_, seat), commit in zip((one, two), made, strict=True):
            assert commit is not None
            if not seat.submit(commit):
                self._stage.happened("race lost")
                self._stage.learned(seat, seat.commit)
        self._stage.spread(two[1])

    def lose_answers(self, circle: Circle) -> None:
        """Somebody's next answers get lost, so that it asks again."""
        found = self._script.somebody(circle)
        if found is None:
            return
        person, seat = found
        for tap in person.taps:
            tap.to_lose = 1
        self._stage.known[f"twice {circle.number}"] = text = (
            b"said twice " + system_entropy(8).hex().encode()
        )
        self._stage.learned(seat, lambda: seat.say(Text(text)))
        for tap in person.taps:
            tap.to_lose = 0
        self._stage.happened("answer lost")

    def remove(self, circle: Circle) -> None:
        """Somebody removes another member."""
        seated = circle.seated()
        if len(seated) < 3:
            return
        victim = self._random.choice(seated)[0]
        found = self._script.somebody(circle, victim)
        if found is None or victim.name not in found[1].members:
            return
        seat = found[1]
        self._stage.learned(seat, lambda: seat.commit(Expel((victim.name.encode(),))))
        self._stage.happened("removed")

    def leave(self, circle: Circle) -> None:
        """Somebody leaves; another one commits that."""
        seated = circle.seated()
        if len(seated) < 2:
            return
        found = self._script.somebody(circle)
        other = None if found is None else self._script.somebody(circle, found[0])
        if found is None or other is None:
            return
        seat, witness = found[1], other[1]
        self._stage.learned(seat, seat.leave)
        self._stage.leaving.add(seat)
        self._stage.agenda.soon(
            self._random.uniform(5, 5 * MINUTE),
            lambda: self._stage.learned(witness, witness.renew),
        )
        self._stage.happened("SelfRemove")

    def recover(self, circle: Circle) -> None:
        """Somebody has lost its state, and comes back with a recovery code made before."""
        seated = circle.seated()
        if len(seated) < 3:
            return
        found = self._script.somebody(circle)
        other = None if found is None else self._script.somebody(circle, found[0])
        if found is None or other is None:
            return
        seat, (loser, lost) = found[1], other
        code = self._script.link(seat, Right.recover)
        self._script.visit(loser)
        self._stage.known.learn(lost)
        loser.forget(lost)
        loser.member = loser.member.rotated()
        self._stage.known[f"second signer of {loser.name}"] = loser.member.signer
        self._stage.happened("state lost")
        self._stage.agenda.soon(
            self._random.uniform(MINUTE, 30 * MINUTE),
            lambda: self._script.knock(circle, loser, code, recovers=True),
        )

    def knock_in_vain(self, circle: Circle) -> None:
        """Somebody with a link for joining asks to recover, and is refused."""
        found = self._script.somebody(circle)
        strangers = [each for each in self._stage.people if each not in circle.members]
        assert found is not None
        code = self._script.link(found[1], Right.join)
        self._script.knock(circle, self._random.choice(strangers), code, recovers=True)

    def die(self, circle: Circle) -> None:
        """Somebody adds a member, and is never seen again; another one posts the pointer."""
        seated = circle.seated()
        strangers = [
            each for each in self._stage.people
            if each.name not in {person.name for person in circle.members}
            and each in self._script.listed
        ]  # fmt: skip
        if len(seated) < 3 or not strangers:
            return
        found = self._script.somebody(circle)
        witness = None if found is None else self._script.somebody(circle, found[0])
        if found is None or witness is None:
            return
        (doomed, seat), other = found, witness[1]
        self._stage.known.learn(seat)
        invited = self._random.choice(strangers)
        seat.commit(Invite(doomed.claim([invited.name])), dies=True)
        circle.members.append(invited)
        circle.dead.add(doomed)
        doomed.go()
        self._stage.happened("committer died")
        self._stage.agenda.soon(self._random.uniform(1, 10), lambda: self._post_missing(other))

    def _post_missing(self, seat: Seat) -> None:
        seat.read()
        if not seat.is_in:
            return
        self._stage.known.learn(seat)
        self._stage.happened("pointers posted by another", seat.post_missing())
