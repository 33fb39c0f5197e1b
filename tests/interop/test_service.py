"""Two instances of the service play all scenarios with each other, over real connections."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import grpc
import pytest

from covey.errors import TransportError
from covey.lab.interop.calls import CALLS, CallError
from covey.lab.interop.grpc_client import Remote
from covey.lab.interop.play.runner import Play, perform, play
from covey.lab.interop.play.scenarios.catalogue import ALL, KINDS, chosen
from covey.lab.interop.proto import mls_client_pb2 as pb
from covey.lab.interop.service.client import ANSWERS, Covey
from covey.lab.interop.targets import Seat
from interop.serving import COVEY, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from covey.lab.interop.play.scenarios.registry import Scenario

SUITES = (1, 2, 3, 4, 5, 6, 7)


@pytest.fixture(scope="module")
def instances() -> Iterator[tuple[Remote, Remote]]:
    with ExitStack() as stack:
        addresses = [stack.enter_context(serving())[0] for _ in range(2)]
        first, second = (stack.enter_context(Remote(each)) for each in addresses)
        yield first, second


def test_every_kind_of_scenario_is_there() -> None:
    assert set(KINDS) == {
        "welcome_join",
        "external_join",
        "application",
        "commit",
        "external_proposals",
        "reinit",
        "branch",
        "deep_random",
    }
    assert {each.kind for each in ALL} == set(KINDS)


@pytest.mark.parametrize("encrypt", [False, True], ids=["public", "private"])
@pytest.mark.parametrize("scenario", ALL, ids=[each.id for each in ALL])
def test_two_instances_play_a_scenario(
    instances: tuple[Remote, Remote], scenario: Scenario, *, encrypt: bool
) -> None:
    for suite, cast in ((1, instances), (2, instances[::-1])):
        outcome = play(scenario, cast, suite, encrypt=encrypt)
        assert (outcome.ending, outcome.detail) == ("pass", "")


@pytest.mark.parametrize("suite", SUITES)
def test_two_instances_play_the_same_in_every_suite(
    instances: tuple[Remote, Remote], suite: int
) -> None:
    scenarios = [each for each in ALL if each.id in {"commit/mixed_with_update", "reinit/suite"}]
    for each in scenarios:
        outcome = play(each, instances, suite, encrypt=True)
        assert (outcome.ending, outcome.detail) == ("pass", "")


def test_every_call_of_the_service_has_an_answer() -> None:
    assert set(ANSWERS) == set(CALLS)


HARMLESS = {"Name", "SupportedCiphersuites"}


@pytest.mark.parametrize("call", sorted(CALLS))
def test_a_call_that_says_nothing_is_a_status_and_not_a_crash(
    instances: tuple[Remote, Remote], call: str
) -> None:
    client = instances[0]
    if call in HARMLESS:
        assert client.answer(call, CALLS[call].request())
        return
    with pytest.raises(CallError) as raised:
        client.answer(call, CALLS[call].request())
    assert raised.value.code in {"NOT_FOUND", "INVALID_ARGUMENT", "UNIMPLEMENTED"}
    assert raised.value.message


BAD: list[tuple[str, Message, str, str]] = [
    ("Protect", pb.ProtectRequest(state_id=99_999), "NOT_FOUND", "state_id 99999"),
    ("JoinGroup", pb.JoinGroupRequest(transaction_id=8), "NOT_FOUND", "transaction_id 8"),
    ("CreateGroup", pb.CreateGroupRequest(cipher_suite=77), "UNIMPLEMENTED", "0x004d"),
    ("CreateKeyPackage", pb.CreateKeyPackageRequest(cipher_suite=0), "UNIMPLEMENTED", "0"),
    ("ExternalJoin", pb.ExternalJoinRequest(group_info=b"rubbish"), "INVALID_ARGUMENT", "VAL-009"),
    ("Free", pb.FreeRequest(state_id=5_000), "NOT_FOUND", "freed"),
]


@pytest.mark.parametrize(("call", "request_", "code", "said"), BAD, ids=[each[0] for each in BAD])
def test_bad_requests_are_told_apart(
    instances: tuple[Remote, Remote], call: str, request_: Message, code: str, said: str
) -> None:
    with pytest.raises(CallError) as raised:
        instances[0].answer(call, request_)
    assert raised.value.code == code
    assert said in raised.value.message


def test_an_unknown_call_is_unimplemented() -> None:
    with serving() as (address, _), grpc.insecure_channel(address) as channel:
        ask = channel.unary_unary("/mls_client.MLSClient/Dance")
        with pytest.raises(grpc.RpcError) as raised:
            ask(b"", timeout=10)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED  # type: ignore[attr-defined]


def test_an_unknown_call_is_unimplemented_in_process_too() -> None:
    with pytest.raises(CallError, match="UNIMPLEMENTED: there is no call Dance"):
        Covey().answer("Dance", pb.NameRequest())


def test_nobody_at_an_address_is_a_transport_error() -> None:
    with serving() as (address, _):
        pass
    with pytest.raises(TransportError, match="nobody answers"):
        Remote(address)


def test_a_server_that_hangs_is_a_transport_error() -> None:
    with serving() as (address, process), Remote(address, patience=0.5) as client:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)  # until then it may answer
        try:
            with pytest.raises(TransportError, match="SupportedCiphersuites: DEADLINE_EXCEEDED"):
                client.answer("SupportedCiphersuites", pb.SupportedCiphersuitesRequest())
        finally:
            process.send_signal(signal.SIGCONT)


def test_a_server_that_dies_fails_its_plays_and_the_run_goes_on() -> None:
    (scenario,) = chosen(("application/in_order",))
    with serving() as (address, process):
        seats = (Seat(Covey), Seat(lambda: Remote(address, 5), address))
        with seats[0], seats[1]:
            planned = [Play(scenario, seats, 1, encrypt=False)] * 3
            outcomes = []
            for outcome in perform(planned):
                outcomes.append(outcome)
                process.kill()
                process.wait()
    assert [each.ending for each in outcomes] == ["pass", "fail", "fail"]
    assert "UNAVAILABLE" in outcomes[1].detail
    assert "nobody answers" in outcomes[2].detail


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with serving() as (address, _):
        port = address.rpartition(":")[2]
        done = subprocess.run(  # noqa: S603 - our own program
            [*COVEY, "interop", "serve", "--port", port],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert "is the port taken" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_service_stops_when_it_is_asked_to(how: signal.Signals) -> None:
    with subprocess.Popen(  # noqa: S603 - our own program
        [*COVEY, "interop", "serve", "--port", "0"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"covey interop service at 127.0.0.1:")
        process.send_signal(how)
        assert process.wait(20) == 0


def test_the_service_does_without_standard_input() -> None:
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *COVEY, "interop", "serve", "--port", "0"]
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, "--stop-on-eof"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def removed_member() -> tuple[Covey, int]:
    """covey, with a member that has been removed."""
    client = Covey()
    created = client.answer("CreateGroup", pb.CreateGroupRequest(cipher_suite=1, identity=b"a"))
    package = client.answer(
        "CreateKeyPackage", pb.CreateKeyPackageRequest(cipher_suite=1, identity=b"b")
    )
    assert isinstance(created, pb.CreateGroupResponse)
    assert isinstance(package, pb.CreateKeyPackageResponse)
    adding = pb.ProposalDescription(proposal_type=b"add", key_package=package.key_package)
    state = created.state_id
    made = client.answer("Commit", pb.CommitRequest(state_id=state, by_value=[adding]))
    assert isinstance(made, pb.CommitResponse)
    client.answer("HandlePendingCommit", pb.HandlePendingCommitRequest(state_id=state))
    joining = pb.JoinGroupRequest(transaction_id=package.transaction_id, welcome=b"junk")
    with pytest.raises(CallError, match="INVALID_ARGUMENT"):
        client.answer("JoinGroup", joining)
    joining.welcome = made.welcome  # a request that failed has used nothing up
    joined = client.answer("JoinGroup", joining)
    assert isinstance(joined, pb.JoinGroupResponse)
    going = pb.ProposalDescription(proposal_type=b"remove", removed_id=b"b")
    made = client.answer("Commit", pb.CommitRequest(state_id=state, by_value=[going]))
    assert isinstance(made, pb.CommitResponse)
    handled = pb.HandleCommitRequest(state_id=joined.state_id, commit=made.commit)
    client.answer("HandleCommit", handled)
    return client, joined.state_id


@pytest.mark.parametrize(
    "call", ["StateAuth", "Export", "Protect", "UpdateProposal", "GroupInfo", "Commit"]
)
def test_who_has_been_removed_says_so(call: str) -> None:
    client, state = removed_member()
    request = CALLS[call].request(state_id=state)
    with pytest.raises(CallError, match="FAILED_PRECONDITION: we have been removed"):
        client.answer(call, request)
