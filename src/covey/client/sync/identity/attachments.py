"""Attachments: files that are encrypted, carried as blobs, and named in a message.

May import the effects and the protocol. Each goes over a connection of its own, which is hung up
afterwards; one that breaks is taken up where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from covey.access.member.padding import needed, pad, unpad
from covey.access.refusals import Code
from covey.access.structs.blobs import BlobBegun
from covey.client.sync.asking import TRIES, alone, ask, patiently
from covey.client.sync.effects import GetBlob, Pause, PutBlob
from covey.errors import BrokerError, DecodeError, TransportError
from covey.mls.crypto.aead import AES_256_GCM
from covey.mls.group.padding import padme
from covey.mls.wire.struct import Unshown

if TYPE_CHECKING:
    from covey.access.member.epochs import EpochAccess
    from covey.client.sync.effects import Flow, Lane, World

Progress = Callable[[int, int], None]
"""Is told how many bytes are done, and how many there are in all; not always in the same thread."""

PIECE: Final = 1 << 20
"""Bytes that are sent at once."""

MOST: Final = 256 << 20
"""Bytes of a blob that are fetched at most, unless somebody asks for more."""

_ID: Final = 32  # bytes
_PAUSE: Final = 0.5  # seconds; doubled for each further try that got nowhere
_AGAIN: Final = frozenset(
    {Code.stale_proof.value, Code.wrong_offset.value, Code.epoch_passed.value}
)


class Carried(Unshown, frozen=True):
    """Where an attachment is, and how to open it.

    Attributes:
        blob: Its id at the broker (32 bytes).
        key: Opens it (32 bytes).
        size: Bytes of the whole blob, as it lies there.
    """

    blob: bytes
    key: bytes
    size: int

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class _Uploading:
    """A blob on its way.

    Attributes:
        received: How many bytes the broker has.
        failures: How often it got nowhere since it last got on.
    """

    def __init__(self, blob: bytes, sealed: bytes, progress: Progress | None) -> None:
        self.blob = blob
        self.sealed = sealed
        self.received = 0
        self.failures = 0
        self._progress = progress

    def reached(self, received: int) -> None:
        if received > self.received:
            self.failures = 0
        self.received = received
        if self._progress is not None:
            self._progress(received, len(self.sealed))


def attach(
    access: Callable[[], EpochAccess],
    data: bytes,
    world: World,
    *,
    progress: Progress | None = None,
    catch_up: Callable[[], Flow[object]] | None = None,
    piece: int = PIECE,
) -> Flow[Carried]:
    """Encrypt a file and send it to the broker; say where it is afterwards.

    Args:
        access: The keys of the group's epoch as it is now. The group pays for it.
        data: The file.
        world: Randomness.
        progress: Is told how far it is, in bytes of what is sent.
        catch_up: Brings the group up to date, when its epoch has passed. Without it, somebody
            else is waited for who does.
        piece: Bytes that are sent at once; a broker takes no fewer than 64 KiB.

    Raises:
        BrokerError: ``too_large``, ``over_quota``, ``not_offered``, …
        TransportError: The broker does not answer.
    """
    blob, key = world.entropy(_ID), world.entropy(AES_256_GCM.Nk)
    size = padme(needed(data) + AES_256_GCM.Nt)
    plaintext = pad(data, size - AES_256_GCM.Nt)
    sealed = AES_256_GCM.seal(key, bytes(AES_256_GCM.Nn), blob, plaintext)
    uploading = _Uploading(blob, sealed, progress)
    yield from alone(world, lambda lane: _send(lane, access, uploading, catch_up, piece))
    return Carried(blob, key, size)


def _send(
    lane: Lane,
    access: Callable[[], EpochAccess],
    uploading: _Uploading,
    catch_up: Callable[[], Flow[object]] | None,
    piece: int,
) -> Flow[None]:
    """Send a blob, from where it is whenever something gets in between."""
    while True:
        try:
            yield from _send_on(lane, access(), uploading, piece)
        except TransportError:
            if uploading.failures >= TRIES:
                raise
        except BrokerError as error:
            if error.code not in _AGAIN or uploading.failures >= TRIES:
                raise
            if error.code == Code.epoch_passed and catch_up is not None:
                yield from catch_up()
        else:
            return
        yield Pause(_PAUSE * 2.0**uploading.failures)
        uploading.failures += 1


def _send_on(lane: Lane, access: EpochAccess, uploading: _Uploading, piece: int) -> Flow[None]:
    """Begin a blob, or ask how far it is, and send what is missing."""
    blob, sealed = uploading.blob, uploading.sealed
    request = access.begin_blob(blob, len(sealed))
    begun = yield from ask(lane, "begin_blob", request, BlobBegun)
    uploading.reached(begun.received)
    while (received := uploading.received) < len(sealed):
        chunk = sealed[received : received + piece]
        uploading.reached((yield PutBlob(lane, blob, begun.ticket, received, chunk)))
        if uploading.received <= received:
            msg = f"the broker took nothing of the attachment after {received} bytes"
            raise TransportError(msg)


def fetch(carried: Carried, world: World, *, progress: Progress | None = None) -> Flow[bytes]:
    """A file that somebody has attached.

    Args:
        carried: Where it is.
        world: Randomness.
        progress: Is told how far it is, in bytes of what is fetched.

    Raises:
        BrokerError: ``blob_unknown``: it has expired.
        TransportError: The broker does not answer.
        AuthenticationError: The broker hands out something else.
        DecodeError: Who sent it padded it wrongly, or says that it is longer than it is.
    """
    sealed = yield from alone(world, lambda lane: _received(lane, carried, progress))
    nonce = bytes(AES_256_GCM.Nn)
    return unpad(AES_256_GCM.open(carried.key, nonce, carried.blob, sealed))


def _received(lane: Lane, carried: Carried, progress: Progress | None) -> Flow[bytes]:
    """A blob, piece by piece, as large as the broker hands them out."""
    sealed = bytearray()
    while len(sealed) < carried.size:
        try:
            given = yield from patiently(GetBlob(lane, carried.blob, len(sealed)))
        except BrokerError as error:
            if error.code != Code.malformed:
                raise
            given = b""
        if not given:
            msg = (
                f"the attachment ends after {len(sealed)} of the {carried.size} bytes it is to have"
            )
            raise DecodeError(msg)
        sealed += given
        if progress is not None:
            progress(min(len(sealed), carried.size), carried.size)
    return bytes(sealed[: carried.size])
