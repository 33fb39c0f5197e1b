"""Heads: what a broker signs about a log, and what a reader makes of it.

May import the structs and signing. A head key is made by each process that signs heads, and
certified by the broker's long-term key, whose hash members have pinned as its ``broker_id``.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from covey.access import signing
from covey.access.structs.heads import Head, HeadCertificate, HeadKey, SignedHead
from covey.errors import AuthenticationError

if TYPE_CHECKING:
    from covey.access.structs.heads import Position
    from covey.mls.crypto.entropy import Entropy

HEAD: Final = "head"
HEAD_KEY: Final = "head key"


def broker_id(broker_key: bytes) -> bytes:
    """The id of a broker: SHA-256 of its long-term public key."""
    return sha256(broker_key).digest()


class HeadSigner:
    """Signs heads with a key of its own.

    Args:
        broker_seed: The broker's long-term private key; not kept.
        not_after: Until when the new key is good, in hours since 1970-01-01T00:00Z.
        entropy: Where the new key comes from.
    """

    def __init__(self, broker_seed: bytes, not_after: int, entropy: Entropy) -> None:
        self._seed = entropy(32)
        key = HeadKey(signing.public_key(broker_seed), signing.public_key(self._seed), not_after)
        self.certificate: HeadCertificate = HeadCertificate(
            key, signing.sign(broker_seed, HEAD_KEY, key)
        )
        self.broker_id: bytes = broker_id(key.broker_key)

    def sign(self, gid: bytes, position: Position, incarnation: bytes) -> SignedHead:
        """Sign a place in a log."""
        head = Head(incarnation, gid, position)
        return SignedHead(head, signing.sign(self._seed, HEAD, head), self.certificate)


def verify(signed: SignedHead, broker: bytes) -> Head:
    """The head, if it was signed for a broker.

    The end of the head key's life is not looked at: a head stays evidence.

    Args:
        signed: The head.
        broker: The broker_id that was pinned.

    Raises:
        AuthenticationError: It was not.
    """
    key = signed.certificate.head_key
    if (
        broker_id(key.broker_key) != broker
        or not signing.verify(key.broker_key, HEAD_KEY, key.encode(), signed.certificate.signature)
        or not signing.verify(key.head_key, HEAD, signed.head.encode(), signed.signature)
    ):
        raise AuthenticationError
    return signed.head


def contradict(one: Head, other: Head) -> bool:
    """Whether two heads cannot both be true: one entry of one log with two hashes.

    Heads of different incarnations do not contradict each other: after a restore the log may
    have gone another way, which members see by the incarnation.
    """
    return (
        one.gid == other.gid
        and one.incarnation == other.incarnation
        and one.position.seq == other.position.seq
        and one.position.hash != other.position.hash
    )
