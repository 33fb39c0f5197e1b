"""Hundreds of random operations in one group of many members.

What happens is decided by the scene's seed alone, so that a run can be repeated. Messages are
held back at random and read up to three epochs later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.lab.interop.calls import CallError
from covey.lab.interop.play import values
from covey.lab.interop.play.scenarios.commit import PRIVATE, REQUIRED
from covey.lab.interop.play.scenarios.registry import scenario
from covey.lab.interop.play.witness import DisagreementError
from covey.lab.interop.proto import mls_client_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.interop.play.actor import Actor
    from covey.lab.interop.play.scene import Scene

MOST: Final = 8
"""Members that the group grows to."""

STEPS: Final = 200
"""Operations that are played."""

_LATE: Final = 3  # epochs that a message may be late


class _Held(NamedTuple):
    """A message that has not been read by everybody yet."""

    epoch: int
    sender: Actor
    readers: list[Actor]
    message: bytes
    plaintext: bytes
    authenticated_data: bytes


class _Story:
    """A group, and all that may happen to it next."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.random = scene.random
        self.held: list[_Held] = []
        self._names = 0
        scene.create(self._newcomer())
        scene.commit(scene.members[0], joiners=[self._newcomer() for _ in range(MOST - 1)])

    def _newcomer(self) -> Actor:
        self._names += 1
        return self.scene.actor(f"member {self._names}")

    def _one(self, *but: Actor) -> Actor:
        return self.random.choice([each for each in self.scene.members if each not in but])

    def step(self) -> None:
        """One thing that happens; what one of its actors does not offer does not happen."""
        happened = False
        while not happened:
            happened = self._try_something()
        self._deliver_some()

    def _try_something(self) -> bool:
        operations: list[tuple[Callable[[], None], int]] = [
            (self.send, 6),
            (self.renew, 2),
            (self.update, 4),
            (self.add_psk, 2),
            (self.resume, 2 if self.scene.epoch > 1 else 0),
            (self.extend, 1),
            (self.add, 4 if len(self.scene.members) < MOST else 0),
            (self.join, 2 if len(self.scene.members) < MOST else 0),
            (self.replace, 1),
            (self.remove, 3 if len(self.scene.members) > MOST - 2 else 0),
            (self.many, 3 if len(self.scene.members) > MOST - 2 else 0),
        ]
        chosen = self.random.choices(
            [each for each, _ in operations], [weight for _, weight in operations]
        )[0]
        try:
            chosen()
        except CallError as error:
            if error.code != "UNIMPLEMENTED":
                raise
            self.scene.note(error.message)
            self.renew()  # or proposals that are left would keep their senders from speaking
            return False
        return True

    def send(self) -> None:
        """A message, which its readers get at some time."""
        sender = self._one()
        plaintext = self.random.randbytes(self.random.randrange(300))
        beside = self.random.randbytes(self.random.randrange(10))
        readers = [each for each in self.scene.members if each is not sender]
        self.random.shuffle(readers)
        message = sender.protect(plaintext, beside)
        self.held.append(_Held(self.scene.epoch, sender, readers, message, plaintext, beside))

    def _deliver_some(self) -> None:
        """Give held messages to some of their readers, and those at their limit to all."""
        for held in self.held:
            due = held.epoch + _LATE <= self.scene.epoch
            readers = [each for each in held.readers if each in self.scene.members]
            count = len(readers) if due else self.random.randrange(len(readers) + 1)
            for reader in readers[:count]:
                self.scene.read(reader, held.message, held.plaintext, held.authenticated_data)
            held.readers[:] = readers[count:]
        self.held = [each for each in self.held if each.readers]

    def deliver_all(self, sender: Actor | None = None) -> None:
        """Give held messages, or those of one sender, to all of their readers."""
        for held in self.held:
            if sender is None or held.sender is sender:
                for reader in held.readers:
                    if reader in self.scene.members:
                        self.scene.read(
                            reader, held.message, held.plaintext, held.authenticated_data
                        )
                held.readers.clear()
        self.held = [each for each in self.held if each.readers]

    def _leaving(self, *but: Actor) -> Actor:
        """Who is removed next; what it has said is read before."""
        here = [each.client for each in self.scene.members]
        last = [each for each in self.scene.members if here.count(each.client) == 1]
        leaving = self._one(*but, *last)
        self.deliver_all(leaving)
        return leaving

    def renew(self) -> None:
        """An empty commit."""
        self.scene.commit(self._one())

    def update(self) -> None:
        """One to three members propose an Update, another one commits."""
        committer = self._one()
        others = [each for each in self.scene.members if each is not committer]
        chosen = self.random.sample(others, min(len(others), self.random.randint(1, 3)))
        proposals = [each.propose_update() for each in chosen]
        self.scene.commit(committer, by_reference=proposals, renewed=chosen)

    def add_psk(self) -> None:
        """An external PSK, by value or by reference."""
        psk = self.scene.install_psk()
        if self.random.random() < 0.5:
            self.scene.commit(self._one(), by_value=[values.external_psk(psk)])
        else:
            proposal = self._one().propose_external_psk(psk.id)
            self.scene.commit(self._one(), by_reference=[proposal])

    def resume(self) -> None:
        """The PSK of this epoch, which everybody was in, by value or by reference."""
        epoch = self.scene.epoch
        if self.random.random() < 0.5:
            self.scene.commit(self._one(), by_value=[values.resumption_psk(epoch)])
        else:
            proposal = self._one().propose_resumption_psk(epoch)
            self.scene.commit(self._one(), by_reference=[proposal])

    def extend(self) -> None:
        """Other GroupContext extensions."""
        changed = pb.Extension(
            extension_type=PRIVATE.extension_type, extension_data=self.random.randbytes(8)
        )
        self.scene.commit(self._one(), by_value=[values.extensions(REQUIRED, changed)])

    def add(self) -> None:
        """A new member, by value or by reference, with or without a path."""
        joiner, path = self._newcomer(), self.random.random() < 0.5
        if self.random.random() < 0.5:
            self.scene.commit(self._one(), joiners=[joiner], force_path=path)
        else:
            proposal = self._one().propose_add(joiner.key_package())
            self.scene.commit(
                self._one(), by_reference=[proposal], welcomed=[joiner], force_path=path
            )

    def join(self) -> None:
        """A new member by an external commit."""
        self.scene.external_join(self._one(), self._newcomer())

    def replace(self) -> None:
        """A member by an external commit in place of itself."""
        prior = self._leaving()
        again = self.scene.engage(prior.name, prior.client)
        self.scene.external_join(self._one(prior), again, prior=prior)

    def remove(self) -> None:
        """A member is removed, by value or by reference."""
        removed = self._leaving()
        committer = self._one(removed)
        if self.random.random() < 0.5:
            by_value = [values.remove(removed)]
            self.scene.commit(committer, by_value=by_value, removed=[removed])
        else:
            by_reference = [self._one(removed).propose_remove(removed)]
            self.scene.commit(committer, by_reference=by_reference, removed=[removed])

    def many(self) -> None:
        """Updates, a Remove and Adds in one commit."""
        committer = self._one()
        removed = self._leaving(committer)
        updating = self._one(committer, removed)
        joiner, other = self._newcomer(), self._newcomer()
        by_reference = [
            updating.propose_update(),
            updating.propose_remove(removed),
            committer.propose_add(other.key_package()),
        ]
        self.scene.commit(
            committer,
            by_reference=by_reference,
            joiners=[joiner],
            welcomed=[other],
            removed=[removed],
            renewed=[updating],
        )
        while len(self.scene.members) > MOST:
            self.remove()


def play(scene: Scene, steps: int) -> None:
    """Random operations, then a message of everybody to everybody."""
    story = _Story(scene)
    for _ in range(steps):
        story.step()
    story.deliver_all()
    missing = {each.name for each in scene.cast} - {each.client.name for each in scene.members}
    if missing:
        msg = f"in the end nobody is left of {', '.join(sorted(missing))}"
        raise DisagreementError(msg)
    scene.talk()


@scenario
def steps_200(scene: Scene) -> None:
    """200 random operations with up to eight members."""
    play(scene, STEPS)
