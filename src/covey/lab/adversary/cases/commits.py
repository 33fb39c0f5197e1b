"""RFC 9420 §12.4: commits of members, and what must be right about them. May import the forge.

Most are forged by a member whose own engine lacks the check, or computes the next epoch in
another way: signatures, tags and transcript then fit to the one thing that is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from covey.lab.adversary.case import breaks
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.signed import committed
from covey.lab.adversary.taking_out import altering, always, together, without
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import PSK_ID
from covey.mls.schedule.secret_tree import SecretTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.create_commit import Path
    from covey.mls.group.epoch import Epoch, PastEpoch
    from covey.mls.group.group import Group
    from covey.mls.group.pending import PendingCommit
    from covey.mls.group.state import State


def _removal(stage: Stage) -> PendingCommit:
    """An ordinary commit of Mallory: Dave is removed."""
    return stage.mallory.commit(remove=[stage.dave.own_index])


def _removing(stage: Stage, begin: Callable[[], Any]) -> bytes:
    """The same, made by an engine that is different."""
    return committed(stage.mallory, under=begin, remove=[stage.dave.own_index]).message


# --- what authenticates it (§12.4.2) ----------------------------------------------------


def _of_the_epoch_before(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda group_id, epoch, *rest: original(group_id, epoch - 1, *rest)


@breaks(
    "VAL-150",
    instead=together(without("VAL-150"), altering(("group.receiving:require_epoch", always(None)))),
)
def a_commit_of_the_epoch_before(stage: Stage) -> Trial:
    """Mallory's commit says that it is of the last epoch; all else is of the current one."""
    begin = altering(("framing.authenticate:commit_content", _of_the_epoch_before))
    return Trial(stage.victim(), _removing(stage, begin), _removal(stage).message)


@breaks(
    "VAL-151",
    instead=altering(("framing.public:verify_membership", always(value=True))),
    named="VAL-099",
)
def a_commit_tagged_with_the_key_before(stage: Stage) -> Trial:
    """The membership tag of Mallory's commit is made with the key of the last epoch."""
    before = forge.epoch_of(stage.mallory).secrets.membership_key
    stage.commit(stage.carol)

    def with_the_key_before(original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda suite, _, *rest: original(suite, before, *rest)

    begin = altering(("framing.public:protect", with_the_key_before))
    return Trial(stage.victim(), _removing(stage, begin), _removal(stage).message)


def _with_the_keys_before(group: Group) -> Callable[[Any], Any]:
    """A change of ``seal.sign`` or ``seal.protect``: as if it were the epoch before."""
    past = group._state.past[0]  # noqa: SLF001 - an adversary has all of it
    public = {"context": past.context, "encoded": past.encoded, "tree": past.tree}

    def change(original: Callable[..., Any]) -> Callable[..., Any]:
        def seal(epoch: Epoch, *rest: Any) -> object:  # noqa: ANN401 - as the engine has them
            secret = past.sender_data_secret
            before = msgspec.structs.replace(
                epoch,
                public=msgspec.structs.replace(epoch.public, **public),
                secrets=msgspec.structs.replace(epoch.secrets, sender_data_secret=secret),
            )
            trees = [past.secret_tree if isinstance(each, SecretTree) else each for each in rest]
            return original(before, *trees)

        return seal

    return change


@breaks("VAL-150", instead=altering(("group.receiving:require_epoch", always(None))))
def a_private_commit_of_the_epoch_before(stage: Stage) -> Trial:
    """Mallory commits in a PrivateMessage of the last epoch, whose keys Victor still has."""
    change = _with_the_keys_before(stage.mallory)
    begin = altering(
        ("framing.authenticate:commit_content", _of_the_epoch_before),
        ("group.seal:sign", change),
        ("group.seal:protect", change),
    )
    return _private(stage, begin)


def _private(stage: Stage, begin: Callable[[], Any]) -> Trial:
    """A commit in a PrivateMessage, and the same by an ordinary engine."""
    bad = committed(stage.mallory, under=begin, update=True, handshake=forge.PRIVATE)
    good = stage.mallory.commit(update=True, handshake=forge.PRIVATE)
    return Trial(stage.victim(), bad.message, good.message)


def _keys_before(original: Callable[..., PastEpoch]) -> Callable[..., PastEpoch]:
    def keys_of(epoch: int, state: State) -> PastEpoch:
        before = state.past[0]
        return msgspec.structs.replace(
            original(epoch, state),
            sender_data_secret=before.sender_data_secret,
            secret_tree=before.secret_tree,
        )

    return keys_of


@breaks(
    "VAL-151",
    instead=altering(("group.receiving:_keys_of", _keys_before)),
    named="VAL-109",
)
def a_commit_encrypted_with_the_keys_before(stage: Stage) -> Trial:
    """Mallory encrypts her commit with keys of the last epoch."""
    begin = altering(("group.seal:protect", _with_the_keys_before(stage.mallory)))
    return _private(stage, begin)


_NO_SIGNATURE = altering(("framing.authenticate:sign", always(bytes(64))))
_ANY_SIGNATURE = altering(("group.receiving:verify_signature", always(None)))


@breaks("VAL-152", instead=_ANY_SIGNATURE, named="VAL-089")
def a_commit_that_is_not_signed(stage: Stage) -> Trial:
    """Mallory's commit has zeros for a signature, and the transcript and the tags agree."""
    return Trial(stage.victim(), _removing(stage, _NO_SIGNATURE), _removal(stage).message)


@breaks("VAL-152", instead=_ANY_SIGNATURE, named="VAL-089")
def an_observer_sees_a_commit_that_is_not_signed(stage: Stage) -> Trial:
    """The same before somebody who knows no tag key, and has nothing but the signature."""
    return Trial(stage.observer(), _removing(stage, _NO_SIGNATURE), _removal(stage).message)


@breaks("VAL-152", instead=_ANY_SIGNATURE, named="VAL-089")
def a_private_commit_that_is_not_signed(stage: Stage) -> Trial:
    """Mallory encrypts a commit that has zeros for a signature."""
    return _private(stage, _NO_SIGNATURE)


# --- its proposals and its path (§12.4) -------------------------------------------------

_ANY_LIST = altering(("group.staging:_rules_for", always(())))


@breaks("VAL-153", instead=_ANY_LIST, named="VAL-139")
def a_commit_of_an_invalid_list(stage: Stage) -> Trial:
    """Mallory's engine checks no list of proposals, and commits the same PSK twice."""
    stage.share_psk()
    psk = stage.mallory.psk_id(PSK_ID)
    bad = committed(stage.mallory, under=_ANY_LIST, psks=[psk, psk])
    return Trial(stage.victim(), bad.message, stage.mallory.commit(psks=[psk]).message)


_MADE_UP = altering(("group.psks:_find", always(b"made up")))


@breaks("VAL-154", instead=_MADE_UP)
def a_psk_that_nobody_has(stage: Stage) -> Trial:
    """Mallory's engine makes up a PSK that it does not have; so would a careless receiver."""
    stage.share_psk()
    bad = committed(stage.mallory, under=_MADE_UP, psks=[b"unknown"])
    return Trial(stage.victim(), bad.message, stage.mallory.commit(psks=[PSK_ID]).message)


@breaks("VAL-154", instead=_MADE_UP, named="VAL-201")
def a_psk_of_an_epoch_before_victor_joined(stage: Stage) -> Trial:
    """Mallory commits the resumption PSK of an epoch in which Victor was no member yet."""
    earlier, last = (stage.mallory.resumption_psk_id(epoch) for epoch in (1, 2))
    bad = committed(stage.mallory, under=_MADE_UP, psks=[earlier])
    return Trial(stage.victim(), bad.message, stage.mallory.commit(psks=[last]).message)


def _pathless(stage: Stage, **options: Any) -> Trial:  # noqa: ANN401 - Group.commit's
    """A commit without the path that it needs, and with it."""
    begin = altering(("group.create_commit:_wants_path", always(value=False)))
    bad = committed(stage.mallory, "VAL-155", under=begin, **options)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(**options).message)


@breaks("VAL-155")
def an_empty_commit_without_a_path(stage: Stage) -> Trial:
    """Mallory commits nothing, and no path either."""
    return _pathless(stage)


@breaks("VAL-155")
def a_removal_without_a_path(stage: Stage) -> Trial:
    """Mallory removes Dave without a path, so that Dave could follow."""
    return _pathless(stage, remove=[stage.dave.own_index])


@breaks("VAL-155")
def an_observer_sees_a_removal_without_a_path(stage: Stage) -> Trial:
    """The same before somebody who has no secrets, and no tag to find it out by."""
    trial = _pathless(stage, remove=[stage.dave.own_index])
    return trial._replace(victim=stage.observer())


@breaks("VAL-155")
def an_update_without_a_path(stage: Stage) -> Trial:
    """Mallory commits Dave's Update without a path."""
    stage.send(stage.dave.propose_update())
    return _pathless(stage)


@breaks("VAL-155")
def extensions_without_a_path(stage: Stage) -> Trial:
    """Mallory replaces the GroupContext extensions without a path."""
    return _pathless(stage, extensions=[])


# --- the epoch that it opens (§8, §8.2, §8.4) -------------------------------------------


def _empty_commit_secret(original: Callable[..., Path]) -> Callable[..., Path]:
    return lambda *given: original(*given)._replace(commit_secret=b"")


_EMPTY = altering(("group.create_commit:without_path", _empty_commit_secret))


@breaks("VAL-156", instead=_EMPTY, named="VAL-157")
def an_empty_commit_secret(stage: Stage) -> Trial:
    """Without a path Mallory computes with no bytes in place of Nh zero bytes."""
    stage.share_psk()
    bad = committed(stage.mallory, under=_EMPTY, psks=[PSK_ID], path=False)
    good = stage.mallory.commit(psks=[PSK_ID], path=False)
    return Trial(stage.victim(), bad.message, good.message)


def _tagged(stage: Stage, change: Callable[[bytes], bytes]) -> Trial:
    """A commit whose confirmation tag is changed, and covered by a fitting membership tag."""

    def changed(original: Callable[..., bytes]) -> Callable[..., bytes]:
        return lambda *given: change(original(*given))

    begin = altering(("schedule.transcript:confirmation_tag", changed))
    return Trial(stage.victim(), _removing(stage, begin), _removal(stage).message)


_ANY_TAG = altering(("group.process_commit:same_tag", always(value=True)))


@breaks("VAL-157", instead=_ANY_TAG)
def a_confirmation_tag_of_zeros(stage: Stage) -> Trial:
    """Mallory's commit has zeros for a confirmation tag."""
    return _tagged(stage, lambda tag: bytes(len(tag)))


@breaks("VAL-157", instead=_ANY_TAG)
def a_confirmation_tag_cut_short(stage: Stage) -> Trial:
    """The confirmation tag lacks its last byte; what is left is right."""
    return _tagged(stage, lambda tag: tag[:-1])


@breaks("VAL-157", instead=_ANY_TAG)
def a_confirmation_tag_of_no_bytes(stage: Stage) -> Trial:
    """The confirmation tag is empty."""
    return _tagged(stage, lambda _: b"")


def _without_signature(original: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda *given: original(*given[:-1], b"")


def _always_private(original: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda suite, before, _, *rest: original(suite, before, forge.PRIVATE, *rest)


def _interim_without_tag(original: Callable[..., Any]) -> Callable[..., Any]:
    def advance(state: Any, *rest: Any) -> object:  # noqa: ANN401 - as the engine has them
        interim = state.suite.hash(state.context.confirmed_transcript_hash)
        return original(msgspec.structs.replace(state, interim=interim), *rest)

    return advance


_UNSIGNED_TRANSCRIPT = altering(("schedule.transcript:confirmed", _without_signature))
_PRIVATE_TRANSCRIPT = altering(("schedule.transcript:confirmed", _always_private))
_UNTAGGED_TRANSCRIPT = altering(("group.create_commit:advance", _interim_without_tag))


@breaks("VAL-158", instead=_UNSIGNED_TRANSCRIPT, named="VAL-157")
def a_transcript_without_the_signature(stage: Stage) -> Trial:
    """Mallory leaves the signature of the commit out of the confirmed transcript hash."""
    bad = _removing(stage, _UNSIGNED_TRANSCRIPT)
    return Trial(stage.victim(), bad, _removal(stage).message)


@breaks("VAL-158", instead=_PRIVATE_TRANSCRIPT, named="VAL-157")
def a_transcript_of_another_wire_format(stage: Stage) -> Trial:
    """Mallory hashes a PublicMessage as if it had been a PrivateMessage."""
    bad = _removing(stage, _PRIVATE_TRANSCRIPT)
    return Trial(stage.victim(), bad, _removal(stage).message)


@breaks("VAL-158", instead=_UNTAGGED_TRANSCRIPT, named="VAL-157")
def a_transcript_without_the_last_tag(stage: Stage) -> Trial:
    """Mallory leaves the last confirmation tag out of the interim transcript hash."""
    bad = _removing(stage, _UNTAGGED_TRANSCRIPT)
    return Trial(stage.victim(), bad, _removal(stage).message)


def _reversed(original: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda suite, ids, *rest: original(suite, ids[::-1], *rest)


_BACKWARDS = altering(("group.psks:combine", _reversed))


@breaks("VAL-159", instead=_BACKWARDS, named="VAL-157")
def psks_in_another_order(stage: Stage) -> Trial:
    """Mallory combines two PSKs in the reverse order of their proposals."""
    stage.share_psk()
    bad = committed(stage.mallory, under=_BACKWARDS, psks=[PSK_ID, PSK_ID])
    good = stage.mallory.commit(psks=[PSK_ID, PSK_ID])
    return Trial(stage.victim(), bad.message, good.message)
