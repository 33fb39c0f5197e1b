"""What is fuzzed: every decoder, and everything that takes bytes from a stranger.

A target takes bytes, may raise what is promised, and returns whether the bytes got past
decoding. Anything else that is raised, or a changed snapshot, is a finding.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

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
from covey.mls.structs.proposals import Add, GroupContextExtensions, ProposalFrame, Remove
from covey.mls.structs.schedule import GroupContext, PreSharedKeyID, PSKLabel
from covey.mls.structs.tree import LeafNode, ParentNode, RatchetTreeNodes, UpdatePath
from covey.mls.structs.welcome import GroupInfo, GroupSecrets, Welcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


class Scene:
    """A group whose second member is fuzzed, messages for it, and somebody who is outside."""

    def __init__(self) -> None:
        suite = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
        policy = mls.Policy(threads=1)
        people = [mls.Member.basic(f"member {n}".encode(), suite, policy=policy) for n in range(5)]
        packages = [person.key_package() for person in people]
        founded = mls.Group.found(people[0], [each.message for each in packages[1:4]])
        self.founder = founded.group
        self.welcome = founded.welcome
        self.outsider, self.package = people[4], packages[4]
        self.victim = mls.Group.join(people[1], packages[1], founded.welcome)
        self.before = self.victim.snapshot()

    def messages(self) -> Iterator[bytes]:
        """Valid messages for the victim, of every kind, public and private."""
        group = self.founder
        yield group.protect(b"hello")
        yield group.group_info()
        for handshake in (mls.WireFormat.mls_public_message, mls.WireFormat.mls_private_message):
            changes: tuple[dict[str, Any], ...] = (
                {},
                {"remove": [2]},
                {"extensions": []},
                {"add": [self.package.message]},
            )
            for options in changes:
                pending = group.commit(handshake=handshake, **options)
                yield pending.message
                if pending.welcomes:
                    yield pending.welcome
                group.discard(pending)
            for proposal in (Remove(2), Add(self.package.package), GroupContextExtensions(())):
                yield group.propose(proposal, handshake=handshake)
        yield group.leave()
        yield mls.Group.join_externally(self.outsider, group.group_info()).commit

    def restore(self) -> None:
        """Bring the victim back to where it began."""
        self.victim = mls.Group.restore(self.before, self.victim.ports)


@cache
def scene() -> Scene:
    """The scene of this process; its messages are of no use in another."""
    return Scene()


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
    """Give any bytes to a joiner as a Welcome, a tree and a GroupInfo."""
    here = scene()
    try:
        mls.Group.join(here.outsider, here.package, data)
    except PROMISED:
        pass
    else:
        return True
    try:
        mls.PublicGroup(data)
    except PROMISED as error:
        return not isinstance(error, DecodeError)
    return True


TARGETS: dict[str, Callable[[bytes], bool]] = {
    "decoders": decoders,
    "receive": receive,
    "join": join,
}
"""All targets, by name."""
