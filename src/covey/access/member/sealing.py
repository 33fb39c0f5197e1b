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
        label: Of EncryptWithLabel.
        step: Plaintexts are padded to multiples of so many bytes.
    """

    label: str
    step: int


POINTER: Final = Seal("covey pointer 1", 512)
KNOCK: Final = Seal("covey knock 1", 1024)
NOTE: Final = Seal("covey note 1", 512)


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
    """
    padded = pad_to_step(content, kind.step)
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
