"""RFC 9420 §6: how messages are framed, signed and encrypted. May import the forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covey.lab.adversary import forge
from covey.lab.adversary.case import breaks, shows
from covey.lab.adversary.promises import ensure
from covey.lab.adversary.taking_out import altering, always
from covey.lab.adversary.victims import Trial
from covey.mls.framing import authenticate
from covey.mls.framing.private import open_sender_data
from covey.mls.group.seal import own_sender
from covey.mls.structs.framing import PrivateMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Remove

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.adversary.stage import Stage


@breaks("VAL-099", instead=altering(("framing.public:verify_membership", always(value=True))))
def a_membership_tag_of_another_key(stage: Stage) -> Trial:
    """Somebody who is no member any more sends what a member has signed."""
    content = forge.proposal_content(stage.mallory, Remove(stage.dave.own_index))
    bad = forge.public_message(stage.mallory, content, membership_tag=bytes(stage.suite.Nh))
    return Trial(stage.victim(), bad, forge.public_message(stage.mallory, content))


@breaks("VAL-105", instead=altering(("framing.private:_is_zero", always(value=True))))
def padding_that_says_something(stage: Stage) -> Trial:
    """A member hides a byte in the padding."""
    mallory = stage.mallory
    content = authenticate.application_content(
        mallory.group_id, mallory.epoch, own_sender(forge.epoch_of(mallory)), b"", b"hello"
    )
    bad = forge.private_message(mallory, content, padding=bytes(7) + b"\x01")
    good = forge.private_message(mallory, content, padding=bytes(8))
    return Trial(stage.victim(), bad, good)


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
