"""RFC 9420 §2.1, §6: encodings that say the same in another way. May import the forge.

Each is part of a message that a member has signed as it is, so that the encoding alone is
what is wrong with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary import forge
from covey.lab.adversary.case import breaks
from covey.lab.adversary.taking_out import altering, recompiled
from covey.lab.adversary.victims import Trial
from covey.mls.structs.proposals import Remove
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.structs.framing import FramedContent


def _proposal(stage: Stage) -> FramedContent:
    return forge.proposal_content(stage.mallory, Remove(stage.dave.own_index))


def _lax_header(original: Callable[..., Any]) -> Callable[..., Any]:
    def read(buf: bytes, pos: int) -> tuple[int, int]:
        if buf[pos] >> 6 == 1:
            return (buf[pos] & 0x3F) << 8 | buf[pos + 1], pos + 2
        found: tuple[int, int] = original(buf, pos)
        return found

    return read


def _header_in_runtime(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda runtime: {**runtime, "_read_header": change(runtime["_read_header"])}


@breaks("VAL-002", instead=recompiled(("wire.runtime:RUNTIME", _header_in_runtime(_lax_header))))
def a_header_that_is_longer_than_needed(stage: Stage) -> Trial:
    """The header of the group_id takes two bytes where one is enough."""
    content = _proposal(stage)
    group_id = stage.mallory.group_id
    assert content.raw.startswith(opaque(group_id))
    longer = (0x4000 | len(group_id)).to_bytes(2) + content.raw[1:]
    bad = forge.public_message(stage.mallory, content.replace(raw=longer))
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


def _any_end(_: object) -> object:
    def decode(cls: type[Any], data: bytes) -> object:
        return cls.decode_prefix(data)[0]

    return classmethod(decode)


@breaks("VAL-006", instead=altering(("wire.struct:WireStruct.decode", _any_end)))
def bytes_after_the_end(stage: Stage) -> Trial:
    """A byte follows the message."""
    good = forge.proposed(stage.mallory, Remove(stage.dave.own_index))
    return Trial(stage.victim(), good + b"\x00", good)
