"""Epochs, envelopes, the chain and its heads. May import all of :mod:`covey.access`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access import chain, signing
from covey.access.heads import HeadSigner
from covey.access.member import envelopes
from covey.access.member.epochs import LABEL, EpochAccess
from covey.access.structs.basics import Kind
from covey.access.structs.heads import Position
from covey.access.structs.log import Create, Entry
from covey.access.structs.sealed import EpochContext, Purpose
from covey.mls.schedule import exporter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite

_LENGTHS = (0, 1, 203, 204, 205, 1000, 5000, 16_331, 16_332, 16_333)
"""Around the sizes at which an envelope becomes larger, and its headers longer."""

_LONG_COMMIT = 70_000
_YEAR_2033 = 552_000  # in hours since the epoch


def epochs(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """What is derived from the exporter of an epoch."""
    secret, broker_id, gid = entropy(suite.Nh), entropy(32), entropy(32)
    epoch = entropy.below(1 << 32)
    context = EpochContext(broker_id, gid, epoch).encode()

    def export(label: str, context: bytes, length: int) -> bytes:
        return exporter.export(suite, secret, label, context, length)

    access = EpochAccess.derive(export, broker_id, gid, epoch)
    named = [(kind, entropy.below(1 << 20), entropy.below(1 << 16)) for kind in (1, 2, 3)]
    yield {
        "cipher_suite": suite.code,
        "exporter_secret": secret.hex(),
        "broker_id": broker_id.hex(),
        "gid": gid.hex(),
        "epoch": epoch,
        "epoch_context": context.hex(),
        "s_n": export(LABEL, context, 32).hex(),
        "signing_key": access.signing_key.hex(),
        "access_key": access.access_key.hex(),
        "envelope_key": access.envelope_key.hex(),
        "idem_key": access.idem_key.hex(),
        "idems": [
            {
                "content_type": kind,
                "leaf": leaf,
                "generation": generation,
                "idem": access.idem(kind, leaf, generation).hex(),
            }
            for kind, leaf, generation in named
        ],
    }


def always(value: bytes) -> Entropy:
    """Randomness that was drawn before."""
    return lambda _: value


def envelope_of(case: dict[str, bytes], epoch: int) -> EpochAccess:
    """The keys of an epoch of which only that for envelopes is known."""
    return EpochAccess(case["broker_id"], case["gid"], epoch, b"", b"", case["envelope_key"], b"")


def sealed(entropy: Seeded) -> Iterator[Vector]:
    """Envelopes of all purposes, around all sizes."""
    wanted = [(Purpose.other, length) for length in _LENGTHS]
    wanted += [(Purpose.commit, 700), (Purpose.commit, _LONG_COMMIT), (Purpose.pointers, 1500)]
    for purpose, length in wanted:
        values = {name: entropy(32) for name in ("broker_id", "gid", "envelope_key", "salt")}
        idem, message, epoch = entropy(16), entropy(length), entropy.below(1 << 32)
        access = envelope_of(values, epoch)
        made = envelopes.seal(access, purpose, idem, message, always(values["salt"]))
        yield {
            **{name: value.hex() for name, value in values.items()},
            "epoch": epoch,
            "purpose": int(purpose),
            "idem": idem.hex(),
            "message": message.hex(),
            "size": len(made),
            "envelope": made.hex(),
        }


def chains(entropy: Seeded) -> Iterator[Vector]:
    """Logs, with the hash after each entry."""
    for length in (0, 1, 7):
        request = Create(
            entropy(32), entropy(32), entropy.below(1 << 32), signing.public_key(entropy(32)), b""
        )
        position, epoch, entries = chain.start(request), request.epoch, []
        begun = position.hash
        for _ in range(length):
            kind = Kind(1 + entropy.below(2))
            entry = Entry(position.seq + 1, epoch, kind, entropy(16), entropy.some(200))
            position = chain.link(position, request.gid, entry)
            epoch += kind is Kind.commit
            entries.append({"entry": entry.encode().hex(), "hash": position.hash.hex()})
        yield {"create": request.encode().hex(), "start": begun.hex(), "entries": entries}


def heads(entropy: Seeded) -> Iterator[Vector]:
    """Signed heads, with all that signs them."""
    for _ in range(3):
        seed, head_seed, gid, incarnation = entropy(32), entropy(32), entropy(32), entropy(16)
        position = Position(entropy.below(1 << 32), entropy(32))
        signer = HeadSigner(seed, _YEAR_2033, always(head_seed))
        yield {
            "broker_private": seed.hex(),
            "broker_id": signer.broker_id.hex(),
            "head_private": head_seed.hex(),
            "not_after": _YEAR_2033,
            "incarnation": incarnation.hex(),
            "gid": gid.hex(),
            "seq": position.seq,
            "hash": position.hash.hex(),
            "signed_head": signer.sign(gid, position, incarnation).encode().hex(),
        }
