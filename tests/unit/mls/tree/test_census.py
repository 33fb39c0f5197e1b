"""Counters of what members support (RFC 9420 §7.2, §7.3, §13)."""

from __future__ import annotations

import pytest

from covey.mls.structs.components import ComponentsList, with_app_data
from covey.mls.structs.credentials import BasicCredential, X509Credential
from covey.mls.structs.extensions import Extension
from covey.mls.structs.tree import Capabilities, LeafNode
from covey.mls.tree import census
from covey.mls.tree.census import Kind, lists
from covey.mls.wire.code_points import (
    DEFAULT_EXTENSION_TYPES,
    DEFAULT_PROPOSAL_TYPES,
    GREASE,
    ComponentID,
    ExtensionType,
    ProposalType,
)
from tree_samples import leaf, tree_of

RICH = leaf("rich", Capabilities((1,), (1, 2), (0xF001,), (0xF002,), (1, 2)))
POOR = leaf("poor", Capabilities((1,), (1,), (), (), (1,)))


def test_all_support_what_everybody_lists() -> None:
    both = census.EMPTY.changed((), (RICH, POOR))
    alone = both.changed((POOR,), ())
    for kind, code in (
        (Kind.cipher_suite, 2),
        (Kind.extension, 0xF001),
        (Kind.proposal, 0xF002),
        (Kind.credential, 2),
    ):
        assert not both.all_support(kind, code)
        assert alone.all_support(kind, code)
    assert both.all_support(Kind.version, 1)
    assert both.members == 2
    assert alone.members == 1


def test_defaults_are_supported_without_being_listed() -> None:
    both = census.EMPTY.changed((), (RICH, POOR))
    for extension in DEFAULT_EXTENSION_TYPES:
        assert both.all_support(Kind.extension, extension)
        assert lists(POOR.capabilities, Kind.extension, extension)
    for proposal in DEFAULT_PROPOSAL_TYPES:
        assert both.all_support(Kind.proposal, proposal)
        assert lists(POOR.capabilities, Kind.proposal, proposal)
    assert not both.all_support(Kind.extension, ExtensionType.last_resort)
    assert not both.all_support(Kind.proposal, ProposalType.self_remove)
    assert not both.all_support(Kind.credential, 3)


def test_trap_default_types_need_not_be_listed() -> None:
    """mls-rs 319: default types in capabilities; listing them changes nothing."""
    listed = leaf("x", Capabilities((1,), (1,), (1, 5), (1, 7), (1,)))
    counted = census.EMPTY.changed((), (listed, POOR))
    assert counted.all_support(Kind.extension, 1)
    assert counted.all_support(Kind.proposal, 7)


def test_grease_in_capabilities_is_no_support() -> None:
    greasy = leaf("greasy", Capabilities((1,), (1,), (GREASE[0],), (GREASE[1],), (1, GREASE[2])))
    alone = census.EMPTY.changed((), (greasy,))
    assert not alone.all_support(Kind.extension, GREASE[0])
    assert not alone.all_support(Kind.proposal, GREASE[1])
    assert not alone.all_support(Kind.credential, GREASE[2])


def test_listing_something_twice_counts_once() -> None:
    twice = leaf("twice", Capabilities((1,), (2, 2), (), (), (1,)))
    assert not census.EMPTY.changed((), (twice, POOR)).all_support(Kind.cipher_suite, 2)


def test_credential_types_in_use_are_counted() -> None:
    certified = RICH.replace(credential=X509Credential(()))
    counted = census.EMPTY.changed((), (RICH, POOR, certified))
    assert dict(counted.in_use) == {1: 2, 2: 1}
    assert dict(counted.changed((certified,), ()).in_use) == {1: 2}


def test_nobody_is_left() -> None:
    assert census.EMPTY.changed((), (RICH, POOR)).changed((POOR, RICH), ()) == census.EMPTY


def test_a_replacement_that_supports_the_same_changes_nothing() -> None:
    counted = census.EMPTY.changed((), (RICH, POOR))
    assert counted.replaced(POOR, POOR.replace(encryption_key=b"new")) is counted
    assert counted.replaced(POOR, POOR.replace(credential=BasicCredential(b"else"))) is counted
    assert counted.replaced(POOR, RICH).all_support(Kind.extension, 0xF001)
    assert counted.replaced(None, RICH).members == 3
    certified = POOR.replace(credential=X509Credential(()))
    assert dict(counted.replaced(POOR, certified).in_use) == {1: 1, 2: 1}


@pytest.mark.parametrize("kind", [each for each in Kind if each <= Kind.credential])
def test_lists_looks_at_one_client(kind: Kind) -> None:
    codes = {Kind.version: 1, Kind.cipher_suite: 2, Kind.extension: 0xF001,
             Kind.proposal: 0xF002, Kind.credential: 2}  # fmt: skip
    assert lists(RICH.capabilities, kind, codes[kind])
    assert not lists(RICH.capabilities, kind, 0xF00F)


def test_components_are_counted_by_the_list_that_they_stand_in() -> None:
    def saying(**lists: tuple[int, ...]) -> LeafNode:
        entries = {
            ComponentID[name]: ComponentsList(codes).encode() for name, codes in lists.items()
        }
        return RICH.replace(extensions=with_app_data((), entries))

    one = saying(app_components=(1, 9, 9, GREASE[2]), safe_aad=(9,))
    other = saying(app_components=(9,))
    both = census.EMPTY.changed((), (one, other))
    assert both.all_support(Kind.component, 9)
    assert not both.all_support(Kind.component, 1)
    assert not both.all_support(Kind.safe_aad, 9)
    alone = both.changed((other,), ())
    assert alone.all_support(Kind.safe_aad, 9)
    assert not alone.all_support(Kind.component, GREASE[2])
    silent = alone.replaced(one, RICH)
    assert not silent.all_support(Kind.component, 9)
    assert silent.replaced(RICH, RICH) is silent


def test_a_dictionary_that_is_none_counts_for_nothing() -> None:
    garbled = RICH.replace(extensions=(Extension(6, b"x"),))
    counted = census.EMPTY.changed((), (garbled,))
    assert counted.all_support(Kind.extension, 0xF001)
    assert not counted.all_support(Kind.component, 1)


def test_a_tree_counts_its_members() -> None:
    tree = tree_of(3)
    assert tree.census.members == 3
    assert tree.edited(removed=(1,)).tree.census.members == 2
    assert tree.edited(updated={1: RICH}).tree.census.members == 3
