"""Writes a file of vectors for every family of the access protocol.

May import :mod:`.generate`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from covey.lab.conformance.access.generate import basics, joining, logs
from covey.lab.conformance.generate.seeded import Seeded
from covey.mls.crypto.suite import get_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from covey.lab.conformance.generate.seeded import Vector
    from covey.mls.crypto.suite import Suite

_WITHOUT_SUITE: Final[dict[str, Callable[[Seeded], Iterator[Vector]]]] = {
    "access-structs": basics.structs,
    "access-signatures": basics.signatures,
    "access-handles": basics.handles,
    "access-links": basics.links_,
    "access-envelopes": logs.sealed,
    "access-chain": logs.chains,
    "access-heads": logs.heads,
    "access-parcels": joining.sealed_parcels,
}

_FOR_EACH_SUITE: Final[dict[str, Callable[[Suite, Seeded], Iterator[Vector]]]] = {
    "access-epochs": logs.epochs,
    "access-pointers": joining.pointed,
    "access-knocks": joining.knocked,
    "access-notes": joining.noted,
}

NAMES: Final = tuple(sorted((*_WITHOUT_SUITE, *_FOR_EACH_SUITE)))
"""The families."""


def cases(name: str, suites: Sequence[int], seed: bytes) -> Iterator[Vector]:
    """The cases of a family.

    Args:
        name: Of the family.
        suites: Code points; families without a suite ignore them.
        seed: The same seed gives the same cases.
    """
    if name in _WITHOUT_SUITE:
        yield from _WITHOUT_SUITE[name](Seeded(seed, name))
        return
    for code in suites:
        yield from _FOR_EACH_SUITE[name](get_suite(code), Seeded(seed, f"{name} {code}"))


def write(folder: Path, name: str, suites: Sequence[int], seed: bytes) -> tuple[Path, int]:
    """Write the file of a family into a folder.

    Returns:
        The file, and how many cases it holds.
    """
    made = list(cases(name, suites, seed))
    path = folder / f"{name}.json"
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return path, len(made)
