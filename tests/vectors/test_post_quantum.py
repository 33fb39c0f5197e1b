"""Vectors of the post-quantum KEMs, and of whole messages in their suites.

Those of HPKE-PQ and X-Wing are of the drafts; those of draft-ietf-mls-partial are the only ones at
the level of MLS, in the numbers of mlspp.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from covey.mls.crypto.aead import AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.hpke import Encryption, Hpke
from covey.mls.crypto.hybrid import MLKEM768_P256, MLKEM768_X25519, MLKEM1024_P384, XWING_DRAFT
from covey.mls.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512
from covey.mls.crypto.mlkem import MLKEM768, MLKEM1024
from covey.mls.group.member import key_package_ref
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import GroupInfo, GroupSecrets, Welcome
from vectors_path import vectors_path

if TYPE_CHECKING:
    from covey.mls.crypto.kem import Kem
    from covey.mls.crypto.suite import Suite

KEMS: Final[dict[int, Kem]] = {
    each.hpke_id: each
    for each in (MLKEM768, MLKEM1024, MLKEM768_P256, MLKEM768_X25519, MLKEM1024_P384)
}
KDFS: Final = {each.hpke_id: each for each in (HKDF_SHA256, HKDF_SHA384, HKDF_SHA512)}
AEADS: Final = {each.hpke_id: each for each in (AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305)}


def read(*path: str) -> list[dict[str, Any]]:
    """The vectors of a file."""
    found: list[dict[str, Any]] = json.loads(vectors_path(*path).read_text(encoding="utf-8"))
    return found


def bare(case: dict[str, Any], name: str) -> bytes:
    """A field that is bytes."""
    return bytes.fromhex(case[name])


HPKE_PQ: Final = [each for each in read("hpke", "hpke-pq.json") if each["kem_id"] in KEMS]


@pytest.mark.parametrize("case", HPKE_PQ, ids=lambda case: f"{case['kem_id']:04x}-{case['kdf_id']}")
def test_hpke_pq(case: dict[str, Any]) -> None:
    kem = KEMS[case["kem_id"]]
    private = kem.derive_private_key(bare(case, "ikmR"))
    key = kem.load(private)
    assert (private, key.public) == (bare(case, "skRm"), bare(case, "pkRm"))
    kem.check_public(key.public)
    secret = key.decap(bare(case, "enc"))
    assert secret == bare(case, "shared_secret")
    kdf = KDFS.get(case["kdf_id"])
    if kdf is None:
        return  # the schedule is that of a KDF of one stage, which no suite of MLS has
    hpke = Hpke(kem, kdf, AEADS[case["aead_id"]])
    assert hpke.suite_id == bare(case, "suite_id")
    schedule = Encryption(hpke, bare(case, "info"))._key_and_nonce(secret)  # noqa: SLF001 - as stated
    assert schedule == (bare(case, "key"), bare(case, "base_nonce"))
    first = case["encryptions"][0]
    opened = hpke.aead.open(*schedule, bare(first, "aad"), bare(first, "ct"))
    assert opened == bare(first, "pt")


def test_every_kem_has_a_vector() -> None:
    assert {each["kem_id"] for each in HPKE_PQ} == KEMS.keys()


@pytest.mark.parametrize("number", range(3))
def test_x_wing(number: int) -> None:
    case = read("hpke", "x-wing.json")[number]
    key = XWING_DRAFT.load(bare(case, "sk"))
    assert key.public == bare(case, "pk")
    assert key.decap(bare(case, "ct")) == bare(case, "ss")


def partial(family: str, code: int) -> dict[str, Any]:
    """The vector of a family that is of a suite."""
    cases = read("partial", f"test-vector-partial-{family}.json")
    [found] = [each for each in cases if each["cipher_suite"] == code]
    return found


@pytest.mark.parametrize("code", range(1, 11))
def test_a_welcome_of_each_suite_leads_into_the_epoch(code: int) -> None:
    case, suite = partial("annotated-welcome", code), get_suite(code)
    package = MLSMessage.decode(bare(case, "key_package")).message
    assert isinstance(package, KeyPackage)
    assert suite.public_key(bare(case, "init_priv")) == package.init_key
    assert suite.public_key(bare(case, "encryption_priv")) == package.leaf_node.encryption_key
    assert suite.signature_public(bare(case, "signature_priv")) == package.leaf_node.signature_key
    welcome, _ = Welcome.decode_prefix(bare(case, "annotated_welcome"))
    reference = key_package_ref(suite, package)
    [sealed] = [each for each in welcome.secrets if each.new_member == reference]
    secrets = GroupSecrets.decode(
        suite.decrypt_with_label(
            bare(case, "init_priv"),
            "Welcome",
            welcome.encrypted_group_info,
            sealed.encrypted_group_secrets.kem_output,
            sealed.encrypted_group_secrets.ciphertext,
        )
    )
    member = suite.extract(secrets.joiner_secret, suite.zero)
    info = opened(suite, member, welcome.encrypted_group_info)
    context = info.group_context
    assert (context.cipher_suite, welcome.cipher_suite) == (code, code)
    epoch = suite.expand_with_label(member, "epoch", context.encode(), suite.Nh)
    authenticator = suite.derive_secret(epoch, "authentication")
    assert authenticator == bare(case, "epoch_authenticator")


def opened(suite: Suite, member: bytes, sealed: bytes) -> GroupInfo:
    """The GroupInfo of a Welcome (RFC 9420 §12.4.3.1)."""
    secret = suite.derive_secret(member, "welcome")
    key = suite.expand_with_label(secret, "key", b"", suite.Nk)
    nonce = suite.expand_with_label(secret, "nonce", b"", suite.Nn)
    return GroupInfo.decode(suite.open_aead(key, nonce, b"", sealed))
