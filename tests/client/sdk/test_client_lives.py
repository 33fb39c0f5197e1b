"""A client's lives: opened again, offline, on two devices, in several processes, backed up."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import httpx
import pytest

from covey.access.refusals import Code
from covey.access.structs.identity import Claimed
from covey.client.client import Client
from covey.client.events import MessageSent
from covey.client.sync.identity.device import Device
from covey.client.words.suites import CLASSICAL
from covey.errors import (
    BrokerError,
    DecodeError,
    PolicyError,
    StateError,
    StorageError,
    TransportError,
)
from covey.store import StoreExists, StoreMissing, WrongKey, settings
from people import KEY, LATE, PACE, Town, group, happens, texts, until

if TYPE_CHECKING:
    from broker_thread import ThreadBroker
    from covey.client.conversing.conversation import Conversation
    from covey.client.roles import Change
    from covey.client.sync.effects import Flow

pytestmark = pytest.mark.anyio

WORDS = "words to remember"
OTHER = "other words"


class Cut(httpx.AsyncHTTPTransport):
    """A network that can be cut."""

    is_cut = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if Cut.is_cut:
            msg = "the cable is out"
            raise httpx.ConnectError(msg)
        return await super().handle_async_request(request)


@pytest.fixture
def cable() -> type[Cut]:
    Cut.is_cut = False
    return Cut


async def test_a_store_is_opened_again_and_remembers(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "alice.covey"
    async with town.client("alice", path) as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        await ours.send("before")
        gid = ours.id
        await until(lambda: texts(theirs) == ["before"])
    async with Client.open(path, key=KEY, pace=PACE) as alice:
        assert (alice.name, alice.broker) == (town.called("alice"), town.url)
        [ours] = alice.groups()
        assert (ours.id, ours.name, texts(ours)) == (gid, "team", ["before"])
        await ours.send("after")
        assert texts(ours) == ["before", "after"]


async def test_what_was_missed_comes_after_opening(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "bob.covey"
    async with town.client("alice") as alice:
        async with town.client("bob", path) as bob:
            ours, _ = await group(alice, bob)
        await ours.send("while you were away")
        await ours.rename("crew")
        await ours.send("twice")
        async with town.client("bob", path) as bob:
            await bob.sync()
            [theirs] = bob.groups()
            assert theirs.name == "crew"
            assert texts(theirs) == ["while you were away", "twice"]


async def test_what_is_said_offline_stays_queued(town: Town, cable: type[Cut]) -> None:
    async with town.client("alice", transport=cable) as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        await ours.send("online")
        cable.is_cut = True
        feed = ours.events()
        with pytest.raises(TransportError, match="stays queued"):
            await ours.send("offline", timeout=0.5)
        with pytest.raises(TransportError, match="stays wished for"):
            await ours.rename("crew", timeout=0.5)
        assert ours.waiting == 1
        assert ours.history()[-1].seq is None
        await until(lambda: not alice.online and alice.trouble)
        cable.is_cut = False
        await happens(feed, MessageSent, lambda each: each.text == "offline")
        await until(lambda: texts(theirs) == ["online", "offline"] and theirs.name == "crew")
        await until(lambda: alice.online)


async def test_without_a_broker_there_is_no_group_and_no_account(
    town: Town, cable: type[Cut], tmp_path: Path
) -> None:
    cable.is_cut = True
    with pytest.raises(TransportError):
        async with town.client("alice", tmp_path / "a.covey", transport=cable):
            pass
    cable.is_cut = False
    async with town.client("alice", tmp_path / "a.covey", transport=cable) as alice:
        cable.is_cut = True
        with pytest.raises(TransportError):
            await alice.create_group("team")
        assert alice.groups() == []
        with pytest.raises(TransportError):
            await alice.sync(timeout=1.0)


async def test_two_devices_of_one_person(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("alice", enrol=False) as phone,
    ):
        ours, theirs = await group(alice, bob)
        with pytest.raises(DecodeError, match="no code of a device"):
            await alice.add_device("COVEY:D:AAAA")
        await alice.add_device(await phone.device_code(), timeout=LATE)
        there = await phone.next_group(LATE)
        assert [(each.name, each.devices) for each in theirs.members] == [
            (alice.name, 2),
            (bob.name, 1),
        ]
        await there.send("from the phone")
        await until(lambda: texts(theirs) == texts(ours) == ["from the phone"])
        assert theirs.history()[0].sender == ours.history()[0].sender == alice.name
        [other] = [each.key for each in await alice.devices() if not each.own]
        await alice.remove_device(other)
        await until(lambda: there.status == "removed")
        assert [each.devices for each in ours.members] == [1, 1]
        with pytest.raises(StateError, match="itself"):
            await alice.remove_device((await alice.devices())[0].key)


async def test_a_device_is_removed_from_groups_whatever_the_broker_says_of_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hands out no KeyPackage of it, or those of others; and it is cut off in between."""
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("alice", enrol=False) as phone,
        town.client("alice", enrol=False) as tablet,
    ):
        ours, _ = await group(alice, bob)
        for each in (phone, tablet):
            await alice.add_device(await each.device_code(), timeout=LATE)
            await each.next_group(LATE)
        keys = {each.key for each in await alice.devices() if not each.own}
        claim = Device.claim

        def lies(self: Device, _: str, suite: int, idem: bytes) -> Flow[Claimed]:
            theirs = yield from claim(self, bob.name, suite, idem)
            package = theirs.key_packages[0]
            return Claimed(tuple(package.replace(device=bytes.fromhex(each)) for each in keys))

        monkeypatch.setattr(Device, "claim", lies)
        with monkeypatch.context() as cut:
            cut.setattr(type(ours), "remove_device", _no_answer)
            with pytest.raises(TransportError):
                await alice.remove_device(min(keys))
        assert min(keys) not in {each.key for each in await alice.devices()}
        await alice.remove_device(min(keys))
        assert [each.devices for each in ours.members] == [2, 1]
        assert {phone.groups()[0].status, tablet.groups()[0].status} <= {"active", "removed"}
        await until(lambda: "removed" in {phone.groups()[0].status, tablet.groups()[0].status})
        with pytest.raises(StateError, match="there is no device"):
            await alice.remove_device(min(keys))


async def test_a_device_that_nobody_knows_in_groups_is_said_to_be_left_there(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        town.client("alice") as alice,
        town.client("alice", enrol=False) as phone,
        town.client("alice", enrol=False) as tablet,
    ):
        await group(alice)
        for each in (phone, tablet):
            await alice.add_device(await each.device_code(), timeout=LATE)
            await each.next_group(LATE)
        theirs = tablet.groups()[0]
        await until(lambda: [each.devices for each in theirs.members] == [3])
        [key] = [each.key for each in await phone.devices() if each.own]

        def says_nothing(*_: object) -> Flow[Claimed]:
            raise BrokerError(Code.nothing_to_claim.value, "for this test")
            yield

        with monkeypatch.context() as silent:
            silent.setattr(Device, "claim", says_nothing)
            with pytest.raises(StateError, match="nobody knows for sure"):
                await tablet.remove_device(key)
        assert key not in {each.key for each in await tablet.devices()}
        assert phone.groups()[0].status == "active"
        there = phone.groups()[0].own_devices()
        [own] = [each for first, each in theirs.own_devices().items() if first not in there]
        await theirs.remove_device(own)
        await until(lambda: phone.groups()[0].status == "removed")


async def _no_answer(*_: object, **__: object) -> None:
    msg = "for this test"
    raise TransportError(msg)


async def test_a_person_leaves_with_all_devices(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("bob", enrol=False) as phone,
    ):
        ours, theirs = await group(alice, bob)
        await bob.add_device(await phone.device_code(), timeout=LATE)
        there = await phone.next_group(LATE)
        await until(lambda: [each.devices for each in ours.members] == [1, 2])
        with pytest.raises(PolicyError, match="make somebody else owner first"):
            await ours.leave(everywhere=True)
        assert await theirs.leave(everywhere=True, timeout=LATE)
        await until(lambda: there.status == "removed")
        await until(lambda: [each.name for each in ours.members] == [alice.name])
        assert theirs.status == "left"


async def test_a_person_alone_leaves_with_all_devices(town: Town) -> None:
    async with town.client("alice") as alice, town.client("alice", enrol=False) as phone:
        [ours] = await group(alice)
        await alice.add_device(await phone.device_code(), timeout=LATE)
        there = await phone.next_group(LATE)
        await until(lambda: len(ours.members) == 1 and ours.members[0].devices == 2)
        assert await ours.leave(everywhere=True, timeout=LATE)
        await until(lambda: there.status == "removed")


async def test_a_backup_comes_back_into_its_groups(town: Town, tmp_path: Path) -> None:
    path, copy = tmp_path / "alice.covey", tmp_path / "new.covey"
    async with town.client("bob") as bob:
        async with town.client("alice", path) as alice:
            ours, theirs = await group(alice, bob)
            await ours.send("kept")
            await until(lambda: texts(theirs) == ["kept"])
            await alice.backup(tmp_path / "backup", WORDS)
        path.unlink()
        restored = partial(Client.restore, tmp_path / "backup", copy, key=KEY)
        with pytest.raises(WrongKey):
            await restored(backup_passphrase=OTHER)
        await restored(backup_passphrase=WORDS)
        with pytest.raises(StoreExists):
            await restored(backup_passphrase=WORDS)
        async with Client.open(copy, key=KEY, pace=PACE) as alice:
            [ours] = alice.groups()
            await until(lambda: ours.status == "active")
            assert texts(ours) == ["kept"]
            await ours.send("back again")
            await until(lambda: texts(theirs) == ["kept", "back again"])
            assert [each.devices for each in theirs.members] == [1, 1]


async def test_another_passphrase_takes_the_place_of_the_first(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "alice.covey"
    given = {"name": town.called("alice"), "pace": PACE}
    async with Client.open(path, broker=town.url, passphrase=OTHER, **given) as alice:  # type: ignore[arg-type]
        [ours] = await group(alice)
        await alice.change_passphrase(WORDS)
        await ours.send("goes on")
    with pytest.raises(WrongKey):
        async with Client.open(path, passphrase=OTHER):
            pass
    async with Client.open(path, passphrase=WORDS, pace=PACE) as alice:
        assert texts(alice.group("team")) == ["goes on"]


async def test_a_store_says_whose_it_is(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "alice.covey"
    async with town.client("alice", path):
        pass
    with pytest.raises(StateError, match=r"is alice.*'s, not bob"):
        async with town.client("bob", path):
            pass
    with pytest.raises(StorageError, match="give a passphrase"):
        async with Client.open(path):
            pass
    with pytest.raises(StoreMissing, match="give a name"):
        async with Client.open(tmp_path / "none", key=KEY):
            pass
    with pytest.raises(StoreMissing):
        async with town.client("alice", tmp_path / "none", create=False):
            pass
    with pytest.raises(StateError, match="not by both"):
        Client.open(path, passphrase=WORDS, key=KEY)
    with pytest.raises(StateError, match="printable"):
        async with Client.open(None, name="\n"):
            pass


async def test_a_client_has_to_be_open(town: Town) -> None:
    client = town.client("alice")
    with pytest.raises(StateError, match="async with"):
        client.groups()
    async with client:
        with pytest.raises(StateError, match="open already"):
            await client.__aenter__()
    with pytest.raises(StateError, match="async with"):
        client.groups()


async def test_another_broker_at_the_same_place_is_refused(
    town: Town, another: ThreadBroker, tmp_path: Path
) -> None:
    path = tmp_path / "alice.covey"
    async with town.client("alice", path, enrol=False):
        pass
    with pytest.raises(PolicyError, match="another broker"):
        async with town.client("alice", path, broker=another.url):
            pass


async def test_a_wrong_address_is_not_kept(
    town: Town, another: ThreadBroker, cable: type[Cut], tmp_path: Path
) -> None:
    """Else one mistyped address would lead every later program astray."""
    path = tmp_path / "alice.covey"
    async with town.client("alice", path):
        pass
    for wrong in ("http://127.0.0.1:9", another.url):
        async with town.client("alice", path, broker=wrong) as alice:
            assert alice.broker == wrong
            if wrong == another.url:
                await until(lambda: "another broker than ours answers" in alice.trouble)
            else:
                await anyio.sleep(0.3)
        async with town.client("alice", path, broker=None) as alice:
            assert alice.broker == town.url
    moved = town.url.replace("127.0.0.1", "localhost")
    cable.is_cut = True
    async with town.client("alice", path, broker=moved, transport=cable) as alice:
        await anyio.sleep(0.3)
        assert _address(alice) == town.url
        cable.is_cut = False  # it answers only now
        await until(lambda: _address(alice) == moved)
    async with town.client("alice", path, broker=None) as alice:
        assert alice.broker == moved


def _address(client: Client) -> str:
    """Where the broker is, as the store says."""
    kept = client._engine.rows(partial(settings.get, name="broker url"))  # noqa: SLF001 - the store
    assert kept is not None
    return kept.decode()


async def test_a_device_of_ours_that_came_instead_is_not_taken_for_the_new_one(town: Town) -> None:
    async with town.client("alice") as alice:
        ours = await alice.create_group("g", suite="x-wing")
        async with (
            town.client("alice", enrol=False) as able,
            town.client("alice", enrol=False, upgrades=()) as unable,
        ):
            code = await able.device_code()
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(type(ours), "invite", _no_answer)
                with pytest.raises(StateError, match="and not in g: for this test"):
                    await alice.add_device(code, timeout=LATE)
            with pytest.raises(StateError, match="cannot come into g: it has left no keys for"):
                await alice.add_device(await unable.device_code(), timeout=LATE)
            await able.next_group(LATE)
            assert unable.groups() == []


async def test_a_device_that_is_refused_in_one_group_comes_into_the_others(town: Town) -> None:
    is_full = False

    def rule(change: Change) -> str | None:
        before = change.before
        full = is_full and before is not None and before.name == b"first"
        return "it is full" if full else None

    async with town.client("alice", policies=[rule]) as alice:
        first, _ = [await alice.create_group(name) for name in ("first", "second")]
        is_full = True
        async with town.client("alice", enrol=False) as laptop:
            code = await laptop.device_code()
            for _ in range(2):
                with pytest.raises(StateError, match="other groups, and not in first: it is full"):
                    await alice.add_device(code, timeout=LATE)
            assert (await laptop.next_group(LATE)).name == "second"
            is_full = False
            await alice.add_device(code, timeout=LATE)
            assert (await laptop.next_group(LATE)).id == first.id


async def test_who_leaves_before_being_let_in_anew_leaves_as_soon_as_that_can_be(
    town: Town, tmp_path: Path
) -> None:
    async with town.client("alice") as alice, town.client("bob", tmp_path / "bob.covey") as bob:
        await group(alice, bob)
        await bob.backup(tmp_path / "backup", WORDS)
    copy = tmp_path / "again.covey"
    await Client.restore(tmp_path / "backup", copy, backup_passphrase=WORDS, key=KEY)
    async with town.client("bob", copy, broker="http://127.0.0.1:9") as bob:
        [team] = bob.groups()
        assert not team.is_in
        assert await team.leave(timeout=0.5) is False


async def test_one_suite_is_named_without_a_list(town: Town) -> None:
    async with town.client("alice", upgrades="0xfc0b") as alice:
        assert alice.suites == (CLASSICAL, 0xFC0B)


async def test_two_clients_of_one_store(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "alice.covey"
    async with (
        town.client("alice", path) as follows,
        town.client("alice", path) as sends,
        town.client("bob") as bob,
    ):
        ours, theirs = await group(sends, bob)
        there = await _appears(follows, ours.id)
        feed = there.events()
        await ours.send("from the other terminal")
        sent = await happens(feed, MessageSent)
        assert sent.text == "from the other terminal"
        await theirs.send("heard")
        await until(lambda: len(there.history()) == len(ours.history()) == 2)


async def _appears(client: Client, gid: str) -> Conversation:
    found: list[Conversation] = []

    def there() -> bool:
        with suppress(StateError):
            found.append(client.group(gid))
        return bool(found)

    await until(there)
    return found[0]


SPEAKER = """
import sys, anyio
sys.path.insert(0, sys.argv[4])
from people import PACE, KEY
from covey.client.client import Client

async def main():
    async with Client.open(sys.argv[1], key=KEY, pace=PACE) as client:
        team = client.group("team")
        for number in range(int(sys.argv[3])):
            await team.send(f"{sys.argv[2]} {number}", timeout=60)
            if number % 3 == 2:
                await team.rotate(timeout=60)

anyio.run(main)
"""


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_four_processes_of_one_store(town: Town, tmp_path: Path) -> None:
    path, many = tmp_path / "alice.covey", 6
    async with town.client("bob") as bob:
        async with town.client("alice", path) as alice:
            _, theirs = await group(alice, bob)
        command = [sys.executable, "-c", SPEAKER, str(path)]
        async with anyio.create_task_group() as tasks:
            for each in "abcd":
                words = [*command, each, str(many), str(Path(__file__).parents[2])]
                work = partial(subprocess.run, words, check=True, timeout=120)
                tasks.start_soon(anyio.to_thread.run_sync, work)
        await until(lambda: len(theirs.history(100)) == 4 * many)
        heard = [each.text for each in theirs.history(100)]
        for each in "abcd":
            assert [text for text in heard if text[0] == each] == [
                f"{each} {number}" for number in range(many)
            ]
        async with town.client("alice", path) as alice:
            await alice.sync()
            said = [each.text for each in alice.group("team").history(100)]
            assert sorted(said) == sorted(heard)
