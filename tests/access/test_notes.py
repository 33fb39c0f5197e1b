"""Notes: for one leaf, in one epoch of one group."""

from __future__ import annotations

import pytest

from access_samples import ALL_SUITES, RANDOM, changed
from covey import mls
from covey.access.member.notes import open_note, seal_note
from covey.access.structs.sealed import NoteContext, SealedNote
from covey.errors import AuthenticationError, DecodeError
from covey.mls.crypto.dialects import get_suite

CONTEXT = NoteContext(bytes(range(32)), b"group", 4)


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
def test_a_note_is_read_by_its_member(suite: int) -> None:
    package = mls.Member.basic(b"bob", suite).key_package()
    used = get_suite(suite)
    sealed = seal_note(used, package.package.leaf_node, CONTEXT, b"we are elsewhere", RANDOM)
    assert open_note(used, package.leaf_private, CONTEXT, sealed) == b"we are elsewhere"
    assert len(SealedNote.decode(sealed).ciphertext) == 512 + used.Nt


def test_a_note_is_small() -> None:
    used = get_suite(5)
    leaf = mls.Member.basic(b"bob", 5).key_package().package.leaf_node
    assert len(seal_note(used, leaf, CONTEXT, bytes(3 << 10), RANDOM)) <= 4 << 10
    with pytest.raises(ValueError, match="4096 bytes are too many for a note"):
        seal_note(used, leaf, CONTEXT, bytes(4 << 10), RANDOM)


def test_a_note_is_for_one_place() -> None:
    used = get_suite(1)
    bob, carol = (mls.Member.basic(name, 1).key_package() for name in (b"bob", b"carol"))
    sealed = seal_note(used, bob.package.leaf_node, CONTEXT, b"note", RANDOM)
    with pytest.raises(AuthenticationError):
        open_note(used, carol.leaf_private, CONTEXT, sealed)
    for other in (
        CONTEXT.replace(inbox=bytes(32)),
        CONTEXT.replace(group_id=b"other"),
        CONTEXT.replace(epoch=5),
    ):
        with pytest.raises(AuthenticationError):
            open_note(used, bob.leaf_private, other, sealed)
    for at in range(0, len(sealed), 7):
        with pytest.raises((AuthenticationError, DecodeError)):
            open_note(used, bob.leaf_private, CONTEXT, changed(sealed, at))
