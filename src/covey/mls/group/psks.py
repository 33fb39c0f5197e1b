"""Where pre-shared keys come from (RFC 9420 §8.4, §8.6). May import schedule and structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from covey.errors import MissingKeyError
from covey.mls.schedule.psk import psk_secret
from covey.mls.structs.schedule import PreSharedKeyID
from covey.mls.wire.code_points import PSKType, ResumptionPSKUsage
from covey.mls.wire.struct import as_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite


class PskStore(Protocol):
    """Finds the external PSKs that the application holds."""

    def external(self, psk_id: bytes) -> bytes | None:
        """The PSK with an id, or None."""
        ...


class MemoryPsks:
    """External PSKs in memory; shows none of them."""

    def __init__(self) -> None:
        self._psks: dict[bytes, bytes] = {}

    def add(self, psk_id: bytes, psk: bytes) -> None:
        """Keep a PSK under its id, in place of another with that id."""
        self._psks[psk_id] = psk

    def external(self, psk_id: bytes) -> bytes | None:
        """The PSK with an id, or None."""
        return self._psks.get(psk_id)

    def discard(self, psk_id: bytes) -> None:
        """Forget a PSK."""
        self._psks.pop(psk_id, None)


Resumption = "Callable[[bytes, int], bytes | None]"
"""Finds the resumption PSK of a (group_id, epoch)."""


def external_id(psk_id: bytes, nonce: bytes) -> PreSharedKeyID:
    """The PreSharedKeyID of an external PSK (§8.4)."""
    return PreSharedKeyID(PSKType.external, psk_id, None, None, None, nonce)


def resumption_id(
    usage: ResumptionPSKUsage, group_id: bytes, epoch: int, nonce: bytes
) -> PreSharedKeyID:
    """The PreSharedKeyID of a resumption PSK (§8.4)."""
    return PreSharedKeyID(PSKType.resumption, None, usage, group_id, epoch, nonce)


def combine(
    suite: Suite,
    ids: Sequence[PreSharedKeyID],
    store: PskStore,
    resumption: Callable[[bytes, int], bytes | None],
) -> bytes:
    """``psk_secret`` of the PSKs, in their order (Nh bytes, §8.4).

    Raises:
        MissingKeyError: One of them is not known (VAL-154, VAL-184, VAL-201).
    """
    return psk_secret(suite, [(each.encode(), _find(each, store, resumption)) for each in ids])


def _find(
    wanted: PreSharedKeyID,
    store: PskStore,
    resumption: Callable[[bytes, int], bytes | None],
) -> bytes:
    if wanted.psktype is PSKType.external:
        assert wanted.psk_id is not None
        found = store.external(wanted.psk_id)
        if found is None:
            msg = f"no external PSK with the id {wanted.psk_id.hex()}"
            raise MissingKeyError(msg).of(rule="VAL-154", section="12.4.2")
        return found
    assert wanted.psk_group_id is not None
    assert wanted.psk_epoch is not None
    found = resumption(wanted.psk_group_id, wanted.psk_epoch)
    if found is None:
        msg = f"no resumption PSK of group {wanted.psk_group_id.hex()}"
        missing = MissingKeyError(msg, epoch=wanted.psk_epoch, group_id=wanted.psk_group_id)
        raise missing.of(rule="VAL-201", section="8.6")
    return found


def fresh_nonce(suite: Suite, entropy: Entropy) -> bytes:
    """A ``psk_nonce`` (Nh random bytes, VAL-199)."""
    return entropy(suite.Nh)


def use_of(suite: Suite, psk: bytes | PreSharedKeyID, entropy: Entropy) -> PreSharedKeyID:
    """One use of an external PSK, with a fresh nonce; a PreSharedKeyID is one already (§8.4)."""
    if isinstance(psk, PreSharedKeyID):
        return psk
    return external_id(as_bytes(psk), fresh_nonce(suite, entropy))
