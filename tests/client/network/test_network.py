"""How flows are driven: step by step, each lane over one connection, closed when cancelled."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import httpx
import pytest

from covey.access.member import accounts
from covey.access.structs.basics import Challenge, Nothing
from covey.client.network import Network
from covey.client.sync.asking import alone, challenge
from covey.client.sync.effects import Ask, HangUp, Lane, Pause, Use, World
from covey.client.sync.identity.device import Device
from covey.errors import BrokerError, StateError, TransportError
from covey.lab.conformance.generate.seeded import Seeded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from broker_thread import ThreadBroker
from covey.client.sync.effects import Flow

pytestmark = pytest.mark.anyio

LANE = Lane(Use.identity)
OTHER = Lane(Use.speak, b"gid")
WORLD = World(Seeded(b"network", "tests"), lambda: 0.0)
LONG = 3600.0
REFUSED = StateError("not now")
NO_ROUTE = "no route"


@pytest.fixture
async def network(broker: ThreadBroker) -> AsyncIterator[Network]:
    async with Network(broker.url) as network:
        yield network


# --- steps -------------------------------------------------------------------------------


def nothing(result: int) -> Flow[int]:
    yield from ()
    return result


async def test_a_flow_that_wants_nothing(network: Network) -> None:
    assert await network.run(nothing(7)) == 7
    assert network.lanes == frozenset()


async def test_steps_are_taken_in_another_thread(network: Network) -> None:
    def flow() -> Flow[list[threading.Thread]]:
        threads = [threading.current_thread()]
        yield Pause(0)
        return [*threads, threading.current_thread()]

    assert threading.current_thread() not in await network.run(flow())


async def test_no_two_flows_take_a_step_at_once(network: Network) -> None:
    inside: list[int] = []
    met: list[bool] = []

    def flow(number: int) -> Flow[None]:
        for _ in range(20):
            inside.append(number)
            met.append(inside != [number])
            inside.remove(number)
            yield Pause(0)

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(network.run, flow(number))
    assert len(met) == 80
    assert not any(met)


async def test_nor_does_anything_else_that_is_called(network: Network) -> None:
    assert await network.call(threading.current_thread) is not threading.current_thread()


async def test_what_a_flow_raises_is_raised(network: Network) -> None:
    def flow() -> Flow[None]:
        yield Pause(0)
        raise REFUSED

    with pytest.raises(StateError, match="not now"):
        await network.run(flow())


async def test_a_flow_sees_what_went_wrong_and_may_go_on(broker: ThreadBroker) -> None:
    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError(NO_ROUTE, request=request)

    def flow() -> Flow[str]:
        try:
            yield Ask(LANE, "challenge", Nothing())
        except TransportError as error:
            return str(error)
        return ""

    async with Network(broker.url, transport=Broken) as network:
        assert await network.run(flow()) == "the broker does not answer: no route"


# --- lanes -------------------------------------------------------------------------------


async def test_each_lane_has_a_connection_of_its_own(
    network: Network,
) -> None:
    """What one lane is given is worth nothing on another: they are other connections."""
    device = Device(bytes(32), bytes(32))

    def flow() -> Flow[str]:
        nonce = yield from challenge(OTHER)
        signed = accounts.authenticate(device.seed, device.broker_id, nonce)
        try:
            yield Ask(LANE, "authenticate", signed)
        except BrokerError as error:
            return error.code
        return ""

    assert await network.run(flow()) == "stale_proof"
    assert network.lanes == {LANE, OTHER}


async def test_a_lane_keeps_its_connection(broker: ThreadBroker) -> None:
    opened: list[httpx.AsyncHTTPTransport] = []

    def transport() -> httpx.AsyncHTTPTransport:
        opened.append(httpx.AsyncHTTPTransport())
        return opened[-1]

    async with Network(broker.url, transport=transport) as network:
        for lane in (LANE, OTHER, LANE, OTHER):
            await network.run(challenge(lane))
        assert len(opened) == 2
        await network.run(_hang_up(LANE))
        assert network.lanes == {OTHER}
        await network.run(challenge(LANE))
        assert len(opened) == 3


def _hang_up(lane: Lane) -> Flow[None]:
    yield HangUp(lane)


async def test_who_is_alone_leaves_no_connection(network: Network) -> None:
    await network.run(alone(WORLD, challenge))
    assert network.lanes == frozenset()


async def test_who_forgets_to_hang_up_leaves_none_either(network: Network) -> None:
    await network.run(challenge(Lane(Use.once, b"1")))
    assert network.lanes == frozenset()


async def test_two_who_use_one_lane_come_one_after_the_other(network: Network) -> None:
    nonces: list[bytes] = []

    async def one() -> None:
        nonces.append(await network.run(challenge(LANE)))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(one)
    assert len(nonces) == 8


async def test_no_proxy_is_gone_through_that_was_not_asked_for(
    broker: ThreadBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with Network(broker.url) as network:
        assert await network.run(challenge(LANE))


# --- the end -----------------------------------------------------------------------------


class Flowing:
    """A flow that never ends, and says how it ended."""

    def __init__(self) -> None:
        self.closed = False
        self.begun = anyio.Event()

    def flow(self, *effects: Ask | Pause) -> Flow[None]:
        try:
            for effect in effects:  # noqa: UP028 - an iterator takes no answers
                yield effect
            anyio.from_thread.run_sync(self.begun.set)
            yield Pause(LONG)
        finally:
            self.closed = True


async def test_a_flow_that_is_cancelled_is_closed(network: Network) -> None:
    flowing = Flowing()
    once = Lane(Use.once, b"1")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(network.run, flowing.flow(Ask(once, "challenge", Nothing())))
        await flowing.begun.wait()
        assert once in network.lanes
        tasks.cancel_scope.cancel()
    assert flowing.closed
    assert network.lanes == frozenset()


async def test_a_step_that_has_begun_is_ended_before(network: Network) -> None:
    steps: list[str] = []
    begun, go_on = anyio.Event(), threading.Event()

    def flow() -> Flow[None]:
        steps.append("begun")
        anyio.from_thread.run_sync(begun.set)
        assert go_on.wait(5)
        steps.append("ended")
        yield Pause(LONG)
        steps.append("next")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(network.run, flow())
        await begun.wait()
        tasks.cancel_scope.cancel()
        go_on.set()
    assert steps == ["begun", "ended"]


async def test_a_request_under_way_is_dropped_when_it_is_cancelled(broker: ThreadBroker) -> None:
    sent = anyio.Event()

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            sent.set()
            await anyio.sleep(LONG)
            raise AssertionError(request)

    async with Network(broker.url, transport=Silent) as network, anyio.create_task_group() as tasks:
        tasks.start_soon(network.run, challenge(LANE))
        await sent.wait()
        tasks.cancel_scope.cancel()


async def test_a_lane_can_be_used_after_a_cancelled_request(network: Network) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await network.run(challenge(LANE))
    assert await network.run(challenge(LANE))


async def test_a_client_that_is_closed_says_so(broker: ThreadBroker) -> None:
    network = Network(broker.url)
    await network.run(challenge(LANE))
    await network.aclose()
    assert network.lanes == frozenset()
    with pytest.raises(StateError, match="closed"):
        await network.run(challenge(LANE))


async def test_flows_under_way_are_told_when_it_is_closed(broker: ThreadBroker) -> None:
    said: list[str] = []

    async def listen(network: Network) -> None:
        with pytest.raises(StateError) as raised:
            await network.run(_long_poll(broker))
        said.append(str(raised.value))

    async with Network(broker.url) as network, anyio.create_task_group() as tasks:
        tasks.start_soon(listen, network)
        while not network.lanes:
            await anyio.lowlevel.checkpoint()
        await network.aclose()
    assert said == ["the client has been closed"]


def _long_poll(broker: ThreadBroker) -> Flow[None]:
    while True:
        yield from challenge(LANE)
        assert broker.url


async def test_challenges_are_decoded(network: Network) -> None:
    def flow() -> Flow[object]:
        return (yield Ask(LANE, "challenge", Nothing()))

    assert isinstance(await network.run(flow()), Challenge)
