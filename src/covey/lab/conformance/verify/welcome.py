"""A Welcome, opened step by step (RFC 9420 §12.4.3.1).

May import structs, the schedule and the group's labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.lab.conformance.case import ensure
from covey.mls.group.member import key_package_ref
from covey.mls.group.welcome import GROUP_INFO_LABEL, WELCOME_LABEL
from covey.mls.schedule import key_schedule, transcript
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import GroupInfo, GroupSecrets, Welcome
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case
    from covey.mls.crypto.suite import Suite


def welcome(case: Case) -> None:
    """The Welcome holds a GroupInfo that its signer signed and its secrets confirm."""
    suite = case.suite()
    package = MLSMessage.decode(case.octets("key_package")).message
    message = MLSMessage.decode(case.octets("welcome")).message
    ensure(isinstance(package, KeyPackage), "key_package is another message")
    ensure(isinstance(message, Welcome), "welcome is another message")
    assert isinstance(package, KeyPackage)
    assert isinstance(message, Welcome)
    ensure(
        suite.code == package.cipher_suite == message.cipher_suite,
        "the cipher suites are not the same",
    )
    private = case.octets("init_priv")
    ensure(suite.public_key(private) == package.init_key, "init_priv is not that of key_package")
    secrets = _group_secrets(suite, message, package, private)
    ensure(secrets.psks == (), "the GroupSecrets name PSKs")
    info = _group_info(suite, message, secrets.joiner_secret)
    encoded = info.encode()
    signed = encoded[: len(encoded) - len(opaque(info.signature))]
    ensure(
        suite.verify_with_label(
            case.octets("signer_pub"), GROUP_INFO_LABEL, signed, info.signature
        ),
        "the GroupInfo is not signed with signer_pub",
    )
    context = info.group_context
    ensure(context.cipher_suite == suite.code, "the GroupInfo has another cipher suite")
    epoch = key_schedule.epoch_secrets(suite, secrets.joiner_secret, suite.zero, context.encode())
    tag = transcript.confirmation_tag(
        suite, epoch.confirmation_key, context.confirmed_transcript_hash
    )
    ensure(tag == info.confirmation_tag, "the GroupInfo has another confirmation_tag")


def _group_secrets(
    suite: Suite, message: Welcome, package: KeyPackage, private: bytes
) -> GroupSecrets:
    reference = key_package_ref(suite, package)
    mine = [entry for entry in message.secrets if entry.new_member == reference]
    ensure(len(mine) == 1, f"welcome has {len(mine)} entries for key_package")
    sealed = mine[0].encrypted_group_secrets
    plaintext = suite.decrypt_with_label(
        private, WELCOME_LABEL, message.encrypted_group_info, sealed.kem_output, sealed.ciphertext
    )
    return GroupSecrets.decode(plaintext)


def _group_info(suite: Suite, message: Welcome, joiner_secret: bytes) -> GroupInfo:
    secret = key_schedule.welcome_secret(suite, joiner_secret, suite.zero)
    key, nonce = key_schedule.welcome_key_nonce(suite, secret)
    return GroupInfo.decode(suite.open_aead(key, nonce, b"", message.encrypted_group_info))
