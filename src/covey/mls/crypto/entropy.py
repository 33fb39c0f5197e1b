"""Randomness as a parameter (RFC 9420 §16: keys are as good as the entropy behind them).

May import nothing of covey. Whatever in the engine needs random bytes takes an
:data:`Entropy` and asks it; nothing reads the system's generator on its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable

Entropy = Callable[[int], bytes]
"""Returns that many uniformly random bytes, never fewer and never the same twice."""


def system_entropy(length: int) -> bytes:
    """Read ``length`` bytes from the operating system's generator."""
    return os.urandom(length)
