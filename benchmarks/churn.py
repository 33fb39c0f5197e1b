"""A thousand changes in a row: what they do to the tree, and so to the next commit."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter_ns
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import floors
from benchmarks.groups import POLICY, client
from covey.mls import Group, WireFormat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.groups import WholeGroup


class Step(NamedTuple):
    """One change.

    Attributes:
        kind: "add", "remove" or "update".
        commit: Seconds of making it.
        commit_floor: The floor of that.
        process: Seconds of processing it, by a random other member.
        process_floor: The floor of that.
        size: Bytes of the commit.
        ciphertexts: How many it carries.
        members: How many members there are then.
    """

    kind: str
    commit: float
    commit_floor: float
    process: float
    process_floor: float
    size: int
    ciphertexts: int
    members: int


@dataclass
class Series:
    """Many changes, one after the other.

    Attributes:
        name: What it is called.
        steps: The changes.
    """

    name: str
    steps: list[Step] = field(default_factory=list)

    def part(self, first: int, last: int) -> dict[str, float]:
        """The medians of some steps, by field."""
        steps = self.steps[first:last]
        numbers = [name for name in Step._fields if name != "kind"]
        return {name: median(getattr(step, name) for step in steps) for name in numbers}


def change(group: WholeGroup, sender: int, receiver: int, removed: int | None, kind: str) -> Step:
    """Make one change, process it, and let it take effect."""
    committer, other = group.member(sender), group.member(receiver)
    new = client("new") if kind == "add" else None
    add = () if new is None else (new.package.message,)
    remove = () if removed is None else (removed,)
    depth = group.tree.height
    start = perf_counter_ns()
    pending = committer.commit(
        add=add,
        remove=remove,
        welcome_tree=False,
        handshake=WireFormat.mls_private_message,
    )
    middle = perf_counter_ns()
    other.receive(pending.message)
    end = perf_counter_ns()
    assert other.epoch_authenticator == pending.epoch_authenticator
    shape = floors.Commit(pending, sender, private=True, depth=depth)
    group.advance(pending, () if new is None else (new.package,))
    return Step(
        kind,
        (middle - start) / 1e9,
        floors.create(shape).seconds(POLICY.threads),
        (end - middle) / 1e9,
        floors.process(shape, receiver).seconds(POLICY.threads),
        len(pending.message),
        shape.ciphertexts,
        len(group.members),
    )


def random_changes(group: WholeGroup, count: int) -> Iterator[Step]:
    """Adds, removes and updates in equal parts, each by a random member."""
    chance = random.Random(2)  # noqa: S311 - nobody has to guess it
    for _ in range(count):
        kind = chance.choice(("add", "remove", "update"))
        sender, receiver, third = chance.sample(group.members, 3)
        yield change(group, sender, receiver, third if kind == "remove" else None, kind)


def successive_adds(group: WholeGroup, count: int) -> Iterator[Step]:
    """One member adds others, one by one."""
    chance = random.Random(3)  # noqa: S311 - nobody has to guess it
    for _ in range(count):
        yield change(group, 0, chance.choice(group.members[1:]), None, "add")


def still_valid(group: WholeGroup) -> bool:
    """Whether somebody can join what has become of the group: all rules for a tree hold."""
    new = client("last")
    pending = group.member(group.members[0]).commit(add=[new.package.message])
    joined = Group.join(new.member, new.package, pending.welcome)
    return joined.epoch_authenticator == pending.epoch_authenticator


def parts(count: int) -> Sequence[tuple[int, int]]:
    """The first, the middle and the last tenth of so many steps."""
    tenth = max(1, count // 10)
    middle = count // 2 - tenth // 2
    return (0, tenth), (middle, middle + tenth), (count - tenth, count)
