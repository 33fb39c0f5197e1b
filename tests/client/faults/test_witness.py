"""What judges the processes notices what they must not do: else it would say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.faults.scene import team
from client.faults.stolen import put_back, steal
from client.faults.witness import Sealings, witnessing
from covey.mls.crypto.aead import AES_128_GCM

if TYPE_CHECKING:
    from pathlib import Path

    from client.faults.scene import Scene

KEY, OTHER = bytes(16), b"o" * 16
NONCE, NEXT = bytes(12), b"n" * 12


def test_a_key_that_seals_two_things_is_found(tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    seals = [(KEY, NONCE, b"one"), (OTHER, NONCE, b"two"), (KEY, NONCE, b"one")]
    found = []
    for key, nonce, content in [*seals, (KEY, NEXT, b"three"), (OTHER, NONCE, b"four")]:
        with witnessing(path):  # as if each of them were by another process
            AES_128_GCM.seal(key, nonce, b"", content)
        written = Sealings(path)
        found.append((written.count, written.keys, written.nonces))
    assert found == [(1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 1, 0), (5, 2, 1)]


@pytest.mark.anyio
async def test_a_store_that_is_set_back_is_found(scene: Scene, tmp_path: Path) -> None:
    """What was sealed and never sent is known to nobody: no client could notice this."""
    path = scene.path("alice")
    async with scene.client("bob") as bob, scene.client("carol") as carol:
        async with scene.client("alice") as alice:
            await team(alice, bob)
        before = steal(path, tmp_path / "before")
        await scene.killed("alice", "invite", carol.name, "append", "after COMMIT")
        assert Sealings(scene.witness).keys == 0
        put_back(before, path)
        await scene.killed("alice", "invite", carol.name, "append", "after COMMIT")
    assert Sealings(scene.witness).keys > 0
