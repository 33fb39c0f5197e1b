"""Where the protocol stands inside of MLS, and what the engine makes of it."""

from __future__ import annotations

import pytest

from access_samples import BROKER, POLICY, RANDOM, begun, person
from covey import mls
from covey.access.member.addresses import (
    EXTENSION_TYPES,
    MOST_CAPABILITIES,
    capabilities_of,
    extension,
    inbox_of,
    note_slot_of,
    with_capabilities,
)
from covey.access.structs.extensions import (
    ExtensionCode,
    GroupCapabilities,
    GroupCapability,
    InboxAddress,
    NoteSlot,
    Right,
)
from covey.errors import DecodeError, ProtocolError

ADDRESS = InboxAddress(BROKER, RANDOM(32))
SLOT = NoteSlot(BROKER, RANDOM(32), RANDOM(16))


def capability(key: int) -> GroupCapability:
    return GroupCapability(key.to_bytes(32), bytes(32), 500_000, Right.join)


CAPABILITIES = GroupCapabilities((GroupCapability(RANDOM(32), RANDOM(32), 500_000, Right.join),))


def test_the_code_points_are_private_and_not_for_chance() -> None:
    assert {0xF0C1, 0xF0C2, 0xF0C3, 0xF0C6} == EXTENSION_TYPES
    assert all(0xF000 <= code <= 0xFFFF and code & 0x0F0F != 0x0A0A for code in ExtensionCode)


def test_a_key_package_says_where_its_inbox_is() -> None:
    bob = person("bob")
    assert inbox_of(bob.package.package) == bob.address
    assert inbox_of(bob.member.key_package().package) is None


def test_a_leaf_says_where_notes_may_be_left() -> None:
    member = mls.Member.basic(b"bob", 1, policy=POLICY)
    package = member.key_package(leaf_extensions=[extension(SLOT)])
    assert note_slot_of(package.package.leaf_node) == SLOT
    group = begun()
    group.accept(group.commit(add=[package]))
    leaves = [leaf for _, leaf in group.tree.members()]
    assert [note_slot_of(leaf) for leaf in leaves] == [None, SLOT]


def test_a_group_states_its_capabilities() -> None:
    group = begun(capabilities=CAPABILITIES)
    assert capabilities_of(group.extensions) == CAPABILITIES
    group.accept(
        group.commit(extensions=with_capabilities(group.extensions, GroupCapabilities(())))
    )
    assert capabilities_of(group.extensions) == GroupCapabilities(())
    assert capabilities_of(()) == GroupCapabilities(())


def test_other_extensions_and_requirements_stay() -> None:
    required = mls.RequiredCapabilities((0xF0AA,), (0xF0BB,), (1,))
    before = (
        mls.Extension(mls.ExtensionType.required_capabilities, required.encode()),
        mls.Extension(0xF0AA, b"something else"),
    )
    after = with_capabilities(with_capabilities(before, CAPABILITIES), CAPABILITIES)
    assert len(after) == 3
    merged = mls.RequiredCapabilities.decode(after[0].extension_data)
    assert merged == required.replace(extension_types=(0xF0AA, *sorted(EXTENSION_TYPES)))
    assert after[1] == before[1]


def test_nobody_is_added_who_does_not_know_the_protocol() -> None:
    plain = mls.Member.basic(b"bob", 1)
    with pytest.raises(ProtocolError):
        begun().commit(add=[plain.key_package()])


def test_bytes_that_are_no_extension_are_refused() -> None:
    bob = person("bob").package.package
    broken = mls.Extension(ExtensionCode.inbox_address, b"short")
    with pytest.raises(DecodeError):
        inbox_of(bob.replace(extensions=(broken,)))
    with pytest.raises(DecodeError):
        capabilities_of([mls.Extension(ExtensionCode.capabilities, b"\xff")])


def test_a_group_has_so_many_capabilities_and_each_of_them_once() -> None:
    """Each commit states all: else who is alone could make a group in which nobody can commit."""
    most = tuple(map(capability, range(MOST_CAPABILITIES)))
    stated = with_capabilities((), GroupCapabilities(most))
    assert capabilities_of(stated).capabilities == most
    for bad, why in (((*most, capability(999)), "at most 128"), ((most[0], most[0]), "twice")):
        with pytest.raises(DecodeError, match=why):
            capabilities_of(with_capabilities((), GroupCapabilities(bad)))
