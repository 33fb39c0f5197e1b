"""Writes a file of vectors for every family.

May import the other files of this folder. Files are as the official ones: an array of
cases, by suite, and named after the family.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from covey.lab.conformance.generate import basics, handshakes, messages, passive, schedules, trees
from covey.lab.conformance.generate.seeded import Seeded
from covey.mls.crypto.suite import get_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from covey.lab.conformance.generate.seeded import Vector
    from covey.mls.crypto.suite import Suite

_WITHOUT_SUITE: Final[dict[str, Callable[[Seeded], Iterator[Vector]]]] = {
    "deserialization": basics.deserialization,
    "tree-math": basics.tree_math,
    "messages": messages.messages,
}

_FOR_EACH_SUITE: Final[dict[str, Callable[[Suite, Seeded], Iterator[Vector]]]] = {
    "crypto-basics": basics.crypto_basics,
    "key-schedule": schedules.key_schedule_epochs,
    "psk_secret": schedules.psk_secret,
    "secret-tree": schedules.secret_tree_keys,
    "transcript-hashes": schedules.transcript_hashes,
    "message-protection": handshakes.message_protection,
    "tree-operations": trees.tree_operations,
    "tree-validation": trees.tree_validation,
    "treekem": trees.treekem,
    "welcome": handshakes.welcome,
    "passive-client-welcome": passive.passive_client_welcome,
    "passive-client-handling-commit": passive.passive_client_handling_commit,
    "passive-client-random": passive.passive_client_random,
}

NAMES: Final = tuple(sorted((*_WITHOUT_SUITE, *_FOR_EACH_SUITE)))
"""The families that can be written."""


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
    path.write_text(json.dumps(made, indent=1) + "\n")
    return path, len(made)
