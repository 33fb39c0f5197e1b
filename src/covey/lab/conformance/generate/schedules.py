"""Cases of key-schedule, psk_secret, transcript-hashes and secret-tree.

May import what they test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.conformance.verify.schedules import RATCHETS
from covey.mls.framing import authenticate
from covey.mls.schedule import exporter, key_schedule, psk, secret_tree, transcript
from covey.mls.structs.commit import Commit
from covey.mls.structs.framing import AuthenticatedContent, FramedContentAuthData, Sender
from covey.mls.structs.schedule import GroupContext, PreSharedKeyID
from covey.mls.wire.code_points import ProtocolVersion, PSKType, SenderType, WireFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.crypto.suite import Suite
    from covey.mls.schedule.key_schedule import EpochSecrets
    from covey.mls.schedule.secret_tree import SecretTree

_EPOCHS: Final = 5
_MOST_PSKS: Final = 10
_TREES: Final = (1, 8, 32)
_GENERATIONS: Final = (0, 1, 15)


def key_schedule_epochs(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """A chain of epochs, the first of them without PSKs."""
    group_id, initial = entropy(16), entropy(suite.Nh)
    init_secret, epochs = initial, []
    for number in range(_EPOCHS):
        psk_secret = entropy(suite.Nh) if number else suite.zero
        context = _context(suite, entropy, group_id, number)
        made, init_secret = _epoch(suite, entropy, context, init_secret, psk_secret)
        epochs.append(made)
    yield {
        "cipher_suite": suite.code,
        "group_id": group_id.hex(),
        "initial_init_secret": initial.hex(),
        "epochs": epochs,
    }


def _context(suite: Suite, entropy: Seeded, group_id: bytes, epoch: int) -> GroupContext:
    tree_hash, confirmed = entropy(suite.Nh), entropy(suite.Nh)
    return GroupContext(
        ProtocolVersion.mls10, suite.code, group_id, epoch, tree_hash, confirmed, ()
    )


def _epoch(
    suite: Suite, entropy: Seeded, context: GroupContext, init_secret: bytes, psk_secret: bytes
) -> tuple[Vector, bytes]:
    """One epoch, and its ``init_secret``."""
    encoded, commit_secret = context.encode(), entropy(suite.Nh)
    joiner = key_schedule.joiner_secret(suite, init_secret, commit_secret, encoded)
    secrets = key_schedule.epoch_secrets(suite, joiner, psk_secret, encoded)
    external = key_schedule.external_key_pair(suite, secrets.external_secret)[1]
    return {
        "tree_hash": context.tree_hash.hex(),
        "commit_secret": commit_secret.hex(),
        "psk_secret": psk_secret.hex(),
        "confirmed_transcript_hash": context.confirmed_transcript_hash.hex(),
        "group_context": encoded.hex(),
        "joiner_secret": joiner.hex(),
        "welcome_secret": key_schedule.welcome_secret(suite, joiner, psk_secret).hex(),
        **{name: getattr(secrets, name).hex() for name in key_schedule.TABLE_4},
        "external_pub": external.hex(),
        "exporter": _exported(suite, entropy, secrets),
    }, secrets.init_secret


def _exported(suite: Suite, entropy: Seeded, secrets: EpochSecrets) -> Vector:
    label, context, length = entropy(8).hex(), entropy.some(), 1 + entropy.below(200)
    secret = exporter.export(suite, secrets.exporter_secret, label, context, length)
    return {"label": label, "context": context.hex(), "length": length, "secret": secret.hex()}


def psk_secret(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """From no PSK to ten."""
    for count in range(_MOST_PSKS + 1):
        psks, named = [], []
        for _ in range(count):
            psk_id, value, nonce = entropy.some(), entropy(suite.Nh), entropy(suite.Nh)
            name = PreSharedKeyID(PSKType.external, psk_id, None, None, None, nonce)
            named.append((name.encode(), value))
            psks.append({"psk_id": psk_id.hex(), "psk": value.hex(), "psk_nonce": nonce.hex()})
        yield {
            "cipher_suite": suite.code,
            "psks": psks,
            "psk_secret": psk.psk_secret(suite, named).hex(),
        }


def transcript_hashes(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """An empty commit."""
    before, confirmation_key = entropy(suite.Nh), entropy(suite.Nh)
    sender = Sender(SenderType.member, leaf_index=entropy.below(1000))
    content = authenticate.commit_content(
        entropy(16), entropy.below(1 << 32), sender, entropy.some(), Commit((), None)
    )
    signature = entropy(64)
    form = WireFormat.mls_private_message
    confirmed = transcript.confirmed(suite, before, form, content.encode(), signature)
    tag = transcript.confirmation_tag(suite, confirmation_key, confirmed)
    message = AuthenticatedContent(form, content, FramedContentAuthData(signature, tag))
    yield {
        "cipher_suite": suite.code,
        "confirmation_key": confirmation_key.hex(),
        "authenticated_content": message.encode().hex(),
        "interim_transcript_hash_before": before.hex(),
        "confirmed_transcript_hash_after": confirmed.hex(),
        "interim_transcript_hash_after": transcript.interim(suite, confirmed, tag).hex(),
    }


def secret_tree_keys(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """All leaves of several trees at several generations."""
    for count in _TREES:
        secret, ciphertext, root = entropy(suite.Nh), entropy.some(200), entropy(suite.Nh)
        key, nonce = secret_tree.sender_data(suite, secret, ciphertext)
        tree = secret_tree.SecretTree(suite, count, root)
        yield {
            "cipher_suite": suite.code,
            "sender_data": {
                "sender_data_secret": secret.hex(),
                "ciphertext": ciphertext.hex(),
                "key": key.hex(),
                "nonce": nonce.hex(),
            },
            "encryption_secret": root.hex(),
            "leaves": [
                [_generation(tree, leaf, number) for number in _GENERATIONS]
                for leaf in range(count)
            ],
        }


def _generation(tree: SecretTree, leaf: int, number: int) -> Vector:
    made: Vector = {"generation": number}
    for name, kind in RATCHETS:
        step = tree.peek(leaf, kind, number)
        made[f"{name}_key"], made[f"{name}_nonce"] = step.key.hex(), step.nonce.hex()
        tree.apply(step)
    return made
