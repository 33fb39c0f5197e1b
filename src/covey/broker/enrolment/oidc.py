"""Enrolment by a sign-in elsewhere: OpenID Connect Core 1.0 §2, §3.1.3.7; RFC 7515, 7517, 7519.

May import joserfc, httpx, msgspec, the wire layer, :mod:`covey.broker.addresses` and
:mod:`covey.errors`. An ID token is accepted if the configured issuer signed it for the
configured audience, if it is of now, and if its ``nonce`` is the hash of the device's key: so
it is of no use to anybody with another device. Of what it says nothing leaves but a digest.
"""

from __future__ import annotations

import base64
import hashlib
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from covey.broker.enrolment.issuer_keys import ALGORITHMS, Issuer
from covey.errors import CoveyError
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque

if TYPE_CHECKING:
    from collections.abc import Callable

    from joserfc._rfc7515.model import JWSAlgModel  # joserfc.jws has it, and does not export it
    from joserfc.jwk import Key

_TOLERANCE: Final = 60  # seconds that the clocks of issuer and broker may differ
_LONGEST: Final = 16 * 1024  # bytes of a token
_SUBJECT: Final = 255  # characters of a subject, OpenID Connect Core §2


class Reason(StrEnum):
    """Why an ID token is refused."""

    malformed = "it is not a signed ID token (JWS, compact form)"
    algorithm = "it is not signed with an algorithm that the broker takes"
    key = "the issuer has no key of this number; sign in again in a minute"
    signature = "its signature is not the issuer's"
    issuer = "another issuer made it"
    audience = "it was made for another service"
    expired = "it has expired; sign in again"
    not_yet = "it is of the future; is a clock wrong?"
    nonce = "its nonce is not the hash of this device's key; sign in on this device"
    subject = "it names nobody"


class TokenRefusedError(CoveyError):
    """An ID token does not entitle its bearer to an account.

    Attributes:
        reason: Why. Nothing of the token is in it.
    """

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(f"the ID token is refused: {reason.value}")


class Subject(WireStruct):
    """What the digest of somebody is over.

    struct {
        opaque issuer<V>;
        opaque subject<V>;
    } Subject;
    """

    issuer: opaque
    subject: opaque


class _Claims(msgspec.Struct):
    """What is read of an ID token (OpenID Connect Core §2)."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    nbf: float = 0
    nonce: str = ""
    azp: str | None = None


class _Registry(jws.JWSRegistry):
    """joserfc's checks of a header, with our list of algorithms and no other."""

    max_header_length = 8 * 1024  # certificates may stand in it

    def __init__(self) -> None:
        super().__init__(strict_check_header=False)  # RFC 7515 §4: what is unknown is ignored

    def get_alg(self, name: str) -> JWSAlgModel:
        """The algorithm of a name.

        Raises:
            TokenRefusedError: It is not one that we take.
        """
        if name not in ALGORITHMS:
            raise TokenRefusedError(Reason.algorithm)
        return self.algorithms[name]


_REGISTRY: Final = _Registry()


class Verifier:
    """Verifies the ID tokens of one issuer for one audience.

    Args:
        issuer: The issuer, as its tokens spell it.
        audience: The client id under which the broker is known to it.
        wall: A clock: seconds since the epoch.
        steady: A clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = Issuer(issuer, steady)
        self._audience = audience
        self._wall = wall

    async def verify(self, token: bytes, device: bytes) -> bytes:
        """Who signed in, as a digest.

        The digest is a pseudonym, and no secret: who knows the issuer's name of somebody can
        compute it. Whether that somebody has an account already is not looked at here.

        Args:
            token: The ID token, in compact form.
            device: The device's public key, which the ``nonce`` has to be the hash of.

        Returns:
            SHA-256 of the struct Subject (32 bytes).

        Raises:
            TokenRefusedError: The token is refused.
            IssuerError: The issuer's keys are needed and cannot be had.
        """
        signed = _signed(token)
        headers = signed.headers()
        _REGISTRY.get_alg(headers["alg"])
        keys = await self._issuer.keys(headers.get("kid"), headers["alg"])
        if not keys:
            raise TokenRefusedError(Reason.key)
        # RSA takes about 50 microseconds: not worth a thread.
        if not any(_verifies(signed, key) for key in keys):
            raise TokenRefusedError(Reason.signature)
        try:
            claims = msgspec.json.decode(signed.payload, type=_Claims)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TokenRefusedError(Reason.malformed) from error
        self._check(claims, device)
        subject = Subject(claims.iss.encode(), claims.sub.encode())
        return hashlib.sha256(subject.encode()).digest()

    def _check(self, claims: _Claims, device: bytes) -> None:
        """What OpenID Connect Core §3.1.3.7 asks of the claims, in its order.

        Raises:
            TokenRefusedError: One does not hold.
        """
        now = self._wall()
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        party = claims.azp if claims.azp is not None or len(audiences) > 1 else self._audience
        for holds, reason in (
            (claims.iss == self._issuer.name, Reason.issuer),
            (self._audience in audiences and party == self._audience, Reason.audience),
            (now < claims.exp + _TOLERANCE, Reason.expired),
            (max(claims.iat, claims.nbf) <= now + _TOLERANCE, Reason.not_yet),
            (claims.nonce == nonce(device), Reason.nonce),
            (0 < len(claims.sub) <= _SUBJECT, Reason.subject),
        ):
            if not holds:
                raise TokenRefusedError(reason)


def nonce(device: bytes) -> str:
    """What a client asks the issuer to put into the token: base64url(SHA-256(device key))."""
    digest = hashlib.sha256(device).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _signed(token: bytes) -> jws.CompactSignature:
    """A token taken apart; nothing of it is verified.

    Raises:
        TokenRefusedError: It is none.
    """
    if len(token) > _LONGEST:
        raise TokenRefusedError(Reason.malformed)
    try:
        signed = jws.extract_compact(token, registry=_REGISTRY)
        _REGISTRY.check_header(signed.headers())
    except (JoseError, ValueError, TypeError) as error:
        raise TokenRefusedError(Reason.malformed) from error
    return signed


def _verifies(signed: jws.CompactSignature, key: Key) -> bool:
    """Whether a token was signed with a key, which may be of a kind that does not fit."""
    try:
        return jws.validate_compact(signed, key, registry=_REGISTRY)
    except JoseError:
        return False
