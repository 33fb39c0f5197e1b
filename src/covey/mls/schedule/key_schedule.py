"""The key schedule (RFC 9420 §8): one epoch's secrets from those of the last.

May import :mod:`covey.mls.crypto`. Every secret is Nh bytes. The values that are consumed
on the way (``commit_secret``, ``joiner_secret``, ``epoch_secret``; §9.2) are arguments and
local variables here; :class:`EpochSecrets` holds only those that an epoch goes on using.

A member of the group pays 14 HMAC for an epoch, and 2 more if somebody must be welcomed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.mls.wire.struct import Unshown

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite


class EpochSecrets(Unshown, frozen=True, gc=False):
    """What is derived from an ``epoch_secret`` (RFC 9420 §8, Table 4).

    Attributes:
        sender_data_secret: Derives keys for sender data (§6.3.2).
        encryption_secret: The root of the secret tree (§9). Part of what is consumed
            with the first message: whoever keeps an epoch keeps it without this value.
        exporter_secret: Derives exported secrets (§8.5).
        external_secret: Derives the external key pair (§8.3).
        confirmation_key: Computes the confirmation tag (§8.1).
        membership_key: Computes the membership tag of a PublicMessage (§6.2).
        resumption_psk: Proves membership in this epoch later on (§8.6).
        epoch_authenticator: Equal among the members, if nobody is impersonated (§8.7).
        init_secret: Goes into the next epoch.
        application_export_secret: The root of the Exporter Tree (extensions draft); whoever
            keeps an epoch keeps it without this value.
    """

    sender_data_secret: bytes
    encryption_secret: bytes
    exporter_secret: bytes
    external_secret: bytes
    confirmation_key: bytes
    membership_key: bytes
    resumption_psk: bytes
    epoch_authenticator: bytes
    init_secret: bytes
    application_export_secret: bytes

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: secret>"


TABLE_4: Final = EpochSecrets.__struct_fields__[:-1]
"""The names of those of RFC 9420 §8, Table 4, which are in its test vectors."""


def joiner_secret(
    suite: Suite, init_secret: bytes, commit_secret: bytes, group_context: bytes
) -> bytes:
    """Derive ``joiner_secret`` (RFC 9420 §8).

    Args:
        suite: The group's cipher suite.
        init_secret: That of the epoch before, or of an ExternalInit (§8.3).
        commit_secret: From the path (§7.4), or Nh zero bytes without one.
        group_context: The encoded GroupContext of the new epoch (VAL-215).
    """
    secret = suite.extract(init_secret, commit_secret)
    return suite.expand_with_label(secret, "joiner", group_context, suite.Nh)


def welcome_secret(suite: Suite, joiner: bytes, psk_secret: bytes) -> bytes:
    """Derive ``welcome_secret``, which encrypts the GroupInfo of a Welcome (RFC 9420 §8)."""
    return suite.derive_secret(suite.extract(joiner, psk_secret), "welcome")


def welcome_key_nonce(suite: Suite, secret: bytes) -> tuple[bytes, bytes]:
    """Derive ``welcome_key`` and ``welcome_nonce``, Nk and Nn bytes (RFC 9420 §12.4.3.1).

    Args:
        suite: The group's cipher suite.
        secret: The ``welcome_secret``.
    """
    key = suite.expand_with_label(secret, "key", b"", suite.Nk)
    return key, suite.expand_with_label(secret, "nonce", b"", suite.Nn)


def epoch_secrets(
    suite: Suite, joiner: bytes, psk_secret: bytes, group_context: bytes
) -> EpochSecrets:
    """Derive the secrets of an epoch from its ``joiner_secret`` (RFC 9420 §8).

    Args:
        suite: The group's cipher suite.
        joiner: The ``joiner_secret``.
        psk_secret: From :func:`covey.mls.schedule.psk.psk_secret`.
        group_context: The encoded GroupContext of the epoch (VAL-215).
    """
    secret = suite.extract(joiner, psk_secret)
    epoch_secret = suite.expand_with_label(secret, "epoch", group_context, suite.Nh)
    return from_epoch_secret(suite, epoch_secret)


def from_epoch_secret(suite: Suite, epoch_secret: bytes) -> EpochSecrets:
    """Derive the secrets of an epoch from its ``epoch_secret`` (RFC 9420 §8, Table 4).

    Who creates a group starts here, from Nh random bytes (§11, VAL-219).
    """
    return EpochSecrets(
        suite.derive_secret(epoch_secret, "sender data"),
        suite.derive_secret(epoch_secret, "encryption"),
        suite.derive_secret(epoch_secret, "exporter"),
        suite.derive_secret(epoch_secret, "external"),
        suite.derive_secret(epoch_secret, "confirm"),
        suite.derive_secret(epoch_secret, "membership"),
        suite.derive_secret(epoch_secret, "resumption"),
        suite.derive_secret(epoch_secret, "authentication"),
        suite.derive_secret(epoch_secret, "init"),
        suite.derive_secret(epoch_secret, "application_export"),
    )


def external_key_pair(suite: Suite, external_secret: bytes) -> tuple[bytes, bytes]:
    """Derive ``external_priv`` and ``external_pub`` (RFC 9420 §8)."""
    return suite.derive_key_pair(external_secret)
