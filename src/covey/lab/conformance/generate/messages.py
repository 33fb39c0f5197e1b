"""Cases of the family messages: every struct, filled with anything. May import structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.mls.structs.commit import Commit, ProposalOrRef
from covey.mls.structs.credentials import (
    BasicCredential,
    Certificate,
    UnknownCredential,
    X509Credential,
)
from covey.mls.structs.extensions import Extension
from covey.mls.structs.framing import (
    FramedContent,
    FramedContentAuthData,
    PrivateMessage,
    PublicMessage,
    Sender,
)
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
from covey.mls.structs.schedule import GroupContext, PreSharedKeyID
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
    GREASE,
    ContentType,
    LeafNodeSource,
    ProposalOrRefType,
    ProtocolVersion,
    PSKType,
    ResumptionPSKUsage,
    SenderType,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.structs.credentials import Credential
    from covey.mls.structs.proposals import Proposal
    from covey.mls.wire.struct import WireStruct

    _T = TypeVar("_T")

_CASES: Final = 50
_MOST: Final = 3  # elements of a vector


def messages(entropy: Seeded) -> Iterator[Vector]:
    """Syntactically valid structs; signatures, tags and keys are any bytes."""
    fill = _Filler(entropy)
    for _ in range(_CASES):
        proposal, commit = fill.proposal(), fill.commit()
        made: dict[str, WireStruct] = {
            "mls_welcome": _message(fill.welcome()),
            "mls_group_info": _message(fill.group_info()),
            "mls_key_package": _message(fill.key_package()),
            "ratchet_tree": fill.ratchet_tree(),
            "group_secrets": fill.group_secrets(),
            "add_proposal": Add(fill.key_package()),
            "update_proposal": Update(fill.leaf_node()),
            "remove_proposal": Remove(fill.uint32()),
            "pre_shared_key_proposal": PreSharedKey(fill.psk_id()),
            "re_init_proposal": fill.reinit(),
            "external_init_proposal": ExternalInit(fill.opaque()),
            "group_context_extensions_proposal": GroupContextExtensions(fill.extensions()),
            "commit": fill.commit(),
            "public_message_application": _message(
                fill.public(ContentType.application, application_data=fill.opaque())
            ),
            "public_message_proposal": _message(
                fill.public(ContentType.proposal, proposal=proposal)
            ),
            "public_message_commit": _message(fill.public(ContentType.commit, commit=commit)),
            "private_message": _message(fill.private()),
        }
        yield {name: value.encode().hex() for name, value in made.items()}


def _message(
    inner: Welcome | GroupInfo | KeyPackage | PublicMessage | PrivateMessage,
) -> MLSMessage:
    return MLSMessage(ProtocolVersion.mls10, inner)


class _Filler:
    """Makes structs of every kind."""

    def __init__(self, entropy: Seeded) -> None:
        self._entropy = entropy

    def opaque(self) -> bytes:
        return self._entropy.some(80)

    def uint16(self) -> int:
        return self._entropy.below(1 << 16)

    def uint32(self) -> int:
        return self._entropy.below(1 << 32)

    def uint64(self) -> int:
        return self._entropy.below(1 << 64)

    def _several(self, make: Callable[[], _T]) -> tuple[_T, ...]:
        return tuple(make() for _ in range(self._entropy.below(_MOST + 1)))

    def _one_of(self, *choices: _T) -> _T:
        return choices[self._entropy.below(len(choices))]

    def extensions(self) -> tuple[Extension, ...]:
        return self._several(lambda: Extension(self.uint16(), self.opaque()))

    def _code_points(self) -> tuple[int, ...]:
        return (*self._several(self.uint16), self._one_of(*GREASE))

    def _credential(self) -> Credential:
        certificates = self._several(lambda: Certificate(self.opaque()))
        choices: tuple[Credential, ...] = (
            BasicCredential(self.opaque()),
            X509Credential(certificates),
            UnknownCredential(self._one_of(*GREASE), self.opaque()),
        )
        return self._one_of(*choices)

    def leaf_node(self) -> LeafNode:
        source = self._one_of(*LeafNodeSource)
        lifetime = Lifetime(self.uint64(), self.uint64())
        return LeafNode(
            self.opaque(),
            self.opaque(),
            self._credential(),
            Capabilities(*(self._code_points() for _ in range(5))),
            source,
            lifetime if source is LeafNodeSource.key_package else None,
            self.opaque() if source is LeafNodeSource.commit else None,
            self.extensions(),
            self.opaque(),
        )

    def key_package(self) -> KeyPackage:
        leaf = self.leaf_node()
        return KeyPackage(
            self.uint16(), self.uint16(), self.opaque(), leaf, self.extensions(), self.opaque()
        )

    def ratchet_tree(self) -> RatchetTreeNodes:
        def parent() -> ParentNode:
            unmerged = tuple(sorted(self._several(self.uint32)))
            return ParentNode(self.opaque(), self.opaque(), unmerged)

        nodes: list[LeafNode | ParentNode | None] = [self.leaf_node()]
        for _ in range(self._entropy.below(8)):
            nodes.append(self._one_of(parent(), None))
            nodes.append(self._one_of(self.leaf_node(), None))
        return RatchetTreeNodes((*nodes, parent(), self.leaf_node()))

    def psk_id(self) -> PreSharedKeyID:
        if self._one_of(*PSKType) is PSKType.external:
            return PreSharedKeyID(PSKType.external, self.opaque(), None, None, None, self.opaque())
        usage = self._one_of(*ResumptionPSKUsage)
        return PreSharedKeyID(
            PSKType.resumption, None, usage, self.opaque(), self.uint64(), self.opaque()
        )

    def reinit(self) -> ReInit:
        return ReInit(self.opaque(), self.uint16(), self.uint16(), self.extensions())

    def proposal(self) -> Proposal:
        choices: tuple[Proposal, ...] = (
            Add(self.key_package()),
            Update(self.leaf_node()),
            Remove(self.uint32()),
            PreSharedKey(self.psk_id()),
            self.reinit(),
            ExternalInit(self.opaque()),
            GroupContextExtensions(self.extensions()),
        )
        return self._one_of(*choices)

    def _ciphertext(self) -> HPKECiphertext:
        return HPKECiphertext(self.opaque(), self.opaque())

    def _path_node(self) -> UpdatePathNode:
        return UpdatePathNode(self.opaque(), self._several(self._ciphertext))

    def commit(self) -> Commit:
        proposals = self._several(
            lambda: self._one_of(
                ProposalOrRef(ProposalOrRefType.proposal, proposal=self.proposal()),
                ProposalOrRef(ProposalOrRefType.reference, reference=self.opaque()),
            )
        )
        path = UpdatePath(self.leaf_node(), self._several(self._path_node))
        return Commit(proposals, self._one_of(path, None))

    def group_info(self) -> GroupInfo:
        context = GroupContext(
            ProtocolVersion.mls10,
            self.uint16(),
            self.opaque(),
            self.uint64(),
            self.opaque(),
            self.opaque(),
            self.extensions(),
        )
        return GroupInfo(context, self.extensions(), self.opaque(), self.uint32(), self.opaque())

    def group_secrets(self) -> GroupSecrets:
        path_secret = self._one_of(PathSecret(self.opaque()), None)
        return GroupSecrets(self.opaque(), path_secret, self._several(self.psk_id))

    def welcome(self) -> Welcome:
        secrets = self._several(lambda: EncryptedGroupSecrets(self.opaque(), self._ciphertext()))
        return Welcome(self.uint16(), secrets, self.opaque())

    def public(
        self,
        kind: ContentType,
        *,
        application_data: bytes | None = None,
        proposal: Proposal | None = None,
        commit: Commit | None = None,
    ) -> PublicMessage:
        sender = self._one_of(
            Sender(SenderType.member, leaf_index=self.uint32()),
            Sender(SenderType.external, sender_index=self.uint32()),
            Sender(SenderType.new_member_proposal),
            Sender(SenderType.new_member_commit),
        )
        content = FramedContent(
            self.opaque(),
            self.uint64(),
            sender,
            self.opaque(),
            kind,
            application_data,
            proposal,
            commit,
        )
        tag = self.opaque() if kind is ContentType.commit else None
        auth = FramedContentAuthData(self.opaque(), tag)
        by_member = sender.sender_type is SenderType.member
        return PublicMessage(content, auth, self.opaque() if by_member else None)

    def private(self) -> PrivateMessage:
        return PrivateMessage(
            self.opaque(),
            self.uint64(),
            self._one_of(*ContentType),
            self.opaque(),
            self.opaque(),
            self.opaque(),
        )
