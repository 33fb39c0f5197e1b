"""The registries of RFC 9420 §17."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.mls.wire import code_points
from covey.mls.wire.code_points import (
    COMPONENT_GREASE,
    DEFAULT_EXTENSION_TYPES,
    DEFAULT_PROPOSAL_TYPES,
    GREASE,
    CipherSuite,
    ComponentID,
    CredentialType,
    ExtensionType,
    ProposalType,
    WireFormat,
)

if TYPE_CHECKING:
    from enum import IntEnum

CLOSED = ["ContentType", "SenderType", "LeafNodeSource", "NodeType", "PSKType",
          "ResumptionPSKUsage", "ProposalOrRefType", "AppDataUpdateOperation"]  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_enum_counts_from_one(name: str) -> None:
    enum: type[IntEnum] = getattr(code_points, name)
    assert [member.value for member in enum] == list(range(1, len(enum) + 1))


def test_grease_has_the_fifteen_values_of_the_registry() -> None:
    assert [f"{value:04X}" for value in COMPONENT_GREASE] == [f"{n:X}A{n:X}A" for n in range(8)]
    assert [f"{value:04X}" for value in GREASE] == [f"{n:X}A{n:X}A" for n in range(15)]


@pytest.mark.parametrize(
    "registry",
    [CipherSuite, WireFormat, ExtensionType, ProposalType, CredentialType, ComponentID],
)
def test_no_known_value_is_grease_or_reserved(registry: type[IntEnum]) -> None:
    assert not {0, *GREASE}.intersection(registry)


def test_defaults_are_those_of_the_rfc() -> None:
    rfc = [member for member in ExtensionType if member <= ExtensionType.external_senders]
    assert frozenset(rfc) == DEFAULT_EXTENSION_TYPES
    last = ProposalType.group_context_extensions
    assert frozenset(each for each in ProposalType if each <= last) == DEFAULT_PROPOSAL_TYPES


def test_suites_are_numbered_as_in_the_registry() -> None:
    assert [int(suite) for suite in CipherSuite] == [1, 2, 3, 4, 5, 6, 7]
    assert CipherSuite(5).name == "MLS_256_DHKEMP521_AES256GCM_SHA512_P521"
