"""covey.mls: the Messaging Layer Security protocol, RFC 9420, as a library without I/O.

Begin with :class:`Member` and :class:`Group`; what they take and return is named here too.
"""

from __future__ import annotations

from covey.mls.group.committing import CommitOptions
from covey.mls.group.core import Ports
from covey.mls.group.epoch import PublicState
from covey.mls.group.events import (
    Changed,
    EpochChanged,
    Event,
    MemberInfo,
    MessageReceived,
    OwnMessage,
    ProposalReceived,
)
from covey.mls.group.external import propose_to_join
from covey.mls.group.group import Founded, Group, JoinedExternally, StagedWelcome
from covey.mls.group.listening import StagedCommit
from covey.mls.group.member import Member, PrivateKeyPackage
from covey.mls.group.padding import no_padding, padme, steps
from covey.mls.group.peeking import Peek, peek
from covey.mls.group.pending import PendingCommit
from covey.mls.group.policy import Policy
from covey.mls.group.psks import MemoryPsks, PskStore
from covey.mls.group.public_group import PublicGroup
from covey.mls.group.storing import Changes
from covey.mls.rules.proposal_list import Sent
from covey.mls.structs.credentials import BasicCredential, X509Credential
from covey.mls.structs.extensions import (
    Extension,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
)
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    SelfRemove,
    UnknownProposal,
    Update,
)
from covey.mls.structs.schedule import GroupContext, PreSharedKeyID
from covey.mls.wire.code_points import (
    CipherSuite,
    CredentialType,
    ExtensionType,
    ProposalType,
    WireFormat,
)

__all__ = [
    "Add",
    "BasicCredential",
    "Changed",
    "Changes",
    "CipherSuite",
    "CommitOptions",
    "CredentialType",
    "EpochChanged",
    "Event",
    "Extension",
    "ExtensionType",
    "ExternalInit",
    "ExternalSender",
    "ExternalSenders",
    "Founded",
    "Group",
    "GroupContext",
    "GroupContextExtensions",
    "JoinedExternally",
    "KeyPackage",
    "Member",
    "MemberInfo",
    "MemoryPsks",
    "MessageReceived",
    "OwnMessage",
    "Peek",
    "PendingCommit",
    "Policy",
    "Ports",
    "PreSharedKey",
    "PreSharedKeyID",
    "PrivateKeyPackage",
    "ProposalReceived",
    "ProposalType",
    "PskStore",
    "PublicGroup",
    "PublicState",
    "ReInit",
    "Remove",
    "RequiredCapabilities",
    "SelfRemove",
    "Sent",
    "StagedCommit",
    "StagedWelcome",
    "UnknownProposal",
    "Update",
    "WireFormat",
    "X509Credential",
    "no_padding",
    "padme",
    "peek",
    "propose_to_join",
    "steps",
]
