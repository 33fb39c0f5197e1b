"""Whom a client trusts: the authorities that this machine trusts, and nobody else."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from covey.access.structs.basics import Challenge
from covey.client.network import Network
from covey.client.sync import asking
from covey.client.sync.effects import Lane, Use
from covey.errors import TransportError

if TYPE_CHECKING:
    from pathlib import Path

    from anyio.abc import ByteStream

    from broker_thread import ThreadBroker

pytestmark = pytest.mark.anyio

ANSWER = Challenge(b"nonce", 600).encode()
HEADER = f"HTTP/1.1 200 OK\r\ncontent-length: {len(ANSWER)}\r\n\r\n".encode()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A certificate for this machine that it has signed itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "own.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


async def asked(certificate: Path) -> bytes:
    """What a broker with a certificate answers."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    tcp = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = tcp.extra(SocketAttribute.local_port)  # noqa: S610 - of a socket

    async def answer(stream: ByteStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(HEADER + ANSWER)

    async with TLSListener(tcp, context, standard_compatible=False) as listener:  # noqa: SIM117 - in this order
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, answer)
            async with Network(f"https://127.0.0.1:{port}") as network:
                nonce = await network.run(asking.challenge(Lane(Use.identity)))
            tasks.cancel_scope.cancel()
    return nonce


async def test_a_certificate_that_nobody_vouches_for(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_PAUSE", 0.0)
    with pytest.raises(ExceptionGroup) as raised:
        await asked(own)
    assert raised.group_contains(TransportError, match="certificate verify failed")


async def test_an_authority_of_one_s_own(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    assert await asked(own) == b"nonce"


async def test_https_where_no_tls_is_spoken(
    broker: ThreadBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_PAUSE", 0.0)
    async with Network(broker.url.replace("http:", "https:")) as network:
        with pytest.raises(TransportError, match="does its address begin with http://"):
            await network.run(asking.challenge(Lane(Use.identity)))
