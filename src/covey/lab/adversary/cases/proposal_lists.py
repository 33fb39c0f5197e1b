"""RFC 9420 §12.2: lists of proposals that may not be committed. May import the forge.

What becomes of a list (the tree, the order of application, references) is in
:mod:`.proposal_effects`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.proposals import (
    UNKNOWN,
    add_unable,
    by_joiner,
    by_value,
    client_of,
    external_init,
    psk_of,
    required,
    sent,
    unable,
    unsigned_add,
)
from covey.lab.adversary.forge.signed import committed
from covey.lab.adversary.taking_out import altering, always, without, without_rules
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import NOW, PSK_ID
from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    UnknownProposal,
)

if TYPE_CHECKING:
    from covey.lab.adversary.stage import Stage
    from covey.mls.group.group import Group
    from covey.mls.group.member import PrivateKeyPackage
    from covey.mls.structs.proposals import Proposal

CUSTOM: Final = UnknownProposal(UNKNOWN, b"")


def _by_reference(
    stage: Stage,
    references: list[bytes],
    good: list[bytes],
    *lacking: str,
    **options: Any,  # noqa: ANN401 - those of Group.commit
) -> Trial:
    """Mallory commits what has been sent before, with what the options add."""
    bad = committed(stage.mallory, *lacking, references=references, **options)
    repaired = stage.mallory.commit(references=good, **options)
    return Trial(stage.victim(), bad.message, repaired.message)


# --- VAL-133: each proposal by itself ---------------------------------------------------

_ANY_PROPOSAL: Final = altering(("group.verify:Checker.proposal", always([])))


@breaks("VAL-133", instead=_ANY_PROPOSAL, named="VAL-055")
def an_add_is_invalid_by_itself(stage: Stage) -> Trial:
    """Mallory commits an Add that is right but for the signature of its KeyPackage."""
    _, package = stage.newcomer()
    bad: list[Proposal] = [Remove(stage.dave.own_index), unsigned_add(package)]
    return by_value(stage, bad, [bad[0], Add(package.package)], under=_ANY_PROPOSAL)


@breaks("VAL-133", instead=without("VAL-120"), named="VAL-120")
def a_psk_is_invalid_by_itself(stage: Stage) -> Trial:
    """Mallory commits two PSKs, the second of which has no nonce."""
    first, second = PreSharedKey(psk_of(stage)), psk_of(stage)
    bad = [first, PreSharedKey(second.replace(psk_nonce=b""))]
    return by_value(stage, bad, [first, PreSharedKey(second)], ("VAL-120",))


@breaks("VAL-133", instead=without("VAL-117"), named="VAL-117")
def a_remove_is_invalid_by_itself(stage: Stage) -> Trial:
    """Mallory commits two Removes, the second of which removes nobody."""
    bad = [Remove(stage.dave.own_index), Remove(6)]
    return by_value(stage, bad, bad[:1], ("VAL-117",))


# --- VAL-134, VAL-135: the committer ----------------------------------------------------


@breaks("VAL-134")
def a_committer_updates_itself(stage: Stage) -> Trial:
    """Mallory commits the Update that it has proposed."""
    reference = sent(stage, stage.mallory.propose_update())
    return _by_reference(stage, [reference], [], "VAL-134")


@breaks("VAL-134")
def our_own_update_is_committed(stage: Stage) -> Trial:
    """Victor's application asks him to commit the Update that he has proposed."""
    stage.send(stage.carol.propose_update())
    stage.send(stage.victor.propose_update())
    other, own = (each.reference for each in stage.victor.proposals)
    return Trial(stage.sender(_commit_references), [other, own], [other])


def _commit_references(group: Group, references: list[bytes]) -> object:
    return group.commit(references=references)


@breaks("VAL-135")
def a_committer_removes_itself(stage: Stage) -> Trial:
    """Mallory commits a Remove of its own leaf."""
    mallory = stage.mallory
    bad = committed(mallory, "VAL-135", remove=[mallory.own_index])
    good = mallory.commit(remove=[stage.dave.own_index])
    return Trial(stage.victim(), bad.message, good.message)


@breaks("VAL-135")
def a_committer_removes_itself_by_reference(stage: Stage) -> Trial:
    """Mallory commits Alice's proposal to remove Mallory."""
    reference = sent(stage, stage.alice.propose_remove(stage.mallory.own_index))
    return _by_reference(stage, [reference], [], "VAL-135")


# --- VAL-136: one change per leaf -------------------------------------------------------


@breaks("VAL-136")
def two_removes_of_one_leaf(stage: Stage) -> Trial:
    """Mallory commits two Removes of Dave."""
    remove = Remove(stage.dave.own_index)
    return by_value(stage, [remove, remove], [remove], ("VAL-136",))


@breaks("VAL-136")
def two_updates_of_one_leaf(stage: Stage) -> Trial:
    """Mallory commits two Updates that Dave has proposed."""
    both = [sent(stage, stage.dave.propose_update()) for _ in range(2)]
    return _by_reference(stage, both, both[1:], "VAL-136")


@breaks("VAL-136")
def an_update_and_a_remove_of_one_leaf(stage: Stage) -> Trial:
    """Mallory commits Dave's Update and Alice's proposal to remove Dave."""
    update = sent(stage, stage.dave.propose_update())
    remove = sent(stage, stage.alice.propose_remove(stage.dave.own_index))
    return _by_reference(stage, [update, remove], [remove], "VAL-136")


@breaks("VAL-136", portable=False)
def a_joiner_removes_somebody_who_leaves(stage: Stage) -> Trial:
    """Somebody joins and removes Dave, who leaves by a SelfRemove that is committed, too."""
    leaving = stage.dave.leave()
    stage.send(leaving)
    good = {"self_removes": [leaving]}
    return by_joiner(stage, {**good, "resync": stage.dave.own_index}, good, "VAL-136")


# --- VAL-137, VAL-138: clients ----------------------------------------------------------


def _twins(stage: Stage) -> tuple[PrivateKeyPackage, PrivateKeyPackage]:
    client = stage.member()
    return client.key_package(now=NOW), client.key_package(now=NOW)


def _two_adds(stage: Stage, one: PrivateKeyPackage, two: PrivateKeyPackage, *lacking: str) -> Trial:
    adds = [Add(one.package), Add(two.package)]
    return by_value(stage, adds, adds[:1], lacking)


@breaks("VAL-137", instead=without("VAL-137", "VAL-048"))
def two_adds_with_one_signature_key(stage: Stage) -> Trial:
    """Mallory commits Adds of two KeyPackages of one client."""
    return _two_adds(stage, *_twins(stage), "VAL-137", "VAL-048")


@breaks("VAL-137", portable=False)  # the RFC asks it of one client
def two_adds_with_one_init_key(stage: Stage) -> Trial:
    """Mallory commits Adds of two clients with one init_key."""
    one, two = (stage.newcomer()[1] for _ in range(2))
    same = forge.repackaged(two, init_key=one.package.init_key)
    return _two_adds(stage, one, same, "VAL-137")


@breaks("VAL-137", instead=without("VAL-049"), named="VAL-049")
def two_adds_with_one_encryption_key(stage: Stage) -> Trial:
    """Mallory commits Adds of two clients with one encryption_key."""
    one, two = (stage.newcomer()[1] for _ in range(2))
    key = one.package.leaf_node.encryption_key
    return _two_adds(stage, one, forge.repackaged(two, leaf={"encryption_key": key}), "VAL-049")


@breaks("VAL-137", instead=without("VAL-137", "VAL-048"))
def an_add_by_value_and_one_by_reference(stage: Stage) -> Trial:
    """Mallory commits Carol's Add of a client, and adds it once more."""
    one, two = _twins(stage)
    reference = sent(stage, stage.carol.propose_add(one))
    return _by_reference(stage, [reference], [], "VAL-137", "VAL-048", add=[two])


@breaks("VAL-138", instead=without("VAL-138", "VAL-048"))
def an_add_of_a_member(stage: Stage) -> Trial:
    """Mallory adds Dave's client once more, without removing it."""
    add = Add(client_of(stage.dave).key_package(now=NOW).package)
    good: list[Proposal] = [Remove(stage.dave.own_index), add]
    return by_value(stage, [add], good, ("VAL-138", "VAL-048"))


@breaks("VAL-138", instead=without("VAL-138", "VAL-048"))
def an_add_of_a_member_by_reference(stage: Stage) -> Trial:
    """Mallory commits Carol's Add of Dave's client, without removing it."""
    add = client_of(stage.dave).key_package(now=NOW)
    reference = sent(stage, stage.carol.propose_add(add))
    bad = committed(stage.mallory, "VAL-138", "VAL-048", references=[reference])
    good = stage.mallory.commit(references=[reference], remove=[stage.dave.own_index])
    return Trial(stage.victim(), bad.message, good.message)


# --- VAL-139 to VAL-142: what may stand once, alone or not at all -----------------------


@breaks("VAL-139")
def one_psk_twice(stage: Stage) -> Trial:
    """Mallory commits one use of a PSK twice; with another nonce it would be another."""
    psk = psk_of(stage)
    other = stage.mallory.psk_id(PSK_ID)
    one = PreSharedKey(psk)
    return by_value(stage, [one, one], [one, PreSharedKey(other)], ("VAL-139",))


@breaks("VAL-139")
def one_psk_by_value_and_by_reference(stage: Stage) -> Trial:
    """Mallory commits Carol's PSK, and the same one by value."""
    psk = psk_of(stage)
    reference = sent(stage, stage.carol.propose_psk(psk))
    return _by_reference(stage, [reference], [], "VAL-139", psks=[psk])


@breaks("VAL-139")
def one_psk_twice_of_a_joiner(stage: Stage) -> Trial:
    """Somebody joins with one use of a PSK twice."""
    psk = psk_of(stage)
    return by_joiner(stage, {"psks": [psk, psk]}, {"psks": [psk]}, "VAL-139")


@breaks("VAL-140")
def two_lists_of_extensions(stage: Stage) -> Trial:
    """Mallory commits two GroupContextExtensions."""
    both = [GroupContextExtensions(()), required()]
    return by_value(stage, both, both[1:], ("VAL-140",))


@breaks("VAL-140")
def two_equal_lists_of_extensions(stage: Stage) -> Trial:
    """Mallory commits two GroupContextExtensions that say the same."""
    return by_value(stage, [required(), required()], [required()], ("VAL-140",))


@breaks("VAL-140")
def two_lists_of_extensions_by_reference(stage: Stage) -> Trial:
    """Mallory commits the GroupContextExtensions of Alice and those of Carol."""
    both = [sent(stage, each.propose(required())) for each in (stage.alice, stage.carol)]
    return _by_reference(stage, both, both[:1], "VAL-140")


def _reinit(stage: Stage) -> ReInit:
    return ReInit(b"the next group", 1, stage.suite.code, ())


@breaks("VAL-141")
def a_reinit_and_a_remove(stage: Stage) -> Trial:
    """Mallory commits a ReInit, and a Remove with it."""
    bad: list[Proposal] = [_reinit(stage), Remove(stage.dave.own_index)]
    return by_value(stage, bad, bad[:1], ("VAL-141",))


@breaks("VAL-141")
def two_reinits(stage: Stage) -> Trial:
    """Mallory commits two ReInits."""
    bad = [_reinit(stage), _reinit(stage)]
    return by_value(stage, bad, bad[:1], ("VAL-141",))


@breaks("VAL-141")
def a_reinit_by_reference_and_a_psk(stage: Stage) -> Trial:
    """Mallory commits Alice's ReInit, and a PSK with it."""
    psk = psk_of(stage)
    reference = sent(stage, stage.alice.propose_reinit(_reinit(stage)))
    return _by_reference(stage, [reference], [], "VAL-141", psks=[psk])


@breaks("VAL-142")
def a_member_commits_an_external_init(stage: Stage) -> Trial:
    """Mallory, who is a member, commits an ExternalInit, and a Remove with it."""
    init, under = external_init(stage)
    remove = Remove(stage.dave.own_index)
    return by_value(stage, [remove, init], [remove], ("VAL-142",), under)


# --- VAL-143: types that some member does not support -----------------------------------


@breaks("VAL-143", portable=False)
def a_type_that_one_member_does_not_support(stage: Stage) -> Trial:
    """Mallory commits what all support but one, who stays; who comes or goes need not."""
    stage.begin(UNKNOWN)
    index, newcomer = add_unable(stage), Add(unable(stage.newcomer()[1]).package)
    good: list[Proposal] = [CUSTOM, Remove(index), newcomer]
    return by_value(stage, [CUSTOM, newcomer], good, ("VAL-143",))


@breaks("VAL-143", portable=False)
def a_type_by_reference_that_one_member_does_not_support(stage: Stage) -> Trial:
    """Mallory commits Dave's SelfRemove, which one member does not support, and stays."""
    index = add_unable(stage)
    with without_rules("VAL-143"):
        leaving = stage.dave.leave()
    reference = sent(stage, leaving)
    bad = committed(stage.mallory, "VAL-143", references=[reference])
    good = stage.mallory.commit(references=[reference], remove=[index])
    return Trial(stage.victim(), bad.message, good.message)
