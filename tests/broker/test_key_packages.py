"""What the broker reads in a KeyPackage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.broker.key_packages import offer
from covey.broker.limits import KEY_PACKAGE
from covey.errors import BrokerError
from covey.mls.structs.message import MLSMessage

if TYPE_CHECKING:
    from covey.mls.structs.key_package import KeyPackage

NOW = 1_700_000_000
SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
MEMBER = mls.Member.basic(b"alice", SUITE)


def test_a_key_package_says_what_it_is() -> None:
    package = MEMBER.key_package(now=NOW, lifetime=100)
    assert offer(package.message, NOW) == (package.message, SUITE, NOW + 100, False)


def test_a_last_resort_is_one() -> None:
    assert offer(MEMBER.key_package(now=NOW, last_resort=True).message, NOW).last_resort


def test_the_older_mark_of_a_last_resort_is_known_too() -> None:
    mark = mls.Extension(mls.ExtensionType.last_resort, b"")
    assert offer(MEMBER.key_package(now=NOW, extensions=[mark]).message, NOW).last_resort


def test_it_serves_until_the_last_second() -> None:
    package = MEMBER.key_package(now=NOW, lifetime=100)
    assert offer(package.message, NOW + 100)
    with pytest.raises(BrokerError, match="bad_key_package"):
        offer(package.message, NOW + 101)


def message_of(package: KeyPackage) -> bytes:
    return MLSMessage(1, package).encode()


def test_what_is_none_is_refused() -> None:
    package = MEMBER.key_package(now=NOW)
    leaf = package.package.leaf_node
    unlimited = leaf.lifetime.replace(not_after=2**64 - 1) if leaf.lifetime else None
    broken = mls.Extension(mls.ExtensionType.app_data_dictionary, b"\x05")
    for message in (
        b"",
        package.message[:-1],
        package.message + b"\0",
        package.message.replace(b"\0\1", b"\0\2", 1),
        mls.Group.create(MEMBER).group_info(),
        message_of(package.package.replace(leaf_node=leaf.replace(lifetime=unlimited))),
        message_of(package.package.replace(extensions=(broken,))),
    ):
        with pytest.raises(BrokerError, match="bad_key_package"):
            offer(message, NOW)


def test_it_has_a_limit() -> None:
    with pytest.raises(BrokerError, match="too_large"):
        offer(bytes(KEY_PACKAGE + 1), NOW)
