"""What members say to each other, inside of MLS: the contents of application messages.

May import the protocol's structs. Every content has an id, by which it stands once in every
history, and a counter of its sender, by which the others see that one was lost. A body whose type
a client does not know yet comes out as :class:`Unknown`; so it can be kept, shown as something
that a newer client reads, and counted.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, ClassVar, Final

from covey.access.structs.basics import BlobId, Digest, Gid, PublicKey
from covey.access.structs.sealed import Door
from covey.errors import DecodeError, UnsupportedError
from covey.mls.wire.struct import Unshown, WireStruct
from covey.mls.wire.types import Fixed, opaque, uint8, uint32, uint64

VERSION: Final = 1

MOST: Final = 60 << 10
"""The longest encoded content, in bytes: with all that MLS, its padding and the envelope add to
it, it fits into an application message of 64 KiB."""

MessageId = Annotated[bytes, Fixed(16)]
"""Names a content: 8 random bytes, and 8 of a hash of these and of the identity of who says it."""

RANDOM: Final = 8
"""How many bytes of an id are random."""

_ID_LENGTH: Final = 16
_ID_LABEL: Final = b"covey content 1 id"


class Text(WireStruct):
    """Something said, in UTF-8; ``about`` is the id of the message that it answers, or empty.

    struct {
        opaque text<V>;
        opaque about<V>;
    } Text;
    """

    tag: ClassVar[int] = 1
    secret: ClassVar[bool] = True

    text: opaque
    about: opaque = b""


class Reaction(WireStruct):
    """A sign about a message, or (``withdrawn`` is 1) its withdrawal.

    struct {
        opaque about[16];
        opaque emoji<V>;
        uint8 withdrawn;
    } Reaction;
    """

    tag: ClassVar[int] = 2
    secret: ClassVar[bool] = True

    about: MessageId
    emoji: opaque
    withdrawn: uint8 = 0


class Attachment(WireStruct):
    """Where a file lies as a blob, and how to open it.

    struct {
        opaque blob[32];
        opaque key[32];
        opaque name<V>;
        opaque media_type<V>;
        uint64 size;
        uint64 sealed_size;
        opaque about<V>;
    } Attachment;

    ``size`` is of the file, ``sealed_size`` of the blob as it lies at the broker; both in bytes.
    """

    tag: ClassVar[int] = 3
    secret: ClassVar[bool] = True

    blob: BlobId
    key: Digest
    name: opaque
    media_type: opaque
    size: uint64
    sealed_size: uint64
    about: opaque = b""


class Data(WireStruct):
    """Bytes for an application, with a type by which it knows them, such as ``image/png``.

    struct {
        opaque content_type<V>;
        opaque data<V>;
    } Data;
    """

    tag: ClassVar[int] = 4
    secret: ClassVar[bool] = True

    content_type: opaque
    data: opaque


class NewDoor(WireStruct):
    """The private key of a capability's door, for those who were there before it.

    struct {
        Door door;
    } NewDoor;
    """

    tag: ClassVar[int] = 128
    secret: ClassVar[bool] = True

    door: Door


class Recovery(WireStruct):
    """The seed of a capability to recover, for every member to keep.

    struct {
        opaque capability[32];
        opaque seed[32];
    } Recovery;
    """

    tag: ClassVar[int] = 129
    secret: ClassVar[bool] = True

    capability: PublicKey
    seed: Digest


class Parting(WireStruct):
    """Who says this in a branch goes on in another group, of which it is one.

    struct {
        opaque into[32];
    } Parting;
    """

    tag: ClassVar[int] = 130
    secret: ClassVar[bool] = True

    into: Gid


class Unknown(WireStruct):
    """A body of a type that this client does not know, as it was sent.

    struct {
        uint8 type;
        opaque body<V>;
    } Unknown;
    """

    secret: ClassVar[bool] = True

    type: uint8
    body: opaque


Known = Text | Reaction | Attachment | Data | NewDoor | Recovery | Parting
Body = Known | Unknown
"""What can be said."""

CONTROL: Final = (NewDoor, Recovery, Parting)
"""What clients say to each other, and no person does: it stands in no history."""

_KINDS: Final[dict[int, type[Known]]] = {
    kind.tag: kind for kind in (Text, Reaction, Attachment, Data, NewDoor, Recovery, Parting)
}


class ContentFrame(WireStruct):
    """A content as it is sent.

    struct {
        uint8 version = 1;
        opaque id[16];
        uint64 counter;
        uint64 sent_at;
        uint32 expires_after;
        uint8 kept;
        uint8 type;
        opaque body<V>;
    } ContentFrame;

    ``type`` says which struct ``body`` is the encoding of: 1 Text, 2 Reaction, 3 Attachment,
    4 Data, 128 NewDoor, 129 Recovery, 130 Parting.
    """

    secret: ClassVar[bool] = True

    version: uint8
    id: MessageId
    counter: uint64
    sent_at: uint64
    expires_after: uint32
    kept: uint8
    type: uint8
    body: opaque


class Content(Unshown, frozen=True):
    """The application data of a message.

    Attributes:
        version: 1.
        id: Its name (16 bytes, see :func:`new_id`); the same however often it is sent.
        counter: Which of its sender's contents in this group it is, from 0.
        sent_at: When it was said, in seconds since the epoch, by the sender's clock.
        expires_after: Seconds after which it disappears, for each client from when it came in, or
            was said by it; 0 is never.
        kept: 1 when it belongs into the history, 0 when it is ephemeral.
        body: What is said.
    """

    version: int
    id: bytes
    counter: int
    sent_at: int
    expires_after: int
    kept: int
    body: Body

    def __repr__(self) -> str:
        return f"{type(self).__name__}({kind_of(self.body)!r}, …)"


def new_id(sender: bytes, random: bytes) -> bytes:
    """The id of a content.

    It is bound to its sender: else somebody could say something under an id that another one has
    used, and whoever hears that first would not take the other one's content in any more.

    Args:
        sender: The identity of who says it.
        random: 8 random bytes.
    """
    named = len(sender).to_bytes(8) + sender + random
    return random + sha256(_ID_LABEL + named).digest()[: _ID_LENGTH - RANDOM]


def is_by(content: Content, sender: bytes) -> bool:
    """Whether somebody can have made the id of a content."""
    return content.id == new_id(sender, content.id[:RANDOM])


def framed(content: Content) -> bytes:
    """The content as application data, whether or not it is one that can be said."""
    body = content.body
    kind, encoded = (
        (body.type, body.body) if isinstance(body, Unknown) else (body.tag, body.encode())
    )
    return ContentFrame(
        content.version,
        content.id,
        content.counter,
        content.sent_at,
        content.expires_after,
        content.kept,
        kind,
        encoded,
    ).encode()


def encode(content: Content) -> bytes:
    """The content as application data, to be said.

    Raises:
        ValueError: It is too long for a message, or a field of it for its place.
    """
    _check(content.body)
    frame = framed(content)
    size = _size(frame, content.body)
    if size > MOST:
        msg = (
            f"this takes {size} bytes, and a message at most {MOST}: "
            "send what is long as an attachment"
        )
        raise ValueError(msg)
    return frame


def _size(frame: bytes, body: Body) -> int:
    """Bytes of a content, with room left so that it can also be said as an answer."""
    answers = isinstance(body, Text | Attachment) and not body.about
    return len(frame) + (_ID_LENGTH if answers else 0)


def decode(data: bytes) -> Content:
    """The content in application data: one that :func:`encode` makes.

    Raises:
        DecodeError: It is none, or too long for one, or holds text that is not UTF-8.
        UnsupportedError: It is of a later version.
    """
    if data[:1] and data[0] != VERSION:
        msg = f"the content is of version {data[0]}, and only {VERSION} is known: update covey"
        raise UnsupportedError(msg)
    frame = ContentFrame.decode(data)
    if frame.kept > 1:
        msg = f"kept is 0 or 1, not {frame.kept}"
        raise DecodeError(msg)
    body = _body(frame.type, frame.body)
    size = _size(data, body)
    if size > MOST:
        msg = f"it takes {size} bytes, and a message at most {MOST}"
        raise DecodeError(msg)
    return Content(
        frame.version,
        frame.id,
        frame.counter,
        frame.sent_at,
        frame.expires_after,
        frame.kept,
        body,
    )


def belongs(content: Content) -> bool:
    """Whether a content belongs into the history."""
    return content.kept == 1 and not isinstance(content.body, CONTROL)


def kind_of(body: Body) -> str:
    """What a history calls it: text, reply, reaction, attachment, or a content type."""
    match body:
        case Text(about=about):
            return "reply" if about else "text"
        case Data(content_type=content_type):
            return content_type.decode()
    return type(body).__name__.lower()


def text_of(body: Body) -> str:
    """What can be read and searched: a text, the name of a file, a sign; empty for bytes."""
    match body:
        case Text(text=said) | Reaction(emoji=said) | Attachment(name=said):
            return said.decode()
    return ""


def about_of(body: Body) -> bytes:
    """The id of the message that it is about; empty when it is about none."""
    return body.about if isinstance(body, Text | Reaction | Attachment) else b""


def _body(kind: int, encoded: bytes) -> Body:
    struct = _KINDS.get(kind)
    if struct is None:
        return Unknown(kind, encoded)
    body = struct.decode(encoded)
    _check(body)
    return body


def _check(body: Body) -> None:
    """Refuse what no client says.

    Raises:
        DecodeError: Words are not UTF-8, a content type is none, or an id has another length.
    """
    _check_words(body)
    if len(about_of(body)) not in {0, _ID_LENGTH}:
        msg = f"the id of a message has {_ID_LENGTH} bytes, not {len(about_of(body))}"
        raise DecodeError(msg)
    if isinstance(body, Reaction) and body.withdrawn > 1:
        msg = f"withdrawn is 0 or 1, not {body.withdrawn}"
        raise DecodeError(msg)
    if isinstance(body, Data) and b"/" not in body.content_type:
        msg = f"a content type has a slash in it, as in text/plain: {body.content_type.decode()!r}"
        raise DecodeError(msg)


def _check_words(body: Body) -> None:
    """Refuse what is to be read by people and is not UTF-8."""
    words: tuple[bytes, ...] = ()
    match body:
        case Text(text=said) | Reaction(emoji=said) | Data(content_type=said):
            words = (said,)
        case Attachment(name=name, media_type=media_type):
            words = (name, media_type)
    for each in words:
        try:
            each.decode()
        except UnicodeDecodeError:
            msg = f"{type(body).__name__} holds text that is not UTF-8"
            raise DecodeError(msg) from None
