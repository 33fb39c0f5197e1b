"""RFC 9420 §12.1: proposals that are wrong by themselves. May import the forge.

ExternalInit, GroupContextExtensions and further types are in :mod:`.proposal_types`, those
that come from outside of the group in :mod:`.external_proposals`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.proposals import (
    UNKNOWN,
    by_joiner,
    by_reference,
    by_value,
    psk_of,
    resumption_of,
    unsigned_add,
    update_of,
)
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always, without
from covey.lab.adversary.victims import Trial
from covey.mls.group.events import ProposalReceived
from covey.mls.group.group import Group
from covey.mls.rules.proposals import reinit_can_be_followed
from covey.mls.structs.framing import AuthenticatedContent, PublicMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import (
    Add,
    PreSharedKey,
    ReInit,
    Remove,
    Update,
)
from covey.mls.structs.tree import Lifetime
from covey.mls.wire.code_points import (
    LeafNodeSource,
    ResumptionPSKUsage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.epoch import PublicState

BLANK: Final = 6
"""A leaf index inside of the tree, where nobody is."""

# --- VAL-113: of this epoch, signed, and known by its reference -------------------------


@breaks("VAL-113")
def a_proposal_of_the_epoch_before(stage: Stage) -> Trial:
    """Mallory proposes something in the epoch that has just ended."""
    return _in_epoch(stage, stage.mallory.epoch - 1)


@breaks("VAL-113")
def a_proposal_of_the_epoch_to_come(stage: Stage) -> Trial:
    """Mallory proposes something in an epoch that has not begun."""
    return _in_epoch(stage, stage.mallory.epoch + 1)


def _in_epoch(stage: Stage, epoch: int) -> Trial:
    mallory, proposal = stage.mallory, Remove(stage.dave.own_index)
    content = forge.proposal_content(mallory, proposal, epoch=epoch)
    good = forge.proposed(mallory, proposal)
    return Trial(stage.victim(), forge.public_message(mallory, content), good)


@breaks("VAL-113")
def a_private_proposal_that_comes_late(stage: Stage) -> Trial:
    """Mallory's PrivateMessage arrives when its epoch is over."""
    mallory, proposal = stage.mallory, Remove(stage.dave.own_index)
    bad = forge.proposed(mallory, proposal, forge.PRIVATE)
    stage.commit(stage.carol)
    return Trial(stage.victim(), bad, forge.proposed(mallory, proposal, forge.PRIVATE))


@breaks(
    "VAL-113",
    instead=altering(("group.receiving:verify_signature", always(None))),
    named="VAL-089",
)
def a_proposal_that_another_member_has_signed(stage: Stage) -> Trial:
    """Mallory proposes something in Carol's name."""
    mallory, carol = stage.mallory, stage.carol
    content = forge.proposal_content(carol, Remove(stage.dave.own_index))
    bad = forge.public_message(mallory, content)
    return Trial(stage.victim(), bad, forge.public_message(carol, content))


def _another_label(_: object) -> Callable[..., bytes]:
    def reference(authenticated: AuthenticatedContent, state: PublicState) -> bytes:
        return state.suite.ref_hash("MLS 1.0 KeyPackage Reference", authenticated.encode())

    return reference


def _without_the_signature(original: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda authenticated, state: original(
        authenticated.replace(auth=authenticated.auth.replace(signature=b"")), state
    )


@shows("VAL-113", instead=altering(("group.receiving:proposal_ref", _another_label)))
def references_have_their_label(stage: Stage) -> None:
    """A proposal is known by RefHash with the label for proposals."""
    _is_known_by_its_reference(stage)


@shows("VAL-113", instead=altering(("group.receiving:proposal_ref", _without_the_signature)))
def references_cover_the_signature(stage: Stage) -> None:
    """A proposal is known by the hash of all of its AuthenticatedContent."""
    _is_known_by_its_reference(stage)


def _is_known_by_its_reference(stage: Stage) -> None:
    message = forge.proposed(stage.mallory, Remove(stage.dave.own_index))
    inner = MLSMessage.decode(message).message
    assert isinstance(inner, PublicMessage)
    whole = AuthenticatedContent(forge.PUBLIC, inner.content, inner.auth).encode()
    event = stage.victor.receive(message)
    assert isinstance(event, ProposalReceived)
    expected = stage.suite.ref_hash("MLS 1.0 Proposal Reference", whole)
    ensure(event.reference == expected, "the reference is that of §5.2")


# --- VAL-114: Add -----------------------------------------------------------------------

_ANY_PACKAGE: Final = altering(("group.verify:Checker.key_package", always([])))


@breaks("VAL-114", instead=_ANY_PACKAGE, named="VAL-052")
def an_add_of_another_suite(stage: Stage) -> Trial:
    """Mallory proposes to add a client whose KeyPackage is for another suite."""
    _, package = stage.newcomer()
    bad = forge.repackaged(package, cipher_suite=stage.suite.code + 2)
    return by_reference(stage, Add(bad.package), Add(package.package))


@breaks("VAL-114", instead=_ANY_PACKAGE, named="VAL-055")
def an_add_that_nobody_has_signed(stage: Stage) -> Trial:
    """Mallory commits an Add whose KeyPackage has no signature."""
    _, package = stage.newcomer()
    return by_value(stage, [unsigned_add(package)], [Add(package.package)], under=_ANY_PACKAGE)


# --- VAL-115, VAL-116: Update -----------------------------------------------------------


@breaks(
    "VAL-115",
    instead=altering(("group.verify:Checker.leaf", always(None))),
    named="VAL-032",
)
def an_update_with_the_leaf_of_a_key_package(stage: Stage) -> Trial:
    """Mallory updates its leaf to one as it stands in a KeyPackage."""
    mallory, good = stage.mallory, update_of(stage.mallory)
    leaf = good.leaf_node.replace(
        leaf_node_source=LeafNodeSource.key_package, lifetime=Lifetime(0, 2**64 - 1)
    )
    signer = forge.epoch_of(mallory).signer
    return by_reference(stage, Update(forge.signed_leaf(stage.suite, signer, leaf)), good)


@breaks("VAL-116", instead=without("VAL-116", "VAL-134"))
def an_update_by_value(stage: Stage) -> Trial:
    """Mallory commits an Update by value, which can only be its own."""
    return by_value(stage, [update_of(stage.mallory)], lacking=("VAL-116", "VAL-134"))


# --- VAL-117: Remove --------------------------------------------------------------------


@breaks("VAL-117")
def a_remove_of_a_blank_leaf(stage: Stage) -> Trial:
    """Mallory proposes to remove the member at a leaf where nobody is."""
    return by_reference(stage, Remove(BLANK))


@breaks("VAL-117")
def a_remove_beyond_the_tree(stage: Stage) -> Trial:
    """Mallory proposes to remove a member whose leaf would be outside of the tree."""
    return by_reference(stage, Remove(stage.mallory.tree.size))


@breaks("VAL-117")
def a_committed_remove_of_a_blank_leaf(stage: Stage) -> Trial:
    """Mallory commits a Remove of a leaf where nobody is."""
    return by_value(stage, [Remove(BLANK)], [Remove(stage.dave.own_index)], ("VAL-117",))


@breaks("VAL-117")
def a_joiner_removes_a_blank_leaf(stage: Stage) -> Trial:
    """Somebody joins in place of an old appearance that is not there."""
    good = {"resync": stage.dave.own_index}
    return by_joiner(stage, {"resync": BLANK}, good, "VAL-117")


@breaks("VAL-117")
def our_own_remove_of_a_blank_leaf(stage: Stage) -> Trial:
    """Victor's application asks him to propose the removal of nobody."""
    good = Remove(stage.dave.own_index)
    return Trial(stage.sender(Group.propose), Remove(BLANK), good)


# --- VAL-118 to VAL-120: PreSharedKey ---------------------------------------------------


@breaks("VAL-118")
def a_reinit_psk_by_reference(stage: Stage) -> Trial:
    """Mallory proposes a PSK that is for the first commit after a ReInit."""
    return _psk_by_reference(stage, ResumptionPSKUsage.reinit)


@breaks("VAL-118")
def a_reinit_psk_by_value(stage: Stage) -> Trial:
    """Mallory commits a PSK that is for the first commit after a ReInit."""
    return _psk_by_value(stage, ResumptionPSKUsage.reinit, "VAL-118")


@breaks("VAL-118")
def a_reinit_psk_of_a_joiner(stage: Stage) -> Trial:
    """Somebody joins with a PSK that is for the first commit after a ReInit."""
    return _psk_of_joiner(stage, ResumptionPSKUsage.reinit, "VAL-118")


@breaks("VAL-119")
def a_branch_psk_by_reference(stage: Stage) -> Trial:
    """Mallory proposes a PSK that is for the first commit of a subgroup."""
    return _psk_by_reference(stage, ResumptionPSKUsage.branch)


@breaks("VAL-119")
def a_branch_psk_by_value(stage: Stage) -> Trial:
    """Mallory commits a PSK that is for the first commit of a subgroup."""
    return _psk_by_value(stage, ResumptionPSKUsage.branch, "VAL-119")


@breaks("VAL-119")
def a_branch_psk_of_a_joiner(stage: Stage) -> Trial:
    """Somebody joins with a PSK that is for the first commit of a subgroup."""
    return _psk_of_joiner(stage, ResumptionPSKUsage.branch, "VAL-119")


def _psk_by_reference(stage: Stage, usage: ResumptionPSKUsage) -> Trial:
    bad = resumption_of(stage, usage)
    good = bad.replace(usage=ResumptionPSKUsage.application)
    return by_reference(stage, PreSharedKey(bad), PreSharedKey(good))


def _psk_by_value(stage: Stage, usage: ResumptionPSKUsage, check: str) -> Trial:
    bad = resumption_of(stage, usage)
    good = bad.replace(usage=ResumptionPSKUsage.application)
    return by_value(stage, [PreSharedKey(bad)], [PreSharedKey(good)], (check,))


def _psk_of_joiner(stage: Stage, usage: ResumptionPSKUsage, check: str) -> Trial:
    bad = resumption_of(stage, usage)
    good = bad.replace(usage=ResumptionPSKUsage.application)
    return by_joiner(stage, {"psks": [bad]}, {"psks": [good]}, check)


@breaks("VAL-120")
def a_short_psk_nonce_by_reference(stage: Stage) -> Trial:
    """Mallory proposes a PSK with a nonce that is one byte too short."""
    good = psk_of(stage)
    bad = good.replace(psk_nonce=good.psk_nonce[1:])
    return by_reference(stage, PreSharedKey(bad), PreSharedKey(good))


@breaks("VAL-120")
def a_long_psk_nonce_by_value(stage: Stage) -> Trial:
    """Mallory commits a PSK with a nonce that is one byte too long."""
    good = psk_of(stage)
    bad = good.replace(psk_nonce=good.psk_nonce + b"\x00")
    return by_value(stage, [PreSharedKey(bad)], [PreSharedKey(good)], ("VAL-120",))


@breaks("VAL-120")
def an_empty_psk_nonce_of_a_joiner(stage: Stage) -> Trial:
    """Somebody joins with a PSK without a nonce."""
    good = psk_of(stage)
    bad = good.replace(psk_nonce=b"")
    return by_joiner(stage, {"psks": [bad]}, {"psks": [good]}, "VAL-120")


# --- VAL-121, VAL-122: ReInit -----------------------------------------------------------


def _reinit(stage: Stage, **changes: int) -> ReInit:
    return ReInit(b"the next group", 1, stage.suite.code, ()).replace(**changes)


@breaks("VAL-121")
def a_reinit_to_a_lower_version(stage: Stage) -> Trial:
    """Mallory proposes to continue with a version that is below the group's."""
    return by_reference(stage, _reinit(stage, version=0), _reinit(stage))


@breaks("VAL-121")
def a_committed_reinit_to_a_lower_version(stage: Stage) -> Trial:
    """Mallory commits a ReInit with a version that is below the group's."""
    lacking = ("VAL-121", "VAL-122")
    return by_value(stage, [_reinit(stage, version=0)], [_reinit(stage)], lacking)


@breaks("VAL-122")
def a_reinit_that_we_cannot_follow(stage: Stage) -> Trial:
    """Victor's application asks for a ReInit to a suite that he does not implement."""
    ask = stage.sender(lambda group, reinit: group.commit(reinit=reinit))
    return Trial(ask, _reinit(stage, cipher_suite=UNKNOWN), _reinit(stage))


@breaks("VAL-122")
def a_proposed_reinit_that_we_cannot_follow(stage: Stage) -> Trial:
    """Victor's application asks him to propose a ReInit to a version that he does not know."""
    return Trial(stage.sender(Group.propose), _reinit(stage, version=2), _reinit(stage))


def _and_followed(rules: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*rules, reinit_can_be_followed)


@shows(
    "VAL-122",
    instead=altering(("rules.proposals:REGULAR_COMMIT", _and_followed)),
    named="VAL-122",
)
def a_group_ends_by_a_reinit_that_we_cannot_follow(stage: Stage) -> None:
    """Mallory commits a ReInit to a suite that Victor does not implement: the group ends."""
    reinit = _reinit(stage, cipher_suite=UNKNOWN)
    stage.victor.receive(forge.committed(stage.mallory, "VAL-122", reinit=reinit).message)
    ensure(stage.victor.reinit == reinit, "the group has ended")


@shows("VAL-122", instead=altering(("rules.proposals:ALONE", _and_followed)), named="VAL-122")
def a_reinit_that_we_cannot_follow_is_received(stage: Stage) -> None:
    """Mallory proposes a ReInit to a suite that Victor does not implement."""
    reinit = _reinit(stage, cipher_suite=UNKNOWN)
    stage.victor.receive(forge.proposed(stage.mallory, reinit))
    ensure(len(stage.victor.proposals) == 1, "the proposal is kept")
