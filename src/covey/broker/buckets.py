"""How much may be asked for, and how often: token buckets, kept in memory only.

May import nothing of covey. Pure but for its table: the time is a parameter. A bucket begins
full and fills again evenly; what it is for is in its name, and whose it is in its key, of
which a keyed hash is kept: what lies in memory is no list of groups or accounts. Memory is
bounded, for each name by itself, so that a flood of one kind forgets nothing of another.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEPT: Final = 65_536  # buckets of a name; each takes about 200 bytes
_HASH: Final = 16  # bytes
_ROUNDING: Final = 1e-6  # seconds; what floats lose must not make a full bucket refuse


class Bucket(StrEnum):
    """What is counted, and whose count it is."""

    creations = "creations"
    """Groups created, by the prefix of an address."""
    enrolments = "enrolments"
    """Accounts begun, by the prefix of an address."""
    claims_of_target = "claims_of_target"
    """KeyPackages claimed, by the account whose they are."""
    claims_by_caller = "claims_by_caller"
    """KeyPackages claimed, by the account that claims."""
    inboxes = "inboxes"
    """Inboxes begun, by the account that asks."""
    shelvings = "shelvings"
    """KeyPackages laid on shelves, by the account that does."""
    claims_of_pair = "claims_of_pair"
    """KeyPackages claimed of one account by another."""
    attempts = "attempts"
    """What anybody asks of inboxes and groups without a proof, by the network."""
    expectations = "expectations"
    """KeyPackages that an inbox expects pointers for, by the inbox."""
    postings = "postings"
    """Pointers and notes that were taken, by the inbox."""
    appends = "appends"
    """Entries that were taken, by the gid."""
    log_bytes = "log_bytes"
    """Bytes of entries, parcels and pointer lists that were taken, by the gid."""
    appends_of_epoch = "appends_of_epoch"
    """Appends that were asked for, taken or not, by the gid and the epoch they are signed for."""
    knocks = "knocks"
    """Knocks that were taken, by the gid."""
    blob_bytes = "blob_bytes"
    """Bytes of blobs begun, by the gid."""


class Rate(NamedTuple):
    """How large a bucket is, and how fast it fills.

    Attributes:
        amount: What it holds when it is full.
        seconds: In how many seconds an empty one is full again.
    """

    amount: int
    seconds: int


class Spending(NamedTuple):
    """Something to be taken out of a bucket.

    Attributes:
        name: The kind of bucket.
        key: Whose bucket.
        amount: How much; more than 0.
    """

    name: Bucket
    key: bytes
    amount: int = 1


class Buckets:
    """The buckets of one process.

    Of a bucket only one number is kept: when it will be full. What is not in the table is
    full, so one that has filled up can be forgotten; when there are too many, the one that
    was used longest ago is.

    Args:
        rates: The rate of every name.
        kept: How many buckets of each name are kept.
        secret: What keys are hashed with; random by default.
    """

    def __init__(
        self, rates: Mapping[Bucket, Rate], *, kept: int = _KEPT, secret: bytes | None = None
    ) -> None:
        self._rates = {name: rates[name] for name in Bucket}
        self._kept = kept
        self._secret = secrets.token_bytes(32) if secret is None else secret
        self._full_at: dict[Bucket, OrderedDict[bytes, float]] = {
            name: OrderedDict() for name in Bucket
        }

    def wait(self, spendings: Sequence[Spending], now: float) -> float:
        """Look whether an amount can be taken out of each of several buckets; take nothing.

        An amount that is larger than its bucket can be taken when that is full.

        Args:
            spendings: What to look for; no two of them in the same bucket.
            now: Seconds of a clock that only goes forward.

        Returns:
            0 when all are there, otherwise seconds until they are, if nobody else takes them.
        """
        asked = [(name, self._hashed(name, key), amount) for name, key, amount in spendings]
        return max((self._wait(*each, now) for each in asked), default=0.0)

    def charge(self, spendings: Sequence[Spending], now: float) -> None:
        """Take an amount out of each of several buckets, even if it is not there yet.

        The bucket then takes the longer to fill again.

        Args:
            spendings: What to take.
            now: Seconds of a clock that only goes forward.
        """
        for name, key, amount in spendings:
            self._take(name, self._hashed(name, key), amount, now)

    def spend(self, spendings: Sequence[Spending], now: float) -> float:
        """Take an amount out of each of several buckets, or nothing out of any.

        Args:
            spendings: As for :meth:`wait`.
            now: Seconds of a clock that only goes forward.

        Returns:
            0 when all were taken, otherwise as :meth:`wait`.
        """
        wait = self.wait(spendings, now)
        if not wait:
            self.charge(spendings, now)
        return wait

    def __len__(self) -> int:
        return sum(map(len, self._full_at.values()))

    def _wait(self, name: Bucket, key: bytes, amount: int, now: float) -> float:
        """Seconds until an amount can be taken."""
        rate = self._rates[name]
        empty = max(self._full_at[name].get(key, now) - now, 0.0)  # seconds until it is full
        room = rate.seconds * (1 - min(amount, rate.amount) / rate.amount)
        wait = empty - room
        return wait if wait > _ROUNDING else 0.0

    def _take(self, name: Bucket, key: bytes, amount: int, now: float) -> None:
        table, rate = self._full_at[name], self._rates[name]
        table[key] = max(table.get(key, now), now) + amount * rate.seconds / rate.amount
        table.move_to_end(key)
        while len(table) > self._kept or (table and next(iter(table.values())) <= now):
            table.popitem(last=False)

    def _hashed(self, name: Bucket, key: bytes) -> bytes:
        return hashlib.blake2b(
            key, digest_size=_HASH, key=self._secret, person=name.encode()
        ).digest()
