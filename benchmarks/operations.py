"""The operations that are measured: each prepares a call, and says what its floor is.

A call is prepared anew for every round, from a group in which nothing has happened in the
epoch, with fresh KeyPackages, and between a random sender and a random receiver; on the log
tree the sender is leaf 0, the last one that has committed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from benchmarks import floors
from benchmarks.groups import POLICY, client, clients
from covey.mls import Group, Policy, Ports, WireFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.groups import Client, WholeGroup
    from benchmarks.primitives import Calls
    from covey.mls import PendingCommit

DATA: Final = bytes(100)
"""The application data of a message."""

HANDSHAKES: Final = {
    "public": WireFormat.mls_public_message,
    "private": WireFormat.mls_private_message,
}
"""How commits are sent, by name."""


class Explained(NamedTuple):
    """What a call had to do, and how many bytes came out, by name."""

    calls: Calls
    sizes: Mapping[str, int]


class Sample(NamedTuple):
    """A call that is ready to be timed, and what explains its result."""

    call: Callable[[], object]
    explain: Callable[[Any], Explained]


@dataclass
class Scene:
    """A group in which operations are measured.

    Attributes:
        count: How many members it has.
        tree: The kind of its tree.
        group: The group.
        handshake: How its commits are sent; None where it makes no difference.
        policy: Of the members.
    """

    count: int
    tree: str
    group: WholeGroup
    handshake: str | None = None
    policy: Policy = POLICY
    random: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - no secret

    @property
    def depth(self) -> int:
        """The number d."""
        return self.group.tree.height

    @property
    def suite(self) -> int:
        """The code point of its cipher suite."""
        return self.group.tree.suite.code

    def client(self) -> Client:
        """A client that is about to join it."""
        return client("new", self.suite)

    @property
    def private(self) -> bool:
        """Whether commits are PrivateMessages."""
        return self.handshake != "public"

    def choose(self, wanted: int) -> list[int]:
        """A sender and other members, all different."""
        if self.tree == "log":
            return [0, *self.random.sample(self.group.members[1:], wanted - 1)]
        return self.random.sample(self.group.members, wanted)

    def member(self, index: int) -> Group:
        """The group of a member."""
        return self.group.member(index, self.policy)

    def commit(
        self,
        sender: Group,
        *,
        added: Client | None = None,
        removed: int | None = None,
        tree_inside: bool = False,
    ) -> PendingCommit:
        """A commit of the kind that the scene is about."""
        return sender.commit(
            add=() if added is None else (added.package.message,),
            remove=() if removed is None else (removed,),
            handshake=HANDSHAKES[self.handshake or "private"],
            welcome_tree=tree_inside,
        )

    def explain(self, pending: PendingCommit, sender: int, *, inside: bool = False) -> Explained:
        """The floor of a commit and of its Welcome, and their sizes."""
        commit = self.shape(pending, sender, inside=inside)
        sizes = {"commit": len(pending.message)}
        if pending.welcomes:
            sizes |= {"Welcome": len(pending.welcome), "tree": len(pending.ratchet_tree)}
        return Explained(floors.create(commit), sizes)

    def shape(self, pending: PendingCommit, sender: int, *, inside: bool = False) -> floors.Commit:
        """A commit, as its floors see it."""
        return floors.Commit(pending, sender, self.private, self.depth, inside)


@dataclass(frozen=True)
class Operation:
    """Something that is measured.

    Attributes:
        name: What it is called.
        prepare: Makes a sample.
        aim: The least efficiency that we want; None if there is no aim.
        handshake: Whether it comes with public and with private handshakes.
        members: The least number of members.
        constant: Whether it may not grow with n, but for log n.
        on_tree: Whether it depends on the kind of tree.
    """

    name: str
    prepare: Callable[[Scene], Sample]
    aim: float | None
    handshake: bool = False
    members: int = 2
    constant: bool = True
    on_tree: bool = True


def _empty(scene: Scene) -> Sample:
    (index,) = scene.choose(1)
    sender = scene.member(index)
    return Sample(lambda: scene.commit(sender), lambda made: scene.explain(made, index))


def _add(scene: Scene, *, inside: bool = False) -> Sample:
    (index,) = scene.choose(1)
    sender, new = scene.member(index), scene.client()
    return Sample(
        lambda: scene.commit(sender, added=new, tree_inside=inside),
        lambda made: scene.explain(made, index, inside=inside),
    )


def _add_with_tree(scene: Scene) -> Sample:
    return _add(scene, inside=True)


def _remove(scene: Scene) -> Sample:
    index, removed = scene.choose(2)
    sender = scene.member(index)
    return Sample(
        lambda: scene.commit(sender, removed=removed), lambda made: scene.explain(made, index)
    )


def _process(scene: Scene) -> Sample:
    sender, receiver = scene.choose(2)
    return _received(scene, scene.commit(scene.member(sender)), sender, receiver)


def _process_add(scene: Scene) -> Sample:
    sender, receiver = scene.choose(2)
    pending = scene.commit(scene.member(sender), added=scene.client())
    return _received(scene, pending, sender, receiver)


def _process_remove(scene: Scene) -> Sample:
    sender, receiver, removed = scene.choose(3)
    pending = scene.commit(scene.member(sender), removed=removed)
    return _received(scene, pending, sender, receiver)


def _received(scene: Scene, pending: PendingCommit, sender: int, receiver: int) -> Sample:
    group = scene.member(receiver)

    def explain(_event: object) -> Explained:
        assert group.epoch_authenticator == pending.epoch_authenticator
        calls = floors.process(scene.shape(pending, sender), receiver)
        return Explained(calls, {"commit": len(pending.message)})

    return Sample(lambda: group.receive(pending.message), explain)


def _join(scene: Scene, *, inside: bool = True) -> Sample:
    (index,) = scene.choose(1)
    new = scene.client()
    pending = scene.commit(scene.member(index), added=new, tree_inside=inside)
    tree = pending.ratchet_tree
    apart = None if inside else tree
    ports = Ports(scene.policy)

    def call() -> Group:
        return Group.join(new.member, new.package, pending.welcome, ratchet_tree=apart, ports=ports)

    def explain(group: Group) -> Explained:
        assert group.epoch_authenticator == pending.epoch_authenticator
        calls = floors.join(group.tree, len(tree) if inside else 0)
        return Explained(calls, {"Welcome": len(pending.welcome), "tree": len(tree)})

    return Sample(call, explain)


def _join_apart(scene: Scene) -> Sample:
    return _join(scene, inside=False)


def _build(scene: Scene) -> Sample:
    founder, *others = clients(scene.count, scene.suite)
    packages = [each.package.message for each in others]

    def explain(pending: PendingCommit) -> Explained:
        commit = floors.Commit(pending, 0, private=True, depth=0, tree_inside=True)
        sizes = {"commit": len(pending.message), "Welcome": len(pending.welcome)}
        return Explained(floors.build(commit), sizes)

    ports = Ports(scene.policy)
    return Sample(lambda: Group.found(founder.member, packages, ports=ports).commit, explain)


def _protect(scene: Scene, *, first: bool = True) -> Sample:
    (index,) = scene.choose(1)
    sender = scene.member(index)
    if not first:
        sender.protect(DATA)

    def explain(message: bytes) -> Explained:
        calls = floors.protect(scene.suite, len(message), scene.depth if first else None)
        return Explained(calls, {"message": len(message)})

    return Sample(lambda: sender.protect(DATA), explain)


def _protect_later(scene: Scene) -> Sample:
    return _protect(scene, first=False)


def _unprotect(scene: Scene, *, first: bool = True) -> Sample:
    one, other = scene.choose(2)
    sender, receiver = scene.member(one), scene.member(other)
    if not first:
        receiver.receive(sender.protect(DATA))
    message = sender.protect(DATA)
    calls = floors.unprotect(scene.suite, len(message), scene.depth if first else None)
    explained = Explained(calls, {"message": len(message)})
    return Sample(lambda: receiver.receive(message), lambda _event: explained)


def _unprotect_later(scene: Scene) -> Sample:
    return _unprotect(scene, first=False)


OPERATIONS: Final = (
    Operation("build by one commit", _build, 0.6, constant=False, on_tree=False),
    Operation("empty commit", _empty, 0.7, handshake=True),
    Operation("process it", _process, 0.7, handshake=True),
    Operation("add one", _add, 0.7, handshake=True),
    Operation("process the add", _process_add, 0.7, handshake=True),
    Operation("add one, tree in the Welcome", _add_with_tree, None, constant=False),
    Operation("remove one", _remove, 0.7, handshake=True),
    Operation("process the remove", _process_remove, 0.7, handshake=True, members=3),
    Operation("join", _join, 0.6, constant=False),
    Operation("join, tree apart", _join_apart, 0.6, constant=False),
    Operation("protect, first", _protect, 0.5),
    Operation("protect, later", _protect_later, 0.5),
    Operation("unprotect, first", _unprotect, 0.5),
    Operation("unprotect, later", _unprotect_later, 0.5),
)
"""Everything that is measured on a group of n members, in the order of the tables."""
