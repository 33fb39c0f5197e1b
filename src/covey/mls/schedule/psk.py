"""Pre-shared keys, chained into one secret (RFC 9420 §8.4).

May import :mod:`covey.errors`, :mod:`covey.mls.crypto`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.crypto.suite import Suite

_MAX_COUNT: Final = (1 << 16) - 1


def psk_secret(suite: Suite, psks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Compute ``psk_secret``, Nh bytes; zeros if there are no PSKs.

    struct {
        PreSharedKeyID id;
        uint16 index;
        uint16 count;
    } PSKLabel;

    Args:
        suite: The cipher suite of the group into which they are injected.
        psks: Encoded PreSharedKeyID and value of each, in the order of the commit's
            proposals or of ``GroupSecrets.psks``.

    Raises:
        DecodeError: More PSKs than a uint16 can count.
    """
    if len(psks) > _MAX_COUNT:
        msg = f"{len(psks)} PSKs in one commit (at most {_MAX_COUNT})"
        raise DecodeError(msg).of(rule="VAL-200", section="8.4")
    count = len(psks).to_bytes(2)
    secret = suite.zero
    for index, (psk_id, psk) in enumerate(psks):
        extracted = suite.extract(suite.zero, psk)
        label = b"".join((psk_id, index.to_bytes(2), count))
        secret = suite.extract(
            suite.expand_with_label(extracted, "derived psk", label, suite.Nh), secret
        )
    return secret
