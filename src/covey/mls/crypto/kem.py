"""What HPKE asks of a key encapsulation mechanism (RFC 9180 §4).

May import nothing of covey but what it names. Keys and secrets are raw ``bytes``; lengths are in
bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy


class Key(Protocol):
    """A private key that is ready for use."""

    @property
    def public(self) -> bytes:
        """The serialized public key, Npk bytes."""

    def decap(self, enc: bytes) -> bytes:
        """Decap: the shared secret.

        Args:
            enc: The encapsulated key.

        Raises:
            DecodeError: ``enc`` is no encapsulation (VAL-016). Of some KEMs every text of the
                right length is one, and gives another secret.
        """


class Kem(Protocol):
    """One mechanism, with the encodings of its registration."""

    @property
    def hpke_id(self) -> int:
        """Code point (RFC 9180 §7.1)."""

    @property
    def Nsk(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of a private key."""

    @property
    def Npk(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of a public key."""

    @property
    def Nenc(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of an encapsulated key, in MLS ``kem_output``."""

    @property
    def draw(self) -> int:
        """Bytes that ``encap`` draws from its entropy, in one draw; none for 0."""

    def derive_private_key(self, ikm: bytes) -> bytes:
        """DeriveKeyPair, its private half: Nsk bytes.

        Raises:
            DecodeError: None was found (chance below 2^-64).
        """

    def generate_private_key(self, entropy: Entropy) -> bytes:
        """GenerateKeyPair, its private half, from one draw of Nsk bytes."""

    def load(self, private: bytes, public: bytes | None = None) -> Key:
        """Make a private key ready.

        Args:
            private: Nsk bytes.
            public: Its public key, if known: may spare the work of computing it.

        Raises:
            DecodeError: ``private`` is no private key, or not that of ``public``.
        """

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it.

        Raises:
            DecodeError: Nobody could encrypt to it.
        """

    def check_encapsulated(self, enc: bytes) -> None:
        """Accept an encapsulated key, or refuse it (VAL-016); who opens it looks at all of it.

        Raises:
            DecodeError: Nobody could open it: wrong length, no point of the curve, or of small
                order.
        """

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Encap: the shared secret and the encapsulated key.

        Raises:
            DecodeError: ``public`` is no public key that can be encrypted to.
        """
