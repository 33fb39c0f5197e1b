"""The counters: what they say, and that they say nothing of anybody."""

from __future__ import annotations

import re
import socket
import ssl

import httpx
import pytest

from covey.broker.metrics import OTHER, SWEPT, Metrics, served
from covey.errors import TransportError

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # faster than to load all authorities
OPERATIONS = ("append", "read", "claim")
OUTCOMES = ("done", "over_quota")
NAME = re.compile(r"covey_(requests|request_seconds|sockets|entries|swept|store_errors)")
SAMPLE = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def scrape(metrics: Metrics) -> str:
    with served(metrics, "127.0.0.1", 0) as port, httpx.Client(verify=NO_TLS) as client:
        return client.get(f"http://127.0.0.1:{port}/metrics").text


def filled() -> Metrics:
    """Metrics of a broker that was asked for everything, also for what it does not know."""
    metrics = Metrics(OPERATIONS, OUTCOMES)
    for operation in (*OPERATIONS, "0123456789abcdef" * 4, 'x"} 1\ncovey_gid{gid="'):
        for outcome in (*OUTCOMES, "somebody@example.org"):
            metrics.answered(operation, outcome, 0.004)
        metrics.answered(operation, "done")
    metrics.appended(3)
    for kind in (*SWEPT, "192.0.2.1"):
        metrics.swept(kind, 2)
    metrics.store_failed()
    return metrics


def test_no_label_and_no_value_of_one_comes_from_a_request() -> None:
    allowed = {
        "operation": {*OPERATIONS, OTHER},
        "outcome": {*OUTCOMES, OTHER},
        "kind": {*SWEPT, OTHER},
    }
    seen: dict[str, set[str]] = {}
    for line in scrape(filled()).splitlines():
        if line.startswith("#"):
            assert NAME.match(line.split()[2]), line
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert NAME.match(sample["name"]), line
        for label, value in LABEL.findall(sample["labels"] or ""):
            seen.setdefault(label, set()).add(value)
    assert seen.pop("le")  # the bounds of the histogram
    assert seen == allowed


def test_nothing_in_them_is_a_time() -> None:
    text = scrape(filled())
    assert "_created" not in text
    assert all(float(line.rpartition(" ")[2]) < 1e6 for line in text.splitlines() if line[0] != "#")


def test_they_count() -> None:
    metrics = filled()
    with metrics.socket():
        during = scrape(metrics)
    after = scrape(metrics)
    assert 'covey_requests_total{operation="append",outcome="done"} 2.0' in after
    assert 'covey_requests_total{operation="other",outcome="other"} 2.0' in after
    assert 'covey_request_seconds_count{operation="read"} 3.0' in after
    assert "covey_entries_total 3.0" in after
    assert 'covey_swept_total{kind="parcels"} 2.0' in after
    assert "covey_store_errors_total 1.0" in after
    assert "covey_sockets 1.0" in during
    assert "covey_sockets 0.0" in after


def test_two_processes_worth_of_metrics_do_not_mix() -> None:
    one, another = Metrics(OPERATIONS, OUTCOMES), Metrics(OPERATIONS, OUTCOMES)
    one.appended(5)
    assert "covey_entries_total 0.0" in scrape(another)


def test_an_address_that_is_taken_is_refused_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(TransportError, match=f"cannot serve metrics at 127.0.0.1 port {port}"),
            served(Metrics(OPERATIONS, OUTCOMES), "127.0.0.1", port),
        ):
            pass


def test_the_port_is_free_afterwards() -> None:
    metrics = Metrics(OPERATIONS, OUTCOMES)
    with served(metrics, "127.0.0.1", 0) as port:
        pass
    with served(metrics, "127.0.0.1", port) as again:
        assert again == port
