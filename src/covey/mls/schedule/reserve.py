"""Keys of our own ratchets, taken ahead of their messages (RFC 9420 §9.1, §9.2).

May import the steps. Whoever stores a group before every message pays a write for each;
whoever does not uses a key twice after a crash. So a sender takes the keys of many generations at
once, and the tree's head then stands beyond them, which is what is stored: the keys are nowhere but
here. Each is erased as it is used. What is not used is lost with the process, or with the epoch:
receivers follow a ratchet over the gap (§15.3).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from covey.mls.schedule.steps import Step

if TYPE_CHECKING:
    from covey.mls.schedule.steps import RatchetKind

MOST: Final = 1000
"""Keys that one ratchet may be ahead: so far receivers follow a gap, unless told otherwise."""


class Reserve:
    """What was taken from one secret tree. It has no rows: it is not stored."""

    __slots__ = ("_settled", "_steps")

    def __init__(self) -> None:
        self._steps: dict[tuple[int, RatchetKind], deque[Step]] = {}
        self._settled: dict[tuple[int, RatchetKind], int] = {}

    def __repr__(self) -> str:
        return f"<Reserve of {sum(map(len, self._steps.values()))} keys>"

    def add(self, step: Step) -> None:
        """Keep the key of a step that the tree has made, and not what it was derived from."""
        key = Step(step.key, step.nonce, step.leaf, step.kind, step.generation, None)
        self._steps.setdefault((step.leaf, step.kind), deque()).append(key)

    def take(self, leaf: int, kind: RatchetKind) -> Step | None:
        """The key of the first generation, which is no longer here; None when none is left."""
        steps = self._steps.get((leaf, kind))
        return steps.popleft() if steps else None

    def first(self, leaf: int, kind: RatchetKind) -> int | None:
        """The generation that is taken next; None when none is left."""
        steps = self._steps.get((leaf, kind))
        return steps[0].generation if steps else None

    def left(self, leaf: int, kind: RatchetKind) -> int:
        """How many keys are left."""
        return len(self._steps.get((leaf, kind), ()))

    def settle(self) -> None:
        """Note that the rows of a tree that stands beyond all of them were handed out."""
        for ratchet, steps in self._steps.items():
            if steps:
                self._settled[ratchet] = steps[-1].generation

    def is_settled(self, leaf: int, kind: RatchetKind) -> bool:
        """Whether the next one is there, and was before rows were handed out last."""
        first = self.first(leaf, kind)
        return first is not None and first <= self._settled.get((leaf, kind), -1)

    def clear(self) -> None:
        """Erase them all: their epoch is over."""
        self._steps.clear()
        self._settled.clear()
