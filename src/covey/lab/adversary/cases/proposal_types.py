"""RFC 9420 §12.1.6, §12.1.7, §13: proposals that not everybody may send, or supports.

May import the forge. ExternalInit, GroupContextExtensions, and types that are no default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.proposals import (
    UNKNOWN,
    add_unable,
    by_reference,
    by_value,
    external_init,
    external_senders,
    required,
    sent,
    unable,
)
from covey.lab.adversary.taking_out import altering, without
from covey.lab.adversary.victims import Trial
from covey.mls.group.group import Group
from covey.mls.structs.extensions import Extension
from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    Remove,
    SelfRemove,
    UnknownProposal,
)
from covey.mls.wire.code_points import GREASE, ExtensionType, ProposalType

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.rules.proposal_list import ProposalList
    from covey.mls.structs.proposals import Proposal

# --- VAL-123: ExternalInit --------------------------------------------------------------


@breaks("VAL-123")
def an_external_init_by_reference(stage: Stage) -> Trial:
    """Mallory, who is a member, proposes what is for joiners only.

    No ExternalInit of a member is right: what is good is a Remove of the same member.
    """
    return by_reference(stage, external_init(stage)[0])


@breaks("VAL-123")
def an_external_init_by_value(stage: Stage) -> Trial:
    """Mallory commits an ExternalInit and sets the init secret of the next epoch by it."""
    init, under = external_init(stage)
    return by_value(stage, [init], lacking=("VAL-123",), under=under)


# --- VAL-124 to VAL-126: GroupContextExtensions -----------------------------------------


@breaks("VAL-124")
def a_capability_that_nobody_has(stage: Stage) -> Trial:
    """Mallory commits that all members have to support an unknown extension."""
    return by_value(stage, [required((UNKNOWN,))], [required()], ("VAL-124",))


@breaks("VAL-124")
def a_capability_that_nobody_has_by_reference(stage: Stage) -> Trial:
    """Mallory commits Alice's proposal to require an unknown proposal type."""
    reference = sent(stage, stage.alice.propose(required((), (UNKNOWN,))))
    bad = forge.committed(stage.mallory, "VAL-124", references=[reference])
    good = stage.mallory.commit(references=[], proposals=[required()])
    return Trial(stage.victim(), bad.message, good.message)


@breaks("VAL-124")
def a_capability_that_a_newcomer_lacks(stage: Stage) -> Trial:
    """Mallory requires what all members support, and adds a client that does not."""
    wanted = required((), (ProposalType.self_remove,))
    _, package = stage.newcomer()
    bad: list[Proposal] = [wanted, Add(unable(package).package)]
    return by_value(stage, bad, [wanted, Add(package.package)], ("VAL-124",))


@breaks("VAL-124")
def a_capability_that_a_member_lacks(stage: Stage) -> Trial:
    """Mallory requires what one member does not support, without removing it."""
    index = add_unable(stage)
    wanted = required((), (ProposalType.self_remove,))
    return by_value(stage, [wanted], [wanted, Remove(index)], ("VAL-124",))


def _extended(code: int) -> GroupContextExtensions:
    return GroupContextExtensions((Extension(code, b"\x00"),))


SUPPORTED: Final = ExtensionType.app_data_dictionary
"""No default type, and all members support it."""


@breaks("VAL-125")
def an_extension_that_nobody_supports(stage: Stage) -> Trial:
    """Mallory commits an extension of an unknown type."""
    return by_value(stage, [_extended(UNKNOWN)], [_extended(SUPPORTED)], ("VAL-125",))


@breaks("VAL-125", instead=without("VAL-125", "VAL-223"), named="VAL-223")
def an_extension_that_is_grease(stage: Stage) -> Trial:
    """Mallory commits an extension with a value that means nothing."""
    lacking = ("VAL-125", "VAL-223")
    return by_value(stage, [_extended(GREASE[0])], [_extended(SUPPORTED)], lacking)


@breaks("VAL-125")
def an_extension_that_one_member_does_not_support(stage: Stage) -> Trial:
    """Mallory commits an extension that one member does not support, and stays."""
    bad = _extended(SUPPORTED)
    return by_value(stage, [bad], [bad, Remove(add_unable(stage))], ("VAL-125",))


@breaks("VAL-125")
def an_extension_by_reference_that_nobody_supports(stage: Stage) -> Trial:
    """Mallory commits Alice's proposal of an extension of an unknown type."""
    reference = sent(stage, stage.alice.propose(_extended(UNKNOWN)))
    bad = forge.committed(stage.mallory, "VAL-125", references=[reference])
    good = stage.mallory.commit(references=[], proposals=[_extended(SUPPORTED)])
    return Trial(stage.victim(), bad.message, good.message)


def _merging(_: object) -> Callable[..., tuple[Extension, ...]]:
    def after(items: ProposalList) -> tuple[Extension, ...]:
        old = items.context.extensions
        for each in items.of(GroupContextExtensions):
            new = {extension.extension_type for extension in each.extensions}
            old = (*(kept for kept in old if kept.extension_type not in new), *each.extensions)
        return old

    return after


_MERGED: Final = altering(("rules.proposal_list:extensions_after", _merging))


@breaks("VAL-126", instead=_MERGED, named="VAL-086")
def extensions_that_are_merged(stage: Stage) -> Trial:
    """Mallory keeps an extension that is not in its new list."""
    stage.commit(stage.alice, extensions=[external_senders(stage.member())])
    return by_value(stage, [required()], [required()], under=_MERGED)


# --- VAL-131, VAL-132: types of proposals -----------------------------------------------

CUSTOM: Final = UnknownProposal(UNKNOWN, b"")


@breaks("VAL-131")
def a_type_that_nobody_supports(stage: Stage) -> Trial:
    """Mallory commits a proposal of an unknown type."""
    return by_value(stage, [CUSTOM], lacking=("VAL-131",))


@breaks("VAL-131", portable=False)
def a_type_by_reference_that_nobody_supports(stage: Stage) -> Trial:
    """Mallory commits a proposal of an unknown type that Alice has sent."""
    reference = sent(stage, forge.proposed(stage.alice, CUSTOM))
    bad = forge.committed(stage.mallory, "VAL-131", references=[reference])
    good = stage.mallory.commit(references=[])
    return Trial(stage.victim(), bad.message, good.message)


@breaks("VAL-131")
def our_own_proposal_that_nobody_supports(stage: Stage) -> Trial:
    """Victor's application asks him to propose something of an unknown type."""
    return Trial(stage.sender(Group.propose), CUSTOM, SelfRemove())


@breaks("VAL-132", portable=False)
def a_proposal_that_is_grease(stage: Stage) -> Trial:
    """Mallory proposes something whose type means nothing."""
    stage.begin(UNKNOWN)
    return by_reference(stage, UnknownProposal(GREASE[3], b""), CUSTOM)


@breaks("VAL-132", instead=without("VAL-143"), named="VAL-143")
def a_committed_proposal_that_is_grease(stage: Stage) -> Trial:
    """Mallory commits something whose type means nothing."""
    return by_value(stage, [UnknownProposal(GREASE[3], b"")], lacking=("VAL-143",))
