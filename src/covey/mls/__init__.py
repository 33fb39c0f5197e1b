"""covey.mls: the Messaging Layer Security protocol, RFC 9420, as a library without I/O.

Begin with :class:`Member` and :class:`Group`; what they take and return is named here too.
The names are looked up when they are first used: whoever needs only a part, such as a broker
that decodes structs, does not load the code that holds group secrets.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from covey.mls.crypto.dialects import (
        DIALECTS,
        Dialect,
        dialect,
        get_suite,
        known_suites,
        speak,
    )
    from covey.mls.crypto.suite import Suite
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
    from covey.mls.group.external import ExternalOptions, propose_to_join
    from covey.mls.group.group import Group, StagedWelcome
    from covey.mls.group.listening import StagedCommit
    from covey.mls.group.member import Member, PrivateKeyPackage
    from covey.mls.group.padding import no_padding, padme, steps
    from covey.mls.group.peeking import Peek, peek
    from covey.mls.group.pending import PendingCommit
    from covey.mls.group.policy import Policy
    from covey.mls.group.psks import MemoryPsks, PskStore
    from covey.mls.group.public_group import PublicGroup
    from covey.mls.group.results import Founded, JoinedExternally, Membership
    from covey.mls.group.storing import Changes
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.components import (
        ComponentsList,
        app_data,
        component_label,
        with_app_data,
    )
    from covey.mls.structs.credentials import BasicCredential, X509Credential
    from covey.mls.structs.extensions import (
        Extension,
        ExternalSender,
        ExternalSenders,
        RequiredCapabilities,
    )
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.message import MLSMessage
    from covey.mls.structs.proposals import (
        Add,
        AppDataUpdate,
        AppEphemeral,
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
        AppDataUpdateOperation,
        CipherSuite,
        ComponentID,
        ContentType,
        CredentialType,
        ExtensionType,
        ProposalType,
        SenderType,
        WireFormat,
    )

__all__ = [
    "DIALECTS",
    "Add",
    "AppDataUpdate",
    "AppDataUpdateOperation",
    "AppEphemeral",
    "BasicCredential",
    "Changed",
    "Changes",
    "CipherSuite",
    "CommitOptions",
    "ComponentID",
    "ComponentsList",
    "ContentType",
    "CredentialType",
    "Dialect",
    "EpochChanged",
    "Event",
    "Extension",
    "ExtensionType",
    "ExternalInit",
    "ExternalOptions",
    "ExternalSender",
    "ExternalSenders",
    "Founded",
    "Group",
    "GroupContext",
    "GroupContextExtensions",
    "JoinedExternally",
    "KeyPackage",
    "MLSMessage",
    "Member",
    "MemberInfo",
    "Membership",
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
    "SenderType",
    "Sent",
    "StagedCommit",
    "StagedWelcome",
    "Suite",
    "UnknownProposal",
    "Update",
    "WireFormat",
    "X509Credential",
    "app_data",
    "component_label",
    "dialect",
    "get_suite",
    "known_suites",
    "no_padding",
    "padme",
    "peek",
    "propose_to_join",
    "speak",
    "steps",
    "with_app_data",
]

_HOMES: Final = {
    "DIALECTS": "crypto.dialects",
    "Dialect": "crypto.dialects",
    "Suite": "crypto.suite",
    "dialect": "crypto.dialects",
    "get_suite": "crypto.dialects",
    "known_suites": "crypto.dialects",
    "speak": "crypto.dialects",
    "Add": "structs.proposals",
    "AppDataUpdate": "structs.proposals",
    "AppDataUpdateOperation": "wire.code_points",
    "AppEphemeral": "structs.proposals",
    "ComponentID": "wire.code_points",
    "ComponentsList": "structs.components",
    "app_data": "structs.components",
    "component_label": "structs.components",
    "with_app_data": "structs.components",
    "BasicCredential": "structs.credentials",
    "Changed": "group.events",
    "Changes": "group.storing",
    "CipherSuite": "wire.code_points",
    "CommitOptions": "group.committing",
    "ContentType": "wire.code_points",
    "CredentialType": "wire.code_points",
    "EpochChanged": "group.events",
    "Event": "group.events",
    "Extension": "structs.extensions",
    "ExtensionType": "wire.code_points",
    "ExternalOptions": "group.external",
    "ExternalInit": "structs.proposals",
    "ExternalSender": "structs.extensions",
    "ExternalSenders": "structs.extensions",
    "Founded": "group.results",
    "Group": "group.group",
    "GroupContext": "structs.schedule",
    "GroupContextExtensions": "structs.proposals",
    "JoinedExternally": "group.results",
    "KeyPackage": "structs.key_package",
    "MLSMessage": "structs.message",
    "Member": "group.member",
    "MemberInfo": "group.events",
    "Membership": "group.results",
    "MemoryPsks": "group.psks",
    "MessageReceived": "group.events",
    "OwnMessage": "group.events",
    "Peek": "group.peeking",
    "PendingCommit": "group.pending",
    "Policy": "group.policy",
    "Ports": "group.core",
    "PreSharedKey": "structs.proposals",
    "PreSharedKeyID": "structs.schedule",
    "PrivateKeyPackage": "group.member",
    "ProposalReceived": "group.events",
    "ProposalType": "wire.code_points",
    "PskStore": "group.psks",
    "PublicGroup": "group.public_group",
    "PublicState": "group.epoch",
    "ReInit": "structs.proposals",
    "Remove": "structs.proposals",
    "RequiredCapabilities": "structs.extensions",
    "SelfRemove": "structs.proposals",
    "Sent": "rules.proposal_list",
    "SenderType": "wire.code_points",
    "StagedCommit": "group.listening",
    "StagedWelcome": "group.group",
    "UnknownProposal": "structs.proposals",
    "Update": "structs.proposals",
    "WireFormat": "wire.code_points",
    "X509Credential": "structs.credentials",
    "no_padding": "group.padding",
    "padme": "group.padding",
    "peek": "group.peeking",
    "propose_to_join": "group.external",
    "steps": "group.padding",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type, above
    """Load a name from where it lives, at its first use."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
