"""Whether somebody may ask: proofs of an epoch, of an inbox, of a device.

May import the ports. The key of an inbox never changes, nor does that of an epoch once a commit
has followed the creation of its log: those that were used last are kept in memory. A log that no
commit follows is thrown away after a day, and its gid is free again, so its key is looked up each
time, a ticket is good for one key only, and what was proved goes along into the transaction,
which compares it once more.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from covey.access import signing
from covey.access.operations import PROVE, PROVE_INBOX
from covey.access.refusals import Code, refused
from covey.access.structs.basics import Fresh, GroupProof, InboxProof, TicketKind
from covey.broker.transactions import inboxes, reading
from covey.broker.transactions.reading import AccessKey, Proven

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from covey.access.structs.basics import ByTicket, Signed
    from covey.broker.operations.ports import Caller, Ports

_KEYS: Final = 8_192  # kept in memory, of 200 bytes each


class Proving:
    """Looks at proofs.

    Args:
        ports: What the broker has.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._keys: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()

    def challenge(self, caller: Caller) -> bytes:
        """A nonce for proofs on this connection."""
        return self._ports.mint.issue(TicketKind.challenge, caller.connection.id)

    def ticket(self, caller: Caller, proven: Proven) -> bytes:
        """A ticket for somebody who has proved an epoch."""
        subject = _subject(proven)
        return self._ports.mint.issue(TicketKind.group, caller.connection.id, subject, proven.epoch)

    def inbox_ticket(self, caller: Caller, inbox: bytes) -> bytes:
        """A ticket for the reader of an inbox."""
        return self._ports.mint.issue(TicketKind.inbox, caller.connection.id, inbox)

    async def signed(self, signed: Signed, label: str, gid: bytes, epoch: int) -> Proven:
        """Let a request through that is signed with the key of its epoch.

        Returns:
            What was proved, for the transaction to compare.

        Raises:
            BrokerError: ``proof_refused``, or that the epoch is not there.
        """
        proven = await self._access_key(gid, epoch)
        if not signing.verify(proven.key, label, signed.request, signed.signature):
            raise refused(Code.proof_refused)
        return proven

    async def group(
        self, caller: Caller, gid: bytes, epoch: int, proof: Fresh | ByTicket
    ) -> Proven:
        """Let through who proves an epoch, by a signature or by a ticket.

        Returns:
            What was proved, for :func:`covey.broker.transactions.reading.proved`.

        Raises:
            BrokerError: ``stale_proof``, ``proof_refused``, or that the epoch is not there.
        """
        if isinstance(proof, Fresh):
            self.require_nonce(caller, proof.nonce)
        proven = await self._access_key(gid, epoch)
        if not isinstance(proof, Fresh):
            self._has_ticket(caller, TicketKind.group, _subject(proven), epoch, proof)
            return proven
        content = GroupProof(self._ports.broker_id, gid, epoch, proof.nonce).encode()
        if not signing.verify(proven.key, PROVE, content, proof.signature):
            raise refused(Code.proof_refused)
        return proven

    async def inbox(self, caller: Caller, inbox: bytes, proof: Fresh | ByTicket) -> None:
        """Let through who proves to read an inbox.

        Raises:
            BrokerError: ``stale_proof``, ``proof_refused`` or ``inbox_unknown``.
        """
        if not isinstance(proof, Fresh):
            self._has_ticket(caller, TicketKind.inbox, inbox, 0, proof)
            return
        self.require_nonce(caller, proof.nonce)
        store = self._ports.store

        async def look() -> AccessKey:
            return AccessKey(await store.read(None, lambda: inboxes.read_key(inbox)), lasting=True)

        key = await self._kept((inbox, -1), look)
        content = InboxProof(self._ports.broker_id, inbox, proof.nonce).encode()
        if not signing.verify(key, PROVE_INBOX, content, proof.signature):
            raise refused(Code.proof_refused)

    def require_nonce(self, caller: Caller, nonce: bytes) -> None:
        """Let through a nonce that was given out on this connection, not too long ago.

        Raises:
            BrokerError: ``stale_proof``.
        """
        if self._ports.mint.read(TicketKind.challenge, caller.connection.id, nonce) is None:
            raise refused(Code.stale_proof)

    def _has_ticket(
        self, caller: Caller, kind: TicketKind, subject: bytes, epoch: int, proof: ByTicket
    ) -> None:
        ticket = self._ports.mint.read(kind, caller.connection.id, proof.ticket)
        if ticket is None or ticket.subject != subject or ticket.epoch != epoch:
            raise refused(Code.stale_proof)

    async def _access_key(self, gid: bytes, epoch: int) -> Proven:
        store = self._ports.store
        key = await self._kept(
            (gid, epoch), lambda: store.read(gid, lambda: reading.access_key(gid, epoch))
        )
        return Proven(gid, epoch, key)

    async def _kept(
        self, name: tuple[bytes, int], look: Callable[[], Awaitable[AccessKey]]
    ) -> bytes:
        known = self._keys.get(name)
        if known is not None:
            self._keys.move_to_end(name)
            return known
        found = await look()
        if found.lasting:
            self._keys[name] = found.key
            if len(self._keys) > _KEYS:
                self._keys.popitem(last=False)
        return found.key


def _subject(proven: Proven) -> bytes:
    """What a ticket names: an epoch by its group and its key, 32 bytes each, hashed."""
    return sha256(proven.gid + proven.key).digest()
