"""A connection speaks for a device or for groups: what shows both is refused, and tells nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect as open_socket

from broker_talk import Device, Group, Line, access, error_of
from broker_thread import thread_broker
from covey.access.member import accounts
from covey.access.operations import OPERATIONS, Plane
from covey.access.structs import basics, identity, log
from covey.access.structs.live import Refused, ServerFrame
from covey.access.tickets import LIFETIME
from covey.broker.live import POLICY
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from broker_thread import ThreadBroker

IDENTITY = [name for name, each in OPERATIONS.items() if each.plane is Plane.identity]
GROUP = [name for name, each in OPERATIONS.items() if each.plane is Plane.group]
CREDENTIALS = {"authorization": "Bearer 00", "cookie": "device=1"}


def code(response: httpx.Response) -> str:
    """The code of a refusal."""
    return error_of(response).code


@pytest.mark.parametrize("name", GROUP)
@pytest.mark.parametrize("header", CREDENTIALS)
def test_the_group_plane_refuses_credentials(line: Line, name: str, header: str) -> None:
    assert code(line.send(name, b"", **{header: CREDENTIALS[header]})) == "wrong_plane"


@pytest.mark.parametrize("header", CREDENTIALS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_blobs_refuse_credentials(line: Line, method: str, header: str) -> None:
    headers = {header: CREDENTIALS[header]}
    answer = line.http.request(method, f"/v1/blobs/{bytes(32).hex()}", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("name", GROUP)
def test_a_connection_of_a_device_stays_one(line: Line, name: str) -> None:
    line.send("authenticate", b"whatever it says")
    assert code(line.send(name)) == "wrong_plane"


@pytest.mark.parametrize("name", IDENTITY)
def test_a_connection_of_groups_stays_one(line: Line, name: str) -> None:
    line.send("create", b"whatever it says")
    assert code(line.send(name)) == "wrong_plane"
    assert code(line.send(name, authorization="Bearer 00")) == "wrong_plane"


def test_credentials_name_a_connection_also_where_none_are_needed(line: Line) -> None:
    """A token shown once, to whatever it was, and the connection is a device's."""
    assert line.send("challenge", authorization="Bearer 00").status_code == 200
    assert code(line.send("read")) == "wrong_plane"


@pytest.mark.parametrize("name", IDENTITY)
def test_the_identity_plane_refuses_a_ticket(line: Line, name: str) -> None:
    assert code(line.send(name, b"", **{"covey-ticket": "00"})) == "wrong_plane"
    assert code(line.send(name, b"")) != "wrong_plane"


def test_a_ticket_names_a_connection_too(line: Line) -> None:
    both = {"authorization": "Bearer 00", "covey-ticket": "00"}
    assert code(line.send("challenge", **both)) == "wrong_plane"
    assert line.send("challenge", **{"covey-ticket": "00"}).status_code == 200
    assert code(line.send("devices")) == "wrong_plane"


def test_a_challenge_is_for_both(broker: ThreadBroker, line: Line) -> None:
    line.nonce()
    broker.group(line)
    assert line.nonce()
    assert code(line.send("challenge", cookie="device=1")) == "wrong_plane"


@pytest.mark.parametrize("header", CREDENTIALS)
def test_a_socket_refuses_credentials(broker: ThreadBroker, header: str) -> None:
    url = broker.url.replace("http", "ws") + "/v1/subscribe"
    headers = {header: CREDENTIALS[header]}
    with open_socket(url, additional_headers=headers, proxy=None, compression=None) as socket:
        frame = ServerFrame.decode(socket.recv(decode=False)).frame
        assert isinstance(frame, Refused)
        assert frame.code == b"wrong_plane"
        with pytest.raises(ConnectionClosedError):
            socket.recv()
        assert socket.close_code == POLICY


# --- what is bound to a connection ---------------------------------------------------------


def test_a_token_is_good_on_its_connection_only(
    broker: ThreadBroker, connect: Callable[[], Line]
) -> None:
    device, other = Device(connect(), broker.broker_id).enrol(), connect()
    assert device.line.ask("devices", basics.Nothing(), identity.Devices).devices
    other.token = device.line.token
    with pytest.raises(BrokerError, match="stale_proof"):
        other.ask("devices", basics.Nothing())


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer xyz", "Basic 00", "Bearer Bearer", "Bearer é"]
)
def test_a_token_that_is_none(line: Line, header: str) -> None:
    answer = line.http.post("/v1/devices", headers={b"authorization": header.encode()})
    assert code(answer) == "unauthenticated"


def test_a_token_of_a_device_that_was_removed(
    broker: ThreadBroker, connect: Callable[[], Line]
) -> None:
    device = Device(connect(), broker.broker_id).enrol()
    gone = Device(connect(), broker.broker_id)
    added = accounts.new_device(gone.seed, broker.broker_id, device.handle)
    device.line.ask("add_device", added)
    gone.line.token = gone.authenticate().token
    device.line.ask("remove_device", identity.RemoveDevice(gone.key))
    for name, request in (
        ("devices", basics.Nothing()),
        ("stock", identity.FetchStock(0)),
        ("publish", identity.Publish(bytes(16), ())),
        ("claim", identity.Claim(device.handle, bytes(16), 1)),
        ("create_inbox", identity.CreateInbox(bytes(32), gone.key)),
        ("put_on_shelf", identity.PutOnShelf(bytes(16), bytes(32), ())),
        ("add_device", added),
        ("remove_device", identity.RemoveDevice(device.key)),
    ):
        with pytest.raises(BrokerError, match="account_unknown"):
            gone.line.ask(name, request)


def test_a_ticket_is_good_on_its_connection_only(
    broker: ThreadBroker, connect: Callable[[], Line]
) -> None:
    group, other = broker.group(connect()), connect()
    by_ticket = basics.ByTicket(group.line.read(group.access).ticket)
    request = log.Read(group.gid, 0, 0, 0, by_ticket)
    assert group.line.ask("read", request, log.Entries).entries == ()
    with pytest.raises(BrokerError, match="stale_proof"):
        other.ask("read", request)


def test_a_ticket_is_good_for_its_epoch_and_group_only(broker: ThreadBroker, line: Line) -> None:
    group, other = broker.group(line), broker.group(line)
    by_ticket = basics.ByTicket(line.read(group.access).ticket)
    group.commit()
    for gid, epoch in ((other.gid, 0), (group.gid, 1)):
        with pytest.raises(BrokerError, match="stale_proof"):
            line.ask("read", log.Read(gid, epoch, 0, 0, by_ticket))


def test_a_proof_is_good_for_its_group_only(broker: ThreadBroker, line: Line) -> None:
    group, other = broker.group(line), broker.group(line)
    proof = access(broker.broker_id, group.gid).prove(line.nonce())
    with pytest.raises(BrokerError, match="proof_refused"):
        line.ask("read", log.Read(other.gid, 0, 0, 0, proof))


def test_nonces_tickets_and_tokens_grow_old() -> None:
    with thread_broker() as broker, broker.line() as line, broker.line() as own:
        group, device = broker.group(line), Device(own, broker.broker_id).enrol()
        proof = group.access.prove(line.nonce())
        ticket = basics.ByTicket(line.read(group.access).ticket)
        requests = [log.Read(group.gid, 0, 0, 0, each) for each in (proof, ticket)]
        broker.ahead += LIFETIME - 60  # so much later it may be, on a busy machine
        for request in requests:
            line.ask("read", request)
        own.ask("devices", basics.Nothing())
        broker.ahead += 61
        for request in requests:
            with pytest.raises(BrokerError, match="stale_proof"):
                line.ask("read", request)
        with pytest.raises(BrokerError, match="stale_proof"):
            own.ask("devices", basics.Nothing())
        assert device.authenticate().token


def test_another_process_takes_no_ticket_of_this_one() -> None:
    with thread_broker() as broker, thread_broker() as other:
        with broker.line() as line:
            nonce = line.nonce()
        with other.line() as line:
            group = Group(line, other.broker_id).create()
            with pytest.raises(BrokerError, match="stale_proof"):
                line.ask("read", log.Read(group.gid, 0, 0, 0, group.access.prove(nonce)))


def test_a_request_for_another_broker(broker: ThreadBroker, line: Line) -> None:
    elsewhere = access(os.urandom(32), os.urandom(32))
    for name, request in (
        ("create", elsewhere.create()),
        ("append", elsewhere.append(bytes(16), b"")),
        ("begin_blob", elsewhere.begin_blob(bytes(32), 1)),
    ):
        with pytest.raises(BrokerError, match="proof_refused"):
            line.ask(name, request)
    with broker.line() as own, pytest.raises(BrokerError, match="unauthenticated"):
        Device(own, os.urandom(32)).enrol()


def test_behind_a_proxy_the_connection_is_the_one_that_it_states() -> None:
    """One connection of the proxy's carries those of many clients, of both planes."""
    headers = {"proxy__connection_header": "x-connection", "proxy__address_header": "x-address"}
    with thread_broker(**headers) as broker, broker.line() as line:  # type: ignore[arg-type]

        def over(number: str) -> Line:
            line.token = b""
            line.http.headers.update({"x-connection": number, "x-address": "192.0.2.1"})
            return line

        nonce = over("1").nonce()
        group = Group(over("2"), broker.broker_id).create()
        device = Device(over("3"), broker.broker_id).enrol()
        assert device.line.ask("devices", basics.Nothing(), identity.Devices).devices
        request = log.Read(group.gid, 0, 0, 0, group.access.prove(nonce))
        with pytest.raises(BrokerError, match="stale_proof"):
            over("2").ask("read", request)
        assert over("1").ask("read", request, log.Entries).entries == ()
        with pytest.raises(BrokerError, match="wrong_plane"):
            over("3").ask("read", request)
