"""Structs, signatures, handles and links: what needs no group.

May import all of :mod:`covey.access`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.access import signing
from covey.access.heads import HEAD, HEAD_KEY
from covey.access.member import links
from covey.access.member.accounts import handle
from covey.access.operations import ADD_DEVICE, OPERATIONS, PROVE, PROVE_INBOX
from covey.access.structs.basics import GroupProof, InboxProof
from covey.access.structs.heads import Head, HeadKey
from covey.access.structs.identity import NewDevice
from covey.access.structs.sealed import Link
from covey.lab.conformance.access.fields import fields, sample
from covey.lab.conformance.access.structs import STRUCTS, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.wire.struct import WireStruct

_SAMPLES = 6  # of each struct: as many as the largest union has arms
_NAMES = ("alice", "alice@example.org", "Zoë", "王小明", "")


def structs(entropy: Seeded) -> Iterator[Vector]:
    """Every struct of the protocol, with anything in it."""
    for name, cls in STRUCTS.items():
        for turn in range(_SAMPLES):
            value = sample(cls, entropy, turn)
            shown = {
                path: each.hex() if isinstance(each, bytes) else each
                for path, each in fields(value).items()
            }
            yield {"struct": name, "fields": shown, "encoding": value.encode().hex()}


class SignedContent(NamedTuple):
    """What is signed: under which label, and by which operation if it is a request."""

    label: str
    content: type[WireStruct]
    operation: str = ""


SIGNED = (
    *(
        SignedContent(each.label, each.request, name)
        for name, each in OPERATIONS.items()
        if each.label
    ),
    SignedContent(PROVE, GroupProof),
    SignedContent(PROVE_INBOX, InboxProof),
    SignedContent(ADD_DEVICE, NewDevice),
    SignedContent(HEAD, Head),
    SignedContent(HEAD_KEY, HeadKey),
)
"""Everything that is signed."""


def signatures(entropy: Seeded) -> Iterator[Vector]:
    """One signature of each kind."""
    for label, cls, operation in SIGNED:
        seed, content = entropy(32), sample(cls, entropy, 1).encode()
        covered = signing.signed_bytes(label, content)
        yield {
            "operation": operation,
            "label": label,
            "struct": name_of(cls),
            "private_key": seed.hex(),
            "public_key": signing.public_key(seed).hex(),
            "content": content.hex(),
            "signed_bytes": covered.hex(),
            "signature": signing.sign(seed, label, cls.decode(content)).hex(),
        }


def handles(entropy: Seeded) -> Iterator[Vector]:
    """Handles of a few names."""
    for name in _NAMES:
        broker_id = entropy(32)
        made = handle(broker_id, name).hex()
        yield {"broker_id": broker_id.hex(), "name": name, "handle": made}


def links_(entropy: Seeded) -> Iterator[Vector]:
    """Links as they are written, as they may arrive, and what is none."""
    for code in range(1, 8):
        link = Link(links.VERSION, entropy(32), entropy(32), code, entropy(32))
        text = links.encode(link)
        middle = 1 + entropy.below(len(text) - 2)
        yield {
            "broker_id": link.broker_id.hex(),
            "gid": link.gid.hex(),
            "cipher_suite": code,
            "seed": link.seed.hex(),
            "link": text,
            "same": [f"#{text}", f" {text}==\n", f"{text[:middle]}\n {text[middle:]}"],
            "refused": [
                text[:-1],
                text[:middle],
                f"{text[:middle]}%{text[middle:]}",
                f"C{text[1:]}",
            ],
        }
