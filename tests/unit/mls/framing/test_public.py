"""Public messages: who gets a membership tag, and what it covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.mls.crypto.suites import SUITES
from covey.mls.framing import authenticate, public
from covey.mls.structs.commit import Commit
from covey.mls.structs.framing import FramedContentAuthData, PublicMessage, Sender
from covey.mls.structs.proposals import Remove
from covey.mls.wire.code_points import ContentType, SenderType
from group_samples import PUBLIC, from_member

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

KEY = b"k" * 32
AUTH = FramedContentAuthData(b"signature")
CONTENT = authenticate.proposal_content(b"group", 7, from_member(3), b"", Remove(5))
TBS = authenticate.to_be_signed(PUBLIC, CONTENT, b"context")
ALL = pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: f"suite{suite.code}")


@ALL
def test_a_member_gets_a_tag_over_content_and_authentication(suite: Suite) -> None:
    message = public.protect(suite, KEY, CONTENT, AUTH, TBS)
    tbm = TBS + authenticate.encode_auth(AUTH, ContentType.proposal)
    assert message.membership_tag == suite.mac(KEY, tbm)
    assert public.verify_membership(suite, KEY, message, TBS)


@ALL
def test_a_wrong_tag_is_no_tag(suite: Suite) -> None:
    message = public.protect(suite, KEY, CONTENT, AUTH, TBS)
    tag = message.membership_tag
    assert tag is not None
    for wrong in (b"", tag[:-1], tag + b"\x00", tag[::-1], None):
        assert not public.verify_membership(suite, KEY, message.replace(membership_tag=wrong), TBS)
    assert not public.verify_membership(suite, b"another", message, TBS)
    assert not public.verify_membership(suite, KEY, message, TBS + b"\x00")
    other = message.replace(auth=FramedContentAuthData(b"another signature"))
    assert not public.verify_membership(suite, KEY, other, TBS)


def test_the_tag_covers_the_confirmation_tag_of_a_commit() -> None:
    suite = SUITES[1]
    content = authenticate.commit_content(b"group", 7, from_member(3), b"", Commit((), None))
    tbs = authenticate.to_be_signed(PUBLIC, content, b"context")
    message = public.protect(suite, KEY, content, FramedContentAuthData(b"s", b"tag"), tbs)
    assert public.verify_membership(suite, KEY, message, tbs)
    other = message.replace(auth=FramedContentAuthData(b"s", b"gat"))
    assert not public.verify_membership(suite, KEY, other, tbs)


@pytest.mark.parametrize(
    "sender",
    [
        Sender(SenderType.external, sender_index=0),
        Sender(SenderType.new_member_proposal),
        Sender(SenderType.new_member_commit),
    ],
    ids=lambda sender: sender.sender_type.name,
)
def test_val_099_others_get_none(sender: Sender) -> None:
    content = authenticate.proposal_content(b"group", 7, sender, b"", Remove(5))
    message = public.protect(SUITES[1], KEY, content, AUTH, TBS)
    assert message == PublicMessage(content, AUTH, None)
    assert not public.verify_membership(SUITES[1], KEY, message, TBS)
