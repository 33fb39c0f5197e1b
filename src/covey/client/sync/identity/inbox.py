"""One's own inbox: read over a connection, and with a key, that nothing else shares.

May import the effects, the protocol and the settings. Whoever waits for something new has a
connection for that alone, since it would keep the rest waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member import accounts
from covey.access.member.pointers import open_pointer
from covey.access.signing import public_key
from covey.access.structs.basics import Nothing
from covey.access.structs.extensions import InboxAddress
from covey.access.structs.joining import (
    MOST_TAKEN,
    EntryDigest,
    Expect,
    ExpectedPointer,
    Fetch,
    Fetched,
)
from covey.client.sync.effects import Lane, Use
from covey.client.sync.identity.proving import Prover
from covey.errors import AuthenticationError, DecodeError
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.access.structs.basics import Fresh
    from covey.access.structs.joining import InboxEntry
    from covey.access.structs.sealed import Pointer
    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.device import Device
    from covey.mls import PrivateKeyPackage
    from covey.store.port import Rows

_TAKEN: Final = "inbox taken"
"""The setting that names what was taken out, and not dropped yet: digests, one after the other.

They say what an entry is, and not which one it was: a broker that was restored counts anew.
"""

_DIGEST: Final = 32  # bytes

_HOUR: Final = 3600

_TELLING: Final = b"telling"  # names the connection over which the inbox is set up

_LAST_RESORT: Final = 1000
"""How many pointers are expected for a KeyPackage of last resort: as many as can be."""


class Inbox:
    """An inbox.

    Args:
        broker_id: The broker's, as it was pinned.
        seed: Its reader's private key (32 bytes), not the device's.
        inbox_id: Its name (32 random bytes).

    Attributes:
        seed: Its reader's private key.
        address: Where it is, for KeyPackages.
        lane: The connection over which it is read.
        taken: What was taken out, and not dropped yet; the oldest first.
    """

    def __init__(self, broker_id: bytes, seed: bytes, inbox_id: bytes) -> None:
        self.seed: bytes = seed
        self.address: InboxAddress = InboxAddress(broker_id, inbox_id)
        self.lane: Lane = Lane(Use.inbox, inbox_id)
        self.taken: tuple[EntryDigest, ...] = ()
        self._waiting = Prover(self.lane, self._proof)
        self._telling = Prover(Lane(Use.inbox, inbox_id + _TELLING), self._proof)

    def __repr__(self) -> str:
        return f"Inbox({self.address.inbox.hex()})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("address", self.address)]

    def _proof(self, nonce: bytes) -> Fresh:
        address = self.address
        return accounts.prove_inbox(self.seed, address.broker_id, address.inbox, nonce)

    def begin(self, device: Device) -> Flow[None]:
        """Let a device create it; the broker keeps nowhere which one it was."""
        yield from device.create_inbox(self.address.inbox, public_key(self.seed))

    def fetch(self, wait: int = 0) -> Flow[tuple[InboxEntry, ...]]:
        """What waits there, without what was taken out, which is dropped.

        What was named, and is not in the answer, need not be named any more.

        Args:
            wait: How long to wait for something, in milliseconds.
        """
        inbox, named = self.address.inbox, self.taken[:MOST_TAKEN]
        fetched = yield from self._waiting.ask(
            "fetch", lambda proof: Fetch(inbox, named, wait, proof), Fetched
        )
        self._waiting.keep(fetched.ticket)
        left = {each.digest for each in fetched.entries}
        self.taken = tuple(each for each in self.taken if each not in named or each in left)
        return tuple(each for each in fetched.entries if each.digest not in self.taken)

    def take_out(self, entry: InboxEntry) -> None:
        """Remember that an entry is dealt with; the next fetch drops it."""
        if entry.digest not in self.taken:
            self.taken = (*self.taken, entry.digest)

    def expect(self, packages: Iterable[PrivateKeyPackage]) -> Flow[None]:
        """Let pointers be left for KeyPackages that nobody claims at the broker.

        Args:
            packages: Those that are put on a shelf, or given to somebody.
        """
        expected = tuple(
            ExpectedPointer(
                each.reference, lifetime.not_after // _HOUR, _LAST_RESORT if each.last_resort else 1
            )
            for each in packages
            if (lifetime := each.package.leaf_node.lifetime) is not None
        )
        inbox = self.address.inbox
        yield from self._telling.ask(
            "expect", lambda proof: Expect(inbox, proof, expected), Nothing
        )

    def opened(
        self, entry: InboxEntry, packages: Iterable[PrivateKeyPackage]
    ) -> tuple[PrivateKeyPackage, Pointer] | None:
        """The pointer in an entry, and for which of our KeyPackages it is.

        Args:
            entry: A pointer.
            packages: Our KeyPackages that may have been claimed.

        Returns:
            None when it is for none of them; anybody who claimed one can leave anything.
        """
        for package in packages:
            try:
                return package, open_pointer(package, self.address, entry.body)
            except (AuthenticationError, DecodeError):
                continue
        return None


def taken(rows: Rows) -> tuple[EntryDigest, ...]:
    """What was taken out, by whichever process, and may not be dropped yet; the oldest first."""
    kept = settings.get(rows, _TAKEN) or b""
    return tuple(EntryDigest(kept[at : at + _DIGEST]) for at in range(0, len(kept), _DIGEST))


def keep_taken(
    rows: Rows, *, more: Iterable[EntryDigest] = (), dropped: Iterable[EntryDigest] = ()
) -> None:
    """Keep that some more was taken out, or that some of it need not be named any more."""
    known, gone = taken(rows), frozenset(dropped)
    left = [each for each in dict.fromkeys((*known, *more)) if each not in gone]
    settings.put(rows, _TAKEN, b"".join(each.digest for each in left))
