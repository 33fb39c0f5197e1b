"""The only times that are stored: whole hours and weeks since the epoch. May import nothing."""

from __future__ import annotations

from typing import Final

HOUR: Final = 3600
"""Seconds."""

DAY: Final = 24
"""Hours."""

WEEK: Final = 7 * 24
"""Hours."""


def hour_of(seconds: float) -> int:
    """The hour, counted from the epoch, of a time in seconds."""
    return int(seconds) // HOUR


def week_of(hour: int) -> int:
    """The week, counted from the epoch, of an hour."""
    return hour // WEEK
