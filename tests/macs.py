"""Listening to every HMAC that the engine computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.crypto import dhkem, hpke, kdf, suite
from covey.mls.crypto.mac import hmac_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

USERS = (dhkem, hpke, kdf, suite)
"""The modules that compute HMACs, each under this name."""


def listen_to_macs(
    monkeypatch: pytest.MonkeyPatch, note: Callable[[bytes, bytes, bytes], None]
) -> None:
    """Call ``note(key, content, out)`` for each HMAC from now on."""

    def noted(key: bytes, content: bytes, name: str) -> bytes:
        out = hmac_digest(key, content, name)
        note(key, content, out)
        return out

    for module in USERS:
        monkeypatch.setattr(module, "hmac_digest", noted)
