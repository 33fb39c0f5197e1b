"""What a commit would change, and whether it would be refused, without making it.

May import the engine's steps. Nothing is signed, encrypted or kept, and no generation is used up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import msgspec

from covey.client.roles.change import Change
from covey.client.roles.policy import OwnRuleError
from covey.errors import (
    AuthenticationError,
    CoveyError,
    DecodeError,
    LocalProtocolError,
    MissingKeyError,
    PolicyError,
    StateError,
)
from covey.mls.group import proposing, staging
from covey.mls.group.choosing import choose, without_spoilers
from covey.mls.group.epoch import PublicState
from covey.mls.group.events import MemberInfo
from covey.mls.group.process_commit import unknown_proposal
from covey.mls.group.psks import combine
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.rules.registry import Local
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import Add, GroupContextExtensions, PreSharedKey, Proposal, Remove
from covey.mls.wire.code_points import SenderType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.mls.group.committing import CommitOptions
    from covey.mls.group.events import Changed
    from covey.mls.group.group import Group
    from covey.mls.group.member import Member, PrivateKeyPackage
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.proposals import ReInit
    from covey.mls.structs.schedule import PreSharedKeyID

_REFUSALS = (LocalProtocolError, PolicyError, AuthenticationError, MissingKeyError, DecodeError)


class Judged(msgspec.Struct, frozen=True):
    """What a commit would do.

    Attributes:
        change: What it would change; None when it makes no sense in this group.
        refused: Why it would be refused, as a sentence; None when it would not.
        own_rule: Whether only a function of this application refuses it. Members whose application
            has no such function can do it all the same.
    """

    change: Change | None
    refused: str | None = None
    own_rule: bool = False

    def __str__(self) -> str:
        change = "" if self.change is None else str(self.change)
        if self.refused is None:
            return change
        by = ", by a rule that holds only whose application has it" if self.own_rule else ""
        return f"{change} (refused{by}: {self.refused})".strip()


def dry_run(
    group: Group,
    *,
    add: Iterable[bytes | KeyPackage | PrivateKeyPackage] = (),
    remove: Iterable[int | MemberInfo] = (),
    update: bool | Member = False,
    psks: Iterable[bytes | PreSharedKeyID] = (),
    extensions: Iterable[Extension] | None = None,
    reinit: ReInit | None = None,
    proposals: Iterable[Proposal] = (),
    **options: Unpack[CommitOptions],
) -> Judged:
    """Judge a commit, made of the same as ``Group.commit`` makes it.

    Args:
        group: The group; it stays as it is.
        add: KeyPackages of clients to add.
        remove: Members to remove, by leaf index or MemberInfo.
        update: Whether our keys would be renewed, and to whose; that is ours to decide.
        psks: PSKs to mix in.
        extensions: All GroupContext extensions from then on.
        reinit: Ends the group.
        proposals: Further proposals by value.
        options: As there; ``references`` says which received proposals to take.

    Raises:
        StateError: We have been removed, or the group has ended.
    """
    del update
    if not group.is_active:
        msg = "we are not in the group any more, or it has ended"
        raise StateError(msg)
    trial, given = _Trial(group), options.get("references")
    references = None if given is None else tuple(given)
    try:
        own = trial.by_value(add, remove, psks, extensions, reinit, proposals)
        changed = trial.changed(trial.chosen(own, references))
        change = Change.of(changed, trial.public)
    except _REFUSALS as error:
        return Judged(None, _sentence(error))
    try:
        group.ports.policy.accept_commit(changed, trial.public)
    except PolicyError as error:
        return Judged(change, _sentence(error), isinstance(error, OwnRuleError))
    return Judged(change)


class _Trial:
    """The public state of a group, to try proposals on."""

    def __init__(self, group: Group) -> None:
        context = group.context
        self._group = group
        self._check = group.ports.check(Local)
        self.public = PublicState(context, context.encode(), group.tree, b"", b"")

    def by_value(
        self,
        add: Iterable[bytes | KeyPackage | PrivateKeyPackage],
        remove: Iterable[int | MemberInfo],
        psks: Iterable[bytes | PreSharedKeyID],
        extensions: Iterable[Extension] | None,
        reinit: ReInit | None,
        proposals: Iterable[Proposal],
    ) -> tuple[Sent, ...]:
        made: list[Proposal] = []
        if extensions is not None:
            made.append(GroupContextExtensions(tuple(extensions)))
        made += [Remove(self._index_of(each)) for each in remove]
        made += [Add(proposing.key_package(each)) for each in add]
        made += [PreSharedKey(self._group.psk_id(each)) for each in psks]
        if reinit is not None:
            made.append(reinit)
        made += proposals
        sender = Sender(SenderType.member, leaf_index=self._group.own_index)
        return tuple(Sent(each, sender) for each in made)

    def _index_of(self, member: int | MemberInfo) -> int:
        index = member.index if isinstance(member, MemberInfo) else member
        if self._group.member_at(index) is None:
            msg = f"there is no member at leaf {index}"
            raise PolicyError(msg)
        return index

    def chosen(
        self, own: tuple[Sent, ...], references: tuple[bytes, ...] | None
    ) -> tuple[Sent, ...]:
        received = self._group.proposals
        if references is not None:
            known = {each.reference: each for each in received}
            for each in references:
                if each not in known:
                    raise unknown_proposal(each, self._group.epoch)
            return (*(known[each] for each in references), *own)
        timely = [each for each in received if self._is_timely(each)]
        found = choose(timely, own, self._group.own_index, self._group.tree)
        return without_spoilers(found, own, self._works)

    def _is_timely(self, sent: Sent) -> bool:
        try:
            self._check.timely(sent, self.public)
        except _REFUSALS:
            return False
        return True

    def _works(self, items: tuple[Sent, ...]) -> bool:
        try:
            self._group.ports.policy.accept_commit(self.changed(items), self.public)
        except _REFUSALS:
            return False
        return True

    def changed(self, items: tuple[Sent, ...]) -> Changed:
        """What a list of proposals changes, if it is valid (RFC 9420 §12.2)."""
        group, public, check = self._group, self.public, self._check
        listed = ProposalList(items, group.own_index, public.context, public.tree)
        provisional = staging.apply_proposals(listed, public, check)
        staging.check_result(public, provisional.tree, provisional.extensions, check)
        combine(public.suite, listed.psks, group.ports.psks, self._resumption)
        us = group.member_at(group.own_index)
        assert us is not None
        return staging.summarise(provisional, public, us, with_path=True)

    def _resumption(self, group_id: bytes, epoch: int) -> bytes | None:
        own = self._group.resumption_psk(epoch) if group_id == self._group.group_id else None
        return own if own is not None else self._group.ports.resumption(None)(group_id, epoch)


def _sentence(error: CoveyError) -> str:
    """What an error says, without the rule of the RFC when it is the policy's."""
    return str(error.args[0]) if isinstance(error, PolicyError) else str(error)
