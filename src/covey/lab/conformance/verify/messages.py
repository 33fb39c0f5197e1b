"""The syntax of every message and proposal (RFC 9420 §6, §12).

May import structs. What a message says is not judged: its signatures and tags may be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from covey.lab.conformance.case import ensure
from covey.mls.structs.commit import Commit
from covey.mls.structs.framing import PrivateMessage, PublicMessage
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    Update,
)
from covey.mls.structs.tree import RatchetTreeNodes
from covey.mls.structs.welcome import GroupInfo, GroupSecrets, Welcome
from covey.mls.wire.code_points import ContentType
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case

_S = TypeVar("_S", bound=WireStruct)
_T = TypeVar("_T")

_STRUCTS: Final[dict[str, type[WireStruct]]] = {
    "ratchet_tree": RatchetTreeNodes,
    "group_secrets": GroupSecrets,
    "add_proposal": Add,
    "update_proposal": Update,
    "remove_proposal": Remove,
    "pre_shared_key_proposal": PreSharedKey,
    "re_init_proposal": ReInit,
    "external_init_proposal": ExternalInit,
    "group_context_extensions_proposal": GroupContextExtensions,
    "commit": Commit,
}

_MESSAGES: Final[dict[str, type[WireStruct]]] = {
    "mls_welcome": Welcome,
    "mls_group_info": GroupInfo,
    "mls_key_package": KeyPackage,
    "private_message": PrivateMessage,
}

_PUBLIC_MESSAGES: Final = {
    "public_message_application": ContentType.application,
    "public_message_proposal": ContentType.proposal,
    "public_message_commit": ContentType.commit,
}


def messages(case: Case) -> None:
    """Everything decodes as what it should be, and encodes to the same bytes."""
    for key, struct in _STRUCTS.items():
        _round_trip(case, key, struct)
    for key, kind in _MESSAGES.items():
        message = _round_trip(case, key, MLSMessage).message
        ensure(isinstance(message, kind), f"{key} has another wire_format")
    for key, content_type in _PUBLIC_MESSAGES.items():
        message = _round_trip(case, key, MLSMessage).message
        ensure(isinstance(message, PublicMessage), f"{key} has another wire_format")
        assert isinstance(message, PublicMessage)
        ensure(message.content.content_type is content_type, f"{key} has another content_type")


def _round_trip(case: Case, key: str, struct: type[_S]) -> _S:
    """Decode a value, and encode it again: from the bytes that were kept, and without them."""
    data = case.octets(key)
    decoded = struct.decode(data)
    ensure(decoded.encode() == data, f"{key} encodes to other bytes")
    ensure(_anew(decoded).encode() == data, f"{key} encodes to other bytes from its fields")
    return decoded


def _anew(value: _T) -> _T:
    """A struct without the bytes that it and the structs inside were decoded from."""
    if isinstance(value, WireStruct):
        fields = {name: _anew(getattr(value, name)) for name in value.__struct_fields__}
        return value.replace(**{name: field for name, field in fields.items() if name != "raw"})
    if isinstance(value, tuple):
        return tuple(_anew(item) for item in value)  # type: ignore[return-value]
    return value
