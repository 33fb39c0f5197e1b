"""Verifies structs, signatures, handles and links. May import all of :mod:`covey.access`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access import signing
from covey.access.member import links
from covey.access.member.accounts import handle
from covey.access.operations import OPERATIONS
from covey.access.structs.sealed import Link
from covey.errors import DecodeError, UnsupportedError
from covey.lab.conformance.access.fields import fields
from covey.lab.conformance.access.structs import STRUCTS, name_of
from covey.lab.conformance.case import ensure

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case
    from covey.mls.wire.struct import WireStruct


def structs(case: Case) -> None:
    """The encoding holds these fields, and is the only one of them."""
    encoding = case.octets("encoding")
    value = _struct(case.text("struct")).decode(encoding)
    shown = case.part("fields")
    for path, each in fields(value).items():
        shown.expect(path, each)
    ensure(value.replace().encode() == encoding, "the encoding is not canonical")


def signatures(case: Case) -> None:
    """The signature is over that struct, under the label of its operation."""
    label, cls = case.text("label"), _struct(case.text("struct"))
    operation = case.text("operation")
    if operation:
        ensure(operation in OPERATIONS, f"there is no operation {operation}")
        known = OPERATIONS[operation]
        ensure(known.label == label, f"{operation} is signed with the label {known.label!r}")
        ensure(known.request is cls, f"{operation} asks with {name_of(known.request)}")
    content = cls.decode(case.octets("content"))
    seed = case.octets("private_key")
    signature = case.octets("signature")
    case.expect("public_key", signing.public_key(seed))
    case.expect("signed_bytes", signing.signed_bytes(label, content.encode()))
    case.expect("signature", signing.sign(seed, label, content))
    verified = signing.verify(signing.public_key(seed), label, content.encode(), signature)
    ensure(verified, "the signature does not verify")


def handles(case: Case) -> None:
    """The handle is that of the name."""
    case.expect("handle", handle(case.octets("broker_id"), case.text("name")))


def links_(case: Case) -> None:
    """The link says that, however it arrives; what is none is refused."""
    broker_id, gid, suite = (
        case.octets("broker_id"),
        case.octets("gid"),
        case.number("cipher_suite"),
    )
    link = Link(links.VERSION, broker_id, gid, suite, case.octets("seed"))
    case.expect("link", links.encode(link))
    for written in [case.text("link"), *case.texts("same")]:
        ensure(links.decode(written) == link, f"{written!r} is another link")
    for refused in case.texts("refused"):
        ensure(not _is_link(refused), f"{refused!r} is a link, and should be none")


def _is_link(text: str) -> bool:
    try:
        links.decode(text)
    except (DecodeError, UnsupportedError):
        return False
    return True


def _struct(name: str) -> type[WireStruct]:
    ensure(name in STRUCTS, f"there is no struct {name}")
    return STRUCTS[name]
