"""An inbox is read over its own connection, with its own key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from access_samples import BROKER, person
from covey.access import signing
from covey.access.operations import PROVE_INBOX
from covey.access.structs.basics import ByTicket, Fresh, InboxProof, Nothing
from covey.access.structs.identity import CreateInbox, Token
from covey.access.structs.joining import (
    Expect,
    Fetch,
    Fetched,
    InboxEntry,
    InboxKind,
)
from covey.client.sync.device import Device
from covey.client.sync.effects import Ask, Use
from covey.client.sync.inbox import Inbox
from flows import NONCE, played

if TYPE_CHECKING:
    from covey.mls.wire.struct import WireStruct
    from flows import Played

SEED = b"\x5a" * 32
ID = bytes(range(32))
ENTRY = InboxEntry(7, InboxKind.pointer, b"sealed")


def inbox(read_up_to: int = 0) -> Inbox:
    return Inbox(BROKER, SEED, ID, read_up_to)


def last(done: Played) -> WireStruct:
    asked = done.effects[-1]
    assert isinstance(asked, Ask)
    assert asked.lane.use is Use.inbox
    assert asked.lane.key.startswith(ID)
    return asked.request


def test_a_device_begins_it_with_its_public_key() -> None:
    done = played(inbox().begin(Device(BROKER, bytes(32))), [Token(b"t", 600), Nothing()])
    asked = done.effects[-1]
    assert isinstance(asked, Ask)
    assert asked.lane.use is Use.identity
    assert asked.request == CreateInbox(ID, signing.public_key(SEED))


def test_it_is_read_with_a_proof_and_then_with_a_ticket() -> None:
    one = inbox(3)
    done = played(one.fetch(500), [Fetched((ENTRY,), b"ticket")])
    assert done.result == (ENTRY,)
    request = last(done)
    assert isinstance(request, Fetch)
    assert (request.after, request.wait) == (3, 500)
    assert isinstance(request.proof, Fresh)
    content = InboxProof(BROKER, ID, NONCE).encode()
    public = signing.public_key(SEED)
    assert signing.verify(public, PROVE_INBOX, content, request.proof.signature)
    one.take_out(ENTRY)
    assert last(played(one.fetch(), [Fetched((), b"")])) == Fetch(ID, 7, 0, ByTicket(b"ticket"))
    assert one.read_up_to == 7


def test_what_was_taken_out_stays_so() -> None:
    one = inbox(9)
    one.take_out(ENTRY)
    assert one.read_up_to == 9


def test_key_packages_that_nobody_claims_are_expected() -> None:
    package = person("bob", 1).package
    lifetime = package.package.leaf_node.lifetime
    assert lifetime is not None
    request = last(played(inbox().expect([package]), [Nothing()]))
    assert isinstance(request, Expect)
    [expected] = request.expected
    assert expected.key_package_ref == package.reference
    assert expected.not_after == lifetime.not_after // 3600
    assert expected.pointers == 1


def test_an_entry_that_is_for_none_of_ours_opens_nothing() -> None:
    assert inbox().opened(ENTRY, [person("bob", 1).package]) is None


def test_it_shows_no_secret() -> None:
    assert SEED.hex() not in repr(inbox()) + repr(inbox().__rich_repr__())
