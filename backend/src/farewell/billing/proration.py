"""Which days of a period were used, and what they cost."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from farewell.billing.money import Rounding, share


@dataclass(frozen=True)
class Period:
    """A billing period in the account's zone: from `start` up to and without `end`."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """Actual days in the period."""
        return (self.end - self.start).days


def _anchored(year: int, month: int, anchor_day: int) -> date:
    """The anchor in a month; in a shorter month its last day."""
    return date(year, month, min(anchor_day, calendar.monthrange(year, month)[1]))


def monthly_period(day: date, anchor_day: int) -> Period:
    """The monthly period, anchored on a day of the month, that contains `day`.

    Raises ValueError for an anchor outside 1 to 31.
    """
    if not 1 <= anchor_day <= 31:
        raise ValueError(f"anchor day {anchor_day} is not between 1 and 31")
    start = _anchored(day.year, day.month, anchor_day)
    if start > day:
        last = day.replace(day=1) - timedelta(days=1)
        start = _anchored(last.year, last.month, anchor_day)
    following = start.replace(day=1) + timedelta(days=32)
    return Period(start, _anchored(following.year, following.month, anchor_day))


@dataclass(frozen=True)
class Used:
    """The part of a period that is still to be billed."""

    first: date
    last: date
    days: int
    of_days: int
    amount_minor: int


def used_to_date(
    price_minor: int,
    period: Period,
    today: date,
    billed_until: date | None,
    rounding: Rounding,
) -> Used | None:
    """Actual-day proration (the arrears guide: "pro-rated bill for the current month's partial
    service"): the closing day counts as used.

    The amount is a difference of rounded cumulative amounts, so parts add up to the whole.
    None where every day is billed already.
    """
    first = period.start
    if billed_until is not None and billed_until >= first:
        first = billed_until + timedelta(days=1)
    if first > today:
        return None
    through_today = (today - period.start).days + 1
    before = (first - period.start).days
    amount = share(price_minor, through_today, period.days, rounding) - share(
        price_minor, before, period.days, rounding
    )
    return Used(first, today, through_today - before, period.days, amount)
