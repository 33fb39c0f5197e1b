"""The group plane: blobs are begun by somebody in an epoch, then sent and read by number.

The gid pays for a blob, and is not kept beside it: who reads one says only its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access.refusals import Code, refused
from covey.access.structs.basics import TicketKind
from covey.access.structs.blobs import BeginBlob, BlobBegun
from covey.broker.blobs.port import BlobExistsError, BlobUnknownError
from covey.broker.buckets import Bucket, Spending
from covey.broker.hours import DAY
from covey.broker.transactions import reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from covey.access.structs.basics import Signed
    from covey.broker.blobs.port import Blobs, State
    from covey.broker.operations.ports import Caller, Ports
    from covey.broker.operations.proving import Proving


class Attachments:
    """The operations on blobs.

    Args:
        ports: What the broker has.
        proving: Looks at proofs.
    """

    def __init__(self, ports: Ports, proving: Proving) -> None:
        self._ports = ports
        self._proving = proving

    async def begin_blob(self, caller: Caller, signed: Signed) -> BlobBegun:
        """Make room for a blob, and give out the ticket to send it with."""
        request = BeginBlob.decode(signed.request)
        blobs = self._blobs()
        if request.broker_id != self._ports.broker_id:
            raise refused(Code.proof_refused)
        proven = await self._proving.signed(signed, "begin blob", request.gid, request.epoch)
        if request.size > self._ports.config.blobs.max_bytes:
            raise refused(Code.too_large)
        if await blobs.received(request.blob) is None:
            gid, epoch = request.gid, request.epoch
            await self._ports.store.read(
                gid, lambda: reading.proved(proven, reading.require_current(gid, epoch))
            )
            self._ports.spend(Spending(Bucket.blob_bytes, gid, max(request.size, 1)))
        expires = self._ports.clock.hour + self._ports.config.blobs.days * DAY
        try:
            state = await blobs.begin(request.blob, request.size, expires)
        except BlobExistsError:
            raise refused(Code.blob_exists) from None
        ticket = self._ports.mint.issue(TicketKind.upload, caller.connection.id, request.blob)
        return BlobBegun(state.offset, ticket)

    def require_ticket(self, caller: Caller, blob: bytes, ticket: bytes) -> None:
        """Let through who has begun this blob on this connection.

        Raises:
            BrokerError: ``stale_proof``.
        """
        found = self._ports.mint.read(TicketKind.upload, caller.connection.id, ticket)
        if found is None or found.subject != blob:
            raise refused(Code.stale_proof)

    async def state(self, blob: bytes) -> State:
        """How far a blob is.

        Raises:
            BrokerError: ``blob_unknown``, also when it has expired.
        """
        state = await self._blobs().received(blob)
        if state is None or state.expires <= self._ports.clock.hour:
            raise refused(Code.blob_unknown)
        return state

    async def append(self, blob: bytes, offset: int, chunk: AsyncIterator[bytes]) -> State:
        """Add bytes at the end of a blob.

        Raises:
            BlobError: The offset or the amount is wrong; it says how far the blob is.
            BrokerError: ``blob_unknown``.
        """
        await self.state(blob)
        try:
            return await self._blobs().append(blob, offset, chunk)
        except BlobUnknownError:
            raise refused(Code.blob_unknown) from None

    async def read(self, blob: bytes, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes of a complete blob; :meth:`state` has been asked before.

        Raises:
            BrokerError: ``blob_unknown``: its time was over in between.
        """
        try:
            async for piece in self._blobs().read(blob, start, stop):
                yield piece
        except BlobUnknownError:
            raise refused(Code.blob_unknown) from None

    def _blobs(self) -> Blobs:
        if self._ports.blobs is None:
            raise refused(Code.not_offered)
        return self._ports.blobs
