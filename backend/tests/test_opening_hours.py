"""When people answer: now, or at which next opening in the customer's zone."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from farewell.desk.hours import is_open, next_opening
from farewell.policy.model import OpeningHours

WEEK = OpeningHours(
    days=["mon", "tue", "wed", "thu", "fri"],
    opens=time(8),
    closes=time(20),
    zone="America/New_York",
)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """A moment of 2026 in UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "open_now"),
    [
        (at(10, 12, 59), False),  # Tuesday 7:59 in New York
        (at(10, 13, 0), True),
        (at(11, 0, 59), True),  # Tuesday 19:59
        (at(11, 1, 0), False),  # the closing minute itself
        (at(14, 17), False),  # Saturday
        (at(15, 17), False),  # Sunday
        (at(10, 12, 0, month=7), True),  # Friday 8:00 in summer time
        (at(10, 11, 59, month=7), False),
    ],
)
def test_somebody_answers_within_the_hours_only(now: datetime, open_now: bool) -> None:
    assert is_open(WEEK, now) is open_now


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(10, 12), at(10, 13)),  # Tuesday before opening
        (at(10, 13), at(11, 13)),  # at the opening itself the next one is tomorrow's
        (at(13, 17), at(16, 13)),  # Friday noon → Monday
        (at(14, 17), at(16, 13)),  # Saturday → Monday
        (at(30, 17, month=10), at(2, 13)),  # Friday before clocks change → Monday, winter time
    ],
)
def test_the_next_opening_comes_after_now(now: datetime, opens: datetime) -> None:
    assert next_opening(WEEK, now) == opens
