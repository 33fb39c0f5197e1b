"""Contents: what goes into an application message, and comes out as it was."""

from __future__ import annotations

from contextlib import suppress

import pytest
from rich.pretty import pretty_repr

from covey import mls
from covey.access.member import envelopes
from covey.access.member.epochs import EpochAccess
from covey.access.structs.sealed import Door, Purpose
from covey.client.words import contents
from covey.client.words.contents import (
    Attachment,
    Content,
    ContentFrame,
    Data,
    NewDoor,
    Parting,
    Reaction,
    Recovery,
    Text,
    Unknown,
)
from covey.errors import DecodeError, UnsupportedError
from covey.mls.crypto.entropy import system_entropy

ID = bytes(range(16))
BODIES = {
    "text": Text(b"hello"),
    "reply": Text(b"yes", ID),
    "reaction": Reaction(ID, "👍".encode()),
    "attachment": Attachment(bytes(32), bytes(32), b"a.txt", b"text/plain", 5, 64),
    "application/x-count": Data(b"application/x-count", b"\1"),
    "newdoor": NewDoor(Door(bytes(32), 1, b"private")),
    "recovery": Recovery(bytes(32), bytes(32)),
    "parting": Parting(bytes(32)),
    "unknown": Unknown(77, b"from the future"),
}


def content(body: contents.Body, expires_after: int = 0, kept: int = 1) -> Content:
    return Content(contents.VERSION, ID, 7, 1_700_000_000, expires_after, kept, body)


@pytest.mark.parametrize("kind", BODIES)
def test_what_is_encoded_comes_back(kind: str) -> None:
    said = content(BODIES[kind], expires_after=60, kept=0)
    assert contents.decode(contents.encode(said)) == said
    assert contents.kind_of(said.body) == kind


def test_a_type_of_the_future_survives_an_old_client() -> None:
    frame = ContentFrame(1, ID, 0, 0, 0, 1, 200, b"whatever")
    read = contents.decode(frame.encode())
    assert read.body == Unknown(200, b"whatever")
    assert contents.encode(read) == frame.encode()


def test_a_later_version_says_what_to_do() -> None:
    data = ContentFrame(2, ID, 0, 0, 0, 1, 1, Text(b"").encode()).encode()
    with pytest.raises(UnsupportedError, match="update covey"):
        contents.decode(data)


@pytest.mark.parametrize(
    ("kept", "kind", "body"),
    [
        (2, 1, Text(b"a").encode()),
        (1, 1, Text(b"\xff").encode()),
        (1, 1, Text(b"a", b"short").encode()),
        (1, 1, Text(b"a").encode() + b"\0"),
        (1, 2, Reaction(ID, b"a", 2).encode()),
        (1, 4, Data(b"\xff", b"").encode()),
        (1, 4, Data(b"text", b"").encode()),
        (1, 3, Attachment(bytes(32), bytes(32), b"", b"\xff", 0, 0).encode()),
    ],
    ids=["kept", "utf8", "about", "rest", "withdrawn", "type", "slash", "media"],
)
def test_what_is_wrong_is_refused(kept: int, kind: int, body: bytes) -> None:
    with pytest.raises(DecodeError):
        contents.decode(ContentFrame(1, ID, 0, 0, 0, kept, kind, body).encode())


def test_what_would_be_refused_is_not_sent() -> None:
    with pytest.raises(ValueError, match="slash"):
        contents.encode(content(Data(b"text", b"")))


def test_no_bytes_are_no_content() -> None:
    with pytest.raises(DecodeError):
        contents.decode(b"")


def test_what_is_too_long_is_said_to_be_an_attachment() -> None:
    with pytest.raises(ValueError, match="attachment"):
        contents.encode(content(Text(bytes(contents.MOST))))


@pytest.mark.parametrize("body", [Text(bytes(contents.MOST)), Unknown(77, bytes(contents.MOST))])
def test_what_is_too_long_to_be_said_is_not_heard_either(body: contents.Body) -> None:
    with pytest.raises(DecodeError, match="a message at most"):
        contents.decode(contents.framed(content(body)))


def test_what_can_be_said_can_be_said_as_an_answer() -> None:
    longest = 0
    for size in range(contents.MOST - 200, contents.MOST):
        with suppress(ValueError):
            contents.encode(content(Text(bytes(size))))
            longest = size
    assert longest > contents.MOST - 200
    contents.encode(content(Text(bytes(longest), bytes(16))))


def test_the_longest_content_fits_into_a_message() -> None:
    longest = content(Text(b"", bytes(16)))
    room = contents.MOST - len(contents.encode(longest)) - 6
    data = contents.encode(content(Text(b"x" * room, bytes(16))))
    assert contents.MOST - 6 <= len(data) <= contents.MOST
    suite = mls.CipherSuite.MLS_256_DHKEMP521_AES256GCM_SHA512_P521
    group = mls.Group.create(mls.Member.basic(b"a", suite))
    access = EpochAccess.derive(group.export, bytes(32), bytes(32), group.epoch)
    message = group.protect(data, bytes(256))
    sealed = envelopes.seal(access, Purpose.other, bytes(16), message, system_entropy)
    assert len(sealed) == envelopes.LIMITS[Purpose.other]


def test_words_and_what_they_are_about() -> None:
    assert contents.text_of(BODIES["text"]) == "hello"
    assert contents.text_of(BODIES["attachment"]) == "a.txt"
    assert contents.text_of(BODIES["reaction"]) == "👍"
    assert contents.text_of(BODIES["application/x-count"]) == ""
    assert contents.about_of(BODIES["reply"]) == ID
    assert contents.about_of(BODIES["text"]) == b""


@pytest.mark.parametrize("kind", BODIES)
def test_no_repr_shows_what_is_said(kind: str) -> None:
    said = content(BODIES[kind])
    assert repr(BODIES[kind]) == f"{type(BODIES[kind]).__name__}(…)"
    assert repr(said) == f"Content({kind!r}, …)"
    assert pretty_repr(said) == "Content()"
    assert pretty_repr(BODIES[kind]) == f"{type(BODIES[kind]).__name__}()"


def test_what_is_ephemeral_or_for_clients_alone_belongs_into_no_history() -> None:
    assert contents.belongs(content(BODIES["text"]))
    assert not contents.belongs(content(BODIES["text"], kept=0))
    assert not contents.belongs(content(BODIES["recovery"]))


def test_an_id_is_bound_to_who_says_it() -> None:
    named = contents.new_id(b"amy", bytes(8))
    said = Content(contents.VERSION, named, 0, 0, 0, 1, Text(b"hi"))
    assert len(named) == 16
    assert contents.is_by(said, b"amy")
    assert not contents.is_by(said, b"bob")
    assert contents.new_id(b"amy", b"\1" * 8) != contents.new_id(b"amy", bytes(8)) == named
