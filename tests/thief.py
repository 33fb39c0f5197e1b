"""What a thief can compute: a record of every derivation, and its closure.

While a :class:`Trace` listens, it writes down each HMAC, key pair, Diffie-Hellman exchange
and encryption, and each draw of entropy. Whoever holds some of these values can compute
others: an HMAC from its key and its content, a shared secret from either private key, what
was encrypted from its key. :class:`Reach` follows that to the end, for a thief who has the
stolen bytes and everything that was ever sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from covey.mls.crypto.aead import Aead
from covey.mls.crypto.curves import NistKeyPair, X448KeyPair, X25519KeyPair
from covey.mls.crypto.entropy import system_entropy
from covey.mls.structs.framing import PrivateMessage
from covey.mls.structs.message import MLSMessage
from macs import listen_to_macs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import pytest

_SHORTEST = 16
"""Bytes of the shortest value that can be a secret."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """Outputs that can be computed by whoever has all of the inputs."""

    inputs: frozenset[bytes]
    outputs: frozenset[bytes]


def occurring(values: Collection[bytes], lengths: Iterable[int], data: bytes) -> set[bytes]:
    """Those values that occur anywhere in some bytes."""
    found = set()
    for length in lengths:
        windows = {data[start : start + length] for start in range(len(data) - length + 1)}
        found |= {window for window in windows if window in values}
    return found


class Reach:
    """What follows from stolen bytes and from what was sent."""

    def __init__(
        self, values: frozenset[bytes], derivations: list[Derivation], sent: bytes
    ) -> None:
        self._values = values
        self._lengths = {len(value) for value in values}
        self._derivations = derivations
        self._sent = occurring(values, self._lengths, sent)

    def of(self, loot: bytes) -> set[bytes]:
        """All noted values that can be computed with the loot."""
        known = self._sent | occurring(self._values, self._lengths, loot)
        waiting = self._derivations
        while True:
            blocked = []
            for each in waiting:
                if each.inputs <= known:
                    known |= each.outputs
                else:
                    blocked.append(each)
            if len(blocked) == len(waiting):
                return known
            waiting = blocked


class Trace:
    """A record of all derivations.

    Args:
        monkeypatch: Puts the listeners into the crypto layer, and takes them out again.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._values: set[bytes] = set()
        self._macs: dict[tuple[bytes, bytes], bytes] = {}
        self._pairs: dict[bytes, bytes] = {}
        self._exchanges: list[tuple[bytes, bytes, bytes]] = []
        self._sealed: dict[bytes, tuple[bytes, bytes]] = {}
        self._listen(monkeypatch)

    def entropy(self, length: int) -> bytes:
        """Draw random bytes, and note them."""
        return self._note(system_entropy(length))

    def key_of(self, message: bytes) -> bytes:
        """The key under which the content of a PrivateMessage was encrypted."""
        private = MLSMessage.decode(message).message
        assert isinstance(private, PrivateMessage)
        return self._sealed[private.ciphertext][0]

    def reach(self, sent: Iterable[bytes]) -> Reach:
        """What a thief can compute who has all that was ever sent."""
        return Reach(frozenset(self._values), self._derivations(), b"".join(sent))

    def _derivations(self) -> list[Derivation]:
        lengths = {len(value) for value in self._values}
        found = [
            Derivation(self._secrets(lengths, key, content), frozenset((out,)))
            for (key, content), out in self._macs.items()
        ]
        found += [  # a key is often the beginning of an HMAC
            Derivation(frozenset((out,)), frozenset((out[:length],)))
            for out in self._macs.values()
            for length in lengths
            if length < len(out) and out[:length] in self._values
        ]
        for private, peer, shared in self._exchanges:
            for either in (private, self._pairs.get(peer)):
                if either is not None:
                    found.append(Derivation(frozenset((either,)), frozenset((shared,))))
        for key, plaintext in self._sealed.values():
            inside = occurring(self._values, lengths, plaintext)
            found.append(Derivation(frozenset((key,)), frozenset(inside)))
        return [each for each in found if each.outputs]

    def _secrets(self, lengths: set[int], key: bytes, content: bytes) -> frozenset[bytes]:
        """What has to be known for an HMAC: its key, and the secret at its content's end."""
        ends = {content[-length:] for length in lengths if length <= len(content)}
        return frozenset(value for value in (key, *ends) if value in self._values)

    # --- listening ---------------------------------------------------------------------

    def _note(self, value: bytes) -> bytes:
        if len(value) >= _SHORTEST and any(value):
            self._values.add(value)
        return value

    def _listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seal = Aead.seal

        def note_mac(key: bytes, content: bytes, out: bytes) -> None:
            self._macs[key, content] = self._note(out)

        def noted_seal(aead: Aead, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
            ciphertext = seal(aead, key, nonce, aad, plaintext)
            self._sealed[ciphertext] = (self._note(key), plaintext)
            return ciphertext

        listen_to_macs(monkeypatch, note_mac)
        monkeypatch.setattr(Aead, "seal", noted_seal)
        for kind in (X25519KeyPair, X448KeyPair, NistKeyPair):
            self._listen_to(kind, monkeypatch)

    def _listen_to(self, kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        make, exchange = kind.__init__, kind.exchange

        def noted_make(pair: Any, *args: Any) -> None:  # noqa: ANN401 - any of the curves
            make(pair, *args)
            self._pairs[pair.public] = self._note(pair.private)

        def noted_exchange(pair: Any, peer: bytes) -> bytes:  # noqa: ANN401 - likewise
            shared: bytes = exchange(pair, peer)
            self._exchanges.append((pair.private, peer, self._note(shared)))
            return shared

        monkeypatch.setattr(kind, "__init__", noted_make)
        monkeypatch.setattr(kind, "exchange", noted_exchange)
