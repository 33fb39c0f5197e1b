"""What is inside of extensions, certificates and lifetimes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certificates import Authority
from covey import mls
from covey.lab.inspect.payloads import EXTENSIONS, date, explainer
from covey.mls.structs.credentials import Certificate
from covey.mls.structs.extensions import (
    ApplicationId,
    Extension,
    ExternalPub,
    RequiredCapabilities,
)
from covey.mls.structs.tree import Lifetime, RatchetTreeNodes
from covey.mls.wire.code_points import ExtensionType
from covey.mls.wire.reading import read
from group_samples import found

if TYPE_CHECKING:
    from covey.mls.wire.outline import Outline
    from covey.mls.wire.struct import WireStruct


def outline(value: WireStruct, fold: int | None = 4) -> Outline:
    reading = read(type(value), value.encode(), explain=explainer(fold), fold=fold)
    assert reading.stop is None
    return reading.outline


def names(parts: tuple[Outline, ...]) -> list[str]:
    return [part.name for part in parts]


@pytest.mark.parametrize(
    ("kind", "payload", "inside"),
    [
        (ExtensionType.application_id, ApplicationId(b"phone"), ["application_id"]),
        (ExtensionType.external_pub, ExternalPub(b"k"), ["external_pub"]),
        (
            ExtensionType.required_capabilities,
            RequiredCapabilities((10,), (), (1,)),
            ["extension_types", "proposal_types", "credential_types"],
        ),
    ],
)
def test_extensions_that_are_known_are_opened(
    kind: int, payload: WireStruct, inside: list[str]
) -> None:
    _, data = outline(Extension(kind, payload.encode())).parts
    assert data.value == type(payload).__name__
    assert names(data.parts) == inside
    assert data.parts[0].offset == data.offset + 1


def test_a_tree_in_a_group_info_is_opened_and_folded() -> None:
    [group, *_] = found("abcd")
    tree = Extension(ExtensionType.ratchet_tree, group.tree.encode())
    [inside] = outline(tree, fold=2).parts[1].parts
    assert names(inside.parts) == ["[0]", "[1]", "[2…6]"]
    assert EXTENSIONS[ExtensionType.ratchet_tree] is RatchetTreeNodes


def test_data_that_is_not_what_it_should_be_is_told() -> None:
    _, data = outline(Extension(ExtensionType.external_pub, b"\x05ab")).parts
    assert data.value.startswith("no ExternalPub: at offset 6, in ExternalPub.external_pub")
    _, other = outline(Extension(0xF000, b"ab")).parts
    assert (other.value, other.parts) == ('"ab"', ())


def test_a_certificate_says_whose_it_is() -> None:
    authority = Authority()
    suite = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
    credential = authority.member("alice", suite).credential
    assert isinstance(credential, mls.X509Credential)
    [data] = outline(credential.certificates[0]).parts
    facts = {part.name: part.value for part in data.parts}
    assert "alice" in facts["subject"]
    assert data.value == facts["subject"]
    assert facts["issuer"]
    assert facts["not_after"].endswith("UTC")


def test_what_is_no_certificate_is_told() -> None:
    [data] = outline(Certificate(b"\x30\x00")).parts
    assert data.value == "no certificate: not the DER encoding of a certificate"


def test_lifetimes_are_dates() -> None:
    first, last = outline(Lifetime(0, (1 << 64) - 1)).parts
    assert first.value == "0 (1970-01-01 00:00:00 UTC)"
    assert last.value == "18446744073709551615 (beyond the year 9999)"
    assert date(1_900_000_000) == "2030-03-17 17:46:40 UTC"
