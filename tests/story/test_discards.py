"""Commits that are made and discarded, again and again: no key and nonce encrypt twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import LocalProtocolError, MissingKeyError
from covey.mls.crypto.aead import Aead
from group_samples import PRIVATE, agree, extension, found, key_package, member

if TYPE_CHECKING:
    from collections.abc import Callable

CYCLES = 100


class Used:
    """The keys under which anything was encrypted; each is for one nonce and one message.

    Keys alone are compared: the reuse guard makes nonces differ where a generation was used
    twice, and that is the last line of defence and not what is tested here.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: set[bytes] = set()
        self.count = 0
        seal = Aead.seal

        def noted(aead: Aead, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
            assert key not in self.keys
            self.keys.add(key)
            self.count += 1
            return seal(aead, key, nonce, aad, plaintext)

        monkeypatch.setattr(Aead, "seal", noted)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> Used:
    """Every key that is used from now on; one that is used again fails the test."""
    return Used(monkeypatch)


@pytest.mark.parametrize("suite", list(mls.CipherSuite), ids=lambda suite: f"suite{suite.value}")
def test_a_hundred_discarded_commits_in_one_epoch(suite: int, used: Used) -> None:
    alice, *others = found("abc", suite, mls.Policy(handshake=PRIVATE, grease=False))
    authenticator = alice.epoch_authenticator
    before = used.count
    for _ in range(CYCLES):
        alice.discard(alice.commit())
    assert used.count >= before + 2 * CYCLES
    assert alice.epoch_authenticator == authenticator
    pending = alice.commit()
    for group in others:
        assert isinstance(group.receive(pending.message), mls.EpochChanged)
    alice.accept(pending)
    agree([alice, *others])


def test_a_hundred_cycles_of_everything_that_uses_a_generation(used: Used) -> None:
    alice, *others = found("abc", policy=mls.Policy(handshake=PRIVATE, max_proposals=1000))
    messages = []
    for number in range(CYCLES):
        messages.append(alice.protect(bytes([number])))
        alice.discard(alice.commit(remove=[1], handshake=PRIVATE))
        with pytest.raises(MissingKeyError):
            alice.commit(psks=[b"unknown"])
        with pytest.raises(LocalProtocolError):
            alice.commit(remove=[0])
        new, twice = key_package(member("d")), [extension(9), extension(9)]
        with pytest.raises(LocalProtocolError):
            alice.commit(add=[new], info_extensions=twice)
        if number % 10 == 0:
            alice = mls.Group.restore(alice.snapshot(), alice.ports)
    assert used.count > 3 * CYCLES
    for group in others:
        assert isinstance(group.receive(messages[-1]), mls.MessageReceived)
    pending = alice.commit()
    for group in others:
        group.receive(pending.message)
    alice.accept(pending)
    agree([alice, *others])


def _by_discarding(group: mls.Group) -> bytes:
    pending = group.commit()
    group.discard(pending)
    return pending.message


@pytest.mark.parametrize(
    "send",
    [lambda group: group.protect(b"data"), lambda group: group.propose_update(), _by_discarding],
    ids=["application", "proposal", "commit"],
)
def test_a_restart_in_between_uses_no_generation_again(
    send: Callable[[mls.Group], bytes], used: Used
) -> None:
    alice = found("ab", policy=mls.Policy(handshake=PRIVATE))[0]
    store: dict[bytes, bytes] = {}
    for _ in range(5):
        send(alice)
        alice.changes().apply_to(store)
        alice = mls.Group.load(store, alice.ports)
    assert used.count >= 10
