"""Groups, trees and structs as HTML: escaped, complete, and in the order of the RFC."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.mls.picture import page
from covey.mls.rules.proposal_list import Sent
from covey.mls.structs.framing import FramedContentAuthData, Sender
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import RatchetTreeNodes
from covey.mls.structs.welcome import GroupSecrets, PathSecret
from group_samples import found, key_package, member
from tree_samples import tree_of
from wire_samples import SAMPLES

if TYPE_CHECKING:
    from covey.mls.wire.struct import WireStruct

EVIL = '</div><script>alert("x")</script>&'
VOID = {"rect", "path", "br"}


class _Checked(HTMLParser):
    """Reads HTML strictly: every element is closed by its own end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(html: str) -> _Checked:
    """Read a page, which has to be well-formed, and without anything that acts."""
    checked = _Checked()
    checked.feed(html)
    checked.close()
    assert not checked.open
    assert not checked.tags & {"script", "img", "a", "link", "iframe", "object"}
    return checked


def words(html: str) -> str:
    """What a page says."""
    return re.sub(r"\s+", " ", " ".join(read(html).text))


def test_a_tree_is_its_picture() -> None:
    tree = tree_of(3)
    html = page.of_tree(tree)
    assert "<svg" in html
    assert "Ratchet tree: 3 members, 4 leaves" in words(html)


def test_a_group_is_its_facts_its_members_and_its_tree() -> None:
    group = found("abc")[1]
    said = words(page.of_group(group.context, group.tree, own=1, notes={"active": True}))
    for fact in (
        "Group group",
        "cipher suite MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 (0x0001)",
        "epoch 1",
        "members 3",
        "extensions none",
        f"tree_hash {group.context.tree_hash[:4].hex()}…",
        "active yes",
        "1 b (we)",
        "▶ this leaf",
    ):
        assert fact in said


def test_of_many_members_the_first_are_listed() -> None:
    tree = tree_of(250)
    group = found("a")[0]
    html = page.of_group(group.context, tree)
    assert "and 150 more" in words(html)
    assert html.count("<tr>") < page.MEMBERS + 20


def test_who_has_left_is_not_highlighted() -> None:
    group = found("a")[0]
    tree = tree_of(3).edited(removed=[1]).tree
    assert "this leaf" not in words(page.of_group(group.context, tree, own=1))


def test_fields_are_shown_by_what_they_are() -> None:
    html = page.of_fields(
        "Something",
        {
            "nothing": None,
            "yes": True,
            "number": 3,
            "text": "a < b",
            "bytes": b"hello",
            "binary": b"\xff\xfe",
            "several": (b"one", 2),
            "none of it": (),
            "struct": mls.Remove(7),
            "long": b"x" * 5000,
        },
    )
    said = words(html)
    for fact in (
        "nothing none",
        "yes yes",
        "number 3",
        "text a < b",
        "bytes hello",
        "binary 0xfffe",
        "several one 2",
        "none of it none",
        "removed 7",
    ):
        assert fact in said
    assert "x" * 399 + "…" in said


def test_every_struct_can_be_shown() -> None:
    for value, _ in SAMPLES:
        assert type(value).__name__ in words(page.of_struct(value))


def test_a_message_is_an_outline_of_its_fields() -> None:
    groups = found("ab")
    said = words(page.of_struct(MLSMessage.decode(groups[0].protect(b"hello"))))
    for fact in ("MLSMessage", "version mls10 (1)", "mls_private_message", 'group_id "group"'):
        assert fact in said
    assert "hello" not in said


def test_a_struct_without_an_encoding_of_its_own_is_its_repr() -> None:
    value = FramedContentAuthData(b"signature", None)
    said = words(page.of_struct(value))
    assert "signature" in said


@pytest.mark.parametrize("secret", [PathSecret(b"hidden"), GroupSecrets(b"hidden", None, ())])
def test_secrets_are_not_shown(secret: WireStruct) -> None:
    html = page.of_struct(secret)
    for form in ("hidden", b"hidden".hex()):
        assert form not in html
    assert "secret, not shown" in html


def test_a_long_vector_is_cut_short() -> None:
    nodes = RatchetTreeNodes(tree_of(2000).to_nodes())
    assert len(page.of_struct(nodes)) < 200_000


def test_what_a_peer_wrote_cannot_act() -> None:
    evil = member(EVIL)
    package = key_package(evil)
    assert "alert" in words(page.of_struct(package))
    assert "alert" in words(page.of_member(0, evil.credential, evil.signature_key))
    group = mls.Group.create(evil, group_id=EVIL.encode())
    html = page.of_group(group.context, group.tree)
    assert words(html).count("alert") >= 3
    assert "<script" not in html
    assert "alert" in words(page.of_fields("x", {"data": EVIL.encode(), EVIL: EVIL}))


def test_proposals_say_who_sent_them_and_how() -> None:
    groups = found("abc")
    proposal = groups[1].propose_remove(2)
    groups[0].receive(proposal)
    pending = groups[0].commit()
    said = words(page.of_fields("Changed", {"proposals": pending.changed.proposals}))
    assert "removed 2" in said
    assert "of leaf 1, by reference" in said
    own = mls.Group.create(member("a")).commit(add=[key_package(member("b"))])
    assert "of leaf 0, by value" in words(page.of_fields("x", {"": own.changed.proposals}))


def test_who_is_outside_is_named_by_how_it_sent() -> None:
    sent = Sent(mls.Remove(1), Sender(mls.SenderType.external, sender_index=0), b"reference")
    assert "of external, by reference" in words(page.of_fields("x", {"proposal": sent}))
