"""The second decoder: it agrees with the compiled codecs, and says how far it got."""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.errors import DecodeError
from covey.mls.structs.credentials import Credential
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Proposal, ProposalFrame, Remove
from covey.mls.structs.tree import LeafNode, Node, ParentNode, RatchetTreeNodes
from covey.mls.structs.welcome import GroupSecrets, PathSecret
from covey.mls.wire.outline import Explained, Outline, Place, Reading
from covey.mls.wire.reading import read
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import uint32
from wire_samples import SAMPLES
from wire_strategies import GIVEN, STRUCTS, damaged, structs

if TYPE_CHECKING:
    from collections.abc import Iterator


def agree(cls: type[WireStruct], data: bytes, fold: int | None = None) -> Reading:
    """Both decoders accept, with equal values, or both refuse."""
    reading = read(cls, data, fold=fold)
    check_places(reading.outline)
    try:
        decoded = cls.decode(data)
    except DecodeError:
        assert reading.stop is not None
        assert reading.value is None
        assert 0 <= reading.stop.reached <= len(data)
        assert reading.stop.reached <= reading.stop.offset <= len(data)
        assert reading.stop.expected
        assert reading.stop.found
        assert reading.outline.length <= len(data)
    else:
        assert reading.stop is None
        assert reading.value == decoded
        assert reading.value.encode() == data
        assert reading.outline.length == len(data)
    return reading


def check_places(outline: Outline) -> None:
    """Parts stand in order inside of the whole, and do not overlap."""
    at = outline.offset
    for part in outline.parts:
        assert part.offset >= at
        check_places(part)
        at = part.offset + part.length
    assert at <= outline.offset + outline.length


@pytest.mark.parametrize("cls", STRUCTS, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_both_decoders_agree_on_structs_and_on_damage(
    cls: type[WireStruct], data: st.DataObject
) -> None:
    encoded = data.draw(structs(cls)).encode()
    fold = data.draw(st.none() | st.integers(0, 2))
    assert agree(cls, encoded, fold).stop is None
    agree(cls, data.draw(damaged(encoded)), fold)


@pytest.mark.parametrize("cls", STRUCTS, ids=lambda cls: cls.__name__)
@given(data=st.binary(max_size=100))
def test_both_decoders_agree_on_any_bytes(cls: type[WireStruct], data: bytes) -> None:
    agree(cls, data)


@pytest.mark.parametrize("cls", GIVEN, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_both_decoders_agree_on_structs_with_an_outer_select(
    cls: type[WireStruct], data: st.DataObject
) -> None:
    select = data.draw(st.sampled_from(GIVEN[cls]))
    encoded = data.draw(structs(cls, select)).encode(select)
    reading = read(cls, encoded, given=select)
    assert reading.stop is None
    assert reading.value == cls.decode_prefix(encoded, select)[0]


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_every_cut_is_found_where_it_is(number: int) -> None:
    value = SAMPLES[number][0]
    encoded = value.encode()
    for length in range(len(encoded)):
        stop = agree(type(value), encoded[:length]).stop
        assert stop is not None
        assert stop.offset == length
        assert (stop.rule, stop.section) == ("VAL-004", "2.1.2")


def stopped(cls: type[WireStruct], text: str) -> tuple[int, int, str, str, str, str]:
    """Where reading stops, by the digits of the input."""
    stop = agree(cls, bytes.fromhex(text)).stop
    assert stop is not None
    return stop.reached, stop.offset, stop.path, stop.expected, stop.found, stop.rule


def test_it_says_what_was_expected() -> None:
    formats = "mls_public_message (1), mls_private_message (2), mls_welcome (3), "
    formats += "mls_group_info (4), mls_key_package (5)"
    assert stopped(MLSMessage, "0001 0009") == (
        2,
        2,
        "MLSMessage.wire_format",
        f"a WireFormat: {formats}",
        "unknown (9)",
        "VAL-009",
    )
    sender = "MLSMessage.message.content.sender.sender_type"
    kinds = "member (1), external (2), new_member_proposal (3), new_member_commit (4)"
    assert stopped(MLSMessage, "0001 0001 00 0000000000000000 07")[2:] == (
        sender,
        f"a SenderType: {kinds}",
        "7",
        "VAL-007",
    )
    path = "RatchetTreeNodes.ratchet_tree"
    octet = "the octet of an optional: 0 or 1"
    assert stopped(RatchetTreeNodes, "02 00 02")[1:] == (2, f"{path}[1]", octet, "2", "VAL-001")
    assert stopped(RatchetTreeNodes, "c0")[1:] == (
        0,
        path,
        "a length header that does not begin with 0b11",
        "c0",
        "VAL-003",
    )
    assert stopped(RatchetTreeNodes, "4001 00")[-1] == "VAL-002"
    assert stopped(RatchetTreeNodes, "00 00")[1:] == (
        1,
        "RatchetTreeNodes",
        "the end of the input",
        "1 byte more",
        "VAL-006",
    )
    inner = "the end of the vector around it after 1 of them"
    assert stopped(RatchetTreeNodes, "05 01 02 02 41 00")[1:] == (
        6,
        f"{path}[0].parent_node.parent_hash",
        "a length header",
        "the end of the input",
        "VAL-004",
    )
    assert stopped(RatchetTreeNodes, "04 01 02 02 41 00")[-2:] == (inner, "VAL-005")


def test_a_vector_that_announces_too_much_is_read_to_the_end() -> None:
    reading = read(RatchetTreeNodes, bytes.fromhex("10 00 00"))
    [tree] = reading.outline.parts
    assert [(part.name, part.value) for part in tree.parts] == [
        ("[0]", "absent"),
        ("[1]", "absent"),
    ]
    assert str(reading.stop) == (
        "at offset 3, in RatchetTreeNodes.ratchet_tree: expected 14 bytes of elements of "
        "optional<Node><V>, found the end of the input"
    )


BY_NAME = {cls.__name__: cls for cls in STRUCTS}
UNIONS: dict[str, Any] = {"Proposal": Proposal, "Node": Node, "Credential": Credential}


def decoder(kind: str) -> type[WireStruct] | None:
    """A struct of one field, of a type that an outline names; or the struct of that name."""
    inner = kind.removesuffix("<V>").removeprefix("optional<").removesuffix(">")
    hint: Any = UNIONS.get(inner) or BY_NAME.get(inner)
    if hint is None:
        return None
    if kind.removesuffix("<V>").startswith("optional<"):
        hint = hint | None
    if kind.endswith("<V>"):
        hint = GenericAlias(tuple, (hint, ...))
    return type("One", (WireStruct,), {"__annotations__": {"value": hint}})


def parts(outline: Outline) -> Iterator[Outline]:
    """All parts of an outline."""
    yield outline
    for part in outline.parts:
        yield from parts(part)


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_the_bytes_of_a_part_are_of_its_type(number: int) -> None:
    value = SAMPLES[number][0]
    encoded = value.encode()
    for part in parts(read(type(value), encoded).outline):
        cls = decoder(part.type)
        if cls is not None:
            cls.decode(encoded[part.offset : part.offset + part.length])


def test_a_tag_stands_beside_its_struct_where_the_rfc_has_it_there() -> None:
    package = next(value for value, _ in SAMPLES if isinstance(value, KeyPackage))
    data = MLSMessage(1, package).encode()
    told = [
        (part.name, part.type, part.offset, part.length)
        for part in read(MLSMessage, data).outline.parts
    ]
    assert told == [
        ("version", "ProtocolVersion", 0, 2),
        ("wire_format", "WireFormat", 2, 2),
        ("message", "KeyPackage", 4, len(data) - 4),
    ]


def test_tags_and_octets_have_lines_of_their_own() -> None:
    nodes = RatchetTreeNodes((None, ParentNode(b"", b"", ()))).encode()
    [tree] = read(RatchetTreeNodes, nodes).outline.parts
    assert [(part.name, part.type, part.value) for part in tree.parts] == [
        ("[0]", "optional<Node>", "absent"),
        ("[1]", "optional<Node>", "parent"),
    ]
    assert [(part.name, part.offset, part.length) for part in tree.parts[1].parts] == [
        ("present", 2, 1),
        ("node_type", 3, 1),
        ("parent_node", 4, 3),
    ]
    frame = read(ProposalFrame, ProposalFrame(Remove(7)).encode()).outline
    assert [(part.name, part.type, part.offset) for part in frame.parts] == [
        ("proposal_type", "ProposalType", 0),
        ("proposal", "Remove", 2),
    ]
    unknown = read(ProposalFrame, bytes.fromhex("f001 02 0102")).outline
    [proposal] = unknown.parts
    assert (proposal.offset, proposal.length) == (0, 5)


def test_long_vectors_are_folded() -> None:
    encoded = RatchetTreeNodes((None,) * 50).encode()
    [tree] = read(RatchetTreeNodes, encoded, fold=3).outline.parts
    assert [part.name for part in tree.parts] == ["[0]", "[1]", "[2]", "[3…49]"]
    assert (tree.value, tree.parts[3].value) == ("50 elements", "47 more, folded")
    assert (tree.parts[3].offset, tree.parts[3].length) == (4, 47)


class Numbers(WireStruct):
    numbers: tuple[uint32, ...]


def test_many_numbers_are_shortened() -> None:
    [few] = read(Numbers, Numbers((1, 2)).encode()).outline.parts
    assert few.value == "1, 2"
    [many] = read(Numbers, Numbers(tuple(range(20))).encode()).outline.parts
    assert many.value == "0, 1, 2, 3, 4, 5, 6, 7 and 12 more"
    agree(Numbers, bytes.fromhex("05 0000000100"))


def test_secrets_are_not_shown() -> None:
    secrets = GroupSecrets(b"\x11" * 32, PathSecret(b"\x22" * 32), ())
    outline = read(GroupSecrets, secrets.encode()).outline
    assert "1111" not in repr(outline)
    assert "2222" not in repr(outline)
    cut = read(GroupSecrets, secrets.encode()[:20]).outline
    assert "1111" not in repr(cut)


def test_somebody_who_knows_more_is_asked() -> None:
    def explain(place: Place) -> Explained | None:
        if place.owner is LeafNode and place.name == "encryption_key":
            inside = Outline("inside", "text", place.offset, 1)
            return Explained("a key", (inside,))
        return None

    leaf = next(value for value, _ in SAMPLES if isinstance(value, LeafNode))
    [key, *_] = read(LeafNode, leaf.encode(), explain=explain, base=100).outline.parts
    assert (key.value, key.offset) == ("a key", 100)
    assert [(part.name, part.offset) for part in key.parts] == [("inside", 101)]
