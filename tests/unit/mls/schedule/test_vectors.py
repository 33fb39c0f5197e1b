"""The official vectors of key schedule, PSKs, transcript, exporter and secret tree."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from covey.errors import CoveyError
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.suites import SUITES
from covey.mls.schedule import key_schedule, transcript
from covey.mls.schedule.exporter import export
from covey.mls.schedule.key_schedule import TABLE_4
from covey.mls.schedule.psk import psk_secret
from covey.mls.schedule.secret_tree import APPLICATION, HANDSHAKE, SecretTree, sender_data
from covey.mls.structs.framing import AuthenticatedContent
from covey.mls.structs.schedule import PreSharedKeyID
from covey.mls.wire.code_points import PSKType
from vectors_path import vectors_path

if TYPE_CHECKING:
    from collections.abc import Callable

Vector = dict[str, Any]
unhex = bytes.fromhex


def check_key_schedule(vector: Vector) -> None:
    """Verify a chain of epochs: every secret, the external key and the exporter."""
    suite, init_secret = get_suite(vector["cipher_suite"]), unhex(vector["initial_init_secret"])
    for epoch in vector["epochs"]:
        context, psk = unhex(epoch["group_context"]), unhex(epoch["psk_secret"])
        joiner = key_schedule.joiner_secret(
            suite, init_secret, unhex(epoch["commit_secret"]), context
        )
        assert joiner.hex() == epoch["joiner_secret"]
        welcome = key_schedule.welcome_secret(suite, joiner, psk)
        assert welcome.hex() == epoch["welcome_secret"]
        secrets = key_schedule.epoch_secrets(suite, joiner, psk, context)
        for name in TABLE_4:
            assert getattr(secrets, name).hex() == epoch[name], name
        _, public = key_schedule.external_key_pair(suite, secrets.external_secret)
        assert public.hex() == epoch["external_pub"]
        case = epoch["exporter"]
        exported = export(
            suite, secrets.exporter_secret, case["label"], unhex(case["context"]), case["length"]
        )
        assert exported.hex() == case["secret"]
        init_secret = secrets.init_secret


def check_psk_secret(vector: Vector) -> None:
    """Verify a chain of external PSKs."""
    suite = get_suite(vector["cipher_suite"])
    psks = [
        (
            PreSharedKeyID(
                PSKType.external, unhex(psk["psk_id"]), None, None, None, unhex(psk["psk_nonce"])
            ).encode(),
            unhex(psk["psk"]),
        )
        for psk in vector["psks"]
    ]
    assert psk_secret(suite, psks).hex() == vector["psk_secret"]


def check_transcript_hashes(vector: Vector) -> None:
    """Verify both hashes after a commit, and its confirmation tag."""
    suite = get_suite(vector["cipher_suite"])
    message = AuthenticatedContent.decode(unhex(vector["authenticated_content"]))
    confirmed = transcript.confirmed(
        suite,
        unhex(vector["interim_transcript_hash_before"]),
        message.wire_format,
        message.content.encode(),
        message.auth.signature,
    )
    assert confirmed.hex() == vector["confirmed_transcript_hash_after"]
    tag = transcript.confirmation_tag(suite, unhex(vector["confirmation_key"]), confirmed)
    assert tag == message.auth.confirmation_tag
    interim = transcript.interim(suite, confirmed, tag)
    assert interim.hex() == vector["interim_transcript_hash_after"]


def check_secret_tree(vector: Vector) -> None:
    """Verify sender data keys, and every key and nonce of every leaf."""
    suite, case = get_suite(vector["cipher_suite"]), vector["sender_data"]
    key, nonce = sender_data(suite, unhex(case["sender_data_secret"]), unhex(case["ciphertext"]))
    assert (key.hex(), nonce.hex()) == (case["key"], case["nonce"])
    tree = SecretTree(suite, len(vector["leaves"]), unhex(vector["encryption_secret"]))
    for leaf, generations in enumerate(vector["leaves"]):
        for expected in generations:
            for kind, name in ((HANDSHAKE, "handshake"), (APPLICATION, "application")):
                step = tree.peek(leaf, kind, expected["generation"])
                assert step.key.hex() == expected[f"{name}_key"]
                assert step.nonce.hex() == expected[f"{name}_nonce"]
                tree.apply(step)


RUNNERS: dict[str, Callable[[Vector], None]] = {
    "key-schedule": check_key_schedule,
    "psk_secret": check_psk_secret,
    "transcript-hashes": check_transcript_hashes,
    "secret-tree": check_secret_tree,
}
CASES = [
    pytest.param(runner, vector, id=f"{name}, suite {vector['cipher_suite']}, {number}")
    for name, runner in RUNNERS.items()
    for number, vector in enumerate(json.loads(vectors_path("mls", f"{name}.json").read_text()))
]


@pytest.mark.parametrize(("runner", "vector"), CASES)
def test_vector(runner: Callable[[Vector], None], vector: Vector) -> None:
    runner(vector)


@pytest.mark.parametrize("name", RUNNERS)
def test_there_are_vectors_for_every_suite(name: str) -> None:
    vectors = json.loads(vectors_path("mls", f"{name}.json").read_text())
    assert {vector["cipher_suite"] for vector in vectors} == set(SUITES)


CORRUPTIONS: list[tuple[str, tuple[str | int, ...]]] = [
    *(
        ("key-schedule", ("epochs", 1, name))
        for name in (
            "joiner_secret",
            "welcome_secret",
            "init_secret",
            "sender_data_secret",
            "encryption_secret",
            "exporter_secret",
            "epoch_authenticator",
            "external_secret",
            "confirmation_key",
            "membership_key",
            "resumption_psk",
            "external_pub",
        )
    ),
    ("key-schedule", ("epochs", 1, "exporter", "secret")),
    ("psk_secret", ("psk_secret",)),
    ("psk_secret", ("psks", 0, "psk_nonce")),
    ("transcript-hashes", ("authenticated_content",)),
    ("transcript-hashes", ("confirmed_transcript_hash_after",)),
    ("transcript-hashes", ("interim_transcript_hash_after",)),
    ("secret-tree", ("sender_data", "key")),
    ("secret-tree", ("sender_data", "nonce")),
    *(
        ("secret-tree", ("leaves", -1, -1, f"{ratchet}_{value}"))
        for ratchet in ("handshake", "application")
        for value in ("key", "nonce")
    ),
]


@pytest.mark.parametrize(
    ("name", "path"), CORRUPTIONS, ids=lambda value: value if isinstance(value, str) else value[-1]
)
def test_a_corrupted_vector_fails(name: str, path: tuple[str | int, ...]) -> None:
    vector = copy.deepcopy(json.loads(vectors_path("mls", f"{name}.json").read_text())[-1])
    *parents, last = path
    place: Any = vector
    for step in parents:
        place = place[step]
    place[last] = place[last][:-1] + "0123456789abcdef"[int(place[last][-1], 16) ^ 1]
    with pytest.raises((AssertionError, CoveyError)):
        RUNNERS[name](vector)
