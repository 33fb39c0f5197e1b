"""What the broker reads in a KeyPackage."""

from __future__ import annotations

import pytest

from covey import mls
from covey.access.member.addresses import extension
from covey.access.structs.extensions import ExtensionCode, InboxAddress
from covey.broker.offers import Offer, Terms, offer
from covey.errors import BrokerError
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage

NOW = 1_700_000_000
SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
BROKER, INBOX = b"B" * 32, b"i" * 32
ADDRESS = extension(InboxAddress(BROKER, INBOX))
POLICY = mls.Policy(extension_types=frozenset({ExtensionCode.inbox_address}))
MEMBER = mls.Member.basic(b"alice", SUITE, policy=POLICY)
WEEK = 7 * 24 * 3600
TERMS = Terms(BROKER, 4096, WEEK, NOW)


def message_of(package: KeyPackage) -> bytes:
    return MLSMessage(1, package).encode()


def refuses(code: str, message: bytes, terms: Terms = TERMS) -> None:
    with pytest.raises(BrokerError) as raised:
        offer(message, terms)
    assert raised.value.code == code


def test_a_key_package_says_what_it_is() -> None:
    package = MEMBER.key_package(now=NOW, lifetime=WEEK, extensions=[ADDRESS])
    ref = get_suite(SUITE).ref_hash("MLS 1.0 KeyPackage Reference", package.package.encode())
    not_after = (NOW + WEEK) // 3600
    read = offer(package.message, TERMS)
    assert read == Offer(package.message, ref, INBOX, SUITE, not_after, last_resort=False)


@pytest.mark.parametrize("suite", mls.CipherSuite)
def test_the_reference_is_of_the_suite(suite: int) -> None:
    member = mls.Member.basic(b"alice", suite, policy=POLICY)
    package = member.key_package(now=NOW, lifetime=WEEK, extensions=[ADDRESS])
    read = offer(package.message, TERMS)
    assert (read.cipher_suite, len(read.ref)) == (suite, get_suite(suite).Nh)


def test_a_last_resort_is_one() -> None:
    package = MEMBER.key_package(now=NOW, lifetime=WEEK, extensions=[ADDRESS], last_resort=True)
    assert offer(package.message, TERMS).last_resort


def test_the_older_mark_of_a_last_resort_is_known_too() -> None:
    mark = mls.Extension(mls.ExtensionType.last_resort, b"")
    package = MEMBER.key_package(now=NOW, lifetime=WEEK, extensions=[ADDRESS, mark])
    assert offer(package.message, TERMS).last_resort


def test_it_serves_until_the_last_second() -> None:
    message = MEMBER.key_package(now=NOW, lifetime=100, extensions=[ADDRESS]).message
    assert offer(message, TERMS._replace(now=NOW + 100))
    refuses("bad_key_package", message, TERMS._replace(now=NOW + 101))


def test_it_lives_neither_too_long_nor_later() -> None:
    """By a clock that may be wrong by an hour."""
    message = MEMBER.key_package(now=NOW, lifetime=WEEK, extensions=[ADDRESS]).message
    assert offer(message, TERMS._replace(lifetime=WEEK - 3600))
    refuses("bad_key_package", message, TERMS._replace(lifetime=WEEK - 3601))
    begins = MLSMessage.decode(message).message
    assert isinstance(begins, KeyPackage)
    lifetime = begins.leaf_node.lifetime
    assert lifetime is not None
    early = TERMS._replace(now=lifetime.not_before - 3600, lifetime=2 * WEEK)
    assert offer(message, early)
    refuses("bad_key_package", message, early._replace(now=early.now - 1))


def test_it_names_an_inbox_of_this_broker() -> None:
    message = MEMBER.key_package(now=NOW, lifetime=WEEK, extensions=[ADDRESS]).message
    refuses("bad_key_package", message, TERMS._replace(broker_id=b"C" * 32))
    refuses("bad_key_package", MEMBER.key_package(now=NOW, lifetime=WEEK).message)


def test_it_has_a_limit() -> None:
    message = MEMBER.key_package(now=NOW, lifetime=WEEK, extensions=[ADDRESS]).message
    assert offer(message, TERMS._replace(size=len(message)))
    refuses("too_large", message, TERMS._replace(size=len(message) - 1))
    refuses("too_large", bytes(4097))


def test_what_is_none_is_refused() -> None:
    package = MEMBER.key_package(now=NOW, lifetime=WEEK, extensions=[ADDRESS])
    key_package, leaf = package.package, package.package.leaf_node
    assert leaf.lifetime is not None
    unlimited = leaf.replace(lifetime=leaf.lifetime.replace(not_after=2**64 - 1))
    broken = mls.Extension(mls.ExtensionType.app_data_dictionary, b"\x05")
    short = mls.Extension(ExtensionCode.inbox_address, BROKER)
    for message in (
        b"",
        package.message[:-1],
        package.message + b"\0",
        package.message.replace(b"\0\1", b"\0\2", 1),
        mls.Group.create(MEMBER).group_info(),
        message_of(key_package.replace(leaf_node=unlimited)),
        message_of(key_package.replace(extensions=(ADDRESS, broken))),
        message_of(key_package.replace(extensions=(short,))),
        message_of(key_package.replace(cipher_suite=0x0A0A)),
    ):
        refuses("bad_key_package", message)
