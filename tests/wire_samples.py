"""Structs with their encodings, put together by hand from the RFC's blocks."""

from __future__ import annotations

from covey.mls.structs.commit import Commit, ProposalOrRef
from covey.mls.structs.credentials import (
    BasicCredential,
    Certificate,
    UnknownCredential,
    X509Credential,
)
from covey.mls.structs.extensions import (
    AppDataDictionary,
    ApplicationId,
    ComponentData,
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
    ContentType,
    LeafNodeSource,
    ProposalOrRefType,
    PSKType,
    ResumptionPSKUsage,
    SenderType,
)
from covey.mls.wire.struct import WireStruct

EXTENSION = Extension(0xAAAA, b"e")
EXTENSION_HEX = "aaaa" "0165"

CAPABILITIES = Capabilities((1,), (1, 2), (), (0x0A0A,), (1,))
CAPABILITIES_HEX = "020001" "0400010002" "00" "020a0a" "020001"

_LEAF_HEAD = "0145" "0153" "0001" "0141" + CAPABILITIES_HEX
LEAF_IN_PACKAGE = LeafNode(
    b"E", b"S", BasicCredential(b"A"), CAPABILITIES, LeafNodeSource.key_package,
    Lifetime(1, 2), None, (EXTENSION,), b"s",
)  # fmt: skip
LEAF_IN_PACKAGE_HEX = (
    _LEAF_HEAD + "01" "0000000000000001" "0000000000000002" "04" + EXTENSION_HEX + "0173"
)
LEAF_OF_UPDATE = LEAF_IN_PACKAGE.replace(
    leaf_node_source=LeafNodeSource.update, lifetime=None, extensions=()
)
LEAF_OF_UPDATE_HEX = _LEAF_HEAD + "02" "00" "0173"
LEAF_OF_COMMIT = LEAF_OF_UPDATE.replace(
    leaf_node_source=LeafNodeSource.commit, parent_hash=b"pp"
)
LEAF_OF_COMMIT_HEX = _LEAF_HEAD + "03" "027070" "00" "0173"

PARENT = ParentNode(b"P", b"h", (1, 0x01020304))
PARENT_HEX = "0150" "0168" "08" "00000001" "01020304"

PACKAGE = KeyPackage(1, 2, b"I", LEAF_IN_PACKAGE, (EXTENSION,), b"k")
PACKAGE_HEX = "0001" "0002" "0149" + LEAF_IN_PACKAGE_HEX + "04" + EXTENSION_HEX + "016b"

EXTERNAL_PSK = PreSharedKeyID(PSKType.external, b"id", None, None, None, b"n")
EXTERNAL_PSK_HEX = "01" "026964" "016e"
RESUMPTION_PSK = PreSharedKeyID(
    PSKType.resumption, None, ResumptionPSKUsage.branch, b"g", 5, b"n"
)
RESUMPTION_PSK_HEX = "02" "03" "0167" "0000000000000005" "016e"

CONTEXT = GroupContext(1, 3, b"g", 7, b"t", b"c", (EXTENSION,))
CONTEXT_HEX = "0001" "0003" "0167" "0000000000000007" "0174" "0163" "04" + EXTENSION_HEX

CIPHERTEXT = HPKECiphertext(b"k", b"c")
CIPHERTEXT_HEX = "016b" "0163"
PATH = UpdatePath(LEAF_OF_COMMIT, (UpdatePathNode(b"U", (CIPHERTEXT,)), UpdatePathNode(b"V", ())))
PATH_HEX = LEAF_OF_COMMIT_HEX + "0a" "0155" "04" + CIPHERTEXT_HEX + "0156" "00"

BY_VALUE = ProposalOrRef(ProposalOrRefType.proposal, proposal=Remove(9))
BY_REFERENCE = ProposalOrRef(ProposalOrRefType.reference, reference=b"r")
COMMIT = Commit((BY_VALUE, BY_REFERENCE), None)
COMMIT_HEX = "0a" "01" "0003" "00000009" "02" "0172" "00"

_FROM_MEMBER = Sender(SenderType.member, leaf_index=2)
_FROM_MEMBER_HEX = "01" "00000002"
_CONTENT_HEAD_HEX = "0167" "0000000000000007"
APPLICATION = FramedContent(
    b"g", 7, _FROM_MEMBER, b"a", ContentType.application, application_data=b"hi"
)
APPLICATION_HEX = _CONTENT_HEAD_HEX + _FROM_MEMBER_HEX + "0161" "01" "026869"
PROPOSAL = FramedContent(
    b"g", 7, Sender(SenderType.external, sender_index=3), b"", ContentType.proposal,
    proposal=Remove(9),
)  # fmt: skip
PROPOSAL_HEX = _CONTENT_HEAD_HEX + "02" "00000003" "00" "02" "0003" "00000009"
COMMITTED = FramedContent(
    b"g", 7, Sender(SenderType.new_member_commit), b"", ContentType.commit, commit=COMMIT
)
COMMITTED_HEX = _CONTENT_HEAD_HEX + "04" "00" "03" + COMMIT_HEX

PRIVATE = PrivateMessage(b"g", 7, ContentType.commit, b"a", b"d", b"c")
PRIVATE_HEX = _CONTENT_HEAD_HEX + "03" "0161" "0164" "0163"

INFO = GroupInfo(CONTEXT, (), b"t", 4, b"s")
INFO_HEX = CONTEXT_HEX + "00" "0174" "00000004" "0173"
WELCOME = Welcome(2, (EncryptedGroupSecrets(b"r", CIPHERTEXT),), b"i")
WELCOME_HEX = "0002" "06" "0172" + CIPHERTEXT_HEX + "0169"

PUBLIC = PublicMessage(APPLICATION, FramedContentAuthData(b"s"), b"m")
PUBLIC_HEX = APPLICATION_HEX + "0173" "016d"

SAMPLES: list[tuple[WireStruct, str]] = [
    (Certificate(b"der"), "03646572"),
    (BasicCredential(b"A"), "0141"),
    (X509Credential((Certificate(b"x"), Certificate(b"y"))), "04" "0178" "0179"),
    (UnknownCredential(0x1A1A, b"?"), "1a1a" "013f"),
    (EXTENSION, EXTENSION_HEX),
    (ApplicationId(b"app"), "03617070"),
    (RequiredCapabilities((5,), (), (1, 2)), "020005" "00" "0400010002"),
    (ExternalPub(b"x"), "0178"),
    (ExternalSender(b"k", BasicCredential(b"A")), "016b" "0001" "0141"),
    (
        ExternalSenders((ExternalSender(b"k", BasicCredential(b"")),)),
        "05" "016b" "0001" "00",
    ),
    (ComponentData(4, b"x"), "0004" "0178"),
    (AppDataDictionary((ComponentData(4, b""),)), "03" "0004" "00"),
    (CAPABILITIES, CAPABILITIES_HEX),
    (Lifetime(1, (1 << 64) - 1), "0000000000000001" "ffffffffffffffff"),
    (LEAF_IN_PACKAGE, LEAF_IN_PACKAGE_HEX),
    (LEAF_OF_UPDATE, LEAF_OF_UPDATE_HEX),
    (LEAF_OF_COMMIT, LEAF_OF_COMMIT_HEX),
    (PARENT, PARENT_HEX),
    (
        RatchetTreeNodes((LEAF_OF_UPDATE, None, PARENT)),
        f"{len(LEAF_OF_UPDATE_HEX + PARENT_HEX) // 2 + 5:02x}"
        "0101" + LEAF_OF_UPDATE_HEX + "00" "0102" + PARENT_HEX,
    ),
    (CIPHERTEXT, CIPHERTEXT_HEX),
    (UpdatePathNode(b"U", (CIPHERTEXT,)), "0155" "04" + CIPHERTEXT_HEX),
    (PATH, PATH_HEX),
    (PACKAGE, PACKAGE_HEX),
    (EXTERNAL_PSK, EXTERNAL_PSK_HEX),
    (RESUMPTION_PSK, RESUMPTION_PSK_HEX),
    (PSKLabel(EXTERNAL_PSK, 1, 2), EXTERNAL_PSK_HEX + "0001" "0002"),
    (CONTEXT, CONTEXT_HEX),
    (Add(PACKAGE), PACKAGE_HEX),
    (Update(LEAF_OF_UPDATE), LEAF_OF_UPDATE_HEX),
    (Remove(9), "00000009"),
    (PreSharedKey(RESUMPTION_PSK), RESUMPTION_PSK_HEX),
    (ReInit(b"n", 1, 7, (EXTENSION,)), "016e" "0001" "0007" "04" + EXTENSION_HEX),
    (ExternalInit(b"k"), "016b"),
    (GroupContextExtensions((EXTENSION,)), "04" + EXTENSION_HEX),
    (SelfRemove(), ""),
    (UnknownProposal(0xF000, b"x"), "f000" "0178"),
    (ProposalFrame(Add(PACKAGE)), "0001" + PACKAGE_HEX),
    (ProposalFrame(Update(LEAF_OF_UPDATE)), "0002" + LEAF_OF_UPDATE_HEX),
    (ProposalFrame(Remove(9)), "0003" "00000009"),
    (ProposalFrame(PreSharedKey(EXTERNAL_PSK)), "0004" + EXTERNAL_PSK_HEX),
    (ProposalFrame(ReInit(b"", 1, 1, ())), "0005" "00" "0001" "0001" "00"),
    (ProposalFrame(ExternalInit(b"k")), "0006" "016b"),
    (ProposalFrame(GroupContextExtensions(())), "0007" "00"),
    (ProposalFrame(SelfRemove()), "000a"),
    (ProposalFrame(UnknownProposal(0xF000, b"x")), "f000" "0178"),
    (BY_VALUE, "01" "0003" "00000009"),
    (BY_REFERENCE, "02" "0172"),
    (COMMIT, COMMIT_HEX),
    (Commit((), PATH), "00" "01" + PATH_HEX),
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
        "0002" + COMMITTED_HEX + "0173" "0174",
    ),
    (PUBLIC, PUBLIC_HEX),
    (PublicMessage(PROPOSAL, FramedContentAuthData(b"s")), PROPOSAL_HEX + "0173"),
    (
        PublicMessage(COMMITTED, FramedContentAuthData(b"s", b"t")),
        COMMITTED_HEX + "0173" "0174",
    ),
    (PRIVATE, PRIVATE_HEX),
    (SenderData(1, 2, b"abcd"), "00000001" "00000002" "61626364"),
    (PrivateContentAAD(b"g", 7, ContentType.proposal, b"a"), _CONTENT_HEAD_HEX + "02" "0161"),
    (SenderDataAAD(b"g", 7, ContentType.application), _CONTENT_HEAD_HEX + "01"),
    (INFO, INFO_HEX),
    (PathSecret(b"p"), "0170"),
    (
        GroupSecrets(b"j", PathSecret(b"p"), (EXTERNAL_PSK,)),
        "016a" "01" "0170" "06" + EXTERNAL_PSK_HEX,
    ),
    (GroupSecrets(b"j", None, ()), "016a" "00" "00"),
    (EncryptedGroupSecrets(b"r", CIPHERTEXT), "0172" + CIPHERTEXT_HEX),
    (WELCOME, WELCOME_HEX),
    (MLSMessage(1, PUBLIC), "0001" "0001" + PUBLIC_HEX),
    (MLSMessage(1, PRIVATE), "0001" "0002" + PRIVATE_HEX),
    (MLSMessage(1, WELCOME), "0001" "0003" + WELCOME_HEX),
    (MLSMessage(1, INFO), "0001" "0004" + INFO_HEX),
    (MLSMessage(1, PACKAGE), "0001" "0005" + PACKAGE_HEX),
]  # fmt: skip
