"""The inputs that are kept: a text file for each target, one input a line in hexadecimal digits.

A fuzzer wants a folder with a file for each input; it is filled from the text, and from valid
messages that are made anew.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fuzz import seeds

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT: Final = Path(__file__).parent / "corpus"
LONGEST: Final = 1024
"""Bytes of an input that is kept."""


def kept(target: str) -> list[bytes]:
    """The inputs that are kept for a target."""
    path = KEPT / f"{target}.txt"
    if not path.exists():
        return []
    return [bytes.fromhex(line) for line in path.read_text(encoding="ascii").splitlines()]


def unpack(target: str, folder: Path) -> None:
    """Write what is kept for a target, and valid messages, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for data in (*seeds.of(target), *kept(target)):
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def found(target: str, folder: Path) -> list[bytes]:
    """What is kept for a target, and what a fuzzer has left in a folder; the short ones first."""
    left = folder.iterdir() if folder.is_dir() else ()
    inputs = {*kept(target), *(path.read_bytes() for path in left)} - set(seeds.of(target))
    return sorted((each for each in inputs if len(each) <= LONGEST), key=_by_length)


def _by_length(data: bytes) -> tuple[int, bytes]:
    return len(data), data


def keep(target: str, inputs: Iterable[bytes]) -> None:
    """Write the file of a target anew."""
    KEPT.mkdir(exist_ok=True)
    text = "".join(f"{each.hex()}\n" for each in inputs)
    (KEPT / f"{target}.txt").write_text(text, encoding="ascii")
