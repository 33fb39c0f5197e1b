"""The broker's times as people write them. May import the broker's hours. All times are UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from covey.broker.hours import HOUR, WEEK


def of_hour(hour: int) -> str:
    """An hour, such as ``10:00–11:00 on 21 Nov 2026``.

    Args:
        hour: In hours since 1970-01-01T00:00Z.
    """
    begins, ends = _at(hour), _at(hour + 1)
    return f"{begins:%H:%M}–{ends:%H:%M} on {_day(begins)}"


def of_week(week: int) -> str:
    """A week, such as ``the week of 19 Nov 2026``.

    Args:
        week: In weeks since 1970-01-01T00:00Z, a Thursday.
    """
    return f"the week of {_day(_at(week * WEEK))}"


def _at(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * HOUR, UTC)


def _day(when: datetime) -> str:
    return f"{when.day} {when:%b %Y}"
