"""The engine's policy for groups with roles. May import the rules of this folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING

from covey.client.roles.change import Change
from covey.client.roles.rights import Judging
from covey.client.roles.stated import capabilities_in, profile_in, require_same_succession
from covey.client.words import profile
from covey.client.words.names import is_name
from covey.client.words.profile import EXTENSION_TYPES
from covey.client.words.same_device import first_key, is_false
from covey.client.words.showing import name_of
from covey.errors import DecodeError, PolicyError
from covey.mls.group.identity import identity
from covey.mls.group.policy import Policy
from covey.mls.structs.proposals import Add, GroupContextExtensions, Remove
from covey.mls.wire.code_points import SenderType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.mls.group.epoch import PublicState
    from covey.mls.group.events import Changed
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.tree import LeafNode

Function = Callable[[Change], str | None]
"""An application's own rule: a sentence refuses a commit. All members need the same ones, and it
may look at nothing but the change, or they would part ways."""


class OwnRuleError(PolicyError):
    """A function of the application refused something that the group's roles allow.

    Or it failed: then that is the cause, and the sentence names the function.
    """


@dataclass(frozen=True, kw_only=True)
class GroupPolicy(Policy):
    """Roles, enforced on what we send and on what we receive.

    Who comes in has a name, and who is in keeps the one that it has (:meth:`Policy.is_successor`).
    What somebody was called who had come otherwise, as its group's founder, refuses nothing: its
    friends would be locked out with it. It is shown as what it is, and can have no role.

    A group without a profile is somebody else's: in it everyone may all, under any name. But in no
    group does a member change the signature key by which its device is known: who needs another
    one, after a theft for instance, is removed and added anew.

    Attributes:
        extension_types: Those of this protocol, unless more are needed.
        functions: The application's own rules, asked after those of the roles.
    """

    extension_types: frozenset[int] = EXTENSION_TYPES
    functions: tuple[Function, ...] = ()

    def is_successor(self, old: LeafNode, new: LeafNode) -> bool:
        """Whether a leaf may take the place of another one: of the same device, by the same name.

        Else who opened a door could stop being known for it, and it would outlast its removal; and
        whose leaf says of itself what does not hold could not be moved to another suite.
        """
        return profile.device_of(old) == profile.device_of(new) and not is_false(new)

    def client_id(self, leaf: LeafNode) -> bytes:
        """Whose device a leaf is, in groups of whatever suite: by its owner, and its first key.

        A name alone would let whoever makes a subgroup put anybody into it, called like a member.
        """
        return leaf.credential.encode() + (first_key(leaf) or leaf.signature_key)

    def accept_proposal(self, sent: Sent, state: PublicState) -> None:
        """Whether its sender may propose this.

        Raises:
            PolicyError: It may not; the sentence says who may.
        """
        super().accept_proposal(sent, state)
        if isinstance(sent.proposal, GroupContextExtensions):
            require_same_succession(state.context.extensions, sent.proposal.extensions)
        given = profile_in(state.context.extensions)
        if given is None:
            return
        _require_names((sent,))
        judging = Judging(state, given, (sent,))
        judging.proposal(sent.proposal, judging.actor(sent.sender.leaf_index))
        if not judging.is_alone:
            judging.has_owner()

    def accept_commit(self, changed: Changed, state: PublicState) -> None:
        """Whether a commit may take effect: each proposal by the rights of who made it.

        Raises:
            PolicyError: It may not; the sentence says who may.
        """
        if changed.extensions is not None:
            require_same_succession(state.context.extensions, changed.extensions)
        given = profile_in(state.context.extensions)
        if given is None:
            profile_in(changed.extensions or ())
            capabilities_in(changed.extensions or ())
        else:
            _require_names(changed.proposals)
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

        Nor may it leave a door open behind it, for such a commit cannot close one.

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
            judging.doors_fall()
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
            _ask_own(function, change)


def _ask_own(function: Function, change: Change) -> None:
    """Ask one function; what it cannot decide it refuses, or a mistake in it would let all in.

    Raises:
        OwnRuleError: It refuses, or fails, which is the cause then.
    """
    try:
        sentence: object = function(change)
    except PolicyError as error:
        raise OwnRuleError(*error.args) from error
    except Exception as error:
        failed = f"fails, by {type(error).__name__}, and so it refuses: mend it"
        msg = f"the application's own rule {_name(function)} {failed}"
        raise OwnRuleError(msg) from error
    if sentence is not None and not isinstance(sentence, str):
        odd = "answers by no sentence: a rule refuses by one, and lets pass by None"
        msg = f"the application's own rule {_name(function)} {odd}"
        raise OwnRuleError(msg)
    if sentence is not None:
        raise OwnRuleError(sentence)


def _name(function: Function) -> str:
    named = function if isinstance(function, FunctionType) else type(function)
    return named.__qualname__


def _require_names(proposals: Iterable[Sent]) -> None:
    """Refuse who comes in under what is no name, by what all members see alike.

    Raises:
        PolicyError: Somebody does.
    """
    for sent in proposals:
        if isinstance(sent.proposal, Add):
            require_name(identity(sent.proposal.key_package.leaf_node.credential))


def require_name(who: bytes) -> None:
    """Refuse an identity that is no name.

    Raises:
        PolicyError: It is none.
    """
    if not is_name(who):
        msg = f"{name_of(who)} is no name, and could be taken for somebody else's"
        raise PolicyError(msg)
