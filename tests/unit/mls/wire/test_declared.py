"""The RFC's names, from docstrings and registries."""

from __future__ import annotations

import pytest

from covey.mls.structs.credentials import BasicCredential
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import SelfRemove
from covey.mls.structs.tree import LeafNode, RatchetTreeNodes
from covey.mls.wire.code_points import CipherSuite, CredentialType, ProposalType
from covey.mls.wire.declared import code_point_name, declared, registry


def test_a_docstring_says_section_and_types() -> None:
    said = declared(LeafNode)
    assert (said.section, said.is_struct) == ("7.2", True)
    assert said.types["encryption_key"] == "HPKEPublicKey"
    assert said.types["lifetime"] == "Lifetime"
    assert said.types["extensions"] == "Extension<V>"
    assert declared(LeafNode) is said


def test_what_is_no_struct_of_the_rfc_is_known_as_such() -> None:
    assert not declared(BasicCredential).is_struct
    assert declared(RatchetTreeNodes).types == {"ratchet_tree": "optional<Node><V>"}
    assert declared(MLSMessage).section == "6"
    said = declared(SelfRemove)
    assert (said.section, said.is_struct) == ("draft-ietf-mls-extensions", True)


def test_a_struct_without_a_docstring_has_none() -> None:
    bare = type("Bare", (), {"__doc__": None})
    assert declared(bare) == ("", {}, False)


@pytest.mark.parametrize(
    ("code", "name"),
    [(1, "add (1)"), (0x0A0A, "GREASE (0x0a0a)"), (0x99, "unknown (0x0099)")],
)
def test_code_points_have_names(code: int, name: str) -> None:
    assert code_point_name(ProposalType, code) == name


def test_suites_and_private_use_are_in_hex() -> None:
    p256 = "MLS_128_DHKEMP256_AES128GCM_SHA256_P256 (0x0002)"
    assert code_point_name(CipherSuite, 2) == p256
    assert code_point_name(CredentialType, 0xF0A0) == "private use (0xf0a0)"


def test_a_registry_is_found_by_type_or_by_field() -> None:
    assert registry("ProposalType<V>") is ProposalType
    assert registry("uint16", "credential_type") is CredentialType
    assert registry("uint16", "index") is None
