"""Enrolment by an ID token: what is taken, everything that is not, and the issuer's moods."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from covey.broker.enrolment import issuer_keys
from covey.broker.enrolment.issuer_keys import IssuerError, is_private_enough
from covey.broker.enrolment.oidc import Reason, Subject, TokenRefusedError, Verifier, nonce
from issuer import AUDIENCE, DISCOVERY, KEYS, Issuer, made, running_issuer

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICE = bytes(range(32))
NONCE = nonce(DEVICE)


class Clocks:
    """Clocks that a test sets."""

    def __init__(self) -> None:
        self.passed = 0.0

    def wall(self) -> float:
        return time.time() + self.passed

    def steady(self) -> float:
        return self.passed


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def verifier(issuer: Issuer, clocks: Clocks) -> Verifier:
    return Verifier(issuer.url, AUDIENCE, wall=clocks.wall, steady=clocks.steady)


def verify(verifier: Verifier, token: bytes, device: bytes = DEVICE) -> bytes:
    return asyncio.run(verifier.verify(token, device))


def refusal(verifier: Verifier, token: bytes) -> Reason:
    with pytest.raises(TokenRefusedError) as refused:
        verify(verifier, token)
    assert str(refused.value) == f"the ID token is refused: {refused.value.reason.value}"
    return refused.value.reason


def test_who_signed_in_is_a_digest(issuer: Issuer, verifier: Verifier) -> None:
    found = verify(verifier, issuer.token(issuer.claims(NONCE)))
    subject = Subject(issuer.url.encode(), b"alice@example.org")
    assert found == hashlib.sha256(subject.encode()).digest()
    other = verify(verifier, issuer.token(issuer.claims(NONCE, sub="bob@example.org")))
    assert other != found


def test_the_nonce_is_the_hash_of_the_device_key() -> None:
    digest = hashlib.sha256(DEVICE).digest()
    assert base64.urlsafe_b64decode(NONCE + "=") == digest


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"])
def test_these_algorithms_are_taken(issuer: Issuer, verifier: Verifier, algorithm: str) -> None:
    issuer.add("its own", algorithm)
    token = issuer.token(issuer.claims(NONCE), number="its own", algorithm=algorithm)
    assert len(verify(verifier, token)) == 32


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": [AUDIENCE]},
        {"aud": [AUDIENCE, "another"], "azp": AUDIENCE},
        {"azp": AUDIENCE},
        {"more": {"of": ["anything"]}},
    ],
)
def test_these_claims_are_fine(issuer: Issuer, verifier: Verifier, changed: dict[str, Any]) -> None:
    assert verify(verifier, issuer.token(issuer.claims(NONCE, **changed)))


@pytest.mark.parametrize(("claim", "ahead"), [("exp", -30), ("iat", 30), ("nbf", -5)])
def test_a_clock_may_differ_a_little(
    issuer: Issuer, verifier: Verifier, claim: str, ahead: float
) -> None:
    changed: dict[str, Any] = {claim: time.time() + ahead}
    assert verify(verifier, issuer.token(issuer.claims(NONCE, **changed)))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://evil.example"}, Reason.issuer),
        ({"aud": "another"}, Reason.audience),
        ({"aud": []}, Reason.audience),
        ({"aud": [AUDIENCE, "another"]}, Reason.audience),
        ({"aud": [AUDIENCE, "another"], "azp": "another"}, Reason.audience),
        ({"azp": "another"}, Reason.audience),
        ({"exp": time.time() - 3600}, Reason.expired),
        ({"iat": time.time() + 3600}, Reason.not_yet),
        ({"nbf": time.time() + 3600}, Reason.not_yet),
        ({"nonce": nonce(bytes(32))}, Reason.nonce),
        ({"nonce": None}, Reason.nonce),
        ({"nonce": NONCE + "="}, Reason.nonce),
        ({"sub": ""}, Reason.subject),
        ({"sub": "x" * 256}, Reason.subject),
        ({"sub": None}, Reason.malformed),
        ({"sub": 7}, Reason.malformed),
        ({"exp": None}, Reason.malformed),
        ({"exp": "tomorrow"}, Reason.malformed),
        ({"iat": None}, Reason.malformed),
        ({"aud": {"of": AUDIENCE}}, Reason.malformed),
    ],
)
def test_these_claims_are_refused(
    issuer: Issuer, verifier: Verifier, changed: dict[str, Any], reason: Reason
) -> None:
    assert refusal(verifier, issuer.token(issuer.claims(NONCE, **changed))) is reason


def test_a_token_of_another_device_is_refused(issuer: Issuer, verifier: Verifier) -> None:
    token = issuer.token(issuer.claims(NONCE))
    with pytest.raises(TokenRefusedError, match="sign in on this device"):
        verify(verifier, token, bytes(32))


def test_no_algorithm_is_no_signature(issuer: Issuer, verifier: Verifier) -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(issuer.claims(NONCE)).encode()).rstrip(b"=")
    assert refusal(verifier, head + b"." + body + b".") is Reason.algorithm
    assert issuer.asked == []  # such a token does not make the broker ask anybody


@pytest.mark.parametrize("form", ["pem", "raw"])
def test_a_public_key_is_no_shared_secret(issuer: Issuer, verifier: Verifier, form: str) -> None:
    """HS256 with the bytes of the public key as its secret (RFC 8725 §2.1)."""
    key = issuer.add("rsa", "RS256")
    secret = key.as_pem(private=False) if form == "pem" else json.dumps(key.as_dict()).encode()
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(issuer.claims(NONCE)).encode()).rstrip(b"=")
    tag = base64.urlsafe_b64encode(hmac.digest(secret, header + b"." + body, "sha256")).rstrip(b"=")
    assert refusal(verifier, b".".join((header, body, tag))) is Reason.algorithm


def test_a_shared_secret_among_the_keys_is_never_used(issuer: Issuer, verifier: Verifier) -> None:
    issuer.add("shared", "HS256")
    token = issuer.token(issuer.claims(NONCE), number="shared", algorithm="HS256")
    assert refusal(verifier, token) is Reason.algorithm


def test_another_key_under_the_same_number_is_refused(issuer: Issuer, verifier: Verifier) -> None:
    token = issuer.token(issuer.claims(NONCE), key=made("ES256"))
    assert refusal(verifier, token) is Reason.signature


def test_a_key_of_another_curve_is_refused(issuer: Issuer, verifier: Verifier) -> None:
    issuer.add("large", "ES384")
    token = issuer.token(issuer.claims(NONCE), number="large", key=issuer.keys["first"])
    assert refusal(verifier, token) is Reason.signature


def test_a_key_for_another_algorithm_is_not_used(issuer: Issuer, verifier: Verifier) -> None:
    issuer.add("rsa", "RS256")
    token = issuer.token(issuer.claims(NONCE), number="rsa", key=issuer.keys["first"])
    assert refusal(verifier, token) is Reason.key


def test_a_key_that_the_token_brings_is_not_used(issuer: Issuer, verifier: Verifier) -> None:
    own = made("ES256")
    token = issuer.token(
        issuer.claims(NONCE), number="own", key=own, jwk=own.as_dict(private=False)
    )
    assert refusal(verifier, token) is Reason.key


def test_every_bit_of_a_token_counts(issuer: Issuer, verifier: Verifier) -> None:
    head, body, signature = issuer.token(issuer.claims(NONCE)).split(b".")
    claims = json.loads(base64.urlsafe_b64decode(body + b"=="))
    claims["sub"] = "mallory"
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    assert refusal(verifier, b".".join((head, other, signature))) is Reason.signature
    assert refusal(verifier, b".".join((head, body, b""))) is Reason.signature
    assert refusal(verifier, b".".join((head, body, signature[:-4]))) is Reason.signature


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"..",
        b"a.b",
        b"a.b.c.d.e",
        b"\xff\xfe.\xff.\xff",
        b"e30.e30.e30",
        base64.urlsafe_b64encode(b'{"alg":7}') + b".e30.e30",
        base64.urlsafe_b64encode(b'{"alg":["ES256"]}') + b".e30.e30",
        base64.urlsafe_b64encode(b'["alg"]') + b".e30.e30",
        base64.urlsafe_b64encode(b'"alg"') + b".e30.e30",
        base64.urlsafe_b64encode(b'{"alg":"ES256","kid":7}').rstrip(b"=") + b".e30.e30",
        base64.urlsafe_b64encode(b'{"alg":"ES256","crit":["x"],"x":1}').rstrip(b"=") + b".e30.e30",
        b"a" * 20_000,
    ],
)
def test_what_is_no_token_is_refused(issuer: Issuer, verifier: Verifier, token: bytes) -> None:
    assert refusal(verifier, token) is Reason.malformed
    assert issuer.asked == []


def test_signed_nonsense_is_refused(issuer: Issuer, verifier: Verifier) -> None:
    token = issuer.token({})
    assert refusal(verifier, token) is Reason.malformed


def test_a_token_without_a_number_means_the_only_key(issuer: Issuer, verifier: Verifier) -> None:
    assert verify(verifier, issuer.token(issuer.claims(NONCE), kid=None))


def test_a_token_without_a_number_means_none_of_several(issuer: Issuer, verifier: Verifier) -> None:
    issuer.add("second")
    assert refusal(verifier, issuer.token(issuer.claims(NONCE), kid=None)) is Reason.key


def test_the_issuer_is_asked_once(issuer: Issuer, verifier: Verifier) -> None:
    async def at_once() -> None:
        token = issuer.token(issuer.claims(NONCE))
        await asyncio.gather(*(verifier.verify(token, DEVICE) for _ in range(20)))

    asyncio.run(at_once())
    assert issuer.asked == [DISCOVERY, KEYS]


def test_rotated_keys_are_fetched_at_most_once_a_minute(
    issuer: Issuer, verifier: Verifier, clocks: Clocks
) -> None:
    old = issuer.token(issuer.claims(NONCE))
    verify(verifier, old)
    issuer.rotate("second")
    new = issuer.token(issuer.claims(NONCE))
    assert {refusal(verifier, new) for _ in range(5)} == {Reason.key}
    assert len(issuer.asked) == 2
    clocks.passed = 61
    assert verify(verifier, new)
    assert len(issuer.asked) == 4
    assert refusal(verifier, old) is Reason.key  # the key has been taken back


def test_a_key_that_is_taken_back_is_accepted_for_an_hour_at_most(
    issuer: Issuer, verifier: Verifier, clocks: Clocks
) -> None:
    lasting = issuer.token(issuer.claims(NONCE, exp=time.time() + 100_000))
    verify(verifier, lasting)
    issuer.rotate("second")
    clocks.passed = 3599
    assert verify(verifier, lasting)
    clocks.passed = 3601
    assert refusal(verifier, lasting) is Reason.key


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        (DISCOVERY, (500, b""), "status 500"),
        (DISCOVERY, (302, b""), "status 302"),
        (DISCOVERY, (200, b"<html>"), "something else than was asked for"),
        (DISCOVERY, (200, b"\xff"), "something else than was asked for"),
        (DISCOVERY, (200, b"{}"), "something else than was asked for"),
        (DISCOVERY, (200, b" " * 600_000), "more than 524288 bytes"),
        (DISCOVERY, (200, b'{"issuer":"https://x","jwks_uri":""}'), "set oidc.issuer to exactly"),
        (KEYS, (404, b""), "status 404"),
        (KEYS, (200, b'{"keys":{}}'), "something else than was asked for"),
        (KEYS, (200, b'{"keys":[]}'), "no key at"),
        (KEYS, (200, b'{"keys":[{"kty":"oct","k":"AAAA","kid":"first"}]}'), "no key at"),
        (KEYS, (200, b'{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}'), "no key at"),
        (KEYS, (200, b'{"keys":[{"kty":"EC","crv":"P-0","x":"A","y":"A"}, {}]}'), "no key at"),
        (KEYS, (200, b'{"keys":[{"kty":["EC"]},{"kty":"EC","kid":1}]}'), "no key at"),
    ],
)
def test_an_issuer_that_answers_badly_is_named(
    issuer: Issuer, verifier: Verifier, path: str, answer: tuple[int, bytes], said: str
) -> None:
    issuer.answers[path] = answer
    with pytest.raises(IssuerError, match=said) as error:
        verify(verifier, issuer.token(issuer.claims(NONCE)))
    assert str(error.value).startswith(f"the OpenID issuer {issuer.url} ")


@pytest.mark.parametrize(
    "where", ["http://192.0.2.1/keys", "ftp://127.0.0.1/keys", "/keys", "http://[/"]
)
def test_keys_are_not_fetched_in_the_clear(issuer: Issuer, verifier: Verifier, where: str) -> None:
    issuer.answers[DISCOVERY] = (
        200,
        json.dumps({"issuer": issuer.url, "jwks_uri": where}).encode(),
    )
    with pytest.raises(IssuerError, match="which is not https"):
        verify(verifier, issuer.token(issuer.claims(NONCE)))


def test_an_issuer_that_is_away_is_asked_again_in_a_moment(
    issuer: Issuer, verifier: Verifier, clocks: Clocks
) -> None:
    token = issuer.token(issuer.claims(NONCE))
    issuer.answers[DISCOVERY] = (503, b"")
    for _ in range(3):
        with pytest.raises(IssuerError, match="status 503"):
            verify(verifier, token)
    assert issuer.asked == [DISCOVERY]
    issuer.answers.clear()
    clocks.passed = 6
    assert verify(verifier, token)


def test_known_keys_go_on_while_the_issuer_is_away(
    issuer: Issuer, verifier: Verifier, clocks: Clocks
) -> None:
    known = issuer.token(issuer.claims(NONCE))
    verify(verifier, known)
    issuer.answers[DISCOVERY] = (503, b"")
    clocks.passed = 61
    unknown = issuer.token(issuer.claims(NONCE), kid="another")
    with pytest.raises(IssuerError):
        verify(verifier, unknown)
    assert verify(verifier, known)


def test_an_issuer_that_is_not_there_is_named() -> None:
    verifier = Verifier("http://127.0.0.1:9", AUDIENCE)
    with running_issuer() as issuer:
        token = issuer.token(issuer.claims(NONCE))
    with pytest.raises(IssuerError, match=r"cannot be reached at http://127\.0\.0\.1:9/"):
        verify(verifier, token)


def test_an_issuer_that_does_not_answer_is_given_up(
    verifier: Verifier, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_keys, "_PATIENCE", 0.2)

    def slowly(_: str) -> tuple[int, bytes]:
        time.sleep(0.5)
        return 200, b"{}"

    monkeypatch.setattr(issuer, "answer", slowly)
    with pytest.raises(IssuerError, match=r"does not answer|cannot be reached"):
        verify(verifier, issuer.token(issuer.claims(NONCE)))


def test_a_client_that_hangs_up_while_the_issuer_is_asked_blocks_nobody(
    verifier: Verifier, issuer: Issuer, clocks: Clocks
) -> None:
    token = issuer.token(issuer.claims(NONCE))

    async def hang_up() -> None:
        asking = asyncio.create_task(verifier.verify(token, DEVICE))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    asyncio.run(hang_up())
    clocks.passed = 6
    assert verify(verifier, token)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://id.example/realm", True),
        ("http://localhost:8080", True),
        ("http://[::1]:8080/x", True),
        ("http://id.example", False),
        ("https://", False),
        ("file:///etc/passwd", False),
    ],
)
def test_what_is_private_enough(url: str, fine: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_private_enough(url) is fine
