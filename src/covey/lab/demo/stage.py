"""The stage of the demo: who is on it, what was said, who should have read it, and who has.

May import the processes and the evidence. The acts are in :mod:`covey.lab.demo.story`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from covey.lab.demo import evidence, orders, stolen
from covey.lab.demo.processes import ask_all
from covey.lab.demo.scenes import Agreed, Check, Line, Talk, Tally, Tree, Tried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.demo.processes import Actor, Company, Store
    from covey.lab.demo.scenes import Scenes

_GLANCE: Final = 0.05  # seconds
_PATIENCE: Final = 20.0  # seconds
_SHOWN: Final = 14  # last bytes of an entry, in hex; the first are the salt


class Stage:
    """What all acts need.

    Args:
        company: The processes, none of which runs yet.
        store: Over what the broker is to run.
    """

    def __init__(self, company: Company, store: Store) -> None:
        self._company = company
        self._store = store
        self._members: dict[str, Actor] = {}
        self._present: list[str] = []
        self._published: dict[str, orders.Published] = {}
        self._gid = b""
        self._broker_id = b""
        self._file = b""
        self._said: dict[int, tuple[str, str]] = {}
        self._due: dict[int, list[str]] = {}
        self._heard: dict[str, dict[int, str]] = {}

    def _now_present(self) -> dict[str, Actor]:
        return {name: self._members[name] for name in self._present}

    def _say(self, name: str, text: str) -> int:
        """Let a member send a message, due to be read by all who are now in the group."""
        seq = self._members[name].do(orders.Say(text), orders.Sent).seq
        self._said[seq] = (name, text)
        self._due[seq] = [each for each in self._present if each != name]
        return seq

    def _change(self, name: str, *, invite: str = "", remove: str = "") -> orders.Changed:
        """Let a member commit."""
        invited = [invite] if invite else []
        return self._members[name].do(orders.Change(invited, remove), orders.Changed)

    def _catch_up(self, until: int) -> Iterator[Scenes]:
        """Let all members read up to a number, and see that they agree."""
        caught = ask_all(self._now_present(), orders.CatchUp(until), orders.Caught)
        for name, each in caught.items():
            heard = self._heard.setdefault(name, {})
            heard |= {one.seq: one.text for one in each.heard if one.what == "message"}
        states = {(each.epoch, each.epoch_authenticator) for each in caught.values()}
        (epoch, authenticator), *others = states
        assert authenticator is not None, "nobody who is present has been removed"
        yield Agreed(epoch, self._present.copy(), authenticator.hex()[:32])
        names = ", ".join(self._present)
        yield Check(f"epoch {epoch}: {names} share one epoch authenticator", not others)

    def _talk(self, since: int) -> Talk:
        """What was said after a number, side by side with the broker's database."""
        held = stolen.log_of(self._company.database, self._gid)
        lines = []
        for seq, (who, text) in self._said.items():
            if seq > since:
                readers = [name for name in self._due[seq] if self._read(name, seq, text)]
                entry = held[seq]
                shown = entry.body[-_SHOWN:].hex()
                lines.append(Line(seq, entry.epoch, who, text, readers, shown, len(entry.body)))
        return Talk(lines)

    def _read(self, name: str, seq: int, text: str) -> bool:
        return self._heard.get(name, {}).get(seq) == text

    def _last(self) -> int:
        return max(stolen.log_of(self._company.database, self._gid))

    def _draw(self, name: str) -> Tree:
        drawing = self._members[name].do(orders.Draw(), orders.Drawing)
        return Tree(drawing.epoch, drawing.root)

    def _waiting(self, name: str) -> int:
        """How many entries wait in somebody's inbox."""
        inbox = self._published[name].inbox
        rows = stolen.tables_of(self._company.database)["inbox_entry"]
        return sum(row["inbox"] == inbox for row in rows)

    def _wait_for_pointers(self, name: str) -> int:
        """How many entries wait in somebody's inbox, once there are any; 0 if there never are."""
        deadline = time.monotonic() + _PATIENCE
        while not (waiting := self._waiting(name)) and time.monotonic() < deadline:
            time.sleep(_GLANCE)
        return waiting

    def _tally(self, who: str, when: str, tries: list[orders.Attempt]) -> Tally:
        """How many of others' messages were read, word for word."""
        messages = [each for each in tries if self._said.get(each.seq, (who, ""))[0] != who]
        opened = [each for each in messages if each.text == self._said[each.seq][1]]
        errors = [each.error for each in messages if each.error]
        text = opened[0].text if opened else ""
        return Tally(when, len(messages), len(opened), text, errors[-1] if errors else "")


def split(
    attacked: orders.Attacked, first: int, second: int
) -> tuple[list[orders.Attempt], list[orders.Attempt], list[orders.Attempt]]:
    """The attempts up to an entry, from there to another one, and after that."""
    attempts = attacked.attempts
    return (
        [each for each in attempts if each.seq <= first],
        [each for each in attempts if first < each.seq <= second],
        [each for each in attempts if second < each.seq],
    )


def any_opened(attempts: list[orders.Attempt]) -> bool:
    """Whether any entry was opened."""
    return any(each.opened for each in attempts)


def by_hand(attacked: orders.Attacked) -> int:
    """How many keys were tried by hand on an entry."""
    return max(each.secrets for each in attacked.attempts)


def tried(who: str, tallies: list[Tally], attacked: orders.Attacked) -> Tried:
    """What somebody got, by all means."""
    return Tried(who, tallies, by_hand(attacked), attacked.given, attacked.refusals[0])


def is_refused(attacked: orders.Attacked) -> bool:
    """Whether the broker gave out nothing of the epochs after, whether there are such or not."""
    first, *others = attacked.refusals
    return first == "proof_refused" and set(others) <= {"proof_refused", "epoch_unknown"}


def absence(what: str, data: bytes, secrets: dict[str, bytes]) -> Check:
    """Whether nothing secret stands in some bytes."""
    found = evidence.sightings(data, secrets)
    detail = "; ".join(found) or f"{len(data)} bytes searched, plain, in hex and in base64"
    return Check(f"{what} is in it", not found and bool(secrets), detail)
