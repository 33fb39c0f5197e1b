"""Valid inputs to begin from: one of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.mls.structs.message import MLSMessage
from fuzz.scene import scene
from fuzz.targets import DECODERS

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLANS: Final = {"signed": 12, "observed": 12, "invited": 1}
"""How many messages a plan can begin with."""


def of(target: str) -> Iterator[bytes]:
    """Valid inputs of a target."""
    if target in _PLANS:
        for first in range(_PLANS[target]):
            for how in (0, 1, 2, 4, 8, 16):
                yield bytes((first, how, 0, 0, 0, 0))
    elif target == "decoders":
        yield from _structs()
    else:
        yield from scene().messages()


def _structs() -> Iterator[bytes]:
    """For the decoders: the struct's number, then an encoding of it."""
    kinds = {struct: number for number, struct in enumerate(DECODERS)}
    for data in (scene().welcome, scene().package.message, *scene().messages()):
        message = MLSMessage.decode(data)
        yield bytes((kinds[MLSMessage],)) + data
        inner = message.message
        if type(inner) in kinds:
            yield bytes((kinds[type(inner)],)) + inner.encode()
