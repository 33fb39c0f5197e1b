"""RFC 9420 §12.1.8, §12.4.3.2: what somebody outside of a group can send.

May import the other steps of this folder. External commits and resync, proposals of new
members, and proposals of external senders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from covey.errors import DecodeError, StateError
from covey.mls.framing import authenticate, public
from covey.mls.group import psks, safe_aad, seal, staging
from covey.mls.group.choosing import in_order
from covey.mls.group.core import ports_of
from covey.mls.group.create_commit import Kit, NewLeaf, advance, commit_of, make_path
from covey.mls.group.epoch import Epoch, PublicState
from covey.mls.group.events import Changed, member_info
from covey.mls.group.join import verified_tree
from covey.mls.group.member import PrivateKeyPackage
from covey.mls.group.process_commit import EXTERNAL_INIT_LABEL
from covey.mls.group.proposing import require_proposal
from covey.mls.group.receiving import decode_message, open_public, verified_proposal
from covey.mls.group.state import State, first_state
from covey.mls.rules import joining, messages, trees
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.rules.registry import Remote, enforce
from covey.mls.structs.extensions import ExternalPub
from covey.mls.structs.framing import FramedContentAuthData, PublicMessage, Sender
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import (
    Add,
    ExternalInit,
    PreSharedKey,
    Proposal,
    Remove,
    SelfRemove,
)
from covey.mls.structs.welcome import GroupInfo
from covey.mls.tree.private import PrivateTree
from covey.mls.wire.code_points import (
    ExtensionType,
    LeafNodeSource,
    ProtocolVersion,
    SenderType,
    WireFormat,
)
from covey.mls.wire.struct import as_a

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from covey.mls.crypto.suite import Suite
    from covey.mls.group.core import Ports
    from covey.mls.group.member import Member
    from covey.mls.group.verify import Checker
    from covey.mls.schedule.secret_tree import SecretTree
    from covey.mls.structs.schedule import PreSharedKeyID

WIRE_FORMAT = WireFormat.mls_public_message


class ExternalCommit(NamedTuple):
    """An external commit, and the epoch that it opens if the group takes it.

    Attributes:
        message: The MLSMessage for all members.
        epoch: The epoch that it opens.
        secret_tree: Of that epoch.
        changed: What it changes.
    """

    message: bytes
    epoch: Epoch
    secret_tree: SecretTree
    changed: Changed

    @property
    def state(self) -> State:
        """What the joiner knows if the group takes it; its echo is known."""
        joined = first_state(self.epoch, self.secret_tree)
        return joined.replace(accepted=self.epoch.public.suite.hash(self.message))

    def __repr__(self) -> str:
        return f"ExternalCommit({self.epoch!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class ExternalOptions(TypedDict, total=False):
    """How an external commit is made; every option has a default.

    Attributes:
        resync: The leaf of our old appearance, to be replaced.
        psks: PSKs to mix in, by external id or PreSharedKeyID.
        self_removes: Pending SelfRemoves of the epoch, which must be committed too.
        proposals: Data of components: AppDataUpdates and AppEphemerals.
        authenticated_data: Goes beside the commit, signed and not encrypted; in a group with
            ``safe_aad``, what each component says.
    """

    resync: int | None
    psks: Iterable[bytes | PreSharedKeyID]
    self_removes: Iterable[bytes]
    proposals: Iterable[Proposal]
    authenticated_data: bytes | Mapping[int, bytes]


def decode_group_info(data: bytes) -> GroupInfo:
    """The GroupInfo of an MLSMessage.

    Raises:
        DecodeError: The bytes are no MLSMessage.
        StateError: It holds something else.
    """
    message = decode_message(data).message
    if not isinstance(message, GroupInfo):
        msg = f"a GroupInfo is needed, this is a {type(message).__name__}"
        raise StateError(msg)
    return message


def public_state(
    info: GroupInfo, ratchet_tree: bytes | None, suite: Suite, check: Checker
) -> PublicState:
    """The public state of a GroupInfo, all of it checked (VAL-178).

    Raises:
        ProtocolError: A rule is broken.
        AuthenticationError: A signature does not verify.
        StateError: No tree is at hand.
    """
    enforce(joining.GROUP_INFO, joining.GroupInfoSubject(info, suite.code), check.blame)
    tree = verified_tree(info, ratchet_tree, suite, check)
    return PublicState.of(info.group_context, tree, info.confirmation_tag)


def commit_externally(
    member: Member, info: GroupInfo, state: PublicState, how: ExternalOptions, kit: Kit
) -> ExternalCommit:
    """Join a group by a commit of our own (§12.4.3.2).

    Raises:
        StateError: The GroupInfo carries no external_pub (VAL-179).
        DecodeError: The external_pub is no public key of the suite.
        LocalProtocolError: The commit would break a rule.
    """
    unknown = how.keys() - ExternalOptions.__annotations__.keys()
    if unknown:
        msg = f"join_externally() has no option {', '.join(sorted(unknown))}"
        raise TypeError(msg)
    suite = member.suite
    kem_output, init_secret = suite.export_to(
        _external_pub(info, suite), EXTERNAL_INIT_LABEL, suite.Nh, kit.entropy
    )
    items = _items(kem_output, how, state, kit)
    provisional, index = staging.place_joiner(staging.apply_proposals(items, state, kit.check))
    new_leaf = NewLeaf(member.leaf(b"", LeafNodeSource.update), member.signer)
    path = make_path(state, provisional, PrivateTree(index, b"", {}), new_leaf, kit)
    staging.check_result(state, path.tree, provisional.extensions, kit.check)
    committer = member_info(index, new_leaf.template)
    changed = staging.summarise(provisional, state, committer, with_path=True)
    staging.ask_policy(changed, state, kit.check)
    sender = Sender(SenderType.new_member_commit)
    content = authenticate.commit_content(
        state.context.group_id,
        state.context.epoch,
        sender,
        safe_aad.framed(how.get("authenticated_data", b""), state.context),
        commit_of(items.items, path.path),
    )
    tbs = authenticate.to_be_signed(WIRE_FORMAT, content, state.encoded)
    signature = authenticate.sign(suite, member.signer, tbs)
    signed = seal.Signed(content, WIRE_FORMAT, tbs, signature)
    psk_secret = psks.combine(suite, items.psks, kit.psks, kit.resumption)
    following = advance(state, provisional, path, signed, init_secret, psk_secret, kit.check)
    auth = FramedContentAuthData(signature, following.epoch.public.confirmation_tag)
    message = _message(state, signed, auth)
    return ExternalCommit(message, following.epoch, following.secret_tree, changed)


def _external_pub(info: GroupInfo, suite: Suite) -> bytes:
    """The key to which an external joiner sends the init secret (§12.4.3.2)."""
    data = trees.find_extension(info.extensions, ExtensionType.external_pub)
    if data is None:
        msg = "the GroupInfo carries no external_pub, so nobody can join by it"
        raise StateError(msg).of(rule="VAL-179", section="12.4.3.2")
    external_pub = ExternalPub.decode(data).external_pub
    try:
        suite.check_hpke_public(external_pub)
    except DecodeError as error:
        raise error.of(rule="VAL-010", section="5.1.1") from None
    return external_pub


def _items(kem_output: bytes, how: ExternalOptions, state: PublicState, kit: Kit) -> ProposalList:
    sender = Sender(SenderType.new_member_commit)
    own: list[Proposal] = [ExternalInit(kem_output)]
    old = how.get("resync")
    if old is not None:
        own.append(Remove(old))
    mixed = [psks.use_of(state.suite, each, kit.entropy) for each in how.get("psks", ())]
    own += [PreSharedKey(psk) for psk in mixed]
    leaving = [self_remove(each, state, kit.check) for each in how.get("self_removes", ())]
    for each in how.get("proposals", ()):
        require_proposal(each)
        own.append(each)
    items = (*(Sent(each, sender) for each in own), *leaving)
    return ProposalList(
        in_order(items), None, state.context, state.tree, successor=False, has_path=True
    )


def self_remove(data: bytes, state: PublicState, check: Checker) -> Sent:
    """A SelfRemove that an outsider has to commit; its membership tag cannot be checked.

    Raises:
        StateError: It is something else.
    """
    authenticated = open_public(_leaving(data), state, None)
    return verified_proposal(authenticated, state, check)


def _leaving(data: bytes) -> PublicMessage:
    message = decode_message(data).message
    if isinstance(message, PublicMessage) and isinstance(message.content.proposal, SelfRemove):
        return message
    msg = "only SelfRemove proposals go into an external commit by reference"
    raise StateError(msg).of(rule="VAL-170", section="12.4.3.2")


def _message(state: PublicState, signed: seal.Signed, auth: FramedContentAuthData) -> bytes:
    message = public.protect(state.suite, b"", signed.content, auth, signed.tbs)
    return MLSMessage(ProtocolVersion.mls10, message).encode()


def propose_from_outside(
    sender: Sender,
    signer: bytes,
    proposal: Proposal,
    state: PublicState,
    data: bytes | Mapping[int, bytes] = b"",
) -> bytes:
    """A proposal from outside of the group, as a PublicMessage (§12.1.8).

    Args:
        sender: ``external`` or ``new_member_proposal``.
        signer: The private key that the sender's type says.
        proposal: What to propose.
        state: The public state of the epoch.
        data: Authenticated data.
    """
    context = state.context
    beside = safe_aad.framed(data, context)
    content = authenticate.proposal_content(
        context.group_id, context.epoch, sender, beside, proposal
    )
    tbs = authenticate.to_be_signed(WIRE_FORMAT, content, state.encoded)
    signature = authenticate.sign(state.suite, signer, tbs)
    signed = seal.Signed(content, WIRE_FORMAT, tbs, signature)
    return _message(state, signed, FramedContentAuthData(signature))


def propose_to_join(
    member: Member,
    package: PrivateKeyPackage,
    group_info: bytes,
    *,
    ratchet_tree: bytes | None = None,
    authenticated_data: bytes | Mapping[int, bytes] = b"",
    ports: Ports | None = None,
) -> bytes:
    """Ask to be added: a new member's own Add, for members to authorise (§12.1.8).

    Args:
        member: Who wants to join.
        package: The KeyPackage to be added by; join with it and the Welcome that follows.
        group_info: A GroupInfo of the current epoch, as an MLSMessage.
        ratchet_tree: The tree, when the GroupInfo does not carry it.
        authenticated_data: Goes beside the proposal, signed and not encrypted.
        ports: Policy and clock; the member's policy by default.

    Returns:
        The MLSMessage for all members.
    """
    check = ports_of(member, ports).check(Remote)
    info = decode_group_info(group_info)
    state = public_state(info, ratchet_tree, member.suite, check)
    sender = Sender(SenderType.new_member_proposal)
    proposal = Add(as_a(PrivateKeyPackage, package).package)
    return propose_from_outside(sender, member.signer, proposal, state, authenticated_data)


def sender_index(state: PublicState, signature_key: bytes) -> int:
    """Where a key stands among the group's external senders (§12.1.8.1).

    Raises:
        StateError: It is not among them.
    """
    keys = [each.signature_key for each in messages.external_senders(state.context)]
    if signature_key not in keys:
        msg = "this key is not among the group's external senders"
        raise StateError(msg)
    return keys.index(signature_key)
