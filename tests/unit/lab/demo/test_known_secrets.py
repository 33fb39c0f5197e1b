"""The secrets of a member are all of them."""

from __future__ import annotations

from covey import mls
from covey.access.member.epochs import EpochAccess
from covey.lab.demo import known_secrets

SUITE = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519


def a_pair() -> tuple[mls.Group, mls.Group]:
    alice, bob = mls.Member.basic(b"alice", SUITE), mls.Member.basic(b"bob", SUITE)
    package = bob.key_package()
    founded = mls.Group.found(alice, [package.message])
    return founded.group, mls.Group.join(bob, package, founded.welcome)


def test_what_a_group_exports_is_among_its_secrets() -> None:
    alices, _ = a_pair()
    values = set(known_secrets.of_group(alices).values())
    assert alices.epoch_authenticator in values
    assert alices.export("covey demo", b"", 32) in values
    assert alices.resumption_psk(1) in values


def test_every_name_says_what_it_is() -> None:
    alices, bobs = a_pair()
    bobs.receive(alices.protect(b"so that a ratchet has begun"))
    bobs.accept(bobs.commit())
    names = " ".join(known_secrets.of_group(bobs))
    for kind in (
        "exporter_secret",
        "init_secret",
        "external_secret",
        "membership_key",
        "sender_data_secret",
        "leaf private key",
        "path private key",
        "signature private key",
        "resumption_psk",
        "secret tree",
    ):
        assert kind in names


def test_no_secret_is_too_short_to_be_searched_for() -> None:
    alices, bobs = a_pair()
    alices.receive(bobs.protect(b"hello"))
    for name, secret in known_secrets.of_group(alices).items():
        assert len(secret) >= 16, name


def test_a_removed_member_has_no_secrets_of_the_group() -> None:
    alices, bobs = a_pair()
    bobs.receive(alices.commit(remove=[bobs.own_index]).message)
    assert not bobs.is_active
    assert known_secrets.of_group(bobs) == {}


def test_a_client_has_secrets_before_it_is_in_a_group() -> None:
    member = mls.Member.basic(b"alice", SUITE)
    package = member.key_package()
    assert list(known_secrets.of_member(member).values()) == [member.signer]
    private = {package.init_private, package.leaf_private}
    assert set(known_secrets.of_key_package(package).values()) == private


def test_the_sender_data_secrets_of_past_epochs_are_known() -> None:
    alices, bobs = a_pair()
    for _ in range(2):
        commit = alices.commit()
        bobs.receive(commit.message)
        alices.accept(commit)
    secrets = known_secrets.of_snapshot(bobs.snapshot())
    found = {secret for name, secret in secrets if name.endswith("sender_data_secret")}
    assert len(found) == 3


def test_what_is_derived_for_the_broker_is_secret_too() -> None:
    alices, _ = a_pair()
    access = EpochAccess.derive(alices.export, bytes(32), bytes(range(32)), alices.epoch)
    found = known_secrets.of_access(access, alices)
    assert found["group_id"] == alices.group_id
    private = {access.signing_key, access.envelope_key, access.idem_key}
    assert private < set(found.values())
    assert access.access_key not in found.values()
    assert len(set(found.values())) == 5
