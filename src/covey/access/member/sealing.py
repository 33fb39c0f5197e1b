"""What is sealed to a public key of the group's suite: pointers, knocks and notes alike.

May import the structs and the engine's crypto. It is RFC 9420's EncryptWithLabel (§5.1.3), whose
label begins with ``"MLS 1.0 "`` like all its labels, so that no ciphertext of MLS can be taken
for one of these, nor the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member.padding import pad_to_step, unpad

if TYPE_CHECKING:
    from covey.access.structs.sealed import (
        KnockContext,
        NoteContext,
        PointerContext,
        SealedKnock,
        SealedNote,
        SealedPointer,
    )
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite


class Seal(NamedTuple):
    """One kind of thing that is sealed.

    Attributes:
        name: What it is called.
        label: Of EncryptWithLabel.
        step: Plaintexts are padded to multiples of so many bytes.
        most: How many bytes it may have sealed, as brokers take it unless told otherwise.
    """

    name: str
    label: str
    step: int
    most: int


POINTER: Final = Seal("pointer", "covey pointer 1", 512, 8 << 10)
KNOCK: Final = Seal("knock", "covey knock 1", 1024, 64 << 10)
NOTE: Final = Seal("note", "covey note 1", 512, 4 << 10)

_HEADERS: Final = 6
"""Bytes, at most, that say how long ``kem_output`` and ``ciphertext`` are."""


def seal(
    suite: Suite,
    public: bytes,
    kind: Seal,
    context: PointerContext | KnockContext | NoteContext,
    content: bytes,
    entropy: Entropy,
) -> tuple[bytes, bytes]:
    """Seal a content to a public key.

    Returns:
        ``kem_output`` and ``ciphertext``.

    Raises:
        DecodeError: Nobody can encrypt to the key.
        ValueError: The content is too large.
    """
    padded = pad_to_step(content, kind.step)
    if suite.Nenc + len(padded) + suite.Nt + _HEADERS > kind.most:
        msg = (
            f"{len(content)} bytes are too many for a {kind.name}: brokers take {kind.most} sealed"
        )
        raise ValueError(msg)
    return suite.encrypt_with_label(public, kind.label, context.encode(), padded, entropy)


def unseal(
    suite: Suite,
    private: bytes,
    kind: Seal,
    context: PointerContext | KnockContext | NoteContext,
    sealed: SealedPointer | SealedKnock | SealedNote,
) -> bytes:
    """Open what was sealed to the public half of a key.

    Raises:
        AuthenticationError: It was sealed to another key or for another context, or changed.
        DecodeError: The padding is wrong, or the key is none of the suite.
    """
    kem_output, ciphertext = sealed.kem_output, sealed.ciphertext
    return unpad(
        suite.decrypt_with_label(private, kind.label, context.encode(), kem_output, ciphertext)
    )
