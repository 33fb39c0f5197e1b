"""Counts the primitive calls that the engine really makes.

While counting, each of covey's modules that has imported a primitive of a library has a
counting one in its place, and so has the row of suite 1. Nothing of the engine knows.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import nacl.bindings
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.primitive_names import AEAD, BASE, DH, HASH, HMAC, SIGN, VERIFY
from covey.mls.crypto.dhkem import DHKEM_X25519
from covey.mls.crypto.mac import hmac_digest
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography.utils import Buffer

KEYPAIR = "Ed25519 key pair"
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    BASE: nacl.bindings.crypto_scalarmult_base,
    DH: nacl.bindings.crypto_scalarmult,
    SIGN: nacl.bindings.crypto_sign,
    VERIFY: nacl.bindings.crypto_sign_open,
    KEYPAIR: nacl.bindings.crypto_sign_seed_keypair,
    HMAC: hmac_digest,
    HASH: hashlib.sha256,
}


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count all calls of primitives inside the block, made on one thread."""
    counts: Counter[str] = Counter()
    counted: dict[int, object] = {
        id(each): _counted(name, each, counts) for name, each in _FUNCTIONS.items()
    }
    counted[id(AESGCM)] = _cipher(counts)
    suite = SUITES[1]
    with ExitStack() as stack:
        for name, module in tuple(sys.modules.items()):
            if name.startswith("covey."):
                for attribute, value in tuple(vars(module).items()):
                    if id(value) in counted:
                        stack.enter_context(patch.object(module, attribute, counted[id(value)]))
        for row in (suite, suite.kdf, DHKEM_X25519.kdf, suite.aead):
            for field in dataclasses.fields(row):
                value = getattr(row, field.name)
                if id(value) in counted:
                    replace_field(stack, row, field.name, counted[id(value)])
        yield counts


def _counted(name: str, function: Callable[..., Any], counts: Counter[str]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:  # noqa: ANN401 - stands for any of the primitives
        counts[name] += 1
        return function(*args)

    return call


def _cipher(counts: Counter[str]) -> type:
    class Counted:
        """AES-GCM that counts its messages."""

        def __init__(self, key: Buffer) -> None:
            self._cipher = AESGCM(key)

        def encrypt(self, *args: Any) -> bytes:  # noqa: ANN401 - handed on as they are
            counts[AEAD] += 1
            return self._cipher.encrypt(*args)

        def decrypt(self, *args: Any) -> bytes:  # noqa: ANN401 - handed on as they are
            counts[AEAD] += 1
            return self._cipher.decrypt(*args)

    return Counted


def replace_field(stack: ExitStack, frozen: object, name: str, value: object) -> None:
    """Set an attribute of a frozen value until the stack closes."""
    stack.callback(object.__setattr__, frozen, name, getattr(frozen, name))
    object.__setattr__(frozen, name, value)
