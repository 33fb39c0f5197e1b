"""External commits with anything in them (RFC 9420 §12.4.3.2). May import the forge.

The adversary is who joins: an engine of its own makes the commit, which lacks some checks or
lists other proposals. All else is computed rightly.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from covey.lab.adversary.taking_out import altering, without_rules
from covey.mls.group.group import Group
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.structs.framing import Sender
from covey.mls.wire.code_points import SenderType

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.member import Member
    from covey.mls.structs.proposals import Proposal


def joining(
    stage: Stage,
    *checks: str,
    under: Callable[[], AbstractContextManager[None]] = nullcontext,
    client: Member | None = None,
    **options: Any,  # noqa: ANN401 - those of Group.join_externally
) -> bytes:
    """The commit of a stranger whose engine lacks some checks, or is otherwise different."""
    info, joiner = stage.alice.group_info(), client or stage.member()
    with without_rules(*checks), under():
        made = Group.join_externally(joiner, info, ports=stage.ports(), **options)
    return made.commit


def listing(change: Callable[[tuple[Sent, ...]], tuple[Sent, ...]]) -> Callable[[], Any]:
    """What begins to let a joiner commit another list of proposals."""

    def items(original: Callable[..., ProposalList]) -> Callable[..., ProposalList]:
        def changed(*given: Any) -> ProposalList:  # noqa: ANN401 - as the engine has them
            listed = original(*given)
            return ProposalList(change(listed.items), None, listed.context, listed.tree)

        return changed

    return altering(("group.external:_items", items))


def adding(*proposals: Proposal) -> Callable[[], Any]:
    """What begins to let a joiner commit more proposals, by value."""
    sender = Sender(SenderType.new_member_commit)
    return listing(lambda items: (*items, *(Sent(each, sender) for each in proposals)))


def with_init_secret(init_secret: bytes) -> Callable[[], Any]:
    """What begins to let an epoch follow from another init_secret."""

    def advance(original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda state, after, path, signed, _, *rest: original(
            state, after, path, signed, init_secret, *rest
        )

    return altering(("group.create_commit:advance", advance))
