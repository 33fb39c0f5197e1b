"""How each refusal is provoked over HTTP: a request, or a few, whose last answer is it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from broker_talk import SUITE, Device, Group, Inbox, Line, access, hours, offered
from broker_thread import ThreadBroker, broker_at, thread_broker
from covey.access import signing
from covey.access.refusals import Code
from covey.access.structs import basics, identity, joining, log
from covey.broker.hours import DAY, HOUR
from covey.broker.running import sweep

if TYPE_CHECKING:
    from contextlib import ExitStack

    import httpx

    from covey.mls.wire.struct import WireStruct


class Stage:
    """A broker, and as many connections to it as are wanted."""

    def __init__(self, broker: ThreadBroker, lines: ExitStack) -> None:
        self.broker = broker
        self._lines = lines

    def line(self) -> Line:
        """A new connection."""
        return self._lines.enter_context(self.broker.line())

    def group(self) -> Group:
        """A new group."""
        return self.broker.group(self.line())

    def device(self) -> Device:
        """A device with an account."""
        return Device(self.line(), self.broker.broker_id).enrol()

    def inbox(self) -> Inbox:
        """An inbox with a KeyPackage that waits."""
        return Inbox(self.device(), self.line())

    def another(self, **settings: object) -> Stage:
        """A broker of one's own, with other settings."""
        return Stage(self._lines.enter_context(thread_broker(**settings)), self._lines)  # type: ignore[arg-type]

    def send(self, operation: str, request: WireStruct) -> httpx.Response:
        """A request on a new connection."""
        return self.line().send(operation, request.encode())


Provoke = Callable[[Stage], "httpx.Response"]
PROVOKED: dict[Code, Provoke] = {}


def provokes(code: Code) -> Callable[[Provoke], Provoke]:
    """The decorator of what provokes a code."""

    def add(function: Provoke) -> Provoke:
        assert code not in PROVOKED
        PROVOKED[code] = function
        return function

    return add


# --- what is asked, and who asks -----------------------------------------------------------


@provokes(Code.malformed)
def _(stage: Stage) -> httpx.Response:
    return stage.line().send("create", b"\0")


@provokes(Code.unknown_operation)
def _(stage: Stage) -> httpx.Response:
    return stage.line().send("members")


@provokes(Code.unauthenticated)
def _(stage: Stage) -> httpx.Response:
    return stage.send("devices", basics.Nothing())


@provokes(Code.stale_proof)
def _(stage: Stage) -> httpx.Response:
    group = stage.group()
    nonce = stage.line().nonce()
    proof = group.access.prove(nonce)
    return group.line.send("read", log.Read(group.gid, 0, 0, 0, proof).encode())


@provokes(Code.wrong_plane)
def _(stage: Stage) -> httpx.Response:
    line = stage.device().line
    line.token = b""
    return line.send("append", b"whatever it says")


@provokes(Code.proof_refused)
def _(stage: Stage) -> httpx.Response:
    group = stage.group()
    fork = access(group.broker_id, group.gid, 0, b"another secret")
    proof = fork.prove(group.line.nonce())
    return group.line.send("read", log.Read(group.gid, 0, 0, 0, proof).encode())


@provokes(Code.capability_refused)
def _(stage: Stage) -> httpx.Response:
    group, seed = stage.group(), bytes(32)
    key = signing.public_key(seed)
    request = joining.Knock(group.broker_id, group.gid, bytes(16), key, b"sealed")
    return group.line.send("knock", signing.signed(seed, "knock", request).encode())


@provokes(Code.too_large)
def _(stage: Stage) -> httpx.Response:
    return stage.send("post", joining.Post(bytes(32), b"ref", bytes(8 * 1024 + 1)))


@provokes(Code.over_quota)
def _(stage: Stage) -> httpx.Response:
    stage = stage.another(rates__creations="1 per hour")
    group = stage.group()
    more = access(group.broker_id, bytes(32))
    return group.line.send("create", more.create().encode())


@provokes(Code.not_offered)
def _(stage: Stage) -> httpx.Response:
    group = stage.group()
    following = group.following(bundled=(log.BundledPointer(bytes(32), b"ref", b"pointer"),))
    return group.line.send("append", group.access.append(bytes(16), b"", following).encode())


# --- accounts ------------------------------------------------------------------------------


@provokes(Code.enrolment_refused)
def _(stage: Stage) -> httpx.Response:
    stage = stage.another(enrol="invite")
    device = Device(stage.line(), stage.broker.broker_id)
    return device.line.send("enrol", device.enrolment().encode())


@provokes(Code.issuer_unavailable)
def _(stage: Stage) -> httpx.Response:
    stage = stage.another(enrol="oidc", oidc__issuer="http://127.0.0.1:1", oidc__audience="covey")
    device = Device(stage.line(), stage.broker.broker_id)
    token = b"eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.e30.c2lnbmF0dXJl"
    request = device.enrolment(kind=identity.EvidenceKind.oidc, evidence=token)
    return device.line.send("enrol", request.encode())


@provokes(Code.handle_taken)
def _(stage: Stage) -> httpx.Response:
    device, other = stage.device(), Device(stage.line(), stage.broker.broker_id)
    other.handle = device.handle
    return other.line.send("enrol", other.enrolment().encode())


@provokes(Code.account_unknown)
def _(stage: Stage) -> httpx.Response:
    request = identity.Claim(os.urandom(32), os.urandom(16), SUITE)
    return stage.device().line.send("claim", request.encode())


# --- KeyPackages and inboxes ---------------------------------------------------------------


@provokes(Code.bad_key_package)
def _(stage: Stage) -> httpx.Response:
    packages = (identity.KeyPackageMessage(b"none"),)
    return stage.device().line.send("publish", identity.Publish(bytes(16), packages).encode())


@provokes(Code.key_package_known)
def _(stage: Stage) -> httpx.Response:
    device, message = stage.device(), offered(stage.broker.broker_id).message
    device.publish(message)
    packages = (identity.KeyPackageMessage(message),)
    return device.line.send("publish", identity.Publish(bytes(16), packages).encode())


@provokes(Code.nothing_to_claim)
def _(stage: Stage) -> httpx.Response:
    device = stage.device()
    request = identity.Claim(device.handle, os.urandom(16), SUITE)
    return device.line.send("claim", request.encode())


@provokes(Code.inbox_exists)
def _(stage: Stage) -> httpx.Response:
    inbox = stage.inbox()
    request = identity.CreateInbox(inbox.id, signing.public_key(os.urandom(32)))
    return inbox.device.line.send("create_inbox", request.encode())


@provokes(Code.inbox_unknown)
def _(stage: Stage) -> httpx.Response:
    return stage.send("post_note", joining.PostNote(bytes(32), bytes(16), bytes(16), b"note"))


@provokes(Code.not_claimed)
def _(stage: Stage) -> httpx.Response:
    inbox = stage.inbox()
    return inbox.line.send("post", joining.Post(inbox.id, inbox.ref, b"pointer").encode())


@provokes(Code.full)
def _(stage: Stage) -> httpx.Response:
    stage = stage.another(limits__inbox_entries=1)
    inbox, token = stage.inbox(), os.urandom(16)
    slots = (joining.SlotHash(sha256(token).digest()),)
    inbox.line.ask("set_slots", joining.SetSlots(inbox.id, inbox.proof(), slots))
    inbox.line.ask("post_note", joining.PostNote(inbox.id, token, os.urandom(16), b"one"))
    request = joining.PostNote(inbox.id, token, os.urandom(16), b"two")
    return inbox.line.send("post_note", request.encode())


# --- groups --------------------------------------------------------------------------------


@provokes(Code.invite_needed)
def _(stage: Stage) -> httpx.Response:
    stage = stage.another(create="invite")
    request = access(stage.broker.broker_id, bytes(32)).create(b"no code")
    return stage.send("create", request)


@provokes(Code.group_unknown)
def _(stage: Stage) -> httpx.Response:
    request = access(stage.broker.broker_id, os.urandom(32)).append(bytes(16), b"body")
    return stage.send("append", request)


@provokes(Code.group_exists)
def _(stage: Stage) -> httpx.Response:
    group = stage.group()
    return group.line.send("create", access(group.broker_id, group.gid, 1).create().encode())


@provokes(Code.epoch_closed)
def _(stage: Stage) -> httpx.Response:
    group = stage.group()
    late = group.access.append(os.urandom(16), b"late")
    group.commit()
    return group.line.send("append", late.encode())


@provokes(Code.epoch_passed)
def _(stage: Stage) -> httpx.Response:
    group = stage.group()
    past = group.access
    group.commit()
    proof = past.prove(group.line.nonce())
    return group.line.send("knocks", joining.FetchKnocks(group.gid, 0, proof).encode())


@provokes(Code.epoch_unknown)
def _(stage: Stage) -> httpx.Response:
    group = stage.group()
    request = access(group.broker_id, group.gid, 1).append(bytes(16), b"early")
    return group.line.send("append", request.encode())


@provokes(Code.gone)
def _(stage: Stage) -> httpx.Response:
    stage = stage.another(retention_days=1)
    group = stage.group()
    past = group.access
    group.commit()
    stage.broker.ahead += 22 * DAY * HOUR
    stage.broker.run(sweep(stage.broker.operations.ports))
    return group.line.send("append", past.append(os.urandom(16), b"late").encode())


@provokes(Code.idem_mismatch)
def _(stage: Stage) -> httpx.Response:
    group = stage.group()
    group.say(b"one", bytes(16))
    return group.line.send("append", group.access.append(bytes(16), b"two").encode())


@provokes(Code.parcel_unknown)
def _(stage: Stage) -> httpx.Response:
    wanted = (joining.WantedParcel(bytes(32)),)
    return stage.send("parcels", joining.FetchParcels(bytes(32), wanted))


@provokes(Code.parcel_exists)
def _(stage: Stage) -> httpx.Response:
    group, seed = stage.group(), os.urandom(32)
    key = signing.public_key(seed)
    group.commit(capabilities=(log.Capability(key, hours() + 9),))
    for sealed in (b"one", b"two"):
        request = joining.Knock(group.broker_id, group.gid, bytes(16), key, sealed)
        answer = group.line.send("knock", signing.signed(seed, "knock", request).encode())
    return answer


# --- attachments ---------------------------------------------------------------------------


@provokes(Code.blob_unknown)
def _(stage: Stage) -> httpx.Response:
    return stage.line().http.get(f"/v1/blobs/{os.urandom(32).hex()}")


@provokes(Code.blob_exists)
def _(stage: Stage) -> httpx.Response:
    group, blob = stage.group(), os.urandom(32)
    for size in (1, 2):
        answer = group.line.send("begin_blob", group.access.begin_blob(blob, size).encode())
    return answer


@provokes(Code.wrong_offset)
def _(stage: Stage) -> httpx.Response:
    group, blob = stage.group(), os.urandom(32)
    begun = group.line.ask("begin_blob", group.access.begin_blob(blob, 2))
    headers = {"covey-ticket": begun.ticket.hex()}
    return group.line.http.put(f"/v1/blobs/{blob.hex()}?offset=1", content=b"x", headers=headers)


# --- what is not the asker's fault ---------------------------------------------------------


@provokes(Code.broken)
def _(stage: Stage) -> httpx.Response:
    stage = stage.another()

    async def has_a_bug(*_: object) -> basics.Challenge:
        return basics.Challenge(b"", 1 // 0)

    stage.broker.operations.by_name["challenge"] = has_a_bug
    return stage.send("challenge", basics.Nothing())


@provokes(Code.unavailable)
def _(_: Stage) -> httpx.Response:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "broker.db"
        with broker_at(str(file), file.parent) as broker, broker.line() as line:
            device = Device(line, broker.broker_id)
            request = device.enrolment()
            with sqlite3.connect(file) as database:
                database.execute("DROP TABLE device")
            database.close()
            return line.send("enrol", request.encode())
