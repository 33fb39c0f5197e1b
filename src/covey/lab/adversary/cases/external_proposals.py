"""RFC 9420 §12.1: proposals from outside of the group that are wrong. May import the forge.

A steward is somebody whom the group lists in ``external_senders``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.proposals import (
    LISTED,
    REFUSED,
    STRANGER,
    UNKNOWN,
    Wary,
    Welcoming,
    agree_on,
    by_reference,
    by_value,
    external_init,
    external_senders,
    outside,
    psk_of,
    steward,
    unsigned_add,
    update_of,
)
from covey.lab.adversary.taking_out import altering, always, together, without
from covey.lab.adversary.victims import Trial
from covey.mls.framing import authenticate
from covey.mls.group.member import Member
from covey.mls.structs.extensions import Extension
from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    SelfRemove,
    UnknownProposal,
)
from covey.mls.wire.code_points import ExtensionType, ResumptionPSKUsage

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.structs.proposals import Proposal

BLANK: Final = 6
"""A leaf index inside of the tree, where nobody is."""

ANY_SIGNATURE: Final = altering(("group.receiving:verify_signature", always(None)))
ANY_PACKAGE: Final = altering(("group.verify:Checker.key_package", always([])))

# --- what is wrong whoever sends it -----------------------------------------------------


def _by_steward(stage: Stage, bad: Proposal, good: Proposal) -> Trial:
    somebody = steward(stage)
    return Trial(stage.victim(), somebody.proposes(bad), somebody.proposes(good))


@breaks("VAL-113", instead=ANY_SIGNATURE, named="VAL-089")
def a_steward_signs_with_another_key(stage: Stage) -> Trial:
    """Somebody proposes in the name of a steward."""
    somebody, proposal = steward(stage), Remove(stage.dave.own_index)
    bad = outside(stage, LISTED, stage.member().signer, proposal)
    return Trial(stage.victim(), bad, somebody.proposes(proposal))


@breaks("VAL-114", instead=ANY_PACKAGE, named="VAL-055")
def a_steward_adds_what_nobody_has_signed(stage: Stage) -> Trial:
    """A steward proposes to add a client whose KeyPackage has no signature."""
    _, package = stage.newcomer()
    return _by_steward(stage, unsigned_add(package), Add(package.package))


@breaks("VAL-114", instead=ANY_PACKAGE, named="VAL-055", portable=False)
def a_stranger_adds_itself_without_a_signature(stage: Stage) -> Trial:
    """A stranger proposes to add itself by a KeyPackage without a signature."""
    agree_on(stage, Welcoming)
    client, package = stage.newcomer()
    bad = outside(stage, STRANGER, client.signer, unsigned_add(package))
    return Trial(stage.victim(), bad, outside(stage, STRANGER, client.signer, Add(package.package)))


@breaks("VAL-115", instead=without("VAL-092", "VAL-115"), named="VAL-092")
def a_steward_sends_the_update_of_a_member(stage: Stage) -> Trial:
    """A steward proposes an Update that Mallory has signed.

    No Update of a steward is right: what is good is the same Update, by Mallory.
    """
    return _update_by_steward(stage)


@breaks("VAL-116", instead=without("VAL-092", "VAL-116"), named="VAL-092")
def a_steward_has_no_leaf_to_update(stage: Stage) -> Trial:
    """A steward proposes an Update, though it has no leaf.

    No Update of a steward is right: what is good is the same Update, by whose leaf it is.
    """
    return _update_by_steward(stage)


def _update_by_steward(stage: Stage) -> Trial:
    somebody, update = steward(stage), update_of(stage.mallory)
    return Trial(stage.victim(), somebody.proposes(update), forge.proposed(stage.mallory, update))


@breaks(
    "VAL-116",
    instead=together(without("VAL-095", "VAL-116"), ANY_SIGNATURE),
    named="VAL-095",
    portable=False,
)
def a_stranger_has_no_leaf_to_update(stage: Stage) -> Trial:
    """A stranger proposes an Update, though it has no leaf yet."""
    agree_on(stage, Welcoming)
    client, package = stage.newcomer()
    bad = outside(stage, STRANGER, client.signer, update_of(stage.mallory))
    return Trial(stage.victim(), bad, outside(stage, STRANGER, client.signer, Add(package.package)))


@breaks("VAL-117")
def a_steward_removes_a_blank_leaf(stage: Stage) -> Trial:
    """A steward proposes to remove the member at a leaf where nobody is."""
    return _by_steward(stage, Remove(BLANK), Remove(stage.dave.own_index))


@breaks("VAL-118")
def a_reinit_psk_of_a_steward(stage: Stage) -> Trial:
    """A steward proposes a PSK that is for the first commit after a ReInit."""
    return _psk_by_steward(stage, ResumptionPSKUsage.reinit)


@breaks("VAL-119")
def a_branch_psk_of_a_steward(stage: Stage) -> Trial:
    """A steward proposes a PSK that is for the first commit of a subgroup."""
    return _psk_by_steward(stage, ResumptionPSKUsage.branch)


def _psk_by_steward(stage: Stage, usage: ResumptionPSKUsage) -> Trial:
    somebody = steward(stage)
    good = stage.mallory.resumption_psk_id(stage.mallory.epoch)
    bad = somebody.proposes(PreSharedKey(good.replace(usage=usage)))
    return Trial(stage.victim(), bad, somebody.proposes(PreSharedKey(good)))


@breaks("VAL-120")
def a_short_psk_nonce_of_a_steward(stage: Stage) -> Trial:
    """A steward proposes a PSK with a nonce that is one byte too short."""
    good = psk_of(stage)
    bad = good.replace(psk_nonce=good.psk_nonce[1:])
    return _by_steward(stage, PreSharedKey(bad), PreSharedKey(good))


@breaks("VAL-121")
def a_steward_lowers_the_version(stage: Stage) -> Trial:
    """A steward proposes a ReInit to a version that is below the group's."""
    good = ReInit(b"the next group", 1, stage.suite.code, ())
    return _by_steward(stage, good.replace(version=0), good)


# --- VAL-127: only as a PublicMessage ---------------------------------------------------


def _as_a_steward(original: Callable[..., Any]) -> Callable[..., Any]:
    def received(group_id: bytes, epoch: int, _: object, *more: Any) -> Any:  # noqa: ANN401
        return original(group_id, epoch, LISTED, *more)

    return received


@breaks(
    "VAL-127",
    instead=altering(("framing.authenticate:received_content", _as_a_steward)),
    named="VAL-089",
)
def a_steward_in_a_private_message(stage: Stage) -> Trial:
    """Mallory encrypts what a steward has signed.

    The wire format is what is wrong: what is good is the same in a PublicMessage.
    """
    somebody, proposal = steward(stage), Remove(stage.dave.own_index)
    signed = forge.proposal_content(stage.mallory, proposal, sender=LISTED)
    tbs = authenticate.to_be_signed(forge.PRIVATE, signed, b"")
    signature = authenticate.sign(stage.suite, somebody.client.signer, tbs)
    content = forge.proposal_content(stage.mallory, proposal)
    bad = forge.private_message(stage.mallory, content, signature=signature)
    return Trial(stage.victim(), bad, somebody.proposes(proposal))


# --- VAL-128: only some types -----------------------------------------------------------


@breaks("VAL-128", instead=without("VAL-128", "VAL-116"))
def a_steward_updates(stage: Stage) -> Trial:
    """A steward proposes an Update.

    The type is what is wrong: what is good is a Remove of the same steward.
    """
    return _by_steward(stage, update_of(stage.mallory), Remove(stage.dave.own_index))


@breaks("VAL-128", instead=without("VAL-128", "VAL-123"))
def a_steward_joins(stage: Stage) -> Trial:
    """A steward proposes an ExternalInit.

    The type is what is wrong: what is good is a Remove of the same steward.
    """
    return _by_steward(stage, external_init(stage)[0], Remove(stage.dave.own_index))


@breaks("VAL-128", instead=without("VAL-128", "SELF-REMOVE-1"), portable=False)
def a_steward_leaves(stage: Stage) -> Trial:
    """A steward proposes a SelfRemove, which is for members only."""
    return _by_steward(stage, SelfRemove(), Remove(stage.dave.own_index))


@breaks("VAL-128", portable=False)
def a_steward_proposes_what_only_members_may(stage: Stage) -> Trial:
    """A steward proposes something of a type that all members support, and is for members."""
    stage.begin(UNKNOWN)
    return _by_steward(stage, UnknownProposal(UNKNOWN, b""), Remove(stage.dave.own_index))


# --- VAL-129: strangers -----------------------------------------------------------------


@breaks(
    "VAL-129",
    instead=altering(("group.policy:Policy.accept_proposal", always(None))),
    portable=False,
)
def a_stranger_that_the_application_does_not_want(stage: Stage) -> Trial:
    """A stranger proposes to add itself; as a member proposes it, it is welcome."""
    client, package = stage.newcomer()
    bad = outside(stage, STRANGER, client.signer, Add(package.package))
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, Add(package.package)))


@breaks("VAL-129", instead=ANY_SIGNATURE, named="VAL-089", portable=False)
def a_stranger_signs_with_another_key(stage: Stage) -> Trial:
    """Somebody proposes to add a stranger in the stranger's name."""
    agree_on(stage, Welcoming)
    client, package = stage.newcomer()
    bad = outside(stage, STRANGER, stage.member().signer, Add(package.package))
    return Trial(stage.victim(), bad, outside(stage, STRANGER, client.signer, Add(package.package)))


# --- VAL-130: who is listed -------------------------------------------------------------

_ANY_SENDERS: Final = altering(("group.verify:Checker.external_senders", always(None)))
_UNREAD_SENDERS: Final = together(without("VAL-130"), _ANY_SENDERS)
_GARBLED: Final = GroupContextExtensions((Extension(ExtensionType.external_senders, b"\x01"),))


@breaks("VAL-130", instead=_UNREAD_SENDERS)
def external_senders_that_are_none(stage: Stage) -> Trial:
    """Mallory proposes external_senders that do not decode."""
    return by_reference(stage, _GARBLED, _listing(stage.member()))


@breaks("VAL-130", instead=_UNREAD_SENDERS)
def committed_external_senders_that_are_none(stage: Stage) -> Trial:
    """Mallory commits external_senders that do not decode."""
    return by_value(stage, [_GARBLED], [_listing(stage.member())], under=_UNREAD_SENDERS)


@breaks("VAL-130", instead=_UNREAD_SENDERS)
def a_stranger_sees_external_senders_that_are_none(stage: Stage) -> Trial:
    """Mallory commits such external_senders, and offers a GroupInfo of that epoch."""
    bad = forge.committed(stage.mallory, under=_UNREAD_SENDERS, proposals=[_GARBLED])
    good = forge.committed(stage.mallory, proposals=[_listing(stage.member())])
    return Trial(stage.outsider(), bad.group_info(), good.group_info())


@breaks("VAL-130", instead=_ANY_SENDERS, portable=False)
def a_proposed_steward_whom_nobody_knows(stage: Stage) -> Trial:
    """Mallory proposes to list somebody whose credential is not accepted."""
    agree_on(stage, Wary)
    return by_reference(stage, _listing(_refused(stage)), _listing(stage.member()))


@breaks("VAL-130", instead=_ANY_SENDERS, portable=False)
def a_committed_steward_whom_nobody_knows(stage: Stage) -> Trial:
    """Mallory commits a list with somebody whose credential is not accepted."""
    agree_on(stage, Wary)
    bad = _listing(stage.member(), _refused(stage))
    return by_value(stage, [bad], [_listing(stage.member())], under=_ANY_SENDERS)


def _listing(*clients: Member) -> GroupContextExtensions:
    return GroupContextExtensions((external_senders(*clients),))


def _refused(stage: Stage) -> Member:
    return Member.from_credential(REFUSED, stage.suite.code, entropy=stage.entropy)
