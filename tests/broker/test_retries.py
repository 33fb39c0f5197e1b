"""Every operation is asked twice, the first answer being lost: same answer, nothing doubled."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from broker.provoking import Stage
from broker_process import LosesAnswers
from broker_talk import SUITE, Device, Line, hours, offered
from broker_thread import thread_broker
from covey.access import signing
from covey.access.member import accounts
from covey.access.operations import OPERATIONS
from covey.access.structs import basics, identity, joining, log
from covey.broker.enrolment import invites
from covey.broker.transactions.accounts import add_invite
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker_thread import ThreadBroker
    from covey.mls.wire.struct import WireStruct

    Make = Callable[[Line], WireStruct]


class Twice:
    """A broker whose answers get lost.

    Attributes:
        stage: The broker, and those who make other requests.
        asked: The operations that were asked twice.
    """

    def __init__(self, stage: Stage, lines: ExitStack) -> None:
        self.stage = stage
        self.asked: set[str] = set()
        self._lines = lines

    def ask(self, name: str, make: Make, device: Device | None = None) -> Any:  # noqa: ANN401 - any answer
        """Ask, lose the answer, and ask again on another connection.

        Args:
            name: The operation.
            make: Makes the request for a connection.
            device: Who asks, on the identity plane.

        Returns:
            The answer.
        """
        self.asked.add(name)
        lossy = LosesAnswers()
        first = self._lines.enter_context(self.stage.broker.line(lossy))
        self._signed_in(first, device)
        request = make(first)
        lossy.losing = True
        with pytest.raises(httpx.ReadError):
            first.ask(name, request)
        second = self.stage.line()
        self._signed_in(second, device)
        answer: Any = _comparable(second.ask(name, make(second)))
        lossy.losing = False
        if name not in {"enrol", "authenticate"}:  # a nonce is good only once it is on its way
            assert _comparable(first.ask(name, request)) == answer
        return answer

    def _signed_in(self, line: Line, device: Device | None) -> None:
        if device is not None:
            nonce = line.nonce()
            request = accounts.authenticate(device.seed, device.broker_id, nonce)
            line.token = line.ask("authenticate", request, identity.Token).token


def _comparable(answer: WireStruct) -> WireStruct:
    """An answer without what is bound to its connection."""
    bound = {"ticket", "token", "nonce"} & set(answer.__struct_fields__)
    return answer.replace(**dict.fromkeys(bound, b""))


Case = Callable[[Twice], None]
CASES: dict[str, Case] = {}


def case(*names: str) -> Callable[[Case], Case]:
    """The decorator of what asks for some operations."""

    def add(function: Case) -> Case:
        for name in names:
            CASES[name] = function
        return function

    return add


@case("challenge")
def _(twice: Twice) -> None:
    assert twice.ask("challenge", lambda _: basics.Nothing()).lifetime == 600


# --- accounts ------------------------------------------------------------------------------


@case("enrol", "authenticate", "devices")
def _(twice: Twice) -> None:
    device = Device(twice.stage.line(), twice.stage.broker.broker_id)

    def enrolment(line: Line) -> WireStruct:
        return accounts.enrol(device.seed, device.broker_id, device.handle, line.nonce())

    def authentication(line: Line) -> WireStruct:
        return accounts.authenticate(device.seed, device.broker_id, line.nonce())

    twice.ask("enrol", enrolment)
    twice.ask("authenticate", authentication)
    devices = twice.ask("devices", lambda _: basics.Nothing(), device)
    assert devices.devices == (identity.Device(device.key),)


@case("add_device", "remove_device")
def _(twice: Twice) -> None:
    device, seed = twice.stage.device(), os.urandom(32)
    added = accounts.new_device(seed, device.broker_id, device.handle)
    answer = twice.ask("add_device", lambda _: added, device)
    assert {each.device for each in answer.devices} == {device.key, added.device}
    answer = twice.ask("remove_device", lambda _: identity.RemoveDevice(added.device), device)
    assert answer.devices == (identity.Device(device.key),)


# --- KeyPackages ---------------------------------------------------------------------------


@case("publish", "stock", "claim")
def _(twice: Twice) -> None:
    device = twice.stage.device()
    messages = [offered(device.broker_id).message for _ in range(3)]
    packages = tuple(map(identity.KeyPackageMessage, messages))
    request = identity.Publish(os.urandom(16), packages)
    assert twice.ask("publish", lambda _: request, device).waiting == 3
    assert twice.ask("stock", lambda _: identity.FetchStock(0), device).waiting == 3
    claim = identity.Claim(device.handle, os.urandom(16), SUITE)
    [claimed] = twice.ask("claim", lambda _: claim, device).key_packages
    assert claimed.message in messages
    left = device.line.ask("stock", identity.FetchStock(0), identity.Stock)
    assert left.waiting == 2
    # Another one may claim under the same idem, and gets another KeyPackage.
    other = twice.stage.device()
    [next_one] = other.line.ask("claim", claim, identity.Claimed).key_packages
    assert next_one.message != claimed.message


@case("put_on_shelf", "take_from_shelf")
def _(twice: Twice) -> None:
    device, token = twice.stage.device(), os.urandom(32)
    shelf, later = sha256(token).digest(), int(time.time()) + 90_000
    sealed = [os.urandom(32), os.urandom(32)]
    shelved = tuple(identity.ShelvedKeyPackage(later, 0, each) for each in sealed)
    request = identity.PutOnShelf(os.urandom(16), shelf, shelved)
    assert twice.ask("put_on_shelf", lambda _: request, device).waiting == 2
    idems = [os.urandom(16), os.urandom(16)]
    taken = [
        twice.ask("take_from_shelf", lambda _: identity.TakeFromShelf(token, idem)).sealed  # noqa: B023 - it is used at once
        for idem in idems
    ]
    assert sorted(taken) == sorted(sealed)


# --- inboxes -------------------------------------------------------------------------------


@case("create_inbox", "fetch")
def _(twice: Twice) -> None:
    device, seed, inbox = twice.stage.device(), os.urandom(32), os.urandom(32)
    request = identity.CreateInbox(inbox, signing.public_key(seed))
    twice.ask("create_inbox", lambda _: request, device)

    def fetch(line: Line) -> WireStruct:
        proof = accounts.prove_inbox(seed, device.broker_id, inbox, line.nonce())
        return joining.Fetch(inbox, (), 0, proof)

    assert twice.ask("fetch", fetch).entries == ()


@case("post")
def _(twice: Twice) -> None:
    inbox = twice.stage.inbox()
    inbox.claimed()
    twice.ask("post", lambda _: joining.Post(inbox.id, inbox.ref, b"pointer"))
    [entry] = inbox.fetch().entries
    assert entry.body == b"pointer"
    assert inbox.fetch(entry).entries == ()
    twice.ask("post", lambda _: joining.Post(inbox.id, inbox.ref, b"pointer"))  # was read by now
    assert inbox.fetch().entries == ()


@case("expect")
def _(twice: Twice) -> None:
    inbox, given = twice.stage.inbox(), os.urandom(32)

    def expect(line: Line) -> WireStruct:
        proof = accounts.prove_inbox(inbox.key, inbox.device.broker_id, inbox.id, line.nonce())
        return joining.Expect(inbox.id, proof, (joining.ExpectedPointer(given, hours() + 9, 1),))

    twice.ask("expect", expect)
    for pointer, code in ((b"one", ""), (b"two", "not_claimed")):
        request = joining.Post(inbox.id, given, pointer)
        answer = twice.stage.send("post", request)
        assert answer.status_code == 200 or answer.json()["code"] == code
    assert [each.body for each in inbox.fetch().entries] == [b"one"]


@case("set_slots", "post_note")
def _(twice: Twice) -> None:
    inbox, token, idem = twice.stage.inbox(), os.urandom(16), os.urandom(16)

    def slots(line: Line) -> WireStruct:
        proof = accounts.prove_inbox(inbox.key, inbox.device.broker_id, inbox.id, line.nonce())
        return joining.SetSlots(inbox.id, proof, (joining.SlotHash(sha256(token).digest()),))

    twice.ask("set_slots", slots)
    twice.ask("post_note", lambda _: joining.PostNote(inbox.id, token, idem, b"note"))
    assert [each.body for each in inbox.fetch().entries] == [b"note"]
    with pytest.raises(BrokerError, match="idem_mismatch"):
        twice.stage.line().ask("post_note", joining.PostNote(inbox.id, token, idem, b"other"))


# --- logs ----------------------------------------------------------------------------------


@case("create", "append", "read", "heads")
def _(twice: Twice) -> None:
    group = twice.stage.group()
    first = group.access
    created = twice.ask("create", lambda _: first.create())
    assert created.head.head.position.seq == 0
    message = first.append(os.urandom(16), b"message")
    assert twice.ask("append", lambda _: message).position.seq == 1
    commit = first.append(os.urandom(16), b"commit", group.following())
    assert twice.ask("append", lambda _: commit).position.seq == 2
    group.epoch = 1
    # What was taken is answered as it was, also when the epoch is closed.
    assert twice.ask("append", lambda _: message).position.seq == 1
    assert twice.ask("append", lambda _: commit).position.seq == 2
    assert twice.ask("create", lambda _: first.create()) == created
    read = twice.ask("read", lambda line: log.Read(group.gid, 0, 0, 0, first.prove(line.nonce())))
    assert [each.body for each in read.entries] == [b"message", b"commit"]
    moved = twice.ask(
        "heads",
        lambda line: log.Heads((log.HeadQuery(group.gid, 1, 0, group.access.prove(line.nonce())),)),
    )
    assert moved.moved[0].head.head.position.seq == 2
    # Whoever is late is late each time.
    late = first.append(os.urandom(16), b"late")
    answers = [group.line.send("append", late.encode()) for _ in range(2)]
    assert [each.status_code for each in answers] == [409, 409]
    assert answers[0].content == answers[1].content


@case("parcels", "pointers")
def _(twice: Twice) -> None:
    group = twice.stage.group()
    parcels = tuple(log.Parcel(os.urandom(32), bytes([number])) for number in range(3))
    commit = group.access.append(
        bytes(16), b"", group.following(parcels=parcels, pointers=b"sealed")
    )
    twice.ask("append", lambda _: commit)
    group.epoch = 1
    wanted = tuple(joining.WantedParcel(each.id) for each in reversed(parcels))
    request = joining.FetchParcels(group.gid, wanted)
    assert twice.ask("parcels", lambda _: request).parcels == parcels[::-1]

    def pointers(line: Line) -> WireStruct:
        return joining.FetchPointers(group.gid, 1, group.access.prove(line.nonce()))

    assert twice.ask("pointers", pointers) == joining.Pointers(bytes(16), b"sealed")


@case("knock", "knocks")
def _(twice: Twice) -> None:
    group, seed = twice.stage.group(), os.urandom(32)
    key = signing.public_key(seed)
    stated = (log.Capability(key, hours() + 9),)
    group.commit(capabilities=stated)
    request = joining.Knock(group.broker_id, group.gid, os.urandom(16), key, b"sealed")
    knock = signing.signed(seed, "knock", request)

    def knocks(line: Line) -> WireStruct:
        return joining.FetchKnocks(group.gid, group.epoch, group.access.prove(line.nonce()))

    twice.ask("knock", lambda _: knock)
    assert [each.id for each in twice.ask("knocks", knocks).knocks] == [request.id]
    group.commit(capabilities=stated, answered=(log.AnsweredKnock(request.id),))
    twice.ask("knock", lambda _: knock)  # it was answered by now
    assert twice.ask("knocks", knocks).knocks == ()


@case("begin_blob")
def _(twice: Twice) -> None:
    group, blob = twice.stage.group(), os.urandom(32)
    request = group.access.begin_blob(blob, 2)
    assert twice.ask("begin_blob", lambda _: request).received == 0
    ticket = group.line.ask("begin_blob", request).ticket.hex()
    path = f"/v1/blobs/{blob.hex()}?offset=0"
    sent = group.line.http.put(path, content=b"ab", headers={"covey-ticket": ticket})
    assert sent.status_code == 204
    assert twice.ask("begin_blob", lambda _: request).received == 2
    # The bytes sent again are no harm: the answer says that they are there.
    again = group.line.http.put(path, content=b"ab", headers={"covey-ticket": ticket})
    assert (again.status_code, again.headers["covey-received"]) == (409, "2")


# -------------------------------------------------------------------------------------------


@pytest.fixture
def twice(broker: ThreadBroker) -> Iterator[Twice]:
    """The broker, and a network that loses its answers."""
    with ExitStack() as lines:
        yield Twice(Stage(broker, lines), lines)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_asked_twice(twice: Twice, name: str) -> None:
    CASES[name](twice)
    assert name in twice.asked


def test_an_invite_is_used_once_by_one_account() -> None:
    with ExitStack() as lines:
        broker = lines.enter_context(thread_broker(enrol="invite"))
        code, until = invites.make(), hours() + 24
        digest = invites.digest(invites.Purpose.enrol, code)
        store = broker.operations.ports.store
        broker.run(store.write(None, lambda: add_invite(digest, "enrol", until)))
        twice = Twice(Stage(broker, lines), lines)
        device, other = (Device(twice.stage.line(), broker.broker_id) for _ in range(2))

        def enrolment(line: Line) -> WireStruct:
            return accounts.enrol(
                device.seed, device.broker_id, device.handle, line.nonce(),
                identity.EvidenceKind.invite, code.lower().encode(),
            )  # fmt: skip

        twice.ask("enrol", enrolment)
        with pytest.raises(BrokerError, match="enrolment_refused"):
            other.enrol(kind=identity.EvidenceKind.invite, evidence=code.encode())
