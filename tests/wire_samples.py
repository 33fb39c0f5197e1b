"""Structs with their encodings, put together by hand from the RFC's blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.structs.commit import Commit, ProposalOrRef
from covey.mls.structs.components import (
    AppDataDictionary,
    ComponentData,
    ComponentOperationLabel,
    ComponentsList,
    SafeAAD,
    SafeAADItem,
)
from covey.mls.structs.credentials import (
    BasicCredential,
    Certificate,
    UnknownCredential,
    X509Credential,
)
from covey.mls.structs.extensions import (
    ApplicationId,
    Extension,
    ExternalPub,
    ExternalSender,
    ExternalSenders,
    RequiredCapabilities,
)
from covey.mls.structs.framing import (
    AuthenticatedContent,
    FramedContent,
    FramedContentAuthData,
    PrivateContentAAD,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderData,
    SenderDataAAD,
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
    ProposalFrame,
    ReInit,
    Remove,
    SelfRemove,
    UnknownProposal,
    Update,
)
from covey.mls.structs.schedule import GroupContext, PreSharedKeyID, PSKLabel
from covey.mls.structs.tree import (
    Capabilities,
    HPKECiphertext,
    LeafNode,
    Lifetime,
    ParentNode,
    RatchetTreeNodes,
    UpdatePath,
    UpdatePathNode,
)
from covey.mls.structs.welcome import (
    EncryptedGroupSecrets,
    GroupInfo,
    GroupSecrets,
    PathSecret,
    Welcome,
)
from covey.mls.wire.code_points import (
    AppDataUpdateOperation,
    ContentType,
    LeafNodeSource,
    ProposalOrRefType,
    PSKType,
    ResumptionPSKUsage,
    SenderType,
)

if TYPE_CHECKING:
    from covey.mls.wire.struct import WireStruct

EXTENSION = Extension(0xAAAA, b"e")
EXTENSION_HEX = "aaaa0165"

CAPABILITIES = Capabilities((1,), (1, 2), (), (0x0A0A,), (1,))
CAPABILITIES_HEX = "020001040001000200020a0a020001"

_LEAF_HEAD = "0145015300010141" + CAPABILITIES_HEX
LEAF_IN_PACKAGE = LeafNode(
    b"E", b"S", BasicCredential(b"A"), CAPABILITIES, LeafNodeSource.key_package,
    Lifetime(1, 2), None, (EXTENSION,), b"s",
)  # fmt: skip
LEAF_IN_PACKAGE_HEX = _LEAF_HEAD + "010000000000000001000000000000000204" + EXTENSION_HEX + "0173"
LEAF_OF_UPDATE = LEAF_IN_PACKAGE.replace(
    leaf_node_source=LeafNodeSource.update, lifetime=None, extensions=()
)
LEAF_OF_UPDATE_HEX = _LEAF_HEAD + "02000173"
LEAF_OF_COMMIT = LEAF_OF_UPDATE.replace(leaf_node_source=LeafNodeSource.commit, parent_hash=b"pp")
LEAF_OF_COMMIT_HEX = _LEAF_HEAD + "03027070000173"

PARENT = ParentNode(b"P", b"h", (1, 0x01020304))
PARENT_HEX = "01500168080000000101020304"

PACKAGE = KeyPackage(1, 2, b"I", LEAF_IN_PACKAGE, (EXTENSION,), b"k")
PACKAGE_HEX = "000100020149" + LEAF_IN_PACKAGE_HEX + "04" + EXTENSION_HEX + "016b"

EXTERNAL_PSK = PreSharedKeyID(PSKType.external, b"id", None, None, None, b"n")
EXTERNAL_PSK_HEX = "01026964016e"
RESUMPTION_PSK = PreSharedKeyID(PSKType.resumption, None, ResumptionPSKUsage.branch, b"g", 5, b"n")
RESUMPTION_PSK_HEX = "020301670000000000000005016e"

CONTEXT = GroupContext(1, 3, b"g", 7, b"t", b"c", (EXTENSION,))
CONTEXT_HEX = "00010003016700000000000000070174016304" + EXTENSION_HEX

CIPHERTEXT = HPKECiphertext(b"k", b"c")
CIPHERTEXT_HEX = "016b0163"
PATH = UpdatePath(LEAF_OF_COMMIT, (UpdatePathNode(b"U", (CIPHERTEXT,)), UpdatePathNode(b"V", ())))
PATH_HEX = LEAF_OF_COMMIT_HEX + "0a015504" + CIPHERTEXT_HEX + "015600"

BY_VALUE = ProposalOrRef(ProposalOrRefType.proposal, proposal=Remove(9))
BY_REFERENCE = ProposalOrRef(ProposalOrRefType.reference, reference=b"r")
COMMIT = Commit((BY_VALUE, BY_REFERENCE), None)
COMMIT_HEX = "0a0100030000000902017200"

_FROM_MEMBER = Sender(SenderType.member, leaf_index=2)
_FROM_MEMBER_HEX = "0100000002"
_CONTENT_HEAD_HEX = "01670000000000000007"
APPLICATION = FramedContent(
    b"g", 7, _FROM_MEMBER, b"a", ContentType.application, application_data=b"hi"
)
APPLICATION_HEX = _CONTENT_HEAD_HEX + _FROM_MEMBER_HEX + "016101026869"
PROPOSAL = FramedContent(
    b"g", 7, Sender(SenderType.external, sender_index=3), b"", ContentType.proposal,
    proposal=Remove(9),
)  # fmt: skip
PROPOSAL_HEX = _CONTENT_HEAD_HEX + "02000000030002000300000009"
COMMITTED = FramedContent(
    b"g", 7, Sender(SenderType.new_member_commit), b"", ContentType.commit, commit=COMMIT
)
COMMITTED_HEX = _CONTENT_HEAD_HEX + "040003" + COMMIT_HEX

PRIVATE = PrivateMessage(b"g", 7, ContentType.commit, b"a", b"d", b"c")
PRIVATE_HEX = _CONTENT_HEAD_HEX + "03016101640163"

INFO = GroupInfo(CONTEXT, (), b"t", 4, b"s")
INFO_HEX = CONTEXT_HEX + "000174000000040173"
WELCOME = Welcome(2, (EncryptedGroupSecrets(b"r", CIPHERTEXT),), b"i")
WELCOME_HEX = "0002060172" + CIPHERTEXT_HEX + "0169"

PUBLIC = PublicMessage(APPLICATION, FramedContentAuthData(b"s"), b"m")
PUBLIC_HEX = APPLICATION_HEX + "0173016d"

SAMPLES: list[tuple[WireStruct, str]] = [
    (Certificate(b"der"), "03646572"),
    (BasicCredential(b"A"), "0141"),
    (X509Credential((Certificate(b"x"), Certificate(b"y"))), "0401780179"),
    (UnknownCredential(0x1A1A, b"?"), "1a1a013f"),
    (EXTENSION, EXTENSION_HEX),
    (ApplicationId(b"app"), "03617070"),
    (RequiredCapabilities((5,), (), (1, 2)), "020005000400010002"),
    (ExternalPub(b"x"), "0178"),
    (ExternalSender(b"k", BasicCredential(b"A")), "016b00010141"),
    (
        ExternalSenders((ExternalSender(b"k", BasicCredential(b"")),)),
        "05016b000100",
    ),
    (ComponentData(4, b"x"), "00040178"),
    (AppDataDictionary((ComponentData(4, b""),)), "03000400"),
    (ComponentsList((1, 0x8001)), "0400018001"),
    (SafeAADItem(2, b"x"), "00020178"),
    (SafeAAD((SafeAADItem(2, b"x"), SafeAADItem(3, b""))), "0700020178000300"),
    (ComponentOperationLabel(b"MLS Component", 5, b"x"), "0d4d4c5320436f6d706f6e656e7400050178"),
    (CAPABILITIES, CAPABILITIES_HEX),
    (Lifetime(1, (1 << 64) - 1), "0000000000000001ffffffffffffffff"),
    (LEAF_IN_PACKAGE, LEAF_IN_PACKAGE_HEX),
    (LEAF_OF_UPDATE, LEAF_OF_UPDATE_HEX),
    (LEAF_OF_COMMIT, LEAF_OF_COMMIT_HEX),
    (PARENT, PARENT_HEX),
    (
        RatchetTreeNodes((LEAF_OF_UPDATE, None, PARENT)),
        f"{len(LEAF_OF_UPDATE_HEX + PARENT_HEX) // 2 + 5:02x}"
        "0101" + LEAF_OF_UPDATE_HEX + "000102" + PARENT_HEX,
    ),
    (CIPHERTEXT, CIPHERTEXT_HEX),
    (UpdatePathNode(b"U", (CIPHERTEXT,)), "015504" + CIPHERTEXT_HEX),
    (PATH, PATH_HEX),
    (PACKAGE, PACKAGE_HEX),
    (EXTERNAL_PSK, EXTERNAL_PSK_HEX),
    (RESUMPTION_PSK, RESUMPTION_PSK_HEX),
    (PSKLabel(EXTERNAL_PSK, 1, 2), EXTERNAL_PSK_HEX + "00010002"),
    (CONTEXT, CONTEXT_HEX),
    (Add(PACKAGE), PACKAGE_HEX),
    (Update(LEAF_OF_UPDATE), LEAF_OF_UPDATE_HEX),
    (Remove(9), "00000009"),
    (PreSharedKey(RESUMPTION_PSK), RESUMPTION_PSK_HEX),
    (ReInit(b"n", 1, 7, (EXTENSION,)), "016e0001000704" + EXTENSION_HEX),
    (ExternalInit(b"k"), "016b"),
    (GroupContextExtensions((EXTENSION,)), "04" + EXTENSION_HEX),
    (AppDataUpdate(5, AppDataUpdateOperation.update, b"x"), "0005010178"),
    (AppDataUpdate(0x8001, AppDataUpdateOperation.remove), "800102"),
    (AppEphemeral(5, b"x"), "00050178"),
    (SelfRemove(), ""),
    (UnknownProposal(0xF000, b"x"), "f0000178"),
    (ProposalFrame(Add(PACKAGE)), "0001" + PACKAGE_HEX),
    (ProposalFrame(Update(LEAF_OF_UPDATE)), "0002" + LEAF_OF_UPDATE_HEX),
    (ProposalFrame(Remove(9)), "000300000009"),
    (ProposalFrame(PreSharedKey(EXTERNAL_PSK)), "0004" + EXTERNAL_PSK_HEX),
    (ProposalFrame(ReInit(b"", 1, 1, ())), "0005000001000100"),
    (ProposalFrame(ExternalInit(b"k")), "0006016b"),
    (ProposalFrame(GroupContextExtensions(())), "000700"),
    (
        ProposalFrame(AppDataUpdate(5, AppDataUpdateOperation.update, b"")),
        "000800050100",
    ),
    (ProposalFrame(AppEphemeral(5, b"")), "0009000500"),
    (ProposalFrame(SelfRemove()), "000a"),
    (ProposalFrame(UnknownProposal(0xF000, b"x")), "f0000178"),
    (BY_VALUE, "01000300000009"),
    (BY_REFERENCE, "020172"),
    (COMMIT, COMMIT_HEX),
    (Commit((), PATH), "0001" + PATH_HEX),
    (_FROM_MEMBER, _FROM_MEMBER_HEX),
    (Sender(SenderType.new_member_proposal), "03"),
    (APPLICATION, APPLICATION_HEX),
    (PROPOSAL, PROPOSAL_HEX),
    (COMMITTED, COMMITTED_HEX),
    (
        AuthenticatedContent(1, PROPOSAL, FramedContentAuthData(b"s")),
        "0001" + PROPOSAL_HEX + "0173",
    ),
    (
        AuthenticatedContent(2, COMMITTED, FramedContentAuthData(b"s", b"t")),
        "0002" + COMMITTED_HEX + "01730174",
    ),
    (PUBLIC, PUBLIC_HEX),
    (PublicMessage(PROPOSAL, FramedContentAuthData(b"s")), PROPOSAL_HEX + "0173"),
    (
        PublicMessage(COMMITTED, FramedContentAuthData(b"s", b"t")),
        COMMITTED_HEX + "01730174",
    ),
    (PRIVATE, PRIVATE_HEX),
    (SenderData(1, 2, b"abcd"), "000000010000000261626364"),
    (PrivateContentAAD(b"g", 7, ContentType.proposal, b"a"), _CONTENT_HEAD_HEX + "020161"),
    (SenderDataAAD(b"g", 7, ContentType.application), _CONTENT_HEAD_HEX + "01"),
    (INFO, INFO_HEX),
    (PathSecret(b"p"), "0170"),
    (
        GroupSecrets(b"j", PathSecret(b"p"), (EXTERNAL_PSK,)),
        "016a01017006" + EXTERNAL_PSK_HEX,
    ),
    (GroupSecrets(b"j", None, ()), "016a0000"),
    (EncryptedGroupSecrets(b"r", CIPHERTEXT), "0172" + CIPHERTEXT_HEX),
    (WELCOME, WELCOME_HEX),
    (MLSMessage(1, PUBLIC), "00010001" + PUBLIC_HEX),
    (MLSMessage(1, PRIVATE), "00010002" + PRIVATE_HEX),
    (MLSMessage(1, WELCOME), "00010003" + WELCOME_HEX),
    (MLSMessage(1, INFO), "00010004" + INFO_HEX),
    (MLSMessage(1, PACKAGE), "00010005" + PACKAGE_HEX),
]  # fmt: skip
