"""A proof is made once, then its ticket is shown, until the connection is another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.refusals import Code, refused
from covey.access.structs.basics import ByTicket, Fresh
from covey.access.structs.joining import Fetch, Fetched
from covey.client.sync.effects import Ask, Lane, Use
from covey.client.sync.identity.proving import PROOFS, Prover
from covey.errors import BrokerError
from flows import NONCE, played

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow

FETCHED = Fetched((), b"")
STALE = refused(Code.stale_proof)


def prover() -> Prover:
    return Prover(Lane(Use.inbox, b"i"), lambda nonce: Fresh(nonce, bytes(64)))


def fetch(prover: Prover) -> Flow[Fetched]:
    return prover.ask("fetch", lambda proof: Fetch(bytes(32), (), 0, proof), Fetched)


def proofs(effects: list[object]) -> list[object]:
    requests = [each.request for each in effects if isinstance(each, Ask)]
    return [each.proof for each in requests if isinstance(each, Fetch)]


def test_the_first_proof_is_a_signature_over_a_nonce() -> None:
    done = played(fetch(prover()), [FETCHED])
    assert done.operations == ["challenge", "fetch"]
    assert proofs(list(done.effects)) == [Fresh(NONCE, bytes(64))]


def test_with_a_ticket_there_is_no_challenge() -> None:
    one = prover()
    one.keep(b"ticket")
    done = played(fetch(one), [FETCHED])
    assert done.operations == ["fetch"]
    assert proofs(list(done.effects)) == [ByTicket(b"ticket")]


def test_a_ticket_of_another_connection_is_dropped() -> None:
    one = prover()
    one.keep(b"ticket")
    assert played(fetch(one), [STALE, FETCHED]).operations == ["fetch", "challenge", "fetch"]
    assert played(fetch(one), [FETCHED]).operations == ["challenge", "fetch"]


def test_a_connection_that_breaks_between_nonce_and_proof() -> None:
    done = played(fetch(prover()), [STALE, STALE, FETCHED])
    assert done.operations == ["challenge", "fetch"] * 3


def test_a_broker_that_takes_no_proof_is_not_asked_for_ever() -> None:
    with pytest.raises(BrokerError, match="stale_proof"):
        played(fetch(prover()), [STALE] * PROOFS)


def test_other_refusals_are_the_asker_s() -> None:
    one = prover()
    one.keep(b"ticket")
    with pytest.raises(BrokerError, match="inbox_unknown"):
        played(fetch(one), [refused(Code.inbox_unknown)])
