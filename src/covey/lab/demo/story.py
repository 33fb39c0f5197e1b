"""The story of the demo, act by act.

May import the processes and the evidence. What a member knows comes from its process, what
the broker knows from the broker's file; nothing is shown that was not looked up there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from covey.lab.demo import evidence, orders
from covey.lab.demo.processes import Company, ask_all
from covey.lab.demo.scenes import (
    Act,
    Agreed,
    Began,
    Check,
    Curtain,
    Line,
    Note,
    Talk,
    Tally,
    Tree,
    Tried,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from covey.lab.demo.processes import Actor
    from covey.lab.demo.scenes import Scenes

FOUNDERS: Final = ("alice", "bruno", "carol", "mallory")
LATE: Final = "david"
THIEF: Final = "thief"

_SHOWN: Final = 14  # last bytes of an entry, in hex; the first are the same for all


def perform(folder: Path) -> Generator[Scenes]:
    """Play the whole story.

    Args:
        folder: For the broker's file; empty.

    Yields:
        What there is to see, as it happens; a Curtain at the end.

    Raises:
        DemoError: A process failed.
    """
    began = time.monotonic()
    checks = []
    with Company(folder) as company:
        for scene in Story(company).acts():
            if isinstance(scene, Check):
                checks.append(scene.passed)
            yield scene
    yield Curtain(all(checks), len(checks), round(time.monotonic() - began, 1))


class Story:
    """One performance.

    Args:
        company: The processes, none of which runs yet.
    """

    def __init__(self, company: Company) -> None:
        self._company = company
        self._members: dict[str, Actor] = {}
        self._present: list[str] = []
        self._inboxes: dict[str, bytes] = {}
        self._key_packages: list[bytes] = []
        self._gid = b""
        self._said: dict[int, tuple[str, str]] = {}
        self._due: dict[int, list[str]] = {}
        self._heard: dict[str, dict[int, str]] = {}

    def acts(self) -> Iterator[Scenes]:
        """The acts, in order."""
        yield from self._gather()
        yield from self._found()
        yield from self._race()
        yield from self._steal()
        yield from self._remove()
        yield from self._come_late()
        yield from self._search()

    # --- what recurs -------------------------------------------------------------------

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
        invitees = [orders.Invitee(invite, self._inboxes[invite])] if invite else []
        return self._members[name].do(orders.Change(invitees, remove), orders.Changed)

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
        """What was said after a number, side by side with the broker's file."""
        held = evidence.log_of(self._company.file, self._gid)
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
        return max(evidence.log_of(self._company.file, self._gid))

    # --- the acts ----------------------------------------------------------------------

    def _gather(self) -> Iterator[Scenes]:
        yield Act("A broker and five members", "Seven processes, which meet over HTTP only.")
        broker = self._company.start_broker()
        yield Began("broker", broker.pid, f"{self._company.url}, over one SQLite file")
        for name in (*FOUNDERS, LATE):
            habits = ["hoard"] if name == "mallory" else []
            self._members[name] = self._company.start_member(name, *habits)
        self._members[THIEF] = self._company.start_member(THIEF)
        everybody = {name: self._members[name] for name in (*FOUNDERS, LATE)}
        published = ask_all(everybody, orders.Publish(), orders.Published)
        for name, each in published.items():
            self._inboxes[name] = each.inbox
            self._key_packages += each.key_packages
            note = f"{len(each.key_packages)} KeyPackages in inbox {each.inbox.hex()[:8]}…"
            yield Began(name, everybody[name].pid, note)
        yield Began(THIEF, self._members[THIEF].pid, "member of nothing")
        self._members[LATE].suspend()
        yield Note(f"{LATE} goes offline: the process is suspended.")

    def _found(self) -> Iterator[Scenes]:
        yield Act("A group", "One commit adds three members, one Welcome lets them in.")
        founder, *others = FOUNDERS
        invitees = [orders.Invitee(name, self._inboxes[name]) for name in others]
        founded = self._members[founder].do(orders.Found(invitees), orders.Changed)
        self._gid = founded.gid
        joining = {name: self._members[name] for name in others}
        ask_all(joining, orders.Join(), orders.Joined)
        self._present = list(FOUNDERS)
        yield self._draw(founder)
        self._say("alice", "Shall we meet at the old mill?")
        self._say("bruno", "At seven. I bring the maps.")
        self._say("carol", "Then I bring bread and cheese.")
        seq = self._say("mallory", "And I am all ears, as always.")
        yield from self._catch_up(seq)
        yield self._talk(0)

    def _draw(self, name: str) -> Tree:
        drawing = self._members[name].do(orders.Draw(), orders.Drawing)
        return Tree(drawing.epoch, drawing.root)

    def _race(self) -> Iterator[Scenes]:
        yield Act("Fresh keys", "Alice proposes, and two members commit at the same moment.")
        before = self._last()
        self._members["alice"].do(orders.ProposeUpdate(), orders.Sent)
        racers = {name: self._members[name] for name in ("bruno", "carol")}
        prepared = ask_all(racers, orders.Prepare(), orders.Prepared)
        submitted = ask_all(racers, orders.Submit(), orders.Submitted)
        winners = [name for name, each in submitted.items() if each.won]
        [loser, *_] = [name for name in racers if name not in winners] or ["nobody"]
        known = {each.seq for each in submitted.values()}
        epoch = prepared["bruno"].epoch
        yield Check(
            f"one of two commits for epoch {epoch} won, and the loser was handed it",
            len(winners) == 1 and len(known) == 1,
            f"{', '.join(winners)} won; {loser} got epoch_closed with entry {min(known)}",
        )
        again = self._change(loser)
        yield Note(f"{loser} followed, and committed again: epoch {again.epoch}.")
        seq = self._say("alice", "New keys, same plan.")
        yield from self._catch_up(seq)
        yield self._talk(before)
        yield self._draw("alice")

    def _steal(self) -> Iterator[Scenes]:
        yield Act("A thief", "Somebody copies bruno's whole state; bruno does not notice.")
        theft = self._last()
        stolen = self._members["bruno"].do(orders.Steal(), orders.Stolen)
        yield Note(f"{len(stolen.state)} bytes of state are stolen after entry {theft}.")
        self._say("alice", "The password is heron, keep it.")
        self._change("carol")
        healing = self._say("carol", "Heron it is, I have written it down.")
        self._change("bruno")
        self._change("alice")
        self._say("alice", "Whoever listened cannot any more.")
        last = self._say("bruno", "And I never knew that one did.")
        yield from self._catch_up(last)
        yield self._talk(theft)
        order = orders.Attack(stolen.gid, str(self._company.file), [stolen.state])
        attacked = self._members[THIEF].do(order, orders.Attacked)
        past, present, future = _split(attacked, theft, healing)
        before = self._tally(THIEF, "before the theft", past)
        between = self._tally(THIEF, "after it, with keys not renewed", present)
        after = self._tally(THIEF, "after commits by bruno and alice", future)
        yield Tried(THIEF, [before, between, after], _by_hand(attacked))
        yield Check(
            "forward secrecy: a stolen state opens nothing that was sent before",
            before.opened == 0 < before.sent,
        )
        yield Check(
            "and it is a whole state: it opens what was sent until the keys were renewed",
            between.opened == between.sent > 0,
        )
        yield Check(
            "post-compromise security: after path commits by the victim and one more, nothing",
            not _any_opened(future) and after.sent > 0,
        )

    def _tally(self, who: str, when: str, tries: list[orders.Attempt]) -> Tally:
        """How many of others' messages were read, word for word."""
        messages = [each for each in tries if self._said.get(each.seq, (who, ""))[0] != who]
        opened = [each for each in messages if each.text == self._said[each.seq][1]]
        errors = [each.error for each in messages if each.error]
        text = opened[0].text if opened else ""
        return Tally(when, len(messages), len(opened), text, errors[-1] if errors else "")

    def _remove(self) -> Iterator[Scenes]:
        yield Act("A removal", "Mallory is removed, goes on running, and keeps all she ever had.")
        removed = self._change("alice", remove="mallory")
        self._present.remove("mallory")
        caught = self._members["mallory"].do(orders.CatchUp(removed.seq), orders.Caught)
        yield Check("mallory read that she was removed", caught.removed)
        self._say("bruno", "Mallory is out. We meet at noon.")
        last = self._say("carol", "Noon is better anyway.")
        yield from self._catch_up(last)
        yield self._talk(removed.seq)
        order = orders.Attack(self._gid, str(self._company.file))
        attacked = self._members["mallory"].do(order, orders.Attacked)
        past, _, future = _split(attacked, removed.seq, removed.seq)
        before = self._tally("mallory", "while she was a member", past)
        after = self._tally("mallory", "since her removal", future)
        yield Tried("mallory", [before, after], _by_hand(attacked))
        yield Check(
            "the broker's file holds the log byte for byte as the broker hands it out",
            attacked.in_file == len(attacked.attempts) == last,
            f"{attacked.in_file} entries",
        )
        yield Check(
            "mallory opens nothing that was sent after her removal",
            not _any_opened(future) and after.sent > 0 and before.opened == before.sent > 0,
            f"{_by_hand(attacked)} secrets of hers tried by hand on each, too",
        )

    def _come_late(self) -> Iterator[Scenes]:
        yield Act("A late one", f"{LATE.title()} joins while everybody else is offline.")
        invited = self._change("alice", invite=LATE)
        self._present.append(LATE)
        waiting = self._say("alice", "David, read this when you wake up.")
        others = [name for name in self._members if name != LATE]
        for name in others:
            self._members[name].suspend()
        yield Note(f"{', '.join(others)} are suspended; {LATE} wakes up.")
        late = self._members[LATE]
        late.resume()
        joined = late.do(orders.Join(), orders.Joined)
        late_caught = late.do(orders.CatchUp(waiting), orders.Caught)
        self._heard[LATE] = {each.seq: each.text for each in late_caught.heard}
        yield Check(
            "the late one joined by the waiting Welcome, alone with the broker",
            joined.epoch == invited.epoch and set(joined.members) == set(self._present),
        )
        seq = self._say(LATE, "I am late, but here I am.")
        for name in others:
            self._members[name].resume()
        yield from self._catch_up(seq)
        yield self._talk(invited.seq)
        yield self._draw(LATE)

    def _search(self) -> Iterator[Scenes]:
        yield Act("What the broker knows", "Its file is searched for what must not be in it.")
        missed = [
            f"{name}: {seq}"
            for seq, (_, text) in self._said.items()
            for name in self._due[seq]
            if not self._read(name, seq, text)
        ]
        detail = "; ".join(missed) or f"{len(self._said)} messages"
        yield Check("every member read every message, word for word", not missed, detail)
        data = evidence.bytes_of(self._company.file)
        texts = {f"message {seq}": text.encode() for seq, (_, text) in self._said.items()}
        yield _absence(f"none of {len(texts)} messages", data, texts, len(data))
        secrets = self._company.secrets
        different = len(set(secrets.values()))
        yield _absence(f"none of {different} secrets of the members", data, secrets, len(data))
        rest, count = evidence.blanked(data, self._key_packages)
        names = {name: name.encode() for name in (*FOUNDERS, LATE)}
        inside = len(evidence.sightings(data, names))
        outside = evidence.sightings(rest, names)
        yield Check(
            "no name is in the file outside of a KeyPackage",
            not outside and inside > 0,
            "; ".join(outside) or f"{count} copies of KeyPackages, with {inside} names",
        )


def _split(
    attacked: orders.Attacked, first: int, second: int
) -> tuple[list[orders.Attempt], list[orders.Attempt], list[orders.Attempt]]:
    """The attempts up to an entry, from there to another one, and after that."""
    attempts = attacked.attempts
    return (
        [each for each in attempts if each.seq <= first],
        [each for each in attempts if first < each.seq <= second],
        [each for each in attempts if second < each.seq],
    )


def _any_opened(attempts: list[orders.Attempt]) -> bool:
    return any(each.opened for each in attempts)


def _by_hand(attacked: orders.Attacked) -> int:
    return max(each.secrets for each in attacked.attempts)


def _absence(what: str, data: bytes, secrets: dict[str, bytes], size: int) -> Check:
    found = evidence.sightings(data, secrets)
    detail = "; ".join(found) or f"{size} bytes searched, plain, in hex and in base64"
    return Check(f"{what} is in the file", not found and bool(secrets), detail)
