"""Verifies epochs, envelopes, the chain and its heads. May import all of :mod:`covey.access`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access import chain
from covey.access import heads as signed_heads
from covey.access.member import envelopes
from covey.access.member.epochs import LABEL, EpochAccess
from covey.access.structs.heads import Head, Position, SignedHead
from covey.access.structs.log import Create, Entry
from covey.access.structs.sealed import EpochContext, Purpose
from covey.lab.conformance.case import CaseError, ensure
from covey.mls.schedule import exporter

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case


def epochs(case: Case) -> None:
    """The keys of an epoch follow from its exporter_secret."""
    suite, secret = case.suite(), case.octets("exporter_secret")
    broker_id, gid, epoch = case.octets("broker_id"), case.octets("gid"), case.number("epoch")

    def export(label: str, context: bytes, length: int) -> bytes:
        return exporter.export(suite, secret, label, context, length)

    context = EpochContext(broker_id, gid, epoch).encode()
    case.expect("epoch_context", context)
    case.expect("s_n", export(LABEL, context, 32))
    access = EpochAccess.derive(export, broker_id, gid, epoch)
    for name in ("signing_key", "access_key", "envelope_key", "idem_key"):
        case.expect(name, getattr(access, name))
    for each in case.parts("idems"):
        named = (each.number("content_type"), each.number("leaf"), each.number("generation"))
        each.expect("idem", access.idem(*named))


def sealed(case: Case) -> None:
    """The envelope holds that message, and is sealed so with that salt."""
    broker_id, gid, epoch = case.octets("broker_id"), case.octets("gid"), case.number("epoch")
    access = EpochAccess(broker_id, gid, epoch, b"", b"", case.octets("envelope_key"), b"")
    number = case.number("purpose")
    if number not in set(Purpose):
        msg = f"there is no purpose {number}"
        raise CaseError(msg)
    purpose, idem, salt = Purpose(number), case.octets("idem"), case.octets("salt")
    envelope = case.octets("envelope")
    case.expect("message", envelopes.unseal(access, purpose, idem, envelope))
    message = case.octets("message")
    made = envelopes.seal(access, purpose, idem, message, lambda _: salt)
    case.expect("envelope", made)
    case.expect("size", len(made))


def chains(case: Case) -> None:
    """Each entry leads to its hash."""
    request = Create.decode(case.octets("create"))
    position = chain.start(request)
    case.expect("start", position.hash)
    for each in case.parts("entries"):
        entry = Entry.decode(each.octets("entry"))
        position = chain.follow(position, request.gid, [entry])
        each.expect("hash", position.hash)


def heads(case: Case) -> None:
    """The head is signed by a key that the broker's certifies."""
    seed, head_seed = case.octets("broker_private"), case.octets("head_private")
    signer = signed_heads.HeadSigner(seed, case.number("not_after"), lambda _: head_seed)
    case.expect("broker_id", signer.broker_id)
    position = Position(case.number("seq"), case.octets("hash"))
    gid, incarnation = case.octets("gid"), case.octets("incarnation")
    case.expect("signed_head", signer.sign(gid, position, incarnation).encode())
    given = SignedHead.decode(case.octets("signed_head"))
    head = signed_heads.verify(given, case.octets("broker_id"))
    ensure(head == Head(incarnation, gid, position), "the head says something else")
