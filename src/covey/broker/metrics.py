"""Counters for operators, in Prometheus's format, on a listener of their own.

May import prometheus_client and the kinds of rows. They count kinds and outcomes: no label
names a group, an inbox, an account, a connection or an address, and every value of a label
comes from a list that is known before the first request. Nothing in them has a time.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.registry import Collector

from covey.broker.transactions import sweeping
from covey.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from prometheus_client import Metric

OTHER: Final = "other"
"""The value of a label for what is in no list."""

SWEPT: Final = (*sweeping.SWEPT, "blobs")
"""What a sweep deletes."""

_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0)


class Metrics:
    """The counters of one process.

    Args:
        operations: The names of every operation.
        outcomes: Every outcome of one: ``done``, and the codes of the refusals.
    """

    def __init__(self, operations: Collection[str], outcomes: Collection[str]) -> None:
        self._operations = frozenset(operations)
        self._outcomes = frozenset(outcomes)
        self.registry: CollectorRegistry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "covey_requests", "Requests answered.", ("operation", "outcome"), registry=self.registry
        )
        self._latency = Histogram(
            "covey_request_seconds",
            "Seconds from the request to its answer; those that wait on purpose are not in it.",
            ("operation",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._sockets = Gauge("covey_sockets", "WebSockets that are open.", registry=self.registry)
        self._appended = Counter("covey_entries", "Entries appended.", registry=self.registry)
        self._swept = Counter("covey_swept", "Rows swept.", ("kind",), registry=self.registry)
        self._errors = Counter(
            "covey_store_errors", "Times that the store failed.", registry=self.registry
        )

    def answered(self, operation: str, outcome: str, seconds: float | None = None) -> None:
        """A request was answered.

        Args:
            operation: Its operation; ``other`` is counted for one that is not in the list.
            outcome: What became of it; likewise.
            seconds: How long it took; None when it was meant to wait.
        """
        name = operation if operation in self._operations else OTHER
        self._requests.labels(name, outcome if outcome in self._outcomes else OTHER).inc()
        if seconds is not None:
            self._latency.labels(name).observe(seconds)

    @contextmanager
    def socket(self) -> Iterator[None]:
        """A WebSocket is open for as long as the block lasts."""
        self._sockets.inc()
        try:
            yield
        finally:
            self._sockets.dec()

    def appended(self, entries: int = 1) -> None:
        """Entries were appended to logs."""
        self._appended.inc(entries)

    def swept(self, kind: str, rows: int) -> None:
        """Rows of a kind in :data:`SWEPT` were deleted because their time was over."""
        self._swept.labels(kind if kind in SWEPT else OTHER).inc(rows)

    def store_failed(self) -> None:
        """The store could not be read or written."""
        self._errors.inc()


class _Timeless(Collector):
    """A registry without the times at which its counters began.

    prometheus_client can be told to leave them out only for the whole process.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        for metric in self._registry.collect():
            metric.samples = [
                sample for sample in metric.samples if not sample.name.endswith("_created")
            ]
            yield metric


@contextmanager
def served(metrics: Metrics, host: str, port: int) -> Iterator[int]:
    """Serve the counters over HTTP, from a thread, until the end of the block.

    Args:
        metrics: What to serve.
        host: The address to listen at; a loopback address, unless an operator asked for more.
        port: The port to listen at; 0 for any that is free.

    Yields:
        The port.

    Raises:
        TransportError: The address cannot be listened at.
    """
    try:
        server, thread = start_http_server(port, host, registry=_Timeless(metrics.registry))
    except OSError as error:
        msg = (
            f"cannot serve metrics at {host} port {port}: {error.strerror or error}; "
            "choose another address for metrics.listen, or leave it out"
        )
        raise TransportError(msg) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
