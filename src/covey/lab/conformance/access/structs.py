"""All structs of the access protocol, by chapter and name. May import them."""

from __future__ import annotations

from typing import Final

from covey.access.structs import (
    basics,
    blobs,
    extensions,
    heads,
    identity,
    joining,
    live,
    log,
    sealed,
)
from covey.mls.wire.struct import WireStruct

_CHAPTERS: Final = (basics, heads, log, joining, identity, blobs, live, extensions, sealed)

STRUCTS: Final = {
    f"{chapter.__name__.rpartition('.')[2]}.{name}": value
    for chapter in _CHAPTERS
    for name, value in vars(chapter).items()
    if isinstance(value, type)
    and issubclass(value, WireStruct)
    and value.__module__ == chapter.__name__
}
"""Every struct, in the order of the chapters: ``log.Append`` and so on."""


def name_of(cls: type[WireStruct]) -> str:
    """The name of a struct in :data:`STRUCTS`."""
    return f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"
