"""Vectors of the post-quantum KEMs, of HPKE-PQ and X-Wing; `test_partial.py` has whole messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from covey.mls.crypto.aead import AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305
from covey.mls.crypto.hpke import Encryption, Hpke
from covey.mls.crypto.hybrid import MLKEM768_P256, MLKEM768_X25519, MLKEM1024_P384, XWING_DRAFT
from covey.mls.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512
from covey.mls.crypto.mlkem import MLKEM768, MLKEM1024
from vectors_path import vectors_path

if TYPE_CHECKING:
    from covey.mls.crypto.kem import Kem

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
    first = int.from_bytes(schedule[1])
    for sequence, each in enumerate(case["encryptions"]):
        nonce = (first ^ sequence).to_bytes(hpke.aead.Nn)
        assert nonce == bare(each, "nonce")
        opened = hpke.aead.open(schedule[0], nonce, bare(each, "aad"), bare(each, "ct"))
        assert opened == bare(each, "pt")
    for each in case["exports"]:
        exported = hpke.export(
            secret, bare(each, "exporter_context"), each["L"], bare(case, "info")
        )
        assert exported == bare(each, "exported_value")
    assert len(case["encryptions"]) >= 10
    assert len(case["exports"]) >= 5


def test_every_kem_has_a_vector() -> None:
    assert {each["kem_id"] for each in HPKE_PQ} == KEMS.keys()


@pytest.mark.parametrize("number", range(3))
def test_x_wing(number: int) -> None:
    case = read("hpke", "x-wing.json")[number]
    key = XWING_DRAFT.load(bare(case, "sk"))
    assert key.public == bare(case, "pk")
    assert key.decap(bare(case, "ct")) == bare(case, "ss")
