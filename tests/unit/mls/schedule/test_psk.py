"""The PSK secret: order, count and bounds (RFC 9420 §8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.errors import DecodeError
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.suites import SUITES
from covey.mls.schedule.psk import psk_secret

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

SUITE = get_suite(1)


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: f"{suite.code}")
def test_no_psk_is_zero(suite: Suite) -> None:
    assert psk_secret(suite, []) == bytes(suite.Nh)


def test_order_and_count_matter() -> None:
    first, second = (b"id 1", b"psk 1"), (b"id 2", b"psk 2")
    secrets = {
        psk_secret(SUITE, psks)
        for psks in ([first], [second], [first, second], [second, first], [first, first])
    }
    assert len(secrets) == 5


def test_more_psks_than_a_uint16_counts() -> None:
    with pytest.raises(DecodeError, match="PSKs"):
        psk_secret(SUITE, [(b"", b"")] * 65_536)
