"""The keys of an OpenID issuer: fetched, kept for an hour, and fetched again when one is new.

May import joserfc, httpx, msgspec, :mod:`covey.broker.addresses` and :mod:`covey.errors`
(OpenID Connect Discovery 1.0 §4, RFC 7517 §5). However many tokens come in, an unknown key
makes the broker ask the issuer at most once a minute.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from covey.broker.addresses import is_loopback
from covey.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

ALGORITHMS: Final = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "EdDSA": "OKP",
    "Ed25519": "OKP",
}
"""The algorithms that are taken, and the type of their keys. ``none`` and those with a shared
secret are not among them."""

_KEPT: Final = 3600.0  # seconds; a key that the issuer takes back is accepted no longer
_AGAIN: Final = 60.0  # seconds between two questions for a key that is unknown
_RETRY: Final = 5.0  # seconds between two questions when the issuer did not answer
_PATIENCE: Final = 10.0  # seconds for an answer, from the first byte sent to the last received
_LARGEST: Final = 512 * 1024  # bytes of a document
_RSA_BITS: Final = 2048  # RFC 7518 §3.3: no smaller key


class IssuerError(TransportError):
    """The issuer's keys cannot be had; a later attempt may succeed.

    Attributes:
        issuer: The issuer.
        what: What is wrong with it.
    """

    def __init__(self, issuer: str, what: str) -> None:
        self.issuer = issuer
        self.what = what
        super().__init__(issuer, what)

    def __str__(self) -> str:
        return f"the OpenID issuer {self.issuer} {self.what}"


class _Discovered(msgspec.Struct):
    """What is read of the issuer's own description (OpenID Connect Discovery §3)."""

    issuer: str
    jwks_uri: str


class _KeySet(msgspec.Struct):
    """A JWK Set (RFC 7517 §5)."""

    keys: list[dict[str, Any]]


class _Published(NamedTuple):
    """A key, the number under which it was published, and the algorithm it is meant for."""

    number: str | None
    algorithm: str | None
    key: Key


class Issuer:
    """An issuer, and the keys it had when it was asked last.

    Args:
        name: Its URL, as its tokens spell it.
        steady: A clock that only goes forward, in seconds.
    """

    def __init__(self, name: str, steady: Callable[[], float]) -> None:
        self.name: str = name
        self._steady = steady
        self._asking = asyncio.Lock()
        self._published: tuple[_Published, ...] = ()
        self._fetched_at: float | None = None
        self._asked_at: float | None = None
        self._failure = ""

    async def keys(self, number: str | None, algorithm: str) -> tuple[Key, ...]:
        """The keys that may have signed a token.

        Args:
            number: The token's ``kid``. Without one, the issuer's only key is meant.
            algorithm: The token's ``alg``, one of ALGORITHMS.

        Returns:
            The keys; none if the issuer has none of this number, as far as the broker knows.

        Raises:
            IssuerError: The issuer cannot be asked, and has to be.
        """
        if not self._is_fresh() or not self._found(number, algorithm):
            async with self._asking:
                if not self._is_fresh() or not self._found(number, algorithm):
                    await self._ask()
        return self._found(number, algorithm)

    def _found(self, number: str | None, algorithm: str) -> tuple[Key, ...]:
        usable = tuple(
            each.key
            for each in self._published
            if number in (None, each.number)
            and each.key.key_type == ALGORITHMS[algorithm]
            and each.algorithm in (None, algorithm)
        )
        return usable if number is not None or len(usable) == 1 else ()

    def _is_fresh(self) -> bool:
        return self._fetched_at is not None and self._steady() - self._fetched_at < _KEPT

    async def _ask(self) -> None:
        """Fetch the keys, unless that was done a moment ago.

        Raises:
            IssuerError: It failed, now or a moment ago.
        """
        now = self._steady()
        if self._asked_at is not None and now - self._asked_at < self._pause():
            if self._failure:
                raise IssuerError(self.name, self._failure)
            return
        self._asked_at = now
        self._failure = "was being asked when a client hung up"
        try:
            async with asyncio.timeout(_PATIENCE):
                self._published = await self._fetched()
        except TimeoutError:
            self._failure = f"does not answer within {_PATIENCE:.0f} seconds"
            raise IssuerError(self.name, self._failure) from None
        except IssuerError as error:
            self._failure = error.what
            raise
        self._failure = ""
        self._fetched_at = now

    def _pause(self) -> float:
        """Seconds between two questions."""
        return _RETRY if self._failure else _AGAIN

    async def _fetched(self) -> tuple[_Published, ...]:
        """The keys, from where the issuer says they are."""
        where = self.name.rstrip("/") + "/.well-known/openid-configuration"
        async with httpx.AsyncClient(timeout=_PATIENCE) as client:
            found = self._decoded(_Discovered, where, await self._get(client, where))
            if found.issuer != self.name:
                raise IssuerError(
                    self.name, f"calls itself {found.issuer!r}: set oidc.issuer to exactly that"
                )
            document = await self._get(client, found.jwks_uri)
        keys = self._decoded(_KeySet, found.jwks_uri, document).keys
        published = tuple(key for each in keys if (key := _usable(each)) is not None)
        if not published:
            raise IssuerError(
                self.name, f"has no key at {found.jwks_uri} for an algorithm that is taken"
            )
        return published

    async def _get(self, client: httpx.AsyncClient, url: str) -> bytes:
        if not is_private_enough(url):
            raise IssuerError(self.name, f"is to be asked at {url}, which is not https")
        body = b""
        try:
            async with client.stream("GET", url) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise IssuerError(self.name, f"answers {url} with status {answer.status_code}")
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > _LARGEST:
                        raise IssuerError(
                            self.name, f"answers {url} with more than {_LARGEST} bytes"
                        )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise IssuerError(
                self.name, f"cannot be reached at {url}: {type(error).__name__}"
            ) from error
        return body

    def _decoded(self, kind: type[T], url: str, document: bytes) -> T:
        try:
            return msgspec.json.decode(document, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise IssuerError(
                self.name, f"answers {url} with something else than was asked for"
            ) from error


def is_private_enough(url: str) -> bool:
    """Whether a URL is https, or http to this machine itself."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    )


def _usable(jwk: dict[str, Any]) -> _Published | None:
    """A key for one of our algorithms; None for any other (RFC 7517 §5: those are ignored)."""
    kind, number, algorithm = jwk.get("kty"), jwk.get("kid"), jwk.get("alg")
    if kind not in ALGORITHMS.values() or jwk.get("use", "sig") != "sig":
        return None
    try:
        if kind == "RSA" and _bits(jwk["n"]) < _RSA_BITS:
            return None
        key = JWKRegistry.import_key(jwk)
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(number, str | None) or not isinstance(algorithm, str | None):
        return None
    return _Published(number, algorithm, key)


def _bits(number: str) -> int:
    """The bits of a number in base64url, or at most 7 more."""
    return len(number) * 6
