"""The engine's policy for groups with roles. May import the rules of this folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from covey.client.profile import EXTENSION_TYPES
from covey.client.roles.change import Change
from covey.client.roles.rights import Judging, capabilities_in, profile_in
from covey.client.showing import name_of
from covey.errors import DecodeError, PolicyError
from covey.mls.group.policy import Policy
from covey.mls.structs.proposals import Remove
from covey.mls.wire.code_points import SenderType

if TYPE_CHECKING:
    from covey.mls.group.epoch import PublicState
    from covey.mls.group.events import Changed
    from covey.mls.rules.proposal_list import Sent

Function = Callable[[Change], str | None]
"""An application's own rule: a sentence refuses a commit. All members need the same ones, and it
may look at nothing but the change, or they would part ways."""


class OwnRuleError(PolicyError):
    """A function of the application refused something that the group's roles allow."""


@dataclass(frozen=True, kw_only=True)
class GroupPolicy(Policy):
    """Roles, enforced on what we send and on what we receive.

    A group without a profile is somebody else's: in it everyone may all.

    Attributes:
        extension_types: Those of this protocol, unless more are needed.
        functions: The application's own rules, asked after those of the roles.
    """

    extension_types: frozenset[int] = EXTENSION_TYPES
    functions: tuple[Function, ...] = ()

    def accept_proposal(self, sent: Sent, state: PublicState) -> None:
        """Whether its sender may propose this.

        Raises:
            PolicyError: It may not; the sentence says who may.
        """
        super().accept_proposal(sent, state)
        given = profile_in(state.context.extensions)
        if given is None:
            return
        judging = Judging(state, given, (sent,))
        judging.proposal(sent.proposal, judging.actor(sent.sender.leaf_index))
        if not judging.is_alone:
            judging.has_owner()

    def accept_commit(self, changed: Changed, state: PublicState) -> None:
        """Whether a commit may take effect: each proposal by the rights of who made it.

        Raises:
            PolicyError: It may not; the sentence says who may.
        """
        given = profile_in(state.context.extensions)
        if given is None:
            profile_in(changed.extensions or ())
            capabilities_in(changed.extensions or ())
        else:
            judging = Judging(state, given, changed.proposals)
            for sent in changed.proposals:
                by = sent.sender.leaf_index if sent.reference else changed.committer.index
                if sent.reference and sent.sender.sender_type is not SenderType.member:
                    by = None
                judging.proposal(sent.proposal, judging.actor(by))
            judging.doors_fall()
            judging.has_owner()
        self._ask(changed, state)

    def accept_external_commit(self, changed: Changed, state: PublicState) -> None:
        """Whether somebody may come in by itself: only who takes the place of its own leaf.

        Raises:
            PolicyError: It may not.
        """
        given = profile_in(state.context.extensions)
        if given is not None:
            judging = Judging(state, given, changed.proposals)
            who = changed.committer
            removes = [each.proposal for each in changed.proposals]
            old = [state.tree.leaf(each.removed) for each in removes if isinstance(each, Remove)]
            if not any(leaf and leaf.signature_key == who.signature_key for leaf in old):
                msg = f"{name_of(who.identity)} may not come in by itself: a member has to add it"
                raise PolicyError(msg)
            judging.has_owner(joining=who.identity)
        self._ask(changed, state)

    def _ask(self, changed: Changed, state: PublicState) -> None:
        if not self.functions:
            return
        try:
            change = Change.of(changed, state)
        except DecodeError as error:
            msg = f"the group's extensions cannot be read: {error}"
            raise PolicyError(msg) from None
        for function in self.functions:
            sentence = function(change)
            if sentence is not None:
                raise OwnRuleError(sentence)
