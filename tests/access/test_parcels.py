"""Parcels, and Welcomes taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_samples import GID, RANDOM, begun, changed, joined, person
from covey.access.member.parcels import open_parcel, seal_parcel, split_welcome, whole_welcome
from covey.errors import AuthenticationError, DecodeError
from covey.mls.group.padding import padme
from covey.mls.structs.message import MLSMessage


@given(content=st.binary(max_size=3000))
def test_a_parcel_comes_back(content: bytes) -> None:
    parcel, key = seal_parcel(GID, content, RANDOM)
    assert open_parcel(GID, parcel, key) == content
    assert len(parcel.body) == padme(len(parcel.body))
    assert content not in parcel.encode() or len(content) < 4


def test_parcels_have_nothing_in_common() -> None:
    one, other = (seal_parcel(GID, b"the same", RANDOM) for _ in range(2))
    assert one.key.id == one.parcel.id != other.parcel.id
    assert one.key.key != other.key.key
    assert repr(one.key.key) not in repr(one)


def test_a_parcel_opens_in_its_place_only() -> None:
    parcel, key = seal_parcel(GID, b"content", RANDOM)
    with pytest.raises(AuthenticationError):
        open_parcel(bytes(32), parcel, key)
    with pytest.raises(AuthenticationError):
        open_parcel(GID, parcel, key.replace(key=bytes(32)))
    for at in range(len(parcel.body)):
        with pytest.raises(AuthenticationError):
            open_parcel(GID, parcel.replace(body=changed(parcel.body, at)), key)
    with pytest.raises(DecodeError, match="another parcel"):
        open_parcel(GID, parcel.replace(id=bytes(32)), key)
    with pytest.raises(AuthenticationError):
        open_parcel(GID, parcel.replace(id=bytes(32)), key.replace(id=bytes(32)))


@pytest.mark.parametrize("one_each", [False, True])
def test_a_welcome_is_put_together_again_for_each(*, one_each: bool) -> None:
    alice, people = begun(), [person(name) for name in ("bob", "carol")]
    packages = [each.package for each in people]
    pending = alice.commit(add=packages, welcome_tree=False, one_welcome_each=one_each)
    split = [split_welcome(each.message) for each in pending.welcomes]
    assert len({each.common for each in split}) == 1
    secrets = {ref: each for welcome in split for ref, each in welcome.secrets.items()}
    assert set(secrets) == {each.package.reference for each in people}
    for each in people:
        whole = whole_welcome(split[0].common, secrets[each.package.reference])
        assert joined(each, whole, pending.ratchet_tree).epoch == 1
    common = MLSMessage.decode(split[0].common).message
    assert common.secrets == ()  # type: ignore[union-attr]


def test_what_is_no_welcome_is_not_split() -> None:
    bob = person("bob")
    pending = begun().commit(add=[bob.package])
    with pytest.raises(DecodeError, match="Welcome is needed, this is a KeyPackage"):
        split_welcome(bob.package.message)
    with pytest.raises(DecodeError):
        split_welcome(b"nonsense")
    secrets = split_welcome(pending.welcome).secrets[bob.package.reference]
    with pytest.raises(DecodeError, match="secrets of others"):
        whole_welcome(pending.welcome, secrets)
