"""What components put among extensions: sorted, once each, and read strictly."""

from __future__ import annotations

import pytest

from covey.errors import AuthenticationError, DecodeError
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.components import (
    AppDataDictionary,
    ComponentData,
    ComponentsList,
    SafeAAD,
    SafeAADItem,
    app_data,
    component_label,
    read_app_data,
    read_negotiation,
    read_safe_aad,
    with_app_data,
)
from covey.mls.structs.extensions import Extension
from flock import stream
from group_samples import found

OTHER = Extension(1, b"id")


def encoded(*ids: int) -> bytes:
    """A dictionary with these components, in this order."""
    return AppDataDictionary(tuple(ComponentData(each, b"x") for each in ids)).encode()


def test_what_a_component_signs_counts_for_no_other() -> None:
    """SafeSignWithLabel, beside its formula."""
    suite = get_suite(1)
    private, public = suite.generate_signature_keys(stream(b"signer"))
    label = component_label(0x8001, "poll")
    signed = suite.sign_with_label(private, label, b"yes")
    assert suite.verify_with_label(public, label, b"yes", signed)
    for other in (component_label(0x8002, "poll"), component_label(0x8001, "call"), "poll"):
        assert not suite.verify_with_label(public, other, b"yes", signed)
    named = b"\x0dMLS Component" + b"\x80\x01" + b"\x04poll"
    full = b"MLS 1.0 " + named
    content = bytes([len(full)]) + full + b"\x03yes"
    assert suite.signature.sign(private, content) == signed


def test_what_is_encrypted_to_a_component_opens_for_no_other() -> None:
    suite = get_suite(1)
    alices, bobs = found("ab")
    leaf = bobs.tree.leaf(1)
    assert leaf is not None
    label = component_label(0x8001, "poll")
    sealed = suite.encrypt_with_label(leaf.encryption_key, label, b"", b"yes", stream(b"seal"))
    assert bobs.decrypt_with_label(label, b"", *sealed) == b"yes"
    for group, other in ((bobs, component_label(0x8002, "poll")), (alices, label)):
        with pytest.raises(AuthenticationError):
            group.decrypt_with_label(other, b"", *sealed)
    for own in ("Welcome", b"Welcome"):
        with pytest.raises(ValueError, match="RFC 9420"):
            bobs.decrypt_with_label(own, b"", *sealed)


@pytest.mark.parametrize("ids", [(), (0,), (1, 2), (0, 0xFFFF)])
def test_a_dictionary_whose_components_increase_is_read(ids: tuple[int, ...]) -> None:
    assert read_app_data(encoded(*ids)) == dict.fromkeys(ids, b"x")


@pytest.mark.parametrize("ids", [(1, 1), (2, 1), (1, 3, 2), (1, 2, 2)])
def test_one_whose_components_do_not_is_refused(ids: tuple[int, ...]) -> None:
    with pytest.raises(DecodeError, match="do not increase"):
        read_app_data(encoded(*ids))


def test_entries_are_sorted_as_they_are_written() -> None:
    made = with_app_data((OTHER,), {9: b"nine", 2: b"two"})
    assert made[0] == OTHER
    assert app_data(made) == {2: b"two", 9: b"nine"}
    assert made[1].extension_data.hex() == "0d00020374776f0009046e696e65"


def test_a_dictionary_keeps_its_place() -> None:
    before = (*with_app_data((), {1: b""}), OTHER)
    after = with_app_data(before, {2: b""})
    assert [each.extension_type for each in after] == [6, 1]
    assert app_data(after) == {2: b""}


def test_there_need_not_be_a_dictionary() -> None:
    assert app_data((OTHER,)) == {}
    assert app_data(with_app_data((), {})) == {}


def test_the_lists_of_a_negotiation_are_read() -> None:
    entries = {1: ComponentsList((7, 5)).encode(), 2: ComponentsList(()).encode(), 3: b"?"}
    [made] = with_app_data((), entries)
    assert read_negotiation(made.extension_data) == {1: (7, 5), 2: ()}


@pytest.mark.parametrize("ids", [(), (1,), (1, 0x8001)])
def test_a_safe_aad_whose_components_increase_is_read(ids: tuple[int, ...]) -> None:
    made = SafeAAD(tuple(SafeAADItem(each, b"x") for each in ids)).encode()
    assert read_safe_aad(made) == dict.fromkeys(ids, b"x")


@pytest.mark.parametrize("data", ["", "01", "0600020000010000", "06000100000100"])
def test_what_is_no_safe_aad_is_refused(data: str) -> None:
    with pytest.raises(DecodeError):
        read_safe_aad(bytes.fromhex(data))


@pytest.mark.parametrize("component", [1, 2])
def test_what_should_be_a_list_has_to_be_one(component: int) -> None:
    [made] = with_app_data((), {component: b"x"})
    assert read_app_data(made.extension_data) == {component: b"x"}
    with pytest.raises(DecodeError):
        read_negotiation(made.extension_data)
