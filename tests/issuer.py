"""A small OpenID issuer that really serves: discovery, its keys, and tokens signed with them."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joserfc.jwk import Key

AUDIENCE = "covey"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"


class Issuer:
    """An issuer that runs.

    Attributes:
        url: Its name, and where it is.
        keys: The keys that it publishes and signs with, by number.
        asked: The paths that it was asked for, in order.
        answers: What it answers instead, by path: a status and a body.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, Key] = {}
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.add("first")

    def add(self, number: str, algorithm: str = "ES256") -> Key:
        """A new key, published from now on."""
        self.keys[number] = made(algorithm)
        return self.keys[number]

    def rotate(self, number: str) -> None:
        """Put a new key into the place of all others."""
        self.keys.clear()
        self.add(number)

    def token(
        self,
        claims: dict[str, Any],
        *,
        number: str | None = None,
        algorithm: str = "ES256",
        key: Key | None = None,
        **header: object,
    ) -> bytes:
        """A signed token.

        Args:
            claims: What it says; a claim that is None is left out.
            number: The number of the key, in the header; by default that of the first key.
            algorithm: Which one, in the header.
            key: What it is really signed with; by default the key of this number.
            header: More for the header; what is None is left out.
        """
        number = next(iter(self.keys)) if number is None else number
        everything = {"alg": algorithm, "kid": number, **header}
        return jws.serialize_compact(
            {name: value for name, value in everything.items() if value is not None},
            json.dumps({name: value for name, value in claims.items() if value is not None}),
            key or self.keys[number],
            registry=_Anything(strict_check_header=False),
        ).encode()

    def claims(self, nonce: str, /, **changed: object) -> dict[str, Any]:
        """The claims of a token that is right, with some changed."""
        now = int(time.time())
        right = {
            "iss": self.url,
            "sub": "alice@example.org",
            "aud": AUDIENCE,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
        }
        return {**right, **changed}

    def answer(self, path: str) -> tuple[int, bytes]:
        """What it answers: a status and a body."""
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]
        if path == DISCOVERY:
            return 200, json.dumps({"issuer": self.url, "jwks_uri": self.url + KEYS}).encode()
        if path == KEYS:
            published = [
                {**key.as_dict(private=False), "kid": number} for number, key in self.keys.items()
            ]
            return 200, json.dumps({"keys": published}).encode()
        return 404, b""


class _Anything(jws.JWSRegistry):
    """Signs with whatever it is told to, without a warning."""

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - joserfc names the type nowhere public
        return self.algorithms[name]


def made(algorithm: str) -> Key:
    """A key for an algorithm."""
    kinds: dict[str, Any] = {
        "ES256": lambda: ECKey.generate_key("P-256"),
        "ES384": lambda: ECKey.generate_key("P-384"),
        "RS256": lambda: RSAKey.generate_key(2048),
        "PS256": lambda: RSAKey.generate_key(2048),
        "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
        "Ed25519": lambda: OKPKey.generate_key("Ed25519"),
        "HS256": lambda: OctKey.generate_key(256),
    }
    key: Key = kinds[algorithm]()
    return key


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """Run an issuer at a free port of this machine until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = issuer.answer(self.path)
            with suppress(ConnectionError):  # who asked has given up
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
