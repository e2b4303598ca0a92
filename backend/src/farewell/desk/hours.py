"""When people answer: now, or at which next opening, shown in the customer's zone."""

from __future__ import annotations

from datetime import datetime, timedelta

from farewell.policy.model import OpeningHours

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_open(hours: OpeningHours, now: datetime) -> bool:
    """Whether somebody answers at `now`. The closing minute itself is closed."""
    local = now.astimezone(hours.tz)
    return WEEK[local.weekday()] in hours.days and hours.opens <= local.time() < hours.closes


def next_opening(hours: OpeningHours, now: datetime) -> datetime:
    """The next moment at which people start to answer, in the vendor's zone; after `now`."""
    local = now.astimezone(hours.tz)
    for ahead in range(8):
        day = local.date() + timedelta(days=ahead)
        opening = datetime.combine(day, hours.opens, hours.tz)
        if WEEK[day.weekday()] in hours.days and opening > now:
            return opening
    raise AssertionError("a week without opening day was loaded")
