"""Every struct of the RFC has the encoding that its block prescribes, written out by hand."""

from __future__ import annotations

import pytest

from covey.errors import DecodeError
from covey.mls.structs.framing import FramedContentAuthData, PrivateMessageContent
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Remove
from covey.mls.wire.code_points import ContentType
from covey.mls.wire.struct import WireStruct
from wire_samples import COMMIT, COMMIT_HEX, SAMPLES

IDS = [f"{number}-{type(value).__name__}" for number, (value, _) in enumerate(SAMPLES)]


def plain(value: WireStruct) -> str:
    """A struct as its repr shows it, which leaves out the bytes that it was decoded from."""
    return repr(value)


@pytest.mark.parametrize(("value", "encoded"), SAMPLES, ids=IDS)
def test_a_struct_encodes_as_its_block_says(value: WireStruct, encoded: str) -> None:
    assert value.encode().hex() == encoded


@pytest.mark.parametrize(("value", "encoded"), SAMPLES, ids=IDS)
def test_the_encoding_decodes_to_the_struct(value: WireStruct, encoded: str) -> None:
    decoded = type(value).decode(bytes.fromhex(encoded))
    assert plain(decoded) == plain(value)
    assert decoded.encode().hex() == encoded


@pytest.mark.parametrize(("value", "encoded"), SAMPLES, ids=IDS)
def test_no_other_length_is_accepted(value: WireStruct, encoded: str) -> None:
    data = bytes.fromhex(encoded)
    for other in [*(data[:length] for length in range(len(data))), data + b"\x00"]:
        with pytest.raises(DecodeError):
            type(value).decode(other)


def test_every_struct_has_a_sample() -> None:
    covered = {type(value) for value, _ in SAMPLES}
    special = {FramedContentAuthData, PrivateMessageContent}
    assert covered.isdisjoint(special)
    modules = "covey.mls.structs."
    known = {cls for cls in WireStruct.__subclasses__() if cls.__module__.startswith(modules)}
    assert known == covered | special


def test_auth_data_has_a_tag_for_commits_only() -> None:
    encoded = b"\x01s\x01t"
    with_tag, without = FramedContentAuthData(b"s", b"t"), FramedContentAuthData(b"s")
    assert with_tag.encode(ContentType.commit) == encoded
    assert without.encode(ContentType.proposal) == encoded[:2]
    decode = FramedContentAuthData.decode_prefix
    assert decode(encoded, ContentType.commit) == (with_tag, 4)
    assert decode(encoded, ContentType.application) == (without, 2)


def test_the_content_of_a_private_message_is_as_its_outside_says() -> None:
    auth, tagged = FramedContentAuthData(b"s"), FramedContentAuthData(b"s", b"t")
    for kind, encoded, content in (
        (ContentType.application, "0268690173", PrivateMessageContent(b"hi", None, None, auth)),
        (
            ContentType.proposal,
            "0003000000090173",
            PrivateMessageContent(None, Remove(9), None, auth),
        ),
        (
            ContentType.commit,
            COMMIT_HEX + "01730174",
            PrivateMessageContent(None, None, COMMIT, tagged),
        ),
    ):
        data = bytes.fromhex(encoded)
        assert content.encode(kind) == data
        padded = PrivateMessageContent.decode_prefix(data + bytes(3), kind)
        assert padded == (content, len(data))


@pytest.mark.parametrize("wire_format", [0, 6, 0x0A0A, 0xFFFF])
def test_an_unknown_wire_format_is_refused(wire_format: int) -> None:
    with pytest.raises(DecodeError, match=f"^{wire_format} is not .*VAL-009"):
        MLSMessage.decode(b"\x00\x01" + wire_format.to_bytes(2) + bytes(20))
