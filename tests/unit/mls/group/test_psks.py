"""Where pre-shared keys come from."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import MissingKeyError
from covey.mls.crypto.dialects import get_suite
from covey.mls.group import psks
from covey.mls.schedule.psk import psk_secret
from covey.mls.wire.code_points import PSKType, ResumptionPSKUsage
from group_samples import external_psk, resumption_psk

SUITE = get_suite(1)


def store() -> mls.MemoryPsks:
    """A store with one PSK."""
    known = mls.MemoryPsks()
    known.add(b"psk", b"secret")
    return known


def resumption(group_id: bytes, epoch: int) -> bytes | None:
    """The resumption PSK of epoch 1 of one group."""
    return b"resumed" if (group_id, epoch) == (b"group", 1) else None


def test_memory() -> None:
    known = store()
    assert known.external(b"psk") == b"secret"
    known.add(b"psk", b"changed")
    assert known.external(b"psk") == b"changed"
    assert "changed" not in repr(known)
    known.discard(b"psk")
    known.discard(b"psk")
    assert known.external(b"psk") is None


def test_ids() -> None:
    external = psks.external_id(b"psk", b"nonce")
    assert (external.psktype, external.psk_id) == (PSKType.external, b"psk")
    resumed = psks.resumption_id(ResumptionPSKUsage.branch, b"group", 7, b"nonce")
    assert (resumed.psk_group_id, resumed.psk_epoch) == (b"group", 7)
    assert resumed.usage is ResumptionPSKUsage.branch


def test_a_use_of_a_psk_has_a_fresh_nonce() -> None:
    draws = iter((b"1" * 32, b"2" * 32))
    used = psks.use_of(SUITE, b"psk", lambda _: next(draws))
    assert used == external_psk(nonce=b"1" * 32)
    assert psks.use_of(SUITE, used, lambda _: next(draws)) is used
    for suite in (1, 4, 7):
        assert len(psks.fresh_nonce(get_suite(suite), bytes)) == get_suite(suite).Nh


def test_they_are_combined_in_their_order() -> None:
    ids = [external_psk(), resumption_psk()]
    expected = psk_secret(SUITE, [(ids[0].encode(), b"secret"), (ids[1].encode(), b"resumed")])
    assert psks.combine(SUITE, ids, store(), resumption) == expected
    assert psks.combine(SUITE, ids[::-1], store(), resumption) != expected
    assert psks.combine(SUITE, [], store(), resumption) == SUITE.zero


@pytest.mark.parametrize(
    ("wanted", "match"),
    [
        (external_psk(b"unknown"), "VAL-154"),
        (resumption_psk(epoch=2), "VAL-201"),
        (resumption_psk(group_id=b"other"), "VAL-201"),
    ],
    ids=["external", "epoch", "group"],
)
def test_what_is_not_known_is_missing(wanted: mls.PreSharedKeyID, match: str) -> None:
    with pytest.raises(MissingKeyError, match=match):
        psks.combine(SUITE, [wanted], store(), resumption)
