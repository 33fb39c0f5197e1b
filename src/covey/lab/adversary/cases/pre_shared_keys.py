"""RFC 9420 §8.4, §8.6: pre-shared keys that may not be mixed in. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.successors import (
    APPLICATION,
    BRANCH,
    REINIT,
    linking,
)
from covey.lab.adversary.forge.welcome import made_up_psks, offered, sealed, with_secrets
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import PSK_ID
from covey.mls.group import psks
from covey.mls.structs.proposals import PreSharedKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.lab.adversary.stage import Stage
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.group import Group
    from covey.mls.structs.schedule import PreSharedKeyID
    from covey.mls.wire.code_points import ResumptionPSKUsage

# --- pre-shared keys --------------------------------------------------------------------------


def _uses(stage: Stage, count: int) -> list[PreSharedKeyID]:
    """Uses of a PSK that everybody knows, sorted by what they are encoded as."""
    stage.share_psk()
    nonces = sorted(stage.entropy(stage.suite.Nh) for _ in range(count))
    return [psks.external_id(PSK_ID, nonce) for nonce in nonces]


def _sorting(original: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda suite, found: original(suite, sorted(found))


@breaks(
    "VAL-198",
    instead=altering(("schedule.psk:psk_secret", _sorting)),
    named="VAL-183",
)
def a_welcome_with_psks_in_another_order(stage: Stage) -> Trial:
    """The GroupSecrets name the PSKs of the commit in another order."""
    client, package = stage.newcomer()
    offer = offered(stage.mallory, package, psks=_uses(stage, 2))
    swapped = with_secrets(offer, psks=offer.secrets.psks[::-1])
    return Trial(stage.joiner(client, package), sealed(swapped), sealed(offer))


def _with_nonce(stage: Stage, length: int) -> PreSharedKeyID:
    """A use of a PSK that everybody knows, with a nonce of some length."""
    stage.share_psk()
    return psks.external_id(PSK_ID, stage.entropy(length))


@breaks("VAL-198")
def a_welcome_with_a_short_nonce(stage: Stage) -> Trial:
    """The psk_nonce in GroupSecrets is one byte too short, as it is in the commit."""
    client, package = stage.newcomer()
    add, short = [package.message], _with_nonce(stage, stage.suite.Nh - 1)
    bad = forge.committed(stage.mallory, "VAL-120", add=add, psks=[short])
    good = stage.mallory.commit(add=add, psks=[PSK_ID])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


@breaks("VAL-139")
def a_welcome_with_a_psk_twice(stage: Stage) -> Trial:
    """The GroupSecrets name the same use of a PSK twice, as the commit does."""
    client, package = stage.newcomer()
    add, [psk] = [package.message], _uses(stage, 1)
    bad = forge.committed(stage.mallory, "VAL-139", add=add, psks=[psk, psk])
    good = stage.mallory.commit(add=add, psks=[psk])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


@breaks("VAL-199")
def a_nonce_that_is_too_short(stage: Stage) -> Trial:
    """The psk_nonce of a PreSharedKey proposal is one byte too short."""
    short = _with_nonce(stage, stage.suite.Nh - 1)
    bad = forge.committed(stage.mallory, "VAL-199", psks=[short])
    return Trial(stage.victim(), bad.message, stage.mallory.commit(psks=[PSK_ID]).message)


@breaks("VAL-199")
def a_nonce_that_is_too_long(stage: Stage) -> Trial:
    """The psk_nonce of a PreSharedKey proposal is one byte too long."""
    long = PreSharedKey(_with_nonce(stage, stage.suite.Nh + 1))
    right = PreSharedKey(_with_nonce(stage, stage.suite.Nh))
    bad, good = (forge.proposed(stage.mallory, each) for each in (long, right))
    return Trial(stage.victim(), bad, good)


def _always_zero(_: object) -> Callable[..., bytes]:
    return lambda suite, _: suite.zero


@shows("VAL-199", instead=altering(("group.psks:fresh_nonce", _always_zero)))
def nonces_are_fresh(stage: Stage) -> None:
    """Two uses of a PSK have two nonces, each as long as the group's hash."""
    stage.share_psk()
    used = [stage.mallory.psk_id(PSK_ID).psk_nonce for _ in range(8)]
    ensure(len(set(used)) == len(used), "no nonce is used twice")
    ensure({len(each) for each in used} == {stage.suite.Nh}, "each has Nh bytes")


# --- how they are mixed in --------------------------------------------------------------------


def _without_index(_: object) -> Callable[..., bytes]:
    def psk_secret(suite: Suite, found: Sequence[tuple[bytes, bytes]]) -> bytes:
        return _chained(suite, found, lambda psk_id, _: psk_id)

    return psk_secret


def _counted_from_one(_: object) -> Callable[..., bytes]:
    def psk_secret(suite: Suite, found: Sequence[tuple[bytes, bytes]]) -> bytes:
        count = len(found).to_bytes(2)
        return _chained(suite, found, lambda psk_id, i: psk_id + (i + 1).to_bytes(2) + count)

    return psk_secret


def _chained(
    suite: Suite, found: Sequence[tuple[bytes, bytes]], label: Callable[[bytes, int], bytes]
) -> bytes:
    """``psk_secret`` with another PSKLabel."""
    secret = suite.zero
    for index, (psk_id, psk) in enumerate(found):
        extracted = suite.extract(suite.zero, psk)
        context = label(psk_id, index)
        derived = suite.expand_with_label(extracted, "derived psk", context, suite.Nh)
        secret = suite.extract(derived, secret)
    return secret


_indexless = altering(("schedule.psk:psk_secret", _without_index))
_from_one = altering(("schedule.psk:psk_secret", _counted_from_one))


@breaks("VAL-200", instead=_indexless, named="VAL-157")
def psks_without_index_and_count(stage: Stage) -> Trial:
    """The committer derives each psk_input from the PreSharedKeyID alone."""
    return _differently(stage, _indexless)


@breaks("VAL-200", instead=_from_one, named="VAL-157")
def psks_counted_from_one(stage: Stage) -> Trial:
    """The committer counts the PSKs from one, not from zero."""
    return _differently(stage, _from_one)


def _differently(stage: Stage, under: Callable[[], Any]) -> Trial:
    used = _uses(stage, 2)
    bad = forge.committed(stage.mallory, under=under, psks=used)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(psks=used).message)


@breaks("VAL-200", instead=_indexless, named="VAL-183")
def a_welcome_with_psks_without_index_and_count(stage: Stage) -> Trial:
    """The GroupInfo is encrypted with a psk_secret that knows no index and no count."""
    client, package = stage.newcomer()
    add, used = [package.message], _uses(stage, 2)
    bad = forge.committed(stage.mallory, under=_indexless, add=add, psks=used)
    good = stage.mallory.commit(add=add, psks=used)
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


# --- resumption PSKs ---------------------------------------------------------------------------


def _of_nowhere(stage: Stage) -> PreSharedKeyID:
    nonce = stage.entropy(stage.suite.Nh)
    return psks.resumption_id(APPLICATION, b"of nobody", 1, nonce)


@breaks("VAL-201", instead=made_up_psks)
def a_resumption_psk_of_a_group_that_one_does_not_know(stage: Stage) -> Trial:
    """A commit mixes in the resumption PSK of a group that the members have never been in."""
    psk = _of_nowhere(stage)
    bad = forge.committed(stage.mallory, under=made_up_psks, psks=[psk])
    good = stage.mallory.commit(psks=[linking(stage, stage.mallory, APPLICATION)])
    return Trial(stage.victim(), bad.message, good.message)


@breaks("VAL-201", instead=made_up_psks, named="VAL-184")
def a_welcome_with_a_resumption_psk_that_one_does_not_know(stage: Stage) -> Trial:
    """A Welcome mixes in the resumption PSK of a group that the newcomer has never been in."""
    client, package = stage.newcomer()
    add = [package.message]
    bad = forge.committed(stage.mallory, under=made_up_psks, add=add, psks=[_of_nowhere(stage)])
    good = stage.mallory.commit(add=add)
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


def _forgetful(original: Callable[..., Any]) -> Callable[..., Any]:
    def advanced(state: Any, *given: Any) -> object:  # noqa: ANN401 - as the original
        return original(state.replace(resumption={}), *given)

    return advanced


@shows("VAL-201", instead=altering(("group.state:State.advanced", _forgetful)), named="VAL-201")
def resumption_psks_of_past_epochs_are_kept(stage: Stage) -> None:
    """A PSK of an epoch that is past can be mixed in, if one was a member then."""
    link = linking(stage, stage.mallory, APPLICATION)
    stage.commit(stage.alice)
    stage.commit(stage.carol)
    stage.commit(stage.mallory, psks=[link])
    ensure(stage.victor.epoch == stage.mallory.epoch, "everybody knows the PSK")


# --- links where nothing is continued ---------------------------------------------------------


def _committed_link(stage: Stage, check: str, usage: ResumptionPSKUsage) -> Trial:
    link, plain = (linking(stage, stage.mallory, each) for each in (usage, APPLICATION))
    bad = forge.committed(stage.mallory, check, psks=[link])
    return Trial(stage.victim(), bad.message, stage.mallory.commit(psks=[plain]).message)


def _proposed_link(stage: Stage, usage: ResumptionPSKUsage) -> Trial:
    link, plain = (linking(stage, stage.mallory, each) for each in (usage, APPLICATION))
    bad, good = (forge.proposed(stage.mallory, PreSharedKey(each)) for each in (link, plain))
    return Trial(stage.victim(), bad, good)


def _asked_link(stage: Stage, usage: ResumptionPSKUsage) -> Trial:
    link, plain = (linking(stage, stage.victor, each) for each in (usage, APPLICATION))
    return Trial(stage.sender(lambda group, psk: group.commit(psks=[psk])), link, plain)


@breaks("VAL-206")
def a_reinit_psk_in_an_ordinary_commit(stage: Stage) -> Trial:
    """An ordinary commit mixes in a PSK with usage reinit."""
    return _committed_link(stage, "VAL-206", REINIT)


@breaks("VAL-206")
def a_reinit_psk_that_is_proposed(stage: Stage) -> Trial:
    """A member proposes a PSK with usage reinit."""
    return _proposed_link(stage, REINIT)


@breaks("VAL-209")
def asking_for_a_branch_psk_once_more(stage: Stage) -> Trial:
    """The application says that the group is a branch, though it has begun long ago."""
    link, plain = (linking(stage, stage.victor, each) for each in (BRANCH, APPLICATION))

    def ask(group: Group, psk: PreSharedKeyID) -> object:
        return group.commit(psks=[psk], successor=True)

    return Trial(stage.sender(ask), link, plain)


@breaks("VAL-206")
def asking_for_a_reinit_psk(stage: Stage) -> Trial:
    """The application commits a PSK with usage reinit."""
    return _asked_link(stage, REINIT)


@breaks("VAL-209")
def a_branch_psk_in_an_ordinary_commit(stage: Stage) -> Trial:
    """An ordinary commit mixes in a PSK with usage branch."""
    return _committed_link(stage, "VAL-209", BRANCH)


@breaks("VAL-209")
def a_branch_psk_that_is_proposed(stage: Stage) -> Trial:
    """A member proposes a PSK with usage branch."""
    return _proposed_link(stage, BRANCH)


@breaks("VAL-209")
def asking_for_a_branch_psk(stage: Stage) -> Trial:
    """The application commits a PSK with usage branch."""
    return _asked_link(stage, BRANCH)
