"""Attachments: files that are encrypted, carried as blobs, and named in a message.

May import the protocol and this folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member.padding import needed, pad, unpad
from covey.access.refusals import Code
from covey.access.structs.blobs import BlobBegun
from covey.errors import BrokerError, TransportError
from covey.lab.company.contents import Attachment
from covey.mls.crypto.aead import AES_256_GCM
from covey.mls.crypto.entropy import system_entropy
from covey.mls.group.padding import padme

if TYPE_CHECKING:
    from covey.lab.company.lines import Lines
    from covey.lab.company.seat import Seat

PIECE: Final = 1 << 20
"""Bytes that are sent at once."""

_TRIES: Final = 5
_AGAIN: Final = frozenset({Code.stale_proof.value, Code.wrong_offset.value})


def attach(seat: Seat, data: bytes, name: str = "", *, piece: int = PIECE) -> Attachment:
    """Encrypt a file and send it to the broker; say the Attachment afterwards.

    Args:
        seat: In whose group it is to be read, which pays for it.
        data: The file.
        name: What it is called.
        piece: Bytes that are sent at once; a broker takes no fewer than 64 KiB.

    Raises:
        BrokerError: ``too_large``, ``over_quota``, ``not_offered``, …
        TransportError: The broker does not answer.
    """
    blob, key = system_entropy(32), system_entropy(AES_256_GCM.Nk)
    size = padme(needed(data) + AES_256_GCM.Nt)
    plaintext = pad(data, size - AES_256_GCM.Nt)
    sealed = AES_256_GCM.seal(key, bytes(AES_256_GCM.Nn), blob, plaintext)
    _send(seat, blob, sealed, piece)
    return Attachment(blob, key, name.encode(), size)


def _send(seat: Seat, blob: bytes, sealed: bytes, piece: int) -> None:
    """Send a blob, from where it is whenever something gets in between."""
    for _ in range(_TRIES):
        seat.read()
        line = seat.log.line
        begun = line.ask("begin_blob", seat.log.access.begin_blob(blob, len(sealed)), BlobBegun)
        received = begun.received
        try:
            while received < len(sealed):
                chunk = sealed[received : received + piece]
                received = line.put_blob(blob, begun.ticket, received, chunk)
        except BrokerError as error:
            if error.code not in _AGAIN:
                raise
        else:
            return
    msg = "the broker does not take the attachment: the connection broke again and again"
    raise TransportError(msg)


def fetch(lines: Lines, attachment: Attachment) -> bytes:
    """The file of an Attachment.

    Args:
        lines: Opens a connection for it that names no group.
        attachment: Where it is.

    Raises:
        BrokerError: ``blob_unknown``: it has expired.
        AuthenticationError: The broker hands out something else.
        DecodeError: Who sent it padded it wrongly.
    """
    line = lines.group()
    try:
        sealed = line.get_blob(attachment.blob)
    finally:
        lines.done(line)
    nonce = bytes(AES_256_GCM.Nn)
    return unpad(AES_256_GCM.open(attachment.key, nonce, attachment.blob, sealed))
