"""What is fuzzed: every decoder, and everything that takes bytes from a stranger.

A target takes bytes, may raise what is promised, and returns whether the bytes got past
decoding. Anything else that is raised, or a changed snapshot, is a finding.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from covey import mls
from covey.errors import (
    AuthenticationError,
    DecodeError,
    MissingKeyError,
    PolicyError,
    RemoteProtocolError,
    StateError,
    UnsupportedError,
)
from covey.mls.structs.commit import Commit
from covey.mls.structs.components import AppDataDictionary
from covey.mls.structs.extensions import (
    Extension,
    ExternalPub,
    ExternalSenders,
    RequiredCapabilities,
)
from covey.mls.structs.framing import AuthenticatedContent, FramedContent, SenderData
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import ProposalFrame
from covey.mls.structs.schedule import GroupContext, PreSharedKeyID, PSKLabel
from covey.mls.structs.tree import LeafNode, ParentNode, RatchetTreeNodes, UpdatePath
from covey.mls.structs.welcome import GroupInfo, GroupSecrets, Welcome
from fuzz import attacks
from fuzz.scene import scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.mls.wire.struct import WireStruct

PROMISED = (
    AuthenticationError,
    DecodeError,
    MissingKeyError,
    PolicyError,
    RemoteProtocolError,
    StateError,
    UnsupportedError,
)
"""What receiving and joining may raise."""

DECODERS: tuple[type[WireStruct], ...] = (
    MLSMessage,
    RatchetTreeNodes,
    AuthenticatedContent,
    FramedContent,
    Commit,
    ProposalFrame,
    KeyPackage,
    LeafNode,
    ParentNode,
    UpdatePath,
    GroupContext,
    GroupInfo,
    GroupSecrets,
    Welcome,
    PreSharedKeyID,
    PSKLabel,
    Extension,
    ExternalPub,
    ExternalSenders,
    RequiredCapabilities,
    AppDataDictionary,
    SenderData,
)


def decoders(data: bytes) -> bool:
    """Decode as the struct that the first byte chooses; what decodes encodes to itself."""
    if not data:
        return False
    struct = DECODERS[data[0] % len(DECODERS)]
    body = data[1:]
    try:
        value = struct.decode(body)
    except DecodeError:
        return False
    fields = value.replace() if "raw" in value.__struct_fields__ else value
    if fields.encode() != body:
        msg = f"{struct.__name__} decodes to something that encodes otherwise"
        raise AssertionError(msg)
    return True


def receive(data: bytes) -> bool:
    """Give any bytes to a member; nothing may change but by a valid message."""
    here = scene()
    before = here.before
    try:
        here.victim.receive(data)
    except PROMISED as error:
        if here.victim.snapshot() != before:
            msg = "a refused message changed the group"
            raise AssertionError(msg) from None
        return not isinstance(error, DecodeError)
    here.restore()
    return True


def join(data: bytes) -> bool:
    """Give any bytes to a joiner as a Welcome, and as a GroupInfo to an observer."""
    here = scene()
    try:
        mls.Group.join(here.outsider, here.package, data, ports=here.ports)
    except PROMISED:
        pass
    else:
        return True
    try:
        mls.PublicGroup(data, ports=here.ports)
    except PROMISED as error:
        return not isinstance(error, DecodeError)
    return True


def signed(plan: bytes) -> bool:
    """Give a member what another one has signed and protected, whatever it says."""
    data = attacks.message(plan)
    return data is not None and receive(data)


def invited(plan: bytes) -> bool:
    """Give a joiner what a member has signed and encrypted, whatever it says."""
    data = attacks.invitation(plan)
    return data is not None and join(data)


@cache
def _observer() -> list[mls.PublicGroup]:
    """One observer, in a list so that another one can take its place."""
    return [mls.PublicGroup(scene().info, ports=scene().ports)]


def observed(plan: bytes) -> bool:
    """Give an observer what a member has signed, whatever it says."""
    data = attacks.message(plan)
    if data is None:
        return False
    [observer] = _observer()
    before = (observer.context, observer.proposals)
    try:
        observer.receive(data)
    except PROMISED as error:
        if (observer.context, observer.proposals) != before:
            msg = "a refused message changed the group"
            raise AssertionError(msg) from None
        return not isinstance(error, DecodeError)
    _observer()[0] = mls.PublicGroup(scene().info, ports=scene().ports)
    return True


PLANNED = frozenset({"signed", "invited", "observed"})
"""The targets whose inputs are plans."""

TARGETS: dict[str, Callable[[bytes], bool]] = {
    "decoders": decoders,
    "receive": receive,
    "join": join,
    "signed": signed,
    "invited": invited,
    "observed": observed,
}
"""All targets, by name."""
