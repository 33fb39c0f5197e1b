"""What a secret tree is asked for, as values: which ratchet, and one step of it (RFC 9420 §9).

May import crypto and the wire layer's bases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from covey.mls.wire.struct import Unshown

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

RatchetKind = Literal[0, 1]
"""Which of a leaf's two ratchets: :data:`HANDSHAKE` or :data:`APPLICATION`."""

HANDSHAKE: Final = 0
"""The ratchet for proposals and commits."""

APPLICATION: Final = 1
"""The ratchet for application messages."""

_RATCHET_LABELS: Final = ("handshake", "application")


class Descent(Unshown, frozen=True, gc=False):
    """What the first use of a leaf does to the tree.

    Attributes:
        consumed: The node whose secret the leaf was derived from.
        siblings: The nodes beside the path down to the leaf, with their secrets.
        ratchet_secrets: Generation 0 of both ratchets, by kind.
    """

    consumed: int
    siblings: tuple[tuple[int, bytes], ...]
    ratchet_secrets: tuple[bytes, bytes]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of node {self.consumed}>"


def descend(
    suite: Suite, secret: bytes, node: int, level: int, leaf: int
) -> tuple[tuple[tuple[int, bytes], ...], bytes]:
    """Walk down from a node at ``level`` to a leaf below it (§9).

    Returns:
        The nodes beside the path, with their secrets, and the secret of the leaf.
    """
    expand, length = suite.expand_with_label, suite.Nh
    siblings = []
    while level:
        level -= 1
        left = expand(secret, "tree", b"left", length)
        right = expand(secret, "tree", b"right", length)
        below, above = node - (1 << level), node + (1 << level)
        if leaf >> level & 1:
            siblings.append((below, left))
            node, secret = above, right
        else:
            siblings.append((above, right))
            node, secret = below, left
    return tuple(siblings), secret


class Step(Unshown, frozen=True, gc=False):
    """A key and a nonce for one message, and what changes in the tree when it is used.

    Attributes:
        key: Nk bytes, for one message only.
        nonce: Nn bytes, before the reuse guard (§6.3.1).
        leaf: The sender's leaf index.
        kind: Which of its ratchets.
        generation: The position in it, a uint32.
        state: The state of the tree that the step belongs to.
        ratchet_secret: That of ``generation``; None if the key was a skipped one.
        passed: The ratchet secrets of the generations just below whose keys are to be
            kept, in ascending order.
        descent: What the tree loses and gains; None if the leaf's ratchets exist.
    """

    key: bytes
    nonce: bytes
    leaf: int
    kind: RatchetKind
    generation: int
    state: object
    ratchet_secret: bytes | None = None
    passed: tuple[bytes, ...] = ()
    descent: Descent | None = None

    def __repr__(self) -> str:
        ratchet = _RATCHET_LABELS[self.kind]
        return f"<Step: leaf {self.leaf}, {ratchet} generation {self.generation}>"
