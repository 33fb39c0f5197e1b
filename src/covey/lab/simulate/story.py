"""What happened in a run, step by step, to be told when it failed. May import nothing of covey."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from covey.lab.simulate.virtual import BEGIN

if TYPE_CHECKING:
    from collections.abc import Callable


class Step(NamedTuple):
    """Something that happened.

    Attributes:
        at: When, in seconds since the run began.
        who: A client, ``broker``, ``network`` or ``judge``.
        what: What, in words.
    """

    at: float
    who: str
    what: str

    def as_text(self, number: int) -> str:
        """A line for people."""
        whole = timedelta(seconds=int(self.at))
        return f"{number:5}  {whole!s:>16}.{int(self.at % 1 * 1000):03}  {self.who:<8} {self.what}"


class Tale(NamedTuple):
    """What happened in a run that is over.

    Attributes:
        steps: What happened, in order.
    """

    steps: tuple[Step, ...]

    def as_text(self) -> str:
        """All of it, for people."""
        return "\n".join(each.as_text(number) for number, each in enumerate(self.steps, 1))

    def mark(self) -> str:
        """A digest of all of it: the same run tells the same story."""
        return blake2b(self.as_text().encode(), digest_size=8).hexdigest()

    def as_tree(self) -> list[dict[str, Any]]:
        """All of it, for programs."""
        return [each._asdict() for each in self.steps]


class Story:
    """What happened.

    Args:
        now: The time, in seconds since the epoch.
        fine: Whether to keep each request too.

    Attributes:
        steps: What happened, in order.
        kinds: How often each kind of thing did.
        began: When each kind of thing did first, in seconds since the epoch.
        lately: When each kind of thing did last.
        fine: Whether each request is kept too.
    """

    def __init__(self, now: Callable[[], float], *, fine: bool = False) -> None:
        self.steps: list[Step] = []
        self.kinds: Counter[str] = Counter()
        self.began: dict[str, float] = {}
        self.lately: dict[str, float] = {}
        self.fine: bool = fine
        self._now = now

    def tell(self, who: str, what: str, kind: str = "") -> None:
        """Something happened.

        Args:
            who: To whom.
            what: In words.
            kind: What it is counted as; nothing when empty.
        """
        self.steps.append(Step(self._now() - BEGIN, who, what))
        if kind:
            self.kinds[kind] += 1
            self.began.setdefault(kind, self._now())
            self.lately[kind] = self._now()

    def ends(self, kind: str) -> None:
        """Something that takes long has lasted until now."""
        self.lately[kind] = self._now()

    def tale(self) -> Tale:
        """All of it, to be kept."""
        return Tale(tuple(self.steps))
