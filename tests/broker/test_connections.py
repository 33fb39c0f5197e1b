"""Connections, on real sockets: kept alive, become WebSockets, behind a proxy, on one plane."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from contextlib import contextmanager
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from websockets.sync.client import connect

from covey.access.operations import Plane
from covey.broker.addresses import Prefixes
from covey.broker.connections import (
    HEADER_SECONDS,
    Connection,
    Connections,
    Proxy,
    connection_of,
    protocol,
)
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import HTTPConnection, Request
    from starlette.websockets import WebSocket

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # faster than to load all authorities
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
PROXY = Proxy("x-connection", "x-address", LOOPBACK)
FAR_PROXY = Proxy("x-connection", "x-address", (ip_network("10.0.0.0/8"),))
PREFIXES = Prefixes(bytes(32))


def seen(request: HTTPConnection) -> dict[str, Any]:
    """What the application sees of who asks."""
    connection = connection_of(request.scope)
    return {
        "id": connection.id.hex(),
        "network": connection.network.hex(),
        "client": request.client,
        "headers": sorted(name for name in request.headers if name.startswith("x-")),
    }


async def over_http(request: Request) -> JSONResponse:
    plane = request.query_params.get("plane")
    if plane is not None:
        try:
            connection_of(request.scope).enter(Plane(plane))
        except BrokerError as error:
            return JSONResponse({"code": error.code}, 403)
    return JSONResponse(seen(request))


async def over_websocket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_json(seen(socket))
    await socket.close()


@contextmanager
def serving(
    proxy: Proxy | None = None,
    seconds: float = HEADER_SECONDS,
    keep_alive: int = 5,
    **options: Any,  # noqa: ANN401 - of the connections
) -> Iterator[str]:
    """A server in a thread, at a port of this machine; yields host:port."""
    app = Starlette(routes=[Route("/", over_http), WebSocketRoute("/live", over_websocket)])
    connections = Connections(app, PREFIXES, proxy, **options)
    config = uvicorn.Config(
        connections,
        http=protocol(connections, seconds),
        ws="websockets-sansio",
        log_config=None,
        timeout_keep_alive=keep_alive,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def client(where: str) -> Iterator[httpx.Client]:
    """One connection that is kept alive."""
    with httpx.Client(base_url=f"http://{where}", verify=NO_TLS, trust_env=False) as opened:
        yield opened


def stated(number: str, address: str = "192.0.2.1") -> dict[str, str]:
    return {"X-Connection": number, "X-Address": address}


def live(where: str, headers: dict[str, str] | None = None) -> str:
    with connect(f"ws://{where}/live", additional_headers=headers, proxy=None) as opened:
        return str(opened.recv())


def until(raw: socket.socket, end: bytes) -> bytes:
    """What comes in, at least up to the end of an answer."""
    received = b""
    while end not in received:
        part = raw.recv(65_536)
        assert part, received
        received += part
    return received


def test_a_connection_is_the_same_for_as_long_as_it_is_kept() -> None:
    with serving() as where, client(where) as one, client(where) as another:
        first = [one.get("/").json() for _ in range(3)]
        second = another.get("/").json()
    assert first[0] == first[1] == first[2]
    assert len(bytes.fromhex(first[0]["id"])) == 16
    assert second["id"] != first[0]["id"]
    assert second["network"] == first[0]["network"] == PREFIXES.of("127.0.0.1").hex()


def test_the_application_sees_no_address() -> None:
    with serving() as where, client(where) as one:
        assert one.get("/").json()["client"] is None
        assert '"client":null' in live(where)
        assert "127.0.0.1" not in live(where)


def test_pipelined_requests_are_of_one_connection() -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with serving() as where:
        host, port = where.split(":")
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(request + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            answers = b"".join(iter(lambda: raw.recv(65_536), b""))
    ids = [part.partition(b'"')[0] for part in answers.split(b'"id":"')[1:]]
    assert len(ids) == 2
    assert ids[0] == ids[1]


def test_it_is_the_same_when_it_becomes_a_websocket() -> None:
    """On one socket: a request, then the upgrade."""
    with serving() as where:
        host, port = where.split(":")
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            first = until(raw, b"}")
            raw.sendall(
                b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
            )
            answers = until(raw, b"}")
    assert b"101 Switching Protocols" in answers
    number = first.partition(b'"id":"')[2][:32]
    assert len(number) == 32
    assert b'"id":"' + number + b'"' in answers


def test_two_websockets_are_two_connections() -> None:
    with serving() as where:
        assert live(where) != live(where)


def test_a_connection_keeps_to_its_plane() -> None:
    with serving() as where, client(where) as one, client(where) as another:
        assert one.get("/?plane=both").status_code == 200
        assert one.get("/?plane=group").status_code == 200
        assert one.get("/?plane=group").status_code == 200
        assert one.get("/?plane=both").status_code == 200
        refused = one.get("/?plane=identity")
        assert (refused.status_code, refused.json()) == (403, {"code": "wrong_plane"})
        assert one.get("/?plane=group").status_code == 200
        assert another.get("/?plane=identity").status_code == 200
        assert another.get("/?plane=group").json() == {"code": "wrong_plane"}


def test_behind_a_proxy_a_connection_is_what_the_proxy_says() -> None:
    """The proxy carries two clients over one connection of its own, and one over two."""
    with serving(PROXY) as where, client(where) as one, client(where) as another:
        first = one.get("/", headers=stated("1")).json()
        second = one.get("/", headers=stated("2")).json()
        again = another.get("/", headers=stated("1")).json()
        assert f'"id":"{first["id"]}"' in live(where, stated("1"))
    assert first == again
    assert first["id"] != second["id"]
    assert first["network"] == PREFIXES.of("192.0.2.1").hex()
    assert first["headers"] == []  # the application does not see them


def test_behind_a_proxy_planes_do_not_mix_either() -> None:
    with serving(PROXY) as where, client(where) as one, client(where) as another:
        assert one.get("/?plane=group", headers=stated("1")).status_code == 200
        assert one.get("/?plane=identity", headers=stated("2")).status_code == 200
        assert another.get("/?plane=identity", headers=stated("1")).status_code == 403


def test_a_number_that_begins_anew_for_another_client_is_another_connection() -> None:
    with serving(PROXY) as where, client(where) as one:
        first = one.get("/", headers=stated("1", "192.0.2.1")).json()
        second = one.get("/", headers=stated("1", "192.0.2.2")).json()
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Connection", "1")],
        [("X-Address", "192.0.2.1")],
        [("X-Connection", ""), ("X-Address", "192.0.2.1")],
        [("X-Connection", "1"), ("X-Connection", "1"), ("X-Address", "192.0.2.1")],
        [("X-Connection", "1"), ("X-Address", "192.0.2.1"), ("X-Address", "192.0.2.1")],
        [("X-Connection", "1" * 300), ("X-Address", "192.0.2.1")],
    ],
)
def test_what_the_proxy_does_not_say_clearly_names_no_connection(
    headers: list[tuple[str, str]],
) -> None:
    """A request is then a connection of its own, so nothing that is bound to it can leak."""
    with serving(PROXY) as where, client(where) as one:
        ids = [one.get("/", headers=headers).json()["id"] for _ in range(2)]
    assert ids[0] != ids[1]


@pytest.mark.parametrize("proxy", [None, FAR_PROXY])
def test_headers_from_anywhere_else_are_not_believed(proxy: Proxy | None) -> None:
    with serving(proxy) as where, client(where) as one, client(where) as another:
        first = one.get("/", headers=stated("1")).json()
        second = another.get("/", headers=stated("1")).json()
    assert first["id"] != second["id"]
    assert first["network"] == PREFIXES.of("127.0.0.1").hex()


def test_the_connections_of_a_proxy_are_bounded() -> None:
    with serving(PROXY, kept=2) as where, client(where) as one:
        first = one.get("/", headers=stated("1")).json()
        for number in ("2", "1", "3"):  # the first is used again, so the second is forgotten
            one.get("/", headers=stated(number))
        assert one.get("/", headers=stated("1")).json() == first
        for number in ("4", "5"):
            one.get("/", headers=stated(number))
        assert one.get("/", headers=stated("1")).json() != first


def test_without_our_server_each_request_is_a_connection() -> None:
    app = Starlette(routes=[Route("/", over_http)])
    transport = httpx.ASGITransport(Connections(app, PREFIXES))

    async def ask() -> list[Any]:
        async with httpx.AsyncClient(transport=transport, base_url="http://broker") as opened:
            return [(await opened.get("/")).json()["id"] for _ in range(2)]

    first, second = asyncio.run(ask())
    assert first != second


def test_a_unix_socket_is_the_proxys() -> None:
    connections = Connections(Starlette(), PREFIXES, PROXY)
    assert connections.opened(None).proxied
    assert connections.opened("::ffff:127.0.0.1").proxied
    assert not connections.opened("192.0.2.1").proxied
    assert not connections.opened("testclient").proxied
    assert not Connections(Starlette(), PREFIXES).opened(None).proxied


def test_a_connection_holds_no_address() -> None:
    connection = Connection(PREFIXES.of("192.0.2.1"))
    assert Connection.__slots__ == ("id", "network", "plane")
    assert b"192" not in connection.id + connection.network
