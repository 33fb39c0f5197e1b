"""RFC 9420 §12.4.1, §12.4.2, §14: what a commit brings about, and when. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.errors import AuthenticationError, MissingKeyError, StateError
from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.copies import having_received, sending_after
from covey.lab.adversary.forge.signed import committed
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import NOW, PSK_ID
from covey.lab.demo.known_secrets import of_snapshot
from covey.mls.group.events import EpochChanged
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.structs.proposals import ReInit

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.pending import PendingCommit


# --- when it takes effect (§14) ---------------------------------------------------------


def _accepting(original: Callable[..., PendingCommit]) -> Callable[..., PendingCommit]:
    def commit(group: Group, **options: Any) -> PendingCommit:  # noqa: ANN401 - Group.commit's
        pending = original(group, **options)
        group.accept(pending)
        return pending

    return commit


@shows("VAL-160", instead=altering(("group.committing:Committing.commit", _accepting)))
def a_commit_waits_to_be_accepted(stage: Stage) -> None:
    """Who has made a commit stays in its epoch, and can follow another commit instead."""
    victor = stage.victor
    before, leaf = victor.epoch_authenticator, victor.tree.leaf(victor.own_index)
    pending = victor.commit(remove=[stage.dave.own_index])
    ensure(victor.epoch_authenticator == before, "the epoch is the same")
    ensure(victor.tree.leaf(victor.own_index) == leaf, "the leaf is the same")
    ensure(pending.epoch_authenticator != before, "the commit opens another one")
    stage.commit(stage.mallory)


def _keeping_ours(original: Callable[..., Any]) -> Callable[..., Any]:
    def applied(staged: Any, state: Any, check: Any) -> object:  # noqa: ANN401 - as it has them
        after, event = original(staged, state, check)
        return after.replace(pending=state.pending), event

    return applied


_KEPT = altering(("group.receiving:applied", _keeping_ours))


@breaks("VAL-161", instead=_KEPT, named="VAL-102", portable=False)
def our_own_commit_comes_second(stage: Stage) -> Trial:
    """Victor's commit is delivered after Mallory's for the same epoch, which has won."""
    ours = stage.victor.commit(update=True)
    theirs = stage.mallory.commit(update=True)
    for group in stage.groups:
        group.receive(theirs.message)
    victim = having_received(stage.victor, theirs.message, _KEPT)
    return Trial(victim, ours.message, stage.mallory.commit(update=True).message)


@shows("VAL-161", instead=_KEPT)
def the_first_commit_wins(stage: Stage) -> None:
    """Victor has a commit pending when Mallory's comes: his own is dropped, and so is its epoch."""
    ours = stage.victor.commit(update=True)
    event = stage.victor.receive(stage.mallory.commit(update=True).message)
    ensure(isinstance(event, EpochChanged) and event.discarded, "he is told")
    ensure(stage.victor.pending is None, "his own commit is not pending any more")
    fork = ours.epoch.secrets.init_secret
    ensure(fork not in stage.victor.snapshot(), "the epoch that it would have opened is forgotten")


def _only_marked(_: object) -> Callable[..., Any]:
    return lambda state: state.replace(removed=True)


_STILL_THERE = altering(("group.state:State.wiped", lambda _: lambda state: state))


@breaks("VAL-162", instead=_STILL_THERE)
def a_removed_member_sends(stage: Stage) -> Trial:
    """The application of a member that was removed wants to send; it can see who was there."""
    removal = stage.mallory.commit(remove=[stage.victor.own_index]).message
    return Trial(
        sending_after(stage.victor, removal, _STILL_THERE, lambda group, does: does(group)),
        lambda group: group.protect(b"hello"),
        lambda group: group.members,
    )


@shows("VAL-162", instead=altering(("group.state:State.wiped", _only_marked)))
def who_is_removed_forgets(stage: Stage) -> None:
    """Once Victor is removed, nothing secret is left of the group, and he can send nothing."""
    victor = stage.victor
    event = victor.receive(stage.mallory.commit(remove=[victor.own_index]).message)
    ensure(isinstance(event, EpochChanged) and event.removed, "he is told")
    ensure(not victor.is_active, "the group is no longer active")
    left = [name for name, _ in of_snapshot(victor.snapshot())]
    ensure(not left, f"no secret is left, {left}")
    try:
        victor.protect(b"hello")
    except StateError as error:
        ensure((error.rule, error.section) == ("VAL-162", "12.4.2"), "it says why")
        return
    ensure(kept=False, what="he sends nothing")


def _ended(stage: Stage) -> None:
    """Let Carol end the group by a ReInit."""
    reinit = ReInit(b"the next one", stage.victor.context.version, stage.suite.code, ())
    stage.commit(stage.carol, reinit=reinit)


@breaks("VAL-163", instead=altering(("group.core:GroupCore._require_active", always(None))))
def a_message_after_the_end(stage: Stage) -> Trial:
    """The application wants to send something in a group that a ReInit has ended."""
    _ended(stage)
    packages = [_anew(stage, group).key_package(now=NOW).message for group in stage.groups]
    us = _anew(stage, stage.victor)
    return Trial(
        stage.sender(lambda group, does: does(group)),
        lambda group: group.protect(b"hello"),
        lambda group: group.reinitialize(us, packages),
    )


def _anew(stage: Stage, group: Group) -> Member:
    """The client of a member, with a fresh signature key."""
    leaf = group.tree.leaf(group.own_index)
    assert leaf is not None
    return Member.from_credential(
        leaf.credential, stage.suite.code, policy=group.ports.policy, entropy=stage.entropy
    )


_GOING_ON = altering(
    ("group.core:GroupCore._require_active", always(None)),
    ("group.receiving:require_going_on", always(None)),
)


@breaks("VAL-163", instead=_GOING_ON, portable=False)  # a vector ends with an epoch
def a_commit_after_the_end(stage: Stage) -> Trial:
    """Mallory commits in a group that a ReInit has ended; what she said before is still heard."""
    good = stage.mallory.protect(b"sent before the end")
    _ended(stage)
    bad = committed(stage.mallory, under=_GOING_ON, update=True)
    return Trial(stage.victim(), bad.message, good)


@shows(
    "VAL-164",
    instead=altering(("group.receiving:_is_pending", always(value=False))),
    named="VAL-164",
)
def our_own_commit_comes_back(stage: Stage) -> None:
    """Victor's commit is delivered to him, too: he takes the epoch that he has computed."""
    pending = stage.victor.commit(update=True)
    event = stage.victor.receive(pending.message)
    ensure(isinstance(event, EpochChanged) and event.own, "it is his own")
    stage.alice.receive(pending.message)
    same = stage.alice.epoch_authenticator == stage.victor.epoch_authenticator
    ensure(same, "all are in the same epoch")


@breaks(
    "VAL-164",
    instead=altering(("group.receiving:_is_own", always(value=False))),
    portable=False,
)
def our_own_commit_that_we_gave_up(stage: Stage) -> Trial:
    """Victor receives a commit of his own that he has discarded for another one."""
    stage.share_psk()
    given_up = committed(stage.victor, psks=[PSK_ID], path=False)
    good = stage.victor.commit(psks=[PSK_ID], path=False)
    return Trial(stage.victim(), given_up.message, good.message)


def _forgetting(original: Callable[..., Any]) -> Callable[..., Any]:
    def receive(group: Any, message: bytes) -> object:  # noqa: ANN401 - as the engine has it
        try:
            return original(group, message)
        except AuthenticationError:
            group._state = group._state.replace(proposals={})  # noqa: SLF001 - the fault to be seen
            raise

    return receive


_NO_SIGNATURE = altering(("framing.authenticate:sign", always(bytes(64))))
_NO_TAG = altering(("schedule.transcript:confirmation_tag", always(bytes(32))))


@shows("VAL-165", instead=altering(("group.listening:Listening._receive", _forgetting)))
def a_refusal_changes_nothing(stage: Stage) -> None:
    """Whatever is wrong with a commit, Victor is as before, and takes the right one."""
    stage.send(stage.dave.propose_update())
    private = committed(stage.mallory, under=_NO_SIGNATURE, handshake=forge.PRIVATE).message
    public = committed(stage.mallory, under=_NO_TAG).message
    before = stage.victor.snapshot()
    for bad in (public, private):
        try:
            stage.victor.receive(bad)
        except AuthenticationError:
            ensure(stage.victor.snapshot() == before, "a refusal changes nothing")
        else:
            ensure(kept=False, what="it is refused")
    stage.victor.receive(stage.mallory.commit().message)


def _forgetting_first(original: Callable[..., Any]) -> Callable[..., Any]:
    def require_ready(group: Any, *options: object) -> None:  # noqa: ANN401 - as the engine has it
        original(group, *options)
        group._state = group._state.replace(proposals={})  # noqa: SLF001 - the fault to be seen

    return require_ready


@shows(
    "VAL-165", instead=altering(("group.committing:Committing._require_ready", _forgetting_first))
)
def a_commit_that_fails_changes_nothing(stage: Stage) -> None:
    """Victor's application asks for a commit that is not possible: he is as before."""
    stage.send(stage.dave.propose_update())
    before = stage.victor.snapshot()
    try:
        stage.victor.commit(psks=[b"unknown"], handshake=forge.PRIVATE)
    except MissingKeyError:
        ensure(stage.victor.snapshot() == before, "no key is used up, no proposal forgotten")
        return
    ensure(kept=False, what="it is refused")


def _at_once(_: object) -> Callable[[Group, bytes], object]:
    return lambda group, message: group.receive(message)


@shows("VAL-165", instead=altering(("group.listening:Listening.stage", _at_once)))
def a_commit_that_is_only_looked_at(stage: Stage) -> None:
    """Victor looks at a commit and lets it be: nothing changes, and he can take it later."""
    pending = stage.mallory.commit(update=True, handshake=forge.PRIVATE)
    before = stage.victor.snapshot()
    stage.victor.stage(pending.message)
    ensure(stage.victor.snapshot() == before, "looking changes nothing")
    stage.victor.receive(pending.message)
    same = pending.epoch_authenticator == stage.victor.epoch_authenticator
    ensure(same, "he takes it all the same")


# --- whom it welcomes (§12.4.1) ---------------------------------------------------------


def _without_the_last(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda epoch, info, joiners, *rest, **more: original(
        epoch, info, joiners[:-1], *rest, **more
    )


_NOT_ALL = altering(("group.welcome:make_welcomes", _without_the_last))


@shows("VAL-166", instead=_NOT_ALL, named="VAL-181")
def every_new_member_is_welcomed(stage: Stage) -> None:
    """One Welcome lets in everybody whom the commit adds."""
    newcomers = [stage.newcomer() for _ in range(3)]
    pending = stage.mallory.commit(add=[package.message for _, package in newcomers])
    for client, package in newcomers:
        joined = Group.join(client, package, pending.welcome, ports=stage.ports())
        ensure(joined.epoch_authenticator == pending.epoch_authenticator, "it is the same epoch")


@shows("VAL-166", instead=_NOT_ALL)
def every_new_member_has_its_own_welcome(stage: Stage) -> None:
    """With one Welcome for each, each lets in the one whom it is for."""
    newcomers = [stage.newcomer() for _ in range(3)]
    pending = stage.mallory.commit(
        add=[package.message for _, package in newcomers], one_welcome_each=True
    )
    ensure(len(pending.welcomes) == len(newcomers), "there are as many Welcomes as new members")
    for (client, package), invitation in zip(newcomers, pending.welcomes, strict=True):
        ensure(invitation.references == (package.reference,), "it is for one of them")
        Group.join(client, package, invitation.message, ports=stage.ports())


def _psks_reversed(original: Callable[..., Any]) -> Callable[..., Any]:
    def make(epoch: Any, info: Any, joiners: Any, secrets: Any, *rest: Any, **more: Any) -> object:  # noqa: ANN401 - as the engine has them
        turned = secrets._replace(psks=secrets.psks[::-1])
        return original(epoch, info, joiners, turned, *rest, **more)

    return make


_OTHER_ORDER = altering(("group.welcome:make_welcomes", _psks_reversed))


@shows("VAL-166", instead=_OTHER_ORDER, named="VAL-183")
def a_welcome_names_psks_in_order(stage: Stage) -> None:
    """A new member is told the PSKs in the order of their proposals."""
    stage.share_psk()
    client, package = stage.newcomer()
    psks = [stage.mallory.psk_id(PSK_ID) for _ in range(3)]
    pending = stage.mallory.commit(add=[package.message], psks=psks)
    staged = Group.stage_welcome(client, package, pending.welcome, ports=stage.ports())
    ensure(list(staged.joined.psks) == psks, "they are in order")


def _combined_reversed(original: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda suite, ids, *rest: original(suite, ids[::-1], *rest)


@breaks("VAL-166", instead=altering(("group.psks:combine", _combined_reversed)), named="VAL-183")
def a_welcome_names_psks_in_another_order(stage: Stage) -> Trial:
    """Mallory tells a new member the PSKs in another order than they were combined in."""
    stage.share_psk()
    client, package = stage.newcomer()
    added: dict[str, Any] = {"add": [package.message], "psks": [PSK_ID, PSK_ID]}
    bad = committed(stage.mallory, under=_OTHER_ORDER, **added)
    good = stage.mallory.commit(**added)
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


@breaks("VAL-167", instead=altering(("group.join:_path_keys", always({}))), named="VAL-194")
def a_path_secret_of_a_lower_node(stage: Stage) -> Trial:
    """Mallory tells a new member a path secret of a node below the lowest common one."""
    client, package = stage.newcomer()
    begin = altering(("group.welcome:_shared_height", always(2)))
    bad = committed(stage.mallory, under=begin, add=[package.message], path=True)
    good = stage.mallory.commit(add=[package.message], path=True)
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)
