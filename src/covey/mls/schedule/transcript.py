"""The transcript hashes and the tag over them (RFC 9420 §8.2, §6.1).

May import :mod:`covey.mls.crypto` and :mod:`covey.mls.wire`. Both hashes are Nh bytes, but
zero bytes before the first commit (§11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite


def confirmed(
    suite: Suite, interim_before: bytes, wire_format: int, framed_content: bytes, signature: bytes
) -> bytes:
    """Compute ``confirmed_transcript_hash`` of the epoch that a commit begins.

    struct {
        WireFormat wire_format;
        FramedContent content; /* with content_type == commit */
        opaque signature<V>;
    } ConfirmedTranscriptHashInput;

    Args:
        suite: The group's cipher suite.
        interim_before: ``interim_transcript_hash`` of the epoch that the commit ends.
        wire_format: How the commit was sent.
        framed_content: Its FramedContent, as it was encoded by its sender.
        signature: Its signature.
    """
    return suite.hash(
        b"".join((interim_before, wire_format.to_bytes(2), framed_content, opaque(signature)))
    )


def interim(suite: Suite, confirmed_hash: bytes, confirmation_tag: bytes) -> bytes:
    """Compute ``interim_transcript_hash``.

    struct {
        MAC confirmation_tag;
    } InterimTranscriptHashInput;
    """
    return suite.hash(confirmed_hash + opaque(confirmation_tag))


def confirmation_tag(suite: Suite, confirmation_key: bytes, confirmed_hash: bytes) -> bytes:
    """Compute ``confirmation_tag``, a MAC of Nh bytes (RFC 9420 §6.1)."""
    return suite.mac(confirmation_key, confirmed_hash)
