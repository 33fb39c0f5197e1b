"""Signing and protecting what a member sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.mls.framing import authenticate
from covey.mls.group import seal
from covey.mls.schedule.secret_tree import APPLICATION, HANDSHAKE, RatchetKind
from group_samples import PRIVATE, PUBLIC, epoch, found, from_member

if TYPE_CHECKING:
    from covey.mls.structs.framing import FramedContent

GROUP = found("ab")[0]
APPLICATION_DATA = authenticate.application_content(b"group", 1, from_member(0), b"", b"data")
PROPOSAL = authenticate.proposal_content(b"group", 1, from_member(0), b"", mls.Remove(1))


def generation(group: mls.Group, kind: RatchetKind) -> int:
    """The next generation of our own ratchet."""
    tree = group._state.secret_tree  # noqa: SLF001 - tests look inside
    return tree.peek_next(group.own_index, kind).generation


def test_we_are_a_member() -> None:
    assert seal.own_sender(epoch(GROUP)) == from_member(0)


def test_a_signature_is_by_the_key_of_the_leaf() -> None:
    signed = seal.sign(epoch(GROUP), PROPOSAL, PUBLIC)
    assert authenticate.verify(
        GROUP.suite, GROUP.members[0].signature_key, signed.tbs, signed.signature
    )
    assert signed.wire_format == PUBLIC
    other = seal.sign(epoch(GROUP), PROPOSAL, PRIVATE)
    assert other.signature != signed.signature


@pytest.mark.parametrize(
    ("content", "kind"),
    [(APPLICATION_DATA, APPLICATION), (PROPOSAL, HANDSHAKE)],
    ids=["application", "handshake"],
)
def test_val_210_a_private_message_uses_one_generation(
    content: FramedContent, kind: RatchetKind
) -> None:
    group = found("ab")[0]
    other: RatchetKind = HANDSHAKE if kind == APPLICATION else APPLICATION
    state = group._state  # noqa: SLF001 - tests look inside
    for expected in range(3):
        assert generation(group, kind) == expected
        signed = seal.sign(state.epoch, content, PRIVATE)
        seal.protect(
            state.epoch, state.secret_tree, signed, None, group.ports.policy, group.ports.entropy
        )
    assert generation(group, kind) == 3
    assert generation(group, other) == 0


def test_a_public_message_uses_none() -> None:
    group = found("ab")[0]
    group.propose(mls.Remove(1), handshake=PUBLIC)
    assert generation(group, HANDSHAKE) == 0
    group.propose(mls.Remove(1), handshake=PRIVATE)
    assert generation(group, HANDSHAKE) == 1
