"""Notes: a few bytes for one member, left in its inbox, past the log.

May import the structs and the engine's crypto. A note is sealed to the encryption_key of the
reader's leaf, so that its context says of which epoch the leaf is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access.member import sealing
from covey.access.structs.sealed import NoteContext, SealedNote

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.tree import LeafNode


def seal_note(
    suite: Suite, leaf: LeafNode, context: NoteContext, note: bytes, entropy: Entropy
) -> bytes:
    """Seal a note.

    Args:
        suite: The group's cipher suite.
        leaf: The reader's.
        context: The reader's inbox, the group_id, and the epoch of that leaf's tree.
        note: What it says.
        entropy: Where the encryption comes from.

    Returns:
        The encoded SealedNote.

    Raises:
        ValueError: It is too large for a note: 3 KiB fit in any case.
    """
    parts = sealing.seal(suite, leaf.encryption_key, sealing.NOTE, context, note, entropy)
    return SealedNote(*parts).encode()


def open_note(suite: Suite, leaf_private: bytes, context: NoteContext, sealed: bytes) -> bytes:
    """Open a note that was left for us.

    Args:
        suite: The group's cipher suite.
        leaf_private: The private key of our leaf in the epoch of the context.
        context: Our inbox, the group_id, and the epoch.
        sealed: The encoded SealedNote.

    Raises:
        DecodeError: It is none, or its padding is wrong.
        AuthenticationError: It is for another leaf, inbox, group or epoch, or was changed.
    """
    outer = SealedNote.decode(sealed)
    return sealing.unseal(suite, leaf_private, sealing.NOTE, context, outer)
