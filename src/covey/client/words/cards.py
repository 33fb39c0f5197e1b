"""Joining without an account: a card says who wants in, an invitation lets it in; and links.

May import the protocol. Either is a text that survives mail and chat: a heading, base64, and a
checksum; what is quoted, wrapped or written around it does no harm. The same fits into a QR code,
where it is short enough. A card holds public keys only. An invitation is sealed to the card that
it answers: whoever else reads it learns at which broker the group is, and no more.
"""

from __future__ import annotations

import binascii
import re
from base64 import b32decode, b32encode, b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn
from urllib.parse import urlsplit

from covey.access.member import links
from covey.access.structs.basics import BrokerId
from covey.access.structs.log import Parcel
from covey.access.structs.sealed import SealedPointer
from covey.client.words.showing import name_of
from covey.errors import DecodeError, UnsupportedError
from covey.mls.group.identity import identity
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint8

if TYPE_CHECKING:
    from covey.access.structs.sealed import Link

VERSION: Final = 1

_WIDTH: Final = 64
_TRIES: Final = 16
"""How many headings of a text are tried, from its last one on."""

_SUM_LENGTH: Final = 4
_HEADING: Final = re.compile(r"covey\s+(card|invitation)\b", re.IGNORECASE)
_END: Final = re.compile(r"covey\s+end\s+([0-9a-f]{8})\b", re.IGNORECASE)
_SCANNED: Final = re.compile(r"covey:([ci]):([a-z2-7]+)", re.IGNORECASE)
_AROUND: Final = re.compile(r"[\s>|\u200b\u2060\ufeff]+")
"""What mail programs and messengers put in front of lines, and into long words."""


class Card(WireStruct):
    """Who wants in, to be handed to a member.

    struct {
        uint8 version = 1;
        opaque key_package<V>;
    } Card;

    ``key_package`` is an MLSMessage.
    """

    version: uint8
    key_package: opaque


class Invitation(WireStruct):
    """What lets the owner of a card in.

    struct {
        uint8 version = 1;
        opaque broker_id[32];
        opaque url<V>;
        opaque reference<V>;
        opaque pointer<V>;
        Parcel parcels<V>;
    } Invitation;

    ``reference`` is the KeyPackageRef of the card, ``pointer`` a SealedPointer. The parcels are
    none when they are to be fetched from the broker at ``url``.
    """

    version: uint8
    broker_id: BrokerId
    url: opaque
    reference: opaque
    pointer: opaque
    parcels: tuple[Parcel, ...]


Paper = Card | Invitation
"""What is handed over."""

_KINDS: Final[dict[str, type[Card | Invitation]]] = {"card": Card, "invitation": Invitation}


class CardAnswer(NamedTuple):
    """What has come of a card.

    Attributes:
        name: Who it says that it is of; nobody else vouches for that.
        invitation: The text that lets its owner in.
    """

    name: str
    invitation: str


class InviteLink(NamedTuple):
    """What an invite link says.

    Attributes:
        url: Where the broker is.
        link: The group, and the seed of the capability to knock with.
    """

    url: str
    link: Link


def name_on(card: Card) -> str:
    """Who a card says that it is of, as it may be printed: anybody can write any name on it.

    Raises:
        DecodeError: It holds no KeyPackage.
    """
    package = MLSMessage.decode(card.key_package).message
    if not isinstance(package, KeyPackage):
        _refuse("the card holds something else than a KeyPackage")
    return name_of(identity(package.leaf_node.credential))


def to_text(paper: Paper) -> str:
    """A card or an invitation as a text of several lines."""
    kind, data = _name(paper), paper.encode()
    encoded = b64encode(data).decode()
    lines = [encoded[each : each + _WIDTH] for each in range(0, len(encoded), _WIDTH)]
    return "\n".join((f"covey {kind}", *lines, f"covey end {_checksum(kind, data).hex()}", ""))


def to_qr(paper: Paper) -> str:
    """A card or an invitation as one line for a QR code, of characters that take little room."""
    kind, data = _name(paper), paper.encode()
    encoded = b32encode(data + _checksum(kind, data)).rstrip(b"=").decode()
    return f"COVEY:{kind[0].upper()}:{encoded}"


def from_text(text: str) -> Paper:
    """The card or the invitation in a text, or in what was read from a QR code.

    Raises:
        DecodeError: There is none in it, or some of it is missing or changed.
        UnsupportedError: It is of a later version.
    """
    scanned = _SCANNED.fullmatch(_AROUND.sub("", text))
    if scanned is not None:
        return _scanned(*scanned.groups())
    ends = list(_END.finditer(text))
    if not ends:
        if _HEADING.search(text):
            _refuse("the end is missing: copy it again, down to the line 'covey end …'")
        _refuse("there is no covey card or invitation in this text")
    end = ends[-1]
    problem = (
        "the heading is missing: copy it again, from the line 'covey card' or 'covey invitation'"
    )
    headings = list(_HEADING.finditer(text, 0, end.start()))
    for heading in headings[: -_TRIES - 1 : -1]:
        kind = heading.group(1).lower()
        data = _unwrapped(text[heading.end() : end.start()])
        if data is not None and _checksum(kind, data).hex() == end.group(1).lower():
            return _read(kind, data)
        problem = f"the {kind} is not complete, or was changed on its way: copy it again"
    raise DecodeError(problem)


def parse(text: str) -> Invitation | InviteLink:
    """What lets somebody in: an invitation, or an invite link.

    Raises:
        DecodeError: It is neither, or not all of it.
        UnsupportedError: It is of a later version.
    """
    begins = text.strip().lower()
    if _HEADING.search(text) or _END.search(text) or begins.startswith(("covey:c:", "covey:i:")):
        paper = from_text(text)
        if isinstance(paper, Card):
            _refuse("this is a card, and no invitation: give it to a member of the group")
        return paper
    if "#" not in text and not begins.startswith("covey:"):
        _refuse("this is no covey link or invitation: copy all of it")
    return parse_link(text)


def link_text(url: str, fragment: str) -> str:
    """An invite link, for people to send to each other.

    Args:
        url: Where the broker is.
        fragment: Of ``covey.access.member.links.encode``.

    Raises:
        DecodeError: The URL is none of a broker.
    """
    return f"covey:{_broker_url(url)}#{fragment}"


def parse_link(text: str) -> InviteLink:
    """What an invite link says, with or without ``covey:`` in front.

    Raises:
        DecodeError: It is none; some of it may be missing.
        UnsupportedError: It is of a later version.
    """
    joined = _AROUND.sub("", text)
    before, hash_mark, fragment = joined.partition("#")
    if not hash_mark:
        _refuse("the link has no # in it: copy all of it")
    url = before[len("covey:") :] if before.lower().startswith("covey:") else before
    return InviteLink(_broker_url(url), links.decode(fragment))


def _name(paper: Paper) -> str:
    return "card" if isinstance(paper, Card) else "invitation"


def _checksum(kind: str, data: bytes) -> bytes:
    return sha256(kind.encode() + b"\n" + data).digest()[:_SUM_LENGTH]


def _unwrapped(body: str) -> bytes | None:
    try:
        return b64decode(_AROUND.sub("", body), validate=True)
    except (binascii.Error, ValueError):
        return None


def _scanned(letter: str, encoded: str) -> Paper:
    kind = "card" if letter in "cC" else "invitation"
    try:
        whole = b32decode(encoded + "=" * (-len(encoded) % 8), casefold=True)
    except binascii.Error:
        whole = b""
    data, checksum = whole[:-_SUM_LENGTH], whole[-_SUM_LENGTH:]
    if _checksum(kind, data) != checksum:
        _refuse(f"the {kind} is not complete: scan it again")
    return _read(kind, data)


def _read(kind: str, data: bytes) -> Paper:
    if data[:1] and data[0] != VERSION:
        msg = f"the {kind} is of version {data[0]}, and only {VERSION} is known: update covey"
        raise UnsupportedError(msg)
    paper = _KINDS[kind].decode(data)
    if isinstance(paper, Card):
        if not isinstance(MLSMessage.decode(paper.key_package).message, KeyPackage):
            _refuse("the card holds something else than a KeyPackage")
        return paper
    SealedPointer.decode(paper.pointer)
    try:
        _broker_url(paper.url.decode())
    except UnicodeDecodeError:
        _refuse("the invitation's URL is not UTF-8")
    return paper


def _broker_url(url: str) -> str:
    """A URL at which a broker may be: of the web, without a name or a password in it."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises when it is no number
    except ValueError:
        _refuse("the link holds no URL: copy all of it")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        _refuse("the link leads to no broker: it has to be https://… or http://…")
    if "#" in url or _AROUND.search(url) or not (url.isascii() and url.isprintable()):
        _refuse("the URL of a broker is of plain characters, without # and spaces")
    return url


def _refuse(sentence: str) -> NoReturn:
    raise DecodeError(sentence)
