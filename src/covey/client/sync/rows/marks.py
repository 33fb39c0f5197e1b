"""What is so of a group for a while, and outlasts a restart. May import the store."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from covey.store import settings

if TYPE_CHECKING:
    from covey.store.port import Rows


class Mark(StrEnum):
    """Something that is so for a while."""

    read_anew = "read anew"
    """Its log is read anew, from an earlier place than was reached before: what comes there is not
    new, and what does not come is not lost."""

    contradicted = "contradicted"
    """The broker has shown another log than before: what it has no more is not believed to be
    merely not kept."""


def put(rows: Rows, number: int, mark: Mark) -> None:
    """It is so."""
    settings.put(rows, _name(number, mark), b"\x01")


def drop(rows: Rows, number: int, *marks: Mark) -> None:
    """It is not so any more; if none is named, none is."""
    for mark in marks or Mark:
        settings.drop(rows, _name(number, mark))


def has(rows: Rows, number: int, mark: Mark) -> bool:
    """Whether it is so."""
    return settings.get(rows, _name(number, mark)) is not None


def _name(number: int, mark: Mark) -> str:
    return f"{mark} {number}"
