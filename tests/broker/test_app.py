"""The broker over HTTP: bad input, and what is not told."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from broker.provoking import Stage
from broker_talk import Device, Group, Line, access, error_of, hours, offered
from broker_thread import thread_broker
from covey.access import chain, heads
from covey.access.operations import OPERATIONS
from covey.access.refusals import Code
from covey.access.structs import basics, identity, joining, log
from covey.access.structs.basics import Kind
from covey.broker.addresses import Prefixes
from covey.broker.app import build, most
from covey.broker.enrolment import invites
from covey.broker.enrolment.oidc import nonce
from covey.broker.transactions.accounts import add_invite
from covey.errors import BrokerError
from issuer import AUDIENCE, running_issuer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import Message

    from broker_thread import ThreadBroker

OF_NOBODY = [name for name, each in OPERATIONS.items() if not each.token]
FILLED = [name for name in OF_NOBODY if OPERATIONS[name].request is not basics.Nothing]


# --- what is no request --------------------------------------------------------------------


@pytest.mark.parametrize("name", FILLED)
@pytest.mark.parametrize(
    "body",
    [b"", b"\1", b"\xff" * 40, b'{"gid": "00"}', "grüße".encode(), bytes(4_000)],
    ids=["empty", "one", "ones", "json", "text", "zeros"],
)
def test_a_body_that_is_no_struct(line: Line, name: str, body: bytes) -> None:
    answer = line.send(name, body, **{"content-type": "application/json"})
    assert answer.status_code in {400, 401, 403, 404}
    code = error_of(answer).code
    assert code == "malformed" or bytes(4_000) == body


@pytest.mark.parametrize("name", ["devices", "claim", "publish"])
def test_who_has_no_token_is_not_read(line: Line, name: str) -> None:
    assert error_of(line.send(name, b"garbage")).code == "unauthenticated"


def test_a_request_that_goes_on_or_ends_too_early(broker: ThreadBroker, line: Line) -> None:
    group = Group(line, broker.broker_id)
    right = group.access.create().encode()
    for body in (right + b"\0", right[:-1], right * 2):
        assert error_of(line.send("create", body)).code == "malformed"
    inner = log.Create.decode(group.access.create().request).encode()
    for body in (inner + b"\0", inner[:-1]):
        signed = basics.Signed(body, bytes(64))
        assert error_of(line.send("create", signed.encode())).code == "malformed"
    group.create()


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/create/", "/v1/members", "/v2/create"])
def test_what_is_not_there(line: Line, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = line.http.request(method, path)
        assert answer.status_code == 404
        assert answer.json()["code"] == "unknown_operation"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_method_that_an_operation_has_not(line: Line, method: str) -> None:
    for path in ("/v1/create", "/v1/subscribe"):
        answer = line.http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_operation")


def test_bytes_that_are_not_http(broker: ThreadBroker) -> None:
    host, port = broker.url.removeprefix("http://").split(":")
    for sent in (b"\0" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"POST /v1/x HTTP/9.9\r\n\r\n"):
        with socket.create_connection((host, int(port)), timeout=5) as wire:
            wire.sendall(sent)
            assert wire.recv(1000).startswith((b"HTTP/1.1 400", b"HTTP/1.1 404"))


# --- what is too large ---------------------------------------------------------------------


class Upload:
    """A request at the border of the application, which counts what is read of it."""

    def __init__(self, chunk: bytes, **headers: str) -> None:
        self.chunk = chunk
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.read = 0
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        """A part of the body; there is always more."""
        self.read += len(self.chunk)
        return {"type": "http.request", "body": self.chunk, "more_body": True}

    async def send(self, message: Message) -> None:
        """A part of the answer."""
        self.sent.append(message)

    def run(self, broker: ThreadBroker, path: str) -> int:
        """Send it; returns the status."""
        scope: dict[str, Any] = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
            "query_string": b"", "root_path": "", "http_version": "1.1", "scheme": "http",
            "headers": self.headers, "client": None, "server": None, "state": {},
        }  # fmt: skip
        app = build(broker.operations, Prefixes())
        broker.run(app(scope, self.receive, self.send))
        status: int = self.sent[0]["status"]
        return status


@pytest.mark.parametrize("name", OF_NOBODY)
def test_what_is_said_to_be_too_large_is_not_read(broker: ThreadBroker, name: str) -> None:
    limit = most(OPERATIONS[name], broker.operations.ports.limits)
    upload = Upload(b"x", **{"content-length": str(limit + 1)})
    assert upload.run(broker, f"/v1/{name}") == 413
    assert upload.read == 0


@pytest.mark.parametrize("name", OF_NOBODY)
def test_what_becomes_too_large_is_not_read_further(broker: ThreadBroker, name: str) -> None:
    limit = most(OPERATIONS[name], broker.operations.ports.limits)
    upload = Upload(bytes(10_000))
    assert upload.run(broker, f"/v1/{name}") == 413
    assert upload.read <= limit + len(upload.chunk)


def test_too_large_on_the_wire(line: Line) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(10_000)

    assert error_of(line.send("read", endless())).code == "too_large"
    assert error_of(line.send("read", bytes(1_000_000))).code == "too_large"


def test_bodies_up_to_the_limits(broker: ThreadBroker, line: Line) -> None:
    group, limits = broker.group(line), broker.operations.ports.limits
    group.say(bytes(limits.application_message))
    with pytest.raises(BrokerError, match="too_large"):
        group.say(bytes(limits.application_message + 1))
    half = limits.parcels // 2
    parcels = (log.Parcel(os.urandom(32), bytes(half)), log.Parcel(os.urandom(32), bytes(half)))
    group.commit(bytes(limits.handshake), parcels=parcels)
    with pytest.raises(BrokerError, match="too_large"):
        group.commit(b"", parcels=parcels, pointers=b"1")
    with pytest.raises(BrokerError, match="too_large"):
        group.commit(bytes(limits.handshake + 1))
    many = tuple(log.Capability(os.urandom(32), 1) for _ in range(limits.capabilities + 1))
    with pytest.raises(BrokerError, match="too_large"):
        group.commit(capabilities=many)


def test_as_many_entries_are_named_at_once_as_can_be(broker: ThreadBroker) -> None:
    with ExitStack() as lines:
        inbox = Stage(broker, lines).inbox()
        unknown = [joining.InboxEntry(joining.InboxKind.note, b"%d" % at) for at in range(257)]
        assert inbox.fetch(*unknown[1:]).entries == ()
        with pytest.raises(BrokerError, match="too_large"):
            inbox.fetch(*unknown)


def test_as_many_parcels_at_once_as_a_commit_can_bring(broker: ThreadBroker, line: Line) -> None:
    group, size = broker.group(line), broker.operations.ports.limits.parcels
    parcels = [log.Parcel(os.urandom(32), bytes(part)) for part in (size - 1, 1, 1)]
    group.commit(parcels=tuple(parcels[:2]))
    group.commit(parcels=tuple(parcels[2:]))
    wanted = tuple(joining.WantedParcel(each.id) for each in parcels)
    found = line.ask("parcels", joining.FetchParcels(group.gid, wanted[:2]), joining.Parcels)
    assert found.parcels == tuple(parcels[:2])
    with pytest.raises(BrokerError, match="too_large"):
        line.ask("parcels", joining.FetchParcels(group.gid, wanted))
    with pytest.raises(BrokerError, match="malformed"):
        line.ask("parcels", joining.FetchParcels(group.gid, wanted[1:2] * 2))


def test_too_many_at_once(broker: ThreadBroker, connect: Callable[[], Line]) -> None:
    line, limits = connect(), broker.operations.ports.limits
    group = broker.group(line)
    device = Device(connect(), broker.broker_id).enrol()
    proof = group.access.prove(line.nonce())
    query = log.HeadQuery(group.gid, 0, 0, proof)
    wanted = (joining.WantedParcel(bytes(32)),) * (limits.page_entries + 1)
    asked: list[tuple[Line, str, Any]] = [
        (line, "heads", log.Heads((query,) * (limits.subscriptions + 1))),
        (line, "parcels", joining.FetchParcels(group.gid, wanted)),
        (device.line, "publish", identity.Publish(
            bytes(16), (identity.KeyPackageMessage(b""),) * (limits.key_packages + 1))),
    ]  # fmt: skip
    for where, name, request in asked:
        with pytest.raises(BrokerError, match="too_large"):
            where.ask(name, request)


# --- epochs --------------------------------------------------------------------------------


def test_a_log_is_read_step_by_step(broker: ThreadBroker, connect: Callable[[], Line]) -> None:
    group, reader = broker.group(connect()), connect()
    first = group.access
    group.say(b"one")
    group.commit(b"two")
    second = group.access
    group.say(b"three")
    answer = reader.read(first)
    assert [each.body for each in answer.entries] == [b"one", b"two"]
    assert answer.complete == 1
    head = heads.verify(answer.head, broker.broker_id)
    assert head.position == chain.follow(answer.before, group.gid, answer.entries)
    assert [each.kind for each in answer.entries] == [Kind.other, Kind.commit]
    assert [each.body for each in reader.read(second).entries] == [b"three"]
    assert [each.body for each in reader.read(second, 3).entries] == []


def test_who_is_late_gets_the_commit_of_its_epoch(broker: ThreadBroker, line: Line) -> None:
    group = broker.group(line)
    late = group.access.append(os.urandom(16), b"late")
    for body in (b"first", b"second"):
        group.commit(body)
    answer = line.send("append", late.encode())
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/octet-stream"
    closed = log.EpochClosed.decode(answer.content).commit
    assert (closed.body, closed.epoch, closed.seq) == (b"first", 0, 1)


def test_a_fork_of_an_epoch_is_refused(broker: ThreadBroker, line: Line) -> None:
    group = broker.group(line)
    fork = access(broker.broker_id, group.gid, 0, b"another")
    with pytest.raises(BrokerError, match="proof_refused"):
        line.ask("append", fork.append(bytes(16), b"body"))
    with pytest.raises(BrokerError, match="proof_refused"):
        line.read(fork)
    with pytest.raises(BrokerError, match="proof_refused"):
        line.ask("begin_blob", fork.begin_blob(bytes(32), 1))
    assert line.read(group.access).entries == ()


def test_heads_say_what_has_moved_and_what_could_not_be_asked(
    broker: ThreadBroker, line: Line
) -> None:
    still, moved, closed = (broker.group(line) for _ in range(3))
    past = closed.access
    moved.say()
    closed.commit()
    closed.say()
    nobody = access(broker.broker_id, os.urandom(32))
    queries = tuple(
        log.HeadQuery(each.gid, 0, 0, each.prove(line.nonce()))
        for each in (still.access, moved.access, past, nobody)
    )
    answer = line.ask("heads", log.Heads(queries), log.HeadsMoved)
    assert [(each.gid, each.head.head.position.seq) for each in answer.moved] == [
        (moved.gid, 1), (closed.gid, 1)  # of the closed epoch no more than its commit
    ]  # fmt: skip
    assert answer.refused == (log.NotAnswered(nobody.gid, b"group_unknown"),)


def test_over_quota_says_when_to_come_back() -> None:
    with thread_broker(rates__appends="2 per minute") as broker, broker.line() as line:
        group = broker.group(line)
        group.say()
        group.say()
        answer = line.send("append", group.access.append(bytes(16), b"").encode())
        assert error_of(answer).code == "over_quota"
        wait = int(answer.headers["retry-after"])
        assert 25 <= wait <= 30
        broker.ahead += wait
        group.say()


# --- long polls ----------------------------------------------------------------------------


def test_a_read_waits_for_news(broker: ThreadBroker, connect: Callable[[], Line]) -> None:
    group, reader = broker.group(connect()), connect()

    async def wait() -> log.Entries:
        waiting = asyncio.to_thread(reader.read, group.access, 0, 20_000)
        task = asyncio.create_task(waiting)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(group.say, b"news")
        async with asyncio.timeout(5):
            return await task

    assert [each.body for each in asyncio.run(wait()).entries] == [b"news"]


def test_a_read_that_waits_in_vain_is_answered(broker: ThreadBroker, line: Line) -> None:
    answer = line.read(broker.group(line).access, 0, 200)
    assert (answer.entries, answer.complete) == ((), 1)


# --- what is not told ----------------------------------------------------------------------


def test_no_header_says_what_runs_here(line: Line) -> None:
    answers = [
        line.http.get("/.well-known/covey"),
        line.http.get("/livez"),
        line.send("challenge"),
        line.send("create", b"?"),
        line.http.get("/nowhere"),
    ]
    for answer in answers:
        assert set(answer.headers) <= {"content-type", "content-length"}


def test_the_broker_says_who_it_is_and_what_it_takes(broker: ThreadBroker, line: Line) -> None:
    facts = line.http.get("/.well-known/covey").json()
    assert facts["protocol"] == "covey access 1"
    assert facts["broker_id"] == broker.broker_id.hex()
    assert heads.broker_id(bytes.fromhex(facts["broker_key"])) == broker.broker_id
    assert facts["incarnation"] == broker.operations.ports.incarnation.hex()
    assert facts["limits"]["application_message"] == 65_536
    assert (facts["create"], facts["enrol"], facts["oidc_issuer"]) == ("open", "open", None)


def test_it_is_well(line: Line) -> None:
    assert line.http.get("/livez").text == "live\n"
    assert line.http.get("/readyz").text == "ready\n"


def test_every_operation_is_answered_by_something(broker: ThreadBroker) -> None:
    assert set(broker.operations.by_name) == set(OPERATIONS)


def test_a_published_key_package_is_claimed_once(
    broker: ThreadBroker, connect: Callable[[], Line]
) -> None:
    device = Device(connect(), broker.broker_id).enrol()
    offer = offered(broker.broker_id)
    stock = device.publish(offer.message)
    assert (stock.waiting, stock.last_resorts, stock.low) == (1, 0, 1)
    claim = identity.Claim(device.handle, os.urandom(16), 1)
    claimed = device.line.ask("claim", claim, identity.Claimed)
    assert claimed.key_packages == (identity.ClaimedKeyPackage(device.key, 0, offer.message),)
    with pytest.raises(BrokerError, match=Code.nothing_to_claim):
        device.line.ask("claim", identity.Claim(device.handle, os.urandom(16), 1))


# --- what an operator may choose -----------------------------------------------------------


def test_pointers_that_go_along_with_a_commit() -> None:
    with ExitStack() as lines:
        broker = lines.enter_context(thread_broker(bundled=True))
        stage = Stage(broker, lines)
        inbox, group = stage.inbox(), stage.group()
        inbox.claimed()
        group.commit(bundled=(log.BundledPointer(inbox.id, inbox.ref, b"pointer"),))
        assert [each.body for each in inbox.fetch().entries] == [b"pointer"]
        with pytest.raises(BrokerError, match="not_claimed"):
            group.commit(bundled=(log.BundledPointer(inbox.id, inbox.ref, b"pointer"),))
        # A KeyPackage may name an inbox that nobody has begun.
        device, offer = stage.device(), offered(broker.broker_id)
        device.publish(offer.message)
        device.line.ask("claim", identity.Claim(device.handle, bytes(16), 1))
        with pytest.raises(BrokerError, match="not_claimed"):
            group.commit(bundled=(log.BundledPointer(offer.inbox, offer.ref, b"pointer"),))
        group.commit()


def test_accounts_by_a_sign_in_elsewhere() -> None:
    with ExitStack() as lines:
        issuer = lines.enter_context(running_issuer())
        oidc = {"enrol": "oidc", "oidc__issuer": issuer.url, "oidc__audience": AUDIENCE}
        broker = lines.enter_context(thread_broker(**oidc))  # type: ignore[arg-type]

        def evidence(device: Device, subject: str) -> dict[str, Any]:
            token = issuer.token(issuer.claims(nonce(device.key), sub=subject))
            return {"kind": identity.EvidenceKind.oidc, "evidence": token}

        def device() -> Device:
            return Device(lines.enter_context(broker.line()), broker.broker_id)

        first, second, other = device(), device(), device()
        first.enrol(**evidence(first, "alice"))
        with pytest.raises(BrokerError, match="enrolment_refused"):
            second.enrol(**evidence(first, "bob"))  # somebody else's token
        with pytest.raises(BrokerError, match="enrolment_refused"):
            second.enrol()
        with pytest.raises(BrokerError, match="enrolment_refused"):
            second.enrol(**evidence(second, "alice"))  # one account for each
        other.enrol(**evidence(other, "bob"))


def test_a_group_costs_an_invite() -> None:
    with thread_broker(create="invite") as broker, broker.line() as line:
        code, store = invites.make(), broker.operations.ports.store
        digest = invites.digest(invites.Purpose.create, code)
        script = partial(add_invite, digest, "create", hours() + 9)
        broker.run(store.write(None, script))
        group = Group(line, broker.broker_id)
        for _ in range(2):  # the same request once more is the same group
            group.create(code.lower().encode())
        group.say()
        with pytest.raises(BrokerError, match="invite_needed"):
            Group(line, broker.broker_id).create(code.encode())
