"""How a client and its KeyPackages are kept, and what a credential identifies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates import Authority
from covey import mls
from covey.errors import DecodeError, StorageError
from covey.mls.group.identity import identity
from covey.mls.structs.credentials import (
    BasicCredential,
    Certificate,
    UnknownCredential,
    X509Credential,
)
from group_samples import ALL_SUITES, agree, member


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
def test_a_member_is_kept(suite: int) -> None:
    alice = member("alice", suite)
    again = mls.Member.decode(alice.encode(), policy=alice.policy)
    assert again == alice
    assert again.signer == alice.signer


def test_a_certified_member_is_kept() -> None:
    alice = Authority().member("alice", 2)
    assert mls.Member.decode(alice.encode(), policy=alice.policy) == alice


@pytest.mark.parametrize("last_resort", [True, False])
def test_a_key_package_is_kept(*, last_resort: bool) -> None:
    bob = member("bob")
    package = bob.key_package(last_resort=last_resort)
    again = mls.PrivateKeyPackage.decode(package.encode())
    assert again == package
    alice = mls.Group.create(member("alice"))
    pending = alice.commit(add=[package.message])
    alice.accept(pending)
    agree([alice, mls.Group.join(bob, again, pending.welcome)])


@pytest.mark.parametrize(
    "read", [mls.Member.decode, mls.PrivateKeyPackage.decode], ids=["member", "package"]
)
@given(data=st.binary(max_size=100))
def test_what_was_not_kept_is_refused(read: object, data: bytes) -> None:
    with pytest.raises(StorageError):
        read(data)  # type: ignore[operator]


def test_another_version_is_refused() -> None:
    alice = member("alice")
    for stored, read in (
        (alice.encode(), mls.Member.decode),
        (alice.key_package().encode(), mls.PrivateKeyPackage.decode),
    ):
        with pytest.raises(StorageError, match="version 3"):
            read(b"\x00\x03" + stored[2:])


def test_what_is_kept_is_not_shown() -> None:
    alice = member("alice")
    package = alice.key_package()
    for shown in (repr(alice), repr(package)):
        for secret in (alice.signer, package.init_private, package.leaf_private):
            assert secret.hex() not in shown
            assert repr(secret)[2:-1] not in shown


def test_what_a_credential_identifies() -> None:
    assert identity(BasicCredential(b"alice")) == b"alice"
    assert identity(UnknownCredential(9, b"data")) == b"data"
    authority = Authority()
    one, other = (authority.member("alice", 2) for _ in range(2))
    assert identity(one.credential) == identity(other.credential)
    assert identity(one.credential) != identity(authority.member("bob", 2).credential)
    with pytest.raises(DecodeError):
        identity(X509Credential((Certificate(b"none"),)))


def test_val_015_an_empty_chain_identifies_nobody() -> None:
    with pytest.raises(DecodeError, match="VAL-015"):
        identity(X509Credential(()))
