"""Key schedule, PSKs, transcript hashes and the secret tree (RFC 9420 §8, §9).

May import structs and the schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.conformance.case import ensure
from covey.mls.schedule import exporter, key_schedule, psk, secret_tree, transcript
from covey.mls.structs.framing import AuthenticatedContent
from covey.mls.structs.schedule import GroupContext, PreSharedKeyID
from covey.mls.wire.code_points import ContentType, ProtocolVersion, PSKType

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case
    from covey.mls.crypto.suite import Suite
    from covey.mls.schedule.secret_tree import RatchetKind, SecretTree

_MAX_FORWARD: Final = 1 << 16  # generations that a vector may ask us to walk

RATCHETS: Final[tuple[tuple[str, RatchetKind], ...]] = (
    ("handshake", secret_tree.HANDSHAKE),
    ("application", secret_tree.APPLICATION),
)
"""Both ratchets of a leaf, by the names that vectors give them."""


def key_schedule_epochs(case: Case) -> None:
    """A chain of epochs, each with all of its secrets."""
    suite = case.suite()
    group_id, init_secret = case.octets("group_id"), case.octets("initial_init_secret")
    epochs = case.parts("epochs")
    ensure(bool(epochs), "there is no epoch")
    for number, epoch in enumerate(epochs):
        init_secret = _epoch(suite, group_id, number, init_secret, epoch)


def _epoch(suite: Suite, group_id: bytes, number: int, init_secret: bytes, epoch: Case) -> bytes:
    """Check one epoch; returns its ``init_secret``."""
    context = GroupContext(
        ProtocolVersion.mls10,
        suite.code,
        group_id,
        number,
        epoch.octets("tree_hash"),
        epoch.octets("confirmed_transcript_hash"),
        (),
    ).encode()
    epoch.expect("group_context", context)
    joiner = key_schedule.joiner_secret(suite, init_secret, epoch.octets("commit_secret"), context)
    epoch.expect("joiner_secret", joiner)
    psk_secret = epoch.octets("psk_secret")
    epoch.expect("welcome_secret", key_schedule.welcome_secret(suite, joiner, psk_secret))
    secrets = key_schedule.epoch_secrets(suite, joiner, psk_secret, context)
    for name in key_schedule.TABLE_4:
        epoch.expect(name, getattr(secrets, name))
    public = key_schedule.external_key_pair(suite, secrets.external_secret)[1]
    epoch.expect("external_pub", public)
    exported = epoch.part("exporter")
    exported.expect(
        "secret",
        exporter.export(
            suite,
            secrets.exporter_secret,
            exported.text("label"),
            exported.octets("context"),
            exported.number("length"),
        ),
    )
    return secrets.init_secret


def psk_secret(case: Case) -> None:
    """Several external PSKs, chained."""
    suite = case.suite()
    psks = []
    for part in case.parts("psks"):
        name = PreSharedKeyID(
            PSKType.external, part.octets("psk_id"), None, None, None, part.octets("psk_nonce")
        )
        psks.append((name.encode(), part.octets("psk")))
    case.expect("psk_secret", psk.psk_secret(suite, psks))


def transcript_hashes(case: Case) -> None:
    """One commit's step through both hashes, and its confirmation tag."""
    suite = case.suite()
    message = AuthenticatedContent.decode(case.octets("authenticated_content"))
    tag = message.auth.confirmation_tag
    ensure(
        message.content.content_type is ContentType.commit,
        "authenticated_content holds no commit",
    )
    confirmed = transcript.confirmed(
        suite,
        case.octets("interim_transcript_hash_before"),
        message.wire_format,
        message.content.encode(),
        message.auth.signature,
    )
    case.expect("confirmed_transcript_hash_after", confirmed)
    computed = transcript.confirmation_tag(suite, case.octets("confirmation_key"), confirmed)
    ensure(tag == computed, "authenticated_content has another confirmation_tag")
    case.expect("interim_transcript_hash_after", transcript.interim(suite, confirmed, computed))


def secret_tree_keys(case: Case) -> None:
    """Keys of all ratchets, taken in the vector's order and once more from the last one."""
    suite = case.suite()
    part = case.part("sender_data")
    key, nonce = secret_tree.sender_data(
        suite, part.octets("sender_data_secret"), part.octets("ciphertext")
    )
    part.expect("key", key)
    part.expect("nonce", nonce)
    root, leaves = case.octets("encryption_secret"), case.nested_parts("leaves")
    ensure(bool(leaves) and all(leaves), "some leaf has no generation")
    for backwards in (False, True):
        tree = secret_tree.SecretTree(
            suite, len(leaves), root, max_forward=_MAX_FORWARD, max_skipped=_MAX_FORWARD
        )
        for leaf, generations in enumerate(leaves):
            for generation in reversed(generations) if backwards else generations:
                _generation(tree, leaf, generation)


def _generation(tree: SecretTree, leaf: int, part: Case) -> None:
    number = part.number("generation")
    for name, kind in RATCHETS:
        step = tree.peek(leaf, kind, number)
        part.expect(f"{name}_key", step.key)
        part.expect(f"{name}_nonce", step.nonce)
        tree.apply(step)
