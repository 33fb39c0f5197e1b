"""What the operations of a broker stand on. May import ports and settings."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from covey.access.refusals import Code, refused
from covey.broker.hours import hour_of
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.access.heads import HeadSigner
    from covey.access.structs.heads import Position, SignedHead
    from covey.access.tickets import Mint
    from covey.broker.blobs.port import Blobs
    from covey.broker.buckets import Buckets, Spending
    from covey.broker.config import Config, Limits
    from covey.broker.connections import Connection
    from covey.broker.enrolment.oidc import Verifier
    from covey.broker.metrics import Metrics
    from covey.broker.stores.port import Store


class Clock(NamedTuple):
    """Two clocks.

    Attributes:
        now: Seconds since the epoch.
        steady: Seconds that only go forward.
    """

    now: Callable[[], float]
    steady: Callable[[], float]

    @property
    def hour(self) -> int:
        """The hour, counted from the epoch."""
        return hour_of(self.now())


class Ports(NamedTuple):
    """What a broker has.

    Attributes:
        config: How it runs.
        store: Where rows are kept.
        blobs: Where attachments are kept; None when they are not offered.
        signer: Signs heads.
        incarnation: What the store is a copy of (16 bytes).
        mint: Makes tickets.
        buckets: How often something may be asked for.
        clock: The time.
        metrics: Counts.
        issuer: Verifies ID tokens; None when accounts need none.
    """

    config: Config
    store: Store
    blobs: Blobs | None
    signer: HeadSigner
    incarnation: bytes
    mint: Mint
    buckets: Buckets
    clock: Clock
    metrics: Metrics
    issuer: Verifier | None

    @property
    def limits(self) -> Limits:
        """How large, and how many."""
        return self.config.limits

    @property
    def broker_id(self) -> bytes:
        """Who the broker is (32 bytes)."""
        return self.signer.broker_id

    def wait(self, *spendings: Spending) -> float:
        """Seconds until something can be afforded; 0 when it can be now. Takes nothing."""
        return self.buckets.wait(spendings, self.clock.steady())

    def charge(self, *spendings: Spending) -> None:
        """Count what was taken, whether it could be afforded or not."""
        self.buckets.charge(spendings, self.clock.steady())

    def spend(self, *spendings: Spending) -> None:
        """Count what is asked for.

        Raises:
            BrokerError: ``over_quota``.
        """
        wait = self.buckets.spend(spendings, self.clock.steady())
        if wait > 0:
            error = refused(Code.over_quota)
            error.retry_after = wait
            raise error

    def head(self, gid: bytes, position: Position) -> SignedHead:
        """Sign a place in a log."""
        return self.signer.sign(gid, position, self.incarnation)


@contextmanager
def over_quota_until(seconds: float) -> Iterator[None]:
    """Let a refusal for want of quota say when to come back."""
    try:
        yield
    except BrokerError as error:
        if error.code == Code.over_quota:
            error.retry_after = seconds
        raise


class Caller(NamedTuple):
    """Who asks.

    Attributes:
        connection: On which connection.
        device: The key of the device whose token came along; None when none did.
    """

    connection: Connection
    device: bytes | None = None
