"""RFC 9420 §6, §6.1, §6.2: how messages are framed, signed and tagged. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args

from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.forge import signed as forge
from covey.lab.adversary.forge.outside import STRANGER, from_server, list_server
from covey.lab.adversary.forge.proposals import Welcoming, agree_on
from covey.lab.adversary.forge.signed import PRIVATE, PUBLIC
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always, recompiled, together, without
from covey.lab.adversary.victims import Trial
from covey.mls.framing import authenticate
from covey.mls.group.events import MessageReceived, member_info
from covey.mls.group.group import Group
from covey.mls.group.receiving import Outcome
from covey.mls.structs.framing import PublicMessage, Sender
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Add, Remove
from covey.mls.wire.code_points import SenderType
from covey.mls.wire.types import Case as Arm

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage
    from covey.mls.group.state import State
    from covey.mls.structs.framing import AuthenticatedContent, FramedContent

_NO_SIGNATURE = altering(("group.receiving:verify_signature", always(None)))
_NO_TAG = altering(("framing.public:verify_membership", always(value=True)))


def _remove_dave(stage: Stage) -> FramedContent:
    return forge.proposal_content(stage.mallory, Remove(stage.dave.own_index))


# --- what a signature covers ------------------------------------------------------------

_WITH_CONTEXT = "framing.authenticate:_WITH_CONTEXT"
_CONTEXT_NEVER = altering((_WITH_CONTEXT, lambda _: frozenset()))
_CONTEXT_ALWAYS = altering((_WITH_CONTEXT, lambda _: frozenset(SenderType)))


@breaks("VAL-090", instead=_CONTEXT_NEVER, named="VAL-099")
def a_member_signs_without_the_context(stage: Stage) -> Trial:
    """A member's PublicMessage is signed and tagged without the GroupContext."""
    content = _remove_dave(stage)
    with _CONTEXT_NEVER():
        bad = forge.public_message(stage.mallory, content)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-090", instead=_CONTEXT_NEVER, named="VAL-089")
def a_member_encrypts_what_is_signed_without_the_context(stage: Stage) -> Trial:
    """A member's PrivateMessage is signed without the GroupContext."""
    with _CONTEXT_NEVER():
        bad = stage.mallory.protect(b"hello")
    return Trial(stage.victim(), bad, stage.mallory.protect(b"hello"))


@breaks("VAL-090", instead=_CONTEXT_NEVER, named="VAL-089")
def an_external_joiner_signs_without_the_context(stage: Stage) -> Trial:
    """An external commit is signed without the GroupContext."""
    info = stage.alice.group_info()
    with _CONTEXT_NEVER():
        bad = Group.join_externally(stage.member(), info, ports=stage.ports())
    good = Group.join_externally(stage.member(), info, ports=stage.ports())
    return Trial(stage.victim(), bad.commit, good.commit)


@breaks("VAL-090", instead=_CONTEXT_ALWAYS, named="VAL-089")
def an_external_sender_signs_the_context(stage: Stage) -> Trial:
    """A listed server signs the GroupContext, which it is not supposed to know."""
    signer = list_server(stage).signer
    content = from_server(stage.mallory, Remove(stage.dave.own_index))
    with _CONTEXT_ALWAYS():
        bad = forge.public_message(stage.mallory, content, signer=signer)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content, signer=signer))


@breaks("VAL-090", instead=_CONTEXT_ALWAYS, named="VAL-089", portable=False)
def a_stranger_signs_the_context(stage: Stage) -> Trial:
    """A stranger asks to be added, as strangers may here, and signs the GroupContext."""
    agree_on(stage, Welcoming)
    client, package = stage.newcomer()
    proposal = Add(package.package)
    content = forge.proposal_content(stage.mallory, proposal, sender=STRANGER)
    with _CONTEXT_ALWAYS():
        bad = forge.public_message(stage.mallory, content, signer=client.signer)
    good = forge.public_message(stage.mallory, content, signer=client.signer)
    return Trial(stage.victim(), bad, good)


@shows("VAL-090", instead=_CONTEXT_ALWAYS)
def who_signs_the_context(stage: Stage) -> None:
    """Members and external joiners sign the GroupContext, and nobody else does."""
    context, proposal = stage.victor.context.encode(), Remove(stage.dave.own_index)
    signed = {}
    for kind in SenderType:
        index = 0 if kind is SenderType.external else None
        leaf = 0 if kind is SenderType.member else None
        sender = Sender(kind, leaf_index=leaf, sender_index=index)
        content = forge.proposal_content(stage.victor, proposal, sender=sender)
        tbs = authenticate.to_be_signed(PUBLIC, content, context)
        signed[kind] = tbs.removeprefix(b"\x00\x01\x00\x01" + content.encode())
    inside = {SenderType.member, SenderType.new_member_commit}
    expected = {kind: context if kind in inside else b"" for kind in SenderType}
    ensure(signed == expected, "FramedContentTBS")


def _as_if(wire_format: int) -> Callable[[], Any]:
    """Whatever the wire format, another one is signed."""
    return altering(
        (
            "framing.authenticate:to_be_signed",
            lambda original: lambda _, *rest: original(wire_format, *rest),
        )
    )


@breaks("VAL-091", instead=_as_if(PRIVATE), named="VAL-099")
def what_was_said_in_private_is_made_public(stage: Stage) -> Trial:
    """A PublicMessage carries a signature that was made for a PrivateMessage."""
    content = _remove_dave(stage)
    bad = forge.public_message(stage.mallory, content, wire_format=PRIVATE)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-091", instead=_as_if(PUBLIC), named="VAL-089")
def what_was_said_in_public_is_encrypted(stage: Stage) -> Trial:
    """A PrivateMessage carries a signature that was made for a PublicMessage."""
    content = _remove_dave(stage)
    bad = forge.private_message(stage.mallory, content, wire_format=PUBLIC)
    return Trial(stage.victim(), bad, forge.private_message(stage.mallory, content))


_OTHER_VERSION = altering(("framing.authenticate:_VERSION", lambda _: b"\x00\x02"))


@breaks("VAL-091", instead=_OTHER_VERSION, named="VAL-089")
def another_version_is_signed(stage: Stage) -> Trial:
    """The signature says another version of the protocol than the message does."""
    with _OTHER_VERSION():
        bad = stage.mallory.protect(b"hello")
    return Trial(stage.victim(), bad, stage.mallory.protect(b"hello"))


# --- what comes beside the content ------------------------------------------------------


def _deliver(original: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Hand application data to the application, however it came."""

    def handshake(authenticated: Any, state: State, *rest: Any) -> Outcome:  # noqa: ANN401
        content = authenticated.content
        if content.application_data is None:
            return original(authenticated, state, *rest)
        index = content.sender.leaf_index
        leaf = state.epoch.public.tree.leaf(index)
        assert leaf is not None
        sender = member_info(index, leaf)
        event = MessageReceived(sender, content.application_data, b"", content.epoch, 0)
        return Outcome(state, event)

    return handshake


@breaks(
    "VAL-097",
    instead=together(without("VAL-097"), altering(("group.receiving:_handshake", _deliver))),
)
def application_data_in_the_clear(stage: Stage) -> Trial:
    """A member sends application data in a PublicMessage."""
    content = forge.said(stage.mallory)
    bad = forge.public_message(stage.mallory, content)
    return Trial(stage.victim(), bad, forge.private_message(stage.mallory, content))


def _select(owner: str, values: tuple[int, ...]) -> Callable[[], Any]:
    """The select in a struct has its arm for other values than the RFC says."""

    def widened(hint: object) -> object:
        base, *marks = get_args(hint) or (hint,)
        if not any(isinstance(mark, Arm) for mark in marks):
            return hint
        changed = [Arm(mark.on, values) if isinstance(mark, Arm) else mark for mark in marks]
        return Annotated[(base, *changed)]

    def change(original: Callable[..., str]) -> Callable[..., str]:
        def source(self: Any, fields: list[Any], given: str, *, keeps_raw: bool) -> str:  # noqa: ANN401
            if self.owner == owner:
                fields = [(name, widened(hint)) for name, hint in fields]
            return original(self, fields, given, keeps_raw=keeps_raw)

        return source

    writer = "wire.compiler:_Writer"
    return recompiled((f"{writer}.decoder", change), (f"{writer}.encoder", change))


_CONFIRMED_ALWAYS = _select("FramedContentAuthData", (1, 2, 3))


@breaks("VAL-098", instead=_CONFIRMED_ALWAYS, named="VAL-006")
def a_proposal_with_a_confirmation_tag(stage: Stage) -> Trial:
    """A public proposal carries a confirmation tag, as only commits do."""
    content, tag = _remove_dave(stage), bytes(stage.suite.Nh)
    with _CONFIRMED_ALWAYS():
        bad = forge.public_message(stage.mallory, content, confirmation_tag=tag)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-098", instead=_CONFIRMED_ALWAYS, named="VAL-105")
def application_data_with_a_confirmation_tag(stage: Stage) -> Trial:
    """A PrivateMessage of application data carries a confirmation tag where padding begins."""
    content, tag = forge.said(stage.mallory), bytes(stage.suite.Nh)
    with _CONFIRMED_ALWAYS():
        bad = forge.private_message(stage.mallory, content, confirmation_tag=tag)
    return Trial(stage.victim(), bad, forge.private_message(stage.mallory, content))


_CONFIRMED_NEVER = _select("FramedContentAuthData", ())


def _unconfirmed(original: Callable[..., Any]) -> Callable[..., Any]:
    """Take a commit without a confirmation tag for one with an empty one."""

    def process_commit(authenticated: AuthenticatedContent, *rest: Any) -> Any:  # noqa: ANN401
        auth = authenticated.auth.replace(confirmation_tag=b"")
        return original(authenticated.replace(auth=auth), *rest)

    return process_commit


@breaks(
    "VAL-098",
    instead=together(
        _CONFIRMED_NEVER,
        altering(
            ("group.process_commit:process_commit", _unconfirmed),
            ("group.process_commit:same_tag", always(value=True)),
        ),
    ),
    named="VAL-004",
)
def a_commit_without_a_confirmation_tag(stage: Stage) -> Trial:
    """A commit has a signature and a membership tag, and no confirmation tag between them."""
    good = stage.mallory.commit().message
    inner = MLSMessage.decode(good).message
    assert isinstance(inner, PublicMessage)
    with _CONFIRMED_NEVER():
        signature = inner.auth.signature
        bad = forge.public_message(stage.mallory, inner.content, signature=signature)
    return Trial(stage.victim(), bad, good)


@breaks("VAL-099", instead=_NO_TAG)
def a_membership_tag_of_another_key(stage: Stage) -> Trial:
    """Somebody who is no member any more sends what a member has signed."""
    content = _remove_dave(stage)
    bad = forge.public_message(stage.mallory, content, membership_tag=bytes(stage.suite.Nh))
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-099", instead=_NO_TAG)
def a_membership_tag_that_is_cut_short(stage: Stage) -> Trial:
    """Of a membership tag only the first byte is there."""
    content = _remove_dave(stage)
    good = forge.public_message(stage.mallory, content)
    tag = good[-stage.suite.Nh :]
    bad = forge.public_message(stage.mallory, content, membership_tag=tag[:1])
    return Trial(stage.victim(), bad, good)


_TAGGED_NEVER = _select("PublicMessage", ())


@breaks("VAL-099", instead=together(_TAGGED_NEVER, _NO_TAG), named="VAL-004")
def a_member_without_a_membership_tag(stage: Stage) -> Trial:
    """A member's PublicMessage ends where its membership tag should be."""
    content = _remove_dave(stage)
    with _TAGGED_NEVER():
        bad = forge.public_message(stage.mallory, content, membership_tag=None)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


_TAGGED_ALWAYS = _select("PublicMessage", tuple(SenderType))


@breaks("VAL-099", instead=_TAGGED_ALWAYS, named="VAL-006")
def a_server_with_a_membership_tag(stage: Stage) -> Trial:
    """A proposal of a listed server carries a membership tag, as only members' messages do."""
    signer, tag = list_server(stage).signer, bytes(stage.suite.Nh)
    content = from_server(stage.mallory, Remove(stage.dave.own_index))
    with _TAGGED_ALWAYS():
        bad = forge.public_message(stage.mallory, content, signer=signer, membership_tag=tag)
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content, signer=signer))


@breaks("VAL-100", instead=_NO_SIGNATURE, named="VAL-089")
def a_public_signature_that_is_none(stage: Stage) -> Trial:
    """A PublicMessage has a membership tag that fits, and zeros for a signature."""
    content = _remove_dave(stage)
    bad = forge.public_message(stage.mallory, content, signature=bytes(64))
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-100", instead=_NO_SIGNATURE, named="VAL-089")
def a_private_signature_that_is_none(stage: Stage) -> Trial:
    """A PrivateMessage is encrypted as it should be, and has zeros for a signature."""
    content = forge.said(stage.mallory)
    bad = forge.private_message(stage.mallory, content, signature=bytes(64))
    return Trial(stage.victim(), bad, forge.private_message(stage.mallory, content))


@breaks("VAL-100", instead=_NO_SIGNATURE, named="VAL-089")
def an_observer_is_shown_no_signature(stage: Stage) -> Trial:
    """An observer, who cannot check membership tags, receives zeros for a signature."""
    content = _remove_dave(stage)
    bad = forge.public_message(stage.mallory, content, signature=bytes(64))
    return Trial(stage.observer(), bad, forge.public_message(stage.mallory, content))


@breaks(
    "VAL-100",
    instead=altering(("group.process_commit:same_tag", always(value=True))),
    named="VAL-157",
)
def a_confirmation_tag_that_is_none(stage: Stage) -> Trial:
    """A commit is signed as it should be, and has zeros for a confirmation tag."""
    zeros = altering(("schedule.transcript:confirmation_tag", always(bytes(stage.suite.Nh))))
    bad = forge.committed(stage.mallory, under=zeros)
    return Trial(stage.victim(), bad.message, stage.mallory.commit().message)
