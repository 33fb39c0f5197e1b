"""The OpenAPI file is what the broker does: compared with its tables, and with its answers."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from broker.provoking import PROVOKED, Stage
from broker_talk import access
from broker_thread import thread_broker
from covey.access import signing
from covey.access.member import accounts
from covey.access.operations import OPERATIONS
from covey.access.refusals import REFUSALS, Code
from covey.access.structs.basics import Challenge, Signed
from covey.access.structs.identity import Token
from openapi import FILE, as_text, document
from wire_strategies import structs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker_talk import Group
    from broker_thread import ThreadBroker

SCHEMA = schemathesis.openapi.from_dict(document())
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == as_text(), "run: python tests/openapi.py"


def test_it_has_every_operation_and_every_code() -> None:
    paths = document()["paths"]
    assert {f"/v1/{name}" for name in OPERATIONS} <= set(paths)
    told = [
        code
        for path in paths.values()
        for each in path.values()
        if isinstance(each, dict)
        for code in codes_of(each)
    ]
    assert {code for _, code in told} == set(Code)
    assert all(REFUSALS[code].status == int(status) for status, code in told)


def codes_of(operation: dict[str, Any]) -> set[tuple[str, Code]]:
    """The refusals of an operation, each with its status."""
    return {
        (status, code)
        for status, response in operation["responses"].items()
        for code in Code
        if f"- `{code}`:" in response["description"]
    }


@pytest.fixture(scope="module")
def served() -> Iterator[ThreadBroker]:
    """A broker with no quotas that strangers could use up."""
    many = "1000000 per second"
    rates = dict.fromkeys(("creations", "enrolments", "claims_of_target", "knocks"), many)
    with thread_broker(**{f"rates__{name}": rate for name, rate in rates.items()}) as broker:
        yield broker


def test_every_refusal_is_in_it(served: ThreadBroker) -> None:
    paths = document()["paths"]
    with ExitStack() as lines:
        for code, provoke in PROVOKED.items():
            if code is Code.unknown_operation:
                continue
            answer = provoke(Stage(served, lines))
            path = answer.request.url.path
            path = path if path in paths else "/v1/blobs/{blob}"
            told = paths[path][answer.request.method.lower()]
            assert (str(answer.status_code), code) in codes_of(told), (path, code)


# --- with requests that nobody thought of --------------------------------------------------

FEW = settings(max_examples=25, phases=[Phase.explicit, Phase.generate], deadline=None)


@pytest.fixture(scope="module")
def group(served: ThreadBroker) -> Iterator[Group]:
    """A group that requests can be about."""
    with served.line() as line:
        group = served.group(line)
        group.say()
        group.commit()
        yield group


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A connection of requests' own."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def sign_in(served: ThreadBroker, session: requests.Session) -> None:
    """Make it a device's connection."""
    url, seed = f"{served.url}/v1/", os.urandom(32)
    nonce = Challenge.decode(session.post(url + "challenge", timeout=5).content).nonce
    asked = accounts.enrol(seed, served.broker_id, os.urandom(32), nonce)
    answer = session.post(url + "enrol", asked.encode(), timeout=5)
    token = Token.decode(answer.content).token
    session.headers["authorization"] = f"Bearer {token.hex()}"


@st.composite
def bodies(draw: st.DrawFn, name: str, group: Group) -> bytes:
    """A request for an operation, which decodes; about a group that is there, and signed by it."""
    operation = OPERATIONS[name]
    request = draw(structs(operation.request))
    known: dict[str, list[Any]] = {
        "broker_id": [group.broker_id],
        "gid": [group.gid, os.urandom(32)],
        "epoch": [0, 1, 2, 2**64 - 1],
        "after": [0, 1, 2**64 - 1],
        "wait": [0],
        "size": [0, 1, 1000, 2**64 - 1],
    }
    names = known.keys() & set(request.__struct_fields__)
    request = request.replace(**{each: draw(st.sampled_from(known[each])) for each in names})
    if not operation.label:
        return bytes(request.encode())
    epoch = getattr(request, "epoch", 0)
    keys = access(group.broker_id, getattr(request, "gid", group.gid), epoch)
    if "access_key" in request.__struct_fields__:
        request = request.replace(access_key=keys.access_key)
    signed = signing.signed(keys.signing_key, operation.label, request)
    return draw(st.sampled_from([signed, Signed(request.encode(), bytes(64))])).encode()


@SCHEMA.parametrize()
@FEW
def test_whatever_is_asked(case: schemathesis.Case, served: ThreadBroker) -> None:
    case.call_and_validate(base_url=served.url, checks=CHECKS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_decodes(
    served: ThreadBroker, group: Group, session: requests.Session, name: str
) -> None:
    """The same with requests that get past decoding: the operation itself is asked."""
    operation = SCHEMA[f"/v1/{name}"]["POST"]
    if OPERATIONS[name].token:
        sign_in(served, session)
    codes = set()

    @FEW
    @given(bodies(name, group))
    def ask(body: bytes) -> None:
        case = operation.Case(body=body, media_type="application/octet-stream")
        answer = case.call_and_validate(base_url=served.url, session=session, checks=CHECKS)
        codes.add(answer.json()["code"] if b"sentence" in answer.content else "done")

    ask()
    assert codes - {"malformed"}, "nothing got past decoding"
