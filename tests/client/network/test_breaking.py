"""Connections break and brokers start again: what was begun goes on."""

from __future__ import annotations

import gc
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import pytest

from access_samples import POLICY
from broker_talk import access
from broker_thread import broker_at
from covey.access.structs.identity import Stock
from covey.access.structs.log import Created
from covey.client.network import Network
from covey.client.sync import asking
from covey.client.sync.asking import ask, challenge
from covey.client.sync.effects import Lane, Pause, Use, World
from covey.client.sync.identity import attachments, key_packages
from covey.client.sync.identity.device import LANE, Device
from covey.client.sync.identity.inbox import Inbox
from covey.errors import BrokerError, StateError, TransportError
from covey.mls import Member
from covey.mls.crypto.entropy import system_entropy as entropy
from covey.store import memory_store
from relay import relay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker_thread import ThreadBroker
    from covey.client.sync.effects import Flow

pytestmark = pytest.mark.anyio
WORLD = World(entropy, time.time)
LONG = 20_000  # milliseconds: longer than any of these tests takes


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits less before something is tried again."""
    monkeypatch.setattr(asking, "_PAUSE", 0.02)
    monkeypatch.setattr(attachments, "_PAUSE", 0.02)


async def enrolled(network: Network, broker_id: bytes) -> Device:
    device = Device(broker_id, entropy(32))
    await network.run(device.enrol(entropy(8).hex()))
    return device


# --- connections -------------------------------------------------------------------------


async def test_a_lane_is_one_connection(broker: ThreadBroker) -> None:
    async with relay(broker.url) as between, Network(between.url) as network:
        device = await enrolled(network, broker.broker_id)
        inbox = Inbox(broker.broker_id, entropy(32), entropy(32))
        await network.run(inbox.begin(device))
        assert between.connections == 1
        for _ in range(3):
            await network.run(inbox.fetch())
        assert between.connections == 2


@pytest.mark.usefixtures("quickly")
async def test_what_was_proven_on_a_connection_that_broke_is_proven_again(
    broker: ThreadBroker,
) -> None:
    async with relay(broker.url) as between, Network(between.url) as network:
        device = await enrolled(network, broker.broker_id)
        inbox = Inbox(broker.broker_id, entropy(32), entropy(32))
        await network.run(inbox.begin(device))
        await network.run(inbox.fetch())
        between.break_all()
        assert await network.run(inbox.fetch()) == ()
        assert await network.run(device.stock()) == Stock(0, 0, 1)
        assert between.connections == 4


@pytest.mark.usefixtures("quickly")
async def test_a_connection_that_breaks_under_a_reader(broker: ThreadBroker) -> None:
    entries: list[object] = []
    async with relay(broker.url) as between, Network(between.url) as network:
        device = await enrolled(network, broker.broker_id)
        inbox = Inbox(broker.broker_id, entropy(32), entropy(32))
        await network.run(inbox.begin(device))

        async def read() -> None:
            entries.append(await network.run(inbox.fetch(300)))

        await network.run(inbox.fetch())
        between.heard = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await between.heard.wait()
            between.break_all()
    assert entries == [()]


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("direction", ["asked", "answered"])
async def test_a_file_gets_through_however_often_it_breaks(
    broker: ThreadBroker, direction: str
) -> None:
    keys = access(broker.broker_id, entropy(32))
    speak, data = Lane(Use.speak, keys.gid), entropy(3 << 20)
    async with relay(broker.url) as between, Network(between.url) as network:
        await network.run(ask(speak, "create", keys.create(), Created))
        if direction == "asked":
            between.most_asked = 800_000
        carried = await network.run(attachments.attach(lambda: keys, data, WORLD))
        between.most_asked = None
        if direction == "answered":
            between.most_answered = 1_500_000
        assert await network.run(attachments.fetch(carried, WORLD)) == data
        assert between.connections > 3


# --- brokers -----------------------------------------------------------------------------


class Restarting:
    """A broker that can be stopped and begun again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = ExitStack()
        self._port = 0
        self.broker: ThreadBroker

    def begin(self) -> None:
        self.broker = self._running.enter_context(
            broker_at(str(self._folder / "db"), self._folder, port=self._port)
        )
        self._port = urlsplit(self.broker.url).port or 0

    def stop(self) -> None:
        self._running.close()

    def begin_again(self) -> None:
        self.stop()
        self.begin()


@pytest.fixture
def restarting() -> Iterator[Restarting]:
    with tempfile.TemporaryDirectory() as folder:
        one = Restarting(Path(folder))
        one.begin()
        yield one
        one.stop()


async def test_a_broker_that_begins_again(restarting: Restarting) -> None:
    """Its tickets and tokens are worth nothing then, and nobody has to know."""
    broker_id = restarting.broker.broker_id
    member = Member.basic(b"alice", 1, policy=POLICY)
    store = memory_store()
    async with Network(restarting.broker.url) as network:
        device = await enrolled(network, broker_id)
        inbox = Inbox(broker_id, entropy(32), entropy(32))
        await network.run(inbox.begin(device))
        await network.run(inbox.fetch())

        def flow() -> Flow[tuple[int, int]]:
            before = yield from key_packages.keep_stock(
                store, device, member, inbox.address, WORLD, least=1
            )
            restarting.begin_again()
            after = yield from key_packages.keep_stock(
                store, device, member, inbox.address, WORLD, least=5
            )
            assert (yield from inbox.fetch()) == ()
            return before.waiting, after.waiting

        assert await network.run(flow()) == (2, 10)
    store.close()


async def test_a_broker_that_is_away_for_a_while(restarting: Restarting) -> None:
    async with Network(restarting.broker.url) as network:
        device = await enrolled(network, restarting.broker.broker_id)
        restarting.stop()

        def flow() -> Flow[Stock]:
            waiting = device.stock()
            effect = next(waiting)
            while not isinstance(effect, Pause):
                try:
                    effect = waiting.send((yield effect))
                except TransportError as error:
                    effect = waiting.throw(error)
            restarting.begin()
            yield effect
            return (yield from waiting)

        assert await network.run(flow()) == Stock(0, 0, 1)


@pytest.mark.usefixtures("quickly")
async def test_nobody_is_there(restarting: Restarting) -> None:
    url = restarting.broker.url
    restarting.stop()
    async with Network(url) as network:
        with pytest.raises(TransportError, match="does not answer"):
            await network.run(challenge(LANE))


# --- ends --------------------------------------------------------------------------------


async def test_a_reader_that_is_cancelled_goes_at_once(broker: ThreadBroker) -> None:
    async with relay(broker.url) as between, Network(between.url) as network:
        device = await enrolled(network, broker.broker_id)
        inbox = Inbox(broker.broker_id, entropy(32), entropy(32))
        await network.run(inbox.begin(device))
        await network.run(inbox.fetch())
        between.heard = anyio.Event()
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(network.run, inbox.fetch(LONG))
                await between.heard.wait()
                tasks.cancel_scope.cancel()
            assert await network.run(inbox.fetch()) == ()
        assert between.connections == 3


@pytest.mark.usefixtures("quickly")
async def test_a_reader_hears_that_the_client_is_closed(broker: ThreadBroker) -> None:
    async with relay(broker.url) as between, Network(between.url) as network:
        device = await enrolled(network, broker.broker_id)
        inbox = Inbox(broker.broker_id, entropy(32), entropy(32))
        await network.run(inbox.begin(device))
        await network.run(inbox.fetch())
        between.heard = anyio.Event()

        async def read() -> None:
            with pytest.raises(StateError, match="closed"):
                await network.run(inbox.fetch(LONG))

        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                await between.heard.wait()
                await network.aclose()


@pytest.mark.parametrize("ending", ["closed", "cancelled"])
@pytest.mark.usefixtures("quickly")
async def test_no_connection_is_left_open_whenever_it_ends(
    broker: ThreadBroker, ending: str
) -> None:
    """A socket that nobody closes is an error of every test that runs when it is found."""
    for turns in range(40):
        async with Network(broker.url) as network:

            async def ask(network: Network = network) -> None:
                with suppress(StateError):
                    await network.run(challenge(LANE))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                if ending == "closed":
                    await network.aclose()
                else:
                    tasks.cancel_scope.cancel()
    gc.collect()


async def test_a_proxy_is_gone_through(broker: ThreadBroker) -> None:
    """It is asked for the whole address, which this one does not know."""
    async with (
        relay(broker.url) as between,
        Network("http://broker.invalid", proxy=between.url) as network,
    ):
        with pytest.raises((BrokerError, TransportError)):
            await network.run(challenge(LANE))
        assert between.connections >= 1
