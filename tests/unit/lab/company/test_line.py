"""A connection: what is tried again, what is proved again, and what is passed on."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import httpx
import pytest

from covey.access.refusals import REFUSALS, Code
from covey.access.structs.basics import ByTicket, Challenge, Fresh, Nothing, Signed
from covey.access.structs.heads import Position
from covey.access.structs.joining import Fetch, Fetched
from covey.access.structs.log import Appended
from covey.errors import BrokerError, TransportError
from covey.lab.company.line import Line, Prover
from covey.lab.company.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = bytes(32)
CHALLENGE = Challenge(b"nonce", 600)
SIGNED = Signed(b"request", bytes(64))


def refusal(code: Code, **headers: str) -> httpx.Response:
    body = {"code": code.value, "sentence": REFUSALS[code].sentence}
    return httpx.Response(REFUSALS[code].status, json=body, headers=headers)


def line(answer: Callable[[httpx.Request], httpx.Response]) -> Line:
    return Line("http://broker", httpx.MockTransport(answer), pause=0)


class Answers:
    """Answers one after the other, and keeps what was asked."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self.left = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_what_gets_lost_is_sent_again_as_it_was() -> None:
    done = httpx.Response(200, content=Appended(Position(1, bytes(32))).encode())
    answers = Answers(httpx.ReadError("lost"), refusal(Code.unavailable), done)
    assert line(answers).append(SIGNED) == Appended(Position(1, bytes(32)))
    assert {each.content for each in answers.asked} == {SIGNED.encode()}
    assert len(answers.asked) == 3


def test_a_broker_that_never_answers_is_told_so() -> None:
    with pytest.raises(TransportError, match="the broker does not answer: gone"):
        line(Answers(*[httpx.ConnectError("gone")] * 5)).ask("challenge", Nothing(), Challenge)


def test_a_broker_without_its_database_refuses_in_the_end() -> None:
    with pytest.raises(BrokerError, match="unavailable"):
        line(Answers(*[refusal(Code.unavailable)] * 5)).append(SIGNED)


def test_a_refusal_has_its_code_and_when_to_try_again() -> None:
    answers = Answers(refusal(Code.over_quota, **{"retry-after": "7"}))
    with pytest.raises(BrokerError) as caught:
        line(answers).ask("challenge", Nothing(), Challenge)
    assert caught.value.code == "over_quota"
    assert caught.value.retry_after == 7


def test_what_is_no_broker_is_told_so() -> None:
    with pytest.raises(TransportError, match="status 418, and not as a broker would"):
        line(Answers(httpx.Response(418, text="a teapot"))).append(SIGNED)
    with pytest.raises(TransportError, match="not describe itself"):
        line(Answers(httpx.Response(200, text="hello"))).about()


@pytest.mark.parametrize("fits", [True, False])
def test_the_id_of_a_broker_is_the_hash_of_its_key(*, fits: bool) -> None:
    named = sha256(KEY).hexdigest() if fits else bytes(32).hex()
    about = {"broker_id": named, "broker_key": KEY.hex(), "incarnation": "", "limits": {}}
    one = line(Answers(httpx.Response(200, text=json.dumps(about))))
    if fits:
        assert one.about().broker_id == named
        return
    with pytest.raises(TransportError, match="not the hash of its key"):
        one.about()


def test_a_ticket_that_is_stale_is_replaced_by_one_new_proof() -> None:
    done = Fetched((), b"ticket")

    def make(proof: Fresh | ByTicket) -> Fetch:
        return Fetch(bytes(32), 0, 0, proof)

    answers = Answers(
        refusal(Code.stale_proof),
        httpx.Response(200, content=CHALLENGE.encode()),
        httpx.Response(200, content=done.encode()),
    )
    prover = Prover(line(answers), lambda nonce: Fresh(nonce, bytes(64)))
    prover.keep(b"old")
    assert prover.ask("fetch", make, Fetched) == done
    assert [each.url.path for each in answers.asked] == [
        "/v1/fetch", "/v1/challenge", "/v1/fetch",
    ]  # fmt: skip
    assert Fetch.decode(answers.asked[-1].content).proof == Fresh(b"nonce", bytes(64))


def test_a_new_proof_that_is_refused_too_is_an_error() -> None:
    nonce = httpx.Response(200, content=CHALLENGE.encode())
    answers = Answers(nonce, refusal(Code.stale_proof), nonce, refusal(Code.stale_proof))
    prover = Prover(line(answers), lambda nonce: Fresh(nonce, bytes(64)))
    with pytest.raises(BrokerError, match="stale_proof"):
        prover.ask("fetch", lambda proof: Fetch(bytes(32), 0, 0, proof), Fetched)
    assert answers.left == []


def test_a_blob_that_is_not_there_has_its_code_though_no_body_says_so() -> None:
    with pytest.raises(BrokerError, match="blob_unknown"):
        line(Answers(httpx.Response(404))).blob_received(bytes(32))


def test_groups_share_a_connection_only_when_told_to() -> None:
    with Lines("http://broker") as apart:
        assert apart.group() is not apart.group()
        assert apart.identity() is apart.identity()
    with Lines("http://broker", multiplexed=True) as shared:
        one = shared.group()
        shared.done(one)
        assert shared.group() is one is not shared.identity()
