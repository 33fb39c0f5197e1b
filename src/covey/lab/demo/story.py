"""The story of the demo, act by act.

May import the processes and the evidence. What a member knows comes from its process, what
the broker knows from the broker's database; nothing is shown that was not looked up there.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final

from covey.lab.demo import broker_view, evidence, orders, stage, stolen
from covey.lab.demo.processes import Company, ask_all
from covey.lab.demo.scenes import Act, Began, Check, Curtain, Note
from covey.lab.demo.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from covey.lab.demo.processes import Store
    from covey.lab.demo.scenes import Scenes

FOUNDERS: Final[tuple[str, ...]] = ("alice", "bruno", "carol", "mallory")
LATE: Final = "david"
THIEF: Final = "thief"


def perform(folder: Path, store: Store = "sqlite") -> Generator[Scenes]:
    """Play the whole story.

    Args:
        folder: For the broker's files; empty.
        store: Over what the broker runs.

    Yields:
        What there is to see, as it happens; a Curtain at the end.

    Raises:
        DemoError: A process failed.
        StorageError: There is no PostgreSQL to be started.
    """
    began = time.monotonic()
    checks = []
    with Company(folder, store) as company:
        for scene in Story(company, store).acts():
            if isinstance(scene, Check):
                checks.append(scene.passed)
            yield scene
    yield Curtain(all(checks), len(checks), round(time.monotonic() - began, 1))


class Story(Stage):
    """One performance."""

    def acts(self) -> Iterator[Scenes]:
        """The acts, in order."""
        yield from self._gather()
        yield from self._found()
        yield from self._race()
        yield from self._attach()
        yield from self._steal()
        yield from self._remove()
        yield from self._die()
        yield from self._come_late()
        yield from self._know()
        yield from self._search()

    def _gather(self) -> Iterator[Scenes]:
        yield Note(
            "A broker carries a group's messages. You will see what the members read, what the "
            "broker stores of it, and what a thief and a removed member get out of that."
        )
        yield Act("A broker and five members", "Processes of their own, which meet over HTTP only.")
        if self._store == "postgres":
            yield Began("postgres", self._company.start_postgres(), "what the broker writes to")
        broker = self._company.start_broker()
        over = {"sqlite": "one SQLite file", "postgres": "PostgreSQL"}[self._store]
        yield Began("broker", broker.pid, f"{self._company.url}, over {over}")
        for name in (*FOUNDERS, LATE):
            habits = ["hoard"] if name == "mallory" else []
            self._members[name] = self._company.start_member(name, *habits)
        self._members[THIEF] = self._company.start_member(THIEF)
        everybody = {name: self._members[name] for name in (*FOUNDERS, LATE)}
        self._published = ask_all(everybody, orders.Publish(), orders.Published)
        for name, each in self._published.items():
            packages, inbox = len(each.key_packages), each.inbox.hex()[:8]
            note = f"account {each.handle.hex()[:8]}…, {packages} KeyPackages, inbox {inbox}…"
            yield Began(name, everybody[name].pid, note)
        yield Began(THIEF, self._members[THIEF].pid, "member of nothing")
        self._members[LATE].suspend()
        yield Note(
            "alice will begin a group with bruno, carol and mallory: mallory is a member like the "
            f"others, until she is removed. The thief never is one; {LATE} comes late."
        )
        yield Note(f"{LATE} goes offline: the process is suspended.")

    def _found(self) -> Iterator[Scenes]:
        yield Act("A group", "One commit adds three members; a pointer leads each of them in.")
        founder = FOUNDERS[0]
        others: list[str] = [*FOUNDERS[1:]]
        founded = self._members[founder].do(orders.Found(others), orders.Changed)
        self._gid = founded.gid
        yield self._draw(founder)
        yield Note(
            "All below a node share its key. A blank node has none, until a commit from below "
            "fills it."
        )
        joining = {name: self._members[name] for name in others}
        ask_all(joining, orders.Join(), orders.Joined)
        self._present = list(FOUNDERS)
        arrived = ask_all(self._now_present(), orders.Arrive(), orders.Joined)
        epoch = max(each.epoch for each in arrived.values())
        yield Note(f"All three came in, and each has renewed its keys since: epoch {epoch}.")
        self._say("alice", "Shall we meet at the old mill?")
        self._say("bruno", "At seven. I bring the maps.")
        self._say("carol", "Then I bring bread and cheese.")
        seq = self._say("mallory", "And I am all ears, as always.")
        yield from self._catch_up(seq)
        yield self._talk(0)

    def _race(self) -> Iterator[Scenes]:
        yield Act("Fresh keys", "Two members commit at the same moment.")
        before = self._last()
        racers = {name: self._members[name] for name in ("bruno", "carol")}
        prepared = ask_all(racers, orders.Prepare(), orders.Prepared)
        submitted = ask_all(racers, orders.Submit(), orders.Submitted)
        winners = [name for name, each in submitted.items() if each.won]
        [loser, *_] = [name for name in racers if name not in winners] or ["nobody"]
        first, *others = {each.epoch for each in prepared.values()}
        last = max(each.epoch for each in submitted.values())
        yield Check(
            f"one of two commits for epoch {first} won, and the other was made anew on top of it",
            len(winners) == 1 and not others and last == first + 1,
            f"{', '.join(winners)} won; {loser} got epoch_closed, and won epoch {last}",
        )
        seq = self._say("alice", "New keys, same plan.")
        yield from self._catch_up(seq)
        yield self._talk(before)
        yield self._draw("alice")

    def _attach(self) -> Iterator[Scenes]:
        yield Act("An attachment", "Carol sends a map, which is too large for a message.")
        contours = (random.Random(n).choice("~^.|") for n in range(90_000))  # noqa: S311 - a drawing
        self._file = "".join(contours).encode()
        seq = self._members["carol"].do(orders.Attach("map", self._file), orders.Sent).seq
        readers = {name: self._members[name] for name in self._present if name != "carol"}
        caught = ask_all(readers, orders.CatchUp(seq), orders.Caught)
        opened = [
            name
            for name, each in caught.items()
            if any(one.what == "attachment" and one.data == self._file for one in each.heard)
        ]
        sizes = self._company.blob_sizes()
        yield Check(
            "everybody opened the attachment, of which the broker has an encrypted blob",
            opened == list(readers) and sizes[0] > len(self._file) and len(sizes) == 1,
            f"{len(self._file)} bytes, as a blob {sizes[0]}",
        )

    def _steal(self) -> Iterator[Scenes]:
        yield Act("A thief", "Somebody copies bruno's whole state; bruno does not notice.")
        theft = self._last()
        loot = self._members["bruno"].do(orders.Steal(), orders.Stolen)
        self._broker_id = loot.broker_id
        yield Note(f"{len(loot.state)} bytes of state are stolen after entry {theft}.")
        self._say("alice", "The password is heron, keep it.")
        self._change("carol")
        healing = self._say("carol", "Heron it is, I have written it down.")
        self._change("bruno")
        self._change("alice")
        self._say("alice", "Whoever listened cannot any more.")
        last = self._say("bruno", "And I never knew that one did.")
        yield from self._catch_up(last)
        yield self._talk(theft)
        order = orders.Attack(
            self._company.database, loot.broker_id, loot.gid, healing, [loot.state]
        )
        attacked = self._members[THIEF].do(order, orders.Attacked)
        past, present, future = stage.split(attacked, theft, healing)
        before = self._tally(THIEF, "before the theft", past)
        between = self._tally(THIEF, "after it, with keys not renewed", present)
        after = self._tally(THIEF, "after commits by bruno and alice", future)
        yield stage.tried(THIEF, [before, between, after], attacked)
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
            not stage.any_opened(future) and after.sent > 0,
        )
        yield Check(
            "and the broker, asked with the stolen keys, refuses whatever came after those",
            stage.is_refused(attacked) and attacked.given == attacked.same > 0,
            f"{attacked.given} entries given out, then {attacked.refusals[0]}",
        )

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
        order = orders.Attack(self._company.database, self._broker_id, self._gid, removed.seq)
        attacked = self._members["mallory"].do(order, orders.Attacked)
        past, _, future = stage.split(attacked, removed.seq, removed.seq)
        before = self._tally("mallory", "while she was a member", past)
        after = self._tally("mallory", "since her removal", future)
        yield stage.tried("mallory", [before, after], attacked)
        yield Check(
            "the broker gives mallory 0 bytes of what came after her removal, and refuses to",
            attacked.later == 0 and stage.is_refused(attacked),
            f"{attacked.given} entries of her own epochs, then {attacked.refusals[0]}",
        )
        held = stolen.log_of(self._company.database, self._gid).values()
        hers = [each for each in held if each.epoch > 0 and each.seq <= removed.seq]
        yield Check(
            "the database holds what the broker gives out byte for byte",
            attacked.given == attacked.same == len(hers),
            f"{attacked.same} entries, all but the commit that let her in",
        )
        yield Check(
            "mallory opens nothing that was sent after her removal, with the database in hand",
            not stage.any_opened(future) and after.sent > 0 and before.opened == before.sent > 0,
            f"{stage.by_hand(attacked)} keys of hers tried by hand on each, too",
        )

    def _die(self) -> Iterator[Scenes]:
        yield Act("A committer that dies", f"Carol adds {LATE}, and gets no further than that.")
        since = self._last()
        carol = self._members["carol"]
        self._present.remove("carol")
        others = self._now_present()
        for member in others.values():
            member.suspend()
        carol.tell(orders.Change([LATE], die=True))
        code = carol.wait()
        yield Note("carol's process ended when the broker had her commit: no pointer is posted.")
        is_there = stolen.log_of(self._company.database, self._gid)[since + 1].is_commit
        before = self._waiting(LATE)
        for member in others.values():
            member.resume()
        after = self._wait_for_pointers(LATE)
        yield Check(
            f"the others posted what carol could not: {LATE}'s pointer",
            code != 0 and is_there and before == 0 < after,
            "the list of pointers came with the commit, for members to open",
        )

    def _come_late(self) -> Iterator[Scenes]:
        yield Act("A late one", f"{LATE.title()} joins while everybody else is offline.")
        invited = self._last()
        self._present.append(LATE)
        waiting = self._say("alice", "David, read this when you wake up.")
        others = [name for name in self._present if name != LATE] + ["mallory", THIEF]
        for name in others:
            self._members[name].suspend()
        yield Note(f"{', '.join(others)} are suspended; {LATE} wakes up.")
        late = self._members[LATE]
        late.resume()
        late.do(orders.Join(), orders.Joined)
        joined = late.do(orders.Arrive(), orders.Joined)
        late_caught = late.do(orders.CatchUp(waiting), orders.Caught)
        self._heard[LATE] = {each.seq: each.text for each in late_caught.heard}
        yield Check(
            "the late one joined by the waiting pointer, alone with the broker",
            set(joined.members) == {"alice", "bruno", "carol", LATE},
        )
        seq = self._say(LATE, "I am late, but here I am.")
        for name in others:
            self._members[name].resume()
        yield from self._catch_up(seq)
        yield self._talk(invited)
        yield self._draw(LATE)

    def _know(self) -> Iterator[Scenes]:
        yield Act("What the broker knows", "All rows of its database, as who stole it reads them.")
        tables = stolen.tables_of(self._company.database)
        yield broker_view.known(tables)
        yield from broker_view.checks(tables, self._gid, self._published)

    def _search(self) -> Iterator[Scenes]:
        yield Act("What it does not know", "All its bytes are searched for what must not be there.")
        missed = [
            f"{name}: {seq}"
            for seq, (_, text) in self._said.items()
            for name in self._due[seq]
            if not self._read(name, seq, text)
        ]
        detail = "; ".join(missed) or f"{len(self._said)} messages"
        yield Check("every member read every message, word for word", not missed, detail)
        data = self._company.stolen_bytes()
        texts = {f"message {seq}": text.encode() for seq, (_, text) in self._said.items()}
        texts |= {"the attachment": self._file[:100]}
        yield stage.absence(f"none of {len(texts)} messages and attachments", data, texts)
        secrets = self._company.secrets
        different = len(set(secrets.values()))
        yield stage.absence(f"none of {different} secrets of the members", data, secrets)
        published = self._published.values()
        packages = [package for each in published for package in each.key_packages]
        names = {name: name.encode() for name in (*FOUNDERS, LATE)}
        rest, count = evidence.blanked(data, packages, names.values())
        inside = len(evidence.sightings(data, names))
        outside = evidence.sightings(rest, names)
        yield Check(
            "no name is in it outside of a KeyPackage",
            not outside and inside > 0,
            "; ".join(outside) or f"{count} copies of KeyPackages, with {inside} names",
        )
