"""RFC 9420 §12.4.3.2: commits of those who join by themselves. May import the forge.

The adversary is the joiner, whose engine lacks the check, or computes in another way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from covey.errors import PolicyError
from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.external import adding, joining, listing, with_init_secret
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always, together, without
from covey.lab.adversary.victims import DecoderVictim, Trial
from covey.lab.conformance.generate.scenes import PSK_ID
from covey.lab.conformance.verify.passive import Trusting
from covey.mls.group.create_commit import without_path
from covey.mls.group.group import Group
from covey.mls.group.member import Member
from covey.mls.group.process_commit import EXTERNAL_INIT_LABEL
from covey.mls.group.staging import apply_proposals
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.rules.registry import Remote
from covey.mls.schedule.key_schedule import external_key_pair
from covey.mls.structs.framing import PublicMessage, Sender
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
)
from covey.mls.wire.code_points import SenderType

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.create_commit import Path
    from covey.mls.group.epoch import PublicState
    from covey.mls.group.events import Changed
    from covey.mls.group.staging import Provisional
    from covey.mls.structs.tree import LeafNode


# --- its form (§12.4.3.2) ---------------------------------------------------------------


@breaks("VAL-168", instead=without("VAL-142"), named="VAL-142")
def a_member_commits_as_if_from_outside(stage: Stage) -> Trial:
    """Mallory sends an ExternalInit as a member, and sets the next init_secret by herself.

    Who sends it is what is wrong: what is good is the external commit of a stranger.
    """
    secret = forge.epoch_of(stage.mallory).secrets.external_secret
    _, public = external_key_pair(stage.suite, secret)
    kem_output, init_secret = stage.suite.export_to(
        public, EXTERNAL_INIT_LABEL, stage.suite.Nh, stage.entropy
    )
    begin = with_init_secret(init_secret)
    bad = forge.committed(
        stage.mallory, "VAL-142", under=begin, proposals=[ExternalInit(kem_output)]
    )
    return Trial(stage.victim(), bad.message, joining(stage))


def _from_leaf_0(original: Callable[..., bytes]) -> Callable[..., bytes]:
    def message(state: Any, signed: Any, auth: Any) -> bytes:  # noqa: ANN401 - as it has them
        sender = Sender(SenderType.member, leaf_index=0)
        content = signed.content.replace(sender=sender)
        return original(state, signed._replace(content=content), auth)

    return message


@shows("VAL-168", instead=altering(("group.external:_message", _from_leaf_0)))
def a_joiner_says_that_it_is_new(stage: Stage) -> None:
    """An external commit is a PublicMessage of a sender new_member_commit."""
    message = MLSMessage.decode(joining(stage)).message
    assert isinstance(message, PublicMessage)
    sender = message.content.sender
    ensure(sender.sender_type is SenderType.new_member_commit, "it is nobody's who is a member")


def _no_path(_: object) -> Callable[..., Path]:
    def make(_: object, provisional: Provisional, private: Any, leaf: Any, __: object) -> Path:  # noqa: ANN401 - as the engine has them
        return without_path(provisional.tree, private, leaf.signer)

    return make


def _nowhere(_: object) -> Callable[[Provisional], tuple[Provisional, int]]:
    return lambda provisional: (provisional, 0)


_ANY_SIGNATURE = altering(("group.receiving:verify_signature", always(None)))
_PATHLESS = together(
    without("VAL-094", "VAL-169"),
    _ANY_SIGNATURE,
    altering(("group.staging:place_joiner", _nowhere)),
)


@breaks("VAL-169", instead=_PATHLESS, named="VAL-094")
def a_joiner_without_a_path(stage: Stage) -> Trial:
    """An external commit has no path, so nobody joins, and its signature fits to no key."""
    begin = together(_PATHLESS, altering(("group.create_commit:make_path", _no_path)))
    return Trial(stage.victim(), joining(stage, under=begin), joining(stage))


@breaks("VAL-169")
def a_list_for_a_joiner_without_a_path(stage: Stage) -> Trial:
    """The rules for the list of an external commit ask for a path, too."""
    public = forge.epoch_of(stage.victor).public
    item = Sent(ExternalInit(b"any"), Sender(SenderType.new_member_commit))

    def check(has_path: bool) -> object:  # noqa: FBT001 - it is what is tried
        items = ProposalList((item,), None, public.context, public.tree, has_path=has_path)
        return apply_proposals(items, public, stage.ports().check(Remote))

    return Trial(DecoderVictim(check), bad=False, good=True)


# --- its proposals (§12.2) --------------------------------------------------------------


@breaks("VAL-170")
def a_joiner_commits_by_reference(stage: Stage) -> Trial:
    """A stranger commits a PSK that a member has proposed, by reference."""
    stage.share_psk()
    psk = PreSharedKey(stage.mallory.psk_id(PSK_ID))
    stage.send(forge.proposed(stage.mallory, psk))
    waiting = stage.victor.proposals[0]
    begin = _referring(waiting)
    bad = joining(stage, "VAL-170", under=begin, psks=[psk.psk])
    return Trial(stage.victim(), bad, joining(stage, psks=[psk.psk]))


def _referring(waiting: Sent) -> Callable[[], Any]:
    """What begins to let a joiner name a PSK by its reference instead of giving it."""
    return listing(
        lambda items: tuple(
            waiting if isinstance(each.proposal, PreSharedKey) else each for each in items
        )
    )


def _any_message(_: object) -> Callable[[bytes], object]:
    return lambda data: MLSMessage.decode(data).message


@breaks(
    "VAL-170",
    instead=together(without("VAL-170"), altering(("group.external:_leaving", _any_message))),
)
def a_joiner_is_asked_to_commit_by_reference(stage: Stage) -> Trial:
    """The application of a joiner wants it to commit a member's Remove by reference."""
    info, client = stage.alice.group_info(), stage.member()
    removal = forge.proposed(stage.mallory, Remove(stage.dave.own_index))
    leaving = stage.dave.leave()

    def join(message: bytes) -> object:
        return Group.join_externally(client, info, self_removes=[message], ports=stage.ports())

    return Trial(DecoderVictim(join), removal, leaving)


@breaks("VAL-171")
def a_joiner_with_two_external_inits(stage: Stage) -> Trial:
    """A stranger sends two init secrets; which of them shall it be?"""
    begin = listing(lambda items: (*items, items[0]))
    return Trial(stage.victim(), joining(stage, "VAL-171", under=begin), joining(stage))


@breaks("VAL-171")
def an_observer_sees_two_external_inits(stage: Stage) -> Trial:
    """The same before somebody who has no secrets."""
    trial = a_joiner_with_two_external_inits(stage)
    return trial._replace(victim=stage.observer())


@breaks("VAL-171")
def a_joiner_without_an_external_init(stage: Stage) -> Trial:
    """Mallory joins once more, with the init secret that members have."""
    init_secret = forge.epoch_of(stage.mallory).secrets.init_secret
    begin = together(listing(lambda items: items[1:]), with_init_secret(init_secret))
    return Trial(stage.victim(), joining(stage, "VAL-171", under=begin), joining(stage))


@breaks("VAL-172")
def a_joiner_brings_somebody_along(stage: Stage) -> Trial:
    """A stranger adds another one."""
    _, package = stage.newcomer()
    begin = adding(Add(package.package))
    return Trial(stage.victim(), joining(stage, "VAL-172", under=begin), joining(stage))


@breaks("VAL-172")
def a_joiner_changes_the_extensions(stage: Stage) -> Trial:
    """A stranger replaces the GroupContext extensions."""
    begin = adding(GroupContextExtensions(()))
    return Trial(stage.victim(), joining(stage, "VAL-172", under=begin), joining(stage))


@breaks("VAL-172")
def a_joiner_ends_the_group(stage: Stage) -> Trial:
    """A stranger reinitializes the group."""
    begin = adding(ReInit(b"another", stage.victor.context.version, stage.suite.code, ()))
    return Trial(stage.victim(), joining(stage, "VAL-172", under=begin), joining(stage))


@breaks("VAL-172")
def a_joiner_replaces_two_members(stage: Stage) -> Trial:
    """Somebody takes the place of Dave, and removes Carol besides."""
    begin, dave = adding(Remove(stage.carol.own_index)), stage.dave.own_index
    bad = joining(stage, "VAL-172", under=begin, resync=dave)
    return Trial(stage.victim(), bad, joining(stage, resync=dave))


# --- its leaf (§12.2, §12.4.2) ----------------------------------------------------------

_NOBODY_REPLACED = altering(("group.staging:replaced_leaf", always(None)))


@breaks("VAL-173", instead=_NOBODY_REPLACED, named="VAL-083")
def a_resync_with_the_old_key(stage: Stage) -> Trial:
    """Dave comes back with the encryption key that he had."""
    index = stage.dave.own_index
    leaf = stage.dave.tree.leaf(index)
    assert leaf is not None
    old = forge.epoch_of(stage.dave).private.key(0), leaf.encryption_key
    begin = altering(("crypto.suite:Suite.generate_key_pair", always(old)))
    bad = joining(stage, "VAL-083", under=begin, resync=index)
    return Trial(stage.victim(), bad, joining(stage, resync=index))


class _Strict(Trusting):
    """Believes every credential, and lets members be replaced by none but themselves."""

    def is_successor(self, old: LeafNode, new: LeafNode) -> bool:
        """Whether it is the same credential."""
        return old.credential == new.credential


@breaks("VAL-173", instead=_NOBODY_REPLACED, named="VAL-025", portable=False)
def a_resync_of_somebody_else(stage: Stage) -> Trial:
    """A stranger takes the place of Dave."""
    index = stage.dave.own_index
    leaf = stage.dave.tree.leaf(index)
    assert leaf is not None
    dave = Member.from_credential(
        leaf.credential, stage.suite.code, policy=Trusting(threads=1), entropy=stage.entropy
    )
    stage.victor.ports.policy = _Strict(threads=1)
    bad = joining(stage, resync=index)
    return Trial(stage.victim(), bad, joining(stage, client=dave, resync=index))


@breaks("VAL-174", instead=_ANY_SIGNATURE, named="VAL-089")
def a_joiner_signs_as_a_member(stage: Stage) -> Trial:
    """An external commit is signed with Mallory's key, not with that of the new leaf."""
    signer = forge.epoch_of(stage.mallory).signer

    def sign(original: Callable[..., bytes]) -> Callable[..., bytes]:
        return lambda suite, _, tbs: original(suite, signer, tbs)

    begin = altering(("framing.authenticate:sign", sign))
    return Trial(stage.victim(), joining(stage, under=begin), joining(stage))


@breaks("VAL-174", instead=_ANY_SIGNATURE, named="VAL-089")
def an_observer_sees_a_joiner_sign_as_a_member(stage: Stage) -> Trial:
    """The same before somebody who has no secrets."""
    return a_joiner_signs_as_a_member(stage)._replace(victim=stage.observer())


_OTHER_LABEL = altering(("group.process_commit:EXTERNAL_INIT_LABEL", lambda _: "external init"))


@breaks("VAL-175", instead=_OTHER_LABEL, named="VAL-157")
def an_init_secret_of_another_label(stage: Stage) -> Trial:
    """A stranger exports the init secret under another label."""
    return Trial(stage.victim(), joining(stage, under=_OTHER_LABEL), joining(stage))


_MADE_UP_SECRET = with_init_secret(b"made up")


@breaks("VAL-175", instead=_MADE_UP_SECRET, named="VAL-157")
def an_init_secret_that_is_made_up(stage: Stage) -> Trial:
    """A stranger uses an init secret that has nothing to do with its ExternalInit."""
    return Trial(stage.victim(), joining(stage, under=_MADE_UP_SECRET), joining(stage))


def _before_the_proposals(_: object) -> Callable[[Provisional], tuple[Provisional, int]]:
    def place(provisional: Provisional) -> tuple[Provisional, int]:
        index = provisional.items.tree.leftmost_blank()
        return provisional._replace(tree=provisional.tree.extended_for(index)), index

    return place


_TOO_EARLY = altering(("group.staging:place_joiner", _before_the_proposals))


@breaks("VAL-176", instead=_TOO_EARLY, named=("VAL-079", "VAL-029"))
def a_joiner_in_another_leaf(stage: Stage) -> Trial:
    """Who takes the place of Dave looks for a blank leaf before Dave's is one."""
    dave = stage.dave.own_index
    bad = joining(stage, under=_TOO_EARLY, resync=dave)
    return Trial(stage.victim(), bad, joining(stage, resync=dave))


def _behind_the_last(_: object) -> Callable[[Provisional], tuple[Provisional, int]]:
    def place(provisional: Provisional) -> tuple[Provisional, int]:
        index = max(index for index, _ in provisional.tree.members()) + 1
        return provisional._replace(tree=provisional.tree.extended_for(index)), index

    return place


_AT_THE_END = altering(("group.staging:place_joiner", _behind_the_last))


@breaks("VAL-176", instead=_AT_THE_END, named=("VAL-079", "VAL-029"))
def a_joiner_behind_the_last_leaf(stage: Stage) -> Trial:
    """Dave's leaf is blank since he was removed, and a stranger sits down at the end."""
    stage.commit(stage.carol, remove=[stage.dave.own_index])
    return Trial(stage.victim(), joining(stage, under=_AT_THE_END), joining(stage))


@breaks(
    "VAL-177",
    instead=altering(("group.staging:check_result", always(None))),
    named="VAL-048",
)
def a_member_joins_once_more(stage: Stage) -> Trial:
    """Mallory joins a second time with the signature key of her leaf."""
    leaf = stage.mallory.tree.leaf(stage.mallory.own_index)
    assert leaf is not None
    again = msgspec.structs.replace(
        stage.member(),
        credential=leaf.credential,
        signature_key=leaf.signature_key,
        signer=forge.epoch_of(stage.mallory).signer,
    )
    bad = joining(stage, "VAL-048", client=again)
    return Trial(stage.victim(), bad, joining(stage))


# --- whether it is welcome (§11.1) ------------------------------------------------------


class _PskOnly(Trusting):
    """Lets nobody join by itself who does not know a PSK."""

    def accept_external_commit(self, changed: Changed, state: PublicState) -> None:
        """Whether there is a PSK."""
        del state
        if not any(isinstance(each.proposal, PreSharedKey) for each in changed.proposals):
            msg = "an external commit has to have a PSK"
            raise PolicyError(msg)


@breaks(
    "VAL-180",
    instead=altering(("group.staging:ask_policy", always(None))),
    portable=False,
)
def a_joiner_whom_the_policy_does_not_want(stage: Stage) -> Trial:
    """The application of a member asks joiners for a PSK."""
    stage.share_psk()
    stage.victor.ports.policy = _PskOnly(threads=1)
    return Trial(stage.victim(), joining(stage), joining(stage, psks=[PSK_ID]))
