"""What proposals by value are described with (RFC 9420 §12.1); imports the generated messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.interop.proto import mls_client_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from covey.lab.interop.play.actor import Actor

EXTENSIONS: Final = b"groupContextExtensions"
"""How the service calls that type of proposal."""


class Psk:
    """An external PSK (§8.4)."""

    def __init__(self, random: Random) -> None:
        self.id: bytes = random.randbytes(32)
        self.secret: bytes = random.randbytes(32)


def add(key_package: bytes) -> pb.ProposalDescription:
    """An Add by value (§12.1.1)."""
    return pb.ProposalDescription(proposal_type=b"add", key_package=key_package)


def remove(removed: Actor) -> pb.ProposalDescription:
    """A Remove by value (§12.1.3)."""
    return pb.ProposalDescription(proposal_type=b"remove", removed_id=removed.identity)


def external_psk(psk: Psk) -> pb.ProposalDescription:
    """An external PSK by value (§12.1.4)."""
    return pb.ProposalDescription(proposal_type=b"externalPSK", psk_id=psk.id)


def resumption_psk(epoch: int) -> pb.ProposalDescription:
    """The resumption PSK of an epoch by value (§12.1.4)."""
    return pb.ProposalDescription(proposal_type=b"resumptionPSK", epoch_id=epoch)


def extensions(*given: pb.Extension) -> pb.ProposalDescription:
    """GroupContextExtensions by value (§12.1.7)."""
    return pb.ProposalDescription(proposal_type=EXTENSIONS, extensions=given)


def reinit(
    suite: int, group_id: bytes, given: Iterable[pb.Extension] = ()
) -> pb.ProposalDescription:
    """A ReInit, which only an external signer can describe (§12.1.5)."""
    return pb.ProposalDescription(
        proposal_type=b"reinit", cipher_suite=suite, group_id=group_id, extensions=given
    )
