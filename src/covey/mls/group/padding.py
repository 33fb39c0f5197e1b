"""How much padding a PrivateMessage gets (RFC 9420 §15.1). May import nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def padme(size: int) -> int:
    """The padded size by Padmé: at most 12 % more, and O(log log size) bits leak."""
    if size < 2:
        return size
    exponent = size.bit_length() - 1
    last = exponent - exponent.bit_length()
    mask = (1 << last) - 1
    return (size + mask) & ~mask


def steps(step: int) -> Callable[[int], int]:
    """Padding up to the next multiple of ``step`` bytes."""
    if step < 1:
        msg = f"a padding step has at least one byte, not {step}"
        raise ValueError(msg)
    return lambda size: -(-size // step) * step


def no_padding(size: int) -> int:
    """No padding at all."""
    return size
