"""What several processes seal, and what comes to a broker: to be judged when all is over.

Each process writes down every sealing, before it seals, at the end of one file. A line is the hash
of the key, that of key and nonce, and that of all that goes in: so a key that has encrypted two
things is found, whichever processes have done it, and those that were killed have told as well.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING
from unittest.mock import patch

from covey.access.structs.log import Append, EpochClosed
from covey.mls.crypto.aead import Aead

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from broker_thread import ThreadBroker
    from covey.access.structs.basics import Signed
    from covey.access.structs.log import Appended
    from covey.broker.operations.ports import Caller

_HASH = 16  # bytes


def _hash(*parts: bytes) -> bytes:
    digest = blake2b(digest_size=_HASH)
    for each in parts:
        digest.update(len(each).to_bytes(8))
        digest.update(each)
    return digest.digest()


@contextmanager
def witnessing(path: Path) -> Iterator[None]:
    """Write down all that this process seals while the block lasts."""
    seal = Aead.seal
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def noting(self: Aead, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        os.write(file, _hash(key) + _hash(key, nonce) + _hash(key, nonce, aad, plaintext))
        return seal(self, key, nonce, aad, plaintext)

    try:
        with patch.object(Aead, "seal", noting):
            yield
    finally:
        os.close(file)


class Sealings:
    """All sealings of a file.

    Attributes:
        count: How many.
        keys: How many keys have sealed more than one thing.
        nonces: How many did so with one nonce.
    """

    def __init__(self, path: Path) -> None:
        written = path.read_bytes()
        assert len(written) % (3 * _HASH) == 0
        self.count = len(written) // (3 * _HASH)
        by_key: dict[bytes, set[bytes]] = {}
        by_nonce: dict[bytes, set[bytes]] = {}
        for at in range(0, len(written), 3 * _HASH):
            key, nonce, content = (written[at + each * _HASH :][:_HASH] for each in range(3))
            by_key.setdefault(key, set()).add(content)
            by_nonce.setdefault(nonce, set()).add(content)
        self.keys = sum(len(each) > 1 for each in by_key.values())
        self.nonces = sum(len(each) > 1 for each in by_nonce.values())


class Wire:
    """What comes to a broker for its logs.

    Args:
        broker: The broker.

    Attributes:
        appends: Every request that came, in the order in which it was answered, with the answer.
    """

    def __init__(self, broker: ThreadBroker) -> None:
        self.appends: list[tuple[Append, Appended | EpochClosed]] = []
        self._bodies: dict[tuple[bytes, bytes], set[bytes]] = {}
        append = broker.operations.logs.append

        async def noting(caller: Caller, signed: Signed) -> Appended | EpochClosed:
            request = Append.decode(signed.request)
            self._bodies.setdefault((request.gid, request.idem), set()).add(request.body)
            answer = await append(caller, signed)
            self.appends.append((request, answer))
            return answer

        broker.operations.by_name["append"] = noting

    @property
    def twice(self) -> int:
        """How many idems came with different bodies."""
        return sum(len(each) > 1 for each in self._bodies.values())

    def log(self, gid: str) -> list[Append]:
        """What is in a group's log, in its order."""
        taken = {
            answer.position.seq: request
            for request, answer in self.appends
            if request.gid == bytes.fromhex(gid) and not isinstance(answer, EpochClosed)
        }
        return [taken[seq] for seq in sorted(taken)]
