"""The committing half of the facade (RFC 9420 §12.4, §14). May import this folder's steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from covey.errors import (
    AuthenticationError,
    DecodeError,
    LocalProtocolError,
    MissingKeyError,
    PolicyError,
    StateError,
)
from covey.mls.group import proposing, receiving, safe_aad, seal, staging
from covey.mls.group.app_data import announced
from covey.mls.group.choosing import choose, in_order, without_spoilers
from covey.mls.group.create_commit import NewLeaf, Options, create_commit
from covey.mls.group.events import EpochChanged, MemberInfo, member_info
from covey.mls.group.member import Member, PrivateKeyPackage
from covey.mls.group.process_commit import unknown_proposal
from covey.mls.group.psks import combine
from covey.mls.group.sending import Sending
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.rules.registry import Local
from covey.mls.structs.extensions import Extension
from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
)
from covey.mls.wire.code_points import ContentType
from covey.mls.wire.struct import as_a, as_all, as_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from covey.mls.group.epoch import PublicState
    from covey.mls.group.pending import PendingCommit
    from covey.mls.group.verify import Checker
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.schedule import PreSharedKeyID
    from covey.mls.structs.tree import LeafNode
    from covey.mls.wire.code_points import WireFormat


class CommitOptions(TypedDict, total=False):
    """How a commit is made; every option has a default.

    Attributes:
        references: Which received proposals to take; all that fit by default. Who has asked to
            leave, and has waited in vain for others, says so by naming them, without its own.
        path: Whether to renew our path when nothing requires it; decided by need by default.
        handshake: Public or private; the policy's choice by default.
        authenticated_data: Goes beside the commit, signed and not encrypted; in a group with
            ``safe_aad``, what each component says.
        welcome_tree: Whether the Welcome carries the tree; True by default.
        one_welcome_each: Whether each new member gets its own Welcome; False by default.
        info_extensions: For the GroupInfo in the Welcome.
        leaf_extensions: All extensions of our leaf from now on, which takes a path; those that
            it has by default.
        successor: Whether this group continues another, so that reinit and branch PSKs may
            be used in its first commit; ``Group.branch`` and ``Group.reinitialize`` set it.
    """

    references: Iterable[bytes] | None
    path: bool | None
    handshake: WireFormat | None
    authenticated_data: bytes | Mapping[int, bytes]
    welcome_tree: bool
    one_welcome_each: bool
    info_extensions: Iterable[Extension]
    leaf_extensions: Iterable[Extension] | None
    successor: bool


def _is_timely(sent: Sent, public: PublicState, check: Checker) -> bool:
    """Whether a received proposal is good by our clock; who proposed it may have had another."""
    try:
        check.timely(sent, public)
    except (LocalProtocolError, AuthenticationError, PolicyError, DecodeError):
        return False
    return True


class Committing(Sending):
    """Commits: made, then accepted or discarded."""

    __slots__ = ()

    def commit(
        self,
        *,
        add: Iterable[bytes | KeyPackage | PrivateKeyPackage] = (),
        remove: Iterable[int | MemberInfo] = (),
        update: bool | Member = False,
        psks: Iterable[bytes | PreSharedKeyID] = (),
        extensions: Iterable[Extension] | None = None,
        reinit: ReInit | None = None,
        proposals: Iterable[Proposal] = (),
        **options: Unpack[CommitOptions],
    ) -> PendingCommit:
        """Make a commit; the epoch does not change until it is accepted (§12.4.1, §14).

        It takes all received proposals that fit together, then those given here by value. What
        is outside of its lifetime by our clock, certificates included, is left out.

        Args:
            add: KeyPackages of clients to add.
            remove: Members to remove, by leaf index or MemberInfo.
            update: True for fresh keys of ours; a Member for another identity or signature key.
            psks: PSKs to mix in, by external id or PreSharedKeyID.
            extensions: All GroupContext extensions from now on.
            reinit: Ends the group, to be continued with these parameters.
            proposals: Further proposals by value.
            options: See ``CommitOptions``.

        Raises:
            StateError: A commit is pending already, or we have been removed, or nothing is
                reserved though the ports require it.
            LocalProtocolError: The proposals may not be committed so.
            PolicyError: The policy refuses.
            MissingKeyError: A reference or a PSK is not known.
        """
        self._require_ready(options)
        leaf_extensions = options.get("leaf_extensions")
        how = self._options(options, force_path=bool(update) or leaf_extensions is not None)
        self._require_reserved(ContentType.commit, how.wire_format)
        own = self._by_value(add, remove, psks, extensions, reinit, proposals)
        member = update if isinstance(update, Member) else None
        pending = create_commit(
            self._state.epoch,
            self._state.secret_tree,
            self._items(own, options),
            self._new_leaf(member, leaf_extensions),
            how,
            self.ports.kit(Local, self._state),
        )
        self._state = self._state.replace(pending=pending)
        return pending

    def _new_leaf(self, member: Member | None, extensions: Iterable[Extension] | None) -> NewLeaf:
        template, signer = proposing.new_leaf(self._state.epoch, member)
        if extensions is not None:
            given = as_all(Extension, extensions)
            ours = announced(given, self.ports.policy, self.ports.entropy)
            template = template.replace(extensions=ours)
        return NewLeaf(template, signer)

    def _items(self, own: tuple[Sent, ...], options: CommitOptions) -> ProposalList:
        return ProposalList(
            in_order(self._choose(own, options.get("references"))),
            self.own_index,
            self.context,
            self.tree,
            successor=options.get("successor", False) and self.epoch == 0,
            has_path=False,
        )

    def _require_ready(self, options: CommitOptions) -> None:
        self._require_active()
        if self._is_leaving and options.get("references") is None:
            msg = "we have asked to leave (SelfRemove); another member has to commit that"
            raise StateError(msg)
        if self._state.pending is not None:
            msg = "a commit is pending: accept() or discard() it first"
            raise StateError(msg)

    def _options(self, options: CommitOptions, *, force_path: bool) -> Options:
        unknown = options.keys() - CommitOptions.__annotations__.keys()
        if unknown:
            msg = f"commit() has no option {', '.join(sorted(unknown))}"
            raise TypeError(msg)
        return Options(
            seal.handshake_form(options.get("handshake"), self.ports.policy),
            safe_aad.framed(options.get("authenticated_data", b""), self.context),
            True if force_path else options.get("path"),
            options.get("welcome_tree", True),
            options.get("one_welcome_each", False),
            as_all(Extension, options.get("info_extensions", ())),
        )

    def _by_value(
        self,
        add: Iterable[bytes | KeyPackage | PrivateKeyPackage],
        remove: Iterable[int | MemberInfo],
        psks: Iterable[bytes | PreSharedKeyID],
        extensions: Iterable[Extension] | None,
        reinit: ReInit | None,
        proposals: Iterable[Proposal],
    ) -> tuple[Sent, ...]:
        for name, given in (("add", add), ("remove", remove), ("psks", psks)):
            if isinstance(given, (bytes, bytearray, str, int, MemberInfo)):
                msg = f"{name}= takes a list, such as [{name}], not {type(given).__name__}"
                raise TypeError(msg)
        made: list[Proposal] = []
        if extensions is not None:
            made.append(GroupContextExtensions(as_all(Extension, extensions)))
        made += [Remove(self._index_of(member)) for member in remove]
        made += [Add(proposing.key_package(package)) for package in add]
        made += [PreSharedKey(self.psk_id(psk)) for psk in psks]
        if reinit is not None:
            made.append(as_a(ReInit, reinit))
        for each in proposals:
            proposing.require_proposal(each)
            made.append(each)
        sender = seal.own_sender(self._state.epoch)
        return tuple(Sent(proposal, sender) for proposal in made)

    def _index_of(self, member: int | MemberInfo) -> int:
        index: object = member.index if isinstance(member, MemberInfo) else member
        if not isinstance(index, int):
            msg = f"remove= takes leaf indices or MemberInfo, not {type(index).__name__}"
            raise TypeError(msg)
        proposing.require_member(self._state, index)
        return index

    def _choose(
        self, own: tuple[Sent, ...], references: Iterable[bytes] | None
    ) -> tuple[Sent, ...]:
        known = self._state.proposals
        public, check = self._state.epoch.public, self.ports.check(Local)
        if references is None:
            timely = tuple(each for each in known.values() if _is_timely(each, public, check))
            chosen = choose(timely, own, self.own_index, self.tree)
            return without_spoilers(chosen, own, self._can_commit)
        taken = []
        for reference in map(as_bytes, references):
            if reference not in known:
                raise unknown_proposal(reference, self.epoch)
            check.timely(known[reference], public)
            taken.append(known[reference])
        return (*taken, *own)

    def _own_leaf(self) -> LeafNode:
        leaf = self.tree.leaf(self.own_index)
        assert leaf is not None
        return leaf

    def _can_commit(self, items: tuple[Sent, ...]) -> bool:
        """Whether a list is valid, its PSKs are known, and the policy accepts it (§12.2)."""
        public, kit = self._state.epoch.public, self.ports.kit(Local, self._state)
        listed = ProposalList(items, self.own_index, public.context, public.tree)
        try:
            provisional = staging.apply_proposals(listed, public, kit.check)
            staging.check_result(public, provisional.tree, provisional.extensions, kit.check)
            combine(public.suite, listed.psks, kit.psks, kit.resumption)
            us = member_info(self.own_index, self._own_leaf())
            changed = staging.summarise(provisional, public, us, with_path=True)
            staging.ask_policy(changed, public, kit.check)
        except (LocalProtocolError, AuthenticationError, PolicyError, MissingKeyError):
            return False
        return True

    def accept(self, pending: PendingCommit) -> EpochChanged:
        """The commit has been accepted by the group: its epoch begins (VAL-160).

        Raises:
            StateError: It is not the one that is pending.
        """
        self._require_pending(pending)
        outcome = receiving.own_commit(self._state, self.ports.check(Local))
        assert isinstance(outcome.event, EpochChanged)
        self._become(outcome.state)
        return outcome.event

    def discard(self, pending: PendingCommit) -> None:
        """The commit was not accepted: the group stays where it is.

        The generation of the ratchet that the commit used is not given back.

        Raises:
            StateError: It is not the one that is pending.
        """
        self._require_pending(pending)
        self._state = self._state.replace(pending=None)

    def _require_pending(self, pending: PendingCommit) -> None:
        if self._state.pending is None:
            msg = "no commit is pending; was it accepted, discarded or overtaken already?"
            raise StateError(msg)
        if self._state.pending is not pending:
            msg = "another commit is pending than this one"
            raise StateError(msg)
