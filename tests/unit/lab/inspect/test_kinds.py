"""What bytes are taken for, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.lab.inspect.encodings import Candidate, candidates
from covey.lab.inspect.kinds import KINDS, a, guess
from covey.mls.structs.framing import FramedContentAuthData
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import RatchetTreeNodes
from group_samples import found, key_package, member

BARE = key_package(member("a"))
MESSAGE = MLSMessage(1, BARE).encode()


def taken(data: bytes, kind: str | None = None) -> str:
    return guess(candidates(data), kind).kind


def test_what_stands_alone_can_be_inspected() -> None:
    assert KINDS["RatchetTree"] is RatchetTreeNodes
    assert FramedContentAuthData not in KINDS.values()
    assert {"MLSMessage", "Welcome", "GroupInfo", "Proposal", "Add", "Lifetime"} <= KINDS.keys()


def test_what_decodes_is_what_it_is() -> None:
    [group, *_] = found("ab")
    leaf = group.tree.leaf(0)
    assert leaf is not None
    assert taken(MESSAGE) == "MLSMessage"
    assert taken(MESSAGE.hex().encode()) == "MLSMessage"
    assert taken(BARE.encode()) == "KeyPackage"
    assert taken(group.tree.encode()) == "RatchetTree"
    assert taken(leaf.encode()) == "LeafNode"
    assert taken(group.context.encode()) == "GroupContext"
    reason = guess(candidates(MESSAGE)).reason
    assert reason == "it decodes as an MLSMessage, to the last byte"


def test_a_text_that_decodes_in_a_later_way_is_taken_so() -> None:
    way = guess([Candidate("hex", b"\xff", ""), Candidate("raw", MESSAGE, "")]).candidate
    assert way.encoding == "raw"


def test_what_fits_several_kinds_says_so() -> None:
    reason = guess([Candidate("raw", bytes(3), "")]).reason
    assert reason == (
        "it decodes as a Proposal, to the last byte; it also decodes as a GroupSecrets"
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "MLSMessage"),
        (MESSAGE[:100], "MLSMessage"),
        (MESSAGE + b"\0", "MLSMessage"),
        (BARE.encode()[:150], "KeyPackage"),
        (b"\0\1\0\x99" + bytes(40), "MLSMessage"),
        (found("ab")[0].tree.encode()[:200], "RatchetTree"),
    ],
    ids=["nothing", "cut", "longer", "bare", "a version", "a tree"],
)
def test_what_does_not_decode_is_what_it_is_furthest(data: bytes, kind: str) -> None:
    guessed = guess([Candidate("raw", data, "")])
    assert guessed.kind == kind
    assert "decodes as none of 14 kinds; it can be read furthest as" in guessed.reason


def test_an_epoch_that_no_group_reaches_speaks_against_a_message() -> None:
    """A KeyPackage whose init_key looks like a group_id, and all after it like a message."""
    sender = b"\x02" + bytes(4)
    message = b"\0\1\0\1" + b"\x20" + bytes(32)
    read_on = sender + b"\x3f" + bytes(63) + b"\x07"
    assert taken(message + bytes(7) + b"\x05" + read_on) == "MLSMessage"
    assert taken(message + b"\x20" + bytes(7) + read_on) != "MLSMessage"


def test_a_kind_can_be_forced() -> None:
    assert guess(candidates(MESSAGE), "MLSMessage").reason.endswith("and decodes as one")
    wrong = guess(candidates(MESSAGE), "Welcome")
    assert (wrong.kind, wrong.candidate.encoding) == ("Welcome", "raw")
    assert (
        wrong.reason
        == "it was said to be a Welcome; it does not decode as one, but as an MLSMessage"
    )
    assert not wrong.fits
    held = guess(candidates(MESSAGE), "KeyPackage")
    assert (held.kind, held.fits) == ("MLSMessage", True)
    assert held.reason == "it was said to be a KeyPackage, and is an MLSMessage that holds one"


def test_kinds_have_their_article() -> None:
    assert [a("Add"), a("MLSMessage"), a("Welcome")] == ["an Add", "an MLSMessage", "a Welcome"]


@given(st.binary(max_size=80))
def test_anything_is_taken_for_something(data: bytes) -> None:
    assert taken(data) in KINDS
