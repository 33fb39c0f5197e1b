"""Knocking: who has the seed may ask, and members see what for."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import pytest
from rich.pretty import pretty_repr

from access_samples import ALL_SUITES, BROKER, GID, RANDOM, access_of, begun, changed, person
from covey.access import signing
from covey.access.member.addresses import capabilities_of
from covey.access.member.knocks import (
    capability_keys,
    entitled,
    for_the_broker,
    knock,
    open_knock,
    restated,
)
from covey.access.member.pointers import let_in, letting_in, open_pointer
from covey.access.member.sealing import KNOCK
from covey.access.structs.extensions import GroupCapabilities, GroupCapability, Right
from covey.access.structs.joining import Knock, WaitingKnock
from covey.access.structs.log import Capability
from covey.access.structs.sealed import KnockContent, KnockContext, Link, SealedKnock
from covey.errors import AuthenticationError, DecodeError, PolicyError, UnsupportedError
from covey.mls.crypto.dialects import get_suite

if TYPE_CHECKING:
    from covey.access.structs.basics import Signed

SUITE = get_suite(1)
SEED = bytes(range(32))
KEYS = capability_keys(SEED, SUITE)
LINK = Link(1, BROKER, GID, 1, SEED)
NOW = 500_000
BOB, CAT = bytes([1]) * 32, bytes([2]) * 32
HOLDER = person("holder")


def waiting(signed: Signed) -> WaitingKnock:
    """What a broker makes of a knock."""
    request = Knock.decode(signed.request)
    return WaitingKnock(request.id, request.capability, request.sealed)


def sealed_by_hand(content: bytes) -> WaitingKnock:
    """A knock with any content."""
    context = KnockContext(BROKER, GID, KEYS.key).encode()
    sealed = SUITE.encrypt_with_label(KEYS.door_key, KNOCK.label, context, content, RANDOM)
    return WaitingKnock(bytes(16), KEYS.key, SealedKnock(*sealed).encode())


def test_the_keys_are_those_of_the_specification() -> None:
    signing_key = hmac.digest(SEED, b"covey access 1 capability\x01", "sha256")
    assert KEYS.key == signing.public_key(signing_key)
    ikm = hmac.digest(SEED, b"covey access 1 door\x01", "sha256")
    assert (KEYS.door_private, KEYS.door_key) == SUITE.derive_key_pair(ikm)
    assert KEYS.door.capability == KEYS.key
    assert repr(KEYS) == "CapabilityKeys(…)"
    assert pretty_repr(KEYS) == "CapabilityKeys()"


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
@pytest.mark.parametrize("recovers", [False, True])
def test_a_knock_lets_its_holder_in(suite: int, *, recovers: bool) -> None:
    alice, holder = begun(suite), person("holder", suite)
    link = LINK.replace(cipher_suite=suite)
    signed = knock(link, holder.package.message, RANDOM, recovers=recovers)
    request = Knock.decode(signed.request)
    assert signing.verify(request.capability, "knock", signed.request, signed.signature)
    assert (request.broker_id, request.gid) == (BROKER, GID)
    door = capability_keys(SEED, alice.suite).door
    content = open_knock(BROKER, GID, [door], waiting(signed))
    assert content == KnockContent(holder.package.message, int(recovers))
    alice.accept(alice.commit(add=[content.key_package]))
    assert alice.find(b"holder") is not None
    assert len(SealedKnock.decode(request.sealed).ciphertext) % 1024 == alice.suite.Nt


def test_a_knock_opens_at_its_own_door_only() -> None:
    at_door = waiting(knock(LINK, HOLDER.package.message, RANDOM))
    other = capability_keys(bytes(32), SUITE).door
    with pytest.raises(PolicyError, match="no key"):
        open_knock(BROKER, GID, [other], at_door)
    with pytest.raises(AuthenticationError):
        open_knock(BROKER, GID, [other.replace(capability=KEYS.key)], at_door)
    with pytest.raises(AuthenticationError):
        open_knock(bytes(32), GID, [KEYS.door], at_door)
    with pytest.raises(AuthenticationError):
        open_knock(BROKER, bytes(32), [KEYS.door], at_door)
    for at in range(0, len(at_door.sealed), 13):
        bent = at_door.replace(sealed=changed(at_door.sealed, at))
        with pytest.raises((AuthenticationError, DecodeError)):
            open_knock(BROKER, GID, [KEYS.door], bent)


def test_a_knock_holds_a_key_package_and_nothing_else() -> None:
    package = HOLDER.package.message
    welcome = begun().commit(add=[HOLDER.package]).welcome
    for content in (
        KnockContent(package, 2),
        KnockContent(welcome, 0),
        KnockContent(b"nonsense", 0),
    ):
        encoded = content.encode()
        header = (len(encoded) | 0x4000).to_bytes(2) if len(encoded) > 63 else bytes([len(encoded)])
        with pytest.raises(DecodeError):
            open_knock(BROKER, GID, [KEYS.door], sealed_by_hand(header + encoded))


def test_a_suite_that_is_not_known_is_told() -> None:
    with pytest.raises(UnsupportedError):
        knock(LINK.replace(cipher_suite=0x7777), HOLDER.package.message, RANDOM)


@pytest.mark.parametrize(
    ("right", "not_after", "recovers", "match"),
    [
        (Right.join, NOW, 0, None),
        (Right.recover, NOW, 1, None),
        (Right.join, NOW - 1, 0, "expired, 1 hours ago"),
        (Right.join, NOW, 1, "lets one join, and this is to recover"),
        (Right.recover, NOW, 0, "lets one recover, and this is to join"),
    ],
)
def test_what_a_capability_entitles_to(
    right: Right, not_after: int, recovers: int, match: str | None
) -> None:
    at_door = waiting(knock(LINK, HOLDER.package.message, RANDOM))
    capability = GroupCapability(KEYS.key, BOB, not_after, right)
    stated = GroupCapabilities((capability.replace(key=bytes(32)), capability))
    content = KnockContent(HOLDER.package.message, recovers)
    if match is None:
        assert entitled(stated, at_door, content, NOW) == capability
        return
    with pytest.raises(PolicyError, match=match):
        entitled(stated, at_door, content, NOW)


def test_a_capability_that_is_not_stated_entitles_to_nothing() -> None:
    at_door = waiting(knock(LINK, HOLDER.package.message, RANDOM))
    with pytest.raises(PolicyError, match="no such capability"):
        entitled(GroupCapabilities(()), at_door, KnockContent(b"", 0), NOW)


def test_which_capabilities_a_commit_states_again() -> None:
    stays, expired, of_removed = (
        GroupCapability(RANDOM(32), creator, not_after, Right.join)
        for creator, not_after in ((BOB, NOW), (BOB, NOW - 1), (CAT, NOW))
    )
    before = GroupCapabilities((expired, stays, of_removed))
    assert restated(before, {CAT}, NOW) == GroupCapabilities((stays,))
    assert restated(before, (), NOW - 1) == before
    assert for_the_broker(GroupCapabilities((stays,))) == (Capability(stays.key, NOW),)


def test_who_has_lost_everything_comes_back_in_place_of_its_old_leaf() -> None:
    """From a recovery code to the group: knock, one commit with Remove and Add, pointer."""
    stated = GroupCapabilities((GroupCapability(KEYS.key, BOB, NOW, Right.recover),))
    alice, old = begun(capabilities=stated), person("bob")
    alice.accept(alice.commit(add=[old.package]))
    before = alice.find(b"bob")
    assert before is not None
    new = person("bob")
    at_door = waiting(knock(LINK, new.package.message, RANDOM, recovers=True))
    content = open_knock(BROKER, GID, [KEYS.door], at_door)
    assert entitled(capabilities_of(alice.extensions), at_door, content, NOW).creator == BOB
    pending = alice.commit(
        add=[content.key_package], remove=[before], welcome_tree=False, references=()
    )
    access, added = access_of(pending), [new.package.package]
    made = letting_in(pending, added, access, (KEYS.door,), bytes(16), RANDOM)
    alice.accept(pending)
    pointer = open_pointer(new.package, new.address, made.postings[0].pointer)
    back = let_in(new.member, new.package, pointer, made.parcels).accept()
    assert access_of(back) == access_of(alice)
    assert [each.identity for each in back.members] == [b"alice", b"bob"]
    assert pointer.doors == (KEYS.door,)
    assert restated(capabilities_of(back.extensions), {CAT}, NOW) == stated
