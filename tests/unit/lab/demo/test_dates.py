"""Times of the broker are shown as dates."""

from __future__ import annotations

from covey.lab.demo import dates


def test_an_hour_has_a_beginning_and_an_end() -> None:
    assert dates.of_hour(498_682) == "10:00–11:00 on 21 Nov 2026"
    assert dates.of_hour(23) == "23:00–00:00 on 1 Jan 1970"


def test_a_week_begins_on_a_thursday() -> None:
    assert dates.of_week(2_968) == "the week of 19 Nov 2026"
    assert dates.of_week(0) == "the week of 1 Jan 1970"
