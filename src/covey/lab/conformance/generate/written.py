"""Families of vectors that can be written: each to a file, all by one seed.

May import the seeds of this folder. Files are as the official ones: an array of cases, by suite,
and named after the family.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from covey.lab.conformance.generate.seeded import Seeded
from covey.mls.crypto.dialects import get_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from covey.lab.conformance.generate.seeded import Vector
    from covey.mls.crypto.suite import Suite


class Written(NamedTuple):
    """What makes the cases of each family, by its name.

    Attributes:
        without_suite: Those that depend on no cipher suite.
        for_each_suite: All others.
    """

    without_suite: Mapping[str, Callable[[Seeded], Iterator[Vector]]]
    for_each_suite: Mapping[str, Callable[[Suite, Seeded], Iterator[Vector]]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them, in order."""
        return tuple(sorted((*self.without_suite, *self.for_each_suite)))

    def cases(self, name: str, suites: Sequence[int], seed: bytes) -> Iterator[Vector]:
        """The cases of a family.

        Args:
            name: Of the family.
            suites: Code points; families without a suite ignore them.
            seed: The same seed gives the same cases.
        """
        if name in self.without_suite:
            yield from self.without_suite[name](Seeded(seed, name))
            return
        for code in suites:
            yield from self.for_each_suite[name](get_suite(code), Seeded(seed, f"{name} {code}"))

    def write(
        self, folder: Path, name: str, suites: Sequence[int], seed: bytes
    ) -> tuple[Path, int]:
        """Write the file of a family into a folder.

        Returns:
            The file, and how many cases it holds.
        """
        made = list(self.cases(name, suites, seed))
        path = folder / f"{name}.json"
        path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        return path, len(made)
