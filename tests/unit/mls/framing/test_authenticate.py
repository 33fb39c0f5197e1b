"""What a signature over a FramedContent covers, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.suites import SUITES
from covey.mls.framing import authenticate
from covey.mls.structs.commit import Commit
from covey.mls.structs.framing import (
    FramedContent,
    FramedContentAuthData,
    PrivateMessageContent,
    Sender,
)
from covey.mls.structs.proposals import Add, Remove
from covey.mls.wire.code_points import ContentType, SenderType
from group_samples import PRIVATE, PUBLIC, from_member, key_package, member

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

MEMBER = from_member(3)
EXTERNAL = Sender(SenderType.external, sender_index=1)
NEW_COMMIT = Sender(SenderType.new_member_commit)
NEW_PROPOSAL = Sender(SenderType.new_member_proposal)
CONTENTS = [
    authenticate.application_content(b"group", 7, MEMBER, b"beside", b"hello"),
    authenticate.proposal_content(b"group", 7, MEMBER, b"", Remove(5)),
    authenticate.proposal_content(b"", 2**64 - 1, EXTERNAL, b"", Add(key_package(member("a")))),
    authenticate.commit_content(b"group", 7, NEW_COMMIT, b"\x00" * 70, Commit((), None)),
]


@pytest.mark.parametrize("content", CONTENTS, ids=["application", "proposal", "add", "commit"])
def test_a_content_carries_its_own_encoding(content: FramedContent) -> None:
    assert content.raw
    assert content.raw == content.replace().encode()
    assert FramedContent.decode(content.raw) == content


@pytest.mark.parametrize("content", CONTENTS, ids=["application", "proposal", "add", "commit"])
def test_a_content_is_put_together_again_from_what_was_decrypted(content: FramedContent) -> None:
    kind = content.content_type
    arm = authenticate.arm_of(content)
    tag = b"tag" if kind is ContentType.commit else None
    inner, _ = PrivateMessageContent.decode_prefix(
        arm + FramedContentAuthData(b"signature", tag).encode(kind), kind
    )
    again = authenticate.received_content(
        content.group_id,
        content.epoch,
        content.sender,
        content.authenticated_data,
        kind,
        arm,
        inner,
    )
    assert again == content
    assert again.raw == content.raw


def test_the_tbs_is_the_struct_of_the_rfc() -> None:
    tbs = authenticate.to_be_signed(PRIVATE, CONTENTS[0], b"context")
    assert tbs == b"\x00\x01" + b"\x00\x02" + CONTENTS[0].raw + b"context"


@pytest.mark.parametrize(
    ("sender", "covered"),
    [(MEMBER, True), (NEW_COMMIT, True), (EXTERNAL, False), (NEW_PROPOSAL, False)],
    ids=lambda value: value.sender_type.name if isinstance(value, Sender) else str(value),
)
def test_val_090_whose_signature_covers_the_group_context(sender: Sender, *, covered: bool) -> None:
    content = authenticate.proposal_content(b"group", 7, sender, b"", Remove(5))
    tbs = authenticate.to_be_signed(PUBLIC, content, b"the context")
    assert tbs.endswith(b"the context") is covered


def test_val_091_public_and_private_signatures_differ() -> None:
    suite = get_suite(1)
    private, public = suite.generate_signature_keys(system_entropy)
    as_public, as_private = (
        authenticate.to_be_signed(form, CONTENTS[0], b"context") for form in (PUBLIC, PRIVATE)
    )
    signature = authenticate.sign(suite, private, as_public)
    assert authenticate.verify(suite, public, as_public, signature)
    assert not authenticate.verify(suite, public, as_private, signature)


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: f"suite{suite.code}")
def test_a_signature_is_for_its_content_and_label(suite: Suite) -> None:
    private, public = suite.generate_signature_keys(system_entropy)
    signature = authenticate.sign(suite, private, b"tbs")
    assert authenticate.verify(suite, public, b"tbs", signature)
    assert not authenticate.verify(suite, public, b"tbs ", signature)
    assert not authenticate.verify(suite, public, b"tbs", signature[:-1])
    assert not authenticate.verify(suite, public, b"tbs", b"")
    assert suite.verify_with_label(public, "FramedContentTBS", b"tbs", signature)
    assert not suite.verify_with_label(public, "LeafNodeTBS", b"tbs", signature)


def test_only_a_commit_has_a_confirmation_tag() -> None:
    auth = FramedContentAuthData(b"s", b"t")
    assert authenticate.encode_auth(auth, ContentType.commit) == b"\x01s\x01t"
    without = FramedContentAuthData(b"s")
    for kind in (ContentType.application, ContentType.proposal):
        assert authenticate.encode_auth(without, kind) == b"\x01s"
