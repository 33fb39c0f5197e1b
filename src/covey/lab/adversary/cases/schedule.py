"""RFC 9420 §8, §9, §15: secrets, and the keys of every message. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from covey.errors import AuthenticationError
from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.copies import having_received
from covey.lab.adversary.forge.signed import PRIVATE
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.proof import refused
from covey.lab.adversary.taking_out import altered, altering, always
from covey.lab.adversary.victims import MemberVictim, Trial
from covey.mls.framing.private import open_sender_data
from covey.mls.group.events import MessageReceived
from covey.mls.schedule import rows
from covey.mls.schedule.secret_tree import APPLICATION
from covey.mls.structs.framing import PrivateMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Remove
from covey.mls.structs.schedule import GroupContext
from covey.mls.wire.code_points import ContentType

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.epoch import Epoch
    from covey.mls.group.group import Group
    from covey.mls.schedule.secret_tree import RatchetKind, SecretTree, Step

_RATCHETS = "schedule.secret_tree:SecretTree"
_BEYOND = 1 << 32
"""One more than the last generation of a ratchet."""


def _tree_of(group: Group) -> SecretTree:
    return group._state.secret_tree  # noqa: SLF001 - an adversary has all of it


# --- each key once ----------------------------------------------------------------------

_NOTHING_IS_USED_UP = altering((f"{_RATCHETS}.apply", always(None)))


@shows("VAL-210", instead=_NOTHING_IS_USED_UP)
def no_key_encrypts_two_messages(stage: Stage) -> None:
    """Every message has its own generation, after a discarded commit and a restart too."""
    mallory, sent = stage.mallory, []
    for _ in range(2):
        pending = mallory.commit(handshake=PRIVATE)
        mallory.discard(pending)
        sent += [pending.message, mallory.protect(b"hello")]
    restarted = MemberVictim(mallory).copy().group
    sent.append(restarted.protect(b"hello"))
    sent.append(restarted.propose(Remove(stage.dave.own_index), handshake=PRIVATE))
    used = [_generation(mallory, message) for message in sent]
    ensure(len(set(used)) == len(used), "no generation is used twice")


def _generation(group: Group, message: bytes) -> tuple[bool, int]:
    """The ratchet and the generation that a message is encrypted with."""
    inner = MLSMessage.decode(message).message
    assert isinstance(inner, PrivateMessage)
    secret = forge.epoch_of(group).secrets.sender_data_secret
    opened = open_sender_data(group.suite, secret, inner)
    return inner.content_type is ContentType.application, opened.generation


def _starts_again(original: Callable[..., Step]) -> Callable[..., Step]:
    def peek_next(self: SecretTree, leaf: int, kind: RatchetKind) -> Step:
        generation, secret = self._heads[kind][leaf]
        if generation == _BEYOND:
            self._set_head(kind, leaf, 0, secret)
        return original(self, leaf, kind)

    return peek_next


def _speak(group: Group, commit_first: object) -> bytes:
    if commit_first:
        group.accept(group.commit())
    return group.protect(b"hello")


@breaks("VAL-218", instead=altering((f"{_RATCHETS}.peek_next", _starts_again)))
def more_messages_than_there_are_keys(stage: Stage) -> Trial:
    """A member has sent all messages that it can in an epoch, and wants to send one more."""
    index, secret_tree = stage.victor.own_index, _tree_of(stage.victor)
    step = secret_tree.peek_next(index, APPLICATION)
    secret_tree.apply(step)
    assert step.ratchet_secret is not None
    secret_tree._set_head(APPLICATION, index, _BEYOND, step.ratchet_secret)  # noqa: SLF001 - years later
    return Trial(stage.sender(_speak), bad=False, good=True)


def _same_key(original: Callable[..., tuple[bytes, bytes]]) -> Callable[..., Any]:
    return lambda self, secret, _: original(self, bytes(len(secret)), 0)


@shows("VAL-218", instead=altering((f"{_RATCHETS}._key_and_nonce", _same_key)))
def every_message_has_its_own_key(stage: Stage) -> None:
    """An AEAD key encrypts one message, which no limit of an AEAD forbids."""
    secret_tree, keys = _tree_of(stage.mallory), set()
    for _ in range(4):
        step = secret_tree.peek_next(stage.mallory.own_index, APPLICATION)
        secret_tree.apply(step)
        keys.add(step.key)
    ensure(len(keys) == 4, "there are as many keys as messages")


# --- what is used up is gone ------------------------------------------------------------


@shows("VAL-211", instead=_NOTHING_IS_USED_UP)
def message_keys_are_deleted(stage: Stage) -> None:
    """A message's key and what it was derived from are gone, for sender and receiver."""
    used = _tree_of(stage.victor).peek(stage.mallory.own_index, APPLICATION, 0)
    assert used.descent is not None
    assert used.ratchet_secret is not None
    node = rows.encode_key((rows.NODE, used.descent.consumed, 0, 0))
    secrets = [used.key, used.ratchet_secret, _tree_of(stage.victor).all_rows()[node]]
    stage.victor.receive(stage.mallory.protect(b"hello"))
    for group in (stage.mallory, stage.victor):
        kept = group.snapshot()
        ensure(not any(secret in kept for secret in secrets), "nothing of it is kept")


def _keep_all(original: Callable[..., tuple[Epoch, SecretTree]]) -> Callable[..., Any]:
    def begin(public: object, secrets: object, *rest: object) -> tuple[Epoch, SecretTree]:
        epoch, secret_tree = original(public, secrets, *rest)
        return msgspec.structs.replace(epoch, secrets=secrets), secret_tree

    return begin


@shows("VAL-211", instead=altering(("group.epoch:begin", _keep_all)))
def secrets_between_epochs_are_deleted(stage: Stage) -> None:
    """What a new epoch was derived from is gone for everybody."""
    seen: list[bytes] = []

    def note(original: Callable[..., bytes]) -> Callable[..., bytes]:
        def joiner_secret(suite: Suite, *inputs: bytes) -> bytes:
            made = original(suite, *inputs)
            seen.extend((*inputs[:2], made))
            return made

        return joiner_secret

    with altered("schedule.key_schedule:joiner_secret", note):
        stage.commit(stage.alice, path=True)
    ensure(seen, "an epoch has begun")
    for group in stage.all:
        kept, secrets = group.snapshot(), forge.epoch_of(group).secrets
        ensure(not any(secret in kept for secret in seen), "init, commit and joiner secret")
        ensure(secrets.encryption_secret == b"", "the root of the secret tree")
        ensure(secrets.confirmation_key == b"", "the confirmation key")


# --- what is received -------------------------------------------------------------------


@breaks(
    "VAL-212",
    instead=altering((f"{_RATCHETS}._refuse_distance", always(None))),
    portable=False,
)
def a_generation_that_is_far_ahead(stage: Stage) -> Trial:
    """A member lets its ratchet run further than others are willing to follow it."""
    mallory, secret_tree = stage.mallory, _tree_of(stage.mallory)
    last = _tree_of(stage.victor).max_forward
    secret_tree.apply(secret_tree.peek(mallory.own_index, APPLICATION, last - 1))
    good, bad = mallory.protect(b"as far as can be"), mallory.protect(b"too far")
    return Trial(stage.victim(), bad, good)


def _any_number(original: Callable[..., None]) -> Callable[..., None]:
    def init(self: SecretTree, *given: Any, **options: Any) -> None:  # noqa: ANN401
        original(self, *given, **{**options, "max_skipped": 1 << 16})

    return init


@shows("VAL-212", instead=altering((f"{_RATCHETS}.__init__", _any_number)))
def skipped_keys_are_not_kept_without_bound(stage: Stage) -> None:
    """Of the keys of messages that were skipped, only so many are kept."""
    stage.commit(stage.alice)
    bound = stage.victor.ports.policy.max_skipped
    letters = [stage.mallory.protect(b"letter") for _ in range(bound + 2)]
    stage.victor.receive(letters[-1])
    refused(stage.victim(), letters[0])
    ensure(isinstance(stage.victor.receive(letters[1]), MessageReceived), "the oldest that is kept")


@breaks("VAL-213", instead=_NOTHING_IS_USED_UP)
def a_proposal_that_comes_again(stage: Stage) -> Trial:
    """A proposal in a PrivateMessage is delivered twice; its key was used the first time."""
    once, other = (
        forge.proposed(stage.mallory, Remove(group.own_index), PRIVATE)
        for group in (stage.dave, stage.carol)
    )
    for group in stage.groups:
        group.receive(once)
    stage.waiting.append(once)
    return Trial(having_received(stage.victor, once, _NOTHING_IS_USED_UP), once, other)


@breaks("VAL-213", instead=_NOTHING_IS_USED_UP, portable=False)
def a_letter_that_comes_again(stage: Stage) -> Trial:
    """Data in a PrivateMessage is delivered twice; its key was used the first time."""
    once, other = stage.mallory.protect(b"hello"), stage.mallory.protect(b"hello again")
    return Trial(having_received(stage.victor, once, _NOTHING_IS_USED_UP), once, other)


@shows("VAL-213", instead=_NOTHING_IS_USED_UP)
def a_replay(stage: Stage) -> None:
    """Somebody sends again what a member has sent, data or a proposal."""
    sent = [
        stage.mallory.protect(b"hello"),
        stage.mallory.protect(b"again"),
        forge.proposed(stage.mallory, Remove(stage.dave.own_index), PRIVATE),
    ]
    for message in (sent[1], sent[0], sent[2]):
        stage.victor.receive(message)
    for message in sent:
        error = refused(stage.victim(), message)
        ensure((error.rule, error.section) == ("VAL-213", "15.3"), "its key is used already")


def _at_once(original: Callable[..., Step]) -> Callable[..., Step]:
    def peek(self: SecretTree, *given: Any) -> Step:  # noqa: ANN401
        step = original(self, *given)
        self.apply(step)
        return step

    return peek


@shows("VAL-214", instead=altering((f"{_RATCHETS}.peek", _at_once)))
def a_message_that_was_damaged(stage: Stage) -> None:
    """A message comes damaged first, then whole; what was damaged has cost no key."""
    message = stage.mallory.protect(b"hello")
    damaged = message[:-1] + bytes([message[-1] ^ 1])
    error = refused(MemberVictim(stage.victor), damaged)
    ensure(isinstance(error, AuthenticationError), "the AEAD notices")
    ensure(isinstance(stage.victor.receive(message), MessageReceived), "the message is read")


# --- how secrets are derived ------------------------------------------------------------


def _of_the_old_epoch(original: Callable[..., Any]) -> Callable[..., Any]:
    def derive(*given: Any) -> Any:  # noqa: ANN401 - a secret, or all of them
        context = GroupContext.decode(given[-1])
        return original(*given[:-1], context.replace(epoch=context.epoch - 1).encode())

    return derive


_OLD_JOINER = altering(("schedule.key_schedule:joiner_secret", _of_the_old_epoch))
_OLD_EPOCH = altering(("schedule.key_schedule:epoch_secrets", _of_the_old_epoch))


@breaks("VAL-215", instead=_OLD_JOINER, named="VAL-157")
def a_joiner_secret_of_the_old_epoch(stage: Stage) -> Trial:
    """A committer derives the joiner_secret with the number of the old epoch."""
    bad = forge.committed(stage.mallory, under=_OLD_JOINER)
    return Trial(stage.victim(), bad.message, stage.mallory.commit().message)


@breaks("VAL-215", instead=_OLD_EPOCH, named="VAL-157")
def an_epoch_secret_of_the_old_epoch(stage: Stage) -> Trial:
    """A committer derives the epoch_secret with the number of the old epoch."""
    bad = forge.committed(stage.mallory, under=_OLD_EPOCH)
    return Trial(stage.victim(), bad.message, stage.mallory.commit().message)


@breaks("VAL-215", instead=_OLD_EPOCH, named="VAL-195")
def a_welcome_into_the_old_epoch(stage: Stage) -> Trial:
    """Who is welcomed derives another epoch_secret than the committer has."""
    client, package = stage.newcomer()
    bad = forge.committed(stage.mallory, under=_OLD_EPOCH, add=[package.message])
    good = stage.mallory.commit(add=[package.message])
    return Trial(stage.joiner(client, package), bad.welcome, good.welcome)


def _unhashed(_: object) -> Callable[..., bytes]:
    def export(suite: Suite, secret: bytes, label: str, context: bytes, length: int) -> bytes:
        derived = suite.derive_secret(secret, label)
        return suite.expand_with_label(derived, "exported", context, length)

    return export


@shows("VAL-216", instead=altering(("schedule.exporter:export", _unhashed)))
def what_is_exported(stage: Stage) -> None:
    """All members export the same, computed as the RFC says, and another for another use."""
    suite, length = stage.suite, 3 * stage.suite.Nh + 1
    root = forge.epoch_of(stage.victor).secrets.exporter_secret
    derived = suite.derive_secret(root, "label")
    expected = suite.expand_with_label(derived, "exported", suite.hash(b"context"), length)
    exported = {group.export("label", b"context", length) for group in stage.all}
    ensure(exported == {expected}, "MLS-Exporter")
    uses = (("other", b"context", length), ("label", b"other", length), ("label", b"context", 16))
    for use in uses:
        ensure(not expected.startswith(stage.victor.export(*use)), "another use, another secret")


def _of_each_member(original: property) -> property:
    assert original.fget is not None
    whole: Callable[[Any], bytes] = original.fget
    return property(lambda group: whole(group)[:-1] + bytes([group.own_index]))


@shows("VAL-217", instead=altering(("group.view:GroupView.epoch_authenticator", _of_each_member)))
def what_members_compare(stage: Stage) -> None:
    """All members have the same epoch_authenticator, and another one if they were parted."""
    ensure(len({group.epoch_authenticator for group in stage.all}) == 1, "all agree")
    one, other = stage.alice.commit(path=True), stage.mallory.commit(path=True)
    stage.alice.accept(one)
    stage.victor.receive(other.message)
    ensure(stage.alice.epoch == stage.victor.epoch, "they think that they are in one epoch")
    parted = stage.alice.epoch_authenticator, stage.victor.epoch_authenticator
    ensure(parted[0] != parted[1], "they can see that they are not")
