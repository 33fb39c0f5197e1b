"""Heads: signed for one broker, and evidence when two of them cannot both be true."""

from __future__ import annotations

import pytest

from access_samples import BROKER, BROKER_SEED, GID, INCARNATION, RANDOM, SIGNER, changed
from covey.access import heads, signing
from covey.access.structs.heads import Head, HeadCertificate, Position, SignedHead
from covey.errors import AuthenticationError

HEAD = Head(INCARNATION, GID, Position(5, bytes(range(32))))
PLACE = (GID, HEAD.position, INCARNATION)


def test_a_head_is_that_of_the_broker() -> None:
    assert heads.verify(SIGNER.sign(*PLACE), BROKER) == HEAD
    assert heads.broker_id(signing.public_key(BROKER_SEED)) == BROKER


def test_another_process_of_the_broker_signs_with_another_key() -> None:
    other = heads.HeadSigner(BROKER_SEED, 500_000, RANDOM)
    assert other.certificate.head_key.head_key != SIGNER.certificate.head_key.head_key
    assert heads.verify(other.sign(*PLACE), BROKER) == HEAD


def test_a_head_of_another_broker_is_refused() -> None:
    other = heads.HeadSigner(RANDOM(32), 500_000, RANDOM)
    with pytest.raises(AuthenticationError):
        heads.verify(other.sign(*PLACE), BROKER)


def test_a_certificate_of_another_key_is_refused() -> None:
    """A stranger's head key, certified by the stranger under the broker's name."""
    stranger = RANDOM(32)
    mine = SIGNER.certificate.head_key.replace(head_key=signing.public_key(stranger))
    forged = HeadCertificate(mine, signing.sign(stranger, heads.HEAD_KEY, mine))
    signed = SignedHead(HEAD, signing.sign(stranger, heads.HEAD, HEAD), forged)
    with pytest.raises(AuthenticationError):
        heads.verify(signed, BROKER)


def test_a_long_term_key_signs_no_heads_itself() -> None:
    signed = SIGNER.sign(*PLACE)
    by_hand = signed.replace(signature=signing.sign(BROKER_SEED, heads.HEAD, HEAD))
    with pytest.raises(AuthenticationError):
        heads.verify(by_hand, BROKER)


def test_every_byte_of_a_head_is_signed() -> None:
    encoded = SIGNER.sign(*PLACE).encode()
    for at in range(len(encoded)):
        with pytest.raises(AuthenticationError):
            heads.verify(SignedHead.decode(changed(encoded, at)), BROKER)


def test_two_hashes_of_one_entry_contradict_each_other() -> None:
    other = HEAD.replace(position=Position(5, bytes(32)))
    assert heads.contradict(HEAD, other)
    assert not heads.contradict(HEAD, HEAD)
    assert not heads.contradict(HEAD, other.replace(position=Position(6, bytes(32))))
    assert not heads.contradict(HEAD, other.replace(gid=bytes(32)))
    assert not heads.contradict(HEAD, other.replace(incarnation=bytes(16)))
