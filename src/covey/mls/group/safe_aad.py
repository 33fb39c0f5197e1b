"""draft-ietf-mls-extensions: what components say beside messages. May import structs and rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import msgspec

from covey.errors import LocalProtocolError, StateError
from covey.mls.group.events import EpochChanged, MessageReceived, ProposalReceived
from covey.mls.rules.messages import authenticated_data_is_safe, unsafe
from covey.mls.structs.components import SafeAAD, SafeAADItem, has_safe_aad, read_safe_aad
from covey.mls.wire.struct import as_bytes

if TYPE_CHECKING:
    from covey.mls.structs.framing import FramedContent
    from covey.mls.structs.schedule import GroupContext

E = TypeVar("E", MessageReceived, ProposalReceived, EpochChanged)


def framed(data: bytes | Mapping[int, bytes], context: GroupContext) -> bytes:
    """The ``authenticated_data`` of a message of ours, as its group wants it.

    Args:
        data: The bytes; or, in a group with ``safe_aad``, those of each component.
        context: The GroupContext of the message's epoch.

    Raises:
        StateError: Components say something, and the group has no ``safe_aad``.
        LocalProtocolError: It has, and the bytes are no SafeAAD (SAFE-AAD-1).
        ValueError: A component is none.
    """
    safe = has_safe_aad(context.extensions)
    if isinstance(data, Mapping):
        if not safe:
            msg = "the group has no safe_aad: what goes beside a message are bytes"
            raise StateError(msg)
        items = (SafeAADItem(each, as_bytes(data[each])) for each in sorted(data))
        return SafeAAD(tuple(items)).encode()
    encoded = as_bytes(data)
    if not safe:
        return encoded
    encoded = encoded or SafeAAD(()).encode()
    broken = unsafe(encoded)
    if broken is not None:
        rule = authenticated_data_is_safe
        raise LocalProtocolError(rule.id, rule.section, rule.statement, broken)
    return encoded


def beside(event: E, content: FramedContent, context: GroupContext) -> E:
    """The event with what came beside the message, whose rules hold."""
    data = content.authenticated_data
    items = read_safe_aad(data) if has_safe_aad(context.extensions) else None
    return msgspec.structs.replace(event, authenticated_data=data, aad_items=items)
