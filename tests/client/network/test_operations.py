"""Every operation of the protocol once, asked by flows of a real broker."""

from __future__ import annotations

import time
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

import pytest

from access_samples import POLICY
from broker_talk import access, hours, offered
from covey.access import signing
from covey.access.member import accounts
from covey.access.operations import OPERATIONS
from covey.access.refusals import Code
from covey.access.structs import identity, joining, log
from covey.access.structs.basics import Nothing
from covey.client.network import Network
from covey.client.sync import asking
from covey.client.sync.asking import ask
from covey.client.sync.effects import About, Ask, Lane, Use, World
from covey.client.sync.identity import attachments, key_packages
from covey.client.sync.identity.device import Device
from covey.client.sync.identity.inbox import Inbox
from covey.client.sync.identity.proving import Prover
from covey.errors import BrokerError
from covey.mls import Member
from covey.mls.crypto.entropy import system_entropy as entropy
from covey.store import memory_store

if TYPE_CHECKING:
    from broker_thread import ThreadBroker
    from covey.access.member.epochs import EpochAccess
    from covey.access.structs.basics import ByTicket, Fresh
    from covey.access.structs.heads import Position
    from covey.client.sync.effects import Effect, Flow

T = TypeVar("T")

pytestmark = pytest.mark.anyio
WORLD = World(entropy, time.time)
WAIT = 200  # milliseconds


class Asking:
    """Drives flows, and remembers which operations they asked for."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.operations: set[str] = set()

    async def run(self, flow: Flow[T]) -> T:
        return await self.network.run(self._noted(flow))

    def _noted(self, flow: Flow[T]) -> Flow[T]:
        value: object = None
        error: BrokerError | None = None
        while True:
            try:
                effect: Effect = flow.send(value) if error is None else flow.throw(error)
            except StopIteration as stop:
                result: T = stop.value
                return result
            if isinstance(effect, Ask):
                self.operations.add(effect.operation)
            value, error = None, None
            try:
                value = yield effect
            except BrokerError as raised:
                error = raised


class Group:
    """Somebody in a group, as far as its log goes."""

    def __init__(self, broker_id: bytes) -> None:
        self.broker_id = broker_id
        self.gid = entropy(32)
        self.epoch = 0
        self.lane = Lane(Use.speak, self.gid)
        self.prover = Prover(self.lane, self._prove)

    def _prove(self, nonce: bytes) -> Fresh:
        return self.access.prove(nonce)

    @property
    def access(self) -> EpochAccess:
        return access(self.broker_id, self.gid, self.epoch)

    def say(self, body: bytes) -> Flow[log.Appended | log.EpochClosed]:
        return asking.append(self.lane, self.access.append(entropy(16), body))

    def commit(self, *capabilities: log.Capability) -> Flow[log.Appended | log.EpochClosed]:
        key = access(self.broker_id, self.gid, self.epoch + 1).access_key
        parcel = log.Parcel(self.gid, b"parcel")
        brings = log.NextEpoch(key, (parcel,), b"list", capabilities, (), ())
        return asking.append(self.lane, self.access.append(entropy(16), b"commit", brings))

    def read(self, wait: int = 0) -> Flow[log.Entries]:
        def request(proof: Fresh | ByTicket) -> log.Read:
            return log.Read(self.gid, self.epoch, 0, wait, proof)

        entries = yield from self.prover.ask("read", request, log.Entries)
        self.prover.keep(entries.ticket)
        return entries


async def test_every_operation(broker: ThreadBroker) -> None:
    async with Network(broker.url) as network:
        asking = Asking(network)
        device = await _identities(asking)
        await _joining(asking, device)
        await _logs(asking, device.broker_id)
        assert asking.operations == set(OPERATIONS)


def _about() -> Flow[bytes]:
    about = yield About(Lane(Use.identity))
    assert about.limits["application_message"] == 65536
    return bytes(about.broker_id)


async def _identities(asking: Asking) -> Device:
    broker_id = await asking.run(_about())
    device, other = Device(broker_id, entropy(32)), Device(broker_id, entropy(32))
    name = entropy(8).hex()
    await asking.run(device.enrol(name))
    assert await asking.run(device.devices()) == (device.key,)
    both = await asking.run(device.add_device(other.to_be_added(name)))
    assert set(both) == {device.key, other.key}
    assert await asking.run(device.remove_device(other.key)) == (device.key,)
    with pytest.raises(BrokerError, match="handle_taken"):
        await asking.run(other.enrol(name))
    await _stock(asking, device, name)
    return device


async def _stock(asking: Asking, device: Device, name: str) -> None:
    """KeyPackages are published, claimed, and an inbox hears of them."""
    inbox = Inbox(device.broker_id, entropy(32), entropy(32))
    await asking.run(inbox.begin(device))
    member = Member.basic(name.encode(), 1, policy=POLICY)
    store = memory_store()
    done = await asking.run(
        key_packages.keep_stock(store, device, member, inbox.address, WORLD, least=1)
    )
    assert (done.published, done.last_resort, done.waiting) == (2, True, 2)
    claimed = await asking.run(device.claim(name, 1, entropy(16)))
    assert len(claimed.key_packages) == 1
    await asking.run(device.authenticate())
    assert (await asking.run(device.stock(WAIT))).waiting == 1
    store.close()


async def _joining(asking: Asking, device: Device) -> None:
    """A pointer and a note are left in an inbox, a KeyPackage on a shelf."""
    run, offer = asking.run, offered(device.broker_id)
    inbox = Inbox(device.broker_id, offer.key, offer.inbox)
    await run(inbox.begin(device))
    shelf = entropy(32)
    shelved = identity.ShelvedKeyPackage(int(time.time()) + 7200, 0, entropy(40))
    assert await run(device.put_on_shelf(sha256(shelf).digest(), (shelved,), entropy(16))) == 1
    once = Lane(Use.once, entropy(16))
    take = identity.TakeFromShelf(shelf, entropy(16))
    assert (await run(ask(once, "take_from_shelf", take, identity.TakenFromShelf))).last_resort == 0
    member = Member.basic(b"somebody", 1, policy=POLICY)
    package = member.key_package()
    await run(inbox.expect([package]))
    slots = (joining.SlotHash(sha256(b"t" * 16).digest()),)
    prover = Prover(
        Lane(Use.inbox, entropy(16)),
        partial(accounts.prove_inbox, offer.key, device.broker_id, offer.inbox),
    )
    telling = prover.ask(
        "set_slots", lambda proof: joining.SetSlots(offer.inbox, proof, slots), Nothing
    )
    await run(telling)
    post = joining.Post(offer.inbox, package.reference, b"pointer")
    await run(ask(once, "post", post, Nothing))
    note = joining.PostNote(offer.inbox, b"t" * 16, entropy(16), b"note")
    await run(ask(once, "post_note", note, Nothing))
    entries = await run(inbox.fetch(WAIT))
    assert [each.body for each in entries] == [b"pointer", b"note"]
    for entry in entries:
        inbox.take_out(entry)
    assert await run(inbox.fetch(WAIT)) == ()


async def _logs(asking: Asking, broker_id: bytes) -> None:
    run, group, late = asking.run, Group(broker_id), Group(broker_id)
    late.gid, late.lane = group.gid, group.lane
    await run(ask(group.lane, "create", group.access.create(), log.Created))
    placed = await run(group.say(b"hello"))
    assert isinstance(placed, log.Appended)
    assert [each.body for each in (await run(group.read())).entries] == [b"hello"]
    seed = entropy(32)
    await run(group.commit(log.Capability(signing.public_key(seed), hours() + 9)))
    group.epoch = 1
    closed = await run(late.say(b"too late"))
    assert isinstance(closed, log.EpochClosed)
    assert closed.commit.body == b"commit"
    await _besides(asking, group, placed.position, seed)
    await _attached(asking, group, late)


async def _besides(asking: Asking, group: Group, last: Position, seed: bytes) -> None:
    """Heads, parcels, pointers, knocks."""
    run, prover = asking.run, group.prover
    group.prover.keep(b"")

    def heads(proof: Fresh | ByTicket) -> log.Heads:
        return log.Heads((log.HeadQuery(group.gid, 1, last.seq, proof),))

    assert len((await run(prover.ask("heads", heads, log.HeadsMoved))).moved) == 1
    wanted = joining.FetchParcels(group.gid, (joining.WantedParcel(group.gid),))
    parcels = await run(ask(group.lane, "parcels", wanted, joining.Parcels))
    assert [each.body for each in parcels.parcels] == [b"parcel"]
    pointers = await run(
        prover.ask(
            "pointers", lambda proof: joining.FetchPointers(group.gid, 1, proof), joining.Pointers
        )
    )
    assert pointers.sealed == b"list"
    knock = joining.Knock(
        group.broker_id, group.gid, entropy(16), signing.public_key(seed), b"sealed"
    )
    signed = signing.signed(seed, OPERATIONS["knock"].label, knock)
    await run(ask(Lane(Use.once, entropy(16)), "knock", signed, Nothing))
    knocks = await run(
        prover.ask("knocks", lambda proof: joining.FetchKnocks(group.gid, 1, proof), joining.Knocks)
    )
    assert [each.id for each in knocks.knocks] == [knock.id]


async def _attached(asking: Asking, group: Group, late: Group) -> None:
    data = entropy(3 * attachments.PIECE)

    def catch_up() -> Flow[None]:
        late.epoch = group.epoch
        yield from ()

    carried = await asking.run(
        attachments.attach(lambda: late.access, data, WORLD, catch_up=catch_up)
    )
    assert await asking.run(attachments.fetch(carried, WORLD)) == data
    unknown = attachments.Carried(entropy(32), carried.key, carried.size)
    with pytest.raises(BrokerError, match=Code.blob_unknown.value):
        await asking.run(attachments.fetch(unknown, WORLD))
    assert not any(each.use is Use.once for each in asking.network.lanes)
