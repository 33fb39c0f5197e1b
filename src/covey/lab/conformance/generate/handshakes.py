"""Cases of message-protection and welcome. May import what they test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.conformance.generate.seeded import new_identity
from covey.lab.conformance.verify.protection import (
    Epoch,
    content_of,
    protect_private,
    protect_public,
)
from covey.mls.group.member import key_package_ref
from covey.mls.group.welcome import GROUP_INFO_LABEL, WELCOME_LABEL
from covey.mls.schedule import key_schedule, transcript
from covey.mls.structs.commit import Commit, ProposalOrRef
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import ProposalFrame, Remove
from covey.mls.structs.schedule import GroupContext
from covey.mls.structs.tree import HPKECiphertext
from covey.mls.structs.welcome import EncryptedGroupSecrets, GroupInfo, GroupSecrets, Welcome
from covey.mls.wire.code_points import ContentType, ProposalOrRefType, ProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.conformance.generate.seeded import Seeded, Vector
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.key_package import KeyPackage

_STRANGERS: Final = 2
_NO_SIGNATURE: Final = len(b"\x00")


def _context(suite: Suite, entropy: Seeded) -> GroupContext:
    return GroupContext(
        ProtocolVersion.mls10,
        suite.code,
        entropy(16),
        entropy.below(1 << 32),
        entropy(suite.Nh),
        entropy(suite.Nh),
        (),
    )


def message_protection(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """A proposal and a commit, public and private, and application data."""
    context = _context(suite, entropy)
    private, public = suite.generate_signature_keys(entropy)
    epoch = Epoch(
        suite,
        context.group_id,
        context.epoch,
        context.encode(),
        private,
        public,
        encryption_secret=entropy(suite.Nh),
        sender_data_secret=entropy(suite.Nh),
        membership_key=entropy(suite.Nh),
        entropy=entropy,
    )
    made: Vector = {
        "cipher_suite": suite.code,
        "group_id": context.group_id.hex(),
        "epoch": context.epoch,
        "tree_hash": context.tree_hash.hex(),
        "confirmed_transcript_hash": context.confirmed_transcript_hash.hex(),
        "signature_priv": epoch.signature_priv.hex(),
        "signature_pub": epoch.signature_pub.hex(),
        "encryption_secret": epoch.encryption_secret.hex(),
        "sender_data_secret": epoch.sender_data_secret.hex(),
        "membership_key": epoch.membership_key.hex(),
    }
    remove = Remove(entropy.below(1000))
    by_value = ProposalOrRef(ProposalOrRefType.proposal, proposal=remove)
    by_reference = ProposalOrRef(ProposalOrRefType.reference, reference=entropy(suite.Nh))
    raw = {
        ContentType.proposal: ProposalFrame(remove).encode(),
        ContentType.commit: Commit((by_value, by_reference), None).encode(),
        ContentType.application: entropy.some(100),
    }
    for kind, value in raw.items():
        content = content_of(epoch, kind, value)
        made[kind.name] = value.hex()
        made[f"{kind.name}_priv"] = protect_private(epoch, content).hex()
        if kind is not ContentType.application:
            made[f"{kind.name}_pub"] = protect_public(epoch, content).hex()
    yield made


def welcome(suite: Suite, entropy: Seeded) -> Iterator[Vector]:
    """A Welcome for several joiners, one of whom the case is about."""
    joiner = new_identity(suite, entropy, b"joiner")
    strangers = [new_identity(suite, entropy, b"stranger").package for _ in range(_STRANGERS)]
    signature_key, signer = suite.generate_signature_keys(entropy)
    context, joiner_secret = _context(suite, entropy), entropy(suite.Nh)
    epoch = key_schedule.epoch_secrets(suite, joiner_secret, suite.zero, context.encode())
    tag = transcript.confirmation_tag(
        suite, epoch.confirmation_key, context.confirmed_transcript_hash
    )
    info = GroupInfo(context, (), tag, entropy.below(1000), b"")
    signed = info.encode()[:-_NO_SIGNATURE]
    info = info.replace(signature=suite.sign_with_label(signature_key, GROUP_INFO_LABEL, signed))
    message = _sealed(suite, entropy, info, joiner_secret, (*strangers, joiner.package))
    yield {
        "cipher_suite": suite.code,
        "init_priv": joiner.init_key.hex(),
        "signer_pub": signer.hex(),
        "key_package": MLSMessage(ProtocolVersion.mls10, joiner.package).encode().hex(),
        "welcome": MLSMessage(ProtocolVersion.mls10, message).encode().hex(),
    }


def _sealed(
    suite: Suite,
    entropy: Seeded,
    info: GroupInfo,
    joiner_secret: bytes,
    packages: tuple[KeyPackage, ...],
) -> Welcome:
    welcome_secret = key_schedule.welcome_secret(suite, joiner_secret, suite.zero)
    key, nonce = key_schedule.welcome_key_nonce(suite, welcome_secret)
    encrypted_info = suite.seal_aead(key, nonce, b"", info.encode())
    secrets = GroupSecrets(joiner_secret, None, ()).encode()
    sealed = tuple(
        EncryptedGroupSecrets(
            key_package_ref(suite, package),
            HPKECiphertext(
                *suite.encrypt_with_label(
                    package.init_key, WELCOME_LABEL, encrypted_info, secrets, entropy
                )
            ),
        )
        for package in packages
    )
    return Welcome(suite.code, sealed, encrypted_info)
