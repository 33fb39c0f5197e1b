"""Secrets for use outside of MLS (RFC 9420 §8.5).

May import :mod:`covey.mls.crypto`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite


def export(suite: Suite, exporter_secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """MLS-Exporter: ``length`` bytes (VAL-216).

    Args:
        suite: The group's cipher suite.
        exporter_secret: Of the epoch.
        label: One for each purpose, without ``"MLS 1.0 "``.
        context: What the secret is for; any bytes.
        length: At most 255 * Nh.

    Raises:
        ValueError: ``length`` is above that.
    """
    secret = suite.derive_secret(exporter_secret, label)
    return suite.expand_with_label(secret, "exported", suite.hash(context), length)
