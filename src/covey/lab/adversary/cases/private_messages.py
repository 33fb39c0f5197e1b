"""RFC 9420 §6.3, §12.4: how messages are encrypted, and who sends them when.

May import the forge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.outside import from_server, list_server, signature
from covey.lab.adversary.forge.signed import PRIVATE
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always, together, without
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.scenes import PSK_ID
from covey.mls.framing import authenticate, private
from covey.mls.framing.private import open_sender_data
from covey.mls.group.events import OwnMessage
from covey.mls.group.padding import no_padding
from covey.mls.group.seal import own_sender
from covey.mls.schedule.secret_tree import APPLICATION, HANDSHAKE
from covey.mls.structs.framing import (
    FramedContentAuthData,
    PrivateContentAAD,
    PrivateMessage,
    PrivateMessageContent,
    Sender,
)
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import ProposalFrame, Remove
from covey.mls.wire.code_points import ContentType, ProtocolVersion, SenderType

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.group import Group
    from covey.mls.structs.framing import FramedContent

_LIMIT = 1 << 30
"""The least length that a vector cannot have, in bytes."""

_LEAST_AEAD_LIMIT = (1 << 36) - 31
"""Bytes of plaintext that AES-GCM takes (RFC 5116 §5.1); of the other AEAD, more."""


def _in_the_name_of(group: Group, leaf: int, content: FramedContent, generation: int = 0) -> bytes:
    """A PrivateMessage that a member encrypts with the ratchet of another leaf."""
    epoch, secret_tree = forge.epoch_of(group), group._state.secret_tree  # noqa: SLF001
    suite, kind = epoch.public.suite, private.ratchet_of(content.content_type)
    step = secret_tree.peek(leaf, kind, generation)
    auth = FramedContentAuthData(signature(group, epoch.signer, content, PRIVATE))
    sealed = private.protect(
        suite, epoch.secrets.sender_data_secret, step, content, auth, no_padding, bytes(4)
    )
    return MLSMessage(ProtocolVersion.mls10, sealed).encode()


# --- who has sent it --------------------------------------------------------------------


def _from_server(original: Callable[..., FramedContent]) -> Callable[..., FramedContent]:
    """Whoever has encrypted a message, an external sender is taken to have sent it."""
    external = Sender(SenderType.external, sender_index=0)
    return lambda group_id, epoch, _, *rest: original(group_id, epoch, external, *rest)


@breaks(
    "VAL-103",
    instead=altering(("framing.authenticate:received_content", _from_server)),
    named="VAL-089",
)
def a_member_encrypts_what_a_server_has_signed(stage: Stage) -> Trial:
    """A listed server signs a proposal for a PrivateMessage, and a member encrypts it.

    The wire format is what is wrong: what is good is the same in a PublicMessage.
    """
    signer, proposal = list_server(stage).signer, Remove(stage.dave.own_index)
    by_server = from_server(stage.mallory, proposal)
    by_member = forge.proposal_content(stage.mallory, proposal)
    signed = signature(stage.mallory, signer, by_server, PRIVATE)
    bad = forge.private_message(stage.mallory, by_member, signature=signed)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, by_server, signer=signer))


@breaks("VAL-089", instead=altering(("group.receiving:verify_signature", always(None))))
def a_member_encrypts_in_the_name_of_another(stage: Stage) -> Trial:
    """A member, who can derive all keys of the secret tree, uses those of Carol."""
    carol = stage.carol.own_index
    content = forge.said(stage.carol, b"I never said that")
    bad = _in_the_name_of(stage.mallory, carol, content)
    return Trial(stage.victim(), bad, stage.carol.protect(b"I said that"))


_NOBODY_IS_SOMEBODY = together(
    without("VAL-096"),
    altering(
        ("group.receiving:_require_member", always(None)),
        ("group.receiving:verify_signature", always(None)),
    ),
)


@breaks("VAL-110", instead=_NOBODY_IS_SOMEBODY)
def a_blank_leaf_speaks(stage: Stage) -> Trial:
    """A member encrypts with the ratchet of a leaf that was removed, as if it were there."""
    index = stage.dave.own_index
    stage.commit(stage.alice, remove=[index])
    gone, proposal = Sender(SenderType.member, leaf_index=index), Remove(stage.carol.own_index)
    content = forge.proposal_content(stage.mallory, proposal, sender=gone)
    bad = _in_the_name_of(stage.mallory, index, content)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal, PRIVATE))


_NEVER_OWN = altering(("group.receiving:_is_own", always(value=False)))


@breaks("VAL-111", instead=_NEVER_OWN, named="VAL-164", portable=False)
def our_own_commit_that_we_do_not_remember(stage: Stage) -> Trial:
    """Victor receives a PrivateMessage with a commit of his own, of which he knows nothing.

    His state is older than that; the key, the second of his ratchet, he has not used yet.
    """
    stage.share_psk()
    restored = stage.victim().copy().group
    _, second = (
        forge.committed(restored, psks=[PSK_ID], path=False, handshake=PRIVATE) for _ in range(2)
    )
    pending = stage.victor.commit(psks=[PSK_ID], path=False, handshake=PRIVATE)
    return Trial(stage.victim(), second.message, pending.message)


@shows("VAL-111", instead=_NEVER_OWN, named="VAL-213")
def what_one_has_sent_comes_back(stage: Stage) -> None:
    """A member knows its own messages, and does not try to decrypt them."""
    victor = stage.victor
    _are_known(victor, [victor.protect(b"hello"), victor.propose(Remove(stage.dave.own_index))])


@shows("VAL-111", instead=_NEVER_OWN, named="VAL-089")
def somebody_uses_a_ratchet_that_is_not_its_own(stage: Stage) -> None:
    """A message that was encrypted with a member's own ratchet costs that member no key."""
    victor = stage.victor
    own = Sender(SenderType.member, leaf_index=victor.own_index)
    content = forge.said(stage.mallory).replace(sender=own)
    _are_known(victor, [_in_the_name_of(stage.mallory, victor.own_index, content)])
    event = stage.alice.receive(victor.protect(b"hello"))
    ensure(getattr(event, "generation", None) == 0, "the first key is still there")


def _are_known(group: Group, messages: list[bytes]) -> None:
    before = group.snapshot()
    for message in messages:
        ensure(isinstance(group.receive(message), OwnMessage), "it is known as our own")
    ensure(group.snapshot() == before, "nothing changes by it")


# --- how it is encrypted ----------------------------------------------------------------

_CONTENT_AAD = "framing.private:_content_aad"
_NO_AAD = altering((_CONTENT_AAD, always(b"")))
_SHORTER_AAD = altering((_CONTENT_AAD, lambda aad: lambda *given: aad(*given[:-1], b"")))


@breaks("VAL-104", instead=_NO_AAD)
def a_content_without_its_circumstances(stage: Stage) -> Trial:
    """A member encrypts without any additional authenticated data."""
    with _NO_AAD():
        bad = stage.mallory.protect(b"hello")
    return Trial(stage.victim(), bad, stage.mallory.protect(b"hello"))


@breaks("VAL-104", instead=_SHORTER_AAD)
def authenticated_data_that_is_not_authenticated(stage: Stage) -> Trial:
    """A member encrypts without the authenticated_data that it sends beside the content."""
    with _SHORTER_AAD():
        bad = stage.mallory.protect(b"hello", b"beside")
    return Trial(stage.victim(), bad, stage.mallory.protect(b"hello", b"beside"))


@breaks("VAL-105", instead=altering(("framing.private:_is_zero", always(value=True))))
def padding_that_says_something(stage: Stage) -> Trial:
    """A member hides a byte in the padding."""
    content = forge.said(stage.mallory)
    bad = forge.private_message(stage.mallory, content, padding=bytes(7) + b"\x01")
    good = forge.private_message(stage.mallory, content, padding=bytes(8))
    return Trial(stage.victim(), bad, good)


@breaks("VAL-105", instead=altering(("framing.private:_is_zero", always(value=True))))
def padding_of_a_proposal_that_says_something(stage: Stage) -> Trial:
    """A member hides a byte in the padding of a proposal, before many zeros."""
    content = forge.proposal_content(stage.mallory, Remove(stage.dave.own_index))
    bad = forge.private_message(stage.mallory, content, padding=b"\x01" + bytes(255))
    good = forge.private_message(stage.mallory, content, padding=bytes(256))
    return Trial(stage.victim(), bad, good)


_RATCHET_OF = "framing.private:ratchet_of"
_HANDSHAKE_ONLY = altering((_RATCHET_OF, always(HANDSHAKE)))
_APPLICATION_ONLY = altering((_RATCHET_OF, always(APPLICATION)))


@breaks("VAL-106", instead=_HANDSHAKE_ONLY, named="VAL-104")
def application_data_by_the_handshake_ratchet(stage: Stage) -> Trial:
    """A member encrypts application data with a key of its handshake ratchet."""
    with _HANDSHAKE_ONLY():
        bad = stage.mallory.protect(b"hello")
    return Trial(stage.victim(), bad, stage.mallory.protect(b"hello"))


@breaks("VAL-106", instead=_APPLICATION_ONLY, named="VAL-104")
def a_commit_by_the_application_ratchet(stage: Stage) -> Trial:
    """A member encrypts a commit with a key of its application ratchet."""
    bad = forge.committed(stage.mallory, under=_APPLICATION_ONLY, handshake=PRIVATE)
    return Trial(stage.victim(), bad.message, stage.mallory.commit(handshake=PRIVATE).message)


def _as_a_proposal(original: type[PrivateMessageContent]) -> type[PrivateMessageContent]:
    class Content(original):  # type: ignore[misc, valid-type]
        @classmethod
        def decode_prefix(cls, data: bytes, *_: int) -> tuple[PrivateMessageContent, int]:
            return original.decode_prefix(data, ContentType.proposal)

    return Content


@breaks(
    "VAL-106",
    instead=altering(("framing.private:PrivateMessageContent", _as_a_proposal)),
    named="VAL-105",
)
def a_proposal_that_is_called_application_data(stage: Stage) -> Trial:
    """The message says that it is application data, and a proposal is encrypted in it."""
    proposal = Remove(stage.dave.own_index)
    empty = forge.said(stage.mallory, b"")
    called = empty.replace(raw=empty.raw[:-1] + ProposalFrame(proposal).encode())
    bad = forge.private_message(stage.mallory, called)
    return Trial(stage.victim(), bad, forge.proposed(stage.mallory, proposal, PRIVATE))


_NO_GUARD = altering(("framing.private:_guarded", lambda _: lambda nonce, __: nonce))


@breaks("VAL-107", instead=_NO_GUARD, named="VAL-104")
def a_reuse_guard_that_does_not_guard(stage: Stage) -> Trial:
    """A member sends a reuse guard, and encrypts with the nonce as it is."""
    with _NO_GUARD():
        bad = stage.mallory.protect(b"hello")
    return Trial(stage.victim(), bad, stage.mallory.protect(b"hello"))


def _same_guard(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: original(*given[:-1], bytes(4))


@shows("VAL-107", instead=altering(("framing.private:protect", _same_guard)))
def reuse_guards_are_fresh(stage: Stage) -> None:
    """Two messages have two reuse guards."""
    guards = {_guard(stage, stage.mallory.protect(b"hello")) for _ in range(8)}
    ensure(len(guards) > 1, "the reuse guard is not always the same")


def _guard(stage: Stage, message: bytes) -> bytes:
    inner = MLSMessage.decode(message).message
    assert isinstance(inner, PrivateMessage)
    secret = forge.epoch_of(stage.victor).secrets.sender_data_secret
    return open_sender_data(stage.suite, secret, inner).reuse_guard


class _Huge(bytes):
    """Bytes that say that they are as many as no vector holds."""

    __slots__ = ()

    def __len__(self) -> int:
        return _LIMIT


@shows("VAL-108", instead=altering(("wire.varint:MAX_LENGTH", lambda _: (1 << 36) - 1)))
def more_than_an_aead_takes(stage: Stage) -> None:
    """What is encrypted and what is authenticated with it are vectors, below any limit."""
    ensure(_LIMIT < _LEAST_AEAD_LIMIT, "the limit of vectors is the lower one")
    sender, kind = own_sender(forge.epoch_of(stage.victor)), ContentType.application
    for encode in (
        lambda: authenticate.application_content(b"", 0, sender, b"", _Huge()),
        lambda: PrivateContentAAD(b"", 0, kind, _Huge()).encode(),
        lambda: PrivateMessage(b"", 0, kind, b"", b"", _Huge()).encode(),
    ):
        try:
            encode()
        except ValueError:
            continue
        ensure(kept=False, what="what is longer has no encoding")


_SHORT_SAMPLE = altering(
    (
        "schedule.secret_tree:sender_data",
        lambda original: lambda suite, secret, text: original(suite, secret, text[:16]),
    )
)
_NO_SENDER_AAD = altering(("framing.private:_sender_aad", always(b"")))


@breaks("VAL-109", instead=_SHORT_SAMPLE)
def a_sample_of_sixteen_bytes(stage: Stage) -> Trial:
    """The sender data is encrypted by a sample of 16 bytes in place of Nh."""
    with _SHORT_SAMPLE():
        bad = stage.mallory.protect(b"hello")
    return Trial(stage.victim(), bad, stage.mallory.protect(b"hello"))


@breaks("VAL-109", instead=_NO_SENDER_AAD)
def sender_data_without_its_circumstances(stage: Stage) -> Trial:
    """The sender data is encrypted without group_id, epoch and content type beside it."""
    with _NO_SENDER_AAD():
        bad = stage.mallory.protect(b"hello")
    return Trial(stage.victim(), bad, stage.mallory.protect(b"hello"))


# --- when -------------------------------------------------------------------------------


def _speak(group: Group, commit_first: object) -> bytes:
    if commit_first:
        group.accept(group.commit())
    return group.protect(b"hello")


@breaks(
    "VAL-112",
    instead=altering(("group.sending:Sending._require_all_committed", always(None))),
)
def an_application_speaks_before_a_commit(stage: Stage) -> Trial:
    """A proposal waits to be committed, and the application sends data all the same."""
    stage.send(stage.mallory.propose(Remove(stage.dave.own_index)))
    return Trial(stage.sender(_speak), bad=False, good=True)
