"""An inbox is read over its own connection, with its own key."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from access_samples import BROKER, person
from covey.access import signing
from covey.access.operations import PROVE_INBOX
from covey.access.structs.basics import ByTicket, Fresh, InboxProof, Nothing
from covey.access.structs.identity import CreateInbox, Token
from covey.access.structs.joining import (
    MOST_TAKEN,
    Expect,
    Fetch,
    Fetched,
    InboxEntry,
    InboxKind,
)
from covey.client.sync.effects import Ask, Use
from covey.client.sync.identity.device import Device
from covey.client.sync.identity.inbox import Inbox, keep_taken, taken
from flows import NONCE, played

if TYPE_CHECKING:
    from covey.mls.wire.struct import WireStruct
    from covey.store.port import Rows
    from flows import Played

SEED = b"\x5a" * 32
ID = bytes(range(32))
ENTRY = InboxEntry(InboxKind.pointer, b"sealed")
NOTE = InboxEntry(InboxKind.note, b"sealed")


def inbox() -> Inbox:
    return Inbox(BROKER, SEED, ID)


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
    one = inbox()
    done = played(one.fetch(500), [Fetched((ENTRY,), b"ticket")])
    assert done.result == (ENTRY,)
    request = last(done)
    assert isinstance(request, Fetch)
    assert (request.taken, request.wait) == ((), 500)
    assert isinstance(request.proof, Fresh)
    content = InboxProof(BROKER, ID, NONCE).encode()
    public = signing.public_key(SEED)
    assert signing.verify(public, PROVE_INBOX, content, request.proof.signature)
    one.take_out(ENTRY)
    named = Fetch(ID, (ENTRY.digest,), 0, ByTicket(b"ticket"))
    assert last(played(one.fetch(), [Fetched((), b"")])) == named


def test_an_entry_is_named_by_its_kind_and_what_is_in_it() -> None:
    assert ENTRY.digest.digest == sha256(ENTRY.encode()).digest()
    assert ENTRY.digest != NOTE.digest


def fetched(one: Inbox, *answer: InboxEntry) -> tuple[int, tuple[InboxEntry, ...]]:
    """How many entries it names, and what comes of an answer."""
    done = played(one.fetch(), [Fetched(answer, b"ticket")])
    request = last(done)
    assert isinstance(request, Fetch)
    return len(request.taken), done.result


def test_what_was_taken_out_is_named_once() -> None:
    one = inbox()
    one.take_out(ENTRY)
    one.take_out(ENTRY)
    assert fetched(one, NOTE) == (1, (NOTE,))
    assert fetched(one, NOTE) == (0, (NOTE,))


def test_what_is_still_there_is_named_again_and_not_read_again() -> None:
    one = inbox()
    one.take_out(ENTRY)
    assert fetched(one, ENTRY, NOTE) == (1, (NOTE,))
    assert fetched(one) == (1, ())
    assert one.taken == ()


def test_no_more_are_named_than_a_broker_takes_and_none_is_read_twice() -> None:
    one = inbox()
    many = [InboxEntry(InboxKind.note, b"%d" % number) for number in range(MOST_TAKEN + 9)]
    for each in many:
        one.take_out(each)
    assert fetched(one, *many[MOST_TAKEN:]) == (MOST_TAKEN, ())
    assert fetched(one) == (9, ())


def test_what_was_taken_out_is_kept_in_the_store(rows: Rows) -> None:
    assert taken(rows) == ()
    keep_taken(rows, more=(ENTRY.digest,))
    keep_taken(rows, more=(NOTE.digest, ENTRY.digest))
    assert taken(rows) == (ENTRY.digest, NOTE.digest)
    keep_taken(rows, dropped=(ENTRY.digest,))
    assert taken(rows) == (NOTE.digest,)


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
