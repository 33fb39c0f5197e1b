"""The broker over HTTP, in a process of its own: every operation, and every kind of bad input."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker_process import LosesAnswers, running_broker
from covey import __version__, mls
from covey.broker import limits
from covey.broker.app import OPERATIONS
from covey.broker.messages import (
    Append,
    Appended,
    Claim,
    Create,
    Deliver,
    EpochClosed,
    Fetch,
    Kind,
    Publish,
    Read,
)
from covey.broker.refusals import REFUSALS, Code
from covey.errors import BrokerError, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from broker_process import RunningBroker
    from covey.lab.demo.broker_client import BrokerClient

SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519


def new_gid(client: BrokerClient) -> bytes:
    gid = os.urandom(32)
    assert client.create(gid, os.urandom(16), 0) == 0
    return gid


def append(
    client: BrokerClient, gid: bytes, epoch: int, kind: Kind, body: bytes
) -> Appended | EpochClosed:
    return client.append(gid, epoch, kind, os.urandom(16), body)


def code_of(answer: httpx.Response) -> str:
    """The code of an error, which is JSON with a sentence and the right status."""
    problem = answer.json()
    assert set(problem) == {"code", "sentence"}
    refusal = REFUSALS[Code(problem["code"])]
    assert (answer.status_code, problem["sentence"]) == (refusal.status, refusal.sentence)
    return str(problem["code"])


# --- what it is for --------------------------------------------------------------------


def test_key_packages_are_claimed_once_then_the_last_resort(client: BrokerClient) -> None:
    member = mls.Member.basic(b"alice", SUITE)
    once, last = member.key_package(), member.key_package(last_resort=True)
    inbox = os.urandom(32)
    assert client.publish(inbox, os.urandom(16), (once.message, last.message)) == 1
    claims = [client.claim(inbox, SUITE) for _ in range(3)]
    assert claims == [once.message, last.message, last.message]
    with pytest.raises(BrokerError, match="nothing_to_claim"):
        client.claim(inbox, 2)


def test_a_welcome_waits_in_an_inbox(client: BrokerClient) -> None:
    inbox = os.urandom(32)
    assert client.deliver(inbox, os.urandom(16), b"welcome") == 1
    [entry] = client.fetch(inbox)
    assert (entry.seq, entry.message) == (1, b"welcome")
    assert client.fetch(inbox, after=1) == ()
    assert client.fetch(inbox) == ()


def test_a_log_is_read_epoch_by_epoch(client: BrokerClient) -> None:
    gid = new_gid(client)
    assert append(client, gid, 0, Kind.other, b"one") == Appended(1)
    assert append(client, gid, 0, Kind.commit, b"commit") == Appended(2)
    assert append(client, gid, 1, Kind.other, b"two") == Appended(3)
    assert [entry.body for entry in client.read(gid, 0)] == [b"one", b"commit"]
    assert [entry.body for entry in client.read(gid, 0, after=1)] == [b"commit"]
    assert [entry.body for entry in client.read(gid, 1)] == [b"two"]
    with pytest.raises(BrokerError, match="epoch_unknown"):
        client.read(gid, 2)


def test_who_is_late_gets_the_commit_that_was_faster(client: BrokerClient) -> None:
    gid = new_gid(client)
    append(client, gid, 0, Kind.commit, b"winner")
    append(client, gid, 1, Kind.commit, b"next")
    for kind in Kind:
        answer = append(client, gid, 0, kind, b"late")
        assert isinstance(answer, EpochClosed)
        assert (answer.commit.seq, answer.commit.epoch) == (1, 0)
        assert (answer.commit.kind, answer.commit.body) == (Kind.commit, b"winner")


def test_a_group_is_created_once(client: BrokerClient) -> None:
    gid, idem = os.urandom(32), os.urandom(16)
    assert client.create(gid, idem, 5) == 5
    assert client.create(gid, idem, 5) == 5
    with pytest.raises(BrokerError, match="group_exists"):
        client.create(gid, os.urandom(16), 5)
    with pytest.raises(BrokerError, match="group_unknown"):
        append(client, os.urandom(32), 0, Kind.other, b"")


def test_limits_are_served(broker: RunningBroker) -> None:
    about = broker.http.get("/.well-known/covey").json()
    assert about == {"covey": __version__, "limits": limits.served()}
    assert limits.served()["application_message"] == 65_536
    assert limits.served()["handshake_message"] == 16_777_216


# --- waiting ---------------------------------------------------------------------------


def test_a_reader_hears_at_once_of_what_comes(broker: RunningBroker, client: BrokerClient) -> None:
    gid, inbox = new_gid(client), os.urandom(32)

    def write() -> None:
        time.sleep(0.3)
        with broker.client() as writer:
            append(writer, gid, 0, Kind.other, b"news")
            writer.deliver(inbox, os.urandom(16), b"mail")

    thread = threading.Thread(target=write)
    began = time.monotonic()
    thread.start()
    assert [entry.body for entry in client.read(gid, 0, wait=20_000)] == [b"news"]
    assert [entry.message for entry in client.fetch(inbox, wait=20_000)] == [b"mail"]
    thread.join()
    assert 0.3 <= time.monotonic() - began < 10


def test_a_reader_waits_no_longer_than_it_said(client: BrokerClient) -> None:
    gid = new_gid(client)
    began = time.monotonic()
    assert client.read(gid, 0, wait=200) == ()
    assert 0.2 <= time.monotonic() - began < 10


def test_nobody_waits_for_an_epoch_that_is_closed(client: BrokerClient) -> None:
    gid = new_gid(client)
    append(client, gid, 0, Kind.commit, b"commit")
    began = time.monotonic()
    assert client.read(gid, 0, after=1, wait=20_000) == ()
    assert time.monotonic() - began < 10


# --- lost answers ----------------------------------------------------------------------


def test_a_retry_gets_the_stored_answer_and_nothing_is_doubled(
    broker: RunningBroker, client: BrokerClient
) -> None:
    network = LosesAnswers(2)
    gid = new_gid(client)
    with broker.client(network) as unlucky:
        assert append(unlucky, gid, 0, Kind.commit, b"commit") == Appended(1)
    assert network.carried == 3
    assert len(client.read(gid, 0)) == 1


def test_a_retry_is_answered_though_its_epoch_has_closed_since(client: BrokerClient) -> None:
    gid, idem = new_gid(client), os.urandom(16)
    assert client.append(gid, 0, Kind.other, idem, b"one") == Appended(1)
    append(client, gid, 0, Kind.commit, b"commit")
    assert client.append(gid, 0, Kind.other, idem, b"one") == Appended(1)
    with pytest.raises(BrokerError, match="idem_mismatch"):
        client.append(gid, 0, Kind.other, idem, b"another")


def test_other_requests_are_not_doubled_either(broker: RunningBroker, client: BrokerClient) -> None:
    package = mls.Member.basic(b"alice", SUITE).key_package()
    inbox, gid = os.urandom(32), os.urandom(32)
    with broker.client(LosesAnswers(1)) as unlucky:
        assert unlucky.publish(inbox, os.urandom(16), (package.message,)) == 1
    with broker.client(LosesAnswers(1)) as unlucky:
        assert unlucky.deliver(inbox, os.urandom(16), b"welcome") == 1
    with broker.client(LosesAnswers(1)) as unlucky:
        assert unlucky.create(gid, os.urandom(16), 3) == 3
    assert len(client.fetch(inbox)) == 1


def test_a_late_retry_doubles_nothing_in_an_inbox(client: BrokerClient) -> None:
    """What was sent under one idem has been read or claimed by the time it is sent again."""
    inbox, idem = os.urandom(32), os.urandom(16)
    assert client.deliver(inbox, idem, b"welcome") == 1
    assert client.fetch(inbox, after=1) == ()
    assert client.deliver(inbox, idem, b"welcome") == 1
    assert client.fetch(inbox) == ()
    member = mls.Member.basic(b"alice", SUITE)
    one, two = member.key_package().message, member.key_package().message
    assert client.publish(inbox, idem, (one,)) == 1
    with pytest.raises(BrokerError, match="idem_mismatch"):
        client.publish(inbox, idem, (two,))
    with pytest.raises(BrokerError, match="key_package_known"):
        client.publish(inbox, os.urandom(16), (one,))
    assert client.claim(inbox, SUITE) == one
    assert client.publish(inbox, idem, (one,)) == 0
    with pytest.raises(BrokerError, match="key_package_known"):
        client.publish(inbox, os.urandom(16), (two, one))
    with pytest.raises(BrokerError, match="nothing_to_claim"):
        client.claim(inbox, SUITE)


def test_whoever_gives_up_says_so(broker: RunningBroker) -> None:
    with (
        broker.client(LosesAnswers(99)) as unlucky,
        pytest.raises(TransportError, match="got lost"),
    ):
        unlucky.create(os.urandom(32), os.urandom(16), 0)


# --- bad input -------------------------------------------------------------------------


SAMPLES = {
    "publish": Publish(bytes(32), bytes(16), ()),
    "claim": Claim(bytes(32), 1),
    "deliver": Deliver(bytes(32), bytes(16), b"x"),
    "fetch": Fetch(bytes(32), 0, 0),
    "create": Create(bytes(32), bytes(16), 0),
    "append": Append(bytes(32), 0, Kind.other, bytes(16), b"x"),
    "read": Read(bytes(32), 0, 0, 0),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_no_request_is_refused(broker: RunningBroker, operation: str) -> None:
    encoded = SAMPLES[operation].encode()
    for body in (b"", encoded[:-1], encoded + b"\0", b"\xff" * 64, b"{}"):
        assert code_of(broker.post(f"/v1/{operation}", body)) == "bad_request"


@given(operation=st.sampled_from(list(OPERATIONS)), body=st.binary(max_size=200))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_get_an_answer_of_the_closed_list(
    broker: RunningBroker, operation: str, body: bytes
) -> None:
    answer = broker.post(f"/v1/{operation}", body)
    assert answer.status_code == 200 or code_of(answer)


@pytest.mark.parametrize("number", [2**62, 2**63, 2**64 - 1])
def test_numbers_may_be_as_large_as_they_go(client: BrokerClient, number: int) -> None:
    gid = new_gid(client)
    append(client, gid, 0, Kind.other, b"one")
    assert client.read(gid, 0, after=number) == ()
    assert client.fetch(os.urandom(32), after=number) == ()
    with pytest.raises(BrokerError, match="epoch_unknown"):
        client.read(gid, number)
    with pytest.raises(BrokerError, match="epoch_unknown"):
        append(client, gid, number, Kind.commit, b"")
    with pytest.raises(BrokerError, match="bad_request"):
        client.create(os.urandom(32), os.urandom(16), number)


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/", "/", "/v2/append", "/v1/append/x"])
def test_what_is_no_operation_is_refused(broker: RunningBroker, path: str) -> None:
    assert code_of(broker.post(path, b"")) == "unknown_operation"


def test_operations_are_posts(broker: RunningBroker) -> None:
    assert code_of(broker.http.get("/v1/append")) == "unknown_operation"
    assert code_of(broker.post("/.well-known/covey", b"")) == "unknown_operation"


@pytest.mark.parametrize(
    ("kind", "size"),
    [(Kind.other, limits.BODY[Kind.other]), (Kind.commit, limits.BODY[Kind.commit])],
)
def test_a_body_may_be_as_large_as_its_limit(client: BrokerClient, kind: Kind, size: int) -> None:
    gid = new_gid(client)
    body = os.urandom(1024) * (size // 1024)
    with pytest.raises(BrokerError, match="too_large"):
        append(client, gid, 0, kind, body + b"x")
    assert append(client, gid, 0, kind, body) == Appended(1)
    [entry] = client.read(gid, 0)
    assert entry.body == body


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65_536):
        yield bytes(65_536)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_over_the_limit_is_refused_announced_or_not(
    broker: RunningBroker, operation: str
) -> None:
    path, size = f"/v1/{operation}", OPERATIONS[operation].body + 65_536
    assert code_of(broker.post(path, bytes(size))) == "too_large"
    assert code_of(broker.post(path, chunks(size + 65_536))) == "too_large"


def test_a_key_package_that_is_none_is_refused(client: BrokerClient) -> None:
    with pytest.raises(BrokerError, match="bad_key_package"):
        client.publish(os.urandom(32), os.urandom(16), (b"not one",))
    many = (b"",) * (limits.KEY_PACKAGES + 1)
    with pytest.raises(BrokerError, match="too_large"):
        client.publish(os.urandom(32), os.urandom(16), many)
    huge = bytes(limits.WELCOME + 1)
    with pytest.raises(BrokerError, match="too_large"):
        client.deliver(os.urandom(32), os.urandom(16), huge)


def test_what_is_no_broker_is_noticed(broker: RunningBroker) -> None:
    elsewhere = httpx.MockTransport(lambda _: httpx.Response(500, text="I am a teapot"))
    with broker.client(elsewhere) as client, pytest.raises(TransportError, match="status 500"):
        client.claim(os.urandom(32), 1)


# --- the log of the process ------------------------------------------------------------


def test_of_a_request_only_its_kind_and_outcome_are_logged(tmp_path: Path) -> None:
    gid = os.urandom(32)
    with running_broker(tmp_path / "db") as broker, broker.client() as client:
        client.create(gid, os.urandom(16), 0)
        append(client, gid, 0, Kind.commit, b"a body")
        append(client, gid, 0, Kind.commit, b"a body")
        with pytest.raises(BrokerError):
            client.claim(gid, 1)
        broker.post("/v1/a-name", b"a body")
        broker.post("/elsewhere?a=name", b"a body")
        broker.stop()
        lines = broker.log.read_text().splitlines()
    assert lines == [
        "INFO create done",
        "INFO append done",
        "INFO append epoch_closed",
        "INFO claim nothing_to_claim",
        "INFO unknown unknown_operation",
        "INFO unknown unknown_operation",
    ]


def test_a_database_that_fails_is_an_error_of_the_list(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db") as broker, broker.client() as client:
        gid = new_gid(client)
        with closing(sqlite3.connect(tmp_path / "db")) as database:
            database.execute("DROP TABLE entry")
        with pytest.raises(BrokerError, match="unavailable"):
            append(client, gid, 0, Kind.other, b"body")
        assert client.create(os.urandom(32), os.urandom(16), 0) == 0
        assert "ERROR append: the database failed: no such table: entry" in broker.log.read_text()
