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
from covey.mls.crypto.suite import get_suite
from covey.mls.structs.commit import Commit
from covey.mls.structs.extensions import (
    AppDataDictionary,
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


@cache
def _group() -> tuple[mls.Group, mls.Member, mls.PrivateKeyPackage]:
    policy = mls.Policy(threads=1)
    suite = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
    members = [mls.Member.basic(f"member {n}".encode(), suite, policy=policy) for n in range(5)]
    packages = [member.key_package() for member in members]
    founded = mls.Group.found(members[0], [each.message for each in packages[1:4]])
    return founded.group, members[4], packages[4]


def receive(data: bytes) -> bool:
    """Give any bytes to a member; nothing may change but by a valid message."""
    group, _, _ = _group()
    before = group.snapshot()
    try:
        group.receive(data)
    except PROMISED:
        if group.snapshot() != before:
            msg = "a refused message changed the group"
            raise AssertionError(msg) from None
        return False
    return True


def join(data: bytes) -> bool:
    """Give any bytes to a joiner as a Welcome, a tree and a GroupInfo."""
    _, member, package = _group()
    try:
        mls.Group.join(member, package, data)
    except PROMISED:
        pass
    else:
        return True
    try:
        mls.PublicGroup(get_suite(1), data)
    except PROMISED:
        return False
    return True


TARGETS: dict[str, Callable[[bytes], bool]] = {
    "decoders": decoders,
    "receive": receive,
    "join": join,
}
"""All targets, by name."""
